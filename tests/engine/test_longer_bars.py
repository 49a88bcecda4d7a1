"""Bots on bars longer than a minute, as a user has them: files, import, replay and backtest over the folder."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.bot.settings_check import fitted
from aion.config import Settings
from aion.default_bots import bots_for
from aion.ledger.ledger import Ledger
from aion.market import calendar
from aion.market.feed import FolderFeed, RecordedFeed
from aion.market.grid import Grid
from aion.market.importing.reader import Import, import_files
from aion.store.layout import Layout
from tests.backtest.lab import run_plan
from tests.bot.desk import document, replay, sim_logs
from tests.market.coarse import coarse, lines, write_csv, write_parquet

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HK = "9988.HK"


def folder_of(tmp_path: Path, grid: Grid, symbol: str, exchange: str, currency: str) -> Path:
    """Import the recorded bars of a symbol, made longer: half of them from CSV, half from Parquet."""
    bars = coarse(RecordedFeed().history("minute", symbol, NOW, 3000), exchange, grid)
    half = next(index for index in range(len(bars) // 2, len(bars)) if bars[index].ts.day != bars[index - 1].ts.day)
    files = [
        write_csv(tmp_path / "a.csv", lines(bars[:half], exchange, grid)),
        write_parquet(tmp_path / "b.parquet", bars[half:], exchange, grid),
    ]
    (done,) = import_files(files, tmp_path / "bars", Import(exchange, symbol, currency, "raw"), NOW)
    assert not done.refused and done.report.kept == len(bars)
    return tmp_path / "bars"


@pytest.mark.parametrize(("minutes", "anchor"), [(5, "open"), (30, "open"), (60, "clock"), (60, "open")])
def test_replay_and_backtest_over_a_folder_of_longer_bars_trade_alike(
    tmp_path: Path, minutes: int, anchor: str
) -> None:
    grid = Grid(timedelta(minutes=minutes), anchor)  # type: ignore[arg-type]
    bars = folder_of(tmp_path, grid, HK, "XHKG", "HKD")
    feed = FolderFeed(bars)
    made = bots_for("folder", (), bars)
    name = "vwap_xhkg"
    assert made[name]["rules"]["flat_before_close"] == max(1, 15 // minutes)
    made[name]["rules"] |= {"stop_loss": 0, "min_confidence": 0}
    made[name]["parameters"] = {"warm_minutes": 2, "last_entry_minutes": 0}
    asked = Settings(data=tmp_path / "desk", feed="folder", folder=bars, bots=made, speed=36_000)
    asked = fitted(asked, feed)
    replay(asked, feed=feed)
    first, last = feed.span("minute")
    run_plan(tmp_path / "test", asked.bots, FolderFeed(bars), first, last)
    found = []
    for data in (tmp_path / "desk", tmp_path / "test"):
        with Ledger(Layout(data).ledger, "replay" if data.name == "desk" else "backtest", "1") as ledger:
            fills = ledger.changes(name).fills
        found.append([(fill.filled_at, fill.side, fill.quantity, fill.price) for fill in fills])
        for fill in fills:
            session = feed_session(fill.bar.ts)
            # a market order fills at the open of its bar, which is where the bar of its decision ended or later
            assert (
                fill.decided_at <= fill.filled_at == grid.opened(session, fill.bar.ts) < fill.known_at == fill.bar.ts
            )
        assert not sum((fill.quantity * fill.side.sign for fill in fills), Decimal(0))
    assert len(found[0]) >= 4
    assert found[0] == [each for each in found[1] if each[0] >= found[0][0][0]]
    days = sim_logs(tmp_path / "desk", name)
    whole = days[sorted(days)[1]]
    assert whole["bars_seen"] == grid.count(feed_session(feed.span("minute")[1]), *_day(feed))
    assert document(Layout(tmp_path / "desk").sim_summary)["clock"]["provenance"].count(f"{grid.text()} bars") == 1


def feed_session(ts: datetime) -> calendar.MarketSession:
    session = calendar.session_around("XHKG", ts)
    assert session is not None
    return session


def _day(feed: FolderFeed) -> tuple[datetime, datetime]:
    session = feed_session(feed.span("minute")[1])
    return session.open, session.close


def test_order_decided_before_the_short_last_bar_fills_in_it(tmp_path: Path) -> None:
    """At 03:30 the hourly bars of Hong Kong have half an hour to lunch: that bar is half as long, and fills."""
    bars = folder_of(tmp_path, Grid(timedelta(hours=1)), HK, "XHKG", "HKD")
    made = bots_for("folder", (), bars)
    made["vwap_xhkg"]["rules"] |= {"stop_loss": 0, "min_confidence": 0}
    made["vwap_xhkg"]["parameters"] = {"warm_minutes": 2, "last_entry_minutes": 0}
    asked = Settings(data=tmp_path / "desk", feed="folder", folder=bars, bots=made)
    run_plan(tmp_path / "test", asked.bots, FolderFeed(bars), *FolderFeed(bars).span("minute"))
    with Ledger(Layout(tmp_path / "test").ledger, "backtest", "1") as ledger:
        fills = ledger.changes("vwap_xhkg").fills
    short = [fill for fill in fills if fill.bar.ts.hour == 4]
    assert short and all(fill.filled_at == fill.bar.ts - timedelta(minutes=30) for fill in short)
