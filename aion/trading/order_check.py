"""What an order must be before the paper broker takes it; pure functions."""

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from aion.errors import OrderError
from aion.model import Instrument, Order, Side


def whole_lots(quantity: Decimal, instrument: Instrument) -> Decimal:
    """Return the largest multiple of the instrument's lot that is not above `quantity`, 0 at least."""
    step = max(instrument.lot, instrument.quantity_step)
    return max(Decimal(0), (quantity / step).to_integral_value(ROUND_FLOOR) * step)


def check_order(
    order: Order, instrument: Instrument | None, held: Decimal, *, allow_short: bool
) -> tuple[Order, str]:
    """Return `order` as it can be worked, and why it was cut down (empty when it was not).

    The quantity becomes whole lots, unless it closes all that is held, and, for exits and for accounts that may not
    be short, no more than is held. An order that is sized at its fill keeps its weight.
    Limits are rounded to the tick away from a fill, stops towards a worse one.

    Args:
        order: as the bot wants it.
        instrument: what it trades; None when the account has no such symbol.
        held: signed quantity held.
        allow_short: whether a sale may open a position.

    Raises:
        OrderError: it cannot be worked at all; the message says which rule it breaks.
    """
    if instrument is None:
        raise OrderError(f"{order.symbol} is not traded by {order.bot}")
    against = held * order.side.sign < 0
    if order.reduce_only and not against:
        raise OrderError(f"there is nothing to close: {held:f} {order.symbol} held")
    if order.side is Side.SELL and not allow_short and not against:
        raise OrderError(f"{order.symbol} is not held and {order.bot} may not be short")
    if order.is_unsized:
        worked = _on_tick(order, order.quantity, instrument)
        _check_bracket(worked)
        return worked, ""
    quantity = order.quantity
    if against and (order.reduce_only or not allow_short):
        quantity = min(quantity, abs(held))
    if not against or quantity != abs(held):  # an odd lot that a split left may be closed whole
        quantity = whole_lots(quantity, instrument)
    if quantity <= 0:
        raise OrderError(f"{order.quantity:f} {order.symbol} is below one lot of {instrument.lot:f}")
    worked = _on_tick(order, quantity, instrument)
    _check_bracket(worked)
    why = "" if quantity == order.quantity else f"cut from {order.quantity:f} to {quantity:f}: "
    if why:
        why += "no more is held" if quantity == abs(held) and against else f"lots of {instrument.lot:f}"
    return worked, why


def _on_tick(order: Order, quantity: Decimal, instrument: Instrument) -> Order:
    def on_tick(name: str, price: Decimal | None, side: Side) -> Decimal | None:
        if price is None:
            return None
        if not price.is_finite():
            raise OrderError(f"{name} {price:f} is not a price")
        if why := instrument.bad_price(price):
            raise OrderError(f"{name} {why}")
        return to_tick(price, side, instrument)

    # a limit moves away from a fill, a stop towards a worse price
    side, back = order.side, order.side.opposite
    return replace(
        order,
        quantity=quantity,
        limit_price=on_tick("limit_price", order.limit_price, back),
        stop_price=on_tick("stop_price", order.stop_price, side),
        stop_loss=on_tick("stop_loss", order.stop_loss, back),
        take_profit=on_tick("take_profit", order.take_profit, side),
    )


def to_tick(price: Decimal, side: Side, instrument: Instrument) -> Decimal:
    """Round `price` to the tick: up for a buy, down for a sell; one tick at least where no price is 0."""
    step = instrument.tick
    rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
    ticks = (price / step).to_integral_value(rounding)
    if ticks < 1 and not instrument.is_signed:
        ticks = Decimal(instrument.kind != "option")
    return (ticks * step).quantize(min(step, Decimal(1)))


def _check_bracket(order: Order) -> None:
    if order.stop_loss is None or order.take_profit is None:
        return
    if (order.take_profit - order.stop_loss) * order.side.sign <= 0:
        raise OrderError(
            f"stop {order.stop_loss:f} and target {order.take_profit:f} are on the wrong sides of a "
            f"{order.side} entry"
        )
