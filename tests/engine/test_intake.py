"""Late, future and doubled bars: a recorded decision, no fill, and the rest goes on. Synthetic tapes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from aion.config import BotSettings, Rules
from aion.market import calendar
from aion.market.feed import Batch, Kind
from aion.market.provider.ccxt import CcxtProvider
from aion.market.series import AHEAD
from aion.model import Bar, Side, Signal
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from aion.trading.bar_window import AGE, DAILY_MORE, Window
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed, at, bar, document, instrument, ledger_rows, replay, settings, sim_logs, swing_bot
from tests.engine.life import START, Life
from tests.market.provider import server as faults
from tests.trading import paper

SESSION = calendar.sessions("XNYS", at("2022-05-19T00:00Z").date(), at("2022-05-19T00:00Z").date())[0]
NAMES = ("AAA", "BBB")
TABLES = ("orders", "fills", "trades", "movements", "equity")


def minute(number: int) -> datetime:
    return SESSION.open + timedelta(minutes=number)


class Turning:
    """Buys and sells in turns, so that there is something to fill at every bar."""

    name = "turning"
    kind = "intraday"
    look_back = 0
    rule = "Buys and sells in turns."

    def __init__(self, symbols, parameters) -> None:
        self.seen: dict[str, int] = {}

    def on_bars(self, bars, moment):
        found = {}
        for symbol in bars:
            self.seen[symbol] = self.seen.get(symbol, 0) + 1
            action = "buy" if self.seen[symbol] % 4 < 2 else "exit"
            found[symbol] = Signal(symbol, moment.ts, action, 1.0, 0.5, f"bar {self.seen[symbol]}", self.name)
        return found


@pytest.fixture(autouse=True)
def turning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "turning", Turning)


def tape() -> list[Batch]:
    return [
        Batch(minute(number), "minute", {name: bar(name, minute(number), 100 + number % 7) for name in NAMES})
        for number in range(1, 61)
    ]


class OddFeed(ListFeed):
    """Delivers batches in the order of a test, whatever it is."""

    def __init__(self, batches: list[Batch]) -> None:
        super().__init__(
            {name: instrument(name, step="1") for name in NAMES},
            minute=[each for batch in batches for each in batch.bars.values()],
        )
        self._batches = batches

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        yield from (batch for batch in self._batches if batch.ts > after)


def bot() -> BotSettings:
    rules = Rules(max_positions=2, stop_loss=0, daily_loss=0)
    return swing_bot(NAMES).model_copy(update={"kind": "intraday", "strategy": "turning", "rules": rules})


def run(folder: Path, batches: list[Batch], how: str) -> dict[str, list[tuple]]:
    feed = OddFeed(batches)
    if how == "replay":
        replay(settings(folder, start=SESSION.open, speed=36_000, bots={"b": bot()}, run_pause_s=0), feed)
    else:
        run_plan(folder, {"b": bot()}, feed, SESSION.open - INSTANT, SESSION.close)
    return ledger_rows(folder / "ledger.sqlite")


def late() -> list[Batch]:
    """The bars of the 20th minute come again after the 30th."""
    return [*tape()[:30], tape()[19], *tape()[30:]]


def doubled() -> list[Batch]:
    """The 30th minute comes twice, with other figures."""
    again = {name: replace(each, high=each.high * 2, close=each.close * 2) for name, each in tape()[29].bars.items()}
    return [*tape()[:30], Batch(minute(30), "minute", again), *tape()[30:]]


def future() -> list[Batch]:
    """A bar of BBB that closes five minutes later stands among those of the 30th minute."""
    odd = Batch(minute(30), "minute", {**tape()[29].bars, "BBB": bar("BBB", minute(35), 900)})
    return [*tape()[:29], odd, *tape()[30:]]


@pytest.mark.parametrize("how", ["replay", "backtest"])
@pytest.mark.parametrize(
    ("made", "why"),
    [
        (late, "a bar of 2022-05-19T13:50Z came after one of 2022-05-19T14:00Z: late, or a second time"),
        (doubled, "a bar of 2022-05-19T14:00Z came after one of 2022-05-19T14:00Z: late, or a second time"),
        (future, "a bar of 2022-05-19T14:05Z came with those of 2022-05-19T14:00Z"),
    ],
)
def test_bar_out_of_its_time_is_a_recorded_decision_and_the_rest_goes_on(
    made, why: str, how: str, tmp_path: Path
) -> None:
    odd = run(tmp_path / "odd", made(), how)
    good = tape()
    if made is future:
        good[29] = Batch(minute(30), "minute", {"AAA": good[29].bars["AAA"]})
    even = run(tmp_path / "even", good, how)
    refused = [(row[4], row[6]) for row in odd["decisions"] if row[5] == "refused" and " came " in row[6]]
    assert refused == [(name, why) for name in (("BBB",) if made is future else NAMES)]
    assert len(even["fills"]) > 20
    for table in TABLES:
        assert odd[table] == even[table], table
    others = [(row[3:]) for row in odd["decisions"] if (row[4], row[6]) not in refused]
    assert others == [(row[3:]) for row in even["decisions"]]
    shown = sim_logs(tmp_path / "odd", "b")["2022-05-19"]
    assert why in [each["reason"] for each in shown["decisions"].values()]
    assert shown["as_of"] == "2022-05-19T14:30Z"


def test_window_is_bounded_on_both_sides_and_wider_for_daily_bars() -> None:
    window, now = Window(), at("2022-05-19T14:00Z")
    assert not window.refusal(now + AHEAD, now, None)
    assert "it lies in the future" in window.refusal(now + AHEAD + timedelta(seconds=1), now, None)
    old = now - AGE - timedelta(seconds=1)
    assert not window.refusal(now - AGE, now, None)
    assert "too old to be traded on" in window.refusal(old, now, None)
    assert not window.refusal(old, now, None, is_daily=True)
    assert window.refusal(now - AGE - DAILY_MORE - timedelta(seconds=1), now, None, is_daily=True)
    assert "late, or a second time" in window.refusal(now, now, now)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.venue.stop()


def decisions(life: Life) -> list[tuple[str, str]]:
    found = [(each.get("symbol", ""), each["reason"]) for each in life.day()["decisions"].values()]
    return [each for each in found if " came " in each[1]]


def test_future_bar_of_a_provider_is_refused_by_the_live_bots_and_holds_nothing_up(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CcxtProvider.bars
    odd_at = at("2030-01-01T09:10Z")

    def bars(self, kind, symbol, after, until):
        answer = real(self, kind, symbol, after, until)
        is_odd = kind == "minute" and symbol == "BTC/USDT" and START + timedelta(minutes=2) < until < odd_at
        if is_odd and answer.bars:
            answer = replace(answer, bars=[*answer.bars, replace(answer.bars[-1], ts=odd_at)])
        return answer

    monkeypatch.setattr(CcxtProvider, "bars", bars)
    life.live(6.2)
    assert life.day()["as_of"] == "2030-01-01T09:06Z"
    assert life.summary()["clock"]["market_time"] == "2030-01-01T09:06:12Z"
    ((symbol, why),) = decisions(life)
    assert symbol == "BTC/USDT" and why.startswith("a bar of 2030-01-01T09:10Z came at 2030-01-01T09:0")
    assert why.endswith(": it lies in the future")
    state = life.summary()["clock"]["feed_state"]
    assert state["refused_bars"] == 1 and state["missing_bars"] == state["late_bars"] == 0
    rows = ledger_rows(life.data / "ledger.sqlite")
    assert not [row for row in rows["fills"] if "T09:10" in str(row)]


@pytest.mark.parametrize("seed", [3, 11, 17])
def test_bars_of_an_outage_beyond_the_window_are_refused_and_the_newer_ones_are_taken(
    life: Life, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.market.feed.online.random", SimpleNamespace(Random=lambda: Random(seed)))

    def look(now: datetime) -> None:
        if now == at("2030-01-01T09:02Z"):
            life.venue.faults = [faults.status(503, b"busy")]
        if now == at("2030-01-01T09:09:30Z"):
            life.venue.faults = []

    life.live(12.2, look, bar_age_s=180)
    assert life.day()["as_of"] == "2030-01-01T09:12Z"
    assert {symbol for symbol, _ in decisions(life)} == {"BTC/USDT", "ETH/USDT"}
    assert all("too old to be traded on" in why for _, why in decisions(life))
    rows = ledger_rows(life.data / "ledger.sqlite")
    times = [row[1] for row in rows["equity"] if row[0] == "vwap_usdt"]
    assert "2030-01-01T09:04Z" not in times and "2030-01-01T09:09Z" in times


def test_history_is_caught_up_with_however_old_it_is(life: Life) -> None:
    life.live(1.2, bar_age_s=60)
    assert life.day()["bars_seen"] == 2 * (9 * 60 + 1) and not decisions(life)


def test_broker_alone_refuses_bars_outside_its_window() -> None:
    broker = paper.make_broker()
    broker.on_bar(paper.bar(1, "10", "10", "10", "10"), paper.SESSION)
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(5), paper.at(1), "entry"))
    odd: list[tuple[Bar, datetime | None]] = [
        (paper.bar(1, "11", "11", "11", "11"), None),
        (paper.bar(9, "12", "12", "12", "12"), paper.at(2)),
        (paper.bar(2, "13", "13", "13", "13"), paper.at(2) + timedelta(days=2)),
    ]
    for each, now in odd:
        assert broker.on_bars({"MSFT": each}, paper.SESSION, now) == []
    assert broker.portfolio.marks["MSFT"] == 10
    assert [each.action for each in broker.changes.decisions] == ["refused"] * 3
    assert [fill.price for fill in broker.on_bars({"MSFT": paper.bar(3, "10", "10", "10", "10")}, paper.SESSION)] == [
        10
    ]


def test_document_of_a_swing_bot_shows_a_refused_bar(tmp_path: Path) -> None:
    days = calendar.sessions("XNYS", at("2022-05-02T00:00Z").date(), at("2022-05-20T00:00Z").date())
    good = [Batch(each.close, "day", {"AAA": bar("AAA", each.close, 100)}) for each in days]

    class Daily(OddFeed):
        def __init__(self, batches: list[Batch]) -> None:
            super().__init__(batches)
            self._bars["day"] = [each for batch in batches for each in batch.bars.values()]

    feed = Daily([*good[:5], good[2], *good[5:]])
    bots = {"s": swing_bot(("AAA",))}
    replay(settings(tmp_path, start=at("2022-06-20T21:00Z"), bots=bots, run_pause_s=0), feed)
    value = document(Layout(tmp_path).swing_rolling("s"))
    assert value["as_of"] == "2022-05-20T20:00Z" and value["bars_seen"] == len(days)
    rows = ledger_rows(tmp_path / "ledger.sqlite")["decisions"]
    assert [row[6] for row in rows if row[5] == "refused"] == [
        "a bar of 2022-05-04T20:00Z came after one of 2022-05-06T20:00Z: late, or a second time"
    ]
