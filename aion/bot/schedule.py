"""When what is next, in market time and on the wall: sessions, rebalances, how long a replay takes to get there."""

from datetime import date, datetime, timedelta

from aion.market import calendar
from aion.market.calendar import MarketSession
from aion.market.exchange import exchange_of
from aion.market.grid import MINUTES, Grid

LONGEST_PAUSE = timedelta(minutes=10)  # of a tape inside open hours; a longer one passes as closed hours do
_HORIZON_DAYS = {"d": 1, "w": 7}


class Pace:
    """How market time turns into wall time in a replay."""

    def __init__(
        self,
        exchanges: frozenset[str],
        speed: float,
        closed_gap_s: float,
        marks: frozenset[str] = frozenset(),
        grid: Grid = MINUTES,
    ) -> None:
        """Set the pace.

        Args:
            exchanges: MICs of the intraday bots; while any of them is open, time passes at `speed`.
            speed: market seconds per real second.
            closed_gap_s: wall seconds in which a span without bars passes.
            marks: MICs of the swing bots, which are marked at each close.
            grid: how the bars of the intraday bots lie in a session.
        """
        self.exchanges = exchanges
        self.speed = speed
        """May change while the run goes on."""
        self.is_held = False
        """True while the run is held still: nothing is expected then."""
        self.closed_gap_s = closed_gap_s
        self.marks = marks
        self.grid = grid
        self._longest_pause = max(LONGEST_PAUSE, grid.interval * 3 / 2)

    def wait_s(self, last: datetime, following: datetime) -> float:
        """Return the wall seconds between two batches of bars that close at `last` and `following`."""
        gap = following - last
        at_speed = gap.total_seconds() / self.speed
        return at_speed if gap <= self._longest_pause else min(at_speed, self.closed_gap_s)

    def is_gap(self, last: datetime, following: datetime) -> bool:
        """Tell whether the span between two batches passes in `closed_gap_s`."""
        return following - last > self._longest_pause

    def expected_s(self, start: datetime, end: datetime) -> float | None:
        """Return the wall seconds that a replay needs from `start` to `end` by the calendar; None when held still."""
        if self.is_held:
            return None
        total, at, bar = 0.0, start, self.grid.interval
        for opened, closed in self._open_spans(start, end):
            first = min(opened + bar, closed, end)
            total += self._closed_s(at, first) if opened > at else 0.0
            at = max(at, first) if opened > at else at
            total += max(0.0, (min(closed, end) - at).total_seconds()) / self.speed
            at = max(at, min(closed, end))
        return total + self._closed_s(at, end)

    def _closed_s(self, start: datetime, end: datetime) -> float:
        """Return the wall seconds of a closed span, which the marks of swing bots divide."""
        if end <= start:
            return 0.0
        stops = sorted({each for mic in self.marks for each in _closes(mic, start, end)} | {end})
        total, at = 0.0, start
        for stop in stops:
            total += self.wait_s(at, stop)
            at = stop
        return total

    def _open_spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the merged spans, in order, in which any exchange trades and that touch `start`..`end`."""
        spans: list[tuple[datetime, datetime]] = []
        for mic in self.exchanges:
            for session in calendar.sessions(mic, start.date() - timedelta(days=1), end.date() + timedelta(days=1)):
                spans += _trading_spans(session)
        merged: list[tuple[datetime, datetime]] = []
        for opened, closed in sorted(spans):
            if closed <= start or opened >= end:
                continue
            if merged and opened <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], closed))
            else:
                merged.append((opened, closed))
        return merged


def _closes(mic: str, start: datetime, end: datetime) -> list[datetime]:
    day = timedelta(days=1)
    found = calendar.session_closes(mic, (start - day).date(), (end + day).date()).values()
    return [close for close in found if start < close < end]


def _trading_spans(session: MarketSession) -> list[tuple[datetime, datetime]]:
    if session.break_start is None or session.break_end is None:
        return [(session.open, session.close)]
    return [(session.open, session.break_start), (session.break_end, session.close)]


def period(horizon: str, start: date, day: date) -> int:
    """Return the number of whole periods of `horizon` (`1w`, `2w`, `10d`, `1m`) from `start` to `day`, from 0."""
    count, unit = int(horizon[:-1]), horizon[-1]
    if unit == "m":
        months = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
        return months // count
    return (day - start).days // (count * _HORIZON_DAYS[unit])


def next_rebalance(mic: str, horizon: str, start: date, day: date) -> datetime | None:
    """Return the close of the first session after `day` that begins another period, None past the calendar's end.

    Args:
        mic: exchange.
        horizon: as `period`.
        start: day of the first session of the run.
        day: session day of the newest mark.
    """
    present = period(horizon, start, day)
    count, unit = int(horizon[:-1]), horizon[-1]
    longest = count * {"d": 1, "w": 7, "m": 31}[unit] + 14  # holidays in a row are shorter than that
    for session in calendar.sessions(mic, day + timedelta(days=1), day + timedelta(days=longest)):
        if period(horizon, start, session.day) > present:
            return session.close
    return None


def closed_label(exchanges: frozenset[str], now: datetime, following: datetime) -> str:
    """Return what the desk says while a replay skips from `now` to the bar that closes at `following`.

    Args:
        exchanges: MICs whose bars are played.
        now: market time.
        following: close of the next bar.
    """
    if any(calendar.is_open(mic, now) for mic in exchanges):
        return f"no data for {span_text(following - now)}"
    opens = [(opened, mic) for mic in sorted(exchanges) if (opened := calendar.next_open(mic, now)) is not None]
    if not opens:
        return f"closed for {span_text(following - now)}"
    opened, mic = min(opens)
    return f"closed, {exchange_of(mic).city or mic} opens in {span_text(opened - now)}"


def span_text(span: timedelta) -> str:
    """Return a span for people, to the minute: `5 h 30 min`, `2 d 13 h`."""
    minutes = max(0, round(span.total_seconds() / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    shown = [f"{count} {name}" for count, name in parts if count]
    return " ".join(shown[:2]) or "0 min"
