"""Converts local times to UTC: a skipped hour is invalid; a repeated hour is resolved by the order of the rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from aion.market.importing.text.stamp import Stamp

NO_ZONE = "no time with a zone"
SKIPPED = "a time that clocks skipped as they were set forward"
_DAY = timedelta(days=1)


def is_newest_first(stamps: Sequence[Stamp]) -> bool:
    """Tell whether most neighbours go back in time."""
    ups = downs = 0
    for one, two in pairwise(each for each in stamps if not isinstance(each, str)):
        if (a := _order(one)) != (b := _order(two)):
            ups, downs = ups + (a < b), downs + (a > b)
    return downs > ups


def _order(stamp: date | datetime) -> datetime:
    """Return a sort key for the stamps of one file; a zone changes the order only around a clock change."""
    if not isinstance(stamp, datetime):
        return datetime.combine(stamp, time())
    return stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo is not None else stamp


def to_moments(stamps: Sequence[Stamp], zone: ZoneInfo | None) -> tuple[list[datetime | str], str]:
    """Return the UTC times of `stamps` (in file order, oldest first), or why one is invalid; and a note.

    Args:
        stamps: times; a day is its midnight.
        zone: zone of times without one; None if unknown.
    """
    found: list[datetime | str] = []
    repeated: list[int] = []
    changes: dict[date, bool] = {}
    for index, stamp in enumerate(stamps):
        if isinstance(stamp, str):
            found.append(stamp)
            continue
        at = stamp if isinstance(stamp, datetime) else datetime.combine(stamp, time())
        own = at.tzinfo if at.tzinfo is not None else zone
        if own is None:
            found.append(NO_ZONE)
            continue
        at = at.replace(tzinfo=own)
        day = at.date()
        if day not in changes:
            changes[day] = isinstance(own, ZoneInfo) and _has_change(day, own)
        if changes[day]:
            first, second = at.utcoffset(), at.replace(fold=1).utcoffset()
            if first != second:
                if at.astimezone(UTC).astimezone(own).replace(tzinfo=None) != at.replace(tzinfo=None):
                    found.append(SKIPPED)
                    continue
                repeated.append(index)
        found.append(at)
    note = _tell_apart(found, repeated)
    return [each if isinstance(each, str) else each.astimezone(UTC) for each in found], note


def _has_change(day: date, zone: ZoneInfo) -> bool:
    start = datetime.combine(day, time())
    return (
        len(
            {
                at.replace(tzinfo=zone).utcoffset()
                for at in (start - _DAY / 2, start, start + _DAY, start + _DAY * 1.5)
            }
        )
        > 1
    )


def _tell_apart(found: list[datetime | str], repeated: Sequence[int]) -> str:
    """Set `fold` of the times that a clock shows twice; return a note if a file has them only once."""
    note = ""
    for run in _nights(found, repeated):
        times = [found[index] for index in run]
        falls = [place for place in range(1, len(run)) if times[place] < times[place - 1]]  # type: ignore[operator]
        equals = [place for place in range(1, len(run)) if times[place] == times[place - 1]]
        if falls:
            back = min(falls, key=lambda place: times[place] - times[place - 1])  # type: ignore[operator]
            second = set(range(back, len(run)))
        elif equals and (len(equals) == 1 or 2 * len(equals) == len(run)):
            second = set(equals) if len(equals) > 1 else set(range(equals[0], len(run)))
        else:
            second = set()
            at = times[0]
            note = (
                f"{at:%Y-%m-%d %H:%M} came twice as clocks were set back and is in the file once: taken as the first"
            )
        for place in second:
            at = found[run[place]]
            if isinstance(at, datetime):
                found[run[place]] = at.replace(fold=1)
    return note


def _nights(found: Sequence[datetime | str], repeated: Sequence[int]) -> list[list[int]]:
    """Return the repeated times of each night, in the order of the file."""
    nights: list[list[int]] = []
    for index in repeated:
        at = found[index]
        last = found[nights[-1][-1]] if nights else None
        if isinstance(at, datetime) and isinstance(last, datetime) and at.date() == last.date():
            nights[-1].append(index)
        else:
            nights.append([index])
    return nights
