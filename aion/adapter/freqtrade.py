"""Reads a freqtrade trades database, never changes it, and shows its bot on the desk as an external one.

The database is SQLite with the tables `trades` and `orders` (freqtrade/persistence/trade_model.py of
https://github.com/freqtrade/freqtrade; columns missing in older versions are optional). It has no start money: equity
starts from the given wallet, or from 0. Prices are those that freqtrade recorded once a day with its holdings
(`wallet_history`, since 2026), otherwise those of the newest fills. The figures are freqtrade's own
(`aion.adapter.freqtrade_figures`).
"""

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

from aion import performance
from aion.adapter import freqtrade_figures as figures
from aion.clock import Clock, iso
from aion.config import MOST_CASH
from aion.engine.waiter import Waiter
from aion.errors import ConfigError
from aion.output.encode import Json
from aion.store.curve import thin
from aion.store.document.kind import schema_name
from aion.store.document.state import CURVE_POINTS
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
KEPT = 200  # fills and trades in the file; all of them stand in the database
UNCHANGING = "immutable=1"  # of SQLite: no locks, no files beside it
HEAD, WAL_AT = 20, 18  # bytes of the file; where it says how it is written (sqlite.org/fileformat2.html, 1.3)
VERSIONS = (1, 2)  # of a row of `trades`, where it says one
MODES = ("spot", "margin", "futures")
NEEDED = frozenset({"id", "pair", "is_open", "open_rate", "close_rate", "amount", "open_date", "close_date"})
TRADE_COLUMNS = NEEDED | {
    "fee_open", "fee_close", "close_profit_abs", "stake_currency", "stop_loss", "exit_reason", "sell_reason",
    "strategy", "enter_tag", "buy_tag", "leverage", "is_short", "trading_mode", "realized_profit", "funding_fees",
    "record_version", "stake_amount", "close_profit", "liquidation_price",
}  # fmt: skip
ORDER_COLUMNS = frozenset({
    "id", "ft_trade_id", "ft_order_side", "ft_pair", "order_id", "filled", "order_date", "order_filled_date",
    "order_update_date", "ft_fee_base", "ft_order_tag", "average", "price", "stop_price", "ft_price", "funding_fee",
})  # fmt: skip
HISTORY_COLUMNS = frozenset({"id", "timestamp", "currency", "rate", "quote_currency", "balance"})
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
        present = _signature(attached.database)
        now = wall.now()
        if present != seen or written is None or (now - written).total_seconds() >= BEAT_S:
            mode = _mode(attached.database)
            with _open(attached.database, mode) as connection:
                value = document(connection, attached, now, is_followed=waiter is not None)
                check_document(value, "swing_rolling", layout.relative(path))
            if mode == UNCHANGING and _signature(attached.database) != present:
                continue  # a bot has started meanwhile
            write_document(path, value)
            if present != seen:
                say(f"{attached.bot}: {len(value['positions'])} open, {value['stats']['closed_trades']} closed")
            seen, written = present, now
        if waiter is None or waiter.wait(POLL_S):
            return


def _signature(database: Path) -> tuple[tuple[int, int, int] | None, ...]:
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


def _mode(database: Path) -> str:
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
            raise ConfigError(f"{beside} is a link, a pipe or the like, not a file: freqtrade did not make it")
    return UNCHANGING if is_wal and not _log_of(database).exists() else "mode=ro"


@contextmanager
def _open(database: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        address = f"{database.absolute().as_uri()}?{mode}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise ConfigError(f"{database} cannot be opened: {error}") from None
    try:
        connection.row_factory = sqlite3.Row
        _bound(connection)
        missing = NEEDED - _columns(connection, "trades")
        if missing:
            raise ConfigError(
                f"{database} is not a freqtrade trades database: it has no {', '.join(sorted(missing))}"
            )
        yield connection
    except sqlite3.OperationalError as error:
        why = f"reading it takes more than {MOST_S:g} s" if "interrupted" in str(error) else str(error)
        raise ConfigError(f"{database} is not a database that can be read: {why}") from None
    except sqlite3.Error as error:
        raise ConfigError(f"{database} is not a database that can be read: {error}") from None
    except (ValueError, OverflowError, TypeError) as error:  # a column of SQLite may hold anything
        raise ConfigError(f"{database} holds what freqtrade does not write: {error}") from None
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


def _rows(connection: sqlite3.Connection, table: str, known: frozenset[str]) -> list[Json]:
    """Return the columns of `table` that this reader knows, row by row, ordered by id.

    Raises:
        ValueError: more rows or bytes than any real database has.
    """
    names = sorted(known & _columns(connection, table))
    # names of columns are this module's own, and none has a quote in it
    query = f"SELECT {', '.join(names)} FROM {table} ORDER BY id LIMIT {MOST_ROWS + 1}"  # noqa: S608
    found: list[Json] = []
    size = 0
    for row in connection.execute(query):
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if len(found) == MOST_ROWS or size > MOST_BYTES:
            what = f"{MOST_ROWS:,} rows" if len(found) == MOST_ROWS else f"{MOST_BYTES:,} bytes"
            raise ValueError(f"the table {table} has more than {what}")
        found.append(dict(row))
    return found


def _check_version(trades: Sequence[Json]) -> None:
    for trade in trades:
        version = trade.get("record_version")
        if version is not None and version not in VERSIONS:
            raise ConfigError(
                f"trade {trade['id']} has record version {version}, of a newer freqtrade: this reader knows "
                f"{' and '.join(map(str, VERSIONS))}, so its figures could be wrong; a newer Aion may know it"
            )
        mode = _text(trade, "trading_mode").lower()
        if mode and mode not in MODES:
            raise ConfigError(
                f"trade {trade['id']} has the trading mode {mode!r}: this reader knows {', '.join(MODES)}"
            )


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns of a table; none for a view or a virtual table, which may be endless."""
    kept = "SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table' AND rootpage > 0"
    if connection.execute(kept, (table,)).fetchone() is None:
        return set()
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def document(connection: sqlite3.Connection, attached: Attached, now: datetime, *, is_followed: bool) -> Json:
    """Return the state file of the bot, made from the database.

    Args:
        connection: to the database.
        attached: has the bot's name and start money.
        now: wall time.
        is_followed: True if it will be read again.
    """
    connection.execute("BEGIN")  # one state of both tables
    try:
        trades = _rows(connection, "trades", TRADE_COLUMNS)
        orders = []
        if "ft_trade_id" in _columns(connection, "orders"):
            orders = _rows(connection, "orders", ORDER_COLUMNS)
        history = []
        if _columns(connection, "wallet_history") >= HISTORY_COLUMNS:
            history = _rows(connection, "wallet_history", HISTORY_COLUMNS)
    finally:
        connection.execute("COMMIT")
    _check_version(trades)
    by_trade: dict[Any, list[Json]] = defaultdict(list)
    for order in orders:
        by_trade[order["ft_trade_id"]].append(order)
    currency = _currency(trades, attached.currency)
    opened, closed = [each for each in trades if each["is_open"]], [each for each in trades if not each["is_open"]]
    closed = sorted((each for each in closed if each["close_date"]), key=lambda each: str(each["close_date"]))
    holdings = figures.newest_holdings(history, currency)
    marks = {each["id"]: figures.mark(each, by_trade[each["id"]], holdings) for each in opened}
    start = attached.wallet or 0.0
    cash = figures.free(start, trades)
    equity = _money(cash + sum(figures.worth(each, marks[each["id"]].price) for each in opened))
    paid = [figures.borne(each, by_trade[each["id"]]) for each in trades]
    fees, funding = _money(sum(fee for fee, _ in paid)), sum(received for _, received in paid)
    borrow, net = _money(max(0.0, -funding)), _money(equity - start)
    value: Json = {
        **_envelope(orders, len(trades) + len(orders), now, is_followed=is_followed),
        "bot": attached.bot,
        "currency": currency,
        "strategy": _text(trades[-1], "strategy") if trades else "",
        "rule": "freqtrade",
        "symbols": sorted({str(each["pair"]) for each in trades}),
        "equity": equity,
        "note": _note(opened, marks, has_wallet=attached.wallet is not None),
        "total_pnl": {"gross": _money(net + fees + borrow), "fees": fees, "slippage": 0, "net": net},
        "positions": {
            str(each["pair"]): _position(each, marks[each["id"]])
            for each in opened
            if figures.amount(each, "amount") > 0
        },
        "trades": {f"t{each['id']}": _trade(each, by_trade[each["id"]]) for each in closed[-KEPT:]},
        "fills": _fills(orders, {each["id"]: each for each in trades}),
        "equity_curve": thin(_curve(trades, closed, start), CURVE_POINTS),
        "stats": _stats(closed, _base(attached, opened)),
    }
    if borrow:
        value["total_pnl"]["borrow"] = borrow
    if attached.wallet is not None:
        value["start_equity"] = attached.wallet
        value["cash"] = _money(cash)
        if attached.wallet > 0:
            value["total_pnl"]["net_return"] = net / attached.wallet
    return value


def _money(value: float) -> float:
    return round(value, figures.DIGITS)


def _note(opened: Sequence[Json], marks: dict[Any, figures.Mark], *, has_wallet: bool) -> str:
    held = [marks[each["id"]] for each in opened if figures.amount(each, "amount") > 0]
    notes = [] if has_wallet else [NO_WALLET]
    if held and all(each.is_recorded for each in held):
        notes.insert(0, f"{DAILY_PRICES} {min(each.at for each in held):%-d %b %Y}.")
    elif held:
        notes.insert(0, NO_PRICES)
    return " ".join(notes)


def _base(attached: Attached, opened: Sequence[Json]) -> float | None:
    """Return the money from which freqtrade counts drawdowns; None if the start money is unknown."""
    if not attached.wallet:
        return None
    parts = sum(figures.amount(each, "realized_profit") for each in opened)
    return (attached.wallet + parts) * attached.tradable


def _envelope(orders: Sequence[Json], seq: int, now: datetime, *, is_followed: bool) -> Json:
    is_dry = bool(orders) and all(str(each["order_id"]).startswith("dry_run") for each in orders)
    value: Json = {
        "schema": schema_name("swing_rolling"),
        "mode": "paper" if is_dry else "live",
        "run": "1",
        "cycle_id": f"freqtrade-{now:%Y%m%dT%H%M%SZ}",
        "seq": seq,
        "as_of": iso(now),
        "written_at": iso(now),
    }
    if is_followed:
        value["due_at"] = iso(now + timedelta(seconds=BEAT_S + 2 * POLL_S))
    return value


def _curve(trades: Sequence[Json], closed: Sequence[Json], start: float) -> dict[str, float]:
    """Return the equity curve: the account at the close of each trade, from the start money on."""
    first = min((figures.time_of(each["open_date"]) for each in trades), default=None)
    curve: dict[str, float] = {} if first is None else {iso(first): start}
    equity = start
    for trade in closed:
        equity += figures.amount(trade, "close_profit_abs")
        curve[iso(figures.time_of(trade["close_date"]))] = _money(equity)
    return curve


def _stats(closed: Sequence[Json], base: float | None) -> Json:
    results = [figures.amount(each, "close_profit_abs") for each in closed]
    value: Json = {"closed_trades": len(closed), "wins": performance.wins(results)}
    for name, figure in (
        ("win_rate", performance.win_rate(results)),
        ("profit_factor", performance.profit_factor(results)),
    ):
        if figure is not None:
            value[name] = figure
    if base is not None and base > 0:
        value["max_drawdown"], value["drawdown"] = figures.falls(results, base)
    return value


def _position(trade: Json, mark: figures.Mark) -> Json:
    quantity = figures.amount(trade, "amount") * (-1 if trade.get("is_short") else 1)
    entry = figures.amount(trade, "open_rate")
    value: Json = {
        "quantity": quantity,
        "average_price": entry,
        "last_price": mark.price,
        "marked_at": iso(mark.at),
        "market_value": _money(quantity * mark.price),
        "unrealized_pnl": _money(quantity * (mark.price - entry)),
        "opened_at": iso(figures.time_of(trade["open_date"])),
    }
    if figures.amount(trade, "stop_loss") > 0:
        value["stop_loss"] = figures.amount(trade, "stop_loss")
    if figures.leverage(trade) != 1:
        value["leverage"], value["margin"] = figures.leverage(trade), _money(figures.stake(trade))
        if figures.amount(trade, "liquidation_price") > 0:
            value["liquidation_price"] = figures.amount(trade, "liquidation_price")
    return value


def _trade(trade: Json, orders: Sequence[Json]) -> Json:
    whole = figures.whole(trade, orders)
    value: Json = {
        "symbol": str(trade["pair"]),
        "side": "sell" if trade.get("is_short") else "buy",
        "quantity": whole.quantity,
        "entry_price": whole.entry_price,
        "exit_price": whole.exit_price,
        "opened_at": iso(figures.time_of(trade["open_date"])),
        "ts": iso(figures.time_of(trade["close_date"])),
        "fees": figures.fees(trade, orders),
        "realized_pnl": _money(figures.amount(trade, "close_profit_abs")),
        "return": whole.result,
        "reason": _text(trade, "exit_reason") or _text(trade, "sell_reason"),
    }
    if whole.stake > 0:
        value["stake"] = _money(whole.stake)
    if (funding := -figures.amount(trade, "funding_fees")) > 0:
        value["borrow"] = _money(funding)
    return value


def _fills(orders: Sequence[Json], trades: dict[Any, Json]) -> Json:
    shown: Json = {}
    for order in orders:
        trade = trades.get(order["ft_trade_id"])
        price = figures.price_of(order)
        at = figures.filled_at(order)
        if trade is None or figures.amount(order, "filled") <= 0 or price <= 0 or not at:
            continue
        entry = "sell" if trade.get("is_short") else "buy"
        side = str(order["ft_order_side"])
        if side not in ("buy", "sell"):  # stoploss
            side = "buy" if entry == "sell" else "sell"
        tag = _text(trade, "enter_tag") or _text(trade, "buy_tag") if side == entry else _text(trade, "exit_reason")
        shown[f"f{order['id']}"] = {
            "ts": iso(figures.time_of(at)),
            "symbol": str(order["ft_pair"]),
            "side": side,
            "quantity": figures.amount(order, "filled"),
            "price": price,
            "fee": figures.order_fee(trade, order),
            "reason": _text(order, "ft_order_tag") or tag,
            "order_id": str(order["order_id"]),
        }
    return dict(list(shown.items())[-KEPT:])


def _currency(trades: Sequence[Json], named: str) -> str:
    found = {
        _text(each, "stake_currency") or str(each["pair"]).partition("/")[2].partition(":")[0] for each in trades
    }
    if len(found) > 1:
        raise ConfigError(
            f"the database has trades in {figures.short(', '.join(sorted(found)))[1:-1]}: one bot has one currency"
        )
    if not found and not named:
        raise ConfigError("the database has no trades yet, which would name their currency: give it with --currency")
    return (found.pop() if found else named).upper()


def _text(row: Json, name: str) -> str:
    return str(row.get(name) or "")
