"""Fills and orders of a hummingbot from its SQLite database, which is only read.

Source: hummingbot/model (trade_fill.py, order.py, decimal_type_decorator.py, sql_connection_manager.py) of
https://github.com/hummingbot/hummingbot. It keeps amounts as whole millionths; before 2023 as floating point.
"""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from aion.adapter.account.book import Book, Fill, in_order
from aion.adapter.account.by_fills import account_of, currency_of
from aion.adapter.account.document import Reading, amount, text
from aion.adapter.account.file import FileSource, Read
from aion.adapter.freqtrade import columns_of, opened, rows_in
from aion.adapter.problem import AwayError, WrongError
from aion.clock import iso
from aion.errors import ConfigError, printable
from aion.model import ZERO
from aion.output.encode import Json

NEWEST_VERSION = 20230516
MILLIONTHS = Decimal(1_000_000)
MOST_ORDERS = 500  # that rest
PAPER = "_paper_trade"
NEEDED = frozenset({"market", "symbol", "quote_asset", "timestamp", "order_id", "trade_type", "price", "amount",
                    "trade_fee", "exchange_trade_id"})  # fmt: skip
FILL_COLUMNS = NEEDED | {"base_asset", "trade_fee_in_quote", "strategy", "config_file_path", "leverage", "position"}
ORDER_COLUMNS = frozenset({"id", "symbol", "quote_asset", "creation_timestamp", "order_type", "amount", "price",
                           "last_status", "market"})  # fmt: skip
RESTING = frozenset({"BuyOrderCreated", "SellOrderCreated", "OrderFilled"})
SIX_DIGITS = "hummingbot keeps amounts and prices with six decimals: figures are no more exact than that."


class HummingbotSource(FileSource):
    """One database."""

    rule = "hummingbot"

    def read(self, now: datetime) -> Read:
        """Read the database.

        Raises:
            AttachError: it cannot be read, or is of another program or a newer version.
        """
        try:
            with opened(self.path, "hummingbot", "TradeFill", NEEDED) as connection:
                connection.execute("BEGIN")
                _check_version(connection)
                fills = rows_in(connection, "TradeFill", FILL_COLUMNS, "timestamp")
                orders = []
                if columns_of(connection, "Order") >= ORDER_COLUMNS:
                    orders = rows_in(connection, "Order", ORDER_COLUMNS, "creation_timestamp")
        except ConfigError as error:
            raise AwayError(str(error)) from None
        currency = currency_of(sorted({str(each["quote_asset"]).upper() for each in fills}), self.settings.currency)
        return self._read(fills, orders, currency, now)

    def _read(self, rows: list[Json], orders: list[Json], currency: str, now: datetime) -> Read:
        made, wrong = list[Fill](), list[str]()
        own = [each for each in rows if str(each["quote_asset"]).upper() == currency]
        for row in own:
            try:
                made.append(_fill(row, currency))
            except (WrongError, KeyError, TypeError, ValueError) as error:
                wrong.append(f"{printable(str(row['exchange_trade_id']))[:40]} ({printable(str(error))[:120]})")
        book = Book(in_order(made), is_fifo=self.settings.cost_basis == "fifo")
        markets = {str(each["market"]) for each in own}
        is_paper = bool(markets) and all(each.endswith(PAPER) for each in markets)
        reading = Reading(currency, self.settings.mode or ("paper" if is_paper else "live"), now, ZERO)
        account_of(book, reading, self.settings.wallet)
        reading.strategy = str(own[-1].get("strategy") or "") if own else ""
        reading.account = ", ".join(sorted(markets))[:128]
        reading.orders = _resting(orders, book, currency)
        reading.notes.append(SIX_DIGITS)
        if book.holdings:
            reading.notes.append("Positions are what the fills changed, not what the wallet holds.")
        if reading.orders:
            reading.notes.append("Orders are as hummingbot wrote them last: one that was stopped leaves them there.")
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            reading.notes.insert(0, f"Fills left out: {'; '.join(wrong[:3])}{more}.")
        if others := sorted({str(each["quote_asset"]).upper() for each in rows} - {currency}):
            reading.notes.append(f"It also trades in {', '.join(others)}: attach it once more to see those.")
        return book, reading

    def describe(self) -> str:
        """Return what was read."""
        assert self.reading is not None
        return f"hummingbot, {self.reading.account}: {len(self.book.fills)} fills in {self.reading.currency}"


def _check_version(connection: sqlite3.Connection) -> None:
    if columns_of(connection, "Metadata") < {"key", "value"}:
        return
    row = connection.execute("SELECT value FROM Metadata WHERE key = 'local_db_version'").fetchone()
    if row is None:
        return
    if not str(row[0]).isdecimal() or int(row[0]) > NEWEST_VERSION:
        raise WrongError(
            f"its database has version {printable(str(row[0]))[:40]}, of a newer hummingbot: this reader knows "
            f"{NEWEST_VERSION}, so its figures could be wrong; a newer Aion may know it"
        )


def _amount(value: Any, what: str) -> Decimal:
    """Return an amount: whole millionths, or floating point in databases of before 2023."""
    found = amount(value, what)
    return found / MILLIONTHS if isinstance(value, int) else found


def _at(value: Any) -> datetime:
    return datetime.fromtimestamp(int(value) / 1000, UTC)


def _fill(row: Mapping[str, Any], currency: str) -> Fill:
    side = {"BUY": "buy", "SELL": "sell"}.get(str(row["trade_type"]).upper())
    if side is None:
        raise WrongError(f"its side is {row['trade_type']!r}")
    quantity, price = _amount(row["amount"], "its amount"), _amount(row["price"], "its price")
    if quantity <= 0 or price <= 0:
        raise WrongError(f"its amount is {quantity} and its price {price}")
    fee, coin, value = _fee(row, currency, quantity * price)
    return Fill(
        f"f-{row['market']}-{row['exchange_trade_id']}"[:128], _at(row["timestamp"]), str(row["symbol"])[:128], side,
        quantity, price, fee=fee, fee_currency=coin, fee_value=value, order_id=str(row["order_id"])[:100],
    )  # fmt: skip


def _fee(row: Mapping[str, Any], currency: str, value: Decimal) -> tuple[Decimal, str, Decimal | None]:
    """Return a fee: as the database values it, or else as it says it."""
    said = row.get("trade_fee_in_quote")
    if said is not None:
        fee = _amount(said, "its fee")
        return fee, "", fee
    described = row["trade_fee"]
    found = orjson.loads(described) if isinstance(described, str | bytes) else described
    percent = amount(found.get("percent") or 0, "percent of its fee") * value
    total, others = percent, dict[str, Decimal]()
    for each in found.get("flat_fees") or ():
        token, flat = str(each["token"]).upper(), amount(each["amount"], "its fee")
        if token == currency:
            total += flat
        else:
            others[token] = others.get(token, ZERO) + flat
    if others and not total and len(others) == 1:
        ((token, flat),) = others.items()
        return flat, token, None
    if others:
        raise WrongError(f"its fee is in {', '.join([currency, *others])} at once")
    return total, "", total


def _resting(rows: list[Json], book: Book, currency: str) -> dict[str, Json]:
    """Return the orders of which something is left, as far as hummingbot wrote it."""
    filled: dict[str, Decimal] = {}
    sides = {fill.order_id: fill.side for fill in book.fills.values()}  # the table of orders does not say it
    for fill in book.fills.values():
        filled[fill.order_id] = filled.get(fill.order_id, ZERO) + fill.quantity
    found: dict[str, Json] = {}
    for row in rows:
        if row["last_status"].startswith(("Buy", "Sell")):
            sides[row["id"]] = "buy" if row["last_status"].startswith("Buy") else "sell"
        if row["last_status"] not in RESTING or row["id"] not in sides or str(row["quote_asset"]).upper() != currency:
            continue
        quantity, price = _amount(row["amount"], "amount of an order"), _amount(row["price"], "price of an order")
        done = filled.get(str(row["id"])[:100], ZERO)
        if quantity <= done:
            continue
        value: Json = {
            "ts": iso(_at(row["creation_timestamp"])),
            "symbol": str(row["symbol"])[:128],
            "side": sides[row["id"]],
            "quantity": text(quantity),
            "filled_quantity": text(done),
            "type": str(row["order_type"]).lower()[:64] or "limit",
            "status": "partially_filled" if done else "open",
        }
        if price > 0:
            value["limit_price"] = text(price)
        found[f"o-{row['id']}"[:128]] = value
    return dict(list(found.items())[-MOST_ORDERS:])
