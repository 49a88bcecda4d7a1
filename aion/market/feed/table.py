"""Reading what people have: CSV and Parquet files of bars, with whatever names their columns go by."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from aion.errors import FeedError
from aion.market.feed.extra import need
from aion.regular import lines, open_regular

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
MAX_BYTES = 2 << 30  # of a file, and of the columns of a Parquet file when they are unpacked
MAX_ROWS = 10_000_000  # of a file: ten years of minutes of a market that never closes are half of that
MAX_TEXT = 1000  # characters of a cell that is text
_BATCH_ROWS = 65_536
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
        why = str(error)
        if "new-line character" in why:
            why = "its lines end in CR alone; save it with LF or CRLF"
        raise FeedError(f"{path} cannot be read: {why}") from None


def _read_csv(path: Path) -> Iterator[Row]:
    with open_regular(path, follow=True) as file:
        text = (line.decode("utf-8") for line in lines(file, MAX_BYTES))
        head = next(text, "").removeprefix("\ufeff")
        delimiter = max(",;\t|", key=head.count)
        names = next(csv.reader([head], delimiter=delimiter), [])
        reader = csv.reader(text, delimiter=delimiter)
        columns = _columns(path, names)
        for values in reader:
            if reader.line_num > MAX_ROWS:
                raise FeedError(f"{path} has more than {MAX_ROWS:,} lines: split it, and import the parts")
            if values:
                yield _row(reader.line_num + 1, columns, values)


def _read_parquet(path: Path) -> Iterator[Row]:
    arrow = need("pyarrow", "parquet")
    parquet = need("pyarrow.parquet", "parquet")
    number = 0
    with open_regular(path, follow=True) as file:
        try:
            names = parquet.ParquetFile(file).schema_arrow.names
            columns = _columns(path, names)
            wanted = sorted({names[place] for places in columns.values() for place in places})
            columns = {
                field: tuple(wanted.index(names[each]) for each in places) for field, places in columns.items()
            }
            for batch in parquet_batches(file, wanted, MAX_ROWS):
                for values in zip(*(batch[name] for name in wanted), strict=True):
                    number += 1
                    yield _row(number, columns, [_text(value) for value in values])
        except (arrow.ArrowException, ValueError, OverflowError) as error:
            raise FeedError(f"{path} is not a Parquet file that can be read: {error}") from None


def parquet_batches(file: BinaryIO, names: Sequence[str], rows: int) -> Iterator[dict[str, list[Any]]]:
    """Yield the columns `names` of a Parquet file, some thousand rows at a time.

    Raises:
        ValueError: more than `rows` rows, a column that is not there, or one that unpacks to more than fits.
    """
    parquet = need("pyarrow.parquet", "parquet")
    types = need("pyarrow", "parquet").types
    opened = parquet.ParquetFile(file)
    about = opened.metadata
    if about.num_rows > rows:
        raise ValueError(f"it has {about.num_rows:,} rows; at most {rows:,} are read")
    if sum(about.row_group(each).total_byte_size for each in range(about.num_row_groups)) > MAX_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_BYTES:,} bytes")
    schema = opened.schema_arrow
    missing = [name for name in names if schema.names.count(name) != 1]
    if missing:
        raise ValueError(f"it has no column {missing[0]}, or several")
    nested = [name for name in names if types.is_nested(schema.field(name).type)]
    if nested:
        raise ValueError(f"its column {nested[0]} holds lists or records, not one value a row")
    text = [name for name in names if _is_text(types, schema.field(name).type)]
    file.seek(0)
    # texts stay packed: a long one that a million rows share would be unpacked a million times
    for batch in parquet.ParquetFile(file, read_dictionary=text).iter_batches(_BATCH_ROWS, columns=list(names)):
        for name in text:
            _check_text(name, batch.column(name))
        yield batch.to_pydict()


def _is_text(types: Any, kind: Any) -> bool:
    plain = kind.value_type if types.is_dictionary(kind) else kind
    checks = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(check(plain) for check in checks)


def _check_text(name: str, column: Any) -> None:
    known = getattr(column, "dictionary", column)
    if any(value.is_valid and len(value.as_buffer()) > MAX_TEXT for value in known):
        raise ValueError(f"its column {name} has a text of more than {MAX_TEXT:,} characters")


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
