"""The ledger: one SQLite file that is the truth about all accounts of a run, and the commit point of every cycle.

One process writes it and holds `ledger.lock` meanwhile. A commit is one transaction with FULL sync: once it returned,
everything of the cycle is on disk; before it, nothing of it is. State files are written after it and can be written
again from it. An account's cash is the sum of its movements, checked at each commit and at each load.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from aion.clock import iso, parse_iso
from aion.errors import DiskError, LedgerError
from aion.fact import Fact, Rows
from aion.ledger import row as rows
from aion.ledger.query import LedgerReader
from aion.ledger.schema import connect, migrate, take_lock
from aion.model import ZERO, EquityPoint, Mode
from aion.money import plain_text
from aion.store.layout import lock_of
from aion.trading.events import Audit, CashMovement, Changes

AT_ONCE = 30  # rows of a statement: three tenths of its time are its own; an old SQLite takes 999 values
_NEWER = "ON CONFLICT (bot, ts) DO UPDATE SET equity = excluded.equity, hold = excluded.hold"


@dataclass(slots=True)
class BotCycle:
    """All that one bot did in one cycle; committed whole or not at all."""

    bot: str
    cycle_id: str
    cursor: datetime
    """Market time up to which the bot has seen bars."""
    day: str
    """Market day that the records belong to, `YYYY-MM-DD`."""
    cash: Decimal
    """Of the account after the cycle, money."""
    state: Mapping[str, Any] | None
    """JSON types: portfolio, orders at rest, strategy ... what the bot needs to go on; None for that of before."""
    changes: Changes = field(default_factory=Changes)
    equity: list[EquityPoint] = field(default_factory=list)
    seq: int = 0
    """Number of the bot's newest document."""


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """A bot's account as it was committed last."""

    bot: str
    cycle_id: str
    cursor: datetime
    seq: int
    cash: Decimal
    state: dict[str, Any]


class Ledger(LedgerReader):
    """The open ledger of one run; close it, or use it as a context manager."""

    def __init__(self, path: Path, mode: Mode, run: str) -> None:
        """Open or make the ledger at `path`.

        Args:
            path: the SQLite file; `<stem>.lock` beside it is held while it is open.
            mode: replay, paper, backtest or live; a ledger of another mode is refused. That of a backtest is left to
                the kernel to write, because the backtest can be run again.
            run: name of the run if the ledger is made now; an existing ledger keeps its own (`run`).

        Raises:
            LedgerError: in use by another process, of another mode, from a newer version, damaged, or in a folder
                that cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"{path.parent}: cannot be made: {error.strerror}") from None
        self._lock = take_lock(lock_of(path))
        self._cash: dict[str, Decimal] = {}
        self._cursor: dict[str, datetime] = {}
        self._is_batch = False
        try:
            connection = connect(path, is_durable=mode != "backtest")
        except sqlite3.Error as error:
            self._unlock()
            raise _unreadable(path, error) from None
        try:
            migrate(connection, path)
            super().__init__(path, connection)
            self.mode = self._fix("mode", mode)
            self.run = self._fix("run", run)
            if self.mode != mode:
                raise LedgerError(
                    f"{path} is of a {self.mode} and this is a {mode}: choose another AION_DATA folder for it"
                )
        except sqlite3.Error as error:
            connection.close()
            self._unlock()
            raise _unreadable(path, error) from None
        except BaseException:
            connection.close()
            self._unlock()
            raise

    def close(self) -> None:
        """Commit an open batch, close the file and give the lock back; safe to call twice."""
        with suppress(sqlite3.Error):
            if self._is_batch and self._connection.in_transaction:
                self._connection.execute("COMMIT")
        super().close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # writing

    def open_account(self, bot: str, cash: Decimal, at: datetime, state: Mapping[str, Any]) -> None:
        """Make the account of `bot` with its start money.

        Args:
            bot: name of the bot.
            cash: start money.
            at: market time from which it trades.
            state: JSON types, as in `BotCycle`.

        Raises:
            LedgerError: it has an account, or the disk refuses.
        """
        deposit = CashMovement(f"m{self.run}-{bot}-deposit", at, "deposit", cash)
        day = at.date().isoformat()
        with self._transaction():
            self._insert(
                "movements", (*rows.MOVEMENTS.names, "bot", "day"), [(*rows.MOVEMENTS.row(deposit), bot, day)]
            )
            account = {"bot": bot, "cycle_id": "", "cursor": iso(at), "seq": 0, "cash": plain_text(cash)}
            account["state"] = _dump(state)
            self._insert("accounts", account, [tuple(account.values())])
        self._cash[bot] = cash
        self._cursor[bot] = at

    def commit(self, cycles: Iterable[BotCycle]) -> None:
        """Write one cycle of one or more bots in one transaction; on disk when it returns, unless in a `batch`.

        Raises:
            LedgerError: a fill, decision or movement is there already (a cycle ran twice), time runs back, the cash
                is not what its movements make it, or the disk refuses. Nothing of the cycle is kept then.
        """
        cycles = list(cycles)
        with self._transaction():
            for cycle in cycles:
                self._write(cycle)
        for cycle in cycles:
            self._cash[cycle.bot] = cycle.cash
            self._cursor[cycle.bot] = cycle.cursor

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Group the commits inside into one transaction, for backtests and for catching up.

        A process that dies inside leaves whole cycles up to the newest `flush`. An error keeps the cycles before it.
        """
        if self._is_batch:
            raise LedgerError(f"{self.path}: a batch is open already")
        self._is_batch = True
        try:
            yield
        finally:
            try:
                self.flush()
            finally:
                self._is_batch = False

    def flush(self) -> None:
        """Put the cycles of an open batch on disk; nothing when there are none.

        Raises:
            DiskError: the disk refuses; none of the cycles since the last flush is kept.
        """
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._forget()
            raise DiskError(f"{self.path}: cannot be written ({error})") from None

    def audit(self, record: Audit) -> None:
        """Write what people did to the bots; with the cycle that it led to when in a `batch`.

        Raises:
            LedgerError: it was carried out already, or the disk refuses.
        """
        with self._transaction():
            self._add("audit", rows.AUDITS, [record])

    def settle_audit(self, target: str, audit_id: str, outcome: str) -> None:
        """Write what came of something in the audit that was begun and not done; with the cycle when in a `batch`.

        Raises:
            LedgerError: the disk refuses.
        """
        with self._transaction():
            self._connection.execute(
                "UPDATE audit SET outcome = ? WHERE target = ? AND id = ?", (outcome, target, audit_id)
            )

    def note(self, key: str, value: str) -> None:
        """Keep `value` under `key`, beside the accounts; `notes` reads it.

        Raises:
            LedgerError: the disk refuses.
        """
        with self._transaction():
            self._connection.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (f"note:{key}", value),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self._connection
        try:
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            connection.execute("SAVEPOINT cycle")
            try:
                yield
                connection.execute("RELEASE cycle")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK TO cycle")
                    connection.execute("RELEASE cycle")
                raise
            finally:
                if not self._is_batch and connection.in_transaction:
                    connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise LedgerError(
                f"{self.path}: this is in the ledger already ({error}); nothing of it is kept"
            ) from None
        except sqlite3.Error as error:
            self._forget()
            raise DiskError(f"{self.path}: cannot be written ({error}); nothing of this cycle is kept") from None

    def _forget(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self._cash.clear()
        self._cursor.clear()

    def _write(self, cycle: BotCycle) -> None:
        self._check(cycle)
        bot, day, changes = cycle.bot, cycle.day, cycle.changes
        orders = [(*rows.order_row(record), day) for record in changes.orders.values()]
        self._insert(
            "orders",
            (*rows.ORDER_NAMES, "day"),
            orders,
            "ON CONFLICT (id) DO UPDATE SET quantity = excluded.quantity, status = excluded.status, "
            "filled_quantity = excluded.filled_quantity, detail = excluded.detail, updated_at = excluded.updated_at",
        )
        self._add("fills", rows.FILLS, changes.fills, day=day)
        self._add("trades", rows.TRADES, changes.trades, day=day)
        self._add("movements", rows.MOVEMENTS, changes.movements, bot=bot, day=day)
        self._add("decisions", rows.DECISIONS, changes.decisions, bot=bot, day=day)
        self._add("equity", rows.EQUITY, cycle.equity, _NEWER, bot=bot, day=day)
        account = {"cycle_id": cycle.cycle_id, "cursor": iso(cycle.cursor), "seq": cycle.seq}
        account["cash"] = plain_text(cycle.cash)
        if cycle.state is not None:
            account["state"] = _dump(cycle.state)
        names = ", ".join(f"{name} = ?" for name in account)  # literals of this method
        self._connection.execute(f"UPDATE accounts SET {names} WHERE bot = ?", (*account.values(), bot))  # noqa: S608

    def _check(self, cycle: BotCycle) -> None:
        if cycle.bot not in self._cash:
            saved = self.load_account(cycle.bot)
            if saved is None:
                raise LedgerError(f"{self.path}: {cycle.bot} has no account; open one first")
            self._cash[cycle.bot] = saved.cash
            self._cursor[cycle.bot] = saved.cursor
        if cycle.cursor < self._cursor[cycle.bot]:
            raise LedgerError(
                f"{self.path}: {cycle.bot} is at {iso(self._cursor[cycle.bot])}, after a cycle of {iso(cycle.cursor)}"
            )
        expected = sum((movement.amount for movement in cycle.changes.movements), self._cash[cycle.bot])
        if cycle.cash != expected:
            raise LedgerError(
                f"{self.path}: cash of {cycle.bot} is {cycle.cash:f}, its movements make it {expected:f}"
            )

    def _add(self, table: str, kind: Rows[Fact], facts: Sequence[Fact], conflict: str = "", **more: str) -> None:
        """Insert the rows of `facts`, each with the columns in `more`."""
        rest, make = tuple(more.values()), kind.row
        self._insert(table, (*kind.names, *more), [make(fact) + rest for fact in facts], conflict)

    def _insert(
        self, table: str, columns: Iterable[str], records: Sequence[tuple[Any, ...]], conflict: str = ""
    ) -> None:
        if not records:
            return
        names, marks = ", ".join(columns), f"({', '.join('?' * len(records[0]))})"
        together = len(records) // AT_ONCE * AT_ONCE
        groups = [tuple(chain(*records[at : at + AT_ONCE])) for at in range(0, together, AT_ONCE)]
        for count, values in ((AT_ONCE, groups), (1, records[together:])):
            # table, columns and clause are literals of this package
            statement = f"INSERT INTO {table} ({names}) VALUES {', '.join([marks] * count)} {conflict}"  # noqa: S608
            self._connection.executemany(statement, values)

    # reading

    def load_account(self, bot: str) -> SavedAccount | None:
        """Return the newest committed account of `bot`, or None when it has none.

        Raises:
            LedgerError: its cash is not the sum of its movements: the file was changed by something else.
        """
        found = self._one("SELECT * FROM accounts WHERE bot = ?", bot)
        if found is None:
            return None
        moved = self._all("SELECT amount FROM movements WHERE bot = ?", bot)
        cash = Decimal(found["cash"])
        if sum((Decimal(each["amount"]) for each in moved), ZERO) != cash:
            raise LedgerError(
                f"{self.path}: cash of {bot} is not the sum of its movements; move it away or start with FRESH=1"
            )
        return SavedAccount(
            bot,
            found["cycle_id"],
            parse_iso(found["cursor"]),
            found["seq"],
            cash,
            json.loads(found["state"]),
        )

    def _fix(self, key: str, default: str) -> str:
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, default))
        found = self._one("SELECT value FROM meta WHERE key = ?", key)
        return str(found["value"]) if found is not None else default


def _dump(state: Mapping[str, Any]) -> str:
    return json.dumps(state, separators=(",", ":"), allow_nan=False)


def _unreadable(path: Path, error: sqlite3.Error) -> LedgerError:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        return DiskError(f"{path}: cannot be written ({error})")
    return LedgerError(
        f"{path}: the ledger is damaged or cannot be opened ({error}); move it away or start with FRESH=1"
    )
