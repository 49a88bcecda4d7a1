"""The driver of a replay: from where its ledger stands to the end of the tape.

The market's clock moves by the bars delivered and by nothing else, so a machine that slept goes on where it stopped.
"""

from datetime import datetime
from typing import get_args

from aion.bot.schedule import Pace, closed_label
from aion.config import Settings
from aion.engine.daytrading import minute_number
from aion.engine.desk_driver import CATCH_UP_DUE_S, FLUSH_S, POLL_S, DeskDriver, Phase
from aion.engine.engine import Steps
from aion.engine.span import exchanges_of, span_of
from aion.engine.waiter import Waiter
from aion.ledger.ledger import Ledger
from aion.market.feed import Batch, Feed
from aion.market.grid import Grid
from aion.output.envelope import Stamp
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog

LATE_S = 1.0  # a replay further behind than this (the machine slept, or is slow) does not rush to catch up
_PHASES: tuple[Phase, ...] = get_args(Phase)


class Replay(DeskDriver):
    """Plays one run; the runner owns the ledger and decides what comes after."""

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
        """As `DeskDriver`."""
        exchanges, marks = exchanges_of(settings, "intraday"), exchanges_of(settings, "swing")
        pace = Pace(exchanges, settings.speed, settings.closed_gap_s, marks, Grid(feed.interval, feed.anchor))
        span = span_of(settings, feed, exchanges)
        super().__init__(
            settings, layout, feed, ledger, stamp, log, waiter, pace, span, is_watched_whole=True
        )  # fmt: skip
        self._is_at_end = False

    def run(self) -> bool:
        """As `DeskDriver.run`: to the end of the tape, or to where the desk wants another run."""
        self._write_all()
        self._look_at_desk()
        self.engine.run(self)
        if self._is_at_end:
            self._finish()
            return self._linger()
        return self._is_over

    @property
    def _is_over(self) -> bool:
        return self.drive.begin_again_at is not None and not self._waiter.is_stopped

    def batches(self) -> Steps:
        """Yield each batch of the tape when the wall time before it has passed."""
        timeline = self.engine.timeline()
        before: list[Batch] = []
        batch: Batch | None = None
        for batch in timeline:
            if batch.ts > self.span.start:
                break
            before.append(batch)
        else:
            batch = None
        yield from self._catch_up(before, batch)
        if self._is_ended:
            return
        self.drive.set_off()  # the wait before the next batch says what comes after catching up
        while batch is not None:
            following = next(timeline, None)
            if not self._await(batch.ts):
                return
            self._following = following.ts if following is not None else None
            yield from self._play(batch)
            batch = following
        self._is_at_end = True

    def handed_at(self, batch: Batch) -> datetime:
        """Return the clock of the bars delivered."""
        return self.engine.delivered_at(batch)

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
            if self._is_ended:
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
        is_too_soon = phase == "running" and rest > 0  # after the newest files
        if (phase, label) != (self._phase, self._label) and not is_too_soon:
            self._phase, self._progress, self._label = phase, None, label
            self._write_clock()
            if label:
                self._log.info(label, market_time=last)
        self._waiter.wait(POLL_S if left is None else min(left, POLL_S))

    def _finish(self) -> None:
        self.engine.end_all_days()
        self._phase = "finished"
        pause = self._settings.run_pause_s
        self._label = "end of the tape"
        self._next_run_at = self._stamp.wall_in(self._clock.now(), pause)
        self._following = None
        self._flush()
        self._log.info(f"end of the tape; the next run starts in {pause:g} s", market_time=self._clock.now())

    def _linger(self) -> bool:
        """Stay at the end of the tape until the next run is due, answering the desk; False when asked to stop."""
        until = self._waiter.monotonic() + self._settings.run_pause_s
        while (left := until - self._waiter.monotonic()) > 0 and not self._is_over:
            if self._waiter.wait(min(left, POLL_S)):
                return False
            self._look_at_desk()
        return True

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
