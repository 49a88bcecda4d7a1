"""Reading what people have: CSV and Parquet files of bars, with whatever names their columns go by."""

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aion.errors import FeedError
from aion.market.feed.extra import need

Row = dict[str, str]
"""`row`, `ts` (text as found), `open`, `high`, `low`, `close`, `volume`, and `symbol` where the file has one."""

_NAMES: dict[str, tuple[str, ...]] = {
    "ts": ("ts", "time", "timestamp", "datetime", "date", "date_time", "open_time", "opentime", "t", "index"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "last", "close_price"),
    "volume": ("volume", "vol", "v", "base_volume"),
    "symbol": ("symbol", "ticker", "sym"),
}
_OPTIONAL = frozenset({"symbol"})
_MILLISECONDS = 10**11  # epoch numbers from here on are milliseconds: as seconds it would be the year 5138
_MICROSECONDS = 10**14


def read_table(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, each with the number that people find it by: the line of a CSV file, else its place.

    Raises:
        FeedError: it cannot be read, or a column is missing; the message names both.
    """
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            yield from _read_parquet(path)
        else:
            yield from _read_csv(path)
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        why = f"byte {error.object[error.start]:#04x} is no text in UTF-8; save it as CSV in UTF-8, or as Parquet"
        raise FeedError(f"{path} cannot be read: {why}") from None
    except csv.Error as error:
        raise FeedError(f"{path} cannot be read: {error}") from None


def _read_csv(path: Path) -> Iterator[Row]:
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        delimiter = max(",;\t|", key=head.count)
        names = next(csv.reader([head], delimiter=delimiter), [])
        reader = csv.reader(file, delimiter=delimiter)
        columns = _columns(path, names)
        for values in reader:
            if values:
                yield _row(reader.line_num + 1, columns, values)


def _read_parquet(path: Path) -> Iterator[Row]:
    arrow = need("pyarrow", "parquet")
    parquet = need("pyarrow.parquet", "parquet")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowException, ValueError) as error:
        raise FeedError(f"{path} is not a Parquet file that can be read: {error}") from None
    columns = _columns(path, table.column_names)
    lists = [column.to_pylist() for column in table.columns]
    for number, values in enumerate(zip(*lists, strict=True), start=1):
        yield _row(number, columns, [_text(value) for value in values])


def _columns(path: Path, names: list[str]) -> Mapping[str, tuple[int, ...]]:
    """Return which columns make each field; a date and a time column are put together."""
    plain = [name.strip().strip("<>\"'").lower().replace(" ", "_") for name in names]
    found: dict[str, tuple[int, ...]] = {}
    for field, known in _NAMES.items():
        places = [plain.index(name) for name in known if name in plain]
        if not names:
            raise FeedError(f"{path} is empty: it has no line with the names of its columns")
        if not places and field not in _OPTIONAL:
            what = "the time" if field == "ts" else field
            raise FeedError(f"{path} has no column for {what}; it has {', '.join(names)}")
        if places:
            found[field] = (places[0],)
    if "date" in plain and "time" in plain:
        found["ts"] = (plain.index("date"), plain.index("time"))
    return found


def _row(number: int, columns: Mapping[str, tuple[int, ...]], values: list[str]) -> Row:
    row: Row = {"row": str(number)}
    for field, places in columns.items():
        if max(places) < len(values):
            row[field] = " ".join(values[place].strip() for place in places)
    return row


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else "" if value is None else str(value)


def is_day(text: str) -> bool:
    """Tell whether `text` names a day without a time."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def parse_stamp(text: str, zone: ZoneInfo | None) -> datetime:
    """Return the moment, UTC, that a stamp names: ISO 8601, or seconds, milliseconds or microseconds since 1970.

    Args:
        text: the stamp.
        zone: of stamps that have none; None when nobody said.

    Raises:
        ValueError: no stamp, or one without a zone while nobody said which.
    """
    number = text.removesuffix(".0")
    if number.isdecimal() and len(number) > 8:
        value = int(number)
        scale = 1 if value < _MILLISECONDS else 1_000 if value < _MICROSECONDS else 1_000_000
        return datetime.fromtimestamp(value / scale, UTC)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        if zone is None:
            raise ValueError(f"time without a zone: {text!r}")
        if not _exists(at, zone):
            raise ValueError(f"{text!r} does not exist in {zone.key}: clocks were set forward")
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _exists(at: datetime, zone: ZoneInfo) -> bool:
    return at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
