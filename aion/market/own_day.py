"""Closures and hours of one's own: days on which an exchange traded otherwise than its calendar says.

A table with the columns `exchanges`, `day`, `open`, `close` and `source`, as that of Aion (`closure.csv`). Without
`open` and `close` the exchange is closed that day. With them it trades from one to the other, on a holiday too; what
is left empty stays as the calendar has it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from aion.clock import parse_iso
from aion.errors import ConfigError, FeedError
from aion.market.exchange import exchange_of
from aion.market.line_table import Row, read_rows

MAX_BYTES = 4 << 20
_NEEDED = ("exchanges", "day", "open", "close", "source")
_LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OwnDay:
    """How an exchange traded on one day."""

    mic: str
    day: date
    open: datetime | None
    """Aware UTC; None for that of the calendar, or with `close` for a day without trading."""
    close: datetime | None
    source: str
    """Who says so."""

    @property
    def is_closed(self) -> bool:
        """Tell whether nobody traded."""
        return self.open is None and self.close is None


def read_own_days(path: Path) -> tuple[list[OwnDay], list[str]]:
    """Return the days of a table, and what is wrong with the lines that were left out.

    Of two lines of one exchange and day that differ neither counts.

    Raises:
        ConfigError: there is no such file, or it cannot be read at all.
    """
    found: dict[tuple[str, date], OwnDay | None] = {}
    wrong: list[str] = []
    try:
        for where, row in read_rows(path, _NEEDED, MAX_BYTES):
            try:
                days = list(_days(row))
            except (ValueError, ConfigError) as error:
                wrong.append(f"{where} is left out: {error}")
                continue
            for each in days:
                key = each.mic, each.day
                if key in found and found[key] != each:
                    wrong.append(f"{where} and one before it differ on {each.mic}, {each.day}: neither counts")
                    found[key] = None
                else:
                    found[key] = each
    except FileNotFoundError as error:
        raise ConfigError(f"closures: {path} cannot be read: {error.strerror}") from None
    except FeedError as error:
        raise ConfigError(f"closures: {error}") from None
    return [each for each in found.values() if each is not None], wrong


def _days(row: Row) -> Iterable[OwnDay]:
    exchanges, day_text, opened, closed, source = ((row.get(name) or "").strip() for name in _NEEDED)
    if not exchanges:
        raise ValueError("it names no exchange")
    if not source:
        raise ValueError("it has no source: say who says so")
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise ValueError(f"day {day_text[:40]!r} is not a day, such as 2023-09-01") from None
    begin, end = _time("open", opened, day), _time("close", closed, day)
    if begin is not None and end is not None and not begin < end <= begin + _LONGEST:
        raise ValueError(f"it is open from {opened} to {closed}, which is not a span of up to a day")
    for mic in exchanges.split():
        exchange_of(mic)
        yield OwnDay(mic, day, begin, end, source[:300])


def _time(name: str, text: str, day: date) -> datetime | None:
    if not text:
        return None
    try:
        at = parse_iso(text)
    except ValueError:
        raise ValueError(f"{name} {text[:40]!r} is not a time with a zone, such as 2023-10-09T06:00Z") from None
    if abs((at.date() - day).days) > 1:
        raise ValueError(f"{name} {text[:40]} is not on {day}, nor on the day before or after it")
    return at
