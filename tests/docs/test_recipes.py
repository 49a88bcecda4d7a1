"""The recipes of CONTRIBUTING.md, followed: in a scratch copy of the program, or as a package beside it."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from aion.market.feed import RecordedFeed
from aion.store.base_path import SCREENS
from tests.watch.service import Service

from .text import ROOT, blocks, read, section

MOST = {
    "A strategy": 1, "A data provider": 2, "A state kind": 4, "A field of a fill": 2, "A field on a card": 2,
    "A page": 5, "An alert": 1, "A control": 4,
}  # fmt: skip
"""Files that each recipe may name."""


def files_of(recipe: str) -> list[str]:
    found = section(read("CONTRIBUTING.md"), f"### {recipe}")
    return re.findall(r"^\d\. `([^`]+)`", found, re.MULTILINE)


def test_each_recipe_is_tried_here_and_no_longer_than_it_may_be() -> None:
    text = section(read("CONTRIBUTING.md"), "## Recipes")
    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(MOST)
    for recipe, most in MOST.items():
        files = files_of(recipe)
        assert 1 <= len(files) <= most, recipe
        missing = [each for each in files if "<name>" not in each and not (ROOT / each).is_file()]
        assert missing == [], recipe


class Copy:
    """A scratch copy of the program in which a recipe is followed: nothing but the files that it names is touched."""

    def __init__(self, folder: Path, recipe: str) -> None:
        self.folder = folder
        self.allowed = files_of(recipe)
        shutil.copytree(ROOT / "aion", folder / "aion", ignore=shutil.ignore_patterns("static"))

    def add(self, name: str, file: str, code: str) -> None:
        assert file.replace(name, "<name>") in self.allowed
        assert not (self.folder / file).exists()
        (self.folder / file).write_text(code)

    def edit(self, file: str, *pairs: tuple[str, str]) -> None:
        assert file in self.allowed
        text = (self.folder / file).read_text()
        for before, after in pairs:
            assert before in text, f"{file} has no {before!r}: change the recipe's test"
            text = text.replace(before, after, 1)
        (self.folder / file).write_text(text)

    def run(self, *words: str, **environment: str) -> str:
        given = {**os.environ, "PYTHONPATH": f"{self.folder}:{ROOT}", **environment}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=given, capture_output=True, text=True, timeout=110,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_strategy_is_one_file_and_trades_in_a_backtest(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "A strategy")
    rule = blocks(read("docs/strategies.md"), "python")[0].code
    copy.add("low_volatility", "aion/strategy/builtin/low_volatility.py", rule)
    span = ("--from", "2019-01-01", "--to", "2019-12-31")
    said = copy.run("-m", "aion", "backtest", "--strategy", "low_volatility", "--param", "days=120", *span)
    assert "low_volatility" in said
    [report] = tmp_path.rglob("report.html")
    assert "Holds the half of the names that was calmest over 120 trading days." in report.read_text()


@pytest.fixture
def house() -> Iterator[str]:
    """A service that answers with the recorded bars, as the provider of docs/feeds.md asks it."""
    feed = RecordedFeed()
    bars = [bar for batch in feed.batches("minute", frozenset({"MSFT"}), feed.span("minute")[0])
            if batch.ts.day == 19 for bar in batch.bars.values()]  # fmt: skip
    rows = [[f"{bar.ts:%Y-%m-%dT%H:%M:%S+00:00}", *map(str, (bar.open, bar.high, bar.low, bar.close, bar.volume))]
            for bar in bars]  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlparse(self.path).query)
            known = asked["symbol"] == ["MSFT"] and asked["kind"] == ["minute"]
            body = json.dumps(rows if known else []).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


DOWNLOAD = ("-m", "aion", "download", "--feed", "house", "--symbols", "MSFT", "--from", "2022-05-19", "--to",
            "2022-05-20", "--folder", "aion-bars", "--format", "csv")  # fmt: skip


def test_data_provider_of_another_distribution_brings_bars(tmp_path: Path, house: str) -> None:
    """As docs/feeds.md says: two files of a package beside Aion, and nothing in Aion."""
    (tmp_path / "house_bars.py").write_text(blocks(read("docs/feeds.md"), "python")[0].code)
    project = blocks(read("docs/feeds.md"), "toml")[0].code
    [point] = re.findall(r"^house = \"(.+)\"$", project, re.MULTILINE)
    info = tmp_path / "house_bars-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house-bars\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[aion.providers]\nhouse = {point}\n")
    given = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "HOUSE_URL": house}
    done = subprocess.run(
        [sys.executable, *DOWNLOAD], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MSFT: 389 minute bars from 2022-05-19 13:31 to 2022-05-19 20:00 UTC" in done.stdout


def test_data_provider_of_aion_is_two_files(tmp_path: Path, house: str) -> None:
    copy = Copy(tmp_path, "A data provider")
    code = blocks(read("docs/feeds.md"), "python")[0].code
    copy.add("house", "aion/market/provider/house.py", code)
    copy.edit(
        "aion/market/provider/registry.py",
        ("from aion.market.provider.protocol", "from aion.market.provider.house import HouseProvider\n"
         "from aion.market.provider.protocol"),
        ('    "yahoo": lambda', '    "house": HouseProvider,\n    "yahoo": lambda'),
    )  # fmt: skip
    assert "MSFT: 389 minute bars" in copy.run(*DOWNLOAD, HOUSE_URL=house)


def test_state_kind_is_four_files_then_it_is_read_checked_and_watched(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "A state kind")
    copy.add(
        "journal", "aion/store/document/journal.py",
        '"""Notes."""\nfrom aion.scalar import Text\nfrom aion.store.document.base import Envelope\n\n\n'
        'class Journal(Envelope):\n    """Notes of a day."""\n\n    text: Text = ""\n',
    )  # fmt: skip
    copy.edit(
        "aion/store/document/kind.py",
        ("from aion.store.document.request", "from aion.store.document.journal import Journal\n"
         "from aion.store.document.request"),
        ('    "watch": Watch,', '    "journal": Journal,\n    "watch": Watch,'),
    )  # fmt: skip
    copy.edit(
        "aion/store/layout.py",
        ('                case ("watch" | "alerts", _)', '                case ("intraday", "journal.json"):\n'
         '                    return Place("journal")\n                case ("watch" | "alerts", _)'),
    )  # fmt: skip
    copy.edit("aion/web/bundle/topic.py", ('{"sim_log", ', '{"journal", "sim_log", '))
    state = {
        "schema": "aion/journal/1", "mode": "paper", "cycle_id": "c1", "as_of": "2022-05-19T14:00:00Z",
        "written_at": "2022-05-19T14:00:01Z", "text": "calm",
    }  # fmt: skip
    file = tmp_path / "data" / "intraday" / "journal.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(state))
    assert "journal" in copy.run("-m", "aion", "schema", "--check", str(file))
    assert json.loads(copy.run("-m", "aion", "schema", "journal"))["properties"]["text"]
    said = copy.run("-c", "from aion.web.bundle.topic import accepts; print(accepts('intraday/journal.json'))")
    assert said == "True\n"
    file.write_text(json.dumps(state | {"text": 5}))
    with pytest.raises(AssertionError, match="text"):
        copy.run("-m", "aion", "schema", "--check", str(file))


def test_field_on_a_card_is_declared_once_then_the_bundle_has_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "A field on a card")
    copy.edit("aion/store/document/state.py", ("    bars_seen: int", '    mood: Text = ""\n    bars_seen: int'))
    code = f"""
import json, pathlib
from aion.config import Settings
from aion.store.file import write_json
from aion.store.layout import Layout
from tests.web.sample import sim_log
from tests.web.conftest import running
layout = Layout(pathlib.Path({str(tmp_path / "data")!r}))
write_json(layout.sim_log("2022-05-19", "mine"), sim_log("mine", 5, mood="calm"))
with running(Settings(data=layout.root), layout.root) as desk:
    print(json.dumps(desk.bots()["intraday"]["bots"]["mine"]))
"""
    assert json.loads(copy.run("-c", code))["mood"] == "calm"


def using(word: str, *, outside: tuple[str, ...] = ()) -> set[str]:
    """Return the files of the program in which `word` stands; not tests, generated files or those `outside`."""
    found = set()
    for folder in ("aion", "frontend/src"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            is_own = path.suffix in (".py", ".ts", ".tsx") and ".test." not in name and "/static/" not in name
            is_left_out = name.endswith(("api/schema.ts", "fixture.ts")) or name.startswith(outside)
            if is_own and not is_left_out and re.search(word, path.read_text("utf-8")):
                found.add(name)
    return found


def test_field_on_a_card_stands_in_the_files_of_the_recipe_and_where_bots_write_it() -> None:
    assert using(r"\bdropped_bars\b", outside=("aion/bot/",)) == set(files_of("A field on a card"))


def test_page_is_registered_in_the_files_of_the_recipe_alone() -> None:
    files = {each.replace("<name>", "system") for each in files_of("A page")}
    registered = using(
        r'"/system"|"system"|^  system: "|system/screen',
        outside=("aion/web/router/", "aion/web/metrics/", "frontend/src/feature/"),
    )
    icon = using(r'(?m)^  system: "')
    assert registered | icon | {"frontend/src/feature/system/screen.tsx"} == files
    pages = re.findall(r'\{ id: "(\w+)", href', (ROOT / "frontend/src/ui/frame/top-bar.tsx").read_text())
    assert set(pages) <= SCREENS
    assert len({page[0] for page in pages}) == len(pages), "the keys of two pages are the same letter"


def test_alert_is_one_function_then_it_is_delivered(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "An alert")
    copy.edit(
        "aion/watch/check.py",
        ("CHECKS: tuple", '''def stop_file(place: Place) -> Check:
    """A file STOP in the data folder."""

    def look(_now_s: float) -> Iterable[Finding]:
        if (place.layout.root / "STOP").exists():
            yield Finding("stop", "check", "error", "STOP", "the file STOP is there: remove it")

    return look


CHECKS: tuple'''),
        ("(disk, clock, logins)", "(disk, clock, logins, stop_file)"),
    )  # fmt: skip
    service = Service()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "STOP").touch()
    code = f"""
import pathlib
from aion.config import Settings
from aion.store.layout import Layout
from aion.watch.alert import Alerter
from aion.watch.watchdog import Watchdog
from tests.process.wait import wait_for
settings = Settings(data=pathlib.Path({str(tmp_path / "data")!r}), alerts={{"urls": [{service.url!r}]}})
said = []
alerter = Alerter(settings.alerts, lambda level, text: said.append(text))
Watchdog(settings, Layout(settings.data), dict, lambda *_: None, alerter).look()
wait_for(lambda: any("delivered" in text for text in said))
alerter.stop()
"""
    copy.run("-c", code)
    assert [each["message"].split(" (")[0] for each in service.got] == ["ERROR: the file STOP is there: remove it"]
    service.server.shutdown()
    service.server.server_close()


def test_control_is_offered_by_api_and_command_line_and_carried_out(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "A control")
    copy.edit("aion/store/document/action.py", ('Literal["pause", ', 'Literal["rest", "pause", '))
    copy.edit(
        "aion/control/controller.py",
        ("        standing.paused = request.paused_text\n", '        if request.action == "rest":\n'
         '            standing.paused = f"resting, {request.text}"\n            return\n'
         "        standing.paused = request.paused_text\n"),
    )  # fmt: skip
    (tmp_path / "test_rest.py").write_text(
        """
from aion.web.router.control import ControlRequest, DeskRequest
from tests.bot.desk import ask, audits
from tests.control.play import orb, play, when
from aion.store.layout import Layout


def test_rest(tmp_path):
    assert ControlRequest(action="rest").action == DeskRequest(action="rest").action == "rest"
    play(tmp_path, when("2022-05-19T13:27Z", lambda: ask(tmp_path, "orb_ny", "rest", 1, reason="tired")))
    assert orb(tmp_path)["state"] == "paused" and orb(tmp_path)["state_reason"].startswith("resting, ")
    assert [(row.action, row.outcome) for row in audits(Layout(tmp_path).ledger)] == [("rest", "done")]
"""
    )
    said = copy.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", ".", "test_rest.py",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )  # fmt: skip
    assert "1 passed" in said
    code = "import aion; print(aion.__file__)"
    assert copy.run("-c", code).strip() == str(tmp_path / "aion" / "__init__.py"), "the copy is what was tried"
    known = subprocess.run(
        [sys.executable, "-m", "aion", "control", "orb_ny", "sleep", "--data", "data"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert known.returncode == 2 and "rest, pause" in known.stderr
