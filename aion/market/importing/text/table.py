"""Reads files of bars, as text or Parquet, with any usual column names.

Cells stay text until the format of times and numbers is known for the whole file.
"""

import csv
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from aion.errors import FeedError
from aion.extras import need
from aion.market.importing.text.layout import FIELDS, HEAD_LINES, Layout, find_layout
from aion.market.importing.text.lean import find_lean, has_shares, time_text
from aion.market.importing.text.lines import open_texts
from aion.market.importing.text.number import Decimals, find_decimals, is_plain, plain_number
from aion.market.importing.text.stamp import Stamp, read_stamps
from aion.store.regular_file import open_regular

Row = dict[str, str]
"""`row`, `ts` (text as found), `open`, `high`, `low`, `close`, `volume`, and `symbol` where the file has one."""

MAX_BYTES = 2 << 30  # of a file, and of the columns of a Parquet file when they are unpacked
MAX_ROWS = 10_000_000  # of a file: ten years of minutes of a market that never closes are half of that
MAX_TEXT = 1000  # characters of a cell that is text
_BATCH_ROWS = 65_536
_NUMBERS = (*FIELDS, "tick_volume")


@dataclass(frozen=True, slots=True)
class Reading:
    """Options of the user for ambiguous files."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> name or number of its column."""
    dates: str = ""
    """`DMY`, `MDY`, `YMD` or a pattern; empty for told."""
    decimals: Decimals = ""


@dataclass(slots=True)
class Table:
    """The rows of one table in order, each with its time."""

    name: str
    """Of its file, and the member of a zip, for people."""
    stem: str
    """Symbol of rows that have none."""
    rows: list[Row] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was found of how it is written, for people."""
    is_lean_share: bool = False
    """Its prices are LEAN's ten-thousandths."""


def read_tables(path: Path, reading: Reading | None = None) -> Iterator[Table]:
    """Yield the tables of a file, each row with its number for people: the line of the text, else its index.

    Raises:
        FeedError: it cannot be read, a column is missing, or it is ambiguous; the message names it.
        ConfigError: an option makes no sense.
    """
    reading = reading or Reading()
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            yield _read_parquet(path, reading)
        else:
            with closing(open_texts(path, MAX_BYTES)) as texts:
                for member, lines in texts:
                    yield _read_csv(path, member, lines, reading)
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        at = error.object[error.start]
        why = f"byte {at:#04x} is not UTF-8 text; save it as CSV in UTF-8, or as Parquet"
        raise FeedError(f"{path} cannot be read: {why}") from None
    except csv.Error as error:
        why = str(error)
        if "new-line character" in why:
            why = "its lines end in CR alone; save it with LF or CRLF"
        raise FeedError(f"{path} cannot be read: {why}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise FeedError(f"{path} cannot be read: it is damaged, or packed in an unknown way: {error}") from None


def _read_csv(path: Path, member: str, lines: Iterator[str], reading: Reading) -> Table:
    what = str(path) if member == path.name else f"{path}, {member}"
    place = PurePosixPath(member)
    table = Table(what, place.name.removesuffix(place.suffix))
    head = list(islice(lines, HEAD_LINES))
    if not "".join(head).strip():
        raise FeedError(f"{what} is empty: it has no line with the names of its columns")
    head[0] = head[0].removeprefix("\ufeff")
    delimiter = _delimiter(head)
    first = [next(csv.reader([line], delimiter=delimiter), []) for line in head]
    lean = find_lean(path, member, first)
    if lean is not None:
        table.stem = lean.symbol
        if lean.day is not None:
            first = [[time_text(cells[0], lean.day), *cells[1:]] if cells else cells for cells in first]
    layout = find_layout(first, reading.columns, what)
    wide = 0
    reader = csv.reader(_chain(head[layout.first :], lines), delimiter=delimiter)
    for cells in reader:
        if reader.line_num > MAX_ROWS:
            raise FeedError(f"{path} has more than {MAX_ROWS:,} lines: split it, and import the parts")
        if not any(cells):
            continue
        if lean is not None and lean.day is not None:
            cells[0] = time_text(cells[0], lean.day)
        if len(cells) > layout.width and any(cells[layout.width :]):
            wide += 1
            table.rows.append({"row": str(reader.line_num + layout.first), "wide": f"{len(cells)} cells"})
            continue
        _add(table, layout, reader.line_num + layout.first, cells)
    if wide and wide == len(table.rows):
        hint = (
            "decimal commas and thousands need quotes, and each column a name"
            if delimiter == ","
            else "look at the file"
        )
        raise FeedError(f"{what}: its lines have more cells than the {layout.width} that its heading names: {hint}")
    _settle(table, layout, reading)
    if lean is not None:
        table.is_lean_share = has_shares(table.rows)
    return table


def _chain(head: Sequence[str], rest: Iterator[str]) -> Iterator[str]:
    yield from head
    yield from rest


def _delimiter(head: Sequence[str]) -> str:
    """Return the column separator; a comma is tried last, because it may be part of numbers."""
    for each in ";\t|":
        counts = sorted(line.count(each) for line in head if line.strip())
        if counts[len(counts) // 2] >= len(FIELDS) - 1:
            return each
    return ","


def _add(table: Table, layout: Layout, number: int, cells: Sequence[str]) -> None:
    for symbol, columns in layout.columns.items():
        row: Row = {"row": str(number)}
        if symbol:
            row["symbol"] = symbol
        for each, places in columns.items():
            if not places:
                row[each] = "0"
            elif max(places) < len(cells):
                row[each] = " ".join(cells[place].strip() for place in places)
        if symbol and not any(row.get(each) for each in FIELDS):
            continue  # a day on which another symbol of the line has a bar
        table.rows.append(row)


def _settle(table: Table, layout: Layout, reading: Reading) -> None:
    """Convert the times and numbers of all rows, when all are known."""
    zone = None
    if layout.zone:
        with suppress(ValueError, OSError, KeyError):
            zone = ZoneInfo(layout.zone)
    try:
        table.stamps = read_stamps([row.get("ts", "") for row in table.rows], reading.dates, zone)
        numbers = [row[each] for row in table.rows for each in _NUMBERS if each in row]
        if reading.decimals or not all(is_plain(cell) for cell in numbers):
            decimals = reading.decimals or find_decimals(numbers)
            for row in table.rows:
                for each in _NUMBERS:
                    if each in row:
                        row[each] = plain_number(row[each], decimals)
    except FeedError as error:
        raise FeedError(f"{table.name}: {error}") from None


def _read_parquet(path: Path, reading: Reading) -> Table:
    arrow = need("pyarrow", "parquet")
    parquet = need("pyarrow.parquet", "parquet")
    table = Table(str(path), path.stem)
    with open_regular(path, follow=True) as file:
        try:
            names = parquet.ParquetFile(file).schema_arrow.names
            shown = ["" if name == "__index_level_0__" else name for name in names]
            layout = find_layout([shown], reading.columns, str(path))
            used = {place for columns in layout.columns.values() for places in columns.values() for place in places}
            wanted = sorted(names[place] for place in used)
            for batch in parquet_batches(file, wanted, MAX_ROWS):
                columns = [batch.get(name) for name in names]
                for index in range(len(batch[wanted[0]])):
                    cells = [_text(column[index]) if column is not None else "" for column in columns]
                    _add(table, layout, len(table.rows) + 1, cells)
        except (arrow.ArrowException, ValueError, OverflowError) as error:
            raise FeedError(f"{path} is not a Parquet file that can be read: {error}") from None
    _settle(table, layout, reading)
    return table


def parquet_batches(file: BinaryIO, names: Sequence[str], rows: int) -> Iterator[dict[str, list[Any]]]:
    """Yield the columns `names` of a Parquet file, some thousand rows at a time.

    Raises:
        ValueError: more than `rows` rows, a missing column, or one that decompresses to more than the limit.
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
    short = [name for name in names if types.is_float32(schema.field(name).type)]
    file.seek(0)
    # texts stay packed: a long one that a million rows share would be unpacked a million times
    for batch in parquet.ParquetFile(file, read_dictionary=text).iter_batches(_BATCH_ROWS, columns=list(names)):
        for name in text:
            _check_text(name, batch.column(name))
        columns = batch.to_pydict()
        for name in short:  # 608.32, and not 608.3200073242188, which is what a double makes of it
            columns[name] = batch.column(name).cast("string").to_pylist()
        yield columns


def _is_text(types: Any, kind: Any) -> bool:
    plain = kind.value_type if types.is_dictionary(kind) else kind
    checks = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(check(plain) for check in checks)


def _check_text(name: str, column: Any) -> None:
    known = getattr(column, "dictionary", column)
    if any(value.is_valid and len(value.as_buffer()) > MAX_TEXT for value in known):
        raise ValueError(f"its column {name} has a text of more than {MAX_TEXT:,} characters")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else "" if value is None else str(value)
