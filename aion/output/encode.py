"""Converts values of the model to the JSON objects of the state documents."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.clock import iso
from aion.fact import shown_by
from aion.model import Bar, Decision, Fill, Order, OrderRecord, Signal, Trade
from aion.trading.events import Result

Json = dict[str, Any]


bar_json = shown_by(Bar)
fill_json = shown_by(Fill)
trade_json = shown_by(Trade)
decision_json = shown_by(Decision)
_order_json, _record_json, _signal_json = shown_by(Order), shown_by(OrderRecord), shown_by(Signal)


def number(value: Decimal) -> float:
    """Return a Decimal as JSON says it: a double, which holds any 15 digits; the ledger has all of them."""
    return float(value)


def bar_row(bar: Bar) -> list[float]:
    """Return a bar as the row of a day file: open, high, low, close, volume."""
    return [number(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)]


def order_json(record: OrderRecord) -> Json:
    """Return an order and its state."""
    return _order_json(record.order) | _record_json(record)


def signal_json(signal: Signal, bot: str) -> Json:
    """Return a signal; `rank` and `candidates` come from the features of a ranking rule."""
    value = _signal_json(signal) | {"bot": bot}
    ranks = {name: int(signal.features[name]) for name in ("rank", "candidates") if name in signal.features}
    return value | ranks


def result_json(result: Result, since: datetime | None) -> Json:
    """Return the result of a period; `since` is the market time at which it starts."""
    value: Json = {
        "gross": number(result.gross),
        "fees": number(result.fees),
        "slippage": number(result.slippage),
        "net": number(result.net),
    }
    if result.borrow:
        value["borrow"] = number(result.borrow)
    if result.funding:
        value["funding"] = number(result.funding)
    if result.net_return is not None:
        value["net_return"] = round(result.net_return, 8)
    if since is not None:
        value["since"] = iso(since)
    return value
