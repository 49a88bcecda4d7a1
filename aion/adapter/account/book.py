"""What fills come to: positions, closed trades, results and fees of one currency; no file and no clock.

A trade is a round trip from flat to flat; a fill that turns a position closes one trade and opens another. What is
sold takes its cost from what was bought: a share of all of it (average cost), or of the oldest first (FIFO). Sums
keep every digit of the fills; only shares of a cost are rounded, and the last sale takes the rest of it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from aion.model import ZERO
from aion.money import value_of

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, as the broker says it."""

    id: str
    at: datetime
    symbol: str
    side: str
    """buy or sell."""
    quantity: Decimal
    """Above 0."""
    price: Decimal
    """Per unit."""
    fee: Decimal = ZERO
    """Paid above 0, a rebate below, in `fee_currency`."""
    fee_currency: str = ""
    """Empty for the account's."""
    fee_value: Decimal | None = None
    """In the account's currency; None where that is not known."""
    taken: Decimal = ZERO
    """Part of the fee that was taken in the coin itself, in units: a buyer got that much less."""
    multiplier: Decimal = ONE
    order_id: str = ""
    reason: str = ""
    may_short: bool = True
    """False in a spot market, where what is sold was there before."""
    is_paired: bool = True
    """False where something else changed the position too, such as a split: then it is in no trade."""
    least: Decimal = ZERO
    """Smallest quantity of the market: less than that left of a position is dust, and closes it."""

    @property
    def change(self) -> Decimal:
        """What it changed in the position, signed."""
        return self.quantity - self.taken if self.side == "buy" else -(self.quantity + self.taken)

    @property
    def paid(self) -> Decimal:
        """Fee in the account's currency; 0 where that is not known."""
        return self.fee_value or ZERO


@dataclass(slots=True)
class Holding:
    """What is held of one symbol, and what its round trip came to so far."""

    symbol: str
    side: str
    """Side of the entry."""
    opened_at: datetime
    multiplier: Decimal
    quantity: Decimal = ZERO
    """Signed."""
    lots: deque[tuple[Decimal, Decimal]] = field(default_factory=deque)
    """Quantity (signed) and cost of each; a single one at average cost."""
    realized: Decimal = ZERO
    """Before fees."""
    fees: Decimal = ZERO
    entered: Decimal = ZERO
    entry_value: Decimal = ZERO
    left: Decimal = ZERO
    exit_value: Decimal = ZERO

    @property
    def basis(self) -> Decimal:
        """Cost of what is held: paid above 0, got below."""
        return sum((cost for _, cost in self.lots), ZERO)

    @property
    def average(self) -> Decimal:
        """Average entry price, without fees."""
        return self.basis / (self.quantity * self.multiplier)

    def gained(self, price: Decimal) -> Decimal:
        """Return the result of what is held at a price, before fees."""
        return value_of(price, self.quantity * self.multiplier) - self.basis


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed round trip."""

    id: str
    symbol: str
    side: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_at: datetime
    closed_at: datetime
    fees: Decimal
    result: Decimal
    """After fees."""
    multiplier: Decimal
    reason: str


class Book:
    """Results of one account in one currency."""

    def __init__(self, fills: Iterable[Fill] = (), *, is_fifo: bool = False) -> None:
        """Make it of fills, in order of time; one whose id is there already is left out.

        Args:
            fills: to begin with.
            is_fifo: True to take the oldest cost first, False for a share of all.
        """
        self._is_fifo = is_fifo
        self.fills: dict[str, Fill] = {}
        self.realized_by_fill: dict[str, Decimal] = {}
        """After its fees, of what the fill closed."""
        self.holdings: dict[str, Holding] = {}
        self.trades: list[Trade] = []
        self.realized = self.fees = ZERO
        """Of all fills: results before fees, and fees."""
        self.unvalued: dict[str, Decimal] = {}
        """Fees whose value is not known, by currency: in no sum."""
        self.unmatched: dict[str, Decimal] = {}
        """Sold by symbol, of what no fill had bought: in no result."""
        for fill in fills:
            self.add(fill)

    def add(self, fill: Fill) -> bool:
        """Book a fill; tell whether it is a new one. It must not be older than those before."""
        if fill.id in self.fills:
            return False
        self.fills[fill.id] = fill
        if fill.fee and fill.fee_value is None:
            self.unvalued[fill.fee_currency] = self.unvalued.get(fill.fee_currency, ZERO) + fill.fee
        self.fees += fill.paid
        if not fill.is_paired:
            return True
        held, change = self.holdings.get(fill.symbol), fill.change
        if held is None or held.quantity * change > 0:
            self._open(fill, change, fill.paid)
            return True
        closed = min(abs(change), abs(held.quantity))
        share = fill.paid if closed == abs(change) else fill.paid * closed / abs(change)
        self._close(held, fill, closed.copy_sign(change), share)
        if rest := abs(change) - closed:
            self._open(fill, rest.copy_sign(change), fill.paid - share)
        return True

    def _open(self, fill: Fill, change: Decimal, fee: Decimal) -> None:
        held = self.holdings.get(fill.symbol)
        if change < 0 and not fill.may_short:
            self.unmatched[fill.symbol] = self.unmatched.get(fill.symbol, ZERO) - change
            return
        if not change:
            return
        if held is None:
            held = Holding(fill.symbol, fill.side, fill.at, fill.multiplier)
            self.holdings[fill.symbol] = held
        cost = value_of(fill.price, change * fill.multiplier)
        held.quantity += change
        held.fees += fee
        held.entered += abs(change)
        held.entry_value += abs(cost)
        if self._is_fifo or not held.lots:
            held.lots.append((change, cost))
        else:
            held.lots[0] = held.quantity, held.lots[0][1] + cost

    def _close(self, held: Holding, fill: Fill, change: Decimal, fee: Decimal) -> None:
        """Book what a fill took out of a position."""
        got = -value_of(fill.price, change * fill.multiplier)
        result = got - self._cost_of(held, abs(change))
        held.quantity += change
        held.realized += result
        held.fees += fee
        held.left += abs(change)
        held.exit_value += abs(got)
        if held.quantity and abs(held.quantity) < fill.least:  # dust is written off: it cannot be sold
            held.realized -= held.basis
            result -= held.basis
            held.quantity = ZERO
        self.realized += result
        self.realized_by_fill[fill.id] = result - fee
        if not held.quantity:
            del self.holdings[fill.symbol]
            self.trades.append(
                Trade(
                    f"t-{fill.id}",
                    held.symbol,
                    held.side,
                    held.left,
                    held.entry_value / (held.entered * held.multiplier),
                    held.exit_value / (held.left * held.multiplier),
                    held.opened_at,
                    fill.at,
                    held.fees,
                    held.realized - held.fees,
                    held.multiplier,
                    fill.reason,
                )
            )

    def _cost_of(self, held: Holding, quantity: Decimal) -> Decimal:
        """Take the cost of a quantity (above 0) out of what is held."""
        taken = ZERO
        while quantity:
            units, cost = held.lots[0]
            if abs(units) <= quantity:
                held.lots.popleft()
                taken += cost
                quantity -= abs(units)
                continue
            part = cost * quantity / abs(units)
            held.lots[0] = units - quantity.copy_sign(units), cost - part
            return taken + part
        return taken


def in_order(fills: Iterable[Fill]) -> list[Fill]:
    """Return fills in order of time; those of one time in the order that they came in."""
    return sorted(fills, key=lambda fill: fill.at)


def valued(fill: Fill, currency: str, prices: Mapping[str, Decimal], base: str = "") -> Fill:
    """Return a fill with the value of its fee in the account's currency, where it is known.

    Args:
        fill: as the exchange says it.
        currency: of the account.
        prices: newest price by coin, in the account's currency.
        base: coin that is bought in its market; empty where it is no coin.
    """
    coin = fill.fee_currency
    if not fill.fee or coin in ("", currency):
        return replace(fill, fee_currency="", fee_value=fill.fee)
    if base and coin == base:
        return replace(fill, fee_value=value_of(fill.price, fill.fee), taken=fill.fee)
    if coin in prices:
        return replace(fill, fee_value=value_of(prices[coin], fill.fee))
    return fill
