"""Exchange sessions from `exchange_calendars`, stored as sorted lists of times.

The sessions of the years of the recorded bars ship as a table, which the tests compare with `exchange_calendars`;
other days come from that package, which is imported when first needed, only in the trading process. Times are aware
UTC. A bar belongs to a session if its close lies in (open, close], so a bar of the lunch break belongs to none; nor
does one that lies entirely in a halt of the whole market. Such halts, and days on which an exchange was closed or
opened late although its calendar does not say so, are in tables of their own (`halt.csv`, `closure.csv`).
"""

import csv
import gzip
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from aion.clock import iso, parse_iso
from aion.market.exchange import ALWAYS, WEEKDAYS, exchange_of
from aion.market.halt import whole_minutes
from aion.market.own_day import OwnDay
from aion.store.document import state as document


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
    halts: tuple[tuple[datetime, datetime], ...] = ()
    """Spans without trading in whole minutes: first close without a trade excluded, last included."""

    def has(self, ts: datetime, opened: datetime | None = None) -> bool:
        """Tell whether a bar that closes at `ts` was traded in this session.

        Args:
            ts: close of the bar.
            opened: its start, which matters if a halt is shorter than the bar; None for a bar of one minute.
        """
        if not self.open < ts <= self.close:
            return False
        if self.halts:
            if opened is None:
                if self.halt_end(ts) is not None:
                    return False
            elif any(start <= opened and ts <= end for start, end in self.halts):
                return False
        if self.break_start is not None and self.break_end is not None:
            return not self.break_start < ts <= self.break_end
        return True

    def halt_end(self, ts: datetime) -> datetime | None:
        """Return the end of the halt in which a bar closing at `ts` lies, None if there is none."""
        return next((end for start, end in self.halts if start < ts <= end), None)

    def minutes_left(self, ts: datetime) -> int:
        """Return the whole minutes of trading from `ts` to the close, without the lunch break."""
        left = self.close - ts
        if self.break_start is not None and self.break_end is not None and ts < self.break_end:
            left -= self.break_end - max(ts, self.break_start)
        return max(0, int(left.total_seconds() // 60))

    def time_with(self, minutes: int) -> datetime:
        """Return the newest moment at which `minutes` (>= 1) of trading are left, as `minutes_left` counts them."""
        at = self.close - timedelta(minutes=minutes)
        if self.break_start is None or self.break_end is None or at >= self.break_end:
            return at
        return at - (self.break_end - self.break_start)


class _Table:
    """The sessions of one exchange from `first` to `last`, in order, with their times as sorted lists."""

    def __init__(self, found: list[MarketSession], first: date, last: date) -> None:
        self.first = first
        self.last = last
        self.sessions = found
        self.opens = [each.open for each in found]
        self.closes = [each.close for each in found]
        self.days = [each.day for each in found]

    def covers(self, first: date, last: date) -> bool:
        return self.first <= first and last <= self.last


FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2049, 12, 31)
"""What calendars reach: an exchange has no session outside, because nobody knows its holidays."""

RECORDED_FILE = Path(__file__).with_name("session_table.csv.gz")
RECORDED_FIRST, RECORDED_LAST = date(2014, 6, 1), date(2025, 12, 31)
"""Days of the table that ships with Aion, so that a replay of them needs neither pandas nor its 2 to 4 s."""

HALT_FILE = Path(__file__).with_name("halt.csv")
"""Halts of whole markets, which no calendar knows before; a line more is all that another one takes."""

CLOSURE_FILE = Path(__file__).with_name("closure.csv")
"""Days on which an exchange did not trade, or opened late, for a storm: `exchange_calendars` does not have them."""

_MARGIN = timedelta(days=31)  # longer than any exchange has been closed, so that the next session is in reach

_tables: dict[str, _Table] = {}
_own: dict[str, dict[date, OwnDay]] = {}
"""Days of the user's own table by exchange and day, which count before all others."""


def use_own_days(days: Iterable[OwnDay]) -> list[str]:
    """Trade by `days` where they differ from what is known otherwise, from now on, in this process.

    Returns:
        What is wrong with those that were left out.
    """
    _own.clear()
    _tables.clear()
    wrong, taken = [], list[OwnDay]()
    for each in days:
        is_whole = each.is_closed or (each.open is not None and each.close is not None)
        usual = None if is_whole else next(iter(sessions(each.mic, each.day, each.day)), None)
        if not is_whole and usual is None:
            wrong.append(f"{each.mic}, {each.day} is left out: it has no session to change: give both open and close")
        elif usual is not None and not (each.open or usual.open) < (each.close or usual.close):
            wrong.append(f"{each.mic}, {each.day} is left out: it would close before it opens")
        else:
            taken.append(each)
    for each in taken:
        _own.setdefault(each.mic, {})[each.day] = each
    _tables.clear()
    return wrong


def _with_own(mic: str, found: list[MarketSession], first: date, last: date) -> list[MarketSession]:
    """Return the sessions of `first`..`last` as the user's own table has them."""
    own = _own.get(mic)
    if not own:
        return found
    by_day = {each.day: each for each in found}
    for day, each in own.items():
        if not first <= day <= last:
            continue
        usual = by_day.pop(day, None)
        opened = each.open if each.open is not None or usual is None else usual.open
        closed = each.close if each.close is not None or usual is None else usual.close
        if each.is_closed or opened is None or closed is None:
            continue
        session = MarketSession(mic, day, opened, closed, halts=usual.halts if usual is not None else ())
        if usual is not None and usual.break_start is not None and usual.break_end is not None:
            has_lunch = opened < usual.break_start and usual.break_end < closed
            lunch = (usual.break_start, usual.break_end) if has_lunch else (None, None)
            session = replace(session, break_start=lunch[0], break_end=lunch[1])
        by_day[day] = replace(session, half_day=usual is not None and (usual.half_day or closed < usual.close))
    return sorted(by_day.values(), key=lambda each: each.open)


def _table(mic: str, first: date, last: date) -> _Table:
    exchange_of(mic)
    first, last = max(FIRST_DAY, min(first, LAST_DAY)), min(LAST_DAY, max(last, FIRST_DAY))
    found = _tables.get(mic)
    if found is None or not found.covers(first, last):
        found = _tables[mic] = _wider(mic, found, first, last)
    return found


def _wider(mic: str, present: _Table | None, first: date, last: date) -> _Table:
    if mic in (ALWAYS, WEEKDAYS):
        days = _whole_days(mic, FIRST_DAY, LAST_DAY)
        return _Table(_with_own(mic, days, FIRST_DAY, LAST_DAY), FIRST_DAY, LAST_DAY)
    if present is None and first >= RECORDED_FIRST and last <= RECORDED_LAST and (found := recorded(mic)):
        known = _with_own(mic, _as_they_were(found), RECORDED_FIRST, RECORDED_LAST)
        return _Table(known, RECORDED_FIRST, RECORDED_LAST)
    # whole years and one more: a question that moves with the time does not load again at each step
    known_first, known_last = (present.first, present.last) if present else (RECORDED_FIRST, RECORDED_LAST)
    first = min(known_first, max(FIRST_DAY, date(first.year, 1, 1)))
    last = max(known_last, min(LAST_DAY, date(last.year + 1, 12, 31)))
    return _Table(_with_own(mic, _as_they_were(calculate(mic, first, last)), first, last), first, last)


def _as_they_were(found: list[MarketSession]) -> list[MarketSession]:
    """Return `found` without the days on which their exchange stayed shut, with late opens and known halts."""
    with CLOSURE_FILE.open(encoding="utf-8", newline="") as file:
        opens = {(mic, row["day"]): row["open"] for row in csv.DictReader(file) for mic in row["exchanges"].split()}
    as_were = []
    for each in found:
        late = opens.get((each.mic, each.day.isoformat()))
        if late != "":  # it was not shut
            as_were.append(_opened(each, parse_iso(late)) if late else each)
    return _with_halts(as_were)


def _opened(session: MarketSession, late: datetime) -> MarketSession:
    """Return `session` as it was on a day on which it opened at `late`; a lunch that was over by then is none."""
    if session.break_end is None or late < session.break_end:
        return replace(session, open=late)
    return replace(session, open=late, break_start=None, break_end=None)


def _with_halts(found: list[MarketSession]) -> list[MarketSession]:
    halts: dict[tuple[str, date], list[tuple[datetime, datetime]]] = {}
    with HALT_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start, end = parse_iso(row["start"]), parse_iso(row["end"])
            whole = whole_minutes(start, end)
            for mic in row["exchanges"].split():
                halts.setdefault((mic, start.date()), []).append(whole)
    return [
        replace(each, halts=tuple(halts[each.mic, each.day])) if (each.mic, each.day) in halts else each
        for each in found
    ]


def recorded(mic: str) -> list[MarketSession]:
    """Return the sessions of the table that ships with Aion, none for an exchange that is not in it."""
    wanted = exchange_of(mic).hours
    rows = [line.split(",") for line in gzip.decompress(RECORDED_FILE.read_bytes()).decode().splitlines()]
    return [
        MarketSession(
            mic,
            date.fromisoformat(day),
            parse_iso(opened),
            parse_iso(closed),
            parse_iso(lunch_start) if lunch_start else None,
            parse_iso(lunch_end) if lunch_end else None,
            half == "1",
        )
        for name, day, opened, closed, lunch_start, lunch_end, half in rows
        if name == wanted
    ]


def calculate(mic: str, first: date, last: date) -> list[MarketSession]:
    """Return the sessions of `first`..`last` from `exchange_calendars`, which is imported here.

    Other code calls `sessions`, which remembers the result.
    """
    import exchange_calendars  # noqa: PLC0415 - brings pandas: 2 to 4 s and 100 MB that the web half must not pay
    import pandas  # noqa: PLC0415

    name = exchange_of(mic).hours
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, about how exchange_calendars calls it
        begin, until = pandas.Timestamp(first), pandas.Timestamp(last)
        try:
            calendar = exchange_calendars.get_calendar(name, start=begin, end=until)
        except ValueError:  # its holidays are not known for so long
            known = exchange_calendars.get_calendar(name)
            begin, until = max(begin, known.bound_min() or begin), min(until, known.bound_max() or until)
            if begin >= until:
                return []
            calendar = exchange_calendars.get_calendar(name, start=begin, end=until)
    frame = calendar.schedule
    regular = (frame["close"] - frame["open"]).mode()[0]

    def moment(value: "pandas.Timestamp") -> datetime:
        return datetime.fromtimestamp(value.timestamp(), UTC)

    found = []
    for day, opened, start, end, closed in zip(
        frame.index, frame["open"], frame["break_start"], frame["break_end"], frame["close"], strict=True
    ):
        lunch_start, lunch_end = (None, None) if pandas.isna(start) else (moment(start), moment(end))
        half = bool(closed - opened < regular - pandas.Timedelta(minutes=30))
        found.append(MarketSession(mic, day.date(), moment(opened), moment(closed), lunch_start, lunch_end, half))
    return found


def _whole_days(mic: str, first: date, last: date) -> list[MarketSession]:
    """Return the UTC days of `first`..`last`, all of them or those of a week without its end."""
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    starts = [datetime.combine(day, time(), UTC) for day in days if mic == ALWAYS or day.weekday() < 5]
    return [MarketSession(mic, start.date(), start, start + timedelta(days=1)) for start in starts]


def _around(mic: str, ts: datetime) -> _Table:
    day = min(max(ts.astimezone(UTC).date(), FIRST_DAY), LAST_DAY)
    return _table(mic, day - timedelta(days=1), min(LAST_DAY, day + _MARGIN))


def sessions(mic: str, first: date, last: date) -> list[MarketSession]:
    """Return the sessions of `mic` whose day lies in `first`..`last`, both included, in order.

    Raises:
        ConfigError: an unknown exchange.
    """
    table = _table(mic, first, last)
    return table.sessions[bisect_left(table.days, first) : bisect_right(table.days, last)]


def session_closes(mic: str, first: date, last: date) -> dict[date, datetime]:
    """Return the close of each session by its day."""
    return {each.day: each.close for each in sessions(mic, first, last)}


def session_at(mic: str, ts: datetime) -> MarketSession | None:
    """Return the session that a bar closing at `ts` was traded in, or None if the market was closed."""
    session = session_around(mic, ts)
    return session if session is not None and session.has(ts) else None


def session_around(mic: str, ts: datetime) -> MarketSession | None:
    """Return the session with open < `ts` <= close, lunch included, or None."""
    table = _around(mic, ts)
    index = bisect_left(table.closes, ts)
    if index < len(table.sessions) and table.opens[index] < ts:
        return table.sessions[index]
    return None


def next_session(mic: str, ts: datetime) -> MarketSession | None:
    """Return the first session that opens at or after `ts`, or None after the end of the calendar."""
    table = _around(mic, ts)
    index = bisect_left(table.opens, ts)
    return table.sessions[index] if index < len(table.sessions) else None


def next_open(mic: str, ts: datetime) -> datetime | None:
    """Return the next start of trading after `ts`: the end of a halt or of lunch, or the next session's open."""
    around = session_around(mic, ts)
    halted = session_around(mic, ts + timedelta(microseconds=1))
    if halted is not None and (end := halted.halt_end(ts + timedelta(microseconds=1))) is not None:
        return end
    if around is not None and around.break_end is not None and ts < around.break_end:
        return around.break_end
    following = next_session(mic, ts)
    return following.open if following else None


def is_open(mic: str, ts: datetime) -> bool:
    """Tell whether the market trades at the moment `ts` (open <= `ts` < close, not in the lunch break)."""
    return session_at(mic, ts + timedelta(microseconds=1)) is not None


def next_close(mic: str, ts: datetime) -> datetime | None:
    """Return the close of the first session that ends after `ts`."""
    table = _around(mic, ts)
    index = bisect_right(table.closes, ts)
    return table.closes[index] if index < len(table.closes) else None


def hours_document(session: MarketSession) -> document.Hours:
    """Return the hours of `session` in the form of the documents."""
    return document.Hours(
        opens_at=session.open,
        closes_at=session.close,
        break_start=session.break_start,
        break_end=session.break_end,
        half_day=session.half_day,
        halts={iso(start): end for start, end in session.halts},
    )


def state_document(mic: str, market_time: datetime) -> document.Session:
    """Return the session of `mic` that the desk shows at `market_time`: the present one, else the next."""
    exchange = exchange_of(mic)
    present = session_around(mic, market_time + timedelta(microseconds=1))
    shown = present or next_session(mic, market_time)
    state = "closed" if present is None else "open" if is_open(mic, market_time) else "lunch"
    if present is not None and present.halt_end(market_time + timedelta(microseconds=1)) is not None:
        state = "halt"
    return document.Session.model_validate(
        {
            "name": exchange.city,
            "timezone": exchange.timezone,
            "state": state,
            "day": shown.day.isoformat() if shown else None,
            "next_open_at": None if state == "open" else next_open(mic, market_time),
            **(hours_document(shown).model_dump() if shown else {}),
        }
    )
