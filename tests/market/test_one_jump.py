"""One price that jumped is one for everybody: import, download, and bots in a replay, a backtest and live."""

import ast
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aion.clock import iso
from aion.errors import FeedError
from aion.ledger.query import read_ledger
from aion.market import calendar, jump
from aion.market.action import CorporateAction
from aion.market.bar_check import Report, clean
from aion.market.importing.split_check import check_jumps
from aion.market.jump import CONFIRMED, IN_LINE, USUAL, Screen, is_doubtful
from aion.model import Bar
from aion.store.layout import Layout
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed, at, bar, daily, document, instrument, replay, settings, swing_bot

CODE = Path(jump.__file__).parents[1]
ONE, TWO = calendar.sessions("XNYS", date(2021, 6, 1), date(2021, 6, 2))
PRICES = st.decimals(min_value="0.0001", max_value="1000000", places=4)
SPLITS = st.none() | st.sampled_from([Decimal(each) for each in ("2", "3", "1.5", "20", "0.1", "0.5")])
# just inside and just outside of what counts as a usual split, on both sides, and the edges of the largest move
RATIOS = sorted(
    {
        round(ratio * edge, 6)
        for each in USUAL
        for ratio in (each, 1 / each)
        for edge in (Decimal("0.94"), Decimal("0.96"), Decimal(1), Decimal("1.04"), Decimal("1.06"))
    }
)


def _bar(ts: object, price: Decimal) -> Bar:
    return Bar("X", ts, price, price, price, price, Decimal(1))  # type: ignore[arg-type]


def _says(close: Decimal, opened: Decimal, split: Decimal | None, *, is_new: bool) -> set[bool]:
    """What import and bots make of an open after a close: True where it is doubted."""
    session = TWO if is_new else ONE
    one, two = _bar(ONE.open + timedelta(minutes=1), close), _bar(session.close, opened)
    actions = [] if split is None else [CorporateAction("X", session.day, "split", split)]
    screen = Screen(actions, "minute")
    screen.admit({"X": one}, ONE.day)
    by_bots = bool(screen.admit({"X": two}, session.day).refused)
    try:
        check_jumps([one, two], "XNYS", actions)
    except FeedError:
        return {by_bots, True}
    return {by_bots, False}


@given(PRICES, PRICES, SPLITS, st.booleans())
@example(Decimal("100.0000"), Decimal("300.0000"), None, True)
@example(Decimal("300.0000"), Decimal("100.0000"), None, False)
@example(Decimal("100.0000"), Decimal("299.9999"), None, False)
@example(Decimal("100.0001"), Decimal("33.3333"), None, False)
@example(Decimal("100.0000"), Decimal("50.0000"), Decimal(2), True)
@example(Decimal("100.0000"), Decimal("100.0000"), Decimal(2), True)
def test_all_agree_on_which_price_jumped(
    close: Decimal, opened: Decimal, split: Decimal | None, is_new: bool
) -> None:
    due = split if is_new else None
    assert _says(close, opened, split, is_new=is_new) == {
        is_doubtful(close, opened, is_new_session=is_new, split=due)
    }


@pytest.mark.parametrize("ratio", RATIOS)
def test_open_near_a_usual_split_is_doubted_overnight_by_all_and_inside_a_session_by_none(ratio: Decimal) -> None:
    close = Decimal(1200)
    opened = close / ratio
    is_near_one = any(
        1 / Decimal("1.05") < ratio / each < Decimal("1.05") or 1 / Decimal("1.05") < ratio * each < Decimal("1.05")
        for each in USUAL
    )
    is_far = not Decimal(1) / 3 < ratio < 3
    assert _says(close, opened, None, is_new=True) == {is_near_one or is_far}
    assert _says(close, opened, None, is_new=False) == {is_far}


def days(screen: Screen, *prices: float | str, first: int = 0, held: tuple[str, ...] = ()) -> list[bool]:
    """Hand a screen one bar a day; which of them are refused."""
    found = []
    for number, price in enumerate(prices, start=first):
        made = bar("A", at("2021-06-01T20:00Z") + timedelta(days=number), price)
        found.append(bool(screen.admit({"A": made}, made.ts.date(), held).refused))
    return found


@pytest.mark.parametrize("price", [33.2, 50, 66.7, 150, 200, 301])
def test_price_at_the_edge_that_is_refused_is_not_believed_by_a_little_more(price: float) -> None:
    screen = Screen(())
    assert days(screen, 100, 100, price, price * 1.02, price * 0.98, held=("A",)) == [False] * 2 + [True] * 3
    assert days(screen, 101, first=5, held=("A",)) == [False], "back in line with the close before the jump"


@pytest.mark.parametrize("ratio", ["2", "3", "1.5", "20", "0.1"])
def test_split_that_prices_contradict_keeps_its_symbol_out_until_the_price_is_that_of_the_split(ratio: str) -> None:
    split = CorporateAction("A", date(2021, 6, 3), "split", Decimal(ratio))
    screen = Screen((split,))
    after = 100 / float(ratio)
    assert days(screen, 100, 100, 100, 100, held=("A",)) == [False, False, True, True]
    assert "its split that was declared makes" in screen.why_out("A")
    assert days(screen, after, after, first=4, held=("A",)) == [False, False]


def test_split_that_is_declared_after_its_bars_brings_its_symbol_back() -> None:
    screen = Screen((), "minute")
    opened = at("2021-06-02T13:30Z")
    screen.admit({"A": bar("A", at("2021-06-01T20:00Z"), 100)}, date(2021, 6, 1))
    for minute in (1, 2):
        made = {"A": bar("A", opened + timedelta(minutes=minute), 50)}
        assert screen.admit(made, date(2021, 6, 2), ("A",)).refused
    screen.learn([CorporateAction("A", date(2021, 6, 2), "split", Decimal(2))])
    found = screen.admit({"A": bar("A", opened + timedelta(minutes=3), 50)}, date(2021, 6, 2), ("A",))
    assert not found.refused and found.admitted["A"] == "A opens at 50, in line with 50 before it jumped"


def test_wrong_print_inside_a_session_is_no_price_either() -> None:
    screen = Screen((), "minute")
    refused = []
    for minute, price in enumerate((100, 101, 1010, 1010, 101, 100)):
        made = {"A": bar("A", at("2021-06-01T14:00Z") + timedelta(minutes=minute), price)}
        refused.append(bool(screen.admit(made, date(2021, 6, 1), ("A",)).refused))
    assert refused == [False, False, True, True, False, False]


def test_level_of_minutes_that_lasts_is_taken_when_nothing_is_held() -> None:
    screen = Screen((), "minute")
    refused = []
    for minute, price in enumerate([100, *[20] * 10, *[4] * 40]):  # it jumps on, and is counted anew
        made = {"A": bar("A", at("2021-06-01T14:00Z") + timedelta(minutes=minute), price)}
        found = screen.admit(made, date(2021, 6, 1))
        refused.append(bool(found.refused))
        assert (found.begun == {"A"}) == (minute == 11 + CONFIRMED["minute"])
    assert refused == [False] + [True] * (10 + CONFIRMED["minute"]) + [False] * 10


WRONG = [
    ({"high": "25408"}, "high 25408 beside 254.08"),
    ({"low": "2.541"}, "low 2.541 beside 254.08"),
    ({"close": "2.541", "low": "2.541"}, "close 2.541 beside open 254.08"),
    ({"close": "25408", "high": "25408"}, "close 25408 beside open 254.08"),
    ({"open": "25408", "high": "25408"}, "close 254.08 beside open 25408"),
    ({"open": "2.541", "low": "2.541"}, "close 254.08 beside open 2.541"),
]


@pytest.mark.parametrize(("fields", "what"), WRONG)
def test_price_of_a_bar_that_is_100_times_off_costs_that_bar_alone(fields: dict[str, str], what: str) -> None:
    good = bar("X", ONE.open + timedelta(minutes=1), "254.08", low="253.9", high="254.5")
    wrong = replace(
        good, ts=good.ts + timedelta(minutes=1), **{name: Decimal(value) for name, value in fields.items()}
    )
    after = replace(good, ts=good.ts + timedelta(minutes=2))
    screen = Screen((), "minute")
    found = [screen.admit({"X": each}, ONE.day, ("X",)) for each in (good, wrong, after)]
    assert [list(each.bars) for each in found] == [["X"], [], ["X"]]
    assert found[1].refused == {"X": f"X: {what} is about 100 times off the others"}

    names = ("open", "high", "low", "close", "volume")
    rows = [{"ts": iso(each.ts)} | {field: f"{getattr(each, field)}" for field in names} for each in (good, wrong)]
    for is_repaired in (False, True):  # a provider's answer, and an import
        report = Report("X")
        assert len(list(clean("X", rows, report, is_repaired=is_repaired))) == 1
        assert report.dropped == {"one price about 100 times off the others": 1}


def test_replay_and_backtest_leave_the_same_bars_out(tmp_path: Path) -> None:
    prices = {"AAA": [100.0] * 4 + [50.0] * 8, "BBB": [50.0] * 12, "CCC": [10.0] * 3 + [30.5] + [10.0] * 8}
    bars = [each for symbol, made in prices.items() for each in daily(symbol, "2021-06-01", made)]
    bars = [replace(each, open=each.close, high=each.close, low=each.close) for each in bars]  # it jumps overnight
    bars.sort(key=lambda each: each.ts)
    feed = ListFeed({symbol: instrument(symbol, step="1") for symbol in prices}, day=bars)
    bots = {"s": swing_bot(tuple(prices), rules={"max_positions": 3, "daily_loss": 0})}
    replay(settings(tmp_path / "replay", start=at("2021-07-20T21:00Z"), bots=bots, run_pause_s=0), feed)
    run_plan(tmp_path / "backtest", bots, feed, bars[0].ts - INSTANT, bars[-1].ts)
    told = {}
    for run in ("replay", "backtest"):
        with read_ledger(Layout(tmp_path / run).ledger) as ledger:
            noted = [each for each in ledger.changes("s").decisions if "jump" in each.reason]
        told[run] = [(iso(each.ts)[:10], each.symbol, each.action) for each in noted]
    held = document(Layout(tmp_path / "replay").swing_rolling("s"))["positions"]
    assert held["AAA"]["last_price"] == 100 and held["CCC"]["last_price"] == 10
    assert told["replay"] == told["backtest"] == [
        ("2021-06-04", "CCC", "refused"), ("2021-06-07", "AAA", "refused"), ("2021-06-07", "CCC", "admitted"),
    ]  # fmt: skip


def test_nobody_else_knows_the_factors() -> None:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in CODE.rglob("*.py") if path != Path(jump.__file__)}
    users = [
        path.name
        for path, tree in trees.items()
        if any(isinstance(node, ast.Name) and node.id in ("JUMP", "USUAL", "IN_LINE") for node in ast.walk(tree))
    ]
    assert users == []
    assert IN_LINE < min(USUAL) / jump.NEAR_USUAL < jump.JUMP, "what is doubted is never in line"
