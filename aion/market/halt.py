"""Halts of single symbols, from a table beside the bars.

`halt.csv` in a folder of bars has the columns `symbol`, `start`, `end` and optionally `reason` and `source`. Times
are ISO 8601 with a zone; an empty end means that the end is unknown. Market-wide halts belong to the sessions
(`calendar`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aion.clock import iso, parse_iso
from aion.errors import FeedError
from aion.market.line_table import Row, read_rows

FILE = "halt.csv"
MAX_BYTES = 16 << 20
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""End of a halt that has none."""
_MINUTE = timedelta(minutes=1)
_NEEDED = ("symbol", "start", "end")


@dataclass(frozen=True, slots=True)
class Halt:
    """A period in which a symbol is not traded: whole minutes inside the halt, because bars have no seconds."""

    symbol: str
    start: datetime
    end: datetime
    reason: str = ""

    def covers(self, opened: datetime, ts: datetime) -> bool:
        """Tell whether a bar from `opened` to `ts` lies entirely inside, so that nobody traded in it."""
        return self.start <= opened and ts <= self.end

    def text(self) -> str:
        """Return it as text for people, to follow the symbol."""
        until = f"until {iso(self.end)}" if self.end < NEVER else "with no end known"
        return f"halted from {iso(self.start)} {until}" + (f" ({self.reason})" if self.reason else "")


def read_halts(path: Path) -> list[Halt]:
    """Return the halts of a file in order of time; none if there is no file.

    Raises:
        FeedError: an invalid line; the message names it.
    """
    try:
        found = [_halt(row, where) for where, row in read_rows(path, _NEEDED, MAX_BYTES)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda each: (each.start, each.symbol))


def _halt(row: Row, where: str) -> Halt:
    symbol, start, end = ((row.get(name) or "").strip() for name in _NEEDED)
    if not symbol:
        raise FeedError(f"{where}: a halt without a symbol")
    try:
        since = parse_iso(start)
        until = parse_iso(end) if end else NEVER
    except ValueError:
        raise FeedError(
            f"{where}: {start!r} to {end!r} are not times with a zone, such as 2022-05-19T14:05Z"
        ) from None
    if since >= until:
        raise FeedError(f"{where}: the halt of {symbol} ends at {end}, which is not after {start}")
    return Halt(symbol, *whole_minutes(since, until), (row.get("reason") or "").strip()[:120])


def whole_minutes(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return the whole minutes inside `start`..`end`: the minutes in which a halt begins and ends were traded."""
    first = start.replace(second=0, microsecond=0)
    return first + _MINUTE * (first < start), end.replace(second=0, microsecond=0)


class HaltBook:
    """The halts of some symbols, with queries by time."""

    def __init__(self, halts: Iterable[Halt] = ()) -> None:
        """Args: halts: halts of any symbols."""
        self._by_symbol: dict[str, list[Halt]] = defaultdict(list)
        for halt in halts:
            self._by_symbol[halt.symbol].append(halt)
        self.symbols = frozenset(self._by_symbol)
        """Those that have halts."""

    def __bool__(self) -> bool:
        """Tell whether there is any halt."""
        return bool(self.symbols)

    def of(self, symbol: str) -> list[Halt]:
        """Return the halts of `symbol` in order of time."""
        return self._by_symbol.get(symbol, [])

    def covering(self, symbol: str, opened: datetime, ts: datetime) -> Halt | None:
        """Return the halt that a bar from `opened` to `ts` lies wholly in."""
        return next((each for each in self.of(symbol) if each.covers(opened, ts)), None)

    def at(self, symbol: str, ts: datetime) -> Halt | None:
        """Return the halt that goes on at the moment `ts`."""
        return next((each for each in self.of(symbol) if each.start <= ts < each.end), None)
