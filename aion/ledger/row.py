"""Rows of the ledger: trading values to columns and back, without loss. Money is integer cents, the rest text."""

import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aion.clock import iso, parse_iso
from aion.model import CENT, Bar, EquityPoint, Fill, Order, OrderStatus, OrderType, Side, TimeInForce, Trade
from aion.trading.events import Audit, CashMovement, Decision, OrderRecord

Row = sqlite3.Row
Values = dict[str, Any]
"""Values by column name."""


def to_cents(money: Decimal) -> int:
    """Return money as integer cents.

    Raises:
        ValueError: it has a part of a cent.
    """
    found = money / CENT
    if found != int(found):
        raise ValueError(f"{money} is not a whole number of cents")
    return int(found)


def from_cents(amount: int) -> Decimal:
    """Return integer cents as money."""
    return amount * CENT


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _price(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def order_values(record: OrderRecord, day: str) -> Values:
    """Return the row of an order."""
    order = record.order
    return {
        "id": order.id,
        "bot": order.bot,
        "day": day,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": str(order.quantity),
        "type": order.type.value,
        "time_in_force": order.time_in_force.value,
        "limit_price": _text(order.limit_price),
        "stop_price": _text(order.stop_price),
        "stop_loss": _text(order.stop_loss),
        "take_profit": _text(order.take_profit),
        "reduce_only": int(order.reduce_only),
        "decided_at": iso(order.decided_at),
        "reason": order.reason,
        "status": record.status.value,
        "filled_quantity": str(record.filled_quantity),
        "detail": record.detail,
        "updated_at": iso(record.updated_at),
    }


def order_record(row: Row) -> OrderRecord:
    """Return the order of a row."""
    order = Order(
        id=row["id"],
        bot=row["bot"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        type=OrderType(row["type"]),
        decided_at=parse_iso(row["decided_at"]),
        reason=row["reason"],
        time_in_force=TimeInForce(row["time_in_force"]),
        limit_price=_price(row["limit_price"]),
        stop_price=_price(row["stop_price"]),
        stop_loss=_price(row["stop_loss"]),
        take_profit=_price(row["take_profit"]),
        reduce_only=bool(row["reduce_only"]),
    )
    filled = Decimal(row["filled_quantity"])
    return OrderRecord(order, OrderStatus(row["status"]), filled, row["detail"], parse_iso(row["updated_at"]))


def fill_values(fill: Fill, day: str) -> Values:
    """Return the row of a fill."""
    return {
        "id": fill.id,
        "order_id": fill.order_id,
        "bot": fill.bot,
        "day": day,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "fee_cents": to_cents(fill.fee),
        "fees": json.dumps({name: str(fee) for name, fee in fill.fees.items()}, separators=(",", ":")),
        "slippage_cents": to_cents(fill.slippage),
        "realized_cents": None if fill.realized_pnl is None else to_cents(fill.realized_pnl),
        "decided_at": iso(fill.decided_at),
        "filled_at": iso(fill.filled_at),
        "known_at": iso(fill.known_at),
        "reason": fill.reason,
        "price_source": fill.price_source,
        "bar": json.dumps(bar_state(fill.bar), separators=(",", ":")),
    }


def fill_from(row: Row) -> Fill:
    """Return the fill of a row."""
    realized = row["realized_cents"]
    return Fill(
        id=row["id"],
        order_id=row["order_id"],
        bot=row["bot"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        fees={name: Decimal(fee) for name, fee in json.loads(row["fees"]).items()},
        slippage=from_cents(row["slippage_cents"]),
        decided_at=parse_iso(row["decided_at"]),
        filled_at=parse_iso(row["filled_at"]),
        known_at=parse_iso(row["known_at"]),
        reason=row["reason"],
        bar=bar_from_state(row["symbol"], json.loads(row["bar"])),
        price_source=row["price_source"],
        realized_pnl=None if realized is None else from_cents(realized),
    )


def trade_values(trade: Trade, day: str) -> Values:
    """Return the row of a closed trade."""
    return {
        "id": trade.id,
        "bot": trade.bot,
        "day": day,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": str(trade.quantity),
        "entry_price": str(trade.entry_price),
        "exit_price": str(trade.exit_price),
        "opened_at": iso(trade.opened_at),
        "closed_at": iso(trade.closed_at),
        "fee_cents": to_cents(trade.fees),
        "slippage_cents": to_cents(trade.slippage),
        "realized_cents": to_cents(trade.realized_pnl),
        "reason": trade.reason,
        "borrow_cents": to_cents(trade.borrow),
    }


def trade_from(row: Row) -> Trade:
    """Return the trade of a row."""
    return Trade(
        id=row["id"],
        bot=row["bot"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        entry_price=Decimal(row["entry_price"]),
        exit_price=Decimal(row["exit_price"]),
        opened_at=parse_iso(row["opened_at"]),
        closed_at=parse_iso(row["closed_at"]),
        fees=from_cents(row["fee_cents"]),
        slippage=from_cents(row["slippage_cents"]),
        realized_pnl=from_cents(row["realized_cents"]),
        reason=row["reason"],
        borrow=from_cents(row["borrow_cents"]),
    )


def movement_values(movement: CashMovement, bot: str, day: str) -> Values:
    """Return the row of a cash movement."""
    return {
        "id": movement.id,
        "bot": bot,
        "day": day,
        "ts": iso(movement.ts),
        "kind": movement.kind,
        "amount_cents": to_cents(movement.amount),
        "symbol": movement.symbol,
        "detail": movement.detail,
    }


def movement_from(row: Row) -> CashMovement:
    """Return the cash movement of a row."""
    amount = from_cents(row["amount_cents"])
    return CashMovement(row["id"], parse_iso(row["ts"]), row["kind"], amount, row["symbol"], row["detail"])


def decision_values(decision: Decision, bot: str, day: str) -> Values:
    """Return the row of a decision."""
    return {
        "id": decision.id,
        "bot": bot,
        "day": day,
        "ts": iso(decision.ts),
        "symbol": decision.symbol,
        "action": decision.action,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "order_id": decision.order_id,
    }


def decision_from(row: Row) -> Decision:
    """Return the decision of a row."""
    return Decision(
        row["id"],
        parse_iso(row["ts"]),
        row["action"],
        row["reason"],
        row["symbol"],
        row["confidence"],
        row["order_id"],
    )


def audit_values(audit: Audit) -> Values:
    """Return the row of an audit record."""
    return {
        "target": audit.target,
        "id": audit.id,
        "ts": iso(audit.ts),
        "at": iso(audit.at),
        "action": audit.action,
        "outcome": audit.outcome,
        "value": audit.value,
        "by": audit.by,
        "reason": audit.reason,
    }


def audit_from(row: Row) -> Audit:
    """Return the audit record of a row."""
    return Audit(
        row["target"],
        row["id"],
        parse_iso(row["ts"]),
        parse_iso(row["at"]),
        row["action"],
        row["outcome"],
        row["value"],
        row["by"],
        row["reason"],
    )


def equity_values(point: EquityPoint, bot: str, day: str) -> Values:
    """Return the row of a point of an equity curve."""
    return {
        "bot": bot,
        "ts": iso(point.ts),
        "day": day,
        "equity_cents": to_cents(point.equity),
        "hold_cents": None if point.hold is None else to_cents(point.hold),
    }


def equity_from(row: Row) -> EquityPoint:
    """Return the point of a row."""
    hold = row["hold_cents"]
    return EquityPoint(
        parse_iso(row["ts"]), from_cents(row["equity_cents"]), None if hold is None else from_cents(hold)
    )


def bar_state(bar: Bar) -> dict[str, str]:
    """Return `bar` without its symbol as JSON types, without loss."""
    return {
        "ts": iso(bar.ts),
        "open": str(bar.open),
        "high": str(bar.high),
        "low": str(bar.low),
        "close": str(bar.close),
        "volume": str(bar.volume),
    }


def bar_from_state(symbol: str, state: Mapping[str, str]) -> Bar:
    """Return the bar that `bar_state` described."""
    prices = (Decimal(state[name]) for name in ("open", "high", "low", "close", "volume"))
    return Bar(symbol, parse_iso(state["ts"]), *prices)
