"""Ledgers as earlier versions wrote them."""

import sqlite3

from aion.ledger.schema import MIGRATIONS

CENTS = {
    "accounts": ("cash",),
    "fills": ("fee", "slippage", "realized"),
    "trades": ("fee", "slippage", "borrow", "realized"),
    "movements": ("amount",),
    "equity": ("equity", "hold"),
}
"""Columns that version 3 kept as integer cents, named with `_cents`, by table."""


def make_version_3(connection: sqlite3.Connection) -> None:
    """Turn a ledger of the present version into one with money in cents."""
    assert len(MIGRATIONS) == 4, "say here how a ledger of the newest version becomes one of version 4"
    for table, columns in CENTS.items():
        for name in columns:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {name}_cents INTEGER")
            connection.execute(f"UPDATE {table} SET {name}_cents = CAST(round({name} * 100) AS INTEGER)")
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    connection.execute("PRAGMA user_version = 3")
