"""What a replay and live feeds have in common: people watch the run and steer it.

Commits and files come at most ten times a second: at high speed, and while catching up, several cycles share one. The
files come after the commit, so that what a page shows is in the ledger.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from aion.bot.account import BotAccount
from aion.bot.intraday import IntradayBot
from aion.bot.quarantine import leave_alone
from aion.bot.schedule import Pace
from aion.bot.swing import SwingBot
from aion.clock import iso
from aion.config import Settings
from aion.control.controller import Controller
from aion.control.inbox import Inbox
from aion.control.symbol_admission import Admissions
from aion.engine.engine import Engine, Pending, Steps
from aion.engine.heartbeat import Heart
from aion.engine.replay_clock import Drive
from aion.engine.span import Span
from aion.engine.waiter import Waiter
from aion.errors import DiskError
from aion.ledger.ledger import BotCycle, Ledger
from aion.market.feed import Batch, Feed
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.output.outbox import Outbox
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.trading.bar_window import Window
from aion.trading.events import Audit

FLUSH_S = 0.1  # least wall seconds between two commits with their files
POLL_S = 0.2  # wall seconds between two looks at what the desk asks for
RETRY_S = 1.0  # between two attempts to commit to a disk that refuses
CATCH_UP_DUE_S = 2.0  # while catching up a file comes at least that often
_PEAKS = "desk_peaks"  # note in the ledger: highest sums of equity by currency
Phase = Literal["starting", "catching_up", "running", "paused", "closed", "finished"]


class DeskDriver(ABC):
    """Drives an engine beside a desk: its files, its requests, its heartbeat. A child says where bars come from."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        feed: Feed,
        ledger: Ledger,
        stamp: Stamp,
        log: ProcessLog,
        waiter: Waiter,
        pace: Pace,
        span: Span,
        *,
        is_watched_whole: bool,
    ) -> None:
        """Make the bots and bring them to where the ledger stands.

        Args:
            settings: of the process.
            layout: of the data folder.
            feed: where bars come from.
            ledger: of the run, open.
            stamp: mode and run of all documents.
            log: of the process.
            waiter: lets wall time pass.
            pace: how market time becomes wall time.
            span: from when to when the run goes.
            is_watched_whole: as in `Engine.restore`.

        Raises:
            ConfigError: a bot that cannot work.
            LedgerError: a ledger that cannot be read.
        """
        self._settings = settings
        self._feed = feed
        self._ledger = ledger
        self._log = log
        self._waiter = waiter
        self._stamp = stamp
        self._pace = pace
        self.span = span
        self._heart = Heart(layout, stamp, waiter)
        window = Window(age=timedelta(seconds=settings.bar_age_s))
        self.engine = Engine(
            settings.bots, settings.risk, feed, ledger, stamp, layout, log, pace, span.begins, span.end, window
        )
        self._bots, self._job, self._swing = self.engine.by_name, self.engine.job, self.engine.swing
        self._clock = self.engine.clock
        self._outbox = Outbox(layout, log)
        self._phase: Phase = "starting"
        self._label = ""
        self._progress: float | None = None
        self._next_run_at: datetime | None = None
        self._following: datetime | None = None
        self._audits: list[Audit] = []
        self._peaks: dict[str, str] = {}
        self._flushed_at = self._polled_at = waiter.monotonic()
        leave_alone(self._bots.values(), ledger)
        admissions = Admissions(self._bots, ledger)
        first = feed.span("minute" if self._job.bots else "day")[0]
        self.drive = Drive(pace, waiter, real_time=feed.real_time, first=first, end=span.end)
        self.engine.restore(is_watched_whole=is_watched_whole)
        self.drive.restore(ledger, self._clock.now())
        self.engine.desk_gate.restore(json.loads(ledger.notes(_PEAKS) or "{}"))
        self._controller = Controller(Inbox(layout, self._bots), ledger, self._bots, stamp, log, admissions)

    # what a child says

    @abstractmethod
    def run(self) -> bool:
        """Trade until the bars end, or another run shall begin (True), or until asked to stop (False)."""

    @abstractmethod
    def batches(self) -> Steps:
        """As `Driver.batches`."""

    @abstractmethod
    def handed_at(self, batch: Batch) -> datetime:
        """As `Driver.handed_at`."""

    @property
    @abstractmethod
    def _seq(self) -> int:
        """A number of the summary that grows and survives a restart."""

    @abstractmethod
    def _due_in_s(self) -> float | None:
        """Return the wall seconds until the next cycle is expected; None when it cannot be known."""

    def _market_time(self) -> datetime:
        """Return the market time of what people do."""
        return self._clock.now()

    # what the engine tells

    def end_days(self, ended: Sequence[IntradayBot], batch: Batch) -> None:
        """Write the day files before the bots hold the next day."""
        self._flush()

    def took_part(self, bots: Sequence[BotAccount], batch: Batch) -> None:
        """Put the activity of swing bots, of which each day has a file of its own."""
        for bot in bots:
            if isinstance(bot, SwingBot):
                self._swing.put_activity(self._outbox, bot)

    def refused(self, bots: Sequence[BotAccount]) -> None:
        """Have what happened to `bots` outside a cycle committed and shown."""
        pending = self.engine.pending
        for bot in bots:
            if isinstance(bot, IntradayBot):
                pending.changed[bot.name] = bot
            elif isinstance(bot, SwingBot):
                pending.done.append(bot.take_cycle())
                if bot.day:
                    self._swing.put_activity(self._outbox, bot)
                if bot.cycle_id:
                    pending.marked[bot.name] = bot

    # bars and the desk

    def _work(self, batch: Batch) -> Steps:
        """Yield a batch to be run now, and count the time that it takes."""
        with self._heart.work():
            yield batch
        self.drive.now = self._clock.now()

    def _play(self, batch: Batch) -> Steps:
        """Yield a batch to be run now; commit and files come when they are due."""
        yield from self._work(batch)
        if self._waiter.monotonic() - self._flushed_at >= FLUSH_S:
            self._flush()

    def _catch_up(self, batches: Sequence[Batch], first: Batch | None) -> Steps:
        """Yield what lies before the start, until asked to stop or to begin another run; `first` comes after it."""
        if not batches:
            return
        began = self._waiter.monotonic()
        self._phase = "catching_up"
        for number, batch in enumerate(batches):
            self._look_at_desk()
            if self._is_ended:
                self._flush()
                return
            self._progress = round(number / len(batches), 4)
            yield from self._play(batch)
        self._following = first.ts if first is not None else None
        self._progress = 1.0
        self._flush()
        took = self._waiter.monotonic() - began
        self._log.info(f"caught up to {iso(self.span.start)} in {took:.1f} s", market_time=self._clock.now())

    @property
    def _is_ended(self) -> bool:
        """True when no bar is to be run any more: asked to stop, or another run shall begin."""
        return self._waiter.is_stopped or self.drive.begin_again_at is not None

    def _look_at_desk(self) -> None:
        """Carry out what the desk asks for, looking at most every `POLL_S`."""
        now = self._waiter.monotonic()
        if now - self._polled_at < POLL_S and self._phase != "starting":
            return
        self._polled_at = now
        self._heart.beat()
        news = self._controller.look()
        if not news and not self._settle():
            return
        if self._has_changed:
            self._flush()
        speed = self.drive.speed
        carried = self._controller.carry_out(news, self._market_time(), self.drive)
        self._audits += carried.audits
        self.drive.notes |= carried.notes
        self.refused([bot for bot in self._bots.values() if bot.name in carried.bots])
        if self.drive.speed != speed:  # each file says when the next is due
            pending = self.engine.pending
            pending.changed |= {name: bot for name, bot in self._job.bots.items() if bot.cycle_id}
            pending.marked |= {name: bot for name, bot in self._swing.bots.items() if bot.cycle_id}
        self._flush()

    def _settle(self) -> bool:
        """Note which requests have come about meanwhile; tell whether any has."""
        is_there = self.drive.has_arrived(self._clock.now()) and self._phase not in ("starting", "catching_up")
        is_over = self._phase == "finished" and self.drive.begin_again_at is None
        return self._controller.settle(has_arrived=is_there or is_over)

    # commits and files

    @property
    def _has_changed(self) -> bool:
        pending = self.engine.pending
        return bool(pending.changed or pending.marked or pending.done or self._audits)

    def _flush(self) -> None:
        """Commit what happened, then write the files, then say so."""
        began = self._waiter.monotonic()
        self._settle()
        pending = self.engine.pending
        changed = list(pending.changed.values())
        cycles = self.engine.take_cycles(changed)
        if (peaks := self.engine.desk_gate.state()) != self._peaks:
            self._peaks = peaks
            self.drive.notes[_PEAKS] = json.dumps(peaks)
        self._commit(cycles)
        for bot in pending.marked.values():
            self._swing.put_rolling(self._outbox, bot)
        self._job.put(self._outbox, self._clock_document(), self._seq, self._due_in_s(), changed)
        is_written = self._outbox.write()
        self._flushed_at = self._waiter.monotonic()
        self._heart.end_cycle(began)
        if is_written:
            self._say(pending)
        self.engine.pending = Pending()
        self._audits, self._controller.settled, self.drive.notes = [], [], {}

    def _commit(self, cycles: list[BotCycle]) -> None:
        has_failed = False
        notes = self.drive.notes
        while cycles or self._audits or self._controller.settled or notes:
            try:
                with self._ledger.batch():
                    for cycle in cycles:
                        self._ledger.commit([cycle])
                    for audit in self._audits:
                        self._ledger.audit(audit)
                    for settled in self._controller.settled:
                        self._ledger.settle_audit(*settled)
                    for key, value in notes.items():
                        self._ledger.note(key, value)
            except DiskError as error:
                if not has_failed:
                    self._log.error(f"{error}; the replay waits until the disk is writable")
                has_failed = True
                if self._waiter.wait(RETRY_S):
                    raise
            else:
                return

    def _say(self, pending: Pending) -> None:
        if pending.cycles:
            more = f" (and {pending.cycles - 1} before it)" if pending.cycles > 1 else ""
            self._log.info(
                f"intraday cycle complete cycle_id={self._job.cycle_id}{more}",
                cycle_id=self._job.cycle_id,
                market_time=self._clock.now(),
                is_quiet=True,
            )
        for bot in pending.rebalanced:
            self._log.info(
                "FULL rebalance complete",
                bot=bot.name,
                cycle_id=bot.cycle_id,
                market_time=bot.cursor,
                is_quiet=self._phase == "catching_up",
            )

    def _clock_document(self) -> Json:
        value: Json = {
            "state": self._phase,
            "market_time": iso(self._clock.now()),
            "speed": self.drive.speed,
            "feed": self._feed.name,
            "real_time": self._feed.real_time,
            "delay_s": 0,
            "label": self._label,
            "data_from": iso(self.span.intraday),
            "data_to": iso(self.span.end),
            "provenance": self._feed.provenance,
        }
        value |= self._controller.clock_fields()
        if self._progress is not None:
            value["progress"] = self._progress
        if self._next_run_at is not None:
            value["next_run_at"] = iso(self._next_run_at)
        return value

    def _write_clock(self) -> None:
        self._job.put_clock(self._outbox, self._clock_document(), self._seq, self._due_in_s())
        self._outbox.write()

    def _write_all(self) -> None:
        """Write every present file again from what the ledger gave."""
        for bot in self._swing.put_played(self._outbox):
            self._swing.put_missing_activity(self._outbox, bot, self._ledger)
        self._job.put(self._outbox, self._clock_document(), self._seq, CATCH_UP_DUE_S, list(self._job.bots.values()))
        self._outbox.write()
