"""When alerts may be sent: quiet hours, messages an hour, times of the summaries."""

from collections import deque
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from aion.store.document.alert import AlertPlan

HOUR_S = 3600.0
WEEKLY_AT = "18:00"
"""Of a week's summary where there is none of the day."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _at(text: str) -> time:
    return time.fromisoformat(text)


def is_quiet(plan: AlertPlan, now: datetime) -> bool:
    """Tell whether `now` is within the quiet hours, which may begin before midnight and end after it."""
    if plan.quiet_from is None or plan.quiet_to is None:
        return False
    begin, end, at = _at(plan.quiet_from), _at(plan.quiet_to), now.astimezone(ZoneInfo(plan.zone)).time()
    return begin <= at < end if begin < end else at >= begin or at < end


def last_summary(plan: AlertPlan, now: datetime, *, weekly: bool) -> datetime | None:
    """Return the newest time at or before `now` at which a summary is due; None where none is wanted.

    In the night in which a clock is put forward a time of day that is left out is the same time after it.
    """
    if (plan.weekly_on if weekly else plan.daily_at) is None:
        return None
    zone = ZoneInfo(plan.zone)
    local = now.astimezone(zone)
    at = _at(plan.daily_at or WEEKLY_AT)
    for back in range(9):
        day = local.date() - timedelta(days=back)
        if weekly and _DAYS[day.weekday()] != plan.weekly_on:
            continue
        due = datetime.combine(day, at, zone)
        if due <= local:
            return due
    return None


class Hour:
    """Counts the messages of the last hour; a clock that goes back begins anew."""

    def __init__(self, sent: list[float] | None = None) -> None:
        """Args: sent: wall times of those that were sent before."""
        self.sent = deque(sent or ())

    def is_full(self, most: int, now_s: float) -> bool:
        """Tell whether no more message may be sent at `now_s`, seconds since 1970."""
        while self.sent and not 0 <= now_s - self.sent[0] < HOUR_S:
            self.sent.popleft()
        return len(self.sent) >= most

    def note(self, now_s: float) -> None:
        """Count one."""
        self.sent.append(now_s)
