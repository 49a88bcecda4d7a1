"""Exchange sessions: when a market is open, by `exchange_calendars`, held as sorted arrays of plain times.

Calendars are imported on first use (pandas comes with them) and are for the trading process only. Times are aware
UTC. A bar belongs to a session when its close lies in (open, close], so a bar of the lunch break belongs to none.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aion.errors import ConfigError
from aion.store import document

ALWAYS = "24/7"
"""Pseudo exchange of markets that never close; its sessions are UTC days."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What people call an exchange and where its clock is."""

    mic: str
    city: str
    timezone: str


EXCHANGES = {
    "XNYS": Exchange("XNYS", "New York", "America/New_York"),
    "XNAS": Exchange("XNAS", "New York", "America/New_York"),
    "XLON": Exchange("XLON", "London", "Europe/London"),
    "XHKG": Exchange("XHKG", "Hong Kong", "Asia/Hong_Kong"),
    ALWAYS: Exchange(ALWAYS, "always open", "UTC"),
}


@dataclass(frozen=True, slots=True)
class MarketSession:
    """One trading day of one exchange; times are aware UTC."""

    mic: str
    day: date
    open: datetime
    close: datetime
    break_start: datetime | None = None
    break_end: datetime | None = None
    half_day: bool = False

    def has(self, ts: datetime) -> bool:
        """Tell whether a bar that closes at `ts` was traded in this session."""
        if not self.open < ts <= self.close:
            return False
        if self.break_start is not None and self.break_end is not None:
            return not self.break_start < ts <= self.break_end
        return True

    def minutes_left(self, ts: datetime) -> int:
        """Whole minutes of trading from `ts` to the close, the lunch break left out."""
        left = self.close - ts
        if self.break_start is not None and self.break_end is not None and ts < self.break_end:
            left -= self.break_end - max(ts, self.break_start)
        return max(0, int(left.total_seconds() // 60))


class _Table:
    """The sessions of one exchange from 2010 to a year from the newest question."""

    def __init__(self, mic: str) -> None:
        self.sessions = _always(date(2010, 1, 1), date(2035, 12, 31)) if mic == ALWAYS else _load(mic)
        self.opens = [each.open for each in self.sessions]
        self.closes = [each.close for each in self.sessions]
        self.days = [each.day for each in self.sessions]


_tables: dict[str, _Table] = {}


def _table(mic: str) -> _Table:
    found = _tables.get(mic)
    if found is None:
        if mic not in EXCHANGES:
            raise ConfigError(f"exchange {mic!r} is not known; known: {', '.join(EXCHANGES)}")
        found = _tables[mic] = _Table(mic)
    return found


def _load(mic: str) -> list[MarketSession]:
    import exchange_calendars  # noqa: PLC0415 - brings pandas: 1.4 s and 100 MB that the web half must not pay
    import pandas  # noqa: PLC0415

    calendar = exchange_calendars.get_calendar("XNYS" if mic == "XNAS" else mic, start="2014-06-01")
    frame = calendar.schedule
    regular = (frame["close"] - frame["open"]).mode()[0]

    def moment(value: "pandas.Timestamp") -> datetime:
        return datetime.fromtimestamp(value.timestamp(), UTC)

    sessions = []
    for day, opened, start, end, closed in zip(
        frame.index, frame["open"], frame["break_start"], frame["break_end"], frame["close"], strict=True
    ):
        lunch_start, lunch_end = (None, None) if pandas.isna(start) else (moment(start), moment(end))
        half = bool(closed - opened < regular - pandas.Timedelta(minutes=30))
        sessions.append(MarketSession(mic, day.date(), moment(opened), moment(closed), lunch_start, lunch_end, half))
    return sessions


def _always(first: date, last: date) -> list[MarketSession]:
    days = (last - first).days + 1
    starts = [datetime.combine(first + timedelta(days=i), time(), UTC) for i in range(days)]
    return [MarketSession(ALWAYS, start.date(), start, start + timedelta(days=1)) for start in starts]


def sessions(mic: str, first: date, last: date) -> list[MarketSession]:
    """Return the sessions of `mic` whose day lies in `first`..`last`, both included, in order.

    Raises:
        ConfigError: an exchange that is not known.
    """
    table = _table(mic)
    return table.sessions[bisect_left(table.days, first) : bisect_right(table.days, last)]


def session_closes(mic: str, first: date, last: date) -> dict[date, datetime]:
    """Return the close of each session by its day."""
    return {each.day: each.close for each in sessions(mic, first, last)}


def session_at(mic: str, ts: datetime) -> MarketSession | None:
    """Return the session that a bar closing at `ts` was traded in, or None when the market was closed."""
    session = session_around(mic, ts)
    return session if session is not None and session.has(ts) else None


def session_around(mic: str, ts: datetime) -> MarketSession | None:
    """Return the session with open < `ts` <= close, lunch included, or None."""
    table = _table(mic)
    index = bisect_left(table.closes, ts)
    if index < len(table.sessions) and table.opens[index] < ts:
        return table.sessions[index]
    return None


def next_session(mic: str, ts: datetime) -> MarketSession | None:
    """Return the first session that opens at or after `ts`, or None past the calendar's end."""
    table = _table(mic)
    index = bisect_left(table.opens, ts)
    return table.sessions[index] if index < len(table.sessions) else None


def next_open(mic: str, ts: datetime) -> datetime | None:
    """Return when trading next starts after `ts`: the end of lunch, or the next session's open."""
    around = session_around(mic, ts)
    if around is not None and around.break_end is not None and ts < around.break_end:
        return around.break_end
    following = next_session(mic, ts)
    return following.open if following else None


def is_open(mic: str, ts: datetime) -> bool:
    """Tell whether trading goes on at the moment `ts` (open <= `ts` < close, not in the lunch break)."""
    return session_at(mic, ts + timedelta(microseconds=1)) is not None


def next_close(mic: str, ts: datetime) -> datetime | None:
    """Return the close of the first session that ends after `ts`."""
    table = _table(mic)
    index = bisect_right(table.closes, ts)
    return table.closes[index] if index < len(table.closes) else None


def state_document(mic: str, market_time: datetime) -> document.Session:
    """Return what the desk shows of `mic` at `market_time`: the present session, else the next one."""
    exchange = EXCHANGES[mic]
    present = session_around(mic, market_time + timedelta(microseconds=1))
    shown = present or next_session(mic, market_time)
    state = "closed" if present is None else "open" if is_open(mic, market_time) else "lunch"
    return document.Session.model_validate(
        {
            "name": exchange.city,
            "timezone": exchange.timezone,
            "state": state,
            "day": shown.day.isoformat() if shown else None,
            "opens_at": shown.open if shown else None,
            "closes_at": shown.close if shown else None,
            "break_start": shown.break_start if shown else None,
            "break_end": shown.break_end if shown else None,
            "half_day": shown.half_day if shown else False,
            "next_open_at": None if state == "open" else next_open(mic, market_time),
        }
    )
