"""Parts of the bots' documents: positions, fills, orders, trades, signals, results.

The fields of facts that trading works with come from `aion.model`.
"""

from pydantic import Field, model_validator

from aion import model
from aion.scalar import Above, Fraction, Key, Money, Name, Number, Price, Short, Text, UtcTime
from aion.store.document.base import Document


class Bar(Document, of=(model.Bar,)):
    """OHLCV of one interval; `ts` is its close."""


class Position(Document):
    """A holding of one symbol; `quantity` is signed, negative when short."""

    symbol: Key | None = Field(
        None, description="Where its key is not the symbol, e.g. of a long and a short of one symbol side by side."
    )
    quantity: Number
    average_price: Price = Field(description="Average entry price per unit, without fees.")
    last_price: Price | None = Field(None, description="The mark: last print, or adjusted close.")
    multiplier: Above | None = Field(
        None, description="Units of one contract, e.g. 100 of a US option; absent where quantity counts units."
    )
    market_value: Money | None = Field(None, description="Signed quantity x last price x multiplier.")
    unrealized_pnl: Money | None = None
    opened_at: UtcTime | None = None
    marked_at: UtcTime | None = Field(None, description="Market time of the mark.")
    weight: Fraction | None = Field(None, description="Market value / equity.")
    stop_loss: Price | None = Field(None, description="Resting stop price.")
    take_profit: Price | None = Field(None, description="Resting target price.")
    leverage: Above | None = Field(None, description="Value over margin, e.g. 5.")
    margin: Money | None = Field(None, ge=0, description="Money that is tied up for it.")
    liquidation_price: Price | None = Field(None, description="Price at which the exchange closes it.")
    funding: Money | None = Field(None, description="Funding so far: received above 0, paid below 0.")
    stake: Money | None = Field(None, ge=0, description="Own money put in.")
    account: Short | None = Field(None, description="Sub-account or wallet that holds it.")
    carried: Text | None = Field(None, description="Why it could not be closed in time, e.g. `no bar to exit on`.")
    not_booked: Text | None = Field(
        None,
        description="Corporate action that quantity and mark lack, and why: nothing of it is traded or marked until "
        "that is settled.",
    )


class Fill(Document, of=(model.Fill,)):
    """One execution."""


class Order(Document, of=(model.Order, model.OrderRecord)):
    """An intent to trade and what became of it."""

    @model_validator(mode="after")
    def _check(self) -> "Order":
        if self.quantity is None and self.weight is None:
            raise ValueError("an order needs a quantity, or the weight that its fill makes one of")
        return self


class Decision(Document, of=(model.Decision,)):
    """What the bot decided on one symbol at one time, and why; refusals of the risk rules too."""


class Trade(Document, of=(model.Trade,)):
    """A closed round trip; its result is after fees, slippage and nights."""


class Pnl(Document):
    """Result of a span: gross - fees - slippage - borrow + funding = net, to the last digit of the currency."""

    gross: Money
    fees: Money = Field(0, description="Below 0 where rebates are more than fees.")
    slippage: Money = Field(0, ge=0)
    borrow: Money | None = Field(
        None, ge=0, description="Charged for nights: borrow fees of shorts, financing of longs; absent for nothing."
    )
    funding: Money | None = Field(None, description="Received above 0, paid below 0; absent where there is none.")
    net: Money
    net_return: Fraction | None = Field(None, description="Net / equity at the start of the span.")
    since: UtcTime | None = Field(None, description="Market time at which the span starts.")


class Signal(Document, of=(model.Signal,)):
    """What a rule thinks of one symbol."""

    bot: Name | None = None
    rank: int | None = Field(None, ge=1)
    candidates: int | None = Field(None, ge=1, description="How many symbols were ranked.")


class Stats(Document):
    """Figures of `aion.performance`; a ratio of closed trades is absent below 30 of them."""

    drawdown: Fraction | None = Field(None, ge=0, description="Fall from the running peak, 0..1.")
    peak_at: UtcTime | None = None
    max_drawdown: Fraction | None = Field(None, ge=0)
    exposure: Fraction | None = Field(None, description="Sum of |market value| / equity.")
    closed_trades: int = Field(0, ge=0)
    wins: int | None = Field(None, ge=0, description="Closed trades with a result above 0.")
    win_rate: Fraction | None = Field(None, ge=0, le=1)
    profit_factor: Number | None = Field(None, ge=0)
    turnover: Fraction | None = None


class Lock(Document):
    """A time in which a bot opens nothing in a symbol."""

    symbol: Short = Field(description="Symbol, or `*` for all of them.")
    side: Short = Field("", description="long or short; empty for both.")
    until: UtcTime
    reason: Text = ""


class Flow(Document):
    """Money that was paid into an account or taken out of it."""

    ts: UtcTime
    amount: Money = Field(description="In the account's currency: a deposit above 0, a withdrawal below.")
