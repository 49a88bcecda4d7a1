"""The orders at rest of one account, by symbol, and the record of what becomes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.model import ZERO, Bar, Decision, Fill, Order, OrderRecord, OrderStatus, OrderType, Side, TimeInForce
from aion.trading.events import Changes, IdMaker
from aion.trading.working_order import Working


class OrderBook:
    """Keeps orders until they are filled, cancelled or expired; every change of one is in `changes`."""

    def __init__(self, bot: str, ids: IdMaker) -> None:
        """Args: bot: name of the bot; ids: makes the ids of exits and decisions."""
        self.bot = bot
        self.ids = ids
        self.changes = Changes()
        """What happened since the last commit; whoever commits it puts a new one here."""
        self.by_symbol: dict[str, dict[str, Working]] = {}
        """Orders at rest by id, oldest first; a symbol without any is absent."""

    def orders(self, symbol: str | None = None) -> list[Working]:
        """Return a copy of the list of orders at rest, or of those of one symbol, oldest first."""
        if symbol is not None:
            return list(self.by_symbol.get(symbol, {}).values())
        return [working for book in self.by_symbol.values() for working in book.values()]

    def is_reached(self, bar: Bar) -> bool:
        """Tell whether `bar` reaches the price of any order at rest; whether it fills is for the rules."""
        for working in self.by_symbol.get(bar.symbol, {}).values():  # noqa: SIM110 - a generator takes twice as long
            if working.is_reached(bar):
                return True
        return False

    def find(self, order_id: str) -> Working | None:
        """Return the order at rest called `order_id`, or None."""
        return next((book[order_id] for book in self.by_symbol.values() if order_id in book), None)

    def add(self, working: Working) -> OrderRecord:
        """Let an order rest."""
        self.by_symbol.setdefault(working.order.symbol, {})[working.order.id] = working
        return self.record(working, OrderStatus.OPEN, working.order.decided_at)

    def end(self, working: Working, status: OrderStatus, at: datetime, why: str = "") -> None:
        """Take an order out, for the reason `why`; nothing when it does not rest any more."""
        book = self.by_symbol.get(working.order.symbol, {})
        if book.pop(working.order.id, None) is None:
            return
        if not book:
            del self.by_symbol[working.order.symbol]
        if why:
            working.detail = f"{working.detail}; {why}" if working.detail else why
        self.record(working, status, at)

    def end_all(self, workings: Iterable[Working], status: OrderStatus, at: datetime, why: str) -> None:
        """Take several orders out."""
        for working in workings:
            self.end(working, status, at, why)

    def record(self, working: Working, status: OrderStatus, at: datetime) -> OrderRecord:
        """Write down where an order stands."""
        record = view(working, status, at)
        self.changes.orders[record.order.id] = record
        return record

    def refuse(self, order: Order, why: str) -> OrderRecord:
        """Write down that `order` was refused; an order that rests under the same id keeps its record."""
        record = OrderRecord(order, OrderStatus.REFUSED, ZERO, why, order.decided_at)
        if self.find(order.id) is None:
            self.changes.orders.setdefault(order.id, record)
        self.note(order.decided_at, "refused", why, order.symbol, order_id=order.id)
        return record

    def note(
        self,
        ts: datetime,
        action: str,
        reason: str,
        symbol: str = "",
        confidence: float | None = None,
        order_id: str = "",
    ) -> Decision:
        """Write a decision down under the next id of its time, and return it."""
        decision = Decision(self.ids.next("d", ts), ts, action, reason, symbol, confidence, order_id)
        self.changes.decisions.append(decision)
        return decision

    def rest_exits(
        self,
        parent: str,
        symbol: str,
        held: Decimal,
        stop_loss: Decimal | None,
        take_profit: Decimal | None,
        decided_at: datetime,
    ) -> list[Working]:
        """Let a stop and a target rest for `held` (signed) units; one that is done cancels the other.

        Args:
            parent: start of their ids, `<parent>-stop` and `<parent>-target`.
            symbol: what is held.
            held: signed quantity, not 0.
            stop_loss: price per unit, None for none.
            take_profit: price per unit, None for none.
            decided_at: market time of the decision that set the levels.
        """
        side = Side.SELL if held > 0 else Side.BUY
        made = []
        both = stop_loss is not None and take_profit is not None
        for role, price, other in (("stop", stop_loss, "target"), ("target", take_profit, "stop")):
            if price is None:
                continue
            order = Order(
                id=f"{parent}-{role}",
                bot=self.bot,
                symbol=symbol,
                side=side,
                quantity=abs(held),
                type=OrderType.STOP if role == "stop" else OrderType.LIMIT,
                decided_at=decided_at,
                reason=f"{role} {price:f}",
                time_in_force=TimeInForce.GTC,
                stop_price=price if role == "stop" else None,
                limit_price=price if role == "target" else None,
                reduce_only=True,
            )
            working = Working(order, role=role, sibling=f"{parent}-{other}" if both else "")
            self.add(working)
            made.append(working)
        return made

    def protect_entry(self, working: Working, fill: Fill, reference: Decimal, *, inside: bool) -> None:
        """Let the bracket of an entry rest for what `fill` of it was filled.

        Args:
            working: the entry.
            fill: its newest fill.
            reference: price of the bar that the fill started from.
            inside: True when it was filled after the open of its bar.
        """
        order = working.order
        if order.stop_loss is None and order.take_profit is None:
            return
        children = self._grow_exits(working, fill)
        if not children:
            working.children += 1
            children = self.rest_exits(
                _exits_of(working),
                order.symbol,
                fill.quantity * fill.side.sign,
                order.stop_loss,
                order.take_profit,
                order.decided_at,
            )
        for child in children:
            child.entered_ts = fill.bar.ts
            child.entered_inside = inside
            child.entry_reference = reference

    def _grow_exits(self, working: Working, fill: Fill) -> list[Working]:
        """Let the exits that rest for earlier fills of an entry close `fill` too; none when they do not rest."""
        found = [self.find(f"{_exits_of(working)}-{role}") for role in ("stop", "target")]
        children = [child for child in found if child is not None]
        for child in children:
            child.order = replace(child.order, quantity=child.order.quantity + fill.quantity)
            child.left += fill.quantity
            self.record(child, OrderStatus.OPEN, fill.known_at)
        return children

    def exit_levels(self, symbol: str, held: Decimal) -> tuple[Decimal | None, Decimal | None]:
        """Return the stop and the target nearest to the market, prices per unit; None where none rests."""
        orders = self.orders(symbol)
        exits = [(each.role, each.order.stop_price, each.order.limit_price) for each in orders]
        stops = [stop for role, stop, _ in exits if role == "stop" and stop is not None]
        targets = [limit for role, _, limit in exits if role == "target" and limit is not None]
        if held >= 0:
            return max(stops, default=None), min(targets, default=None)
        return min(stops, default=None), max(targets, default=None)

    def state(self) -> list[dict[str, Any]]:
        """Return the orders at rest as JSON types."""
        return [working.state() for working in self.orders()]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Take back what `state()` described, without recording it again."""
        for each in state:
            working = Working.from_state(dict(each))
            self.by_symbol.setdefault(working.order.symbol, {})[working.order.id] = working


def _exits_of(entry: Working) -> str:
    return entry.order.id if entry.children <= 1 else f"{entry.order.id}-{entry.children}"


def view(working: Working, status: OrderStatus, at: datetime) -> OrderRecord:
    """Return the record of an order at market time `at`."""
    return OrderRecord(working.order, status, working.filled, working.detail, at)
