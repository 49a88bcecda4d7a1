"""Values of the model as the JSON objects of the state documents; each is made once and then kept as it is."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.clock import iso
from aion.config import Rules
from aion.model import Bar, Fill, Order, OrderStatus, Signal, Trade
from aion.trading.events import Decision, Result

Json = dict[str, Any]


def number(value: Decimal) -> float:
    """Return a Decimal as JSON says it; money has two decimals and prices four, far inside what a float keeps."""
    return float(value)


def bar_json(bar: Bar) -> Json:
    """Return a bar by name."""
    return {
        "ts": iso(bar.ts),
        "open": number(bar.open),
        "high": number(bar.high),
        "low": number(bar.low),
        "close": number(bar.close),
        "volume": number(bar.volume),
    }


def bar_row(bar: Bar) -> list[float]:
    """Return a bar as the row of a day file: open, high, low, close, volume."""
    return [number(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)]


def fill_json(fill: Fill, realized_pnl: Decimal | None) -> Json:
    """Return a fill; `realized_pnl` is that of the part it closed, None when it only opened."""
    value: Json = {
        "ts": iso(fill.filled_at),
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": number(fill.quantity),
        "price": number(fill.price),
        "fee": number(fill.fee),
        "fees": {name: number(fee) for name, fee in sorted(fill.fees.items())},
        "slippage": number(fill.slippage),
        "reason": fill.reason,
        "order_id": fill.order_id,
        "decided_at": iso(fill.decided_at),
        "known_at": iso(fill.known_at),
        "price_source": fill.price_source,
        "bar": bar_json(fill.bar),
    }
    if realized_pnl is not None:
        value["realized_pnl"] = number(realized_pnl)
    return value


def order_json(order: Order, status: OrderStatus, filled: Decimal, detail: str) -> Json:
    """Return an order and what became of it."""
    value: Json = {
        "ts": iso(order.decided_at),
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": number(order.quantity),
        "type": order.type.value,
        "status": status.value,
        "filled_quantity": number(filled),
        "reason": order.reason,
        "detail": detail,
    }
    if order.limit_price is not None:
        value["limit_price"] = number(order.limit_price)
    if order.stop_price is not None:
        value["stop_price"] = number(order.stop_price)
    return value


def trade_json(trade: Trade) -> Json:
    """Return a closed round trip."""
    value: Json = {
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": number(trade.quantity),
        "entry_price": number(trade.entry_price),
        "exit_price": number(trade.exit_price),
        "opened_at": iso(trade.opened_at),
        "ts": iso(trade.closed_at),
        "fees": number(trade.fees),
        "slippage": number(trade.slippage),
        "realized_pnl": number(trade.realized_pnl),
        "reason": trade.reason,
    }
    if trade.borrow:
        value["borrow"] = number(trade.borrow)
    return value


def signal_json(signal: Signal, bot: str) -> Json:
    """Return a signal; `rank` and `candidates` come from its features when it ranks."""
    value: Json = {
        "ts": iso(signal.ts),
        "action": signal.action,
        "confidence": signal.confidence,
        "threshold": signal.threshold,
        "reason": signal.reason,
        "strategy": signal.strategy,
        "bot": bot,
    }
    if "rank" in signal.features:
        value["rank"] = int(signal.features["rank"])
    if "candidates" in signal.features:
        value["candidates"] = int(signal.features["candidates"])
    return value


def decision_json(decision: Decision) -> Json:
    """Return a decision; what is not known is left out."""
    value: Json = {"ts": iso(decision.ts), "action": decision.action, "reason": decision.reason}
    if decision.symbol:
        value["symbol"] = decision.symbol
    if decision.confidence is not None:
        value["confidence"] = decision.confidence
    if decision.order_id:
        value["order_id"] = decision.order_id
    return value


def rules_json(rules: Rules) -> Json:
    """Return a bot's rules: switches as they are, all else as numbers."""
    values = rules.model_dump()
    return {name: value if isinstance(value, bool | int) else float(value) for name, value in values.items()}


def result_json(result: Result, since: datetime | None) -> Json:
    """Return the result of a span; `since` is the market time at which it starts."""
    value: Json = {
        "gross": number(result.gross),
        "fees": number(result.fees),
        "slippage": number(result.slippage),
        "net": number(result.net),
    }
    if result.borrow:
        value["borrow"] = number(result.borrow)
    if result.net_return is not None:
        value["net_return"] = round(result.net_return, 8)
    if since is not None:
        value["since"] = iso(since)
    return value
