"""One run of a replay: from where its ledger stands to the end of the tape.

The market's clock moves by the bars delivered and by nothing else, so a machine that slept goes on where it stopped.
Each round is: bars -> bots -> one ledger commit -> files. Commits and files come at most ten times a second: at high
speed, and while catching up, several cycles share one.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from aion.bot.account import BotAccount
from aion.bot.intraday import IntradayBot
from aion.bot.quarantine import leave_alone
from aion.bot.schedule import Pace, closed_label
from aion.bot.swing import SwingBot
from aion.clock import ReplayClock, iso
from aion.config import Settings
from aion.control.controller import Controller
from aion.control.inbox import Inbox
from aion.control.symbol_admission import Admissions
from aion.engine.daytrading import minute_number
from aion.engine.heartbeat import Heart
from aion.engine.intake import Intake
from aion.engine.replay_clock import Drive
from aion.engine.resume import ledger_cursor
from aion.engine.run_bots import RunBots, Times
from aion.engine.span import Span, span_of
from aion.engine.waiter import Waiter
from aion.errors import DiskError
from aion.ledger.ledger import Entry, Ledger
from aion.market.feed import Batch, Feed, Kind
from aion.market.grid import Grid
from aion.output.day_record import earlier_days
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.output.outbox import Outbox
from aion.output.process_log import ProcessLog
from aion.store.layout import Layout
from aion.trading.bar_window import Window
from aion.trading.events import Audit

FLUSH_S = 0.1  # least wall seconds between two commits with their files
LATE_S = 1.0  # a replay further behind than this (the machine slept, or is slow) does not rush to catch up
POLL_S = 0.2  # wall seconds between two looks at what the desk asks for
RETRY_S = 1.0  # between two attempts to commit to a disk that refuses
CATCH_UP_DUE_S = 2.0  # while catching up a file comes at least that often
_PEAKS = "desk_peaks"  # note in the ledger: highest sums of equity by currency
Phase = Literal["starting", "catching_up", "running", "paused", "closed", "finished"]
_PHASES: tuple[Phase, ...] = ("starting", "catching_up", "running", "paused", "closed", "finished")


class Replay:
    """Runs the bots of one run; the runner owns the ledger and decides what comes after."""

    clock_type = ReplayClock

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        feed: Feed,
        ledger: Ledger,
        stamp: Stamp,
        log: ProcessLog,
        waiter: Waiter,
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
        self._heart = Heart(layout, stamp, waiter)
        exchanges = frozenset(bot.exchange for bot in settings.bots.values() if bot.kind == "intraday")
        marks = frozenset(bot.exchange for bot in settings.bots.values() if bot.kind == "swing")
        self._pace = self._make_pace(exchanges, marks)
        self.span = self._make_span(exchanges)
        begins: Times = {"minute": self.span.intraday, "day": self.span.swing}
        self._run_bots = bots = RunBots(
            settings.bots, settings.risk, feed, stamp, layout, log, self._pace, begins, self.span.end
        )
        self._bots, self.job, self.swing = bots.by_name, bots.job, bots.swing
        self._outbox = Outbox(layout, log)
        self._clock = self.clock_type(self.span.swing if bots.of["day"] else self.span.intraday)
        self._phase: Phase = "starting"
        self._label = ""
        self._progress: float | None = None
        self._next_run_at: datetime | None = None
        self._following: datetime | None = None
        # since the newest flush
        self._changed: dict[str, IntradayBot] = {}
        self._marked: dict[str, SwingBot] = {}
        self._rebalanced: list[SwingBot] = []
        self._entries: list[Entry] = []
        self._audits: list[Audit] = []
        self._peaks: dict[str, str] = {}
        self._cycles = 0
        self._flushed_at = self._polled_at = waiter.monotonic()
        leave_alone(self._bots.values(), ledger)
        admissions = Admissions(self._bots, ledger)
        first = feed.span("minute" if bots.of["minute"] else "day")[0]
        self.drive = Drive(self._pace, waiter, real_time=feed.real_time, first=first, end=self.span.end)
        self._cursors = self._resume()
        self.drive.restore(ledger, self._clock.now())
        self._desk_gate = bots.desk_gate
        self._desk_gate.restore(json.loads(ledger.notes(_PEAKS) or "{}"))
        self._intake = Intake(self._bots.values(), Window(age=timedelta(seconds=settings.bar_age_s)), self._cursors)
        self._controller = Controller(Inbox(layout, self._bots), ledger, self._bots, stamp, log, admissions)

    def _make_pace(self, exchanges: frozenset[str], marks: frozenset[str]) -> Pace:
        grid = Grid(self._feed.interval, self._feed.anchor)
        return Pace(exchanges, self._settings.speed, self._settings.closed_gap_s, marks, grid)

    def _make_span(self, exchanges: frozenset[str]) -> Span:
        return span_of(self._settings, self._feed, exchanges)

    def _watched_from(self, kind: Kind, cursor: datetime) -> datetime:
        """Return the market time before which strategies only warm up when they are brought to `cursor` again."""
        return self.span.intraday if kind == "minute" else self.span.swing

    def _resume(self) -> Times:
        """Bring bots and clock to where the ledger stands, and return how far minutes and days were dealt with."""
        ledger, span, bots = self._ledger, self.span, self._run_bots
        cursors: Times = {
            "minute": ledger_cursor(bots.of["minute"].values(), ledger, span.intraday),
            "day": ledger_cursor(bots.of["day"].values(), ledger, span.swing),
        }
        bots.restore(ledger, {kind: self._watched_from(kind, at) for kind, at in cursors.items()}, cursors)
        for name, bot in self.job.bots.items():
            for day, summary in earlier_days(ledger, name, bot.settings, bot.day, bot.started_at).items():
                self.job.days.setdefault(day, {})[name] = summary
        self.job.restore()
        reached = [bot.cursor for bot in (*self.job.bots.values(), *self.swing.bots.values()) if bot.cycle_id]
        self._clock.advance(max(reached, default=self._clock.now()))
        return cursors

    # the life of a run

    def run(self) -> bool:
        """Trade to the end of the tape, or to where the desk wants another run; False when asked to stop before."""
        self._write_all()
        self._look_at_desk()
        batches = self._timeline()
        before: list[Batch] = []
        batch: Batch | None = None
        for batch in batches:
            if batch.ts > self.span.start:
                break
            before.append(batch)
        else:
            batch = None
        if not self._catch_up(before, batch):
            return self._is_over
        self._phase, self._progress = "running", None
        self.drive.set_off()
        while batch is not None:
            following = next(batches, None)
            if not self._await(batch.ts):
                return self._is_over
            self._following = following.ts if following is not None else None
            self._process(batch)
            if self._waiter.monotonic() - self._flushed_at >= FLUSH_S:
                self._flush()
            batch = following
        self._finish()
        return self._linger()

    @property
    def _is_over(self) -> bool:
        return self.drive.begin_again_at is not None and not self._waiter.is_stopped

    def _catch_up(self, batches: list[Batch], first: Batch | None) -> bool:
        """Run what lies before the start; return False when asked to stop, or to begin another run."""
        if not batches:
            return not self._waiter.is_stopped
        began = self._waiter.monotonic()
        self._phase = "catching_up"
        for number, batch in enumerate(batches):
            self._look_at_desk()
            if self._waiter.is_stopped or self._is_over:
                self._flush()
                return False
            self._progress = round(number / len(batches), 4)
            self._process(batch)
            if self._waiter.monotonic() - self._flushed_at >= FLUSH_S:
                self._flush()
        self._following = first.ts if first is not None else None
        self._progress = 1.0
        self._flush()
        took = self._waiter.monotonic() - began
        self._log.info(f"caught up with {iso(self.span.start)} in {took:.1f} s", market_time=self._clock.now())
        return True

    def _await(self, ts: datetime) -> bool:
        """Let the wall time before the batch of `ts` pass; False when asked to stop, or to begin another run."""
        last = self._clock.now()
        was_skipping = self.drive.jump_to is not None
        if self.drive.is_skipping(ts) or was_skipping:  # a jump arrives without the gap before its day
            self.drive.set_off()
        else:
            self.drive.expect(last, ts, LATE_S)
        while True:
            self._look_at_desk()
            if self._waiter.is_stopped or self._is_over:
                self._flush()
                return False
            if self.drive.is_skipping(ts):
                self._phase, self._progress, self._label = "catching_up", self.drive.progress(), "jumping"
                break
            left = self.drive.left_s()
            if left is not None and left <= 0:
                self._phase, self._progress, self._label = "running", None, ""
                break
            self._rest(last, ts, left)
        self.drive.arrive()
        return True

    def _rest(self, last: datetime, ts: datetime, left: float | None) -> None:
        """Wait a little of the `left` seconds (None: held still) between two batches, and say so once."""
        phase: Phase = "running"
        label = ""
        if left is None:
            phase, label = "paused", "held still on the desk"
        elif self._pace.is_gap(last, ts):
            phase, label = "closed", closed_label(self._pace.exchanges or self._pace.marks, last, ts)
        rest = self._flushed_at + FLUSH_S - self._waiter.monotonic()
        if self._has_changed and (left is None or rest <= left):
            self._waiter.wait(max(0.0, rest))
            if not self._waiter.is_stopped:
                self._flush()
            return
        if (phase, label) != (self._phase, self._label):
            self._phase, self._progress, self._label = phase, None, label
            self._write_clock()
            if label:
                self._log.info(label, market_time=last)
        self._waiter.wait(POLL_S if left is None else min(left, POLL_S))

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
        has_new_due_times = self.drive.speed != speed
        self._touch(bot for bot in self._bots.values() if bot.name in carried.bots)
        if has_new_due_times:
            self._changed |= {name: bot for name, bot in self.job.bots.items() if bot.cycle_id}
            self._marked |= {name: bot for name, bot in self.swing.bots.items() if bot.cycle_id}
        self._flush()

    def _settle(self) -> bool:
        """Note which requests have come about meanwhile; tell whether any has."""
        is_there = self.drive.has_arrived(self._clock.now()) and self._phase not in ("starting", "catching_up")
        is_over = self._phase == "finished" and self.drive.begin_again_at is None
        return self._controller.settle(has_arrived=is_there or is_over)

    def _touch(self, bots: Iterable[BotAccount]) -> None:
        """Have what happened to `bots` outside a cycle committed and shown."""
        for bot in bots:
            if isinstance(bot, IntradayBot):
                self._changed[bot.name] = bot
            elif isinstance(bot, SwingBot):
                self._entries.append(bot.take_entry())
                if bot.day:
                    self.swing.put_activity(self._outbox, bot)
                if bot.cycle_id:
                    self._marked[bot.name] = bot

    def _market_time(self) -> datetime:
        """Return the market time of what people do: the wall's with a feed that delivers as it happens."""
        now = self._clock.now()
        return max(now, self._stamp.wall.now()) if self._feed.real_time else now

    def _linger(self) -> bool:
        """Stay at the end of the tape until the next run is due, answering the desk; False when asked to stop."""
        until = self._waiter.monotonic() + self._settings.run_pause_s
        while (left := until - self._waiter.monotonic()) > 0 and not self._is_over:
            if self._waiter.wait(min(left, POLL_S)):
                return False
            self._look_at_desk()
        return True

    def _finish(self) -> None:
        for bot in self.job.bots.values():
            if bot.cycle_id:
                bot.end_day()
                self._changed[bot.name] = bot
        self._phase = "finished"
        pause = self._settings.run_pause_s
        self._label = "end of the tape"
        self._next_run_at = self._stamp.wall_in(self._clock.now(), pause)
        self._following = None
        self._flush()
        self._log.info(f"end of the tape; the next run starts in {pause:g} s", market_time=self._clock.now())

    # one batch

    def _timeline(self) -> Iterator[Batch]:
        """Yield the batches that are still to come."""
        return self._run_bots.timeline(self._cursors, self.span.end)

    def _handed_at(self, batch: Batch) -> datetime:
        """Return the bots' clock when `batch` is handed in: that of the bars delivered."""
        return max(self._clock.now(), batch.ts)

    def _process(self, offered: Batch) -> None:
        with self._heart.work():
            self._take(offered)

    def _take(self, offered: Batch) -> None:
        now = self._handed_at(offered)
        batch, refusing = self._intake.admit(offered, now)
        self._touch(refusing)
        if batch is None:
            return
        self.drive.now = batch.ts
        self._desk_gate.begin_cycle()
        if batch.kind == "minute":
            ended = self.job.end_days(batch)
            if ended:
                self._changed |= {bot.name: bot for bot in ended}
                self._flush()
            self._clock.advance(max(self._clock.now(), batch.ts))
            self._changed |= {bot.name: bot for bot in self.job.on_batch(batch)}
            self._cycles += 1
            return
        self._clock.advance(max(self._clock.now(), batch.ts))
        marked, rebalanced = self.swing.on_batch(batch)
        self._rebalanced += rebalanced
        for bot in marked:
            self._marked[bot.name] = bot
            self._entries.append(bot.take_entry())
            self.swing.put_activity(self._outbox, bot)

    @property
    def _has_changed(self) -> bool:
        return bool(self._changed or self._marked or self._entries or self._audits)

    def _flush(self) -> None:
        """Commit what happened, then write the files, then say so."""
        began = self._waiter.monotonic()
        self._settle()
        entries = self._entries + [bot.take_entry() for bot in self._changed.values()]
        if (peaks := self._desk_gate.state()) != self._peaks:
            self._peaks = peaks
            self.drive.notes[_PEAKS] = json.dumps(peaks)
        self._commit(entries)
        for bot in self._marked.values():
            self.swing.put_rolling(self._outbox, bot)
        self.job.put(self._outbox, self._clock_document(), self._seq, self._due_in_s(), list(self._changed.values()))
        is_written = self._outbox.write()
        self._flushed_at = self._waiter.monotonic()
        self._heart.end_cycle(began)
        if is_written:
            self._say()
        self._entries, self._changed, self._marked, self._rebalanced = [], {}, {}, []
        self._audits, self._controller.settled, self.drive.notes = [], [], {}
        self._cycles = 0

    def _commit(self, entries: list[Entry]) -> None:
        has_failed = False
        notes = self.drive.notes
        while entries or self._audits or self._controller.settled or notes:
            try:
                with self._ledger.batch():
                    for entry in entries:
                        self._ledger.commit([entry])
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

    # what the desk is told

    @property
    def _seq(self) -> int:
        return minute_number(self._clock.now()) * len(_PHASES) + _PHASES.index(self._phase)

    def _due_in_s(self) -> float | None:
        if self._phase == "finished":
            return self._settings.run_pause_s
        if self._phase in ("starting", "catching_up"):
            return CATCH_UP_DUE_S
        if self._following is None or self._pace.is_held:
            return None
        left = self.drive.left_s() if self._phase == "closed" else None
        return left if left is not None else self._pace.wait_s(self._clock.now(), self._following)

    def _clock_document(self) -> Json:
        now = self._clock.now()
        value: Json = {
            "state": self._phase,
            "market_time": iso(now),
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
        self.job.put(self._outbox, self._clock_document(), self._seq, self._due_in_s(), ())
        self._outbox.write()

    def _write_all(self) -> None:
        """Write every present file again from what the ledger gave."""
        for bot in self.swing.bots.values():
            if bot.cycle_id:
                self.swing.put_rolling(self._outbox, bot)
                self.swing.put_activity(self._outbox, bot)
                self.swing.put_missing_activity(self._outbox, bot, self._ledger)
        self.job.put(self._outbox, self._clock_document(), self._seq, CATCH_UP_DUE_S, list(self.job.bots.values()))
        self._outbox.write()

    def _say(self) -> None:
        now = self._clock.now()
        if self._cycles:
            more = f" (and {self._cycles - 1} before it)" if self._cycles > 1 else ""
            self._log.info(
                f"intraday cycle complete cycle_id={self.job.cycle_id}{more}",
                cycle_id=self.job.cycle_id,
                market_time=now,
                is_quiet=True,
            )
        for bot in self._rebalanced:
            self._log.info(
                "FULL rebalance complete",
                bot=bot.name,
                cycle_id=bot.cycle_id,
                market_time=bot.cursor,
                is_quiet=self._phase == "catching_up",
            )
