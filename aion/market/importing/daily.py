"""Recognizes daily bars by their times, whatever time of day is given; refuses weekly and monthly bars."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from aion.errors import FeedError
from aion.market import calendar
from aion.market.exchange import ALWAYS, exchange_of
from aion.market.importing.text.stamp import Stamp

_MOST = 0.95  # of neighbours: a newest bar that is not over may carry the present time
_DAY = timedelta(days=1)
EVENING = "its days begin in the evening of the exchange: each was taken for the session of the day after"
_NEARLY_A_DAY = timedelta(hours=20)  # a day on which clocks are set has 23 hours
_LONGER = ((5, 8, "weekly"), (27, 32, "monthly"), (85, 95, "quarterly"), (360, 370, "yearly"))


def find_days(stamps: Sequence[Stamp], exchange: str) -> list[date | str] | None:
    """Return the session day of each stamp, None if the bars are shorter than a day.

    Midnight is the start of its day, in the zone of the text or else that of the exchange; any other time belongs to
    the session of its day.

    Raises:
        FeedError: weekly bars, or longer ones.
    """
    known = [each for each in stamps if not isinstance(each, str)]
    if not known or not _is_daily(known, exchange):
        return None
    clocked = [each for each in known if isinstance(each, datetime)]
    place = ZoneInfo(exchange_of(exchange).timezone)
    if clocked and not _are_midnights(clocked):
        days = [each if isinstance(each, str) else _in_zone(each, place) for each in stamps]
    else:
        days = [each.date() if isinstance(each, datetime) else each for each in stamps]
    _check_length([each for each in days if not isinstance(each, str)])
    return days


def are_of_next_day(days: Sequence[date | str], stamps: Sequence[Stamp], exchange: str) -> bool:
    """Tell whether each of `days`, as `find_days` returns them of `stamps`, is the one before its session's.

    So it is with midnights of a zone further east than the exchange, and with days of currencies, which begin in the
    evening in New York: Sundays are among them and Fridays are not. A day without a time of day is what it says.
    """
    clocked = [each for each in stamps if isinstance(each, datetime)]
    if 2 * len(clocked) < len(stamps) or _are_midnights(clocked):
        return False
    known = {each for each in days if not isinstance(each, str) and each >= calendar.FIRST_DAY}
    if not known:
        return False
    of_sessions = calendar.session_closes(exchange, min(known), max(known) + _DAY)
    here, after = len(known & of_sessions.keys()), len({each + _DAY for each in known} & of_sessions.keys())
    return here < _MOST * len(known) <= after


def next_day(day: date | str) -> date | str:
    """Return the day after; what is no day stays."""
    return day if isinstance(day, str) else day + _DAY


def _is_daily(known: Sequence[date | datetime], exchange: str) -> bool:
    clocked = [each for each in known if isinstance(each, datetime)]
    if 2 * len(clocked) < len(known):
        return True
    times = sorted({_wall(each) for each in known})
    if len(times) == 1:
        return exchange != ALWAYS and _are_midnights(clocked)
    long = sum(two - one >= _NEARLY_A_DAY for one, two in pairwise(times))
    return long >= _MOST * (len(times) - 1)


def _wall(stamp: date | datetime) -> datetime:
    if not isinstance(stamp, datetime):
        return datetime.combine(stamp, time())
    return stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo is not None else stamp


def _are_midnights(clocked: Sequence[datetime]) -> bool:
    return sum(each.time() == time() for each in clocked) >= _MOST * len(clocked)


def _in_zone(stamp: date | datetime, place: ZoneInfo) -> date:
    if not isinstance(stamp, datetime):
        return stamp
    return (stamp.astimezone(place) if stamp.tzinfo is not None else stamp).date()


def _check_length(days: Sequence[date]) -> None:
    distances = [(two - one).days for one, two in pairwise(sorted(set(days)))]
    if len(distances) < 2:
        return
    usual = sorted(distances)[len(distances) // 2]
    for least, most, name in _LONGER:
        if least <= usual <= most and sum(each >= least for each in distances) >= _MOST * len(distances):
            raise FeedError(
                f"its bars are {name} ones, {usual} days apart: bars of minutes to days can be traded; get daily ones"
            )
