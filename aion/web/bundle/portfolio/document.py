"""What the routes of the portfolio answer."""

from typing import Literal

from pydantic import Field

from aion.model import Mode
from aion.scalar import BotId, BotKind, Day, Decimals, Fraction, Key, Money, UtcTime
from aion.store.document.base import Document
from aion.store.document.part import Position, Trade

SPANS = ("today", "week", "month", "start")
SpanName = Literal["today", "week", "month", "start"]
MOST_NAMED = 20


class SpanTotal(Document):
    """What the bots of one currency made in one span."""

    first: Day | None = Field(None, description="First market day of the span; absent for all since the start.")
    net: Money | None = Field(None, description="Sum over `bots` bots, without deposits; absent where none says it.")
    net_return: Fraction | None = Field(
        None, description="`net` / what they were worth at its start; absent where money was paid in or out since."
    )
    bots: int = Field(0, description="Whose result is in `net`.")
    since: UtcTime | None = Field(
        None, description="From when on the results of all of them are known, where that is within the span."
    )
    partial: dict[BotId, UtcTime] = Field(
        default_factory=dict, description="From when on the result of a bot is known, where that is not all of it."
    )
    partial_total: int = Field(0, description=f"All of them; `partial` names {MOST_NAMED}.")
    missing: list[BotId] = Field(
        default_factory=list, description=f"Bots without a result in the span, the first {MOST_NAMED}."
    )
    missing_total: int = 0


class CurrencyTotal(Document):
    """The bots of one mode and currency."""

    mode: Mode
    currency: str
    decimals: Decimals | None = None
    bots: int
    equity: Money
    day: Day | None = Field(None, description="Newest market day of any of them: `today`.")
    spans: dict[SpanName, SpanTotal] = Field(default_factory=dict)


class Exposure(Document):
    """What the bots of one mode and currency hold of one symbol."""

    mode: Mode
    currency: str
    decimals: Decimals | None = None
    symbol: Key
    long: Money = Field(0, ge=0, description="Value of what is held long.")
    short: Money = Field(0, ge=0, description="Value of what is held short.")
    net: Money = Field(0, description="`long` - `short`.")
    gross: Money = Field(0, ge=0, description="`long` + `short`.")
    bots: list[BotId] = Field(default_factory=list, description=f"That hold it, the first {MOST_NAMED}.")
    bots_total: int = 0
    unvalued: int = Field(0, description="Positions in none of the sums: neither their file nor a price says it.")


class Portfolio(Document):
    """All bots together; no sum is over two modes or two currencies."""

    version: int = Field(description="Microsecond of the newest change; a hint of order.")
    etag: str = Field("", description="The weak ETag of this content.")
    totals: list[CurrencyTotal] = Field(default_factory=list, description="Most bots first.")
    exposure: list[Exposure] = Field(
        default_factory=list, description="By mode and currency, largest `gross` first within each."
    )
    exposure_total: int = Field(0, description="All symbols; `exposure` has the first 500.")


class PositionLine(Document):
    """An open position of one bot."""

    bot: BotId
    kind: BotKind
    mode: Mode
    currency: str
    decimals: Decimals | None = None
    key: Key = Field(description="Of the position in the bot's file.")
    symbol: Key
    position: Position


class TradeLine(Document):
    """A closed trade of one bot."""

    bot: BotId
    kind: BotKind
    mode: Mode
    currency: str
    decimals: Decimals | None = None
    key: Key = Field(description="Of the trade in the bot's file.")
    trade: Trade


class PositionPage(Document):
    """A page of the open positions of all bots."""

    version: int = Field(description="Microsecond of the newest change; a hint of order.")
    etag: str = Field("", description="The weak ETag of this content.")
    total: int = Field(0, description="That the filter leaves in.")
    rows: list[PositionLine] = Field(default_factory=list)


class TradePage(Document):
    """A page of the closed trades in the newest files of all bots."""

    version: int = Field(description="Microsecond of the newest change; a hint of order.")
    etag: str = Field("", description="The weak ETag of this content.")
    total: int = Field(0, description="That the filter leaves in.")
    oldest: UtcTime | None = Field(None, description="Close of the oldest of all trades in those files.")
    rows: list[TradeLine] = Field(default_factory=list)
