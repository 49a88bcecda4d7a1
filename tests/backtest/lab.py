"""What the tests of backtests share: plans on recorded or made-up bars, run into a folder."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from aion.clock import FixedClock
from aion.config import BotSettings
from aion.engine.backtest import RUN, Backtest, Plan, Run
from aion.ledger.ledger import Ledger
from aion.market.feed import Feed
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from tests.bot.desk import WALL

INSTANT = timedelta(microseconds=1)


def run_plan(
    folder: Path, bots: Mapping[str, BotSettings], feed: Feed, first: datetime, last: datetime, **more: object
) -> Run:
    """Run a backtest of bars after `first` up to `last`."""
    plan = Plan(dict(bots), feed, first, last, folder, wall=FixedClock(WALL), **more)
    with Ledger(Layout(folder).ledger, "backtest", RUN) as ledger:
        return Backtest(plan, ledger, ProcessLog(Layout(folder), "backtest", "error")).run()
