"""Undeclared splits are not traded on; declared ones are. Synthetic tapes: they test the code, not a strategy."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.ledger.query import read_ledger
from aion.market.action import CorporateAction
from aion.market.jump import CONFIRMED, Screen, Screened
from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN
from tests.bot.decided import decisions
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    ask,
    at,
    audits,
    bar,
    daily,
    document,
    id_of,
    instrument,
    replay,
    settings,
    swing_bot,
)

DAY = date(2021, 6, 1)
TAPE = {"AAA": [100.0, 100.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], "BBB": [50.0] * 9}


def feed(*actions: CorporateAction, basis: str = "") -> ListFeed:
    bars = [each for symbol, prices in TAPE.items() for each in daily(symbol, "2021-06-01", prices)]
    # the gap is at the open, as a split's is
    bars = [each if each.close != 5 else bar(each.symbol, each.ts, 5) for each in bars]
    traded = {symbol: instrument(symbol, step="1") for symbol in TAPE}
    if basis:
        traded = {symbol: replace(each, price_basis=basis) for symbol, each in traded.items()}
    made = ListFeed(traded, day=bars)
    made.given = list(actions)
    return made


def run(data: Path, made: ListFeed, waiter: VirtualWaiter | None = None) -> dict:
    bots = {"s": swing_bot(("AAA", "BBB"), rules={"max_positions": 2, "daily_loss": 0})}
    replay(settings(data, start=at("2021-07-20T21:00Z"), bots=bots, run_pause_s=0), made, waiter)
    return document(Layout(data).swing_rolling("s"))


def test_undeclared_split_overnight_is_recorded_once_and_not_traded_on(tmp_path: Path) -> None:
    value = run(tmp_path, feed())
    refused = [each for each in decisions(tmp_path) if each["action"] == "refused" and each.get("symbol") == "AAA"]
    assert [each["reason"] for each in refused] == [
        "AAA jumps from 100 to 5, like a split of 20 that nobody declared: its bars are not traded on"
    ]
    assert value["positions"]["AAA"]["last_price"] == 100 and value["positions"]["AAA"]["quantity"] > 0
    assert {fill["symbol"] for fill in value["fills"].values() if fill["ts"] > "2021-06-03"} <= {"BBB"}
    assert value["equity"] == pytest.approx(100_000, abs=1)


def test_declared_split_keeps_the_equity_and_trades_on(tmp_path: Path) -> None:
    value = run(tmp_path, feed(CorporateAction("AAA", date(2021, 6, 3), "split", Decimal(20))))
    assert value["positions"]["AAA"]["last_price"] == 5 and value["positions"]["AAA"]["average_price"] == 5
    assert value["equity"] == pytest.approx(100_000, abs=1)
    assert [each["action"] for each in decisions(tmp_path)].count("split") == 1


def test_price_that_comes_back_is_traded_on_again() -> None:
    screen = Screen(())
    refused = []
    for number, price in enumerate((100, 250, 33, 100)):
        ts = at("2021-06-01T20:00Z") + timedelta(days=number)
        refused.append(bool(screen.admit({"A": bar("A", ts, price)}, DAY + timedelta(days=number)).refused))
    assert refused == [False, False, True, False]


def test_price_after_a_hole_of_months_may_be_anything() -> None:
    screen = Screen(())
    ts = at("2021-06-01T20:00Z")
    screen.admit({"A": bar("A", ts, 100)}, DAY)
    later = timedelta(days=31)
    assert not screen.admit({"A": bar("A", ts + later, 10)}, DAY + later).refused


def test_bars_without_volume_are_not_looked_at() -> None:
    screen = Screen(())
    screen.admit({"A": bar("A", at("2021-06-01T20:00Z"), 100)}, DAY)
    bars = {"A": bar("A", at("2021-06-02T20:00Z"), 1, volume=0)}
    assert screen.admit(bars, DAY + timedelta(days=1)) == Screened(bars)


def days(screen: Screen, *prices: float, held: tuple[str, ...] = (), first: int = 0) -> list[Screened]:
    """Hand a screen one bar a day, each opening where it closes."""
    found = []
    for number, price in enumerate(prices, start=first):
        ts = at("2021-06-01T20:00Z") + timedelta(days=number)
        found.append(screen.admit({"A": bar("A", ts, price)}, DAY + timedelta(days=number), held))
    return found


def test_wrong_last_price_of_a_session_does_not_keep_a_symbol_out() -> None:
    screen = Screen(())
    opened = at("2021-06-01T13:30Z")
    for minute, close in enumerate((60, 61, 60, 61, 610), start=1):  # the last print has a digit too many
        screen.admit({"A": bar("A", opened + timedelta(minutes=minute), 60, close=close)}, DAY)
    (found,) = days(screen, 61, held=("A",), first=1)
    assert not found.refused and not found.begun
    assert found.admitted == {
        "A": "A jumps from 610 to 61, back to the prices before the last one, which stood alone"
    }
    assert not days(screen, 62, first=2)[0].admitted


def test_wrong_close_of_a_day_does_not_keep_a_symbol_out() -> None:
    screen = Screen(())
    days(screen, 60, 61, 62)
    screen.admit({"A": bar("A", at("2021-06-04T20:00Z"), 61, close=6.1)}, DAY + timedelta(days=3))
    (found,) = days(screen, 61, first=4)
    assert found.admitted and not found.refused


def test_level_that_lasts_is_taken_when_nothing_is_held_and_never_when_something_is() -> None:
    free, holder = Screen(()), Screen(())
    days(free, 100, 100), days(holder, 100, 100)
    found = days(free, 5, 5.1, 5.2, 5.1, 5, first=2)
    assert [bool(each.refused) for each in found] == [True] * CONFIRMED["day"] + [False, False]
    back = found[CONFIRMED["day"]]
    assert back.begun == {"A"} and "4 bars in a row opened at that level" in back.admitted["A"]
    assert not found[-1].admitted
    assert all(each.refused for each in days(holder, *[5.0] * 20, held=("A",), first=2))


def test_level_that_does_not_last_is_not_taken() -> None:
    screen = Screen(())
    days(screen, 100, 100)
    found = days(screen, 5, 5, 5, 30, 30, 1, 30, first=2)
    assert all(each.refused for each in found[:6])
    assert not found[6].begun


def test_bot_takes_a_level_that_lasts_and_its_rule_sees_no_fall(tmp_path: Path) -> None:
    rising = [100.0 + number for number in range(6)] + [5.0] * 12
    falling = [50.0 - number / 2 for number in range(18)]
    tape = {"AAA": rising, "BBB": falling, "CCC": [20.0] * 18}
    bars = [each for symbol, prices in tape.items() for each in daily(symbol, "2021-06-01", prices)]
    bars = [bar("AAA", each.ts, 5) if each.close == 5 else each for each in bars]
    made = ListFeed({symbol: instrument(symbol) for symbol in tape}, day=bars)
    bots = {"s": swing_bot(tuple(tape), strategy="short_term_reversal", parameters={"look_back": 3}, horizon="1d")}
    replay(settings(tmp_path, start=at("2021-07-20T21:00Z"), bots=bots, run_pause_s=0), made)
    found = [each for each in decisions(tmp_path, "1d") if each.get("symbol") == "AAA"]
    kinds = [(each["day"], each["action"]) for each in found if each["action"] in ("refused", "admitted")]
    assert kinds == [("2021-06-09", "refused"), ("2021-06-14", "admitted")]
    assert not [each for each in found if "-9" in each["reason"]], "nobody saw it fall by nine tenths"
    last = document(Layout(tmp_path).swing_rolling("s"))
    assert last["signals"]["AAA"]["ts"] == last["as_of"] and last["signals"]["AAA"]["reason"].endswith(
        "biggest fall first"
    )
    assert last["hold_equity"] > 90_000, "and nobody who holds lost it"


def test_price_that_somebody_says_is_real_is_taken_also_when_it_is_held() -> None:
    screen = Screen(())
    days(screen, 100, 100, held=("A",))
    assert days(screen, 5, 5, held=("A",), first=2)[1].refused
    screen.let_in("A", at("2021-06-04T20:00Z"))  # the close of the newest bar
    found = days(screen, 5, 5, 5, held=("A",), first=4)
    assert found[0].admitted == {"A": "A jumps from 100 to 5: somebody says that it is real"} and not found[0].begun
    assert not any(each.refused or each.admitted for each in found[1:])
    assert days(screen, 100, held=("A",), first=7)[0].refused, "and only that one jump"


def test_word_for_a_symbol_that_did_not_jump_excuses_no_later_jump() -> None:
    screen = Screen(())
    days(screen, 100)
    screen.let_in("A", at("2021-06-01T20:00Z"))
    found = days(screen, 100, 5, first=1)
    assert not found[0].admitted and found[1].refused


def test_jump_that_is_declared_is_taken_on_its_day_alone() -> None:
    jump = CorporateAction("A", DAY + timedelta(days=2), "jump", Decimal(1))
    found = days(Screen((jump,)), 100, 100, 5, 5, 5, 100, held=("A",))
    assert [bool(each.refused) for each in found] == [False] * 5 + [True]
    assert found[2].admitted == {"A": "A jumps from 100 to 5: it is declared as a real one"}


@pytest.mark.parametrize("basis", ["raw", "adjusted"])
def test_bot_that_holds_bears_a_declared_jump_as_a_loss_and_buying_and_holding_too(
    tmp_path: Path, basis: str
) -> None:
    made = feed(CorporateAction("AAA", date(2021, 6, 3), "jump", Decimal(1)), basis=basis)
    value = run(tmp_path, made)
    assert value["positions"]["AAA"]["last_price"] == 5
    assert value["equity"] == pytest.approx(100_000 - 0.95 * 50_000, rel=0.02)
    assert value["hold_equity"] == pytest.approx(100_000 - 0.95 * 50_000, rel=0.02)
    assert [each["action"] for each in decisions(tmp_path)].count("admitted") == 1


class Says:
    """Somebody who lets AAA in on a day, and may stop the process then."""

    def __init__(self, data: Path, day: str, *, stops: bool = False) -> None:
        self.data, self.day, self.stops, self.said = data, day, stops, False

    def __call__(self, waiter: VirtualWaiter, seconds: float) -> None:
        path = Layout(self.data).sim_summary
        if not self.said and path.exists() and document(path)["clock"]["market_time"] >= self.day:
            ask(self.data, "desk", "admit", value="AAA", reason="trial failed")
            self.said = True
        elif self.said and self.stops and document(path)["clock"].get("control_id"):
            waiter.is_stopped = True


@pytest.mark.parametrize("stops", [False, True])
def test_symbol_that_is_held_is_traded_on_after_somebody_lets_it_in(tmp_path: Path, stops: bool) -> None:
    person = Says(tmp_path, "2021-06-04T20:00", stops=stops)
    bots = {"s": swing_bot(("AAA", "BBB"), rules={"max_positions": 2, "daily_loss": 0})}
    made = settings(tmp_path, start=at("2021-06-01T20:00Z"), bots=bots, run_pause_s=0, speed=36_000)
    replay(made, feed(), VirtualWaiter(person), runs=1)
    if stops:
        assert document(Layout(tmp_path).swing_rolling("s"))["positions"]["AAA"]["last_price"] == 100
        replay(made, feed(), runs=1)
    value = document(Layout(tmp_path).swing_rolling("s"))
    assert value["positions"]["AAA"]["last_price"] == 5 and value["equity"] < 60_000
    kinds = [each["action"] for each in decisions(tmp_path) if each.get("symbol") == "AAA"]
    assert [each for each in kinds if each in ("refused", "admit", "admitted")] == ["refused", "admit", "admitted"]
    (row,) = audits(Layout(tmp_path).ledger)
    assert (row.target, row.action, row.value, row.outcome) == ("desk", "admit", "AAA", "done")


def test_symbol_that_is_not_left_out_or_not_traded_is_not_let_in(tmp_path: Path) -> None:
    ask(tmp_path, "desk", "admit", 1, value="BBB")
    ask(tmp_path, "desk", "admit", 2, value="ZZZ")
    ask(tmp_path, "s", "admit", 3, value="AAA")
    run(tmp_path, feed())
    outcomes = {row.id: row.outcome for row in audits(Layout(tmp_path).ledger)}
    assert outcomes == {
        id_of(1): "refused: BBB is not left out: its bars are traded on",
        id_of(2): "refused: no bot trades ZZZ; they trade AAA, BBB",
        id_of(3): "refused: admit is for all bots together, not for one",
    }


class Handed:
    """A rule that takes the largest close of what it is handed, and so ends at nothing."""

    name = "handed"
    kind = "intraday"
    look_back = 0
    rule = "Holds."

    def __init__(self, symbols: tuple[str, ...], parameters: dict) -> None: ...

    def on_bars(self, bars: dict[str, Bar], moment: Moment) -> dict[str, Signal]:
        most = max(bars.values(), key=lambda each: each.close)
        return {most.symbol: Signal(most.symbol, moment.ts, "hold", 0.5, 0.5, "holds", self.name)}


@pytest.mark.parametrize("kind", ["intraday", "swing"])
def test_rule_is_not_asked_when_no_bar_may_be_traded_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(BUILT_IN, "handed", Handed)
    monkeypatch.setattr(Handed, "kind", kind)
    bot = swing_bot(("AAA",)).model_copy(update={"strategy": "handed", "kind": kind})
    prices = [100.0, 101.0, 1010.0, 1010.0, 101.0, 100.0]
    if kind == "swing":
        bars = [bar("AAA", each.ts, each.close) for each in daily("AAA", "2021-06-01", prices)]
        made = ListFeed({"AAA": instrument("AAA")}, day=bars)
    else:
        opened = at("2021-06-01T13:30Z")
        bars = [bar("AAA", opened + timedelta(minutes=number), price) for number, price in enumerate(prices, start=1)]
        made = ListFeed({"AAA": instrument("AAA")}, minute=bars)
    start = at("2021-07-20T21:00Z") if kind == "swing" else at("2021-06-01T13:30Z")
    replay(settings(tmp_path, start=start, bots={"s": bot}, run_pause_s=0), made)
    with read_ledger(Layout(tmp_path).ledger) as ledger:
        told = [each.action for each in ledger.changes("s").decisions if "jump" in each.reason]
    assert told == ["refused", "admitted"]
    path = Layout(tmp_path).swing_rolling("s") if kind == "swing" else Layout(tmp_path).sim_log("2021-06-01", "s")
    state = document(path)
    assert "state_reason" not in state and state["signals"]["AAA"]["ts"] == state["as_of"]


def test_rebalance_that_falls_on_a_day_without_a_bar_to_trade_on_is_put_off(tmp_path: Path) -> None:
    bars = [bar("AAA", each.ts, each.close) for each in daily("AAA", "2021-06-01", [100.0, 100.0, 5.0, 5.0, 100.0])]
    bots = {"s": swing_bot(("AAA",), horizon="1d")}
    replay(
        settings(tmp_path, start=at("2021-07-20T21:00Z"), bots=bots, run_pause_s=0),
        ListFeed({"AAA": instrument("AAA")}, day=bars),
    )
    put_off = [each["day"] for each in decisions(tmp_path, "1d") if "put off" in each["reason"]]
    assert put_off == ["2021-06-03", "2021-06-04"]
    assert not [each for each in decisions(tmp_path, "1d") if each["action"] == "exit"]
    assert document(Layout(tmp_path).swing_rolling("s"))["positions"]["AAA"]["quantity"] > 0


MOVES = ("1", "0.99", "1.09", "0.91", "1.12", "0.88", "1.28", "1.32", "1.5", "0.667", "0.5", "3.1", "0.3", "100")
MOVE = st.sampled_from([*["1.001"] * 4, *MOVES])
LATER = CorporateAction("LATER", date(2030, 1, 1), "split", Decimal(2))
"""Of a symbol without bars: a screen that knows of it asks everything of each bar."""


CALM = st.just(("1.001", "1.01", "0.99", "1.001", 1))
MOVED = st.one_of(CALM, CALM, st.tuples(MOVE, MOVE, MOVE, MOVE, st.integers(0, 6)))


def moved(symbol: str, ts: datetime, last: Decimal, move: tuple[str, str, str, str, int]) -> Bar:
    gap, up, down, end = (Decimal(each) for each in move[:4])
    opened = last * gap
    closed = opened * end
    high, low = max(opened, closed) * max(Decimal(1), up), min(opened, closed) * min(Decimal(1), down)
    return Bar(symbol, ts, opened, high, low, closed, Decimal(move[4]))


@given(st.lists(st.tuples(MOVED, MOVED, st.integers(0, 40)), max_size=60))
def test_screen_when_nothing_is_declared_then_its_short_way_finds_what_the_whole_one_does(steps: list) -> None:
    short, whole = Screen((), "minute"), Screen([LATER], "minute")
    last = {"A": Decimal(100), "B": Decimal("0.7")}
    for number, (*moves, asked) in enumerate(steps):
        ts = at("2021-06-01T14:00Z") + number * timedelta(hours=14)
        bars = {symbol: moved(symbol, ts, last[symbol], move) for symbol, move in zip("AB", moves, strict=True)}
        last = {symbol: bar.close for symbol, bar in bars.items()}
        if asked % 7 == 6:
            del bars["A"]
        found = [screen.admit(bars, ts.date(), {"A"} if asked % 2 else ()) for screen in (short, whole)]
        assert found[0] == found[1]
        for screen in (short, whole):
            if asked == 4:
                screen.settle("B", last["B"] * 2, ts.date())
            elif asked == 6:
                screen.know("B", last["B"] / 2)
            elif asked == 8:
                screen.let_in("B", ts)
        assert [short.why_out(symbol) for symbol in "AB"] == [whole.why_out(symbol) for symbol in "AB"]
