"""The ledger as Parquet files, one a table, for notebooks: money and prices as decimals, times in UTC."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from aion.clock import parse_iso
from aion.errors import ConfigError
from aion.extras import need
from aion.ledger.query import LedgerReader
from aion.ledger.row import DECIMALS, TIMES

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
            columns, rows = ledger.table(name)
            schema = arrow.schema([("run", arrow.string()), *_fields(arrow, columns)])
            table = arrow.Table.from_pylist(
                [{"run": ledger.run, **_values(dict(row))} for row in rows], schema=schema
            )
            temporary = folder / f".{name}.parquet.tmp-{os.getpid()}"
            parquet.write_table(table, temporary, compression="zstd")
            os.replace(temporary, folder / f"{name}.parquet")
            counts[name] = len(rows)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from None
    return counts


def _fields(arrow: Any, columns: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Return name and type of each column; `columns` gives the SQL type by name."""
    kinds = {"INTEGER": arrow.int64(), "REAL": arrow.float64()}
    found: list[tuple[str, Any]] = []
    for name, kind in columns.items():
        if name.endswith("_cents"):
            found.append((name.removesuffix("_cents"), arrow.decimal128(20, 2)))
        elif name in DECIMALS:
            found.append((name, arrow.decimal128(38, 12)))
        elif name in TIMES:
            found.append((name, arrow.timestamp("us", tz="UTC")))
        else:
            found.append((name, kinds.get(kind, arrow.string())))
    return found


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in row.items():
        if value is None:
            values[name.removesuffix("_cents")] = None
        elif name.endswith("_cents"):
            values[name.removesuffix("_cents")] = Decimal(value).scaleb(-2)
        elif name in DECIMALS:
            values[name] = Decimal(value)
        elif name in TIMES:
            values[name] = parse_iso(value)
        else:
            values[name] = value
    return values
