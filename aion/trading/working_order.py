"""An order at rest, and the price at which one bar would fill it; pure but for the order's own progress."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from aion.clock import iso, parse_iso
from aion.fact import Texts
from aion.model import ZERO, Bar, Order, OrderType, Side
from aion.money import plain_text

_ORDER = Texts(Order)


class Price(NamedTuple):
    """Where a fill starts from."""

    reference: Decimal
    """A price that the bar really had."""
    source: str
    """open, gap, stop, limit, target or close."""
    takes: bool
    """True when it takes the market's price, and so pays slippage."""


class Working:
    """An order that rests, with what is left of it and what its fills have been charged today."""

    __slots__ = (
        "charged",
        "children",
        "detail",
        "entered_inside",
        "entered_ts",
        "entry_reference",
        "fee_day",
        "fee_quantity",
        "fee_value",
        "is_triggered",
        "left",
        "made_quantity",
        "made_value",
        "order",
        "role",
        "sibling",
    )

    def __init__(self, order: Order, detail: str = "", role: str = "", sibling: str = "") -> None:
        """Args: role: `stop` or `target` for the exits of a bracket; sibling: id of the other exit."""
        self.order = order
        self.left = order.quantity
        self.detail = detail
        self.role = role
        self.sibling = sibling
        self.is_triggered = False
        self.children = 0
        # the bar in which its entry filled, where it was entered and whether that was after the open
        self.entered_ts: datetime | None = None
        self.entered_inside = False
        self.entry_reference = ZERO
        # fees with minima and caps are due on an order's whole day, not on each of its fills
        self.fee_day: date | None = None
        self.fee_quantity = ZERO
        self.fee_value = ZERO
        # of them at its own price
        self.made_quantity = ZERO
        self.made_value = ZERO
        self.charged: dict[str, Decimal] = {}

    @property
    def filled(self) -> Decimal:
        """Quantity filled so far."""
        return self.order.quantity - self.left

    def is_reached(self, bar: Bar) -> bool:
        """Tell whether `bar` touches the order's price at all: it fills nowhere in a bar that does not."""
        order = self.order
        if order.type is OrderType.MARKET or self.is_triggered:
            return True
        price = _known(order.stop_price if order.type is OrderType.STOP else order.limit_price)
        # a stop to sell and a limit to buy lie below the market, the other two above
        is_below = (order.side is Side.SELL) is (order.type is OrderType.STOP)
        return bar.low <= price if is_below else bar.high >= price

    def price_at_open(self, bar: Bar) -> Price | None:
        """Return where the order fills at the open of `bar`, or None."""
        order = self.order
        if order.type is OrderType.MARKET or self.is_triggered:
            return Price(bar.open, "open", True)
        if order.type is OrderType.STOP:
            stop = _known(order.stop_price)
            passed = bar.open <= stop if order.side is Side.SELL else bar.open >= stop
            return Price(bar.open, "gap", True) if passed else None
        limit = _known(order.limit_price)
        bettered = bar.open >= limit if order.side is Side.SELL else bar.open <= limit
        return Price(bar.open, "open", True) if bettered else None

    def price_inside(self, bar: Bar) -> Price | None:
        """Return where the order fills after the open of `bar`, or None."""
        order = self.order
        fresh = self.entered_ts == bar.ts
        if order.type is OrderType.STOP and not self.is_triggered:
            stop = _known(order.stop_price)
            if order.side is Side.SELL:
                if bar.low > stop:
                    return None
                return Price(min(stop, self.entry_reference) if fresh else min(stop, bar.open), "stop", True)
            if bar.high < stop:
                return None
            return Price(max(stop, self.entry_reference) if fresh else max(stop, bar.open), "stop", True)
        if order.type is not OrderType.LIMIT or (fresh and self.entered_inside):
            return None
        limit = _known(order.limit_price)
        if (at_open := self.price_at_open(bar)) is not None:
            return at_open  # of a target that was set at the open and has been passed already
        through = bar.high > limit if order.side is Side.SELL else bar.low < limit
        return Price(limit, self.role or "limit", False) if through else None

    def state(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "order": _ORDER.state(self.order),
            "left": plain_text(self.left),
            "detail": self.detail,
            "role": self.role,
            "sibling": self.sibling,
            "is_triggered": self.is_triggered,
            "children": self.children,
            "entered_ts": iso(self.entered_ts) if self.entered_ts else "",
            "entered_inside": self.entered_inside,
            "entry_reference": plain_text(self.entry_reference),
            "fee_day": self.fee_day.isoformat() if self.fee_day else "",
            "fee_quantity": plain_text(self.fee_quantity),
            "fee_value": plain_text(self.fee_value),
            "made_quantity": plain_text(self.made_quantity),
            "made_value": plain_text(self.made_value),
            "charged": {name: plain_text(fee) for name, fee in self.charged.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Working":
        """Return what `state()` described."""
        self = cls(_ORDER.fact(state["order"]), state["detail"], state["role"], state["sibling"])
        self.left = Decimal(state["left"])
        self.is_triggered = state["is_triggered"]
        self.children = state["children"]
        self.entered_ts = parse_iso(state["entered_ts"]) if state["entered_ts"] else None
        self.entered_inside = state["entered_inside"]
        self.entry_reference = Decimal(state["entry_reference"])
        self.fee_day = date.fromisoformat(state["fee_day"]) if state["fee_day"] else None
        self.fee_quantity = Decimal(state["fee_quantity"])
        self.fee_value = Decimal(state["fee_value"])
        self.made_quantity = Decimal(state.get("made_quantity", "0"))  # a ledger of before has neither
        self.made_value = Decimal(state.get("made_value", "0"))
        self.charged = {name: Decimal(fee) for name, fee in state["charged"].items()}
        return self


def _known(price: Decimal | None) -> Decimal:
    if price is None:
        raise ValueError("an order without the price that its type needs")
    return price
