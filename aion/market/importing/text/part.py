"""The rows of one symbol in an import: selects those that are bars and sorts them by time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from aion.market import calendar
from aion.market.bar_check import Report
from aion.market.importing.text.localtime import is_newest_first, to_moments
from aion.market.importing.text.stamp import Stamp
from aion.market.importing.text.table import Row, Table

Item = TypeVar("Item")
NO_DAY = "no session on that day"
TOO_EARLY = f"before {calendar.FIRST_DAY.year}, where calendars of sessions begin"
WIDE = "more cells than the heading names"
ACTION = "a dividend or split, not a bar: declare it with --dividend or --split"
_ABSENT = frozenset({"-", "--", "nan", "n/a", "na", "#n/a", "null", "none"})
"""What stands in a column of a source that counts no volume."""
_FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(slots=True)
class Part:
    """The rows of one symbol in one table, in the order of their file."""

    table: Table
    rows: list[Row] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)


def settle_volume(parts: Sequence[Part], report: Report, *, is_traded: bool = False) -> bool:
    """Use ticks if there is no volume; return whether there is any volume.

    Args:
        parts: of one series.
        report: gets what is odd.
        is_traded: True of a kind that paper orders fill on without a volume.
    """
    rows = [row for part in parts for row in part.rows if "wide" not in row]
    volumes = [row["volume"] for row in rows if "volume" in row]
    if any(_is_above_zero(each) for each in volumes):
        return True
    if any(_is_above_zero(row.get("tick_volume", "")) for row in rows):
        for row in rows:
            row["volume"] = row.get("tick_volume", row.get("volume", ""))
        report.warn("its volume is 0 throughout: the count of ticks was taken, which is no number of shares or coins")
        return True
    if not volumes or not all(_is_uncounted(each) for each in volumes):
        return True
    if all(len({row.get(each) for each in _FIELDS[:4]}) == 1 for row in rows):
        return True  # nothing ever moved either: these are no bars without a count, but no bars
    for row in rows:
        row["volume"] = "0"
    what = (
        "paper orders fill on them whatever their size"
        if is_traded
        else "paper orders do not fill on them; if it is a currency or an index, say --kind fx or --kind index"
    )
    report.warn(f"its source counts no volume (0 throughout): bars are kept, and {what}")
    return False


def _is_uncounted(text: str) -> bool:
    return text.strip().lower() in _ABSENT or text.replace(".", "").strip("0") in ("", "-1")


def _is_above_zero(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _sound(part: Part, report: Report) -> Iterator[tuple[int, Row]]:
    """Yield index and row of each row that is a bar."""
    for index, row in enumerate(part.rows):
        if (wide := row.get("wide")) is not None:
            report.read += 1
            report.drop(WIDE, f"row {row['row']} ({wide})")
        elif any(word in " ".join(row.get(each, "") for each in _FIELDS).lower() for word in ("dividend", "split")):
            report.read += 1
            report.drop(ACTION, f"row {row['row']} ({row.get('ts', '')})")
        else:
            yield index, row


def rows_by_day(parts: Sequence[Part], days: Sequence[date | str], report: Report, exchange: str) -> list[Row]:
    """Return the rows in order of time with `ts` as the close of the session of their day."""
    known = [day for day in days if not isinstance(day, str)]
    closes = calendar.session_closes(exchange, min(known), max(known))
    found: list[tuple[Row, datetime]] = []
    start = 0
    for part in parts:
        mine: list[tuple[Row, datetime]] = []
        for index, row in _sound(part, report):
            day = days[start + index]
            if not isinstance(day, str) and day in closes:
                mine.append((row, closes[day]))
            else:
                report.read += 1
                why = day if isinstance(day, str) else TOO_EARLY if day < calendar.FIRST_DAY else NO_DAY
                report.drop(why, f"row {row['row']} ({row.get('ts', '')[:40]})")
        start += len(part.rows)
        found += _oldest_first(mine, part, report)
    return [row | {"ts": close.isoformat()} for row, close in _in_order(found, report)]


def rows_by_time(parts: Sequence[Part], report: Report, zone: ZoneInfo | None) -> list[tuple[Row, datetime]]:
    """Return the rows in order of time, each with its time."""
    found: list[tuple[Row, datetime]] = []
    for part in parts:
        sound = _oldest_first(list(_sound(part, report)), part, report)
        moments, note = to_moments([part.stamps[index] for index, _ in sound], zone)
        if note:
            report.warn(note)
        for (_, row), at in zip(sound, moments, strict=True):
            if isinstance(at, str):
                report.read += 1
                report.drop(at, f"row {row['row']} ({row.get('ts', '')[:40]!r})")
            else:
                found.append((row, at))
    return _in_order(found, report)


def _oldest_first(found: list[Item], part: Part, report: Report) -> list[Item]:
    if len(found) > 1 and is_newest_first(part.stamps):
        report.warn("the rows are newest first: they were read backwards")
        return found[::-1]
    return found


def _in_order(found: list[tuple[Row, datetime]], report: Report) -> list[tuple[Row, datetime]]:
    """Return `found` in order of time (stable), and report rows that were in another order."""
    late = 0
    last: datetime | None = None
    for _, at in found:
        if last is not None and at < last:
            late += 1
        else:
            last = at
    if not late:
        return found
    report.warn(f"{late:,} rows did not stand in order of time: they were put there")
    return sorted(found, key=lambda each: each[1])
