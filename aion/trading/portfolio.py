"""Cash, positions and results of one account in one currency; no I/O and no prices of its own.

Laws that hold after every call, to the cent:

* equity = cash + sum of the market values;
* net = equity - money put in = realized + unrealized, and gross - fees - slippage - borrow = net;
* a round trip's result is the sum of the cash changes of its fills.

A fill never turns a position: the broker closes it with one fill and opens the other side with another.
"""

from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import Any

from aion.clock import iso, parse_iso
from aion.model import PRICE_STEP, ZERO, Fill, Position, Trade, cents, cost_cents, income_cents
from aion.trading.events import CashMovement, Result


class _Holding:
    """The open side of one symbol, with what its round trip has cost and brought so far."""

    __slots__ = (
        "average_price",
        "basis",
        "borrow",
        "carried",
        "entry_quantity",
        "entry_value",
        "exit_quantity",
        "exit_value",
        "fees",
        "opened_at",
        "quantity",
        "realized",
        "slippage",
    )

    def __init__(self, opened_at: datetime) -> None:
        self.opened_at = opened_at
        self.quantity = ZERO  # signed
        self.average_price = ZERO  # exact, fees left out
        self.basis = ZERO  # cents paid (+) or got (-) for what is still held, fees left out
        self.realized = ZERO
        self.fees = ZERO
        self.borrow = ZERO
        self.slippage = ZERO
        self.entry_quantity = ZERO
        self.entry_value = ZERO
        self.exit_quantity = ZERO
        self.exit_value = ZERO
        self.carried = ""

    def state(self) -> dict[str, str]:
        values = {name: str(getattr(self, name)) for name in _HOLDING_NUMBERS}
        return {**values, "opened_at": iso(self.opened_at), "carried": self.carried}

    @classmethod
    def from_state(cls, state: dict[str, str]) -> "_Holding":
        holding = cls(parse_iso(state["opened_at"]))
        holding.carried = state["carried"]
        for name in _HOLDING_NUMBERS:
            setattr(holding, name, Decimal(state.get(name, "0") if name == "borrow" else state[name]))
        return holding


_HOLDING_NUMBERS = tuple(name for name in _Holding.__slots__ if name not in ("opened_at", "carried"))


class Portfolio:
    """One account. Its cash changes only by fills, charges, dividends and splits; every change is a movement."""

    __slots__ = (
        "_day_borrow",
        "_day_fees",
        "_day_slippage",
        "_day_start",
        "_holdings",
        "borrow",
        "cash",
        "currency",
        "day",
        "fees",
        "marks",
        "slippage",
        "start_cash",
        "traded_value",
    )

    def __init__(self, currency: str, cash: Decimal) -> None:
        """Args: currency: ISO 4217; cash: start money, rounded to cents."""
        self.currency = currency
        self.start_cash = cents(cash)
        self.cash = self.start_cash
        """Money not invested, cents."""
        self.fees = ZERO
        """Fees of all fills since the start, money >= 0."""
        self.borrow = ZERO
        """Charges for nights since the start, money >= 0: borrow fees of shorts, financing of longs."""
        self.slippage = ZERO
        """Slippage suffered since the start, money >= 0."""
        self.traded_value = ZERO
        """Sum of price x quantity over all fills, money >= 0: the numerator of turnover."""
        self.marks: dict[str, Decimal] = {}
        """Last print by symbol, price per unit."""
        self.day: date | None = None
        """Market day that `day_result` speaks of; None before the first session."""
        self._holdings: dict[str, _Holding] = {}
        self._day_start = self.start_cash
        self._day_fees = ZERO
        self._day_borrow = ZERO
        self._day_slippage = ZERO

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
        return {symbol: holding.quantity for symbol, holding in self._holdings.items()}

    @property
    def carried(self) -> tuple[str, ...]:
        """Symbols held that could not be closed in time."""
        return tuple(symbol for symbol, holding in self._holdings.items() if holding.carried)

    def set_carried(self, symbol: str, reason: str) -> None:
        """Say why `symbol` could not be closed in time (empty: all is well); nothing when it is not held."""
        holding = self._holdings.get(symbol)
        if holding is not None:
            holding.carried = reason

    # what it is worth

    def mark(self, symbol: str, price: Decimal) -> None:
        """Take `price` as the newest print of `symbol`."""
        self.marks[symbol] = price

    def market_value(self, symbol: str) -> Decimal:
        """Return signed quantity x mark in cents, 0 when not held."""
        holding = self._holdings.get(symbol)
        return cents(holding.quantity * self.marks[symbol]) if holding is not None else ZERO

    def unrealized_pnl(self, symbol: str) -> Decimal:
        """Return market value less what was paid for it in cents, before the cost of closing; 0 when not held."""
        holding = self._holdings.get(symbol)
        return self.market_value(symbol) - holding.basis if holding is not None else ZERO

    def weight(self, symbol: str) -> float | None:
        """Return market value / equity, a signed fraction; None when equity is not positive."""
        equity = self.equity()
        return float(self.market_value(symbol) / equity) if equity > 0 else None

    def equity(self) -> Decimal:
        """Return cash plus all market values, cents."""
        value = self.cash
        for symbol, holding in self._holdings.items():
            value += cents(holding.quantity * self.marks[symbol])
        return value

    def exposure(self) -> Decimal:
        """Return the sum of the absolute market values, cents."""
        return sum((abs(self.market_value(symbol)) for symbol in self._holdings), ZERO)

    def short_value(self) -> Decimal:
        """Return what closing all short positions would cost at the marks, cents >= 0."""
        return sum((-self.market_value(symbol) for symbol, each in self._holdings.items() if each.quantity < 0), ZERO)

    def free_cash(self) -> Decimal:
        """Return the money that may open positions, cents; it can be negative.

        Proceeds of short sales are collateral and as much again is held beside them, so that the sum of absolute
        market values never exceeds equity when a position is opened. Without shorts it is the cash.
        """
        return self.cash - 2 * self.short_value()

    # what happens to it

    def apply(self, fill: Fill) -> tuple[Decimal | None, Trade | None]:
        """Book `fill`.

        Returns:
            The result of the part that it closed after its fees (None when it closed nothing), and the round trip
            when it brought the position to flat.

        Raises:
            ValueError: the fill would turn the position.
        """
        held = self.quantity(fill.symbol)
        signed = fill.quantity * fill.side.sign
        if held * signed < 0 and abs(signed) > abs(held):
            raise ValueError(f"fill {fill.id}: {fill.side} {fill.quantity} would turn a position of {held}")
        change = fill.cash_change
        fee = fill.fee
        self.cash += change
        self.fees += fee
        self.slippage += fill.slippage
        self.traded_value += fill.price * fill.quantity
        self.marks.setdefault(fill.symbol, fill.price)
        holding = self._holdings.get(fill.symbol)
        if holding is None:
            holding = self._holdings[fill.symbol] = _Holding(fill.filled_at)
        holding.fees += fee
        holding.slippage += fill.slippage
        if held * signed >= 0:
            _enter(holding, fill, signed, -(change + fee))
            return None, None
        realized = _leave(holding, fill, signed, change + fee) - fee
        if holding.quantity:
            return realized, None
        del self._holdings[fill.symbol]
        return realized, _trade(holding, fill)

    def charge(self, movement_id: str, kind: str, symbol: str, amount: Decimal, ts: datetime) -> CashMovement:
        """Take `amount` (> 0, rounded up to cents) as a cost of holding `symbol` and return the movement."""
        money = cost_cents(amount)
        self.cash -= money
        self.borrow += money
        holding = self._holdings.get(symbol)
        if holding is not None:
            holding.borrow += money
            holding.realized -= money
        return CashMovement(movement_id, ts, kind, -money, symbol)

    def pay_dividend(self, movement_id: str, symbol: str, per_unit: Decimal, ts: datetime) -> CashMovement | None:
        """Credit a dividend (charge it to a short) on a position held over its ex-date; None when not held.

        For raw prices only: adjusted series have dividends in their prices.
        """
        holding = self._holdings.get(symbol)
        if holding is None:
            return None
        money = income_cents(holding.quantity * per_unit)  # floor: a short pays the cent more
        self.cash += money
        holding.realized += money
        return CashMovement(movement_id, ts, "dividend", money, symbol, f"{per_unit} a unit")

    def split(
        self, movement_id: str, symbol: str, ratio: Decimal, step: Decimal, ts: datetime
    ) -> CashMovement | None:
        """Change a position by a split of `ratio` new units for one old (20 for 20:1); for raw prices only.

        A part of `step` that is left over is paid in cash at the mark, as issuers do. A position that would be less
        than one step stays a fraction.

        Returns:
            The cash for the part left over; None when there is none.

        Raises:
            ValueError: a ratio that is not above 0.
        """
        if ratio <= 0:
            raise ValueError(f"{symbol}: split ratio {ratio} must be above 0")
        holding = self._holdings.get(symbol)
        if symbol in self.marks:
            held = holding.quantity if holding is not None else ZERO
            self.marks[symbol] = _split_mark(self.marks[symbol], ratio, held)
        if holding is None:
            return None
        holding.average_price /= ratio
        holding.entry_quantity *= ratio
        holding.exit_quantity *= ratio
        holding.quantity *= ratio
        rest = holding.quantity % step  # has the sign of the quantity
        if not rest or rest == holding.quantity:
            return None
        share = cents(holding.basis * rest / holding.quantity)
        money = income_cents(rest * self.marks[symbol])  # floor: a short pays the cent more
        holding.exit_quantity += abs(rest)
        holding.exit_value += abs(rest) * self.marks[symbol]
        holding.basis -= share
        holding.quantity -= rest
        holding.realized += money - share
        self.cash += money
        return CashMovement(movement_id, ts, "split", money, symbol, f"{abs(rest):f} left over")

    # results

    def begin_day(self, day: date) -> None:
        """Start market day `day`: `day_result` counts from the equity at the present marks."""
        self.day = day
        self._day_start = self.equity()
        self._day_fees = self.fees
        self._day_borrow = self.borrow
        self._day_slippage = self.slippage

    def day_result(self) -> Result:
        """Return the result since `begin_day`."""
        net = self.equity() - self._day_start
        fees, slippage = self.fees - self._day_fees, self.slippage - self._day_slippage
        return Result(fees, slippage, net, self._day_start, self.borrow - self._day_borrow)

    def total_result(self) -> Result:
        """Return the result since the start."""
        return Result(self.fees, self.slippage, self.equity() - self.start_cash, self.start_cash, self.borrow)

    # to and from the ledger

    def state(self) -> dict[str, Any]:
        """Return the whole account as JSON types."""
        return {
            "currency": self.currency,
            "start_cash": str(self.start_cash),
            "cash": str(self.cash),
            "fees": str(self.fees),
            "borrow": str(self.borrow),
            "slippage": str(self.slippage),
            "traded_value": str(self.traded_value),
            "day": self.day.isoformat() if self.day else "",
            "day_start": str(self._day_start),
            "day_fees": str(self._day_fees),
            "day_borrow": str(self._day_borrow),
            "day_slippage": str(self._day_slippage),
            "marks": {symbol: str(price) for symbol, price in self.marks.items()},
            "holdings": {symbol: holding.state() for symbol, holding in self._holdings.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Portfolio":
        """Return the account that `state()` described."""
        self = cls(state["currency"], Decimal(state["start_cash"]))
        self.cash = Decimal(state["cash"])
        self.fees = Decimal(state["fees"])
        self.borrow = Decimal(state.get("borrow", 0))  # of before this field stands in the fees
        self.slippage = Decimal(state["slippage"])
        self.traded_value = Decimal(state["traded_value"])
        self.day = date.fromisoformat(state["day"]) if state["day"] else None
        self._day_start = Decimal(state["day_start"])
        self._day_fees = Decimal(state["day_fees"])
        self._day_borrow = Decimal(state.get("day_borrow", 0))
        self._day_slippage = Decimal(state["day_slippage"])
        self.marks = {symbol: Decimal(price) for symbol, price in state["marks"].items()}
        self._holdings = {symbol: _Holding.from_state(each) for symbol, each in state["holdings"].items()}
        return self


def _enter(holding: _Holding, fill: Fill, signed: Decimal, paid: Decimal) -> None:
    quantity = holding.quantity + signed
    value = holding.average_price * abs(holding.quantity) + fill.price * fill.quantity
    holding.average_price = value / abs(quantity)
    holding.quantity = quantity
    holding.basis += paid
    holding.realized -= fill.fee
    holding.entry_quantity += fill.quantity
    holding.entry_value += fill.price * fill.quantity


def _leave(holding: _Holding, fill: Fill, signed: Decimal, got: Decimal) -> Decimal:
    share = holding.basis if signed == -holding.quantity else cents(holding.basis * -signed / holding.quantity)
    realized = got - share
    holding.basis -= share
    holding.quantity += signed
    holding.realized += realized - fill.fee
    holding.exit_quantity += fill.quantity
    holding.exit_value += fill.price * fill.quantity
    return realized


def _trade(holding: _Holding, fill: Fill) -> Trade:
    return Trade(
        id="t" + fill.id[1:],
        bot=fill.bot,
        symbol=fill.symbol,
        side=fill.side.opposite,
        quantity=holding.exit_quantity,
        entry_price=_price(holding.entry_value / holding.entry_quantity),
        exit_price=_price(holding.exit_value / holding.exit_quantity),
        opened_at=holding.opened_at,
        closed_at=fill.filled_at,
        fees=holding.fees,
        slippage=holding.slippage,
        realized_pnl=holding.realized,
        reason=fill.reason,
        borrow=holding.borrow,
    )


def _position(symbol: str, holding: _Holding) -> Position:
    return Position(
        symbol,
        holding.quantity,
        _price(holding.average_price),
        holding.opened_at,
        realized_pnl=holding.realized,
        carried=holding.carried,
    )


def _split_mark(mark: Decimal, ratio: Decimal, held: Decimal) -> Decimal:
    """Return the mark in new units, rounded so that what is held is worth the same cents as before."""
    worth = cents(held * mark)
    for rounding in (ROUND_HALF_EVEN, ROUND_DOWN, ROUND_UP):
        found = Context(prec=28, rounding=rounding).divide(mark, ratio)
        if cents(held * ratio * found) == worth:
            break
    return found


def _price(value: Decimal) -> Decimal:
    return value.quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)
