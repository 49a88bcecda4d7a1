"""The state documents as pydantic models: the contract of everything that stands on disk.

A document is a JSON object with an envelope (`Envelope`) and a kind of its own (`aion.store.document.kind`). Unknown
fields are ignored, so that a newer writer and an older desk get along inside one schema version; `null`, NaN and
infinities are refused.
Money is a number in the document's `currency`, ratios are fractions (0.05 is 5 %), times are ISO 8601 with a zone.
Where a thing has an id, things stand in a map keyed by it; ids never look like integers, because JavaScript would
reorder them.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from aion.clock import iso
from aion.model import Mode

PART_ITEMS = 10_000  # in a map of one fill, symbol, session or preview
_INTEGER_LIKE = re.compile(r"[0-9]{1,10}")  # the keys that JavaScript moves to the front, in numeric order
_UTC_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z")


def _key(value: str) -> str:
    if _INTEGER_LIKE.fullmatch(value):
        raise ValueError(f"key {value!r} looks like an integer: put a letter in front, such as f{value}")
    return value


def _times(curve: dict[str, float]) -> dict[str, float]:
    return {_time_key(text): value for text, value in curve.items()}


def _time_key(text: str) -> str:
    try:
        at = _utc(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(
            f"key {text[:40]!r} is not an ISO 8601 time with a zone, such as 2022-05-19T13:31Z"
        ) from None
    return text if _UTC_TEXT.fullmatch(text) else iso(at)


def _few(value: object) -> object:
    """Refuse a map of a part of a document before each of its items is looked at, and complained of."""
    if isinstance(value, dict) and len(value) > PART_ITEMS:
        raise ValueError(f"holds {len(value)} items; at most {PART_ITEMS} are read")
    return value


def _day(value: str) -> str:
    date.fromisoformat(value)
    return value


def _utc(at: datetime) -> datetime:
    if not 1900 <= at.year < 2200:
        raise ValueError("the year is not within 1900..2199")
    if at.tzinfo is None:
        raise ValueError("the time has no zone")
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time with a zone, kept in UTC whatever the zone in the file."""
Key = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_key)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A bot's name: letters, digits, `.`, `_`, `-`; it becomes part of a file name."""
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
MOST = 1e100  # a larger number is a mistake, and sums and products of such would not be finite
Number = Annotated[float, Field(allow_inf_nan=False, ge=-MOST, le=MOST)]
Money = Number
Fraction = Number
Price = Annotated[float, Field(allow_inf_nan=False, ge=0, le=MOST)]
Above = Annotated[float, Field(allow_inf_nan=False, gt=0, le=MOST)]
"""A number above zero."""
Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(max_length=128)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Curve = Annotated[dict[Key, Money], AfterValidator(_times)]
"""Equity by market time (ISO 8601 UTC): ordered by time, at most `CURVE_POINTS` in a state file."""

Few = BeforeValidator(_few)
"""On a map inside a part of a document."""

CURVE_POINTS = 2000
SideName = Literal["buy", "sell"]
Answers = dict[Key, Text]
"""What became of requests, by their exact ids: `done`, `accepted`, `refused` or `superseded`; more after a colon."""


class Document(BaseModel):
    """Base of all parts of a document."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, ser_json_inf_nan="constants")


class LeftOut(Document):
    """What the desk could not read of a document that it shows without it."""

    count: int = Field(0, ge=0, description="Entries that are left out.")
    fields: dict[str, int] = Field(default_factory=dict, description="How many of each field, e.g. of `fills`.")
    named: dict[str, str] = Field(
        default_factory=dict,
        description="Where the first of them stand, e.g. `fills.f2.side` -> what is wrong.",
    )


class Envelope(Document):
    """What every document says of itself."""

    schema_: str = Field(alias="schema", description="`aion/<kind>/<version>`, e.g. `aion/sim_log/1`.")
    mode: Mode = Field("paper", description="replay, paper, backtest or live; one folder holds one mode.")
    run: Name = Field("1", description="Name of the run; curves of two runs are never joined.")
    cycle_id: str = Field("", max_length=128, description="The cycle that wrote it; equal in all files of a cycle.")
    seq: int = Field(0, ge=0, description="Grows with each write of this document within a run.")
    as_of: Moment = Field(description="Market time up to which the content is true.")
    written_at: Moment | None = Field(None, description="Wall time of the write.")
    due_at: Moment | None = Field(
        None, description="Wall time by which the next write is due; absent means no schedule is known."
    )
    left_out: LeftOut | None = Field(
        None, description="Said by the desk in its answers: entries that it could not read. Ignored in a file."
    )


class Bar(Document):
    """OHLCV of one interval; `ts` is its close."""

    ts: Moment
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Number = 0


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
    opened_at: Moment | None = None
    marked_at: Moment | None = Field(None, description="Market time of the mark.")
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


class Fill(Document):
    """One execution."""

    ts: Moment = Field(description="Market time of the execution.")
    symbol: Key
    side: SideName
    quantity: Number = Field(gt=0)
    price: Price = Field(description="Per unit, slippage included.")
    fee: Money = Field(0, description="All fees; a rebate is below 0. In `fee_currency` where that is said.")
    fee_currency: Short | None = Field(None, description="Currency or coin of `fee`; absent for the account's.")
    fee_value: Money | None = Field(None, description="Value of `fee` in the account's currency, where that differs.")
    fees: Annotated[dict[Key, Money], Few] = Field(default_factory=dict, description="Each fee by name.")
    funding: Money | None = Field(None, description="Funding settled with it: received above 0, paid below 0.")
    multiplier: Above | None = Field(None, description="Units of one contract; absent where quantity counts units.")
    leverage: Above | None = None
    account: Short | None = Field(None, description="Sub-account or wallet.")
    slippage: Money = Field(0, ge=0, description="Cost of the price being worse than the bar's.")
    realized_pnl: Money | None = Field(None, description="Of the part that this fill closed, after fees.")
    reason: Text = ""
    order_id: Text = ""
    decided_at: Moment | None = None
    known_at: Moment | None = None
    price_source: Text = ""
    bar: Bar | None = Field(None, description="The bar it filled in.")


class Order(Document):
    """An intent to trade and what became of it."""

    ts: Moment = Field(description="Market time of the decision.")
    symbol: Key
    side: SideName
    quantity: Number = Field(gt=0)
    type: Word = Field("market", description="market, limit, stop, or the exchange's own word, e.g. stop_limit.")
    status: Word = Field(
        description="open, filled, cancelled, refused, expired, or the exchange's own word, e.g. partially_filled."
    )
    filled_quantity: Number = 0
    limit_price: Price | None = None
    stop_price: Price | None = None
    reason: Text = ""
    detail: Text = Field("", description="Why it was refused, cancelled or expired.")
    account: Short | None = Field(None, description="Sub-account or wallet.")


class Decision(Document):
    """What the bot decided on one symbol at one time, and why; refusals of the risk rules too."""

    ts: Moment
    symbol: Key | None = None
    action: str = Field(max_length=32, description="buy, sell, exit, hold, refused, rebalance ...")
    reason: Text = ""
    confidence: Fraction | None = None
    order_id: Text | None = None


class Trade(Document):
    """A closed round trip; its result is after fees, slippage and nights."""

    symbol: Key
    side: SideName
    quantity: Number
    entry_price: Price
    exit_price: Price
    opened_at: Moment
    ts: Moment = Field(description="Market time at which it was closed.")
    fees: Money = Field(0, description="In the account's currency; rebates are below 0.")
    slippage: Money = 0
    borrow: Money | None = Field(None, ge=0, description="Charged for its nights; absent when nothing was.")
    funding: Money | None = Field(None, description="Funding over its life: received above 0, paid below 0.")
    multiplier: Above | None = Field(None, description="Units of one contract; absent where quantity counts units.")
    leverage: Above | None = None
    stake: Money | None = Field(None, ge=0, description="Own money put in, over all its parts.")
    return_: Fraction | None = Field(None, alias="return", description="Result / stake, as the bot says it.")
    account: Short | None = Field(None, description="Sub-account or wallet.")
    realized_pnl: Money
    reason: Text = ""


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
    since: Moment | None = Field(None, description="Market time at which the span starts.")


class Signal(Document):
    """What a rule thinks of one symbol."""

    ts: Moment
    action: str = Field(max_length=32)
    confidence: Fraction = Field(ge=0, le=1, description="The rule's stated strength; not a probability.")
    threshold: Fraction = Field(0, ge=0, le=1, description="Strength from which it enters.")
    reason: Text = ""
    strategy: str = Field("", max_length=64)
    bot: Name | None = None
    rank: int | None = Field(None, ge=1)
    candidates: int | None = Field(None, ge=1, description="How many symbols were ranked.")


class Stats(Document):
    """Figures of `aion.performance`; a ratio of closed trades is absent below 30 of them."""

    drawdown: Fraction | None = Field(None, ge=0, description="Fall from the running peak, 0..1.")
    peak_at: Moment | None = None
    max_drawdown: Fraction | None = Field(None, ge=0)
    exposure: Fraction | None = Field(None, description="Sum of |market value| / equity.")
    closed_trades: int = Field(0, ge=0)
    wins: int | None = Field(None, ge=0, description="Closed trades with a result above 0.")
    win_rate: Fraction | None = Field(None, ge=0, le=1)
    profit_factor: Number | None = Field(None, ge=0)
    turnover: Fraction | None = None


class Flow(Document):
    """Money that was paid into an account or taken out of it."""

    ts: Moment
    amount: Money = Field(description="In the account's currency: a deposit above 0, a withdrawal below.")


class Account(Envelope):
    """The part that both kinds of bot share: one account, one currency."""

    kind: Literal["running", "finished"] | None = Field(
        None, description="`finished` for a run that has ended: it is never late and trades no more."
    )
    finished_at: Moment | None = Field(None, description="Market time at which its run ended.")
    bot: Name
    currency: str = Field(pattern=r"^[A-Z0-9]{3,10}$")
    exchange: str = Field("", max_length=16, description="ISO 10383 MIC; empty where it has no sessions.")
    strategy: str = Field("", max_length=64)
    rule: Text = Field("", description="The rule in one line, for people.")
    symbols: list[Key] = Field(default_factory=list, max_length=5000)
    equity: Money = Field(description="Cash plus market value of all positions.")
    cash: Money | None = None
    start_equity: Money | None = Field(None, description="Equity at the start of the run.")
    account: Short | None = Field(None, description="Account or wallet at the broker, where a bot has several.")
    return_: Fraction | None = Field(
        None, alias="return", description="Return of the run as the bot says it, time-weighted; a fraction."
    )
    stake: Money | None = Field(None, ge=0, description="Own money put into open positions.")
    margin: Money | None = Field(None, ge=0, description="Money that is tied up for open positions.")
    leverage: Above | None = Field(None, description="Of the whole account.")
    flows: Annotated[dict[Key, Flow], Few] = Field(
        default_factory=dict,
        description="Deposits and withdrawals since the start: no results. Returns and the curve's drawdown are "
        "time-weighted over them; let the curve have a point at the time of each.",
    )
    hold_equity: Money | None = Field(None, description="What buying and holding the same names would be worth.")
    hold_name: str = Field("", max_length=64, description="What is held, e.g. `MSFT` or `10 names`.")
    price_basis: Literal["raw", "adjusted"] = "raw"
    tick: Price | None = Field(None, description="Least step of its symbols' prices, the smallest where they differ.")
    note: Text = Field("", description="A caveat that the page shows, e.g. hindsight in the choice of names.")
    state: Literal["active", "paused", "stopped", "error"] = "active"
    state_reason: Text = ""
    paused: Text = Field("", description="Why it is paused beside its state, e.g. while a kill switch stops it.")
    flatten: Text = Field(
        "",
        description="The flatten that is not done beside another state, e.g. while a kill switch stops it: its exits "
        "stay when the switch is cleared.",
    )
    leaving: dict[Key, Short] = Field(
        default_factory=dict,
        description="Symbols of which a flatten or kill switch ordered the exit and it is not filled -> order id.",
    )
    control_id: Short | None = Field(None, description="Id of the last control request answered.")
    control_error: Text = Field("", description="Why that request was refused; empty when it was carried out.")
    control_answers: Answers = Field(
        default_factory=dict,
        description="What became of the newest requests, by exact id: done, accepted (begun, e.g. a flatten that "
        "still holds positions), refused or superseded; more after a colon.",
    )
    rules: dict[Key, Number | bool | Text] = Field(
        default_factory=dict, description="Rules in force: max_positions, max_alloc, stop_loss ..."
    )
    config_version: int = Field(0, ge=0, description="`version` of the `config/<bot>.json` in force; 0 for none.")
    config_error: Text = Field("", description="Why the newest saved rules were not taken.")
    day_pnl: Pnl | None = Field(None, description="Of market day `day` so far.")
    total_pnl: Pnl | None = Field(None, description="Since the start of the run.")
    positions: dict[Key, Position] = Field(default_factory=dict)
    fills: dict[Key, Fill] = Field(default_factory=dict)
    trades: dict[Key, Trade] = Field(default_factory=dict, description="Round trips closed.")
    signals: dict[Key, Signal] = Field(default_factory=dict, description="Newest by symbol.")
    equity_curve: Curve = Field(default_factory=dict)
    hold_curve: Curve = Field(default_factory=dict)
    stats: Stats | None = None
    dropped_bars: int = Field(0, ge=0, description="Bars without a print that the feed dropped.")
    bars_seen: int = Field(0, ge=0)


class Hours(Document):
    """When one session trades."""

    opens_at: Moment | None = None
    closes_at: Moment | None = None
    break_start: Moment | None = Field(None, description="Start of lunch.")
    break_end: Moment | None = None
    half_day: bool = False
    halts: Annotated[dict[Key, Moment], Few] = Field(
        default_factory=dict, description="Start -> end of each halt of the whole market: no bar closes between."
    )


class TradingDay(Account):
    """One bot's trading day without the bars. All maps are of that day."""

    day: Day
    orders: dict[Key, Order] = Field(default_factory=dict)
    decisions: dict[Key, Decision] = Field(default_factory=dict)
    flat_by: Moment | None = Field(None, description="Market time from which it exits for the day.")
    hours: Hours | None = Field(None, description="Of its exchange on `day`.")
    halts: dict[Key, dict[Key, Moment]] = Field(
        default_factory=dict, description="By symbol, start -> end of each halt of that symbol alone: nothing fills."
    )


class SimLog(TradingDay):
    """`intraday/sim_logs/<day>_<bot>.json`: one bot's trading day. All maps are of that day."""

    bars: dict[Key, dict[Key, tuple[Price, Price, Price, Price, Number]]] = Field(
        default_factory=dict, description="By symbol, by close time: open, high, low, close, volume."
    )


class Target(Document):
    """The weight a rebalance asked for."""

    weight: Fraction
    rank: int | None = Field(None, ge=1)
    score: Number | None = Field(None, description="The ranked figure, e.g. return over the look-back, a fraction.")
    confidence: Fraction | None = None
    reason: Text = ""


class PlannedOrder(Document):
    """One order that a rebalance would give, at the newest mark."""

    side: SideName
    quantity: Number = Field(gt=0)
    price: Price = Field(description="The mark it is reckoned at.")
    value: Money = Field(ge=0, description="Quantity x price.")
    cost: Money = Field(0, ge=0, description="Fees and slippage expected.")
    weight: Fraction = Field(description="Target weight after it.")
    reason: Text = ""


class Preview(Document):
    """What a rebalance would do now."""

    as_of: Moment
    orders: Annotated[dict[Key, PlannedOrder], Few] = Field(default_factory=dict, description="By symbol.")
    turnover: Fraction = Field(0, ge=0, description="Sum of the orders' values / equity.")
    cost: Money = Field(0, ge=0, description="Fees and slippage of all of them.")


class SwingRolling(Account):
    """`swing/rolling_<bot>.json.gz`: a swing bot's account after its newest mark or rebalance."""

    horizon: str = Field("", max_length=8, description="1w, 2w, 4w ...")
    day: Day | None = Field(None, description="Market day of the newest mark.")
    days: dict[Day, Pnl] = Field(
        default_factory=dict, description="Results of the market days before `day`, the newest few."
    )
    targets: dict[Key, Target] = Field(default_factory=dict)
    open_orders: dict[Key, Order] = Field(
        default_factory=dict, description="Given and not done: those at the market fill at the next open."
    )
    preview: Preview | None = Field(None, description="What a rebalance would do now, at the newest marks.")
    last_rebalance_at: Moment | None = None
    next_open_at: Moment | None = Field(None, description="Market time at which open orders at the market fill.")
    next_mark_at: Moment | None = Field(None, description="Market time.")
    next_mark_wall_at: Moment | None = Field(None, description="Wall time at which that is expected.")
    next_rebalance_at: Moment | None = Field(None, description="Market time.")
    next_rebalance_wall_at: Moment | None = None


class BotActivity(Envelope):
    """`swing/bot_logs/<horizon>/bot_activity_<day>_<bot>.json`: one day's orders, fills, trades, reasons."""

    bot: Name
    currency: str = Field(pattern=r"^[A-Z0-9]{3,10}$")
    horizon: str = Field(max_length=8)
    day: Day
    orders: dict[Key, Order] = Field(default_factory=dict)
    fills: dict[Key, Fill] = Field(default_factory=dict)
    trades: dict[Key, Trade] = Field(
        default_factory=dict, description="Round trips closed on it; the rolling file has the newest ones alone."
    )
    decisions: dict[Key, Decision] = Field(default_factory=dict)
    borrow: Money | None = Field(
        None, ge=0, description="Charged for the night before its session; absent when nothing was."
    )


class SymbolState(Document):
    """What the day-trading job knows of one symbol after a cycle."""

    exchange: Short = ""
    currency: Short = ""
    tick: Price | None = Field(None, description="Least step of its price.")
    bar: Bar | None = None
    features: Annotated[dict[Key, Number], Few] = Field(default_factory=dict)
    signal: Signal | None = None


class Rolling(Envelope):
    """`intraday/rolling.json.gz`: per symbol the last bar, features and signal."""

    symbols: dict[Key, SymbolState] = Field(default_factory=dict)


class Session(Hours):
    """One exchange's market session around the market time of the document; the hours are those of `day`."""

    name: Short = Field("", description="City, e.g. `New York`.")
    timezone: Short = Field("UTC", description="IANA zone.")
    state: Literal["open", "closed", "lunch", "pre", "halt"]
    day: Day | None = Field(None, description="Session day shown: the present one, else the next.")
    next_open_at: Moment | None = Field(None, description="When closed: the next open (after lunch too).")


class SymbolFeed(Document):
    """How one symbol of a real-time feed stands."""

    state: Literal["ok", "late", "gone", "refused"] = Field(
        "ok", description="gone: the provider has it no more; refused: left out, see `text`."
    )
    text: Text = ""
    last_bar_at: Moment | None = Field(None, description="Close of its newest bar: its age is that of the data.")


class FeedState(Document):
    """How a real-time feed stands. Counts are since the bots' process started."""

    state: Literal["ok", "late", "down"] = Field(
        "ok", description="late: bars are overdue; down: no good answer for a minute."
    )
    text: Text = Field("", description="For people; empty when all is well.")
    answered_at: Moment | None = Field(None, description="Wall time of the provider's newest good answer.")
    last_bar_at: Moment | None = Field(None, description="Close of the newest bar of any symbol.")
    symbols: Annotated[dict[Key, SymbolFeed], Few] = Field(default_factory=dict, description="At most 200.")
    late_bars: int = Field(0, ge=0, description="Came after their minute was dealt with; left out.")
    revised_bars: int = Field(0, ge=0, description="Came again with other figures; what was traded on stays.")
    duplicate_bars: int = Field(0, ge=0, description="Came twice in one answer; left out.")
    missing_bars: int = Field(0, ge=0, description="Minutes or days of open sessions that no bar came for.")
    silent_bars: int = Field(0, ge=0, description="Left out because nobody traded.")
    refused_bars: int = Field(
        0, ge=0, description="NaN, impossible prices, outside a session, in the future, undeclared splits."
    )


class ClockState(Document):
    """Where the bots' clock stands; the Mode chip reads it."""

    state: Literal["starting", "catching_up", "running", "paused", "closed", "finished"]
    market_time: Moment
    speed: Number = Field(1, ge=0, description="Market seconds a wall second; 1 with a real-time feed.")
    feed: str = Field("", max_length=64)
    real_time: bool = Field(False, description="True only for a feed that delivers as it happens.")
    delay_s: Number = Field(0, ge=0, description="Delay of a paper feed in seconds.")
    progress: Fraction | None = Field(None, ge=0, le=1, description="While catching up.")
    label: Text = Field("", description="For people, e.g. `closed: to XHKG open, 5 h 30 min`.")
    data_from: Moment | None = Field(None, description="First bar of the tape.")
    data_to: Moment | None = Field(None, description="Last bar of the tape.")
    next_run_at: Moment | None = Field(None, description="When finished: wall time at which run N+1 starts.")
    provenance: Text = ""
    feed_state: FeedState | None = Field(None, description="Of a real-time feed.")
    control_id: Short | None = Field(None, description="Id of the last `control/desk/` request answered.")
    control_error: Text = Field("", description="Why that request was refused; empty when it was carried out.")
    control_answers: Answers = Field(
        default_factory=dict, description="What became of the newest `control/desk/` requests, as in a bot's state."
    )
    left_aside: dict[str, Text] = Field(
        default_factory=dict,
        max_length=100,
        description="Files below `control/` that the bots do not act on, by path, and why; the first few of them.",
    )
    killed: Text = Field("", description="Why the desk's kill switch stops all bots; empty when it is clear.")


class BotSummary(Document):
    """One intraday bot in the summary."""

    exchange: Short = ""
    currency: Short
    day: Day
    equity: Money
    cash: Money | None = None
    day_pnl: Pnl | None = None
    total_pnl: Pnl | None = None
    trades: int = Field(0, ge=0, description="Closed round trips of the day.")
    fills: int = Field(0, ge=0)


class SimSummary(Envelope):
    """`intraday/sim_summary.json`: the commit of a cycle, renamed last."""

    clock: ClockState | None = None
    sessions: dict[Key, Session] = Field(default_factory=dict, description="By MIC.")
    files: dict[str, str] = Field(
        default_factory=dict,
        description="Path under `intraday/` of each file of the job -> the cycle_id that it carries in this cycle.",
    )
    bots: dict[Name, BotSummary] = Field(default_factory=dict)
    days: dict[Day, dict[Name, BotSummary]] = Field(
        default_factory=dict, description="Earlier market days, newest 60."
    )


class LogLine(Document):
    """One line of `logs/<process>.jsonl`."""

    ts: Moment
    level: Literal["debug", "info", "warning", "error", "critical"]
    process: str = Field(max_length=32)
    event: str
    bot: str | None = None
    cycle_id: str | None = None
    market_time: Moment | None = None


def to_json(document: Document) -> dict[str, Any]:
    """Return `document` as the JSON object that goes to disk: aliases, ISO times with `Z`, absent for none."""
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)
