"""Machines beside the desk's own folder: what each says, put together; a broken one costs itself."""

import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.live.disk.source import Scan, Tree, scan
from aion.web.bundle.document import BotsIndex
from aion.web.bundle.index.card import CardTopics
from aion.web.bundle.index.index import IndexTopic
from aion.web.bundle.index.state import IndexState
from aion.web.bundle.pages import Page, bots_bundle, intraday_bundle
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.topic import FOLDERS, TreeFiles, accepts, load_file
from tests.web.bundle.change import Changes
from tests.web.sample import Writer

Json = dict[str, Any]


class Desk:
    """A data folder as the live library reads it, at a time that is told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now_s = 0.0
        self.tree: Tree[Any] = Tree(root, load_file)
        self.reader = DeskReader(Page(), 5.0, lambda: self.now_s)
        self.state = IndexState(self.reader)
        self.topic = IndexTopic(self.state)
        self._before: Scan = {}

    def of(self, machine: str) -> Writer:
        return Writer(self.root / "machines" / machine)

    def look(self) -> None:
        found = scan(self.root, FOLDERS, accepts)
        news = {path: at for path, at in found.items() if self._before.get(path) != at}
        self.tree.update(news, self._before.keys() - found.keys())
        self._before = found

    def index(self) -> Json:
        self.look()
        return made(self.topic(self.tree).payload)

    def page(self) -> Json:
        return orjson.loads(orjson.dumps(bots_bundle(self.reader.read(self.tree)[0])))

    def card(self, key: str) -> Json | None:
        built = CardTopics(self.reader)(self.tree, key)
        return orjson.loads(orjson.dumps(built.payload["bot"])) if built is not None else None  # type: ignore[index]


def made(payload: Any) -> Json:
    found: Json = orjson.loads(payload())
    BotsIndex.model_validate_json(orjson.dumps({"version": 1, **found}))
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_machines_when_files_change_at_random_then_what_is_kept_is_that_of_all_files(desk: Desk, seed: int) -> None:
    folders = [desk.root, desk.root / "machines" / "a", desk.root / "machines" / "b2"]
    changes = [Changes(folder, 10 * seed + number) for number, folder in enumerate(folders)]
    moves = 0
    for number in range(60):
        desk.now_s += 1
        list(islice(iter(changes[number % 3]), 1))
        if number % 20 == 19:  # a machine vanishes, another takes its place
            shutil.rmtree(folders[1 + moves % 2], ignore_errors=True)
            moves += 1
        found = desk.index()
        read, _ = desk.reader.read(desk.tree)
        other = made(IndexTopic(IndexState(Same(desk.reader, read)))(desk.tree).payload)
        assert other == found, number
        page = desk.page()
        assert {f"{kind}/{bot}" for kind in ("intraday", "swing") for bot in page[kind]["bots"]} == found[
            "bots"
        ].keys()
        machines = found.get("machines", {})
        for currency, total in found["totals"].items():
            own = [each for each in page["totals"][currency]["bots"] if owner(page, each) is None]
            of = [each["totals"][currency]["bots"] for each in machines.values() if currency in each["totals"]]
            assert total["bots"] == len(own) + sum(of), "each bot is in one machine's total"


class Same(DeskReader):
    """Reads what was read already, for those who begin anew."""

    def __init__(self, kept: DeskReader, desk: Any) -> None:
        self.page = kept.page
        self._same = desk

    def read(self, tree: Any) -> Any:
        return self._same, None


def owner(page: Json, bot: str) -> str | None:
    return next(page[kind]["bots"][bot].get("machine") for kind in ("intraday", "swing") if bot in page[kind]["bots"])


@pytest.mark.parametrize("seed", range(2))
def test_desk_without_machines_says_what_its_own_folder_says_to_the_byte(desk: Desk, seed: int) -> None:
    alone = Page()
    for _ in islice(Changes(desk.root, seed), 40):
        desk.look()
        read, _ = desk.reader.read(desk.tree)
        theirs = alone.read(TreeFiles(desk.tree))
        desk.now_s += 6
        read, _ = desk.reader.read(desk.tree)
        theirs = alone.read(TreeFiles(desk.tree), is_overdue=alone.is_torn)
        for build in (bots_bundle, intraday_bundle):
            ordered = [orjson.dumps(build(each), option=orjson.OPT_SORT_KEYS) for each in (read, theirs)]
            assert ordered[0] == ordered[1]
        assert [*bots_bundle(read)["swing"]["bots"]] == [*bots_bundle(theirs)["swing"]["bots"]]
        assert "machines" not in bots_bundle(read)


def test_bot_has_its_name_until_a_second_machine_has_one_of_that_name(desk: Desk) -> None:
    desk.of("a").swing("trend", equity=100.0, currency="USD")
    desk.of("b").swing("carry", equity=50.0, currency="USD")
    found = desk.index()
    assert list(found["bots"]) == ["swing/carry", "swing/trend"]
    row = found["bots"]["swing/trend"]
    assert (row["machine"], row["bot"], row["file"]) == ("a", "trend", "machines/a/swing/rolling_trend.json.gz")
    assert desk.card("swing/a~trend") == desk.card("swing/trend"), "an address that names the machine stays good"
    desk.of("b").swing("trend", equity=7.0, currency="USD")
    found = desk.index()
    assert list(found["bots"]) == ["swing/a~trend", "swing/b~trend", "swing/carry"]
    assert found["bots"]["swing/a~trend"]["bot"] == "a~trend"
    assert desk.card("swing/trend") is None and desk.card("swing/b~trend") is not None
    assert found["totals"]["USD"]["equity"] == 157.0
    assert found["machines"]["b"]["totals"]["USD"]["equity"] == 57.0 and found["machines"]["b"]["bots"] == 2
    os.remove(desk.root / "machines" / "a" / "swing" / "rolling_trend.json.gz")  # it moved to b
    found = desk.index()
    assert list(found["bots"]) == ["swing/carry", "swing/trend"] and "a" not in found["machines"]
    assert found["bots"]["swing/trend"]["machine"] == "b"


def test_own_bot_keeps_its_name_and_a_machine_is_named_with_the_other(desk: Desk) -> None:
    Writer(desk.root).swing("trend", equity=1.0)
    desk.of("a").swing("trend", equity=2.0)
    found = desk.index()
    assert [found["bots"][key]["equity"] for key in ("swing/trend", "swing/a~trend")] == [1.0, 2.0]
    assert "machine" not in found["bots"]["swing/trend"]


def test_cycle_that_a_machine_broke_off_holds_back_no_other(desk: Desk) -> None:
    for machine in ("a", "b"):
        desk.of(machine).cycle(1, ["orb"])
    desk.index()
    desk.of("a").cycle(2, ["orb"], commit=False)
    desk.of("b").cycle(2, ["orb"])
    found = desk.index()
    lines = found["machines"]
    assert (lines["a"]["summary"]["cycle_id"], lines["b"]["summary"]["cycle_id"]) == ("c1", "c2")
    read, wait_s = desk.reader.read(desk.tree)
    assert wait_s == 5.0
    assert intraday_bundle(read)["machine"] == "a", "whose symbols these are"
    desk.now_s += 5
    found = desk.index()
    assert any("a: " in section for section in found["errors"]), "once its grace is over it is shown part by part"
    assert not any("b: " in section or "b~" in section for section in found["errors"])


def test_what_is_no_machine_is_named_and_the_rest_goes_on(desk: Desk) -> None:
    desk.of("a").swing("trend")
    desk.of("B!").swing("odd")
    desk.of("data").swing("odd")
    (desk.root / "elsewhere").mkdir()
    (desk.root / "machines" / "linked").symlink_to(desk.root / "elsewhere")
    (desk.root / "machines" / "empty").mkdir()
    broken = desk.root / "machines" / "c" / "swing" / "rolling_bad.json.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no gzip")
    found = desk.index()
    assert list(found["bots"]) == ["swing/trend"]
    reasons = {section: each["reason"] for section, each in found["errors"].items()}
    assert reasons["machines.linked"].startswith("is a link or a file")
    assert "lower-case letters" in reasons["machines.B!"] and "machines.data" in reasons
    unread = found["unread"]["swing/bad"]["errors"]["swing.bad"]
    assert unread["file"] == "machines/c/swing/rolling_bad.json.gz"
    shutil.rmtree(desk.root / "machines")
    found = desk.index()
    assert found["bots"] == {} and "machines" not in found and found["errors"] == {}


def test_machine_of_another_mode_is_in_no_total(desk: Desk) -> None:
    desk.of("a").swing("one", mode="replay")
    desk.of("b").swing("two", mode="paper")
    found = desk.index()
    assert found["totals"]["USD"]["bots"] == 1 and found["mode"] == "replay"
    assert "its bots are in no total" in found["errors"]["machines.b"]["reason"]


def test_sixteen_machines_are_shown(desk: Desk) -> None:
    for number in range(16):
        desk.of(f"m{number}").swing("trend", equity=1.0)
    found = desk.index()
    assert len(found["bots"]) == len(found["machines"]) == 16
    assert found["totals"]["USD"]["equity"] == 16.0
