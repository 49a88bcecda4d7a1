"""The state documents as pydantic models: the contract for all state files.

A document is a JSON object with an envelope (`Envelope`) and a kind (`aion.store.document.kind`). Unknown
fields are ignored, so that a newer writer and an older desk work together within one schema version; `null`, NaN and
infinities are invalid.
Money is a number in the document's `currency`, ratios are fractions (0.05 is 5 %), times are ISO 8601 with a zone.
Things with an id are in a map keyed by it; ids never look like integers, because JavaScript would reorder them.
"""

from typing import Annotated, Literal

from pydantic import Field

from aion.scalar import (
    Above,
    Answers,
    Curve,
    Day,
    Decimals,
    Few,
    Fraction,
    Key,
    Money,
    Name,
    NonNegative,
    Number,
    Price,
    Short,
    SideName,
    Text,
    UtcTime,
    Verb,
)
from aion.store.document.base import Document, Envelope
from aion.store.document.clock import ClockState
from aion.store.document.part import Bar, Decision, Fill, Flow, Lock, Order, Pnl, Position, Signal, Stats, Trade

CURVE_POINTS = 2000
"""Most points of a curve in a state file."""
MOST_MEMO = 4 << 20
"""Most characters of what a program keeps in it for itself."""


class Account(Envelope):
    """Fields that both kinds of bot have: one account, one currency."""

    kind: Literal["running", "finished"] | None = Field(
        None, description="`finished` for a run that has ended: it is never late and trades no more."
    )
    finished_at: UtcTime | None = Field(None, description="Market time at which its run ended.")
    bot: Name
    currency: str = Field(pattern=r"^[A-Z0-9]{3,10}$")
    decimals: Decimals | None = Field(
        None, description="Of its money; absent where it has those of ISO 4217, or a coin's 8."
    )
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
    tick: NonNegative | None = Field(None, description="Least step of its symbols' prices, the smallest of them.")
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
    actions: list[Verb] | None = Field(
        None,
        max_length=20,
        description="Requests that the bot carries out at present: pause, resume, flatten, stop, reload, force_exit, "
        "cancel_order, delete_lock. Absent: pause, resume and flatten.",
    )
    locks: Annotated[dict[Key, Lock], Few] | None = Field(
        None, description="Symbols in which it opens nothing for a time. Absent: it knows no locks."
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
    memo: str | None = Field(
        None,
        max_length=MOST_MEMO,
        description="What the program that wrote the file resumes from; the desk reads none of it.",
    )
    dropped_bars: int = Field(0, ge=0, description="Bars without a print that the feed dropped.")
    bars_seen: int = Field(0, ge=0)


class Hours(Document):
    """When one session trades."""

    opens_at: UtcTime | None = None
    closes_at: UtcTime | None = None
    break_start: UtcTime | None = Field(None, description="Start of lunch.")
    break_end: UtcTime | None = None
    half_day: bool = False
    halts: Annotated[dict[Key, UtcTime], Few] = Field(
        default_factory=dict, description="Start -> end of each halt of the whole market: no bar closes between."
    )


class TradingDay(Account):
    """One bot's trading day without the bars. All maps cover that day."""

    day: Day
    orders: dict[Key, Order] = Field(default_factory=dict)
    decisions: dict[Key, Decision] = Field(default_factory=dict)
    flat_by: UtcTime | None = Field(None, description="Market time from which it exits for the day.")
    hours: Hours | None = Field(None, description="Of its exchange on `day`.")
    halts: dict[Key, dict[Key, UtcTime]] = Field(
        default_factory=dict, description="By symbol, start -> end of each halt of that symbol alone: nothing fills."
    )


class SimLog(TradingDay):
    """`intraday/sim_logs/<day>_<bot>.json`: one bot's trading day. All maps cover that day."""

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
    """One order that a rebalance would place, at the newest mark."""

    side: SideName
    quantity: Number = Field(gt=0)
    price: Price = Field(description="The mark it is reckoned at.")
    value: Money = Field(ge=0, description="Quantity x price.")
    cost: Money = Field(0, ge=0, description="Fees and slippage expected.")
    weight: Fraction = Field(description="Target weight after it.")
    reason: Text = ""


class Preview(Document):
    """What a rebalance would do now."""

    as_of: UtcTime
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
    last_rebalance_at: UtcTime | None = None
    next_open_at: UtcTime | None = Field(None, description="Market time at which open orders at the market fill.")
    next_mark_at: UtcTime | None = Field(None, description="Market time.")
    next_mark_wall_at: UtcTime | None = Field(None, description="Wall time at which that is expected.")
    next_rebalance_at: UtcTime | None = Field(None, description="Market time.")
    next_rebalance_wall_at: UtcTime | None = None


class BotActivity(Envelope):
    """`swing/bot_logs/<horizon>/bot_activity_<day>_<bot>.json`: one day's orders, fills, trades, reasons."""

    bot: Name
    currency: str = Field(pattern=r"^[A-Z0-9]{3,10}$")
    decimals: Decimals | None = Field(None, description="Of its money, as in the bot's state.")
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
    funding: Money | None = Field(
        None, description="Funding of perpetuals, beside that of its fills: received above 0, paid below 0."
    )


class SymbolState(Document):
    """What the day-trading job knows of one symbol after a cycle."""

    exchange: Short = ""
    currency: Short = ""
    tick: NonNegative | None = Field(None, description="Least step of its price.")
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
    next_open_at: UtcTime | None = Field(None, description="When closed: the next open (after lunch too).")


class BotSummary(Document):
    """One intraday bot in the summary."""

    exchange: Short = ""
    currency: Short
    decimals: Decimals | None = Field(None, description="Of its money, as in its own file.")
    day: Day
    equity: Money
    cash: Money | None = None
    day_pnl: Pnl | None = None
    total_pnl: Pnl | None = None
    trades: int = Field(0, ge=0, description="Closed round trips of the day.")
    fills: int = Field(0, ge=0)


class SimSummary(Envelope):
    """`intraday/sim_summary.json`: commits a cycle; renamed last."""

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

    ts: UtcTime
    level: Literal["debug", "info", "warning", "error", "critical"]
    process: str = Field(max_length=32)
    event: str
    bot: str | None = None
    cycle_id: str | None = None
    market_time: UtcTime | None = None
