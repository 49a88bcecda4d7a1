"""What a strategy is handed across splits and dividends. Synthetic tapes: they test the code, not a strategy."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from aion.config import Rules
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.strategy.bar_history import Past
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    at,
    bar,
    daily,
    document,
    instrument,
    ledger_rows,
    replay,
    settings,
    sim_logs,
    state_files,
    swing_bot,
)

FIRST = "2021-06-01"
SESSIONS = calendar.sessions("XNYS", date(2021, 6, 1), date(2021, 12, 31))
SPLIT_ON = SESSIONS[25].day
SPLIT = CorporateAction("AAA", SPLIT_ON, "split", Decimal(20))


def walk(seed: int, count: int = 50) -> list[float]:
    """Prices of four binary digits, so that a twentieth of twenty times one is the same number."""
    return [64 * seed + round(8 * math.sin(number / seed) + number / 4) / 2 for number in range(count)]


TAPE = {"AAA": walk(3), "BBB": walk(2), "CCC": walk(5)}
RULES = {
    "cross_sectional_momentum": {"look_back": 10, "skip": 2},
    "short_term_reversal": {"look_back": 3},
    "time_series_momentum": {"look_back": 10, "volatility_days": 8},
}


def series(symbol: str, prices: list[float], ratio: int = 1, split_on: date = SPLIT_ON) -> list[Bar]:
    """Daily bars; those before `split_on` are in old units, of which one becomes `ratio` new ones."""
    return [
        bar(symbol, each.ts, each.close * ratio, open=each.open * ratio) if each.ts.date() < split_on else each
        for each in daily(symbol, FIRST, prices)
    ]


def feed(ratio: int, actions: tuple[CorporateAction, ...], tape: Mapping[str, list[float]] = TAPE) -> ListFeed:
    bars = [each for name, prices in tape.items() for each in series(name, prices, ratio if name == "AAA" else 1)]
    made = ListFeed({name: instrument(name) for name in tape}, day=bars)
    made.given = actions
    return made


def run(data: Path, made: ListFeed, strategy: str, parameters: dict, waiter: VirtualWaiter | None = None) -> dict:
    bots = {
        "s": swing_bot(
            tuple(made.instruments("day")), strategy=strategy, parameters=parameters, horizon="1d", cash=1_000_000
        )
    }
    replay(settings(data, start=at("2021-09-20T21:00Z"), bots=bots, run_pause_s=0), made, waiter)
    return document(Layout(data).swing_rolling("s"))


def views(data: Path) -> list[tuple]:
    """What the rule said of each name and what was made of it, sizes left out."""
    rows = ledger_rows(data / "ledger.sqlite")["decisions"]
    said = [(row[3], row[4] or "", row[6].removeprefix("at its weight: ")) for row in rows]
    return sorted(each for each in said if " in " in each[2])


@pytest.mark.parametrize("strategy", sorted(RULES))
def test_rule_sees_no_move_at_a_declared_split(strategy: str, tmp_path: Path) -> None:
    raw = run(tmp_path / "raw", feed(20, (SPLIT,)), strategy, RULES[strategy])
    even = run(tmp_path / "even", feed(1, ()), strategy, RULES[strategy])
    ours, theirs = views(tmp_path / "raw"), views(tmp_path / "even")
    assert len(ours) > 40 and ours == theirs
    assert raw["signals"] == even["signals"] and raw["targets"] == even["targets"]
    assert raw["hold_curve"] == pytest.approx(even["hold_curve"], abs=0.02)
    assert raw["equity_curve"] == pytest.approx(even["equity_curve"], rel=1e-5)
    before = [row for row in ledger_rows(tmp_path / "raw/ledger.sqlite")["fills"] if row[4] == "AAA"]
    old = [float(row[7]) for row in before if row.filled_at < SPLIT_ON.isoformat()]
    new = [float(row[7]) for row in before if row.filled_at > SPLIT_ON.isoformat()]
    if strategy != "time_series_momentum":
        assert old and new and min(old) > 10 * max(new), "fills are at raw prices"


class Witness:
    """A strategy that keeps what it was handed."""

    name = "witness"
    kind = "swing"
    look_back = 5
    rule = "Keeps what it is handed."
    lives: ClassVar[list[list[tuple]]] = []

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self.handed: list[tuple] = []
        Witness.lives.append(self.handed)

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        held = moment.positions.get("AAA", Decimal(0))
        self.handed += [(each.ts.date(), float(each.close), held, each.volume) for each in bars.values()]
        return {name: Signal(name, moment.ts, "buy", 1.0, 0.0, "always", self.name) for name in bars}


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> type[Witness]:
    monkeypatch.setitem(BUILT_IN, "witness", Witness)
    monkeypatch.setattr(Witness, "lives", [])
    return Witness


def test_strategy_is_told_its_past_again_in_new_units_and_not_a_day_too_soon(witness, tmp_path: Path) -> None:
    prices = {"AAA": [100.0 + number for number in range(40)]}
    run(tmp_path, feed(20, (SPLIT,), prices), "witness", {})
    first, second = [life for life in witness.lives if life]
    assert [row[0] for row in first] == [session.day for session in SESSIONS[:25]], "nothing changes before its day"
    assert [row[1] for row in first] == [20 * price for price in prices["AAA"][:25]]
    assert [row[0] for row in second] == [session.day for session in SESSIONS[:40]][-len(second) :]
    assert [row[1] for row in second] == prices["AAA"][-len(second) :]
    told = [row for row in second if row[0] < SPLIT_ON]
    assert len(told) >= Witness.look_back and {row[3] for row in told} == {20_000_000}
    assert {row[2] for row in told} == {20 * held for _, _, held, _ in first[-len(told) :]}


def paid(amount: str, day: date = SPLIT_ON) -> CorporateAction:
    return CorporateAction("AAA", day, "dividend", Decimal(amount))


def test_rule_of_total_returns_sees_no_fall_on_an_ex_date_and_another_one_does(witness, tmp_path: Path) -> None:
    prices = [80.0] * 25 + [72.0] * 10
    tape = {"AAA": prices, "BBB": [40.0] * 35}
    made = ListFeed(
        {name: instrument(name) for name in tape},
        day=[bar(name, each.ts, each.close) for name, values in tape.items() for each in daily(name, FIRST, values)],
    )
    made.given = (paid("8"),)
    value = run(tmp_path / "total", made, "short_term_reversal", {"look_back": 30})
    assert "+0.0% in 30 days" in value["signals"]["AAA"]["reason"]
    run(tmp_path / "price", made, "witness", {})
    assert len([life for life in witness.lives if life]) == 1, "a rule that does not ask for it is not told again"
    movements = [row for row in ledger_rows(tmp_path / "price/ledger.sqlite")["movements"] if "dividend" in row]
    assert len(movements) == 1
    assert value["hold_equity"] == pytest.approx(1_000_000, abs=1), "who holds has the dividend as cash"


def test_dividend_above_the_price_scales_nothing() -> None:
    past = Past(3, with_dividends=True)
    session = SESSIONS[0]
    moment = Moment(session.close, session.day.isoformat(), session.open, session.close, {})
    past.take({"AAA": bar("AAA", session.close, 10)}, moment)
    assert not past.apply(paid("10")) and past.apply(paid("4"))
    assert [float(bars["AAA"].close) for bars, _ in past] == [6.0]


def test_past_is_as_long_as_the_look_back_needs_and_no_longer() -> None:
    past = Past(10, with_dividends=False)
    for session in SESSIONS:
        moment = Moment(session.close, session.day.isoformat(), session.open, session.close, {})
        past.take({"AAA": bar("AAA", session.close, 10)}, moment)
    assert 11 <= len(list(past)) <= 30


def test_intraday_rule_counts_from_the_close_of_the_day_before_in_new_units(tmp_path: Path) -> None:
    days = [SESSIONS[24], SESSIONS[25]]
    bars = [
        bar(
            "AAA",
            session.open + timedelta(minutes=minute),
            (100 + minute % 3 / 4) * (20 if session is days[0] else 1),
        )
        for session in days
        for minute in range(1, 390)
    ]
    made = ListFeed({"AAA": instrument("AAA", step="1")}, minute=bars)
    made.given = (SPLIT,)
    bots = {
        "m": swing_bot(("AAA",)).model_copy(
            update={"kind": "intraday", "strategy": "intraday_momentum", "rules": Rules(max_positions=1)}
        )
    }
    replay(settings(tmp_path, start=days[0].open, speed=36_000, bots=bots, run_pause_s=0), made)
    day = sim_logs(tmp_path, "m")[days[1].day.isoformat()]
    assert abs(document(Layout(tmp_path).rolling)["symbols"]["AAA"]["features"]["first_return"]) < 0.01
    assert not [each for each in day["decisions"].values() if "-9" in each["reason"]]


class StoppedAfter(VirtualWaiter):
    """Asks to stop at one of its looks at the clock, of which each batch has some."""

    def __init__(self, looks: int) -> None:
        super().__init__(drift_s=1.0)
        self.looks = looks

    def monotonic(self) -> float:
        self.looks -= 1
        self.is_stopped = self.is_stopped or self.looks <= 0
        return super().monotonic()


EVENTS = (paid("3", SESSIONS[22].day), SPLIT, paid("0.25", SESSIONS[27].day))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("whole")
    run(data, feed(20, EVENTS), "short_term_reversal", RULES["short_term_reversal"], VirtualWaiter(drift_s=1.0))
    return data


@pytest.mark.parametrize("looks", [71, 75, 79, 83, 87])
def test_run_that_is_stopped_around_a_split_and_a_dividend_ends_the_same(
    looks: int, whole: Path, tmp_path: Path
) -> None:
    waiter = StoppedAfter(looks)
    run(tmp_path, feed(20, EVENTS), "short_term_reversal", RULES["short_term_reversal"], waiter)
    assert waiter.is_stopped
    run(tmp_path, feed(20, EVENTS), "short_term_reversal", RULES["short_term_reversal"], VirtualWaiter(drift_s=1.0))
    assert state_files(tmp_path) == state_files(whole)
    one, other = (ledger_rows(data / "ledger.sqlite") for data in (whole, tmp_path))
    for table in ("fills", "orders", "trades", "movements", "decisions", "equity", "accounts"):
        assert one[table] == other[table], table
