"""The grid of an intraday series: the length of its bars and the time from which they are counted.

A bar never crosses the end of a session or a lunch break: the last one before it may be shorter. If bars are counted
from the full hour instead of from the open, the first one of a session may be shorter too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from aion.market import calendar
from aion.market.calendar import MarketSession

Anchor = Literal["open", "clock"]
"""From where bars are counted: the open of the session (and the end of lunch), or midnight UTC."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grid:
    """Regular bars inside sessions."""

    interval: timedelta = MINUTE
    """Length of a bar that nothing cuts, whole minutes."""
    anchor: Anchor = "open"

    @property
    def minutes(self) -> int:
        """Length of a bar in minutes."""
        return self.interval // MINUTE

    def opened(self, session: MarketSession, ts: datetime) -> datetime:
        """Return the start of the bar that closes at `ts` in `session`, at most one interval earlier."""
        begins = ts - self.interval
        if self.interval == MINUTE:
            return begins
        opens, ends = _part(session, ts - INSTANT)
        if ts == ends:
            base = self._base(opens)
            begins = base + (ts - INSTANT - base) // self.interval * self.interval
        return max(begins, opens)

    def close(self, session: MarketSession, at: datetime) -> datetime | None:
        """Return the close of the bar that contains the moment `at`, None when the market is closed then."""
        opens, ends = _part(session, at)
        if not opens <= at < ends:
            return None
        base = self._base(opens)
        return min(ends, base + ((at - base) // self.interval + 1) * self.interval)

    def is_close(self, session: MarketSession, ts: datetime) -> bool:
        """Tell whether a bar of `session` closes at `ts`."""
        return self.close(session, ts - INSTANT) == ts

    def has(self, session: MarketSession, ts: datetime) -> bool:
        """Tell whether a bar that closes at `ts` was traded in `session`, also if a halt cut it short."""
        return session.has(ts, self.opened(session, ts)) if session.halts else session.has(ts)

    def count(self, session: MarketSession, after: datetime, until: datetime) -> int:
        """Return the number of bars of `session` that close in (`after`, `until`], without those inside halts."""
        found = 0
        for opens, ends in _parts(session):
            found += self._until(opens, ends, until) - self._until(opens, ends, after)
            for start, end in session.halts:
                first = max(start, opens, after)
                base = self._base(opens)
                first = base - (base - first) // self.interval * self.interval  # rounded up to where a bar begins
                lost = self._until(opens, ends, min(end, until)) - self._until(opens, ends, first)
                found -= max(0, lost)
        return max(0, found)

    def _until(self, opens: datetime, ends: datetime, at: datetime) -> int:
        """Return the number of bars of one part of a session that close at or before `at`."""
        if at <= opens:
            return 0
        base = self._base(opens)
        if at >= ends:
            return -((base - ends) // self.interval)
        return (at - base) // self.interval

    def _base(self, opens: datetime) -> datetime:
        return opens if self.anchor == "open" else opens - (opens - _EPOCH) % self.interval

    def text(self) -> str:
        """Return the length for people: `5-minute`, `1-hour`."""
        return length_text(self.interval)


MINUTES = Grid()
"""Bars of one minute, which both anchors lay alike."""


def length_text(interval: timedelta) -> str:
    """Return a length for people, before a noun: `5-minute`, `1-hour`, `1-day`."""
    for unit, name in ((DAY, "day"), (timedelta(hours=1), "hour"), (MINUTE, "minute")):
        if interval >= unit and not interval % unit:
            return f"{interval // unit}-{name}"
    return f"{interval.total_seconds():g}-second"


def is_sensible(interval: timedelta, session: MarketSession) -> bool:
    """Tell whether bars of that length can be traded: whole minutes below a day that divide a day or the session."""
    if interval % MINUTE or not MINUTE <= interval < DAY:
        return False
    parts = _parts(session)
    return not DAY % interval or (len(parts) == 1 and not (session.close - session.open) % interval)


def next_bar(mic: str, ts: datetime, grid: Grid = MINUTES) -> datetime | None:
    """Return the close of the next possible bar of `mic` after `ts`; None after the end of the calendar."""
    session = calendar.session_around(mic, ts + INSTANT)
    close = grid.close(session, ts) if session is not None else None
    if session is not None and close is not None and grid.has(session, close):
        return close
    opened = calendar.next_open(mic, ts)
    session = calendar.session_around(mic, opened + INSTANT) if opened is not None else None
    return grid.close(session, opened) if session is not None and opened is not None else None


def _parts(session: MarketSession) -> list[tuple[datetime, datetime]]:
    if session.break_start is None or session.break_end is None:
        return [(session.open, session.close)]
    return [(session.open, session.break_start), (session.break_end, session.close)]


def _part(session: MarketSession, at: datetime) -> tuple[datetime, datetime]:
    """Return start and end of the part of `session` that contains the moment `at`, or of the next one."""
    parts = _parts(session)
    return parts[0] if at < parts[0][1] else parts[-1]
