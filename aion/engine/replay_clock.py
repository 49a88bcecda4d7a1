"""How fast a run goes and where it jumps to: what the desk may ask of a replay's clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from aion.bot.schedule import Pace
from aion.clock import iso, parse_iso
from aion.ledger.ledger import Ledger

MAX_SPEED = 36_000
_SPEED = "speed"  # note in the ledger: speed asked on the desk, and that of the settings at that time
_JUMP = "jump"  # note in the ledger: market time of a jump that has not arrived


class _Waiting(Protocol):
    def monotonic(self) -> float: ...


@dataclass(slots=True)
class _Gap:
    """The span between two batches that is being waited for."""

    last: datetime
    following: datetime
    left_share: float = 1.0
    """Part of it still to come while the run is held still."""


class Drive:
    """Turns market time into moments on the wall, at a speed that may change while a batch is waited for."""

    def __init__(self, pace: Pace, waiting: _Waiting, *, real_time: bool, first: datetime, end: datetime) -> None:
        """Set off at the speed of `pace`.

        Args:
            pace: of the run.
            waiting: tells the monotonic time.
            real_time: True for a feed whose time nobody can change.
            first: market time of the tape's first bar.
            end: market time of its last bar.
        """
        self.pace = pace
        self._waiting = waiting
        self._real_time = real_time
        self._first = first
        self._end = end
        self._target = waiting.monotonic()
        self._gap: _Gap | None = None
        self.now = first
        """Market time; the run keeps it."""
        self.jump_to: datetime | None = None
        """Bars before it are run as fast as it goes."""
        self.jumped_from = first
        self.aim = first
        """Where the newest jump goes to; market time is there or beyond once it has arrived."""
        self.begin_again_at: datetime | None = None
        """Set when another run shall begin at that market time."""
        self.notes: dict[str, str] = {}
        """What the ledger has to remember of it, with the next commit."""
        self._base = pace.speed

    def restore(self, ledger: Ledger, now: datetime) -> None:
        """Go on with the speed and the jump that were asked for in this run.

        A speed holds as long as the settings name the speed that they named when it was asked.
        """
        self.now = now
        speed, _, base = (ledger.notes(_SPEED) or "").partition("@")
        if speed and float(base) == self._base:
            self._take(float(speed))
        jump = ledger.notes(_JUMP)
        if jump and parse_iso(jump) > now:
            self.jump_to, self.jumped_from, self.aim = parse_iso(jump), now, parse_iso(jump)

    @property
    def speed(self) -> float:
        """Market seconds per real second, 0 while held still."""
        return 0.0 if self.pace.is_held else self.pace.speed

    @property
    def speed_note(self) -> dict[str, str]:
        """What another run has to remember to go on at this speed."""
        return {_SPEED: f"{self.speed!r}@{self._base!r}"}

    # what the desk asks

    def set_speed(self, value: str) -> str:
        """As `Steering.set_speed`."""
        if self._real_time:
            return "a live feed has the speed of the market"
        try:
            speed = float(value)
        except ValueError:
            speed = -1.0
        if not (speed == 0 or 0 < speed <= MAX_SPEED):
            return f"speed {value or 'without a value'} is not 0 or a number up to {MAX_SPEED}"
        gap, now = self._gap, self._waiting.monotonic()
        if gap is not None and not self.pace.is_held:
            whole = self.pace.wait_s(gap.last, gap.following)
            gap.left_share = max(0.0, self._target - now) / whole if whole else 0.0
        self._take(speed)
        if gap is not None and not self.pace.is_held:
            self._target = now + gap.left_share * self.pace.wait_s(gap.last, gap.following)
        self.notes |= self.speed_note
        return ""

    def _take(self, speed: float) -> None:
        self.pace.is_held = speed == 0
        if speed:
            self.pace.speed = speed

    def jump(self, value: str) -> str:
        """As `Steering.jump`; a day that is past begins another run, because time never runs back inside one."""
        if self._real_time:
            return "a live feed cannot jump"
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return f"day {value or 'without a value'} is not a date such as 2022-05-19"
        target = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if not self._first.date() <= day <= self._end.date():
            return f"the tape has {self._first.date()} to {self._end.date()}, not {day}"
        if target > self.now:
            self.jump_to, self.jumped_from, self.aim = target, self.now, target
            self.notes[_JUMP] = iso(target)
        else:
            self.begin_again_at = target
        return ""

    # time

    def set_off(self) -> None:
        """Count from now on: nothing that took time before is made good."""
        self._target = self._waiting.monotonic()

    def expect(self, last: datetime, following: datetime, late_s: float) -> None:
        """Begin to wait for the batch of `following` after that of `last`.

        Args:
            last: market time.
            following: market time.
            late_s: a run that is later than that does not rush.
        """
        self._gap = _Gap(last, following)
        if self.pace.is_held:
            return
        self._target += self.pace.wait_s(last, following)
        now = self._waiting.monotonic()
        if now - self._target > late_s:
            self._target = now

    def left_s(self) -> float | None:
        """Return the wall seconds until the batch is due, <= 0 when it is; None while held still."""
        return None if self.pace.is_held else self._target - self._waiting.monotonic()

    def arrive(self) -> None:
        """Note that the batch is there."""
        self._gap = None

    def is_skipping(self, ts: datetime) -> bool:
        """Tell whether a batch of market time `ts` lies on the way of a jump; the first that does not ends it."""
        if self.jump_to is None:
            return False
        if ts < self.jump_to:
            return True
        self.jump_to = None
        self.notes[_JUMP] = ""
        return False

    def has_arrived(self, now: datetime) -> bool:
        """Tell whether no jump is under way at market time `now`; one to a past day arrives in the next run."""
        return self.jump_to is None and self.begin_again_at is None and now >= self.aim

    def progress(self) -> float:
        """Return how much of a jump is done, a fraction of market time."""
        if self.jump_to is None:
            return 1.0
        whole = self.jump_to - self.jumped_from
        done: timedelta = self.now - self.jumped_from
        return round(min(1.0, max(0.0, done / whole)), 4) if whole else 1.0
