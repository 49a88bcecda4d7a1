"""The ledger as Parquet files, one a table, for notebooks: money and prices as decimals, times in UTC."""

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from aion.clock import parse_iso
from aion.errors import ConfigError
from aion.extras import need
from aion.ledger.query import LedgerReader
from aion.ledger.row import DECIMALS, TIMES
from aion.money import decimals_in

DIGITS, DECIMALS_KEPT = 38, 18  # of a number: all of any coin's decimals, and 20 digits before the point
TABLES = ("trades", "fills", "orders", "movements", "decisions", "equity", "audit")


def export(ledger: LedgerReader, folder: Path) -> dict[str, int]:
    """Write each table of `ledger` to `<table>.parquet` in `folder`, and return how many rows each has.

    A file that is there is replaced in one step.

    Raises:
        ConfigError: pyarrow is not installed, or the folder cannot be written.
        LedgerError: the ledger cannot be read.
    """
    arrow, parquet = need("pyarrow", "parquet"), need("pyarrow.parquet", "parquet")
    counts: dict[str, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            columns, found = ledger.table(name)
            rows = [{"run": ledger.run, **_values(dict(row))} for row in found]
            schema = arrow.schema([("run", arrow.string()), *_fields(arrow, columns, rows)])
            table = arrow.Table.from_pylist(rows, schema=schema)
            temporary = folder / f".{name}.parquet.tmp-{os.getpid()}"
            parquet.write_table(table, temporary, compression="zstd")
            os.replace(temporary, folder / f"{name}.parquet")
            counts[name] = len(rows)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from None
    return counts


def _fields(arrow: Any, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Return name and type of each column of `rows`; `columns` gives the SQL type by name."""
    kinds = {"INTEGER": arrow.int64(), "REAL": arrow.float64()}
    found: list[tuple[str, Any]] = []
    for name, kind in columns.items():
        if name in DECIMALS:
            found.append((name, _decimal(arrow, [row[name] for row in rows if row[name] is not None])))
        elif name in TIMES:
            found.append((name, arrow.timestamp("us", tz="UTC")))
        else:
            found.append((name, kinds.get(kind, arrow.string())))
    return found


def _decimal(arrow: Any, values: Sequence[Decimal]) -> Any:
    """Return a type that holds every digit of `values`: 18 decimals, and a wider one where that is not enough."""
    decimals = max((decimals_in(value) for value in values), default=0)
    whole = max((value.adjusted() + 1 for value in values if value), default=0)
    if decimals <= DECIMALS_KEPT and whole <= DIGITS - DECIMALS_KEPT:
        return arrow.decimal128(DIGITS, DECIMALS_KEPT)
    return arrow.decimal256(76, max(decimals, DECIMALS_KEPT))


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in row.items():
        if value is None:
            values[name] = None
        elif name in DECIMALS:
            values[name] = Decimal(value)
        elif name in TIMES:
            values[name] = parse_iso(value)
        else:
            values[name] = value
    return values
