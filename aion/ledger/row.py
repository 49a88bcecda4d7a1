"""Rows of the ledger: which table keeps which fact, each without loss. Their columns are the fields of the facts."""

import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.fact import Rows, Texts
from aion.model import Bar, Decision, EquityPoint, Fill, Order, OrderRecord, Trade
from aion.money import plain_text
from aion.trading.events import Audit, CashMovement

_ORDER, _RECORD = Rows(Order), Rows(OrderRecord)
FILLS = Rows(Fill, bar=Texts(Bar, "symbol"))
TRADES = Rows(Trade)
MOVEMENTS = Rows(CashMovement)
DECISIONS = Rows(Decision)
AUDITS = Rows(Audit)
EQUITY = Rows(EquityPoint)
COLUMNS = {
    "orders": _ORDER.columns() | _RECORD.columns(),
    "fills": FILLS.columns(),
    "trades": TRADES.columns(),
    "movements": MOVEMENTS.columns(),
    "decisions": DECISIONS.columns(),
    "equity": EQUITY.columns(),
    "audit": AUDITS.columns(),
}
"""SQL type of each column of a fact, by table: a file that lacks one gets it when it is opened."""
_EVERY: tuple[Rows[Any], ...] = (_ORDER, _RECORD, FILLS, TRADES, MOVEMENTS, DECISIONS, AUDITS, EQUITY)
TIMES = frozenset().union(*(each.columns_of(datetime) for each in _EVERY))
DECIMALS = frozenset().union(*(each.columns_of(Decimal) for each in _EVERY))
_SHOWN = {"exit_price": "price", "closed_at": "filled_at", "realized": "realized_pnl"}
_MONEY = frozenset(("fee", "slippage", "borrow", "realized"))  # of fills and trades; what is not known shows as empty


ORDER_NAMES = (*_ORDER.names, *_RECORD.names)
"""Columns of `order_row`."""


def order_row(record: OrderRecord) -> tuple[Any, ...]:
    """Return the values of the row of an order."""
    return (*_ORDER.row(record.order), *_RECORD.row(record))


def order_record(row: sqlite3.Row) -> OrderRecord:
    """Return the order of a row."""
    return _RECORD.fact(row, order=_ORDER.fact(row))


def shown(row: sqlite3.Row, run: str) -> dict[str, Any]:
    """Return a fill or trade as the command line shows it: money as text, of a trade its close."""
    found: dict[str, Any] = {"run": run}
    for name, value in dict(row).items():
        if value is None and name in _MONEY:
            value = ""
        elif name in DECIMALS and value is not None:
            value = plain_text(Decimal(value))
        elif name in ("fees", "bar"):
            value = json.loads(value)
        found[_SHOWN.get(name, name)] = value
    return found
