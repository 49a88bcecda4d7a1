"""Cash, positions and results of one account in one currency; no I/O and no prices of its own.

Laws that hold after every call, to the smallest amount of the account (`aion.money`):

* equity = cash + sum of the market values, of futures and perpetuals of what they have gained;
* net = equity - money put in = realized + unrealized, and gross - fees - slippage - borrow + funding = net;
* a round trip's result is the sum of the cash changes of its fills.

A fill never turns a position: the broker closes it with one fill and opens the other side with another.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from aion.model import ONE, ZERO, Fill, Instrument, Position, Side, Trade
from aion.money import MoneyUnit, decimals_in, plain_text, unit_of, value_of
from aion.trading.events import CashMovement, Result
from aion.trading.holding import Holding


class Portfolio:
    """One account. Its cash changes by fills, charges, funding and corporate actions; every change is a movement."""

    __slots__ = (
        "_day_borrow",
        "_day_fees",
        "_day_funding",
        "_day_slippage",
        "_day_start",
        "_holdings",
        "borrow",
        "cash",
        "currency",
        "day",
        "fees",
        "funding",
        "marks",
        "slippage",
        "start_cash",
        "traded_value",
        "unit",
    )

    def __init__(self, currency: str, cash: Decimal, decimals: int | None = None) -> None:
        """Open an account.

        Args:
            currency: ISO 4217, or the name of a coin.
            cash: start money, rounded to the smallest amount.
            decimals: of its money; None for those of its currency.
        """
        self.currency = currency
        self.unit: MoneyUnit = unit_of(currency, decimals)
        """Its smallest amount, and rounding to it."""
        self.start_cash = self.unit.round(cash)
        self.cash = self.start_cash
        """Money not invested."""
        self.fees = self.unit.zero
        """Fees of all fills since the start, money >= 0."""
        self.borrow = self.unit.zero
        """Charges for nights since the start, money >= 0: borrow fees of shorts, financing of longs."""
        self.funding = self.unit.zero
        """Funding of perpetuals since the start, money: received above 0, paid below 0."""
        self.slippage = self.unit.zero
        """Slippage suffered since the start, money >= 0."""
        self.traded_value = ZERO
        """Sum of price x units over all fills, money without a sign: the numerator of turnover."""
        self.marks: dict[str, Decimal] = {}
        """Last print by symbol, price per unit."""
        self.day: date | None = None
        """Market day that `day_result` speaks of; None before the first session."""
        self._holdings: dict[str, Holding] = {}
        self._day_start = self.start_cash
        self._day_fees = self._day_borrow = self._day_funding = self._day_slippage = self.unit.zero

    # what is held

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols held, in the order in which they were opened."""
        return tuple(self._holdings)

    @property
    def is_flat(self) -> bool:
        """True when nothing is held."""
        return not self._holdings

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held, 0 when none."""
        holding = self._holdings.get(symbol)
        return holding.quantity if holding is not None else ZERO

    def position(self, symbol: str) -> Position | None:
        """Return the position in `symbol`, or None."""
        holding = self._holdings.get(symbol)
        return _position(symbol, holding) if holding is not None else None

    def positions(self) -> dict[str, Position]:
        """Return all positions by symbol."""
        return {symbol: _position(symbol, holding) for symbol, holding in self._holdings.items()}

    def quantities(self) -> dict[str, Decimal]:
        """Return the signed quantity of all positions by symbol."""
        if not self._holdings:
            return {}
        return {symbol: holding.quantity for symbol, holding in self._holdings.items()}

    @property
    def carried(self) -> tuple[str, ...]:
        """Symbols held that could not be closed in time."""
        if not self._holdings:
            return ()
        return tuple([symbol for symbol, holding in self._holdings.items() if holding.carried])

    def set_carried(self, symbol: str, reason: str) -> None:
        """Say why `symbol` could not be closed in time (empty: all is well); nothing when it is not held."""
        holding = self._holdings.get(symbol)
        if holding is not None:
            holding.carried = reason

    def holding(self, symbol: str) -> Holding | None:
        """Return the open side of `symbol` itself, for what changes it without a fill (`trading/action`)."""
        return self._holdings.get(symbol)

    def put(self, symbol: str, holding: Holding) -> None:
        """Hold `holding` under `symbol`."""
        self._holdings[symbol] = holding

    def drop(self, symbol: str) -> None:
        """Hold nothing of `symbol` any more; its mark goes too."""
        self._holdings.pop(symbol, None)
        self.marks.pop(symbol, None)

    # what it is worth

    def mark(self, symbol: str, price: Decimal) -> None:
        """Take `price` as the newest print of `symbol`."""
        self.marks[symbol] = price

    def market_value(self, symbol: str) -> Decimal:
        """Return signed units x mark, money, 0 when not held; of a future or perpetual too, though nobody paid it."""
        holding = self._holdings.get(symbol)
        return self._market_value(symbol, holding) if holding is not None else ZERO

    def _market_value(self, symbol: str, holding: Holding) -> Decimal:
        mark, quantity, multiplier = self.marks[symbol], holding.quantity, holding.multiplier
        of, units, times, value = holding.valued
        if of is mark and units is quantity and times is multiplier:
            return value  # each limit asks for it again
        value = quantity * mark
        if multiplier is not ONE:
            value *= multiplier
        value = value.quantize(self.unit.step, ROUND_HALF_EVEN)  # as `round`; each mark of each bot comes by here
        holding.valued = (mark, quantity, multiplier, value)
        return value

    def unrealized_pnl(self, symbol: str) -> Decimal:
        """Return market value less what was paid for it, money, before the cost of closing; 0 when not held."""
        holding = self._holdings.get(symbol)
        return self.market_value(symbol) - holding.basis if holding is not None else ZERO

    def weight(self, symbol: str) -> float | None:
        """Return market value / equity, a signed fraction; None when equity is not positive."""
        equity = self.equity()
        return float(self.market_value(symbol) / equity) if equity > 0 else None

    def equity(self) -> Decimal:
        """Return cash plus what all positions are worth: their market value, of settled ones what they gained."""
        value, marks = self.cash, self.marks
        for symbol, holding in self._holdings.items():
            of, units, times, worth = holding.valued
            # as `_market_value`, without a call: all positions of each bot come by here, several times a cycle
            is_known = of is marks[symbol] and units is holding.quantity and times is holding.multiplier
            value += worth if is_known else self._market_value(symbol, holding)
            if holding.is_settled:
                value -= holding.basis
        return value

    def exposure(self) -> Decimal:
        """Return the sum of the absolute market values, money."""
        return sum((abs(self.market_value(symbol)) for symbol in self._holdings), ZERO)

    def short_value(self) -> Decimal:
        """Return what short positions, and long ones at prices below 0, are worth, money >= 0; settled ones left out.

        It is what buying them back would cost, or getting rid of them.
        """
        found = ZERO
        for symbol, each in self._holdings.items():
            if not each.is_settled and (each.quantity < 0 or self.marks[symbol] < 0):
                found += abs(self._market_value(symbol, each))
        return found

    def free_cash(self) -> Decimal:
        """Return the money that may open positions; it can be negative.

        Proceeds of short sales are collateral and as much again is held beside them, so that the sum of absolute
        market values never exceeds equity when a position is opened. Of a future or perpetual its margin is held,
        and what it has lost is not there, while what it has gained is. Without either it is the cash.
        """
        free = self.cash - 2 * self.short_value()
        for symbol, holding in self._holdings.items():
            if holding.is_settled:
                free += self._market_value(symbol, holding) - holding.basis - self.margin(symbol)
        return free

    def margin(self, symbol: str) -> Decimal:
        """Return the money that a future or perpetual holds back at its mark, 0 of what is paid in full."""
        holding = self._holdings.get(symbol)
        if holding is None or not holding.is_settled:
            return self.unit.zero
        return self.unit.cost(abs(self._market_value(symbol, holding)) * holding.margin)

    # what happens to it

    def apply(self, fill: Fill, instrument: Instrument | None = None) -> tuple[Decimal | None, Trade | None]:
        """Book `fill`.

        Args:
            fill: what happened.
            instrument: what it traded; None for something that is paid in full.

        Returns:
            The result of the part that it closed after its fees (None when it closed nothing), and the round trip
            when it brought the position to flat.

        Raises:
            ValueError: the fill would turn the position.
        """
        held = self.quantity(fill.symbol)
        signed = fill.quantity * fill.side.sign
        if held * signed < 0 and abs(signed) > abs(held):
            raise ValueError(f"fill {fill.id}: {fill.side} {fill.quantity:f} would turn a position of {held:f}")
        value, fee = fill.value, fill.fee
        paid = self.unit.cost(value) if fill.side is Side.BUY else -self.unit.income(value)
        self.cash -= fee
        self.fees += fee
        self.slippage += fill.slippage
        self.traded_value += abs(value)
        self.marks.setdefault(fill.symbol, fill.price)
        holding = self._holdings.get(fill.symbol)
        if holding is None:
            holding = self._holdings[fill.symbol] = Holding(fill.filled_at, self.unit.zero)
            if instrument is not None:
                holding.is_settled, holding.margin = instrument.is_settled, instrument.margin
            if fill.multiplier is not None:
                holding.multiplier = fill.multiplier
        holding.decimals = max(holding.decimals, decimals_in(fill.price))
        holding.fees += fee
        holding.slippage += fill.slippage
        if held * signed >= 0:
            _enter(holding, fill, signed, paid)
            self.cash -= ZERO if holding.is_settled else paid
            return None, None
        gained = self._leave(holding, fill, signed, -paid)
        self.cash += gained if holding.is_settled else -paid
        realized = gained - fee
        if holding.quantity:
            return realized, None
        del self._holdings[fill.symbol]
        name, out = f"t{fill.id[1:]}", fill.side.opposite
        return realized, holding.trade(name, fill.bot, fill.symbol, out, fill.filled_at, fill.reason)

    def _leave(self, holding: Holding, fill: Fill, signed: Decimal, got: Decimal) -> Decimal:
        """Take a part of a holding out, and return what it gained before its fee."""
        share = holding.basis
        if signed != -holding.quantity:
            share = self.unit.round(holding.basis * -signed / holding.quantity)
        gained = got - share
        holding.basis -= share
        holding.quantity += signed
        holding.realized += gained - fill.fee
        holding.exit_quantity += fill.quantity
        holding.exit_value += value_of(fill.price, fill.quantity)
        return gained

    def charge(self, movement_id: str, kind: str, symbol: str, amount: Decimal, ts: datetime) -> CashMovement:
        """Take `amount` (> 0, rounded up) as a cost of holding `symbol` and return the movement."""
        money = self.unit.cost(amount)
        self.cash -= money
        self.borrow += money
        holding = self._holdings.get(symbol)
        if holding is not None:
            holding.borrow += money
            holding.realized -= money
        return CashMovement(movement_id, ts, kind, -money, symbol)

    def fund(self, movement_id: str, symbol: str, amount: Decimal, ts: datetime, detail: str) -> CashMovement:
        """Receive (> 0) or pay (< 0) the funding of `symbol`, which is held, rounded down; return the movement."""
        money = self.unit.income(amount)
        self.cash += money
        self.funding += money
        holding = self._holdings[symbol]
        holding.funding += money
        holding.realized += money
        return CashMovement(movement_id, ts, "funding", money, symbol, detail)

    def pay_dividend(self, movement_id: str, symbol: str, per_unit: Decimal, ts: datetime) -> CashMovement | None:
        """Credit a dividend (charge it to a short) on a position held over its ex-date; None when not held.

        For raw prices only: adjusted series have dividends in their prices.
        """
        holding = self._holdings.get(symbol)
        if holding is None:
            return None
        money = self.unit.income(holding.quantity * per_unit)  # floor: a short pays the rest of a cent more
        self.cash += money
        holding.realized += money
        return CashMovement(movement_id, ts, "dividend", money, symbol, f"{per_unit:f} a unit")

    # results

    def begin_day(self, day: date) -> None:
        """Start market day `day`: `day_result` counts from the equity at the present marks."""
        self.day = day
        self._day_start = self.equity()
        self._day_fees = self.fees
        self._day_borrow = self.borrow
        self._day_funding = self.funding
        self._day_slippage = self.slippage

    @property
    def day_start(self) -> Decimal:
        """Equity at the start of the day, money."""
        return self._day_start

    def day_result(self) -> Result:
        """Return the result since `begin_day`."""
        net = self.equity() - self._day_start
        fees, slippage = self.fees - self._day_fees, self.slippage - self._day_slippage
        borrow, funding = self.borrow - self._day_borrow, self.funding - self._day_funding
        return Result(fees, slippage, net, self._day_start, borrow, funding)

    def total_result(self) -> Result:
        """Return the result since the start."""
        net = self.equity() - self.start_cash
        return Result(self.fees, self.slippage, net, self.start_cash, self.borrow, self.funding)

    # to and from the ledger

    def state(self) -> dict[str, Any]:
        """Return the whole account as JSON types."""
        state: dict[str, Any] = {
            "currency": self.currency,
            "start_cash": plain_text(self.start_cash),
            "cash": plain_text(self.cash),
            "fees": plain_text(self.fees),
            "borrow": plain_text(self.borrow),
            "slippage": plain_text(self.slippage),
            "traded_value": plain_text(self.traded_value),
            "day": self.day.isoformat() if self.day else "",
            "day_start": plain_text(self._day_start),
            "day_fees": plain_text(self._day_fees),
            "day_borrow": plain_text(self._day_borrow),
            "day_slippage": plain_text(self._day_slippage),
            "marks": {symbol: plain_text(price) for symbol, price in self.marks.items()},
            "holdings": {symbol: holding.state() for symbol, holding in self._holdings.items()},
        }
        if self.unit != unit_of(self.currency):
            state["decimals"] = self.unit.decimals
        if self.funding:
            state |= {"funding": plain_text(self.funding), "day_funding": plain_text(self._day_funding)}
        return state

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Portfolio":
        """Return the account that `state()` described."""
        start_cash = Decimal(state["start_cash"])
        self = cls(state["currency"], start_cash, state.get("decimals"))
        self.start_cash = start_cash  # of before the decimals of currencies it may have others
        self.cash = Decimal(state["cash"])
        self.fees = Decimal(state["fees"])
        self.borrow = Decimal(state.get("borrow", 0))  # of before this field stands in the fees
        self.slippage = Decimal(state["slippage"])
        self.traded_value = Decimal(state["traded_value"])
        self.day = date.fromisoformat(state["day"]) if state["day"] else None
        self._day_start = Decimal(state["day_start"])
        self._day_fees = Decimal(state["day_fees"])
        self._day_borrow = Decimal(state.get("day_borrow", 0))
        self.funding, self._day_funding = (Decimal(state.get(name, 0)) for name in ("funding", "day_funding"))
        self._day_slippage = Decimal(state["day_slippage"])
        self.marks = {symbol: Decimal(price) for symbol, price in state["marks"].items()}
        self._holdings = {symbol: Holding.from_state(each) for symbol, each in state["holdings"].items()}
        return self


def _enter(holding: Holding, fill: Fill, signed: Decimal, paid: Decimal) -> None:
    quantity = holding.quantity + signed
    added = value_of(fill.price, fill.quantity)
    value = holding.average_price * abs(holding.quantity) + added
    holding.average_price = value / abs(quantity)
    holding.quantity = quantity
    holding.basis += paid
    holding.realized -= fill.fee
    holding.entry_quantity += fill.quantity
    holding.entry_value += added


def _position(symbol: str, holding: Holding) -> Position:
    return Position(
        symbol, holding.quantity, holding.average(), holding.opened_at,
        realized_pnl=holding.realized, carried=holding.carried, multiplier=holding.multiplier,
        funding=holding.funding,
    )  # fmt: skip
