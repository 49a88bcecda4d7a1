"""The tutorial of docs/strategies.md runs as it stands there; the kit finds what it says it finds."""

import importlib
import importlib.util
import io
import random
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections import deque
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

import aion
from aion.backtest import command
from aion.backtest.plan import Options
from aion.config import load
from aion.errors import ConfigError
from aion.model import Signal
from aion.strategy.builtin.trend import EqualWeight
from aion.strategy.registry import BUILT_IN, strategy_names
from aion.strategy.testing import check_strategy
from tests.bot.desk import at

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "strategies.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package of the tutorial, as `pip install -e .` leaves it."""
    rule, test, *_ = blocks("python")
    project = tomllib.loads(blocks("toml")[0])["project"]
    folder = tmp_path / "package"
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (folder / "low_volatility.py").write_text(rule)
    (folder / "test_low_volatility.py").write_text(test)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [f"{name} = {value}" for name, value in project["entry-points"]["aion.strategies"].items()]
    (info / "entry_points.txt").write_text("[aion.strategies]\n" + "\n".join(points) + "\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("low_volatility", None)


def test_test_of_the_tutorial_passes(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_low_volatility.py"],
        cwd=package,
        env={"PYTHONPATH": f"{package}:{ROOT}", "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_commands_of_the_tutorial_run_where_aion_is_installed(tmp_path: Path) -> None:
    """As somebody types them: a fresh environment beside Aion's own, so that nothing is left in the latter."""
    rule, test, *_ = blocks("python")
    folder = tmp_path / "low-volatility"
    folder.mkdir()
    for name, content in (
        ("low_volatility.py", rule),
        ("test_low_volatility.py", test),
        ("pyproject.toml", blocks("toml")[0]),
    ):
        (folder / name).write_text(content)
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True, timeout=100)
    [site] = home.glob("lib/python3*/site-packages")
    own = sysconfig.get_path("purelib")
    (site / "beside.pth").write_text(f"import site; site.addsitedir({own!r})\n")  # its own .pth files count too
    for tool, module in (("aion", "aion.command.app"), ("pytest", "pytest"), ("pip", "pip._internal.cli.main")):
        script = home / "bin" / tool
        script.write_text(f"#!{home}/bin/python\nimport sys\nfrom {module} import main\nsys.exit(main())\n")
        script.chmod(0o755)
    environment = {
        "PATH": f"{home}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",  # what it depends on is here, or the command fails
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say that the tools to build with are here, too
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a reader's environment has none of those of Aion's own tests
    }
    [commands] = blocks("sh")
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout and "Successfully installed low-volatility-1.0" in done.stdout
    assert list((folder / "backtests").rglob("report.html"))


def test_aion_when_installed_in_place_then_its_metadata_is_there() -> None:
    here = metadata.distribution("aion")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert here.version == aion.__version__
    assert here.metadata["Requires-Python"] == project["requires-python"]
    named = {re.split(r"[\s;<>=!~\[]", each)[0] for each in here.requires or () if "extra ==" not in each}
    assert named == {re.split(r"[\s;<>=!~\[]", each)[0] for each in project["dependencies"]}
    assert set(here.metadata.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    assert [each.value for each in here.entry_points if each.group == "console_scripts"] == ["aion.command.app:main"]


def test_strategy_of_the_tutorial_is_backtested_by_its_name(package: Path, tmp_path: Path) -> None:
    options = Options(
        strategy="low_volatility",
        parameters={"days": 120},
        first=at("2019-01-02T00:00Z"),
        last=at("2020-01-02T00:00Z"),
    )
    outcome = command.run(load(environment={}), options, tmp_path / "out", io.StringIO())
    result = outcome.results[0]
    assert result.state == "active" and len(result.fills) > 20
    assert result.rule == "Holds the half of the names that was calmest over 120 trading days."
    assert len(result.days) == 252


def test_bot_of_the_tutorial_is_a_valid_setting(package: Path, tmp_path: Path) -> None:
    (tmp_path / "aion.toml").write_text(blocks("toml")[1])
    bot = load(tmp_path / "aion.toml", environment={}).bots["calm"]
    assert bot.strategy == "low_volatility" and bot.rules.max_positions == 3


def test_list_of_strategies_is_that_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("strategy_table", ROOT / "tools" / "strategy_table.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    below = DOCUMENT.read_text("utf-8").partition(tool.MARKER)[2]
    assert below.strip() == tool.tables().strip(), "run: python tools/strategy_table.py"
    assert "Source:" in below and len(re.findall("^### ", below, re.MULTILINE)) == len(BUILT_IN)


# the kit


@pytest.mark.parametrize("name", [*strategy_names("intraday"), *strategy_names("swing")])
def test_kit_passes_every_strategy_of_aion(name: str) -> None:
    report = check_strategy(BUILT_IN[name])
    assert report.calls >= 300 and report.actions.get("buy", 0) > 0


class Fault(EqualWeight):
    """The baseline with one fault."""

    name = "fault"

    def __init__(self, symbols, parameters) -> None:
        super().__init__(symbols, parameters)
        self.seen = 0


class Random(Fault):
    def on_bars(self, bars, moment):
        chosen = random.choice(sorted(bars))
        return {chosen: super().on_bars(bars, moment)[chosen]}


class Shared(Fault):
    """Counts in the class, so that one of it disturbs another."""

    calls = 0

    def on_bars(self, bars, moment):
        Shared.calls += 1
        return super().on_bars(bars, moment) if Shared.calls > 400 else {}


class Peeking(Fault):
    """Knows what comes from an earlier run, as one that reads a file would, and buys before it rises."""

    future: ClassVar[dict] = {}

    def on_bars(self, bars, moment):
        price = sum(bar.close for bar in bars.values())
        Peeking.future[moment.ts] = price
        later = [known for ts, known in Peeking.future.items() if ts > moment.ts]
        return super().on_bars(bars, moment) if later and later[0] > price else {}


class Forgetful(Fault):
    """Depends on all bars, and says that it looks back at none."""

    def on_bars(self, bars, moment):
        self.seen += 1
        return super().on_bars(bars, moment) if self.seen > 100 else {}


class Hoarding(Fault):
    def on_bars(self, bars, moment):
        self.all = [*getattr(self, "all", []), *bars.values()]
        return super().on_bars(bars, moment)


class Nonsense(Fault):
    def on_bars(self, bars, moment):
        return {symbol: "buy" for symbol in bars}


class Careless(Fault):
    def __init__(self, symbols, parameters) -> None:
        super().__init__(symbols, {})


class Blunt(Fault):
    def __init__(self, symbols, parameters) -> None:
        super().__init__(symbols, {})
        if parameters:
            raise KeyError("no_such_parameter")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Random, "two of it on the same bars differ: at "),
        (Shared, "two of it on the same bars differ: at "),
        (Peeking, "two of it on the same bars differ: at "),
        (Forgetful, "look_back 0 is too short: after a restart it differs"),
        (Hoarding, r"what it keeps grows with history: [\d,]+ bytes in the middle"),
        (Nonsense, "it returned str for"),
        (Careless, "an unknown parameter is taken without a word"),
        (Blunt, "an unknown parameter raises KeyError, not ConfigError"),
        (EqualWeight(("A",), {}), "this is not a strategy: EqualWeight is not a class"),
    ],
)
def test_kit_names_the_fault(fault, said: str) -> None:
    Peeking.future.clear()
    with pytest.raises(AssertionError, match=said):
        check_strategy(fault)


def test_kit_passes_errors_of_parameters_on() -> None:
    with pytest.raises(ConfigError, match="short_term_reversal: look_back = 0 cannot work"):
        check_strategy(BUILT_IN["short_term_reversal"], {"look_back": 0})


# rules that look at what they hold


class Patient(EqualWeight):
    """Buys what rose in a week, holds what it has until that is 2 % down in a week, and leaves it then."""

    name = "patient"
    kind = "swing"

    def __init__(self, symbols, parameters) -> None:
        super().__init__(symbols, parameters)
        self.look_back = 5
        self.closes = {symbol: deque(maxlen=6) for symbol in symbols}

    def on_bars(self, bars, moment):
        for symbol, bar in bars.items():
            self.closes[symbol].append(float(bar.close))
        return {
            symbol: Signal(symbol, moment.ts, self.decide(symbol, moment.positions), 1.0, 0.0, "week", self.name)
            for symbol in bars
        }

    def decide(self, symbol, positions):
        closes = self.closes[symbol]
        change = closes[-1] / closes[0] - 1
        if symbol in positions:
            return "exit" if change < -0.02 else "hold"
        return "buy" if len(closes) == closes.maxlen and change > 0 else "hold"


def test_rule_of_the_document_that_looks_at_its_positions_passes() -> None:
    names: dict = {}
    exec(blocks("python")[2], names)
    report = check_strategy(names["Patient"], {"days": 20})
    assert min(report.actions[each] for each in ("buy", "exit", "hold")) > 20


class Counting(Patient):
    """Counts the days that it holds something, and says that it looks back at five."""

    def decide(self, symbol, positions):
        self.days = getattr(self, "days", 0) + (symbol in positions)
        return "exit" if self.days % 7 == 6 else super().decide(symbol, positions)


class Foreseeing(Patient):
    """Leaves what it holds before its mark falls, which it knows of from an earlier run."""

    marks: ClassVar[dict] = {}

    def decide(self, symbol, positions):
        mark = self.closes[symbol][-1]
        days = Foreseeing.marks.setdefault(symbol, [])
        self.day = getattr(self, "day", {})
        number = self.day[symbol] = self.day.get(symbol, -1) + 1
        if number == len(days):
            days.append(mark)
        falls = number + 1 < len(days) and days[number + 1] < mark
        return "exit" if symbol in positions and falls else super().decide(symbol, positions)


class Guessing(Patient):
    """Decides by chance, and only on what it holds."""

    def decide(self, symbol, positions):
        return random.choice(["exit", "hold"]) if symbol in positions else super().decide(symbol, positions)


class Reversing(Patient):
    """Wants the other side of what it holds: long, short, long."""

    def decide(self, symbol, positions):
        return "sell" if positions.get(symbol, 0) > 0 else "buy"


def test_kit_passes_rules_that_look_at_what_they_hold() -> None:
    report = check_strategy(Patient)
    assert min(report.actions[each] for each in ("buy", "exit", "hold")) > 20
    assert check_strategy(Reversing).actions["sell"] > 20


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Counting, "look_back 5 is too short: after a restart it differs"),
        (Foreseeing, "two of it on the same bars differ: at "),
        (Guessing, "two of it on the same bars differ: at "),
    ],
)
def test_kit_names_the_fault_of_a_rule_that_shows_in_what_it_holds(fault, said: str) -> None:
    Foreseeing.marks.clear()
    with pytest.raises(AssertionError, match=said):
        check_strategy(fault)


def test_kit_tells_a_rule_of_positions_that_its_stop_has_closed() -> None:
    told = []

    class Watching(Patient):
        def decide(self, symbol, positions):
            told.append((symbol, symbol in positions))
            return "buy"

    check_strategy(Watching)
    aapl = [is_held for symbol, is_held in told if symbol == "AAPL"][:300]
    assert any(before and not now for before, now in pairwise(aapl)), "it never said exit"
