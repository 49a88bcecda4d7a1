"""The words of trading as values: frozen, without I/O, checked when made.

Money is `Decimal` in the account's currency, rounded to cents by `cents`; prices are `Decimal` with at most
four decimals; quantities are `Decimal` and positive beside a `Side`, signed in a `Position`. All times are aware
UTC. `ts` of a bar is its **close**. What documents and ledger have of a fact is made of its fields (`aion.fact`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Annotated, Literal

from aion.fact import CENTS, UNSHOWN, Said
from aion.scalar import Above, Key, Label, NonNegative, Positive, Price, Share, Short, Verb, Word

CENT = Decimal("0.01")
PRICE_STEP = Decimal("0.0001")  # prices keep four decimals, whatever the tick
ZERO = Decimal(0)

Money = Annotated[Decimal, CENTS]
"""Money in cents."""
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


_NEEDED = Said(is_needed=True)
_PRICE = Said(form=Price, is_needed=True)
_SYMBOL = Said(form=Key, is_needed=True)
_UNITS = Said("Units of one contract; absent where quantity counts units.", form=Above, is_kept=False)
_LEVERAGE = Said(form=Above, is_kept=False)
_ACCOUNT = Said("Sub-account or wallet.", form=Short, is_kept=False)
_STAKE = "Own money put in, over all its parts."


@dataclass(frozen=True, slots=True)
class Bar:
    """OHLCV of one interval of one symbol; `ts` is its close.

    Raises:
        ValueError: a price that is not finite and positive, `high` below or `low` above the others, negative volume,
            or a time without a zone.
    """

    symbol: Annotated[str, UNSHOWN]
    ts: Annotated[datetime, Said(is_needed=True)]
    open: Annotated[Decimal, _PRICE]
    high: Annotated[Decimal, _PRICE]
    low: Annotated[Decimal, _PRICE]
    close: Annotated[Decimal, _PRICE]
    volume: Annotated[Decimal, Said(default=0)]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An intent to trade; it becomes fills or ends without.

    `quantity` > 0 with `side`. `limit_price`/`stop_price` are per unit and needed by their types. `take_profit` and
    `stop_loss` are prices of a bracket that rests once the entry is filled.
    """

    id: Annotated[str, UNSHOWN]
    bot: Annotated[str, UNSHOWN]
    decided_at: Annotated[datetime, Said("Market time of the decision.", name="ts", is_needed=True)]
    """Market time of the bar whose close led to the decision."""
    symbol: Annotated[str, _SYMBOL]
    side: Annotated[Side, _NEEDED]
    quantity: Annotated[Decimal, Said(form=Positive, is_needed=True)]
    type: Annotated[
        OrderType,
        Said("market, limit, stop, or the exchange's own word, e.g. stop_limit.", form=Word, default="market"),
    ]
    time_in_force: Annotated[TimeInForce, UNSHOWN] = TimeInForce.DAY
    limit_price: Annotated[Decimal | None, Said(form=Price)] = None
    stop_price: Annotated[Decimal | None, Said(form=Price)] = None
    stop_loss: Annotated[Decimal | None, UNSHOWN] = None
    take_profit: Annotated[Decimal | None, UNSHOWN] = None
    reason: str
    account: Annotated[str | None, _ACCOUNT] = None
    reduce_only: Annotated[bool, UNSHOWN] = False
    """True for exits: the order never opens or turns a position."""

    def __post_init__(self) -> None:
        if not self.quantity.is_finite() or self.quantity <= 0:
            raise ValueError(f"order {self.id}: quantity {self.quantity} must be above 0")
        if self.type is OrderType.LIMIT and self.limit_price is None:
            raise ValueError(f"order {self.id}: a limit order needs limit_price")
        if self.type is OrderType.STOP and self.stop_price is None:
            raise ValueError(f"order {self.id}: a stop order needs stop_price")


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order and what became of it so far."""

    order: Annotated[Order, Said(is_shown=False, is_kept=False)]
    status: Annotated[
        OrderStatus,
        Said(
            "open, filled, cancelled, refused, expired, or the exchange's own word, e.g. partially_filled.",
            form=Word,
            is_needed=True,
            after="type",
        ),
    ]
    filled_quantity: Annotated[Decimal, Said(default=0, after="status")]
    """Sum of its fills, >= 0."""
    detail: Annotated[str, Said("Why it was refused, cancelled or expired.", after="reason")]
    """Why it was cut down, too; empty when all went as asked."""
    updated_at: Annotated[datetime, UNSHOWN]
    """Market time of the newest change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. `price` is what was paid or got per unit, slippage included.

    `slippage` (>= 0, money) is the part of it that is worse than the bar's price; `fees` names each fee (>= 0,
    money, cents). What is not kept is of other programs' bots alone.
    """

    id: Annotated[str, UNSHOWN]
    """Derived from run, bot and market time, so that a repeat is seen as one; `f` first, never integer-like."""
    bot: Annotated[str, UNSHOWN]
    filled_at: Annotated[datetime, Said("Market time of the execution.", name="ts", is_needed=True)]
    """The open of the bar it filled in, or the bar's close for a stop inside it."""
    symbol: Annotated[str, _SYMBOL]
    side: Annotated[Side, _NEEDED]
    quantity: Annotated[Decimal, Said(form=Positive, is_needed=True)]
    price: Annotated[Decimal, Said("Per unit, slippage included.", form=Price, is_needed=True)]
    fee: Annotated[Money, Said("All fees; a rebate is below 0. In `fee_currency` where that is said.", default=0)] = (
        field(init=False)
    )
    """Sum of `fees`."""
    fee_currency: Annotated[
        str | None,
        Said("Currency or coin of `fee`; absent for the account's.", form=Short, is_kept=False),
    ] = None
    fee_value: Annotated[
        Decimal | None, Said("Value of `fee` in the account's currency, where that differs.", is_kept=False)
    ] = None
    fees: Annotated[dict[str, Decimal], Said("Each fee by name.")]
    funding: Annotated[
        Decimal | None, Said("Funding settled with it: received above 0, paid below 0.", is_kept=False)
    ] = None
    multiplier: Annotated[Decimal | None, _UNITS] = None
    leverage: Annotated[Decimal | None, _LEVERAGE] = None
    account: Annotated[str | None, _ACCOUNT] = None
    slippage: Annotated[Money, Said("Cost of the price being worse than the bar's.", form=NonNegative, default=0)]
    realized_pnl: Annotated[
        Money | None, Said("Of the part that this fill closed, after fees.", column="realized_cents")
    ] = None
    """None when it closed nothing."""
    reason: str
    order_id: str
    decided_at: datetime
    known_at: datetime
    """Market time at which the bar that filled it was complete."""
    price_source: str
    """Which price of the bar it started from: open, limit, stop, target or gap."""
    bar: Annotated[Bar, Said("The bar it filled in.")]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fee", sum(self.fees.values(), ZERO))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A closed round trip: from flat (or a turn) to flat; money after all costs."""

    id: Annotated[str, UNSHOWN]
    bot: Annotated[str, UNSHOWN]
    symbol: Annotated[str, _SYMBOL]
    side: Annotated[Side, _NEEDED]
    """Side of the entry."""
    quantity: Annotated[Decimal, _NEEDED]
    entry_price: Annotated[Decimal, _PRICE]
    exit_price: Annotated[Decimal, _PRICE]
    opened_at: Annotated[datetime, _NEEDED]
    closed_at: Annotated[datetime, Said("Market time at which it was closed.", name="ts", is_needed=True)]
    fees: Annotated[Money, Said("In the account's currency; rebates are below 0.", default=0, column="fee_cents")]
    """Of its fills, >= 0."""
    slippage: Annotated[Money, Said(default=0)]
    borrow: Annotated[
        Money, Said("Charged for its nights; absent when nothing was.", form=NonNegative, is_brief=True)
    ] = ZERO
    """>= 0: borrow fees of a short, financing of a long."""
    funding: Annotated[
        Decimal | None, Said("Funding over its life: received above 0, paid below 0.", is_kept=False)
    ] = None
    multiplier: Annotated[Decimal | None, _UNITS] = None
    leverage: Annotated[Decimal | None, _LEVERAGE] = None
    stake: Annotated[Decimal | None, Said(_STAKE, form=NonNegative, is_kept=False)] = None
    return_: Annotated[Decimal | None, Said("Result / stake, as the bot says it.", alias="return", is_kept=False)] = (
        None
    )
    account: Annotated[str | None, _ACCOUNT] = None
    realized_pnl: Annotated[Money, Said(is_needed=True, column="realized_cents")]
    """After fees and nights."""
    reason: str
    """Why it was closed."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy thinks of one symbol after one bar."""

    symbol: Annotated[str, UNSHOWN]
    ts: Annotated[datetime, _NEEDED]
    action: Annotated[Literal["buy", "sell", "exit", "hold"], Said(form=Verb, is_needed=True)]
    confidence: Annotated[float, Said("The rule's stated strength; not a probability.", form=Share, is_needed=True)]
    """0..1, a scale of the rule's own."""
    threshold: Annotated[float, Said("Strength from which it enters.", form=Share, default=0)]
    """0..1."""
    reason: str
    strategy: Annotated[str, Said(form=Label, default="")]
    features: Annotated[dict[str, float], UNSHOWN] = field(default_factory=dict)
    stop_loss: Annotated[Decimal | None, UNSHOWN] = None
    take_profit: Annotated[Decimal | None, UNSHOWN] = None

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.strategy} {self.symbol}: confidence {self.confidence} is not within 0..1")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a bot decided on one symbol at one market time, and why; refusals too."""

    id: Annotated[str, UNSHOWN]
    """`d` first."""
    ts: Annotated[datetime, _NEEDED]
    action: Annotated[str, Said("buy, sell, exit, hold, refused, rebalance ...", form=Verb, is_needed=True)]
    reason: str
    symbol: Annotated[str, Said(form=Key, is_brief=True, after="ts")] = ""
    """Empty when it concerns the whole account."""
    confidence: float | None = None
    """The rule's strength, 0..1."""
    order_id: Annotated[str, Said(is_brief=True)] = ""


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity of one bot at one market time, beside what buying and holding would have given."""

    ts: datetime
    equity: Money
    hold: Money | None = None
