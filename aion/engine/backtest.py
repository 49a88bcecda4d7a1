"""The driver of a backtest: bars as fast as they can be read, one ledger commit a session, files at the end.

It runs the very bots of a replay. There is no look-ahead by construction: a bot is handed the bars that close at one
moment, in the order of time, and an order fills no earlier than in the next bar.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aion.bot.account import BotAccount
from aion.bot.intraday import IntradayBot
from aion.bot.schedule import Pace
from aion.clock import Clock, SystemClock, iso
from aion.config import BotSettings, Risk
from aion.engine.daytrading import minute_number
from aion.engine.engine import Engine, Steps
from aion.errors import ConfigError
from aion.ledger.ledger import Ledger
from aion.market.feed import Batch, Feed
from aion.market.grid import Grid
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.output.outbox import Outbox
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.trading.bar_window import Window

RUN = "1"
AT_END = "the backtest ends: closed at the last close"
SELDOM = 50_000  # objects more than before, at which the collector looks; it looks at 700 elsewhere
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
    is_closed_at_end: bool = False
    """True to close what is held at the end at its last close, costs included."""


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
    closed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Symbols of each bot that were closed at the end because the plan says so."""


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
        self._engine = Engine(
            plan.bots,
            plan.risk,
            plan.feed,
            ledger,
            stamp,
            layout,
            log,
            pace,
            {"minute": plan.first, "day": plan.first},
            plan.last,
            Window(),
        )
        self._run = Run(plan, self._engine.by_name, {name: Exposure() for name in plan.bots})
        self._on_progress: Progress | None = None

    def run(self, on_progress: Progress | None = None) -> Run:
        """Play all bars; what happened is in the ledger, and the newest state files are written.

        Raises:
            ConfigError: no bar of the plan's symbols lies in its span.
            LedgerError: the disk refuses.
        """
        plan, self._on_progress = self._plan, on_progress
        self._engine.restore()
        for bot in self._run.bots.values():
            bot.is_saved = False
        with _quick_collector():
            self._engine.run(self)
        if not self._run.bars:
            raise ConfigError(f"there is no bar from {iso(plan.first)} to {iso(plan.last)}: choose another span")
        self._finish()
        return self._run

    # what the engine asks and tells

    def batches(self) -> Steps:
        """Yield all bars at once."""
        yield from self._engine.timeline()

    def handed_at(self, batch: Batch) -> datetime:
        """Return the clock of the bars delivered."""
        return self._engine.delivered_at(batch)

    def end_days(self, ended: Sequence[IntradayBot], batch: Batch) -> None:
        """Commit the session of these bots alone: others may be in the middle of theirs."""
        self._commit(ended, batch.ts)

    def took_part(self, bots: Sequence[BotAccount], batch: Batch) -> None:
        """Commit what swing bots did, and count."""
        if batch.kind == "day":
            self._commit((), batch.ts)
        bars, exposures = batch.bars, self._run.exposures
        for bot in bots:
            exposures[bot.name].see(bot)
            self._run.bars += len(bars) if len(bars) == 1 else sum(symbol in bars for symbol in bot.actions.symbols)

    def refused(self, bots: Sequence[BotAccount]) -> None:
        """Leave it to the commit of their session."""

    def _commit(self, bots: Sequence[IntradayBot], ts: datetime) -> None:
        self._ledger.commit(self._engine.take_cycles(bots))
        if self._on_progress is not None:
            self._on_progress(ts)

    def _finish(self) -> None:
        engine = self._engine
        done = [bot for bot in self._run.bots.values() if bot.cycle_id]
        for bot in done:
            bot.is_saved = True
        if self._plan.is_closed_at_end:
            self._run.closed = {bot.name: bot.close_out(AT_END) for bot in done}
        played = engine.end_all_days()
        swing = [bot for bot in done if not isinstance(bot, IntradayBot)]
        self._ledger.commit(engine.take_cycles([*played, *swing]))
        engine.swing.put_played(self._outbox)
        if engine.job.bots:
            now = max(bot.cursor for bot in engine.job.bots.values())
            engine.job.put(self._outbox, self._clock(now), minute_number(now), None, played)
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
    """Let the collector leave alone what is there already, bars by the hundred thousand, and look seldom.

    What a bar leaves behind stays until its session is committed and is none of the collector's; cycles of a
    strategy are still found.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
