"""Reads a freqtrade trades database, never changes it, and shows its bot on the desk as an external one.

The database is SQLite with the tables `trades` and `orders` (freqtrade/persistence/trade_model.py of
https://github.com/freqtrade/freqtrade; columns missing in older versions are optional). It has no start money: equity
starts from the given wallet, or from 0. Prices are those that freqtrade recorded once a day with its holdings
(`wallet_history`, since 2026), otherwise those of the newest fills. The figures are freqtrade's own
(`aion.adapter.freqtrade_figures`).
"""

import copy
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aion.adapter import freqtrade_figures as figures
from aion.adapter.freqtrade_document import Account, Open, Past, Shown, check, due, money, text
from aion.adapter.freqtrade_document import document as in_document
from aion.clock import Clock
from aion.config import MOST_CASH
from aion.engine.waiter import Waiter
from aion.errors import ConfigError
from aion.output.encode import Json
from aion.store.document_file import check_document, write_document
from aion.store.layout import Layout, check_name
from aion.store.regular_file import is_regular, open_regular

POLL_S = 5.0  # between two looks at the database
BEAT_S = 60.0  # a file at least that often, so that the desk sees the reader is alive
MOST_ROWS = 500_000  # of a table; the busiest bots have a tenth of that after years
MOST_CELL = 100_000  # bytes of a cell
MOST_BYTES = 512 << 20  # of all cells that are read
MOST_S = 30.0  # of one reading of the database
_STEPS = 20_000  # of SQLite's machine between two looks at the clock
UNCHANGING = "immutable=1"  # of SQLite: no locks, no files beside it
HEAD, WAL_AT = 20, 18  # bytes of the file; where it says how it is written (sqlite.org/fileformat2.html, 1.3)
NEEDED = frozenset({"id", "pair", "is_open", "open_rate", "close_rate", "amount", "open_date", "close_date"})
TRADE_COLUMNS = NEEDED | {
    "fee_open", "fee_close", "close_profit_abs", "stake_currency", "stop_loss", "exit_reason", "sell_reason",
    "strategy", "enter_tag", "buy_tag", "leverage", "is_short", "trading_mode", "realized_profit", "funding_fees",
    "record_version", "stake_amount", "close_profit", "liquidation_price",
}  # fmt: skip
ORDER_COLUMNS = frozenset({
    "id", "ft_trade_id", "ft_order_side", "ft_pair", "order_id", "filled", "order_date", "order_filled_date",
    "order_update_date", "ft_fee_base", "ft_order_tag", "average", "price", "stop_price", "ft_price", "funding_fee",
    "ft_is_open", "amount", "ft_amount", "order_type", "status",
})  # fmt: skip
HISTORY_COLUMNS = frozenset({"id", "timestamp", "currency", "rate", "quote_currency", "balance"})
LOCK_COLUMNS = frozenset({"id", "pair", "side", "reason", "lock_end_time", "active"})
FUTURE = timedelta(minutes=1)  # that a time of the database may lie ahead, as clocks differ a little
_MADE_AT = ("open_date", "close_date", "order_filled_date")
DAILY_PRICES = "Open positions are at the prices that freqtrade recorded on"
NO_PRICES = "Open positions are at the newest price in freqtrade's database: its daily record or the newest fill."
NO_WALLET = "The start money is not known: equity is the profit so far."
TRADABLE = 0.99  # freqtrade's own `tradable_balance_ratio`, where its settings name none


@dataclass(frozen=True, slots=True)
class Attached:
    """The database, and how its bot is shown."""

    database: Path
    bot: str
    """Name on the desk."""
    wallet: float | None
    """Money at the start, in the stake currency; None when it is not known."""
    currency: str = ""
    """Of a database without trades yet; those name theirs."""
    tradable: float = TRADABLE
    """Share of the account that the bot may use, its `tradable_balance_ratio`: freqtrade counts drawdowns from it."""
    ahead_s: float = 0.0
    """Seconds that the clock of freqtrade's machine is ahead of this machine's."""


def bot_name(database: Path) -> str:
    """Return a bot's name derived from the database's file name.

    Raises:
        ConfigError: no part of it is allowed in a name.
    """
    return check_name("bot", re.sub(r"[^A-Za-z0-9._-]+", "-", database.stem).strip("-._")[:64])


def attach(
    attached: Attached, layout: Layout, wall: Clock, waiter: Waiter | None, say: Callable[[str], None]
) -> None:
    """Write the bot's file once, or with a `waiter` whenever the database changes, until stopped.

    Raises:
        ConfigError: no such database, or it is not freqtrade's.
    """
    wallet = attached.wallet
    if wallet is not None and not 0 <= wallet <= MOST_CASH:
        raise ConfigError(f"--wallet {wallet:g} is not an amount of money from 0 to {MOST_CASH:,}")
    if not 0 < attached.tradable <= 1:
        raise ConfigError(f"--tradable-balance-ratio {attached.tradable:g} is not a share above 0 and up to 1")
    path = layout.swing_rolling(attached.bot)
    seen = written = None
    while True:
        present = signature(attached.database)
        now = wall.now()
        if present != seen or written is None or (now - written).total_seconds() >= BEAT_S:
            mode = mode_of(attached.database)
            value = read(attached, now, due(now, BEAT_S + 2 * POLL_S) if waiter is not None else None)
            check_document(copy.copy(value), "swing_rolling", layout.relative(path))
            if mode == UNCHANGING and signature(attached.database) != present:
                continue  # a bot has started meanwhile
            write_document(path, value)
            if present != seen:
                say(f"{attached.bot}: {len(value['positions'])} open, {value['stats']['closed_trades']} closed")
            seen, written = present, now
        if waiter is None or waiter.wait(POLL_S):
            return


def read(attached: Attached, now: datetime, due_at: datetime | None = None, **more: Any) -> Json:
    """Return the state file of the bot, read from its database now; see `document`.

    Raises:
        ConfigError: no such database, or it is not freqtrade's.
    """
    rows = read_rows(attached.database, now)
    try:
        return document(rows, attached, now, due_at, **more)
    except (ValueError, OverflowError, TypeError) as error:  # a column of SQLite may hold anything
        raise ConfigError(f"{attached.database} holds what freqtrade does not write: {error}") from None


def read_rows(database: Path, now: datetime) -> "Rows":
    """Return what a database holds now.

    Raises:
        ConfigError: no such database, or it is not freqtrade's.
    """
    with opened(database, "freqtrade", "trades", NEEDED) as connection:
        return rows_of(connection, now)


def signature(database: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Return a value that changes whenever the database does, from its file and its write-ahead log."""
    found: list[tuple[int, int, int] | None] = []
    for path in (database, _log_of(database)):
        try:
            about = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((about.st_ino, about.st_size, about.st_mtime_ns))
    return tuple(found)


def _log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def mode_of(database: Path, program: str = "freqtrade") -> str:
    """Return the mode of opening that creates no file beside the database.

    A database in WAL mode that nobody has open has no log, and opening it would create one, even read-only: it is
    opened as an immutable file. One that is open has its log already, and readers use it.
    """
    try:
        with open_regular(database, follow=True) as file:
            is_wal = file.read(HEAD)[WAL_AT : WAL_AT + 1] == b"\x02"
    except FileNotFoundError:
        raise ConfigError(f"{database}: file not found") from None
    except OSError as error:
        raise ConfigError(f"{database} cannot be opened: {error.strerror}") from None
    for suffix in ("-wal", "-shm", "-journal"):  # SQLite would open those, and wait for whoever writes into a pipe
        beside = database.with_name(database.name + suffix)
        if (beside.exists() or beside.is_symlink()) and not is_regular(beside):
            raise ConfigError(f"{beside} is a link, a pipe or the like, not a file: {program} did not make it")
    return UNCHANGING if is_wal and not _log_of(database).exists() else "mode=ro"


@contextmanager
def opened(database: Path, program: str, table: str, needed: frozenset[str]) -> Iterator[sqlite3.Connection]:
    """Open a database of another program so that nothing is written, in it or beside it, and nothing in it is run.

    Args:
        database: its file.
        program: which it is of, for errors.
        table: of the trades.
        needed: columns that it has, if it is of that program.

    Raises:
        ConfigError: there is none, it cannot be read, or is of another program.
    """
    try:
        address = f"{database.absolute().as_uri()}?{mode_of(database, program)}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise ConfigError(f"{database} cannot be opened: {error}") from None
    try:
        connection.row_factory = sqlite3.Row
        _bound(connection)
        missing = needed - columns_of(connection, table)
        if missing:
            raise ConfigError(
                f"{database} is not a {program} trades database: it has no {', '.join(sorted(missing))}"
            )
        yield connection
    except sqlite3.OperationalError as error:
        why = f"reading it takes more than {MOST_S:g} s" if "interrupted" in str(error) else str(error)
        raise ConfigError(f"{database} is not a database that can be read: {why}") from None
    except sqlite3.Error as error:
        raise ConfigError(f"{database} is not a database that can be read: {error}") from None
    except (ValueError, OverflowError, TypeError) as error:  # a column of SQLite may hold anything
        raise ConfigError(f"{database} holds what {program} does not write: {error}") from None
    finally:
        connection.close()


def _bound(connection: sqlite3.Connection) -> None:
    """Prevent that content of the database runs code, writes, opens other files, or takes too long."""
    until = time.monotonic() + MOST_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")


def rows_in(connection: sqlite3.Connection, table: str, known: frozenset[str], order: str = "id") -> list[Json]:
    """Return the columns of `table` that this reader knows, row by row, ordered by the column `order`.

    Raises:
        ValueError: more rows or bytes than any real database has.
    """
    names = sorted(known & columns_of(connection, table))
    # names of columns are this module's own, and none has a quote in it
    query = f'SELECT {", ".join(names)} FROM "{table}" ORDER BY {order} LIMIT {MOST_ROWS + 1}'  # noqa: S608
    found: list[Json] = []
    size = 0
    for row in connection.execute(query):
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if len(found) == MOST_ROWS or size > MOST_BYTES:
            what = f"{MOST_ROWS:,} rows" if len(found) == MOST_ROWS else f"{MOST_BYTES:,} bytes"
            raise ValueError(f"the table {table} has more than {what}")
        found.append(dict(row))
    return found


def columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns of a table; none for a view or a virtual table, which may be endless."""
    kept = "SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table' AND rootpage > 0"
    if connection.execute(kept, (table,)).fetchone() is None:
        return set()
    return {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}


@dataclass(frozen=True, slots=True)
class Rows:
    """What a database holds."""

    trades: list[Json]
    orders: list[Json]
    history: list[Json]
    """Daily holdings."""
    locks: list[Json]
    """Those that have not ended."""


def rows_of(connection: sqlite3.Connection, now: datetime) -> Rows:
    """Return what the database holds, at one moment.

    Args:
        connection: to the database.
        now: wall time.
    """
    connection.execute("BEGIN")  # one state of all tables
    try:
        trades = rows_in(connection, "trades", TRADE_COLUMNS)
        orders = []
        if "ft_trade_id" in columns_of(connection, "orders"):
            orders = rows_in(connection, "orders", ORDER_COLUMNS)
        history = []
        if columns_of(connection, "wallet_history") >= HISTORY_COLUMNS:
            history = rows_in(connection, "wallet_history", HISTORY_COLUMNS)
        locks = []
        if columns_of(connection, "pairlocks") >= LOCK_COLUMNS - {"side", "reason"}:
            locks = rows_in(connection, "pairlocks", LOCK_COLUMNS)
    finally:
        connection.execute("COMMIT")
    return Rows(trades, orders, history, active(locks, now))


def active(locks: Sequence[Json], now: datetime) -> list[Json]:
    """Return the locks that have not ended."""
    return [each for each in locks if each["active"] and figures.time_of(each["lock_end_time"]) > now]


def document(rows: Rows, attached: Attached, now: datetime, due_at: datetime | None, **more: Any) -> Json:
    """Return the state file of the bot, made from its database.

    Args:
        rows: of the database.
        attached: has the bot's name and start money.
        now: wall time.
        due_at: of the next write; None where there is none.
        more: further fields.

    Raises:
        ConfigError: a newer version, or two stake currencies and none is chosen.
        ValueError: a value that freqtrade does not write.
    """
    currency = _currency(rows.trades, attached.currency)
    trades = [each for each in rows.trades if _stake_of(each) == currency]
    chosen = {each["id"] for each in trades}
    orders = [each for each in rows.orders if each["ft_trade_id"] in chosen]
    is_dry = bool(orders) and all(str(each["order_id"]).startswith("dry_run") for each in orders)
    if attached.ahead_s and is_dry:
        trades = [figures.by_this_clock(each, attached.ahead_s, now) for each in trades]
        orders = [figures.by_this_clock(each, attached.ahead_s, now) for each in orders]
    by_trade: dict[Any, list[Json]] = defaultdict(list)
    for order in orders:
        by_trade[order["ft_trade_id"]].append(order)
    past, opened = Past(), list[Open]()
    holdings = figures.newest_holdings(rows.history, currency)
    marks: list[figures.Mark] = []
    for trade in trades:
        check(trade)
        if not trade["is_open"]:
            if trade["close_date"]:
                past.add(trade, by_trade[trade["id"]])
            continue
        mark = figures.mark(trade, by_trade[trade["id"]], holdings)
        profit = figures.open_profit(trade, mark.price)
        opened.append(Open(trade, by_trade[trade["id"]], mark.price, mark.at, profit))
        if figures.amount(trade, "amount") > 0:
            marks.append(mark)
    past.trim()
    account = _account(attached, currency, trades, past, opened, is_dry=is_dry)
    clock = figures.clock_note(attached.ahead_s, is_dry=is_dry) or _future(trades, orders, now)
    account.note = f"{_note(marks, has_wallet=attached.wallet is not None)} {clock}".strip()
    shown = Shown(attached.bot, "paper" if is_dry else "live", now, now, due_at, more)
    locks = [figures.by_this_clock(each, attached.ahead_s) for each in rows.locks]
    return in_document(past, opened, locks, account, shown)


def _future(trades: Sequence[Json], orders: Sequence[Json], now: datetime) -> str:
    """Return a sentence about times that are still to come; empty where there are none."""
    times = [str(each.get(name)) for each in (*trades, *orders) for name in _MADE_AT if each.get(name)]
    newest = figures.time_of(max(times)) if times else now
    if newest - now < FUTURE:
        return ""
    return (
        f"Its newest time, {newest:%-d %b %Y %H:%M} UTC, is still to come: the clock of freqtrade's machine or of "
        "this one is wrong, and so are ages."
    )


def _account(
    attached: Attached,
    currency: str,
    trades: Sequence[Json],
    past: Past,
    opened: Sequence[Open],
    *,
    is_dry: bool,
) -> Account:
    """Return the figures of the account; in a dry run entries that rest count as freqtrade counts them."""
    start = attached.wallet or 0.0
    cash = figures.free(start, trades)
    worth = 0.0
    for each in opened:
        waits = figures.waiting(each.trade, each.orders) if is_dry else 0.0
        if figures.amount(each.trade, "amount") > 0 or not waits:
            worth += figures.worth(each.trade, each.price or 0.0)
        worth += waits
    account = Account(currency, money(cash + worth))
    if attached.wallet is not None:
        account.start, account.cash = attached.wallet, money(cash)
    if attached.wallet:
        parts = sum(figures.amount(each.trade, "realized_profit") for each in opened)
        base = (attached.wallet + parts) * attached.tradable
        if base > 0:
            account.max_drawdown, account.drawdown = figures.falls(past.profits, base)
    return account


def _note(held: Sequence[figures.Mark], *, has_wallet: bool) -> str:
    notes = [] if has_wallet else [NO_WALLET]
    if held and all(each.is_recorded for each in held):
        notes.insert(0, f"{DAILY_PRICES} {min(each.at for each in held):%-d %b %Y}.")
    elif held:
        notes.insert(0, NO_PRICES)
    return " ".join(notes)


def _stake_of(trade: Json) -> str:
    stake = text(trade, "stake_currency") or str(trade["pair"]).partition("/")[2].partition(":")[0]
    return stake.upper()


def _currency(trades: Sequence[Json], named: str) -> str:
    found = {_stake_of(each) for each in trades}
    if named and (named.upper() in found or not found):
        return named.upper()
    if len(found) > 1:
        shown = figures.short(", ".join(sorted(found)))[1:-1]
        raise ConfigError(
            f"the database has trades in {shown}: one bot has one currency, so choose it with `currency`, or attach "
            "the database twice under two names"
        )
    if not found:
        raise ConfigError("the database has no trades yet, which would name their currency: give it with --currency")
    if named:
        raise ConfigError(f"the database has trades in {found.pop()}, none in {named.upper()}: correct `currency`")
    return found.pop()
