"""One pass over a batch of bars: which orders fill, at what price, how much of them, and what that costs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from aion.market.calendar import MarketSession
from aion.market.grid import Grid
from aion.model import (
    ONE,
    ZERO,
    Bar,
    Fill,
    Instrument,
    Order,
    OrderStatus,
    OrderType,
    Side,
)
from aion.money import value_of
from aion.trading.book import OrderBook
from aion.trading.events import CashMovement
from aion.trading.fee import CostModel
from aion.trading.order_check import whole_lots
from aion.trading.portfolio import Portfolio
from aion.trading.price import PriceOf, unpriced
from aion.trading.slippage import SlippageModel
from aion.trading.working_order import Price, Working


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account trades by."""

    instruments: Mapping[str, Instrument]
    cost: CostModel
    slippage: SlippageModel
    grid: Grid | None
    """How bars lie in a session; None for daily bars, which open with it."""
    allow_short: bool
    volume_share: Decimal
    """Largest part of a bar's volume that fills take, 0..1."""
    price_of: PriceOf = unpriced
    """Newest price of what is not traded, such as the currency of the costs."""


class Execution:
    """Executes the orders of `book` against bars of one moment; made anew for each moment."""

    def __init__(self, book: OrderBook, portfolio: Portfolio, terms: Terms, session: MarketSession) -> None:
        """Args: session: that the bars were traded in."""
        self.book = book
        self.portfolio = portfolio
        self.terms = terms
        self.session = session
        self.fills: list[Fill] = []
        """In the order in which they happened."""
        self._budget: dict[str, Decimal] = {}
        self._rate: Decimal | None = None
        """Price of the currency of the costs in that of the account, where they differ."""
        self._others: Iterable[Bar] = ()

    def run(self, bars: list[Bar], others: Iterable[Bar] = ()) -> list[Fill]:
        """Fill what `bars` would have filled.

        Args:
            bars: of the symbols with orders, all tradable and of the same moment.
            others: all bars of that moment: their opens are part of the equity that orders are sized by.
        """
        self._others = others
        # a fill changes the orders of its own symbol alone, so bars that reach no order are left out from the start
        reached = [bar for bar in bars if self.book.is_reached(bar)]
        if not reached:
            return self.fills
        for bar in bars:
            self.portfolio.marks[bar.symbol] = bar.open
        self._at_open(reached)
        for bar in reached:
            self._inside(bar)
        return self.fills

    def close(self, working: Working, bar: Bar) -> list[Fill]:
        """Fill an exit at the close of `bar`, whatever its volume."""
        self._budget[bar.symbol] = working.left
        self._fill(working, bar, Price(bar.close, "close", True), bar.ts)
        return self.fills

    def _at_open(self, bars: list[Bar]) -> None:
        due = [
            (working, bar)
            for bar in bars
            for working in self.book.orders(bar.symbol)
            if working.order.decided_at <= self._opened_at(bar)
        ]
        # sorting is stable: exits first, else in the order in which they were placed
        due.sort(key=lambda each: not self._is_exit(each[0].order))
        for working, bar in due:
            price = working.price_at_open(bar)
            if price is not None:
                self._fill(working, bar, price, self._opened_at(bar))

    def _inside(self, bar: Bar) -> None:
        if not any(working.price_inside(bar) for working in self.book.orders(bar.symbol)):
            return
        opened_at = self._opened_at(bar)
        rounds: tuple[Callable[[Order], bool], ...] = (
            lambda order: order.type is OrderType.STOP and self._is_exit(order),
            lambda order: not self._is_exit(order),
            # the stops of the entries of the round before, then targets
            lambda order: order.type is OrderType.STOP and self._is_exit(order),
            self._is_exit,
        )
        for is_due in rounds:
            for working in self.book.orders(bar.symbol):
                order = working.order
                if order.decided_at <= opened_at and is_due(order) and self.book.find(order.id) is working:
                    price = working.price_inside(bar)
                    if price is not None:
                        self._fill(working, bar, price, bar.ts)

    def _opened_at(self, bar: Bar) -> datetime:
        grid = self.terms.grid
        return self.session.open if grid is None else grid.opened(self.session, bar.ts)

    def _is_exit(self, order: Order) -> bool:
        return order.reduce_only or self.portfolio.quantity(order.symbol) * order.side.sign < 0

    def _fill(self, working: Working, bar: Bar, price: Price, at: datetime) -> None:
        """Fill as much as volume, position and money allow; a turn takes two fills."""
        if self.book.find(working.order.id) is not working:
            return
        if working.order.type is OrderType.STOP:
            working.is_triggered = True
        if working.order.is_unsized and not self._size(working, bar, price):
            return
        while working.left > 0:
            closing = self._fill_once(working, bar, price, at)
            if not closing or self.portfolio.quantity(bar.symbol) or working.order.reduce_only:
                return

    def _size(self, working: Working, bar: Bar, price: Price) -> bool:
        """Make the quantity of an order that is sized at its fill, once; False when it does not fill in this bar.

        What is added costs, with its fees, no more than equity at this moment x weight less what is held.
        """
        order, instrument = working.order, self.terms.instruments[bar.symbol]
        budget = self._volume_left(bar, instrument)
        if budget is not None and budget <= 0:
            return False
        for other in self._others:
            found = self.terms.instruments.get(other.symbol)
            if found is not None and found.trades(other):
                self.portfolio.marks[other.symbol] = other.open
        self._others = ()
        weight, held = order.weight or ZERO, self.portfolio.quantity(bar.symbol)
        money = self.portfolio.unit.income(max(ZERO, abs(weight) * self.portfolio.equity()))
        is_long = weight >= 0
        kept = abs(held) if (held > 0) is is_long else ZERO  # of the side that is wanted
        value = self._value(bar.symbol, ONE, price.reference)
        wanted = whole_lots(money / value, instrument) if value else ZERO
        if (order.side is Side.BUY) is is_long:
            money -= self._value(bar.symbol, kept, price.reference)
            quantity = abs(held) - kept + self._added(working, bar, price, wanted - kept, money)
        else:
            quantity = kept - wanted if kept >= wanted else ZERO
        if quantity > 0:
            working.order = replace(order, quantity=quantity)
            working.left = quantity
            return True
        share = f"{weight:.2%} of equity"
        if held:
            why = f"{held:f} held are {share} at {price.reference:f} already"
            self.book.end(working, OrderStatus.CANCELLED, bar.ts, why)
        else:
            why = f"{share}, {money:f}, does not pay one lot at {price.reference:f} with costs"
            self._lack(working, why, bar)
        return False

    def _added(self, working: Working, bar: Bar, price: Price, most: Decimal, money: Decimal) -> Decimal:
        """Return how many units up to `most` may be added for `money`, costs included."""
        instrument, unit = self.terms.instruments[bar.symbol], self.portfolio.unit
        most = whole_lots(most, instrument)
        if most <= 0 or money <= 0:
            return ZERO
        budget = self._volume_left(bar, instrument)
        shown = most if budget is None else min(most, budget)
        paid = self._price(working.order, price, shown, bar, instrument)

        def due(units: Decimal) -> Decimal:
            fees = sum(self._fees(working, units, paid, price).values(), ZERO)
            return unit.cost(self._value(bar.symbol, units, paid)) + fees

        return largest(most, money, due, instrument)

    def _volume_left(self, bar: Bar, instrument: Instrument) -> Decimal | None:
        """Return how much of `bar` fills may still take, None for no limit."""
        if not instrument.has_volume:
            return None
        if bar.symbol not in self._budget:
            self._budget[bar.symbol] = whole_lots(bar.volume * self.terms.volume_share, instrument)
        return self._budget[bar.symbol]

    def _fill_once(self, working: Working, bar: Bar, price: Price, at: datetime) -> bool:
        """Make one fill; True when it closed something."""
        order = working.order
        instrument = self.terms.instruments[bar.symbol]
        held = self.portfolio.quantity(bar.symbol)
        closing = held * order.side.sign < 0
        wanted = working.left
        if (budget := self._volume_left(bar, instrument)) is not None:
            wanted = min(wanted, budget)
        if closing:
            wanted = min(wanted, abs(held))
        elif order.reduce_only or (order.side is Side.SELL and not self.terms.allow_short):
            self.book.end(working, OrderStatus.CANCELLED, bar.ts, "the position is closed")
            return False
        if wanted <= 0:
            return False
        asked = wanted
        if not closing:  # our own impact is that of what we can pay, not of what we asked for
            wanted = min(wanted, payable(self.portfolio.free_cash(), price.reference, instrument))
        if self.terms.cost.currency_symbol and self._lacks_rate(working, bar):
            return False
        paid = self._price(order, price, wanted, bar, instrument) if wanted > 0 else price.reference
        quantity = self._affordable(working, wanted, paid, price, closing=closing)
        if quantity <= 0:
            free = self.portfolio.free_cash()
            self._lack(working, f"cash {free:f} does not pay one lot at {paid:f} with costs", bar)
            return False
        self._book_fill(working, bar, price, paid, quantity, at)
        if quantity < asked and working.left > 0:
            self._lack(working, f"cut to {working.filled:f}: cash pays no more at {paid:f}", bar)
        return closing

    def _price(self, order: Order, price: Price, quantity: Decimal, bar: Bar, instrument: Instrument) -> Decimal:
        if not price.takes:
            return price.reference
        paid = self.terms.slippage.price(order.side, price.reference, quantity, bar, instrument)
        if order.type is OrderType.LIMIT and order.limit_price is not None:
            worst = min if order.side is Side.BUY else max
            paid = worst(paid, order.limit_price)
        return paid

    def _affordable(
        self, working: Working, wanted: Decimal, paid: Decimal, price: Price, *, closing: bool
    ) -> Decimal:
        side, unit = working.order.side, self.portfolio.unit
        instrument = self.terms.instruments[working.order.symbol]
        if closing and instrument.is_settled:
            return wanted  # what it lost is lost already

        def due(quantity: Decimal) -> Decimal:
            fees = sum(self._in_account(self._fees(working, quantity, paid, price)).values(), ZERO)
            value = value_of(paid, quantity * instrument.multiplier)
            if closing:  # at a price below 0 who sells pays, and who buys is paid
                return fees + (unit.cost(value) if side is Side.BUY else -unit.income(value))
            return unit.cost(abs(value) * instrument.margin if instrument.is_settled else abs(value)) + fees

        money = self.portfolio.cash if closing else self.portfolio.free_cash()
        return largest(wanted, money, due, instrument)

    def _fees(self, working: Working, quantity: Decimal, paid: Decimal, price: Price) -> dict[str, Decimal]:
        """Return what a further fill adds to the fees of the order's day by name, in the currency of the costs."""
        fresh = working.fee_day != self.session.day
        before = {} if fresh else working.charged
        added_value = self._value(working.order.symbol, quantity, paid)
        value = added_value + (ZERO if fresh else working.fee_value)
        total = quantity + (ZERO if fresh else working.fee_quantity)
        made = (ZERO, ZERO) if fresh else (working.made_quantity, working.made_value)
        if not price.takes:
            made = made[0] + quantity, made[1] + added_value
        due = self.terms.cost.fees(working.order.side, total, value, self.session.day, made)
        added = ((name, fee - before.get(name, ZERO)) for name, fee in due.items())
        return {name: fee for name, fee in added if fee}

    def _in_account(self, fees: dict[str, Decimal]) -> dict[str, Decimal]:
        """Return `fees` in the account's currency, each rounded up."""
        if self._rate is None:
            return fees
        unit, rate = self.portfolio.unit, self._rate
        return {name: unit.cost(value_of(fee, rate)) for name, fee in fees.items()}

    def _lacks_rate(self, working: Working, bar: Bar) -> bool:
        """Look up the price of the currency of the costs; without one the order ends, and True is returned."""
        if self._rate is None:
            cost = self.terms.cost
            found = self.terms.price_of(cost.currency_symbol, bar.ts)
            if found is None or found <= 0:
                why = f"cost model {cost.name!r} charges in {cost.currency}, and {cost.currency_symbol} has no price"
                self._lack(working, why, bar)
                return True
            self._rate = found
        return False

    def _value(self, symbol: str, quantity: Decimal, paid: Decimal) -> Decimal:
        """Return what fees in per cent are due on, money >= 0."""
        return abs(paid * quantity * self.terms.instruments[symbol].multiplier)

    def _book_fill(
        self, working: Working, bar: Bar, price: Price, paid: Decimal, quantity: Decimal, at: datetime
    ) -> None:
        order = working.order
        instrument = self.terms.instruments[order.symbol]
        due = self._fees(working, quantity, paid, price)
        worse = value_of(abs(paid - price.reference), quantity * instrument.multiplier)
        fill = Fill(
            id=self.book.ids.next("f", bar.ts),
            order_id=order.id,
            bot=order.bot,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=paid,
            fees=self._in_account(due),
            multiplier=instrument.multiplier if instrument.multiplier != ONE else None,
            slippage=self.portfolio.unit.cost(worse),
            decided_at=order.decided_at,
            filled_at=at,
            known_at=bar.ts,
            reason=f"{order.reason}, gapped at the open" if price.source == "gap" else order.reason,
            bar=bar,
            price_source=price.source,
        )
        was_flat_or_same = self.portfolio.quantity(order.symbol) * order.side.sign >= 0
        cash = self.portfolio.cash
        realized, trade = self.portfolio.apply(fill, instrument)
        if realized is not None:
            fill = replace(fill, realized_pnl=realized)
        self._charge_order(working, due, quantity, paid, is_made=not price.takes)
        if instrument.has_volume:
            self._budget[bar.symbol] -= quantity
        self.fills.append(fill)
        changes = self.book.changes
        changes.fills.append(fill)
        changes.movements.append(CashMovement(fill.id, at, "fill", self.portfolio.cash - cash, fill.symbol))
        if trade is not None:
            changes.trades.append(trade)
        working.left -= quantity
        if working.left <= 0:
            self.book.end(working, OrderStatus.FILLED, bar.ts)
        else:
            self.book.record(working, OrderStatus.OPEN, bar.ts)
        if was_flat_or_same:
            self.book.protect_entry(working, fill, price.reference, inside=at == bar.ts)
        self._after_exit(working, fill, is_flat=trade is not None)

    def _charge_order(
        self, working: Working, fees: dict[str, Decimal], quantity: Decimal, paid: Decimal, *, is_made: bool
    ) -> None:
        if working.fee_day != self.session.day:
            working.fee_day = self.session.day
            working.fee_quantity = working.fee_value = working.made_quantity = working.made_value = ZERO
            working.charged = {}
        value = self._value(working.order.symbol, quantity, paid)
        working.fee_quantity += quantity
        working.fee_value += value
        if is_made:
            working.made_quantity += quantity
            working.made_value += value
        for name, fee in fees.items():
            working.charged[name] = working.charged.get(name, ZERO) + fee

    def _after_exit(self, working: Working, fill: Fill, *, is_flat: bool) -> None:
        """Withdraw exits that have nothing left to close."""
        if is_flat:
            rest = [each for each in self.book.orders(fill.symbol) if each.order.reduce_only]
            self.book.end_all(rest, OrderStatus.CANCELLED, fill.known_at, "the position is closed")
            return
        sibling = self.book.find(working.sibling) if working.sibling else None
        if sibling is None:
            return
        if sibling.left <= fill.quantity:
            self.book.end(sibling, OrderStatus.CANCELLED, fill.known_at, f"the {working.role} was reached")
            return
        sibling.left -= fill.quantity
        sibling.order = replace(sibling.order, quantity=sibling.order.quantity - fill.quantity)
        self.book.record(sibling, OrderStatus.OPEN, fill.known_at)

    def _lack(self, working: Working, why: str, bar: Bar) -> None:
        status = OrderStatus.CANCELLED if working.filled else OrderStatus.REFUSED
        order = working.order
        self.book.end(working, status, bar.ts, why)
        self.book.note(bar.ts, "refused", why, order.symbol, order_id=order.id)


def payable(money: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """Return the whole lots that `money` opens at `price` per unit, costs left out; 0 at a price of 0."""
    needed = abs(price) * instrument.multiplier
    if instrument.is_settled:
        needed *= instrument.margin
    return whole_lots(money / needed, instrument) if needed else ZERO


def largest(wanted: Decimal, money: Decimal, due: Callable[[Decimal], Decimal], instrument: Instrument) -> Decimal:
    """Return the largest whole lots up to `wanted` whose cost is at most `money`, 0 when there are none.

    Args:
        wanted: > 0, whole lots.
        money: what there is; it may be negative.
        due: quantity -> money to pay, growing with it; negative when money is got.
        instrument: gives the lot.
    """
    quantity = wanted
    lot = max(instrument.lot, instrument.quantity_step)
    while quantity > 0:
        cost = due(quantity)
        if cost <= money:
            return quantity
        share = money / cost if money > 0 else ZERO
        quantity = min(whole_lots(quantity * share, instrument), quantity - lot)
    return ZERO
