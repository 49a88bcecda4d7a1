"""The engine: the same result as a replay, no look-ahead, equal bytes, one commit a session."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from aion.config import Rules, default_bots
from aion.engine.daytrading import DayTradingJob
from aion.errors import ConfigError
from aion.ledger.ledger import Ledger
from aion.market import calendar
from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import (
    DAY_END,
    ListFeed,
    at,
    bar,
    document,
    instrument,
    ledger_rows,
    recorded,
    replay,
    settings,
    sim_logs,
    state_files,
    swing_bot,
)

START = at("2022-05-19T01:30Z")
INTRADAY = {name: bot for name, bot in default_bots().items() if bot.kind == "intraday"}
SWING = {name: bot for name, bot in default_bots().items() if bot.kind == "swing"}
TRADING = ("orders", "fills", "trades", "movements", "decisions", "equity")


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    run_plan(folder, INTRADAY, recorded(), START, DAY_END, is_deterministic=True)
    return folder


def test_backtest_trades_what_a_replay_trades(tested: Path, tmp_path: Path) -> None:
    replay(settings(tmp_path, bots=INTRADAY))
    live, past = ledger_rows(tmp_path / "ledger.sqlite"), ledger_rows(tested / "ledger.sqlite")
    assert len(past["fills"]) >= 4
    for table in TRADING:
        assert live[table] == past[table], table
    for name in INTRADAY:
        ours, theirs = list(sim_logs(tested, name).values())[-1], list(sim_logs(tmp_path, name).values())[-1]
        assert ours.pop("mode") == "backtest" and theirs.pop("mode") == "replay"
        ours.pop("due_at", None), theirs.pop("due_at", None)
        assert ours == theirs


def test_swing_bots_trade_what_a_replay_trades(tmp_path: Path) -> None:
    start = at("2020-03-02T00:00Z")
    end = at("2020-07-01T00:00Z")
    bots = {"swing_1w": SWING["swing_1w"]}
    replay(
        settings(tmp_path / "live", bots=bots, start=start + timedelta(days=365)), recorded(end + timedelta(days=365))
    )
    run_plan(tmp_path / "past", bots, recorded(), start, end + timedelta(days=365))
    live, past = (ledger_rows(tmp_path / name / "ledger.sqlite") for name in ("live", "past"))
    assert len(past["fills"]) > 50
    for table in TRADING:
        assert live[table] == past[table], table


def test_two_backtests_give_the_same_bytes(tested: Path, tmp_path: Path) -> None:
    run_plan(tmp_path, INTRADAY, recorded(), START, DAY_END, is_deterministic=True)
    assert state_files(tmp_path) == state_files(tested)
    assert ledger_rows(tmp_path / "ledger.sqlite") == ledger_rows(tested / "ledger.sqlite")


def test_without_deterministic_only_written_at_differs(tested: Path, tmp_path: Path) -> None:
    run_plan(tmp_path, INTRADAY, recorded(), START, DAY_END)
    for name in ("intraday/sim_summary.json", "intraday/sim_logs/2022-05-19_orb_ny.json"):
        one, other = document(tested / name), document(tmp_path / name)
        assert {key for key in one if one[key] != other[key]} == {"written_at"}


def test_future_spike_is_not_seen_before_it_is_there(tested: Path, tmp_path: Path) -> None:
    spike_at = at("2022-05-19T15:00Z")

    def spike(each: Bar) -> Bar:
        if each.ts <= spike_at:
            return each
        return replace(each, open=each.open * 3, high=each.high * 3, low=each.low * 3, close=each.close * 3)

    run_plan(tmp_path, INTRADAY, recorded(change=spike), START, DAY_END)
    before, after = ledger_rows(tested / "ledger.sqlite"), ledger_rows(tmp_path / "ledger.sqlite")
    assert before["fills"] != after["fills"]  # it is seen once it is there
    for table, column in (("fills", "known_at"), ("decisions", "ts"), ("equity", "ts")):
        seen = [row for row in before[table] if getattr(row, column) <= "2022-05-19T15:00"]
        assert len(seen) > 3
        assert seen == [row for row in after[table] if getattr(row, column) <= "2022-05-19T15:00"]


class Curious:
    """A strategy that keeps what it was handed, and would buy before a spike if it could see one."""

    name = "curious"
    kind = "intraday"
    look_back = 0
    rule = "Buys when a bar that it was handed is above 150."
    seen: ClassVar[list] = []

    def __init__(self, symbols, parameters) -> None:
        Curious.seen = []

    def on_bars(self, bars, moment):
        newest = max(each.ts for each in bars.values())
        Curious.seen.append((moment.ts, newest))
        wants = any(each.close > 150 or each.high > 150 for each in bars.values())
        action = "buy" if wants else "hold"
        return {name: Signal(name, moment.ts, action, 1.0, 0.5, "above 150", self.name) for name in bars}


@pytest.fixture
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "curious", Curious)


def minutes(count: int, price=lambda number: 100.0, step: int = 1) -> list[Bar]:
    session = calendar.sessions("XNYS", at("2022-05-19T00:00Z").date(), at("2022-05-19T00:00Z").date())[0]
    return [
        bar("AAA", session.open + timedelta(minutes=step * (number + 1)), price(number), 1_000_000)
        for number in range(count)
    ]


def intraday_bot(strategy: str, **rules: object):
    return swing_bot(("AAA",)).model_copy(
        update={"kind": "intraday", "strategy": strategy, "rules": Rules(max_positions=1, stop_loss=0, **rules)}
    )


def test_strategy_is_handed_closed_bars_only_and_a_spike_cannot_be_bought(curious: None, tmp_path: Path) -> None:
    bars = minutes(60, lambda number: 290.0 if number == 30 else 100.0)
    feed = ListFeed({"AAA": instrument("AAA")}, minute=bars)
    run_plan(tmp_path, {"c": intraday_bot("curious")}, feed, bars[0].ts - INSTANT, bars[-1].ts)
    assert Curious.seen == [(each.ts, each.ts) for each in bars]
    with Ledger(Layout(tmp_path).ledger, "backtest", "1") as ledger:
        fill = ledger.changes("c").fills[0]
    # it hears of the spike when its bar is closed, and gets the open of the bar after it
    assert (fill.decided_at, fill.filled_at, fill.price) == (bars[30].ts, bars[30].ts, Decimal("100.0000"))
    assert fill.bar == bars[31]


def test_bars_of_five_minutes_fill_at_their_own_open(curious: None, tmp_path: Path) -> None:
    bars = minutes(40, lambda number: 100.0 if number < 5 else 200.0, step=5)
    feed = ListFeed({"AAA": instrument("AAA")}, minute=bars)
    feed.interval = timedelta(minutes=5)
    run_plan(tmp_path, {"c": intraday_bot("curious", flat_before_close=2)}, feed, bars[0].ts - INSTANT, bars[-1].ts)
    with Ledger(Layout(tmp_path).ledger, "backtest", "1") as ledger:
        fill = ledger.changes("c").fills[0]
    assert fill.decided_at == bars[5].ts == fill.filled_at and fill.known_at == bars[6].ts


def test_flat_before_close_counts_bars(curious: None, tmp_path: Path) -> None:
    bars = minutes(78, lambda number: 200.0, step=5)
    feed = ListFeed({"AAA": instrument("AAA")}, minute=bars)
    feed.interval = timedelta(minutes=5)
    bots = {"c": intraday_bot("curious", flat_before_close=3)}
    run_plan(tmp_path, bots, feed, bars[0].ts - INSTANT, bars[-1].ts)
    day = sim_logs(tmp_path, "c")["2022-05-19"]
    assert day["flat_by"] == "2022-05-19T19:45Z"
    leaves = [each for each in day["decisions"].values() if each["action"] == "exit"]
    assert [each["ts"] for each in leaves] == ["2022-05-19T19:45Z"]


def test_ledger_is_committed_once_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    real = Ledger.commit

    def commit(self: Ledger, entries: list) -> None:
        commits.append([(entry.bot, entry.day) for entry in entries])
        real(self, entries)

    monkeypatch.setattr(Ledger, "commit", commit)
    bots = {"orb_ny": INTRADAY["orb_ny"]}
    run_plan(tmp_path, bots, recorded(at("2022-05-24T00:00Z")), at("2022-05-19T00:00Z"), at("2022-05-24T00:00Z"))
    assert commits == [[("orb_ny", day)] for day in ("2022-05-19", "2022-05-20", "2022-05-23")]


def test_span_without_a_bar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no bar from 2022-05-21T00:00Z to 2022-05-22T00:00Z"):
        run_plan(tmp_path, {"o": INTRADAY["orb_ny"]}, recorded(), at("2022-05-21T00:00Z"), at("2022-05-22T00:00Z"))


def test_cost_of_a_bar_does_not_grow_with_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bot keeps in memory and hands to the ledger a session is as large at the end as at the start."""
    sizes = []
    real = DayTradingJob.end_days

    def end_days(self: DayTradingJob, batch):
        ended = real(self, batch)
        for each in ended:
            sizes.append(len(str(each.save())))
        return ended

    monkeypatch.setattr(DayTradingJob, "end_days", end_days)
    last = at("2022-06-16T00:00Z")
    run_plan(tmp_path, {"orb_ny": INTRADAY["orb_ny"]}, recorded(last), at("2022-05-19T00:00Z"), last)
    assert len(sizes) >= 17
    assert max(sizes[-5:]) < 1.05 * max(sizes[:5])
