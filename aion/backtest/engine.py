"""One backtest: bars -> bots -> one ledger commit a session, files at the end.

It runs the very bots of a replay. There is no look-ahead by construction: a bot is handed the bars that close at one
moment, in the order of time, and an order fills no earlier than in the next bar.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aion.bot.account import BotAccount
from aion.bot.schedule import Pace
from aion.clock import Clock, SystemClock, iso
from aion.config import BotSettings, Risk
from aion.engine.daytrading import minute_number
from aion.engine.intake import Intake
from aion.engine.run_bots import RunBots, Times
from aion.errors import ConfigError
from aion.ledger.ledger import Ledger
from aion.market.feed import Batch, Feed
from aion.market.grid import Grid
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.output.outbox import Outbox
from aion.output.process_log import ProcessLog
from aion.store.layout import Layout
from aion.trading.bar_window import Window

RUN = "1"
Progress = Callable[[datetime], None]
"""Told the market time of each session that is done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run."""

    bots: Mapping[str, BotSettings]
    """By name."""
    feed: Feed
    first: datetime
    """Bots trade from the bars that close after it; what lies before warms the strategies up."""
    last: datetime
    """Close of the last bar that is played."""
    folder: Path
    """Where ledger, state files and report go; it holds no run yet."""
    is_deterministic: bool = False
    """True to write market time as `written_at`."""
    wall: Clock = field(default_factory=SystemClock)
    risk: Risk = field(default_factory=Risk)
    """Limits over all of its bots together."""


@dataclass(slots=True)
class Exposure:
    """How much of the money was at work, mark by mark."""

    marks: int = 0
    held: int = 0
    """Marks at which something was held."""
    total: float = 0.0
    """Sum of absolute market values over equity at all marks."""

    def see(self, bot: BotAccount) -> None:
        """Take the mark that `bot` is at."""
        self.marks += 1
        portfolio = bot.portfolio
        if not portfolio.is_flat:
            self.held += 1
            equity = portfolio.equity()
            if equity > 0:
                self.total += float(portfolio.exposure() / equity)


@dataclass(slots=True)
class Run:
    """What a backtest leaves in memory beside its ledger."""

    plan: Plan
    bots: dict[str, BotAccount]
    exposures: dict[str, Exposure]
    bars: int = 0
    """Bars that were handed to bots, a bar of two bots counted twice."""


class Backtest:
    """Runs the bots of one plan from its first bar to its last."""

    def __init__(self, plan: Plan, ledger: Ledger, log: ProcessLog) -> None:
        """Make the bots.

        Args:
            plan: what is to be run.
            ledger: new, open, of the mode `backtest`.
            log: of the process.

        Raises:
            ConfigError: a bot that cannot work.
        """
        self._plan = plan
        self._ledger = ledger
        layout = Layout(plan.folder)
        self._outbox = Outbox(layout, log)
        stamp = Stamp("backtest", ledger.run, plan.wall, plan.is_deterministic)
        exchanges = frozenset(bot.exchange for bot in plan.bots.values() if bot.kind == "intraday")
        pace = Pace(exchanges, 1.0, 0.0, grid=Grid(plan.feed.interval, plan.feed.anchor))
        self._begins: Times = {"minute": plan.first, "day": plan.first}
        self._bots = RunBots(plan.bots, plan.risk, plan.feed, stamp, layout, log, pace, self._begins, plan.last)
        self._job, self._swing, self._desk_gate = self._bots.job, self._bots.swing, self._bots.desk_gate
        self._run = Run(plan, self._bots.by_name, {name: Exposure() for name in plan.bots})
        self._intake = Intake(self._bots.by_name.values(), Window(), self._begins)
        self._now = plan.first

    def run(self, on_progress: Progress | None = None) -> Run:
        """Play all bars; what happened is in the ledger, and the newest state files are written.

        Raises:
            ConfigError: no bar of the plan's symbols lies in its span.
            LedgerError: the disk refuses.
        """
        plan = self._plan
        self._bots.restore(self._ledger, self._begins, self._begins)
        with _quick_collector():
            for batch in self._bots.timeline(self._begins, plan.last):
                self._run.bars += self._process(batch, on_progress)
        if not self._run.bars:
            raise ConfigError(f"there is no bar from {iso(plan.first)} to {iso(plan.last)}: choose another span")
        self._finish()
        return self._run

    def _process(self, offered: Batch, on_progress: Progress | None) -> int:
        self._now = max(self._now, offered.ts)
        batch, _ = self._intake.admit(offered, self._now)
        if batch is None:
            return 0
        exposures = self._run.exposures
        self._desk_gate.begin_cycle()
        if batch.kind == "minute":
            ended = self._job.end_days(batch)
            if ended:
                self._commit(ended)
                if on_progress is not None:
                    on_progress(batch.ts)
            took_part: list[BotAccount] = [*self._job.on_batch(batch)]
        else:
            took_part = [*self._swing.on_batch(batch)[0]]
            self._commit(took_part)
            if on_progress is not None:
                on_progress(batch.ts)
        bars = batch.bars
        count = 0
        for bot in took_part:
            exposures[bot.name].see(bot)
            count += len(bars) if len(bars) == 1 else sum(symbol in bars for symbol in bot.settings.symbols)
        return count

    def _commit(self, bots: Iterable[BotAccount]) -> None:
        self._ledger.commit([bot.take_entry() for bot in bots])

    def _finish(self) -> None:
        played = [bot for bot in self._job.bots.values() if bot.cycle_id]
        for bot in played:
            bot.end_day()
        self._commit(played)
        for swing in self._swing.bots.values():
            if swing.cycle_id:
                self._swing.put_rolling(self._outbox, swing)
                self._swing.put_activity(self._outbox, swing)
        if self._job.bots:
            now = max(bot.cursor for bot in self._job.bots.values())
            self._job.put(self._outbox, self._clock(now), minute_number(now), None, played)
        self._outbox.write()

    def _clock(self, now: datetime) -> Json:
        plan = self._plan
        return {
            "state": "finished",
            "market_time": iso(now),
            "speed": 1.0,
            "feed": plan.feed.name,
            "real_time": False,
            "delay_s": 0,
            "label": "end of the backtest",
            "data_from": iso(plan.first),
            "data_to": iso(plan.last),
            "provenance": plan.feed.provenance,
        }


@contextmanager
def _quick_collector() -> Iterator[None]:
    """Let the collector leave alone what is there already: bars by the hundred thousand, none of them garbage."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
