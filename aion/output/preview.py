"""What a rebalance would do now: its orders at the newest marks, turnover and expected cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aion.model import ZERO, Bar, OrderType, Side
from aion.money import MoneyUnit
from aion.output.encode import Json, number
from aion.trading.broker import PaperBroker


@dataclass(frozen=True, slots=True)
class Wish:
    """The position that a rebalance wants in one symbol."""

    weight: Decimal
    """Fraction of equity; 0 to close the position."""
    reason: str


def planned_orders(
    broker: PaperBroker, wishes: Mapping[str, Wish], bars: Mapping[str, Bar], least_value: Decimal
) -> Json:
    """Return the orders by symbol that move the account to the wanted positions, in the form of the document.

    Open market orders count as filled, so that a rebalance that was just ordered is not planned again.

    Args:
        broker: broker of the account.
        wishes: wanted position by symbol; positions in other symbols are closed.
        bars: newest bar by symbol, for the marks.
        least_value: smaller corrections are left out; money.
    """
    portfolio = broker.portfolio
    planned: Json = {}
    for symbol in dict.fromkeys((*portfolio.symbols, *wishes)):
        bar = bars.get(symbol)
        if bar is None:
            continue
        wish = wishes.get(symbol, Wish(ZERO, "no longer a target"))
        change = broker.quantity_at(symbol, wish.weight, bar.close) - _expected(broker, symbol, bar)
        value = broker.value_of(symbol, change, bar.close)
        if not change or (wish.weight and value < least_value):
            continue
        side = Side.BUY if change > 0 else Side.SELL
        planned[symbol] = {
            "side": side.value,
            "quantity": number(abs(change)),
            "price": number(bar.close),
            "value": number(portfolio.unit.round(value)),
            "cost": number(broker.expected_cost(symbol, side, abs(change), bar)),
            "weight": number(wish.weight),
            "reason": wish.reason,
        }
    return planned


def preview_document(orders: Json, equity: Decimal, as_of: str, unit: MoneyUnit) -> Json:
    """Return the preview of `orders`, whose turnover is a fraction of `equity`; its money is in `unit`."""
    value = sum(order["value"] for order in orders.values())
    return {
        "as_of": as_of,
        "orders": orders,
        "turnover": round(value / float(equity), 6) if equity > 0 else 0.0,
        "cost": round(sum(order["cost"] for order in orders.values()), unit.decimals),
    }


def _expected(broker: PaperBroker, symbol: str, bar: Bar) -> Decimal:
    """Return the signed quantity held once the market orders at rest are filled, at the close of `bar`."""
    orders = [each for each in broker.open_orders(symbol) if each.order.type is OrderType.MARKET]
    weights = [each.order.weight for each in orders if each.order.is_unsized and each.order.weight is not None]
    if weights:
        return broker.quantity_at(symbol, weights[-1], bar.close)
    resting = ((each.order.quantity - each.filled_quantity) * each.order.side.sign for each in orders)
    return broker.portfolio.quantity(symbol) + sum(resting, ZERO)
