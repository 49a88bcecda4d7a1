"""The exits that a flatten or a kill switch ordered: which they are, what they replaced, and how they are taken back.

An exit that the strategy ordered itself is not one of them: it is left as it is, before, during and after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.bot.state import Standing
from aion.model import ZERO, OrderRecord, OrderStatus, OrderType
from aion.money import plain_text
from aion.trading.broker import PaperBroker

MOST_NAMED = 6  # symbols in a sentence


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit that was ordered, and the levels that protected the position until then."""

    order_id: str
    stop_loss: Decimal | None = None
    """Price per unit, None where no stop rested."""
    take_profit: Decimal | None = None
    average_price: Decimal = ZERO
    """Of the position at that time: a split since then divides it, and the levels with it."""


class Leaving:
    """The exits of one account."""

    def __init__(self) -> None:
        """Begin without any."""
        self.exits: dict[str, Exit] = {}
        """By symbol; an order of them may be done meanwhile."""

    def leave(self, broker: PaperBroker, standing: Standing, ts: datetime) -> None:
        """Withdraw entries and close what is held, when a flatten or a kill switch asks for it; else nothing.

        Args:
            broker: of the account.
            standing: says whether and why; what asked for it until the account is flat is taken out of it.
            ts: market time.
        """
        reason = standing.exit_reason
        if not reason:
            return
        for record in broker.open_orders():
            if not record.order.reduce_only:
                broker.cancel(record.order.id, ts, reason)
        held = broker.portfolio.symbols
        for symbol in held:
            note_exit(broker, self._order(broker, symbol, ts, reason))
        self.exits = {symbol: each for symbol, each in self.exits.items() if symbol in held}
        if broker.portfolio.is_flat:
            standing.leaving = ""

    def stay(self, broker: PaperBroker, standing: Standing, ts: datetime, why: str, *, is_kept: bool) -> list[str]:
        """Take the exits back that are not filled, once nothing asks for them any more.

        Args:
            broker: of the account.
            standing: while it asks to leave, nothing is taken back.
            ts: market time.
            why: for the record.
            is_kept: True to let them fill all the same.

        Returns:
            Symbols whose exits were cancelled, or are kept.
        """
        if standing.exit_reason:
            return []
        if is_kept:
            kept = [symbol for symbol in self.exits if is_leaving(broker, symbol)]
            self.exits = {}
            return kept
        return self._take_back(broker, ts, why)

    def _order(self, broker: PaperBroker, symbol: str, ts: datetime, reason: str) -> OrderRecord | None:
        """Order that what is held of `symbol` is closed at the next open, as far as no order at rest does so yet."""
        known = self.exits.get(symbol)
        if broker.corporate.why(symbol):  # it goes as soon as it is known what is held
            return None
        if is_leaving(broker, symbol):
            resting = [each.order.id for each in broker.open_orders(symbol) if _is_exit(each)]
            if known is not None and known.order_id not in resting:  # a split gave it another id
                self.exits[symbol] = Exit(resting[-1], known.stop_loss, known.take_profit, known.average_price)
            return None
        stop, target = broker.exit_levels(symbol)
        held = broker.portfolio.position(symbol)
        average = held.average_price if held is not None else ZERO
        if known is not None and stop is None and target is None:  # ordered again: it found no bar to fill in
            stop, target, average = known.stop_loss, known.take_profit, known.average_price
        record = broker.close_rest(symbol, ts, reason)
        if record is not None:
            self.exits[symbol] = Exit(record.order.id, stop, target, average)
        return record

    def _take_back(self, broker: PaperBroker, ts: datetime, why: str) -> list[str]:
        """Cancel the exits that are not filled, and let stops and targets rest again where they did."""
        cancelled = []
        for symbol, each in self.exits.items():
            if broker.cancel(each.order_id, ts, why):
                cancelled.append(symbol)
            held = broker.portfolio.position(symbol)
            is_bare = broker.exit_levels(symbol) == (None, None) and not is_leaving(broker, symbol)
            if held is not None and is_bare and (each.stop_loss or each.take_profit):
                is_split = each.average_price and held.average_price != each.average_price
                ratio = each.average_price / held.average_price if is_split else Decimal(1)
                levels = {"stop_loss": each.stop_loss, "take_profit": each.take_profit}
                broker.protect(symbol, ts, why, **{name: at and at / ratio for name, at in levels.items()})
        self.exits = {}
        return cancelled

    def fields(self, broker: PaperBroker, standing: Standing) -> dict[str, Any]:
        """Return what a state document says of it; empty for nothing."""
        value: dict[str, Any] = {}
        if standing.paused and standing.state != "paused":
            value["paused"] = standing.paused
        if standing.leaving and standing.state != "paused":
            value["flatten"] = standing.leaving
        resting = {each.order.id for each in broker.open_orders()} if self.exits else set()
        if exits := {symbol: each.order_id for symbol, each in self.exits.items() if each.order_id in resting}:
            value["leaving"] = exits
        return value

    def saved(self) -> dict[str, list[str]]:
        """Return what must survive a restart, as JSON types."""
        return {
            symbol: [each.order_id, _text(each.stop_loss), _text(each.take_profit), plain_text(each.average_price)]
            for symbol, each in self.exits.items()
        }

    def restore(self, saved: Mapping[str, Any] | None, broker: PaperBroker, reason: str) -> None:
        """Take back what `saved` returned.

        Args:
            saved: None of a ledger that does not tell: then the exits are those at rest that give `reason`.
            broker: restored.
            reason: why all that is held has to go; empty when it has not.
        """
        if saved is None:
            found = [each for each in broker.open_orders() if _is_exit(each) and each.order.reason == reason]
            self.exits = {each.order.symbol: Exit(each.order.id) for each in found}
            return
        self.exits = {
            symbol: Exit(order_id, _price(stop), _price(target), Decimal(average))
            for symbol, (order_id, stop, target, average) in saved.items()
        }


def note_exit(broker: PaperBroker, record: OrderRecord | None, confidence: float | None = None) -> None:
    """Record the decision to close a position by the order of `record`; nothing without one."""
    if record is not None and record.status is not OrderStatus.REFUSED:  # the broker has noted a refusal
        order = record.order
        broker.note(order.decided_at, "exit", order.reason, order.symbol, confidence=confidence, order_id=order.id)


def is_leaving(broker: PaperBroker, symbol: str) -> bool:
    """Tell whether orders rest that close the whole position at the next open."""
    going = sum(
        (each.order.quantity - each.filled_quantity for each in broker.open_orders(symbol) if _is_exit(each)), ZERO
    )
    return going > 0 and going >= abs(broker.portfolio.quantity(symbol))


def listed(symbols: Iterable[str]) -> str:
    """Return symbols for a sentence, a few of them by name: `AVGO, XOM and 3 more`."""
    found = list(symbols)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return f"{', '.join(found[:MOST_NAMED])}{more}"


def count_of(symbols: Iterable[str], thing: str) -> str:
    """Return how many things and of which symbols: `2 exits (AVGO, XOM)`."""
    found = list(symbols)
    return f"{len(found)} {thing}{'' if len(found) == 1 else 's'} ({listed(found)})"


def _is_exit(record: OrderRecord) -> bool:
    return record.order.reduce_only and record.order.type is OrderType.MARKET


def _text(price: Decimal | None) -> str:
    return plain_text(price) if price else ""


def _price(text: str) -> Decimal | None:
    return Decimal(text) if text else None
