"""The engine of a run: one timeline of bars, whole cycles of its bots, and what the ledger is to get of them.

A driver says what differs between a replay, live feeds and a backtest: where the bars come from, what the clock is,
when what happened is committed, and what is kept beside the ledger.
"""

import heapq
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aion.bot.account import BotAccount
from aion.bot.intraday import IntradayBot
from aion.bot.schedule import Pace
from aion.bot.swing import SwingBot
from aion.clock import ReplayClock
from aion.config import BotSettings, Risk
from aion.engine.daytrading import DayTradingJob
from aion.engine.intake import Intake
from aion.engine.resume import ledger_cursor, restore_accounts, watch_again
from aion.engine.span import Times
from aion.engine.swing_job import SwingJob
from aion.ledger.ledger import BotCycle, Ledger
from aion.market.feed import Batch, Feed, Kind
from aion.output.day_record import earlier_days
from aion.output.envelope import Stamp
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.trading.bar_window import Window
from aion.trading.risk import DeskGate

Steps = Generator[Batch, None, None]
"""Batches, each run before the next is asked for."""


class Driver(Protocol):
    """What differs between a replay, live feeds and a backtest."""

    def batches(self) -> Steps:
        """Yield each batch when its time has come, and commit in between; the run ends with the last."""
        ...

    def handed_at(self, batch: Batch) -> datetime:
        """Return the bots' clock at which `batch` is handed in, market time."""
        ...

    def end_days(self, ended: Sequence[IntradayBot], batch: Batch) -> None:
        """Commit the days of bots that ended; afterwards `batch` begins their next."""
        ...

    def took_part(self, bots: Sequence[BotAccount], batch: Batch) -> None:
        """See the bots that `batch` was handed to."""
        ...

    def refused(self, bots: Sequence[BotAccount]) -> None:
        """See the bots that recorded that a bar was not taken."""
        ...


@dataclass(slots=True)
class Pending:
    """What has happened since the newest commit."""

    changed: dict[str, IntradayBot] = field(default_factory=dict)
    """Bots whose cycles are still to be taken, by name."""
    marked: dict[str, SwingBot] = field(default_factory=dict)
    rebalanced: list[SwingBot] = field(default_factory=list)
    done: list[BotCycle] = field(default_factory=list)
    cycles: int = 0
    """Of the intraday bots."""


class Engine:
    """All bots of one run, made, brought to where its ledger stands, and run over bars in one way."""

    def __init__(
        self,
        bots: Mapping[str, BotSettings],
        risk: Risk,
        feed: Feed,
        ledger: Ledger,
        stamp: Stamp,
        layout: Layout,
        log: ProcessLog,
        pace: Pace,
        begins: Times,
        ends_at: datetime,
        window: Window,
    ) -> None:
        """Make the bots.

        Args:
            bots: their settings by name.
            risk: limits over all of them together.
            feed: where bars come from.
            ledger: of the run, open.
            stamp: mode and run of all documents.
            layout: of the folder that they write to.
            log: of the process.
            pace: how market time becomes wall time.
            begins: bots of a new run trade on the bars that close after it.
            ends_at: market time of the last bar.
            window: how old and new a bar may be when it is handed in.

        Raises:
            ConfigError: a bot that cannot work.
        """
        intraday: dict[str, IntradayBot] = {}
        swing: dict[str, SwingBot] = {}
        for name, settings in bots.items():
            if settings.kind == "intraday":
                intraday[name] = IntradayBot(name, settings, stamp.run, feed, log, begins["minute"])
            else:
                swing[name] = SwingBot(name, settings, stamp.run, feed, log, begins["day"])
        self._feed = feed
        self._ledger = ledger
        self._ends_at = ends_at
        self.begins = begins
        self.job = DayTradingJob(intraday, stamp, layout, pace, ends_at)
        self.swing = SwingJob(swing, stamp, layout, pace, ends_at)
        self.by_name: dict[str, BotAccount] = {**intraday, **swing}
        self.of: dict[Kind, Mapping[str, BotAccount]] = {"minute": intraday, "day": swing}
        self.symbols: dict[Kind, frozenset[str]] = {
            kind: frozenset(symbol for bot in made.values() for symbol in bot.actions.symbols)
            for kind, made in self.of.items()
        }
        self.desk_gate = DeskGate(risk, lambda: [bot.portfolio for bot in self.by_name.values()])
        for account in self.by_name.values():
            account.desk_gate = self.desk_gate
        self.clock = ReplayClock(begins["day"] if swing else begins["minute"])
        """Market time of the bars that were delivered."""
        self.cursors: Times = begins
        """Market times up to which bars were dealt with before."""
        self.pending = Pending()
        self._intake = Intake(self.by_name.values(), window, begins)
        self._window = window

    def restore(self, *, is_watched_whole: bool = True) -> None:
        """Bring the bots to where the ledger stands.

        Args:
            is_watched_whole: True to show strategies all bars since the run began, False those of their look-back.
        """
        cursors = {
            kind: ledger_cursor(bots.values(), self._ledger, self.begins[kind]) for kind, bots in self.of.items()
        }
        self.cursors = cursors
        for kind, bots in self.of.items():
            since = self.begins[kind] if is_watched_whole else cursors[kind]
            watch_again(bots.values(), self._feed, kind, self._ledger, since, cursors[kind])
        for kind, bots in self.of.items():
            restore_accounts(bots.values(), self._ledger, cursors[kind])
        for name, bot in self.job.bots.items():
            for day, summary in earlier_days(self._ledger, name, bot.settings, bot.day, bot.started_at).items():
                self.job.days.setdefault(day, {})[name] = summary
        self.job.restore()
        # after an absence the run of a live feed begins later than where its ledger stands
        self.clock.advance(max([self.clock.now(), *(bot.cursor for bot in self.played)]))
        self._intake = Intake(self.by_name.values(), self._window, cursors)

    @property
    def played(self) -> list[BotAccount]:
        """The bots that have run a cycle."""
        return [bot for bot in self.by_name.values() if bot.cycle_id]

    def timeline(self) -> Iterator[Batch]:
        """Yield the feed's batches still to come in order of time, minutes before the day that ends with them."""
        streams = [
            self._feed.batches(kind, symbols, self.cursors[kind]) for kind, symbols in self.symbols.items() if symbols
        ]
        merged = heapq.merge(*streams, key=lambda each: (each.ts, each.kind != "minute"))
        for batch in streams[0] if len(streams) == 1 else merged:
            if batch.ts > self._ends_at:
                return
            yield batch

    def delivered_at(self, batch: Batch) -> datetime:
        """Return the clock of bars that are handed in as fast as they are read: nothing is late by it."""
        now, ts = self.clock.now(), batch.ts
        return ts if ts >= now else now

    def run(self, driver: Driver) -> None:
        """Run the cycle of each batch that `driver` yields."""
        with closing(driver.batches()) as batches:
            for batch in batches:
                self._cycle(batch, driver)

    def _cycle(self, offered: Batch, driver: Driver) -> None:
        batch, refusing = self._intake.admit(offered, driver.handed_at(offered))
        if refusing:
            driver.refused(refusing)
        if batch is None:
            return
        self.desk_gate.begin_cycle()
        if batch.kind == "minute":
            if ended := self.job.end_days(batch):
                self.pending.changed |= {bot.name: bot for bot in ended}
                driver.end_days(ended, batch)
            self.clock.advance(self.delivered_at(batch))
            intraday = self.job.on_batch(batch)
            changed = self.pending.changed
            for bot in intraday:
                changed[bot.name] = bot
            self.pending.cycles += 1
            driver.took_part(intraday, batch)
            return
        self.clock.advance(self.delivered_at(batch))
        marked, rebalanced = self.swing.on_batch(batch)
        self.pending.rebalanced += rebalanced
        self.pending.marked |= {bot.name: bot for bot in marked}
        self.pending.done += [bot.take_cycle() for bot in marked]
        driver.took_part(marked, batch)

    def end_all_days(self) -> list[IntradayBot]:
        """Close the day of each intraday bot that has played: no bar comes any more."""
        played = [bot for bot in self.job.bots.values() if bot.cycle_id]
        for bot in played:
            bot.end_day()
        self.pending.changed |= {bot.name: bot for bot in played}
        return played

    def take_cycles(self, bots: Iterable[BotAccount]) -> list[BotCycle]:
        """Take what the ledger is to get now: what swing bots did, and what `bots` did that is not taken."""
        done, self.pending.done = self.pending.done, []
        for bot in list(bots):
            done.append(bot.take_cycle())
            self.pending.changed.pop(bot.name, None)
        return done
