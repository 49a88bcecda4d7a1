"""The words of trading as values: frozen, without I/O, checked when made.

Money is `Decimal` in the account's currency, rounded to cents by `cents`; prices are `Decimal` with at most
four decimals; quantities are `Decimal` and positive beside a `Side`, signed in a `Position`. All times are aware
UTC. `ts` of a bar is its **close**.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Literal

CENT = Decimal("0.01")
PRICE_STEP = Decimal("0.0001")  # prices keep four decimals, whatever the tick
ZERO = Decimal(0)

PriceBasis = Literal["raw", "adjusted"]
Mode = Literal["replay", "paper", "backtest", "live"]


def cents(amount: Decimal) -> Decimal:
    """Round money to cents, half to even: for marks and sums, where no side is favoured."""
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


def cost_cents(amount: Decimal) -> Decimal:
    """Round a cost (>= 0) up to the next cent: a rounding is never in our favour."""
    return amount.quantize(CENT, rounding=ROUND_CEILING)


def income_cents(amount: Decimal) -> Decimal:
    """Round money received down to the cent: a rounding is never in our favour."""
    return amount.quantize(CENT, rounding=ROUND_FLOOR)


class Side(StrEnum):
    """Direction of an order or a fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order asks for its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class TimeInForce(StrEnum):
    """How long an order rests."""

    DAY = "day"
    GTC = "gtc"


class OrderStatus(StrEnum):
    """Where an order stands in its life."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded: one symbol on one exchange in one currency.

    `tick` is the price step and `quantity_step` the smallest quantity step, `lot` the board lot (quantities are
    multiples of it); all in units of price and shares.
    """

    symbol: str
    exchange: str
    """ISO 10383 MIC, e.g. `XNYS`."""
    currency: str
    """ISO 4217."""
    tick: Decimal = CENT
    lot: Decimal = Decimal(1)
    quantity_step: Decimal = Decimal(1)
    price_basis: PriceBasis | None = "raw"
    """None when its feed does not say; a bot that holds overnight refuses such a series."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What changes a holding without an order, a split or a cash dividend, which only series of raw prices have.

    Or, of any series, a jump: the price of that day is real, however far it is from the one before.

    Raises:
        ValueError: an amount that is not finite and positive.
    """

    symbol: str
    ex_date: date
    """First session day whose prices are without the right: holders of the session before are meant."""
    kind: Literal["split", "dividend", "jump"]
    amount: Decimal
    """New units for one old one (20 for 20:1, 0.1 for a 1:10 consolidation), money a unit before tax; 1 of a jump."""

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount <= 0:
            raise ValueError(f"{self.symbol} {self.ex_date}: {self.kind} of {self.amount} is not above 0")


@dataclass(frozen=True, slots=True)
class Bar:
    """OHLCV of one interval of one symbol; `ts` is its close.

    Raises:
        ValueError: a price that is not finite and positive, `high` below or `low` above the others, negative volume,
            or a time without a zone.
    """

    symbol: str
    ts: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    def __post_init__(self) -> None:
        if self.ts.tzinfo is None:
            raise ValueError(f"{self.symbol}: bar time {self.ts} has no zone")
        for name in ("open", "high", "low", "close"):
            price: Decimal = getattr(self, name)
            if not price.is_finite() or price <= 0:
                raise ValueError(f"{self.symbol} {self.ts}: {name} {price} is not a positive price")
        if self.high < max(self.open, self.close, self.low) or self.low > min(self.open, self.close):
            raise ValueError(
                f"{self.symbol} {self.ts}: high {self.high} and low {self.low} do not hold "
                f"open {self.open} and close {self.close}"
            )
        if not self.volume.is_finite() or self.volume < 0:
            raise ValueError(f"{self.symbol} {self.ts}: volume {self.volume} is not a quantity")


@dataclass(frozen=True, slots=True)
class Order:
    """An intent to trade; it becomes fills or ends without.

    `quantity` > 0 with `side`. `limit_price`/`stop_price` are per unit and needed by their types. `take_profit` and
    `stop_loss` are prices of a bracket that rests once the entry is filled.
    """

    id: str
    bot: str
    symbol: str
    side: Side
    quantity: Decimal
    type: OrderType
    decided_at: datetime
    """Market time of the bar whose close led to the decision."""
    reason: str
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    reduce_only: bool = False
    """True for exits: the order never opens or turns a position."""

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity <= 0:
            raise ValueError(f"order {self.id}: quantity {self.quantity} must be above 0")
        if self.type is OrderType.LIMIT and self.limit_price is None:
            raise ValueError(f"order {self.id}: a limit order needs limit_price")
        if self.type is OrderType.STOP and self.stop_price is None:
            raise ValueError(f"order {self.id}: a stop order needs stop_price")


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `price` is what was paid or got per unit, slippage included.

    `slippage` (>= 0, money) is the part of it that is worse than the bar's price; `fees` names each fee (>= 0,
    money, cents).
    """

    id: str
    """Derived from run, bot and market time, so that a repeat is seen as one; `f` first, never integer-like."""
    order_id: str
    bot: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fees: dict[str, Decimal]
    slippage: Decimal
    decided_at: datetime
    filled_at: datetime
    """Market time of the execution: the open of the bar it filled in, or the bar's close for a stop inside it."""
    known_at: datetime
    """Market time at which the bar that filled it was complete."""
    reason: str
    bar: Bar
    price_source: str
    """Which price of the bar it started from: open, limit, stop, target or gap."""
    realized_pnl: Decimal | None = None
    """Of the part that this fill closed, after fees, money; None when it closed nothing."""

    @property
    def fee(self) -> Decimal:
        """All fees of this fill, money >= 0."""
        return sum(self.fees.values(), ZERO)

    @property
    def cash_change(self) -> Decimal:
        """Money that the account gains (+) or pays (-), fees included, rounded against us to the cent."""
        gross = self.price * self.quantity
        if self.side is Side.BUY:
            return -cost_cents(gross) - self.fee
        return income_cents(gross) - self.fee


@dataclass(frozen=True, slots=True)
class Position:
    """Net holding of one symbol; `quantity` is signed, negative when short."""

    symbol: str
    quantity: Decimal
    average_price: Decimal
    """Average entry price per unit, fees left out."""
    opened_at: datetime
    realized_pnl: Decimal = ZERO
    """Realized since the position was opened, after fees; account currency."""
    carried: str = ""
    """Why the position could not be closed when it should have been; empty when all is well."""

    def market_value(self, price: Decimal) -> Decimal:
        """Value at `price` in cents, negative when short."""
        return cents(self.quantity * price)

    def unrealized_pnl(self, price: Decimal) -> Decimal:
        """Gain (+) or loss (-) against the average price, in cents, before the cost of closing."""
        return cents(self.quantity * (price - self.average_price))


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed round trip: from flat (or a turn) to flat; money after all costs."""

    id: str
    bot: str
    symbol: str
    side: Side
    """Side of the entry."""
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_at: datetime
    closed_at: datetime
    fees: Decimal
    """Of its fills, >= 0."""
    slippage: Decimal
    realized_pnl: Decimal
    """After fees and nights."""
    reason: str
    """Why it was closed."""
    borrow: Decimal = Decimal(0)
    """Charged for its nights, >= 0: borrow fees of a short, financing of a long."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy thinks of one symbol after one bar."""

    symbol: str
    ts: datetime
    action: Literal["buy", "sell", "exit", "hold"]
    confidence: float
    """The rule's stated strength, 0..1: a scale of the rule's own, not a probability."""
    threshold: float
    """Strength from which the rule enters, 0..1."""
    reason: str
    strategy: str
    features: dict[str, float] = field(default_factory=dict)
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.strategy} {self.symbol}: confidence {self.confidence} is not within 0..1")


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity of one bot at one market time, beside what buying and holding would have given."""

    ts: datetime
    equity: Decimal
    hold: Decimal | None = None
