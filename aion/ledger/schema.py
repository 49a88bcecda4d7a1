"""How the ledger's SQLite file is opened, locked and brought to the present version."""

import os
import sqlite3
from contextlib import closing
from functools import cache  # noqa: TID251 - of the program itself, not of what is on disk
from pathlib import Path

from aion.errors import LedgerError
from aion.ledger.row import COLUMNS
from aion.store.database import check_database
from aion.store.lock import take_lock as take_file


def _as_text(table: str, **columns: str) -> str:
    """Return the statements that turn columns of integer cents into amounts as text, named without `_cents`."""
    added = "".join(f"ALTER TABLE {table} ADD COLUMN {name} TEXT {more};\n" for name, more in columns.items())
    cents = "iif({0} < 0, '-', '') || (abs({0}) / 100) || printf('.%02d', abs({0}) % 100)"
    # without a WHERE of it a NULL stays one: `||` of NULL is NULL
    filled = ", ".join(f"{name} = {cents.format(f'{name}_cents')}" for name in columns)
    dropped = "".join(f"ALTER TABLE {table} DROP COLUMN {name}_cents;\n" for name in columns)
    return f"{added}UPDATE {table} SET {filled};\n{dropped}"  # noqa: S608 - literals of this module


MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE accounts (
        bot TEXT PRIMARY KEY, cycle_id TEXT NOT NULL, cursor TEXT NOT NULL, seq INTEGER NOT NULL,
        cash_cents INTEGER NOT NULL, state TEXT NOT NULL
    ) STRICT;
    CREATE TABLE orders (
        id TEXT PRIMARY KEY, bot TEXT NOT NULL, day TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
        quantity TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL, limit_price TEXT, stop_price TEXT,
        stop_loss TEXT, take_profit TEXT, reduce_only INTEGER NOT NULL, decided_at TEXT NOT NULL,
        reason TEXT NOT NULL, status TEXT NOT NULL, filled_quantity TEXT NOT NULL, detail TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX orders_by_day ON orders (bot, day);
    CREATE TABLE fills (
        id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (id), bot TEXT NOT NULL, day TEXT NOT NULL,
        symbol TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL,
        fee_cents INTEGER NOT NULL, fees TEXT NOT NULL, slippage_cents INTEGER NOT NULL, realized_cents INTEGER,
        decided_at TEXT NOT NULL, filled_at TEXT NOT NULL, known_at TEXT NOT NULL, reason TEXT NOT NULL,
        price_source TEXT NOT NULL, bar TEXT NOT NULL
    ) STRICT;
    CREATE INDEX fills_by_day ON fills (bot, day);
    CREATE TABLE trades (
        id TEXT PRIMARY KEY, bot TEXT NOT NULL, day TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
        quantity TEXT NOT NULL, entry_price TEXT NOT NULL, exit_price TEXT NOT NULL, opened_at TEXT NOT NULL,
        closed_at TEXT NOT NULL, fee_cents INTEGER NOT NULL, slippage_cents INTEGER NOT NULL,
        realized_cents INTEGER NOT NULL, reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX trades_by_day ON trades (bot, day);
    CREATE TABLE movements (
        id TEXT PRIMARY KEY, bot TEXT NOT NULL, day TEXT NOT NULL, ts TEXT NOT NULL, kind TEXT NOT NULL,
        amount_cents INTEGER NOT NULL, symbol TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX movements_by_bot ON movements (bot);
    CREATE TABLE decisions (
        id TEXT PRIMARY KEY, bot TEXT NOT NULL, day TEXT NOT NULL, ts TEXT NOT NULL, symbol TEXT NOT NULL,
        action TEXT NOT NULL, reason TEXT NOT NULL, confidence REAL, order_id TEXT NOT NULL
    ) STRICT;
    CREATE INDEX decisions_by_day ON decisions (bot, day);
    CREATE TABLE equity (
        bot TEXT NOT NULL, ts TEXT NOT NULL, day TEXT NOT NULL, equity_cents INTEGER NOT NULL, hold_cents INTEGER,
        PRIMARY KEY (bot, ts)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE audit (
        target TEXT NOT NULL, id TEXT NOT NULL, ts TEXT NOT NULL, at TEXT NOT NULL, action TEXT NOT NULL,
        outcome TEXT NOT NULL, value TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (target, id)
    ) STRICT;
    UPDATE accounts SET state = json_set(
        json_remove(state, '$.control_id'),
        '$.control', json_array(json_extract(state, '$.control_id'), ''),
        '$.standing', json('{"killed":"","paused":"","leaving":""}'),
        '$.config', json('[0,{},""]')
    ) WHERE json_type(state, '$.control_id') IS NOT NULL;
    """,
    # charges for nights stood in the fees of their trade: all since the close before it in its symbol
    """
    ALTER TABLE trades ADD COLUMN borrow_cents INTEGER NOT NULL DEFAULT 0;
    CREATE TEMP TABLE nights AS
        WITH closes AS (
            SELECT trades.id, trades.bot, trades.symbol, movements.rowid AS at,
                LAG(movements.rowid, 1, 0) OVER (
                    PARTITION BY trades.bot, trades.symbol ORDER BY movements.rowid
                ) AS since
            FROM trades JOIN movements ON movements.id = 'f' || substr(trades.id, 2)
        )
        SELECT closes.id, -SUM(movements.amount_cents) AS cents
        FROM movements JOIN closes ON closes.bot = movements.bot AND closes.symbol = movements.symbol
            AND movements.rowid > closes.since AND movements.rowid < closes.at
        WHERE movements.kind IN ('borrow', 'financing') GROUP BY closes.id;
    UPDATE trades SET
        borrow_cents = (SELECT cents FROM nights WHERE nights.id = trades.id),
        fee_cents = fee_cents - (SELECT cents FROM nights WHERE nights.id = trades.id)
        WHERE id IN (SELECT id FROM nights);
    DROP TABLE nights;
    """,
    # money was integer cents; a yen has none, and a coin may have eighteen decimals
    _as_text("accounts", cash="NOT NULL DEFAULT '0'")
    + _as_text("fills", fee="NOT NULL DEFAULT '0'", slippage="NOT NULL DEFAULT '0'", realized="")
    + _as_text(
        "trades",
        fee="NOT NULL DEFAULT '0'",
        slippage="NOT NULL DEFAULT '0'",
        borrow="NOT NULL DEFAULT '0'",
        realized="NOT NULL DEFAULT '0'",
    )
    + _as_text("movements", amount="NOT NULL DEFAULT '0'")
    + _as_text("equity", equity="NOT NULL DEFAULT '0'", hold=""),
)
"""One script a version; the version of a file is `PRAGMA user_version`, the newest is their number.

A field that a fact has got since needs none: its column is added, empty, to a file without it.
"""

BUSY_S = 5.0  # a reader of the same file may hold up a commit for a moment


def connect(path: Path, *, is_durable: bool = True) -> sqlite3.Connection:
    """Return a connection to a ledger.

    Args:
        path: of the file.
        is_durable: True to have each commit on disk when it returns; False for what can be calculated again.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    check_database(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
    try:
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'OFF'}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the file.

    Raises:
        LedgerError: it was written by a newer Aion.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path}: written by a newer Aion (ledger version {version}, this one knows {len(MIGRATIONS)}): "
            "update Aion, or choose another AION_DATA folder"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the file to the newest version, each step in a transaction of its own.

    Raises:
        LedgerError: it was written by a newer Aion.
        sqlite3.Error: a step failed; the file stays at the version before it.
    """
    version = check_version(connection, path)
    is_empty = not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    if is_empty and migrations is MIGRATIONS:
        connection.executescript(f"BEGIN IMMEDIATE; {_newest_schema()}; COMMIT;")
        return
    _bring_up(connection, version, migrations)
    if migrations is MIGRATIONS:
        for statement in lacking(connection):
            connection.execute(statement)


def _bring_up(connection: sqlite3.Connection, version: int, migrations: tuple[str, ...]) -> None:
    for number, script in enumerate(migrations[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@cache
def _newest_schema() -> str:
    """Return the statements that make an empty file one of the newest version, read from one that was brought there.

    A sweep makes a ledger for each run, and step by step it takes ten times as long.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        _bring_up(model, 0, MIGRATIONS)
        for statement in lacking(model):
            model.execute(statement)
        made = [str(row[0]) for row in model.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    return "; ".join([*made, f"PRAGMA user_version = {len(MIGRATIONS)}"])


def lacking(connection: sqlite3.Connection) -> list[str]:
    """Return the statements that add the columns which the facts have and the file has not."""
    added = []
    for table, columns in COLUMNS.items():
        known = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        added += [
            f"ALTER TABLE {table} ADD COLUMN {name} {kind}" for name, kind in columns.items() if name not in known
        ]
    return added


def take_lock(path: Path) -> int:
    """Return a descriptor that holds the lock file at `path` until it is closed or the process ends.

    Raises:
        LedgerError: another process holds it, or the folder cannot be written.
    """
    try:
        descriptor = take_file(path)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be opened: {error.strerror}") from None
    if descriptor is None:
        holder = path.read_bytes()[:32].decode("ascii", "replace").strip()
        who = f" (process {holder})" if holder.isdigit() else ""
        raise LedgerError(
            f"{path.parent} is in use by other bots{who}: stop them, or choose another AION_DATA folder"
        )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
