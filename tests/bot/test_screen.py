"""Undeclared splits are not traded on; declared ones are. Synthetic tapes: they test the code, not a strategy."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.bot.screen import Screen
from aion.model import CorporateAction
from aion.store.layout import Layout
from tests.bot.desk import ListFeed, VirtualWaiter, at, bar, daily, document, instrument, replay, settings, swing_bot
from tests.bot.test_swing import decisions

DAY = date(2021, 6, 1)
TAPE = {"AAA": [100.0, 100.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], "BBB": [50.0] * 9}


def feed(*actions: CorporateAction) -> ListFeed:
    bars = [each for symbol, prices in TAPE.items() for each in daily(symbol, "2021-06-01", prices)]
    # the gap is at the open, as a split's is
    bars = [each if each.close != 5 else bar(each.symbol, each.ts, 5) for each in bars]
    made = ListFeed({symbol: instrument(symbol, step="1") for symbol in TAPE}, day=bars)
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
        _, why = screen.admit({"A": bar("A", ts, price)}, DAY + timedelta(days=number))
        refused.append(bool(why))
    assert refused == [False, False, True, False]


def test_price_after_a_hole_of_months_may_be_anything() -> None:
    screen = Screen(())
    ts = at("2021-06-01T20:00Z")
    screen.admit({"A": bar("A", ts, 100)}, DAY)
    later = timedelta(days=31)
    assert not screen.admit({"A": bar("A", ts + later, 10)}, DAY + later)[1]


def test_bars_without_volume_are_not_looked_at() -> None:
    screen = Screen(())
    screen.admit({"A": bar("A", at("2021-06-01T20:00Z"), 100)}, DAY)
    bars = {"A": bar("A", at("2021-06-02T20:00Z"), 1, volume=0)}
    assert screen.admit(bars, DAY + timedelta(days=1)) == (bars, {})
