"""Splits and dividends of a real-time feed: learnt while the desk is live, and no bar is taken without them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from aion.engine import live as paper
from aion.engine.runner import run_all
from aion.errors import FeedError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed.online import WARM_UP, OnlineFeed
from aion.market.provider.protocol import Answer, Caller
from aion.model import Instrument
from aion.store.layout import Layout
from aion.strategy.builtin.trend import EqualWeight
from aion.strategy.registry import BUILT_IN
from tests.bot.desk import VirtualWaiter, at, bar, document, settings, swing_bot

SPLIT = CorporateAction("AAA", date(2022, 5, 18), "split", Decimal(2))
PAID = CorporateAction("AAA", date(2022, 5, 18), "dividend", Decimal("0.5"))


class Broadcaster:
    """One share: 100 a day until it is split, 50 afterwards."""

    name = "alpaca"
    provenance = "made by a test"
    delay_s = 0.0
    timezone = "America/New_York"
    chunk: ClassVar = {"minute": timedelta(days=10), "day": timedelta(days=1000)}
    is_history_adjusted = False
    parallel, pace_s, asks_each = 1, 0.0, False

    def __init__(self) -> None:
        self.known: list[CorporateAction] = []
        self.is_away = False
        self.asked_since: list[datetime] = []

    def instruments(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        return {symbol: Instrument(symbol, "XNYS", "USD") for symbol in symbols}

    def bars(self, kind: str, symbol: str, after: datetime, until: datetime) -> Answer:
        if kind == "minute":
            return Answer([])
        closes = calendar.session_closes("XNYS", after.date(), until.date())
        days = [(day, close) for day, close in closes.items() if after < close <= until]
        return Answer([bar(symbol, close, 50 if day >= SPLIT.ex_date else 100) for day, close in days])

    def actions(self, symbols: Sequence[str], since: datetime) -> list[CorporateAction]:
        self.asked_since.append(since)
        if self.is_away:
            raise FeedError("no corporate actions today")
        return list(self.known)

    def reset(self) -> None:
        pass


@pytest.fixture(autouse=True)
def long_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "STEP_S", 60.0)


def live(data: Path, provider: Broadcaster, begins: str, ends: str, symbols: tuple[str, ...] = ("AAA",)) -> dict:
    def step(waiter: VirtualWaiter, seconds: float) -> None:
        feed.poll()
        waiter.is_stopped = waiter.wall.now() >= at(ends)

    waiter = VirtualWaiter(step)
    waiter.wall.tick(at(begins) - waiter.wall.now())
    caller = Caller(provider, pause=lambda seconds: None)
    feed = OnlineFeed(provider, symbols, waiter.wall, caller, has_thread=False)
    bots = {"x": swing_bot(("AAA",), rules={"max_alloc": 1, "daily_loss": 0})}
    run_all(settings(data, bots=bots, deterministic=False, history_days=8), waiter, waiter.wall, feed=feed)
    return document(Layout(data).swing_rolling("x"))


def test_split_and_dividend_that_are_announced_while_the_desk_is_live_are_booked(tmp_path: Path) -> None:
    provider = Broadcaster()
    before = live(tmp_path, provider, "2022-05-16T22:00Z", "2022-05-17T22:00Z")
    held = before["positions"]["AAA"]["quantity"]
    provider.known = [SPLIT, PAID]
    after = live(tmp_path, provider, "2022-05-17T22:10Z", "2022-05-18T22:00Z")
    assert after["as_of"] == "2022-05-18T20:00Z"
    assert after["positions"]["AAA"]["quantity"] == 2 * held
    assert after["equity"] == pytest.approx(before["equity"] + 2 * held * 0.5)


def test_split_is_learnt_without_a_restart(tmp_path: Path) -> None:
    class Late(Broadcaster):
        def actions(self, symbols: Sequence[str], since: datetime) -> list[CorporateAction]:
            super().actions(symbols, since)
            return [SPLIT] if len(self.asked_since) > 1 else []

    provider = Late()
    after = live(tmp_path, provider, "2022-05-16T22:00Z", "2022-05-18T22:00Z")
    assert after["as_of"] == "2022-05-18T20:00Z" and len(provider.asked_since) >= 2
    assert after["positions"]["AAA"]["market_value"] == pytest.approx(99_000, rel=0.02)


def test_no_bar_is_taken_while_corporate_actions_cannot_be_had(tmp_path: Path) -> None:
    provider = Broadcaster()
    live(tmp_path, provider, "2022-05-16T22:00Z", "2022-05-16T23:00Z")

    class Away(Broadcaster):
        def actions(self, symbols: Sequence[str], since: datetime) -> list[CorporateAction]:
            if len(self.asked_since) >= 1:
                self.is_away = True
            return super().actions(symbols, since)

    after = live(tmp_path, Away(), "2022-05-16T23:10Z", "2022-05-17T22:00Z")
    assert after["as_of"] == "2022-05-16T20:00Z"
    state = document(Layout(tmp_path).sim_summary)["clock"]["feed_state"]
    assert "no corporate actions today" in state["text"]


def test_actions_count_from_where_an_earlier_process_stood(tmp_path: Path) -> None:
    provider = Broadcaster()
    live(tmp_path, provider, "2022-05-16T22:00Z", "2022-05-16T23:00Z")
    again = Broadcaster()
    again.is_history_adjusted = True
    live(tmp_path, again, "2022-05-25T22:00Z", "2022-05-25T23:00Z")
    assert provider.asked_since[0] == at("2022-05-08T22:00Z") - WARM_UP
    assert again.asked_since[0] == at("2022-05-16T20:00Z")


@pytest.mark.parametrize("ratio", ["2", "3", "1.5", "4", "5", "10", "0.5", "0.25", "0.2", "0.1"])
def test_price_like_that_of_a_usual_split_is_not_believed_live_and_booked_once_it_is_declared(
    tmp_path: Path, ratio: str
) -> None:
    class Splits(Broadcaster):
        def bars(self, kind: str, symbol: str, after: datetime, until: datetime) -> Answer:
            answer = super().bars(kind, symbol, after, until)
            new = 100 / float(ratio)
            return Answer([bar(symbol, each.ts, new if each.close == 50 else 100) for each in answer.bars])

    provider = Splits()
    before = live(tmp_path, provider, "2022-05-16T22:00Z", "2022-05-19T22:00Z")
    held = before["positions"]["AAA"]
    assert held["last_price"] == 100 and before["equity"] == pytest.approx(100_000, rel=0.001)
    provider.known = [replace(SPLIT, amount=Decimal(ratio))]
    after = live(tmp_path, provider, "2022-05-19T22:10Z", "2022-05-20T22:00Z")
    assert after["positions"]["AAA"]["quantity"] == int(held["quantity"] * float(ratio))
    assert after["equity"] == pytest.approx(before["equity"], abs=0.01)


def test_rename_and_spin_off_that_are_announced_live_are_booked_where_the_feed_has_their_bars(tmp_path: Path) -> None:
    spun = CorporateAction("AAA", SPLIT.ex_date, "spin_off", Decimal(1), Decimal(2), "KID")

    class Parent(Broadcaster):
        def bars(self, kind: str, symbol: str, after: datetime, until: datetime) -> Answer:
            answer = super().bars(kind, symbol, after, until)
            if symbol == "KID":
                return Answer([bar(symbol, each.ts, 40) for each in answer.bars if each.close == 50])
            return Answer([bar(symbol, each.ts, 80 if each.close == 50 else 100) for each in answer.bars])

    provider = Parent()
    provider.known = [spun]
    missing = live(tmp_path / "one", provider, "2022-05-16T22:00Z", "2022-05-18T22:00Z")
    assert "the alpaca feed has no bars of KID here" in missing["positions"]["AAA"]["not_booked"]
    assert missing["positions"]["AAA"]["last_price"] == 100
    again = live(tmp_path / "one", provider, "2022-05-18T22:10Z", "2022-05-19T22:00Z", ("AAA", "KID"))
    assert set(again["positions"]) == {"AAA", "KID"} and "not_booked" not in again["positions"]["AAA"]
    assert again["equity"] == pytest.approx(missing["equity"], abs=0.01)


class Divider(Broadcaster):
    """As Yahoo: once the split has happened, all earlier prices and dividends are divided, and volumes multiplied."""

    is_history_adjusted = True

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.now = now

    @property
    def is_split(self) -> bool:
        return self.now().date() >= SPLIT.ex_date

    def bars(self, kind: str, symbol: str, after: datetime, until: datetime) -> Answer:
        if kind == "minute":
            return Answer([])
        closes = calendar.session_closes("XNYS", after.date(), until.date())
        price = 50 if self.is_split else 100
        return Answer([
            replace(bar(symbol, close, 50 if day >= SPLIT.ex_date else price), volume=Decimal(10**6))
            for day, close in closes.items() if after < close <= until
        ])  # fmt: skip

    def actions(self, symbols: Sequence[str], since: datetime) -> list[CorporateAction]:
        super().actions(symbols, since)
        paid = CorporateAction("AAA", date(2022, 5, 17), "dividend", Decimal("0.25" if self.is_split else "0.5"))
        found = [paid, *([SPLIT] if self.is_split else [])]
        return [each for each in found if since.date() < each.ex_date <= self.now().date()]


def test_desk_that_was_stopped_over_a_split_counts_it_once_though_the_provider_has_divided_the_past(
    tmp_path: Path,
) -> None:
    now = at("2022-05-13T22:00Z")
    before = live(tmp_path, Divider(lambda: now), "2022-05-13T22:00Z", "2022-05-13T23:00Z")
    held = before["positions"]["AAA"]["quantity"]
    now = at("2022-05-19T22:00Z")
    after = live(tmp_path, Divider(lambda: now), "2022-05-19T22:00Z", "2022-05-19T23:00Z")
    assert after["as_of"] == "2022-05-19T20:00Z"
    assert after["positions"]["AAA"]["quantity"] == 2 * held and after["positions"]["AAA"]["average_price"] == 50
    paid = held * 0.5  # per old share, before the split
    assert after["equity"] == pytest.approx(before["equity"] + paid)
    points = {ts[:10]: equity for ts, equity in after["equity_curve"].items()}
    assert points["2022-05-16"] == pytest.approx(before["equity"]), "no loss on the days before the split"
    assert points["2022-05-17"] == pytest.approx(before["equity"] + paid)


def test_warm_up_of_a_raw_feed_after_a_restart_knows_the_splits_in_it(tmp_path: Path) -> None:
    """The split lies before the run's newest bars: it is booked, but a rule is told of the past again."""

    class Known(Broadcaster):
        def actions(self, symbols: Sequence[str], since: datetime) -> list[CorporateAction]:
            super().actions(symbols, since)
            return [SPLIT] if since.date() < SPLIT.ex_date else []

    live(tmp_path, Known(), "2022-05-19T22:00Z", "2022-05-19T23:00Z")
    seen: list[list[float]] = []

    class Looks(EqualWeight):
        def on_bars(self, bars, moment):
            self.closes = [*getattr(self, "closes", []), *(float(each.close) for each in bars.values())]
            seen.append(self.closes)
            return super().on_bars(bars, moment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUILT_IN, "equal_weight", Looks)
        live(tmp_path, Known(), "2022-05-20T22:00Z", "2022-05-20T23:00Z")
    assert len(seen[-1]) > 3 and set(seen[-1]) == {50.0}
