"""Reading the ledger: the records of bots as trading values, and as rows for the command line."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aion.errors import LedgerError
from aion.ledger import row as rows
from aion.ledger.schema import MIGRATIONS, check_version, lacking, migrate
from aion.model import EquityPoint, OrderRecord
from aion.store.database import open_readonly
from aion.trading.events import Audit, Changes


class LedgerReader:
    """Questions to a ledger. Times are ISO 8601 UTC text, numbers are decimal text in the rows."""

    mode: str = ""
    """Mode of the run."""
    run: str = ""
    """Name of the run."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Args: path: as shown in messages; connection: to an open ledger."""
        self.path = path
        self._connection = connection
        connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def take(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Ask `connection` from now on, in place of the one that it was made with, and return it."""
        self.close()
        self._connection = connection
        connection.row_factory = sqlite3.Row
        return connection

    def bots(self) -> list[str]:
        """Return the names of the bots that have an account, in order of name."""
        return [found["bot"] for found in self._all("SELECT bot FROM accounts ORDER BY bot")]

    def notes(self, key: str) -> str | None:
        """Return the value kept under `key`, or None."""
        found = self._one("SELECT value FROM meta WHERE key = ?", f"note:{key}")
        return None if found is None else str(found["value"])

    def notes_under(self, prefix: str) -> dict[str, str]:
        """Return the values kept under keys that begin with `prefix`, by the rest of the key."""
        start = f"note:{prefix}"
        found = self._all("SELECT key, value FROM meta WHERE substr(key, 1, ?) = ?", len(start), start)
        return {str(each["key"])[len(start) :]: str(each["value"]) for each in found}

    def changes(self, bot: str, day: str | None = None) -> Changes:
        """Return all records of `bot` (of one market day), oldest first, as if they had just happened.

        Orders of earlier days that changed or rest are only in the records of the day they were decided on.
        """
        return Changes(
            orders={record.order.id: record for record in self.orders(bot, day)},
            fills=[rows.FILLS.fact(found) for found in self._of("fills", bot, day)],
            trades=[rows.TRADES.fact(found) for found in self._of("trades", bot, day)],
            movements=[rows.MOVEMENTS.fact(found) for found in self._of("movements", bot, day)],
            decisions=[rows.DECISIONS.fact(found) for found in self._of("decisions", bot, day)],
        )

    def orders(self, bot: str, day: str | None = None) -> list[OrderRecord]:
        """Return the orders of `bot` (of one market day) and what became of them, oldest first."""
        return [rows.order_record(found) for found in self._of("orders", bot, day)]

    def open_orders(self, bot: str) -> list[OrderRecord]:
        """Return the orders of `bot` that rest, oldest first."""
        return [
            rows.order_record(found)
            for found in self._all("SELECT * FROM orders WHERE bot = ? AND status = 'open' ORDER BY rowid", bot)
        ]

    def equity(self, bot: str, day: str | None = None) -> list[EquityPoint]:
        """Return the equity curve of `bot` (of one market day), in order of time."""
        where, values = ("AND day = ?", (bot, day)) if day else ("", (bot,))
        found = self._all(f"SELECT * FROM equity WHERE bot = ? {where} ORDER BY ts", *values)  # noqa: S608 - literals
        return [rows.EQUITY.fact(each) for each in found]

    def table(self, name: str) -> tuple[dict[str, str], Sequence[sqlite3.Row]]:
        """Return the SQL type of each column of a table by name, and its rows in the order in which they came."""
        columns = self._all("SELECT name, type FROM pragma_table_info(?)", name)
        order = "bot, ts" if name == "equity" else "rowid"
        rows = self._all(f"SELECT * FROM {name} ORDER BY {order}")  # noqa: S608 - names of the schema
        return {str(each["name"]): str(each["type"]) for each in columns}, rows

    def audits(self, target: str | None = None) -> list[Audit]:
        """Return what people did to the bots (to one bot, or to `desk`), oldest first."""
        where, values = ("WHERE target = ?", (target,)) if target else ("", ())
        found = self._all(f"SELECT * FROM audit {where} ORDER BY rowid", *values)  # noqa: S608 - literals
        return [rows.AUDITS.fact(each) for each in found]

    def fills(
        self, bot: str | None = None, day: str | None = None, newest: int | None = None
    ) -> list[dict[str, Any]]:
        """Return fills as rows, oldest first: bot, run, symbol, side, quantity, price, fee, decided_at, filled_at ...

        Args:
            bot: only its fills.
            day: only that market day.
            newest: only that many, the newest.
        """
        found = self._newest("fills", "*", "filled_at, rowid", bot, day, newest)
        return [rows.shown(each, self.run) for each in found]

    def trades(
        self, bot: str | None = None, day: str | None = None, newest: int | None = None
    ) -> list[dict[str, Any]]:
        """Return closed trades as rows, oldest first; arguments as `fills`.

        `price` is the exit's, `side` the entry's; `decided_at` and `filled_at` are those of the fill that closed it.
        """
        columns = (
            "trades.*, (SELECT decided_at FROM fills WHERE fills.id = 'f' || substr(trades.id, 2)) AS decided_at"
        )
        found = self._newest("trades", columns, "closed_at, rowid", bot, day, newest)
        return [rows.shown(each, self.run) for each in found]

    def _newest(
        self, table: str, columns: str, order: str, bot: str | None, day: str | None, newest: int | None
    ) -> Sequence[sqlite3.Row]:
        wanted = [(name, value) for name, value in (("bot", bot), ("day", day)) if value is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in wanted) or "TRUE"
        descending = ", ".join(f"{part} DESC" for part in order.split(", "))
        limit = -1 if newest is None else newest
        # table, columns and order are literals of this class
        statement = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {descending} LIMIT ?"  # noqa: S608
        return self._all(statement, *(value for _, value in wanted), limit)[::-1]

    def _of(self, table: str, bot: str, day: str | None) -> Sequence[sqlite3.Row]:
        where, values = ("AND day = ?", (bot, day)) if day else ("", (bot,))
        return self._all(f"SELECT * FROM {table} WHERE bot = ? {where} ORDER BY rowid", *values)  # noqa: S608 - literals

    def _all(self, statement: str, *values: object) -> Sequence[sqlite3.Row]:
        try:
            return list(self._connection.execute(statement, values))
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: cannot be read ({error})") from None

    def _one(self, statement: str, *values: object) -> sqlite3.Row | None:
        found = self._all(statement, *values)
        return found[0] if found else None


@contextmanager
def read_ledger(path: Path) -> Iterator[LedgerReader]:
    """Open the ledger at `path` for reading alone, beside the process that writes it.

    Raises:
        LedgerError: there is none, it is from a newer version, or it cannot be read.
    """
    if not os.path.lexists(path):
        raise LedgerError(f"{path}: there is no ledger yet; start the bots with `aion up`")
    try:
        connection = open_readonly(path)
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: cannot be read ({error})") from None
    with LedgerReader(path, connection) as reader:
        try:
            if check_version(connection, path) < len(MIGRATIONS) or lacking(connection):
                connection = reader.take(_brought_up_to_date(connection, path))
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        except sqlite3.Error as error:
            raise LedgerError(f"{path}: cannot be read ({error})") from None
        reader.mode, reader.run = meta.get("mode", ""), meta.get("run", "")
        yield reader


def _brought_up_to_date(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy in memory, of the present version, of an older ledger: a reader changes no file."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with ExitStack() as unless_done:
        unless_done.callback(copy.close)
        connection.backup(copy)
        migrate(copy, path)
        unless_done.pop_all()
    return copy
