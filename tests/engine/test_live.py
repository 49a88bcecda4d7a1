"""Bots on a feed that delivers as things happen: ccxt over a server of the test, time that passes in waits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from aion.config import Settings
from aion.engine.runner import run_all
from aion.errors import FeedError, LedgerError
from aion.ledger.query import read_ledger
from aion.market.feed.online import OnlineFeed
from aion.store.layout import Layout
from tests.bot.desk import (
    VirtualWaiter,
    ask,
    at,
    document,
    ledger_rows,
    log_events,
    recorded,
    replay,
    settings,
)
from tests.engine.life import SYMBOLS, Life
from tests.market.provider import server as faults


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.venue.stop()


def test_live_desk_catches_up_and_then_takes_each_minute(life: Life) -> None:
    life.live(5.2)
    summary, day = life.summary(), life.day()
    assert summary["mode"] == "paper" and summary["clock"]["real_time"] and summary["clock"]["speed"] == 1
    assert summary["clock"]["market_time"] == "2030-01-01T09:05:12Z"
    assert day["as_of"] == "2030-01-01T09:05Z" and day["bars_seen"] == 2 * (9 * 60 + 5)
    assert day["currency"] == "USDT" and day["exchange"] == "24/7"
    assert any(fill["quantity"] % 1 for fill in day["fills"].values()), "quantities are fractions"
    assert all(set(fill["fees"]) == {"taker_fee"} for fill in day["fills"].values())
    assert "vwap_usdt: from 2030-01-01T00:00Z to 2030-01-01T09:00Z over the feed's history" in day["note"]
    swing = document(Layout(life.data).swing_rolling("equal_4w_usdt"))
    assert set(swing["positions"]) == set(SYMBOLS) and swing["as_of"] == "2030-01-01T00:00Z"
    assert swing["next_mark_wall_at"].startswith("2030-01-02T00:00")


def test_clock_when_caught_up_says_running_before_the_first_bar_comes(life: Life) -> None:
    seen: list[dict] = []

    def look(now: datetime) -> None:
        if Layout(life.data).sim_summary.exists() and now > at("2030-01-01T09:00:05Z"):
            seen.append(life.summary()["clock"])

    life.live(0.7, look)
    assert seen and {(each["state"], each.get("progress")) for each in seen} == {("running", None)}


def test_cycle_comes_within_seconds_of_the_close_of_its_bar(life: Life) -> None:
    seen: dict[str, datetime] = {}

    def look(now: datetime) -> None:
        path = Layout(life.data).sim_summary
        if path.exists():
            seen.setdefault(document(path)["cycle_id"], now)

    life.live(3.2, look)
    assert (seen["1-20300101T0902Z"] - at("2030-01-01T09:02Z")).total_seconds() < 20


def test_documents_are_due_a_minute_and_a_grace_after_their_bar(life: Life) -> None:
    life.live(2.2)
    assert at("2030-01-01T09:03Z") < at(life.day()["due_at"]) < at("2030-01-01T09:05Z")
    assert at("2030-01-01T09:03Z") < at(life.summary()["due_at"]) < at("2030-01-01T09:05Z")


@pytest.mark.parametrize("seed", [4, 16, 20])
def test_age_of_the_data_is_shown_by_symbol_while_the_provider_is_down_and_after(
    life: Life, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.market.feed.online.random", SimpleNamespace(Random=lambda: Random(seed)))
    life.live(1.2)
    seen: list[dict] = []

    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:04:30Z"):
            life.venue.faults = [faults.status(503, b"busy")]
        if now.second == 0 and now.microsecond == 0:
            seen.append(life.summary()["clock"]["feed_state"])
        if now == at("2030-01-01T09:08Z"):
            life.venue.faults = []

    life.live(9.9, look)
    down = [each for each in seen if each["state"] == "down"]
    assert down and "binance cannot be reached" in down[0]["text"]
    assert down[-1]["last_bar_at"] == "2030-01-01T09:04Z"
    assert down[-1]["symbols"]["BTC/USDT"]["state"] == "late"
    after = life.summary()["clock"]["feed_state"]
    assert after["state"] == "ok" and after["missing_bars"] == 0 and after["late_bars"] == 0
    assert life.day()["bars_seen"] == 2 * (9 * 60 + 11)  # what was missed came in order
    assert any("feed: " in each["event"] for each in log_events(life.data))


def test_provider_that_hangs_does_not_stop_the_process(life: Life) -> None:
    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:02Z"):
            life.venue.faults = [faults.times(2, faults.drip(3))]

    life.call_s = 0.5
    life.live(6.2, look)
    assert life.day()["as_of"] == "2030-01-01T09:06Z"
    assert life.summary()["clock"]["feed_state"]["state"] == "ok"


def test_symbol_that_jumps_is_left_out_and_comes_back_with_recorded_decisions(life: Life) -> None:
    jumped_ms, back_ms = (int(at(f"2030-01-01T09:0{minute}Z").timestamp() * 1000) for minute in (2, 5))

    def jump(symbol: str, rows: list[list]) -> list[list]:
        for row in rows:
            if symbol == "ETHUSDT" and jumped_ms <= row[0] < back_ms:
                row[1:5] = [f"{float(price) / 20:.2f}" for price in row[1:5]]
        return rows

    seen: dict[str, dict] = {}

    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:05Z"):
            seen.update(life.summary()["clock"]["feed_state"]["symbols"])

    life.venue.change = jump
    life.live(8.2, look)
    assert seen["ETH/USDT"]["state"] == "refused" and "(1 so far)" in seen["ETH/USDT"]["text"]
    assert "aion admit ETH/USDT" in seen["ETH/USDT"]["text"]
    assert seen["BTC/USDT"]["state"] == "ok"
    noted = [each for each in life.day()["decisions"].values() if "jump" in each["reason"]]
    assert [(each["action"], each["symbol"]) for each in noted] == [("refused", "ETH/USDT"), ("admitted", "ETH/USDT")]
    assert "nobody declared" in noted[0]["reason"] and "before it jumped" in noted[1]["reason"]
    assert life.day()["bars_seen"] == 2 * (9 * 60 + 8) - 3
    assert life.summary()["clock"]["feed_state"]["symbols"]["ETH/USDT"]["state"] == "ok"
    with read_ledger(Layout(life.data).ledger) as ledger:
        decided = ledger.changes("vwap_usdt").decisions
    assert [each.action for each in decided if "jump" in each.reason] == ["refused", "admitted"]


def test_symbol_that_fell_for_real_is_traded_on_a_minute_after_somebody_says_so(life: Life) -> None:
    fell_ms = int(at("2030-01-01T09:02Z").timestamp() * 1000)

    def fall(symbol: str, rows: list[list]) -> list[list]:
        for row in rows:
            if symbol == "ETHUSDT" and row[0] >= fell_ms:
                row[1:5] = [f"{float(price) / 20:.2f}" for price in row[1:5]]
        return rows

    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:05:30Z"):
            ask(life.data, "desk", "admit", 9 * 3600 + 330, value="ETH/USDT", reason="the exchange says so")

    life.venue.change = fall
    life.live(8.2, look)
    found = [each for each in life.day()["decisions"].values() if "ETH/USDT" in each["reason"]]
    said = [(each["action"], each["reason"]) for each in found]
    assert [action for action, _ in said] == ["refused", "admit", "admitted"]
    assert said[1][1] == "the next bar of ETH/USDT is let in, asked by ana: the exchange says so"
    assert "somebody says that it is real" in said[2][1]
    assert life.day()["bars_seen"] == 2 * (9 * 60 + 8) - 3
    assert life.summary()["clock"]["feed_state"]["symbols"]["ETH/USDT"]["state"] == "ok"
    life.live(3.2)  # another process knows of it: what is real stays
    assert life.day()["as_of"] == "2030-01-01T09:11Z" and "2030-01-01T09:11Z" in life.day()["bars"]["ETH/USDT"]
    assert life.summary()["clock"]["feed_state"]["symbols"]["ETH/USDT"]["state"] == "ok"


def test_symbol_that_vanishes_is_shown_and_the_other_goes_on(life: Life) -> None:
    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:02Z"):
            life.venue.markets = life.venue.markets[:1]

    life.live(6.2, look)
    state = life.summary()["clock"]["feed_state"]
    assert state["symbols"]["ETH/USDT"]["state"] == "gone"
    assert "does not list ETH/USDT any more" in state["symbols"]["ETH/USDT"]["text"]
    assert len(life.day()["bars"]["BTC/USDT"]) == 9 * 60 + 6
    assert life.day()["as_of"] == "2030-01-01T09:06Z"


def test_gaps_duplicates_and_revisions_are_counted_and_none_is_traded_on(life: Life) -> None:
    asked = {"BTCUSDT": 0}

    def spoil(symbol: str, rows: list) -> list:
        if symbol == "BTCUSDT" and life.waiter.wall.now() > at("2030-01-01T09:01Z"):
            rows = [row for row in rows if row[0] != at("2030-01-01T09:02Z").timestamp() * 1000]
            asked["BTCUSDT"] += 1
            if len(rows) > 2:
                rows = [*rows, list(rows[-2])]
                if asked["BTCUSDT"] > 3:
                    rows[0][4] = rows[0][1]
        return rows

    life.venue.change = spoil
    life.live(6.2)
    state = life.summary()["clock"]["feed_state"]
    assert state["missing_bars"] == 1 and state["revised_bars"] >= 1
    bars = life.day()["bars"]["BTC/USDT"]
    assert "2030-01-01T09:03Z" not in bars and len(bars) == 9 * 60 + 5


def test_restart_deals_with_the_minutes_that_were_missed_and_doubles_none(life: Life) -> None:
    life.live(3.2)
    life.now += timedelta(minutes=30)
    life.live(2.2)
    day = life.day()
    assert day["as_of"] == "2030-01-01T09:35Z" and day["bars_seen"] == 2 * (9 * 60 + 35)
    assert len(day["equity_curve"]) == 9 * 60 + 35
    assert life.summary()["run"] == "1"
    assert "to 2030-01-01T09:00Z over" in day["note"]


def test_two_lives_make_the_same_account_as_one(life: Life, tmp_path: Path) -> None:
    life.live(3.2)
    life.live(9.0)
    other = Life(tmp_path / "other")
    try:
        other.live(12.2)
    finally:
        other.venue.stop()
    for table in ("orders", "fills"):
        one = ledger_rows(Layout(life.data).ledger)[table]
        assert one == ledger_rows(Layout(other.data).ledger)[table]
    assert one


def test_midnight_begins_another_day_and_marks_the_swing_bots(tmp_path: Path) -> None:
    life = Life(tmp_path, at("2030-01-01T23:57Z"))
    try:
        life.live(6.2)
    finally:
        life.venue.stop()
    assert life.day("2030-01-01")["as_of"] == "2030-01-02T00:00Z"
    assert life.day("2030-01-02")["bars_seen"] == 2 * 3
    assert document(Layout(tmp_path).swing_rolling("equal_4w_usdt"))["as_of"] == "2030-01-02T00:00Z"


def test_long_absence_is_caught_up_with(life: Life) -> None:
    life.live(1.2, history_days=2)
    life.now += timedelta(days=4)
    life.live(1.2, history_days=2)
    assert life.summary()["clock"]["state"] == "running"
    assert document(Layout(life.data).swing_rolling("equal_4w_usdt"))["as_of"] == "2030-01-05T00:00Z"
    assert life.day("2030-01-03")["bars_seen"] == 2 * 1440


def test_history_of_zero_days_starts_at_the_newest_close(life: Life) -> None:
    life.live(1.2, history_days=0)
    assert not Layout(life.data).swing_rolling("equal_4w_usdt").exists()


def test_folder_of_a_replay_refuses_paper_and_the_other_way_round(life: Life, tmp_path: Path) -> None:
    life.live(1.2)
    with pytest.raises(LedgerError, match="paper"):
        replay(settings(life.data), recorded(at("2022-05-19T13:40Z")))


def test_provider_that_is_away_is_waited_for_when_a_run_is_to_be_gone_on_with(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[str] = []

    def away(name: str, settings: Settings) -> OnlineFeed:
        attempts.append(name)
        raise FeedError("binance cannot be reached")

    monkeypatch.setattr("aion.engine.runner.open_feed", away)
    with pytest.raises(FeedError):  # a first run has nothing to show: the sentence is all
        run_all(life.made(), VirtualWaiter())
    assert len(attempts) == 1
    life.live(1.2)

    def stop_after_three(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = len(attempts) >= 4

    run_all(life.made(), VirtualWaiter(stop_after_three))
    assert len(attempts) == 4
    assert sum("asked again in 30 s" in each["event"] for each in log_events(life.data)) == 3


def test_history_that_fails_is_asked_for_again_and_the_run_goes_on(life: Life) -> None:
    life.venue.faults = [faults.times(5, faults.status(503, b"busy"))]  # one more than a call is tried
    life.live(5.2)
    assert life.summary()["run"] == "1" and life.day()["as_of"] >= "2030-01-01T09:04Z"
    assert any("asked again in 30 s" in each["event"] for each in log_events(life.data))
