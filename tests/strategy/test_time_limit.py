"""Strategies of others: found by their entry points, stopped when they raise, stall or return nonsense."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy
import pytest

from aion.config import Rules, default_bots, load
from aion.errors import ConfigError
from aion.model import Signal
from aion.store.layout import Layout
from aion.strategy import time_limit
from aion.strategy.registry import make_strategy, strategy_class
from tests.bot.desk import at, bar, document, recorded, replay, settings, sim_logs
from tests.strategy.theirs import BASE

TS = at("2022-05-19T13:35Z")
BARS = {"AAA": bar("AAA", TS, 100)}
GOOD = Signal("AAA", TS, "buy", 0.5, 0.5, "a reason", "mine", {"x": 1.0})

PACKAGE = """
    class Raises(Base):
        name = "raises"
        def fail(self, bars, moment):
            raise KeyError("a fault of its own")

    class Sleeps(Base):
        name = "sleeps"
        def fail(self, bars, moment):
            time.sleep(3600)

    class Spins(Base):
        name = "spins"
        def fail(self, bars, moment):
            while True:
                try:
                    sum(range(1000))
                except Exception:
                    pass

    class Nonsense(Base):
        name = "nonsense"
        def fail(self, bars, moment):
            return ["buy", "everything"]

    class Fine(Base):
        name = "fine"
        def fail(self, bars, moment):
            return {}

    class Misnamed(Base):
        name = "another_name"

    class Unmade(Fine):
        name = "unmade"
        def __init__(self, symbols, parameters):
            raise RuntimeError("no licence")

    class Swing(Fine):
        name = "of_swing"
        kind = "weekly"
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `pip install` leaves it: a module and its entry points."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "their_rules.py").write_text(BASE + textwrap.dedent(PACKAGE))
    info = folder / "their_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-rules\nVersion: 1.0\n")
    names = ("Raises", "Sleeps", "Spins", "Nonsense", "Fine", "Misnamed", "Unmade")
    lines = [f"{name.lower()} = their_rules:{name}" for name in names]
    lines += [
        "of_swing = their_rules:Swing",
        "missing = their_rules:Nothing",
        "opening_range_breakout = their_rules:Fine",
    ]
    lines.append("constant = their_rules:time")
    (info / "entry_points.txt").write_text("[aion.strategies]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("their_rules", None)


def test_entry_point_of_an_installed_package_is_a_strategy(package: Path) -> None:
    assert make_strategy("fine", "intraday", ("AAA",), {}).rule == "Does what a test needs."
    with pytest.raises(ConfigError, match="for intraday bots"):
        make_strategy("fine", "swing", ("AAA",), {})


def test_strategy_of_aion_is_not_replaced_by_an_entry_point(package: Path) -> None:
    assert strategy_class("opening_range_breakout").__module__ == "aion.strategy.builtin.opening_range_breakout"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", r"their_rules:Nothing of their-rules\) cannot be loaded: AttributeError"),
        ("misnamed", "its name is 'another_name'; the entry point must have the same"),
        ("of_swing", "its kind is 'weekly', not one of intraday, swing"),
        ("constant", "module is not a class"),
        ("unmade", "cannot be made: RuntimeError: no licence"),
        ("unheard_of", "there is no strategy 'unheard_of'; known: cross_sectional_momentum.*fine"),
    ],
)
def test_entry_point_that_is_no_strategy_is_refused_by_name(package: Path, name: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        make_strategy(name, "intraday", ("AAA",), {})


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (None, "returned NoneType instead of signals by symbol"),
        ({"AAA": "buy"}, "returned str for 'AAA'"),
        ({"BBB": GOOD}, "returned Signal for 'BBB' instead of its signal"),
        ({"BBB": replace(GOOD, symbol="BBB")}, "was handed no bar"),
        ({"AAA": replace(GOOD, ts=at("2022-05-19T13:36Z"))}, "returned a signal of 2022-05-19 13:36"),
        ({"AAA": replace(GOOD, action="moon")}, "the action 'moon'; known: buy, exit, hold, sell"),
        ({"AAA": replace(GOOD, threshold=math.nan)}, "a threshold of nan, not a number from 0 to 1"),
        ({"AAA": replace(GOOD, threshold=None)}, "a threshold of None"),
        ({"AAA": replace(GOOD, reason="")}, "a reason that is no text"),
        ({"AAA": replace(GOOD, reason="x" * 501)}, "a reason that is no text"),
        ({"AAA": replace(GOOD, stop_loss=Decimal("NaN"))}, "a stop_loss of Decimal.'NaN'"),
        ({"AAA": replace(GOOD, take_profit=101.5)}, "a take_profit of 101.5, not a Decimal above 0"),
        ({"AAA": replace(GOOD, features={"x": math.inf})}, "the feature x = inf, not a finite number"),
        ({"AAA": replace(GOOD, features={"x": "1"})}, "the feature x = '1', not a finite number"),
        ({"AAA": replace(GOOD, features={"x": 10**400})}, "the feature x = 1000"),
        ({"AAA": replace(GOOD, features={"12": 1.0})}, "the feature '12'; a name is a text"),
        ({"AAA": replace(GOOD, features={1: 1.0})}, "the feature 1; a name is a text"),
        ({"AAA": replace(GOOD, action=["buy"])}, "the action"),
        ({"AAA": replace(GOOD, features=None)}, "features that are NoneType, not a mapping"),
    ],
)
def test_nonsense_is_refused_in_words(returned: object, why: str) -> None:
    with pytest.raises(time_limit.NonsenseError, match=why):
        time_limit.check_signals(returned, BARS, TS)


def test_signal_that_can_be_followed_passes() -> None:
    full = replace(GOOD, stop_loss=Decimal(99), take_profit=Decimal(101))
    assert time_limit.check_signals({"AAA": full}, BARS, TS) == {"AAA": full}
    assert time_limit.check_signals({}, BARS, TS) == {}


def test_numbers_of_a_library_become_those_of_python() -> None:
    """A state file holds no number of numpy; a rule that uses it is as good as any other."""
    given = replace(
        GOOD, confidence=numpy.float64(0.7), threshold=numpy.float32(0.5), features={"x": numpy.float64(2), "y": True}
    )
    found = time_limit.check_signals({"AAA": given}, BARS, TS)["AAA"]
    values = (found.confidence, found.threshold, *found.features.values())
    assert values == (0.7, 0.5, 2.0, 1.0) and {type(value) for value in values} == {float}


@pytest.fixture
def no_timer():
    """The alarm for this test alone: the plug-in that times tests uses the same one."""
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    yield
    signal.setitimer(signal.ITIMER_REAL, *left)


def test_call_that_sleeps_is_interrupted(no_timer: None) -> None:
    started = time.monotonic()
    with time_limit.alarm(), pytest.raises(time_limit.TooSlowError), time_limit.limit(0.05):
        time.sleep(30)
    assert time.monotonic() - started < 25


def test_call_that_spins_and_swallows_the_first_alarm_is_interrupted(no_timer: None) -> None:
    swallowed = 0
    with time_limit.alarm(), pytest.raises(time_limit.TooSlowError), time_limit.limit(0.05):
        while True:
            try:
                while True:
                    sum(range(100))
            except BaseException:
                swallowed += 1
                if swallowed == 2:
                    raise
    assert swallowed == 2


def test_call_in_time_leaves_no_alarm_behind(no_timer: None) -> None:
    with time_limit.alarm():
        with time_limit.limit(0.05):
            pass
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        time.sleep(0.1)


def test_call_without_an_alarm_is_measured_afterwards() -> None:
    with pytest.raises(time_limit.TooSlowError), time_limit.limit(0.01):
        time.sleep(0.02)


def test_strategies_that_fail_are_stopped_and_shown_while_the_others_go_on(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_timer: None
) -> None:
    monkeypatch.setattr(time_limit, "LIMIT_S", 0.3)
    base = default_bots()["orb_ny"]
    names = ("raises", "sleeps", "spins", "nonsense", "fine")
    bots = {name: base.model_copy(update={"strategy": name}) for name in names}
    bots["orb_ny"] = base
    with time_limit.alarm():
        replay(settings(tmp_path / "data", bots=bots), recorded(at("2022-05-19T13:50Z")))
    days = {name: sim_logs(tmp_path / "data", name)["2022-05-19"] for name in bots}
    assert {name: day["state"] for name, day in days.items()} == {
        **dict.fromkeys(names[:4], "error"),
        "fine": "active",
        "orb_ny": "active",
    }
    assert "strategy raises raised KeyError: 'a fault of its own' (line" in days["raises"]["state_reason"]
    for name in ("sleeps", "spins"):
        assert f"strategy {name} took longer than 0.3 s at 2022-05-1" in days[name]["state_reason"]
    assert days["nonsense"]["state_reason"] == "strategy nonsense returned list instead of signals by symbol"
    assert {day["as_of"] for day in days.values()} == {"2022-05-19T13:50Z"}


def test_running_process_stops_a_strategy_that_sleeps_and_goes_on(package: Path, tmp_path: Path) -> None:
    """The real thing: `aion run` as a process of its own, with one bot that never comes back."""
    data = tmp_path / "data"
    config = tmp_path / "aion.toml"
    disabled = "".join(f"[bots.{name}]\nenabled = false\n" for name in default_bots() if name != "orb_ny")
    rules = Rules(max_positions=1)
    config.write_text(
        f"{disabled}[bots.sleeper]\nkind = 'intraday'\nstrategy = 'sleeps'\nsymbols = ['MSFT']\n"
        "exchange = 'XNAS'\ncurrency = 'USD'\ncash = 1000\ncost = 'us-equity'\n"
        f"[bots.sleeper.rules]\nmax_positions = {rules.max_positions}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "aion", "run", "--config", str(config), "--data", str(data), "--speed", "3600"],
        env={**os.environ, "PYTHONPATH": str(package)},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        path = Layout(data).sim_log("2022-05-19", "orb_ny")
        while time.monotonic() < deadline and not (path.exists() and document(path)["bars_seen"] > 60):
            assert process.poll() is None
            time.sleep(0.1)
        stopped = document(Layout(data).sim_log("2022-05-19", "sleeper"))
        assert stopped["state"] == "error"
        assert "strategy sleeps took longer than 5 s" in stopped["state_reason"]
        assert document(path)["state"] == "active" and document(path)["bars_seen"] > 60
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("kind = 'swing'\nstrategy = 'equal_weight'\nsymbols = ['AAPL', 'JPM', 'XOM']\nhorizon = '1w'", "3 symbols"),
        ("kind = 'intraday'\nstrategy = 'vwap_trend'\nsymbols = ['MSFT']", "one symbol"),
    ],
)
def test_bot_with_more_positions_than_symbols_is_refused_by_name(tmp_path: Path, table: str, why: str) -> None:
    common = "exchange = 'XNYS'\ncurrency = 'USD'\ncash = 1000\ncost = 'zero'\n"
    (tmp_path / "aion.toml").write_text(f"[bots.b]\n{table}\n{common}[bots.b.rules]\nmax_positions = 20\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "aion.toml", environment={})
    expected = f"bots.b cannot work: max_positions 20 is more than the {why}"
    assert str(caught.value) == f"{tmp_path / 'aion.toml'}: {expected}"
