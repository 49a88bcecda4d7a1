"""The words of trading as values: frozen, without I/O, checked when made.

Money is `Decimal` in the account's currency, rounded to its smallest amount (`aion.money`); prices are `Decimal` on
the tick of their instrument, averages of them with its decimals and four at the least; quantities are `Decimal` and
positive beside a `Side`, signed in a `Position`. All times are aware UTC. `ts` of a bar is its **close**. What
documents and ledger have of a fact is made of its fields (`aion.fact`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, get_args

from aion.fact import UNSHOWN, Said, quickly_made
from aion.money import value_of
from aion.scalar import Above, Fraction, Key, Label, NonNegative, Positive, Price, Share, Short, Verb, Word

ZERO = Decimal(0)
ONE = Decimal(1)

PriceBasis = Literal["raw", "adjusted"]
Mode = Literal["replay", "paper", "backtest", "live"]
InstrumentKind = Literal["share", "fund", "coin", "perpetual", "future", "option", "fx", "index"]
INSTRUMENT_KINDS: tuple[InstrumentKind, ...] = get_args(InstrumentKind)
SETTLED: frozenset[InstrumentKind] = frozenset(("future", "perpetual"))
"""Kinds of which only results are paid: a position costs nothing, and is worth what it has gained."""
SIGNED: frozenset[InstrumentKind] = frozenset(("future", "index"))
"""Kinds whose prices may be 0 and below: oil to be delivered where no tank is free, a spread of two prices."""
EXPIRING: frozenset[InstrumentKind] = frozenset(("future", "option"))
"""Kinds that may end on a day that is known from the start."""


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
    multiples of it); all in units of price and of shares, coins or contracts.

    Raises:
        ValueError: a step, lot, multiplier or margin that is not finite and above 0.
    """

    symbol: str
    exchange: str
    """ISO 10383 MIC, e.g. `XNYS`."""
    currency: str
    """Of its prices: ISO 4217, or the name of a coin."""
    tick: Decimal = Decimal("0.01")
    lot: Decimal = ONE
    quantity_step: Decimal = ONE
    price_basis: PriceBasis | None = "raw"
    """None when its feed does not say; a bot that holds overnight refuses such a series."""
    name: str = ""
    kind: InstrumentKind = "share"
    multiplier: Decimal = ONE
    """Units of one contract: what a price of 1 comes to in money."""
    settlement: str = ""
    """Currency in which it is paid; empty for that of its prices. An account trades what is paid in its own."""
    margin: Decimal = ONE
    """Part of its value that an open position keeps from being spent, where only results are paid."""
    has_volume: bool = True
    """False where its source counts none, as of FX and indices: fills are not limited by it then."""
    expiry: datetime | None = None
    """When a future or option ends; None where that is not said, and nothing ends it."""
    strike: Decimal | None = None
    """Of an option, price per unit."""
    right: Literal["", "call", "put"] = ""
    """Of an option."""
    underlying: str = ""
    """Symbol whose price an option is exercised at."""
    final_price: Decimal | None = None
    """Settlement price: of a future itself, of the underlying of an option; None for the newest one at expiry."""

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "quantity_step", "multiplier", "margin"):
            value: Decimal = getattr(self, name)
            if not value.is_finite() or value <= 0:
                raise ValueError(f"{self.symbol}: {name} {value} must be a number above 0")
        if self.expiry is not None:
            self._check_expiry()

    def _check_expiry(self) -> None:
        if self.kind not in EXPIRING:
            raise ValueError(f"{self.symbol}: a {self.kind} has no expiry: futures and options have one")
        if self.kind == "option" and (self.strike is None or not self.right or not self.underlying):
            raise ValueError(
                f"{self.symbol}: an option that expires needs strike, right (call or put) and underlying"
            )
        for name in ("strike", "final_price"):
            price: Decimal | None = getattr(self, name)
            if price is not None and not price.is_finite():
                raise ValueError(f"{self.symbol}: {name} {price} is not a price")

    @property
    def is_signed(self) -> bool:
        """Tell whether its price may be 0 and below."""
        return self.kind in SIGNED

    def bad_price(self, price: Decimal) -> str:
        """Return why `price` cannot be one of it, or an empty text."""
        return why_no_price(self.kind, price)

    @property
    def is_settled(self) -> bool:
        """Tell whether only results are paid, as of a future or a perpetual, and not the whole value."""
        return self.kind in SETTLED

    def trades(self, bar: "Bar") -> bool:
        """Tell whether anybody traded in `bar`, as far as its source can say."""
        return bar.volume > 0 or not self.has_volume


def why_no_price(kind: InstrumentKind, price: Decimal) -> str:
    """Return why `price` cannot be one of what is of this kind, or an empty text."""
    if price > 0 or kind in SIGNED or (kind == "option" and not price):
        return ""
    said = "below 0" if kind == "option" else "not above 0"
    of = f"an {kind}" if kind == "option" else f"a {kind}"
    return f"{price:f} is {said}, which no price of {of} is"


def why_no_bar(kind: InstrumentKind, bar: "Bar") -> str:
    """Return which price of a bar cannot be one of what is of this kind, and why, or an empty text."""
    for name in ("open", "high", "low", "close"):
        if why := why_no_price(kind, getattr(bar, name)):
            return f"{bar.symbol} {bar.ts}: {name} {why}"
    return ""


_NEEDED = Said(is_needed=True)
_PRICE = Said(form=Price, is_needed=True)
_SYMBOL = Said(form=Key, is_needed=True)
_UNITS = Said("Units of one contract; absent where quantity counts units.", form=Above)
_LEVERAGE = Said(form=Above, is_kept=False)
_ACCOUNT = Said("Sub-account or wallet.", form=Short, is_kept=False)
_STAKE = "Own money put in, over all its parts."


@quickly_made
@dataclass(frozen=True, slots=True)
class Bar:
    """OHLCV of one interval of one symbol; `ts` is its close.

    Raises:
        ValueError: a price that is not finite, `high` below or `low` above the others, negative volume, or a time
            without a zone. Whether a price may be 0 or below is for the kind of instrument to say.
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
            if not price.is_finite():
                raise ValueError(f"{self.symbol} {self.ts}: {name} {price} is not a price")
        if self.high < max(self.open, self.close, self.low) or self.low > min(self.open, self.close):
            raise ValueError(
                f"{self.symbol} {self.ts}: high {self.high} and low {self.low} do not hold "
                f"open {self.open} and close {self.close}"
            )
        if not self.volume.is_finite() or self.volume < 0:
            raise ValueError(f"{self.symbol} {self.ts}: volume {self.volume} is not a quantity")


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An intent to trade; it becomes fills or ends without.

    `quantity` > 0 with `side`, or 0 beside a `weight`. `limit_price`/`stop_price` are per unit and needed by their
    types. `take_profit` and `stop_loss` are prices of a bracket that rests once the entry is filled.
    """

    id: Annotated[str, UNSHOWN]
    bot: Annotated[str, UNSHOWN]
    decided_at: Annotated[datetime, Said("Market time of the decision.", name="ts", is_needed=True)]
    """Market time of the bar whose close led to the decision."""
    symbol: Annotated[str, _SYMBOL]
    side: Annotated[Side, _NEEDED]
    quantity: Annotated[Decimal, Said("Absent until the fill makes it of `weight`.", form=Positive, is_brief=True)]
    weight: Annotated[
        Decimal | None, Said("Part of equity that it brings the position to, short below 0.", form=Fraction)
    ] = None
    """Of an order that is sized at its fill; kept beside the quantity that this made."""
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
        if not self.quantity.is_finite() or self.quantity < 0 or (not self.quantity and self.weight is None):
            raise ValueError(f"order {self.id}: quantity {self.quantity} must be above 0")
        if self.weight is not None and not self.weight.is_finite():
            raise ValueError(f"order {self.id}: weight {self.weight} is not a part of equity")
        if self.type is OrderType.LIMIT and self.limit_price is None:
            raise ValueError(f"order {self.id}: a limit order needs limit_price")
        if self.type is OrderType.STOP and self.stop_price is None:
            raise ValueError(f"order {self.id}: a stop order needs stop_price")

    @property
    def is_unsized(self) -> bool:
        """Tell whether its fill is still to make a quantity of its weight."""
        return not self.quantity


@quickly_made
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


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. `price` is what was paid or got per unit, slippage included.

    `slippage` (>= 0, money) is the part of it that is worse than the bar's price; `fees` names each fee (>= 0,
    money). What is not kept is of other programs' bots alone.
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
    fee: Annotated[
        Decimal, Said("All fees; a rebate is below 0. In `fee_currency` where that is said.", default=0)
    ] = field(init=False)
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
    slippage: Annotated[Decimal, Said("Cost of the price being worse than the bar's.", form=NonNegative, default=0)]
    realized_pnl: Annotated[
        Decimal | None, Said("Of the part that this fill closed, after fees.", column="realized")
    ] = None
    """None when it closed nothing."""
    reason: str
    order_id: str
    decided_at: datetime
    known_at: datetime
    """Market time at which the bar that filled it was complete."""
    price_source: str
    """Which price of the bar it started from: open, limit, stop, target, gap, or close at the end of a backtest."""
    bar: Annotated[Bar, Said("The bar it filled in.")]

    def __post_init__(self) -> None:
        # a sum of none has the decimals of money too
        object.__setattr__(self, "fee", sum(self.fees.values(), self.slippage * ZERO))

    @property
    def value(self) -> Decimal:
        """Price x units, money with every digit."""
        units = self.quantity if self.multiplier is None else value_of(self.quantity, self.multiplier)
        return value_of(self.price, units)


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
    multiplier: Decimal = ONE
    """Units of one contract."""
    funding: Decimal = ZERO
    """Since it was opened: received above 0, paid below 0; account currency."""


@quickly_made
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
    fees: Annotated[Decimal, Said("In the account's currency; rebates are below 0.", default=0, column="fee")]
    """Of its fills, >= 0."""
    slippage: Annotated[Decimal, Said(default=0)]
    borrow: Annotated[
        Decimal, Said("Charged for its nights; absent when nothing was.", form=NonNegative, is_brief=True)
    ] = ZERO
    """>= 0: borrow fees of a short, financing of a long."""
    funding: Annotated[Decimal | None, Said("Funding over its life: received above 0, paid below 0.")] = None
    multiplier: Annotated[Decimal | None, _UNITS] = None
    leverage: Annotated[Decimal | None, _LEVERAGE] = None
    stake: Annotated[Decimal | None, Said(_STAKE, form=NonNegative, is_kept=False)] = None
    return_: Annotated[Decimal | None, Said("Result / stake, as the bot says it.", alias="return", is_kept=False)] = (
        None
    )
    account: Annotated[str | None, _ACCOUNT] = None
    realized_pnl: Annotated[Decimal, Said(is_needed=True, column="realized")]
    """After fees and nights."""
    reason: str
    """Why it was closed."""


@quickly_made
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
    once: Annotated[bool, UNSHOWN] = False
    """True to enter once: what is held on the side of `action` is left as it is, not brought to its weight again."""

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.strategy} {self.symbol}: confidence {self.confidence} is not within 0..1")


@quickly_made
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


@quickly_made
@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity of one bot at one market time, beside what buying and holding would have given."""

    ts: datetime
    equity: Decimal
    hold: Decimal | None = None
