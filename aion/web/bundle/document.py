"""What the desk answers, as pydantic models: the contract between the web half and every page.

Names are those of the state files (`aion.store.document.state`). Fields that a file does not carry are absent.
"""

from typing import Literal

from pydantic import AwareDatetime, Field

from aion.model import Mode
from aion.scalar import BotId, BotKind, Curve, Day, Decimals, Fraction, Key, Money, Name, Number
from aion.store.document.base import Document
from aion.store.document.clock import ClockState
from aion.store.document.part import Fill, Order, Position, Signal, Trade
from aion.store.document.state import BotActivity, Session, SimLog, SwingRolling, Target, TradingDay
from aion.store.document.watch import Alarm, WatchedProcess
from aion.web.bundle.controls import Asked
from aion.web.problem import Problem


class DrawdownOf(Document):
    """Where the drawdown figures of a bot come from: all of them from one of the two."""

    source: Literal["file", "curve"]
    since: AwareDatetime | None = Field(
        None, description="Start of their span; absent where the file does not say it."
    )
    file: Fraction | None = Field(
        None,
        description="The largest drawdown that its file says though its curve falls deeper; the curve's is shown.",
    )
    curve: Fraction | None = Field(
        None, description="The largest drawdown of its curve, where its file says a larger one, which is shown."
    )


NOT_SHOWN = frozenset(
    {"schema_", "left_out", "flows", "control_answers", "days", "orders", "decisions", "hours", "halts", "bars",
     "memo"}
)  # fmt: skip
"""Fields of a bot's state that its card lacks: the routes of its days have them, or the desk says them otherwise."""


class BotView(Document, showing=(SwingRolling, SimLog), without=NOT_SHOWN, retyped=frozenset({"bot"})):
    """One bot as the Bots page shows it: its newest state file, bounded (see `more`)."""

    kind: BotKind
    bot: BotId
    machine: Name | None = Field(None, description="That it runs on; absent for a bot of the desk's own folder.")
    file: str = Field(description="Path of its state file below the data folder.")
    foreign: bool = Field(False, description="True for a bot that is not one of Aion's own jobs.")
    mode: Mode
    run: Name
    symbols_total: int = 0
    finished: bool = Field(False, description="True where its run has ended: it trades no more.")
    asked: Asked = Field(default_factory=Asked, description="What the desk asks of it.")
    net: Money | None = Field(
        None, description="Net result since the start: of `total_pnl`, else equity less `start_equity` and `flows`."
    )
    time_weighted_return: Fraction | None = Field(
        None, description="Since the first point of its curve, where it names deposits or withdrawals (`flows`)."
    )
    drawdown_of: DrawdownOf | None = Field(None, description="Where the drawdown in `stats` comes from.")
    positions: dict[Key, Position] = Field(default_factory=dict, description="The largest by value.")
    positions_total: int = 0
    positions_value: Money | None = Field(
        None, description="Value of all positions, also of those not shown; absent where one has no price."
    )
    fills: dict[Key, Fill] = Field(default_factory=dict, description="Newest 50 at most, in order of time.")
    fills_total: int = 0
    trades: dict[Key, Trade] = Field(default_factory=dict, description="Newest 50 at most, in order of time.")
    trades_total: int = 0
    equity_curve: Curve = Field(
        default_factory=dict,
        description="300 points at most; drawdown, highest, lowest, first and last value are those of the whole.",
    )
    hold_curve: Curve = Field(default_factory=dict, description="At the same times as `equity_curve`.")
    more: dict[Key, str] = Field(
        default_factory=dict, description="What was cut short -> the route that has the whole of it."
    )


class DayTotal(Document):
    """Sum of one market day over the bots of one currency that are marked for that day."""

    gross: Money
    fees: Money
    slippage: Money
    borrow: Money | None = Field(None, description="Charged for nights; absent when nothing was.")
    funding: Money | None = Field(None, description="Received above 0, paid below 0; absent where there is none.")
    net: Money
    bots: list[BotId] = Field(description="Bots in the sum.")
    missing: list[BotId] = Field(
        default_factory=list, description="Bots of the currency without a mark for that day."
    )


class Total(Document):
    """All bots of one currency; there is no figure that adds currencies."""

    currency: str
    decimals: Decimals | None = Field(None, description="The most of its bots'; absent where it has the usual.")
    bots: list[BotId]
    equity: Money
    cash: Money | None = Field(None, description="Absent when a bot does not say its cash.")
    positions_value: Money | None = None
    open_positions: int = 0
    start_equity: Money | None = None
    net: Money | None = Field(None, description="Net result since the start of the run.")
    drawdown: Fraction | None = Field(
        None,
        description="Fall of `equity` from its peak: of one bot what it says, of several the sum at daily closes.",
    )
    max_drawdown: Fraction | None = None
    peak_at: AwareDatetime | None = None
    drawdown_since: AwareDatetime | None = Field(
        None,
        description="Start of their span: when the last of the bots began; absent where one bot's file lacks it.",
    )
    is_at_closes: bool | None = Field(
        None, description="True where the drawdown is of sums at daily closes, and of now."
    )
    days: dict[Day, DayTotal] = Field(default_factory=dict, description="Newest two market days.")


class IndexDay(Document, showing=(DayTotal,), without=frozenset({"bots", "missing"})):
    """As `DayTotal`, counted."""

    bots: int = Field(description="Bots in the sum.")
    missing: list[BotId] = Field(
        default_factory=list, description="Bots of the currency without a mark for that day; the first 20 by name."
    )
    missing_total: int = 0


class IndexTotal(Document, showing=(Total,), without=frozenset({"bots", "days"})):
    """As `Total`, counted."""

    bots: int
    days: dict[Day, IndexDay] = Field(default_factory=dict, description="Newest two market days.")


class IntradaySummary(Document):
    """The newest whole cycle of Aion's day-trading job."""

    cycle_id: str
    seq: int = 0
    as_of: AwareDatetime
    written_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None


class MachineLine(Document):
    """One machine whose bots the desk shows; how long ago it was heard of is told beside the answers."""

    bots: int = Field(description="Of its bots, those that are shown.")
    as_of: AwareDatetime | None = Field(None, description="Newest market time in its folder; absent for none.")
    mode: Mode | None = None
    run: Name | None = None
    clock: ClockState | None = None
    sessions: dict[Key, Session] | None = None
    summary: IntradaySummary | None = Field(None, description="The newest whole cycle of its day-trading job.")
    asked: Asked = Field(default_factory=Asked, description="What is asked of all its bots.")
    totals: dict[str, IndexTotal] | None = Field(
        None, description="Of its bots alone, by currency; the index and the totals have it."
    )


class SwingSection(Document):
    """The swing bots."""

    bots: dict[BotId, BotView] = Field(default_factory=dict)
    bots_total: int = Field(0, description="More than `bots` has only when there are hundreds; `more` has them all.")
    more: dict[Key, str] = Field(default_factory=dict)


class IntradaySection(Document):
    """The intraday bots, the newest signals and the cycle they come from."""

    bots: dict[BotId, BotView] = Field(default_factory=dict)
    bots_total: int = 0
    signals: dict[Key, Signal] = Field(
        default_factory=dict, description="Strongest 50 at most, those that ask for something first."
    )
    signals_total: int = 0
    summary: IntradaySummary | None = None
    more: dict[Key, str] = Field(
        default_factory=dict, description="What was cut short -> the route that has the whole of it."
    )


class Watched(Document):
    """What the watchdog of `aion up` says: processes, what is wrong, what was."""

    processes: dict[Key, WatchedProcess] = Field(default_factory=dict)
    alarms: dict[Key, Alarm] = Field(default_factory=dict, description="What is wrong now, the oldest first.")
    cleared: dict[Key, Alarm] = Field(default_factory=dict, description="What was wrong; 20 at most, newest first.")


class Shown(Document):
    """What the pages share: a pure function of the state files."""

    version: int = Field(description="Microsecond of the newest change; a hint of order, also the SSE id.")
    etag: str = Field("", description="The weak ETag of this content, so that a pushed bundle can be compared too.")
    as_of: AwareDatetime | None = Field(None, description="Newest market time in it; absent on an empty desk.")
    mode: Mode | None = None
    run: Name | None = None
    clock: ClockState | None = None
    sessions: dict[Key, Session] = Field(default_factory=dict)
    errors: dict[Key, Problem] = Field(default_factory=dict, description="By section, e.g. `intraday.orb_ny`.")
    asked: Asked = Field(default_factory=Asked, description="What is asked of all bots and of the replay.")
    machines: dict[Name, MachineLine] | None = Field(
        None, description="Absent where the desk shows its own folder alone; its own bots are in none of them."
    )


class BotsPageBundle(Shown):
    """All that the Bots page shows."""

    totals: dict[str, Total] = Field(default_factory=dict, description="By currency.")
    swing: SwingSection = Field(default_factory=SwingSection)
    intraday: IntradaySection = Field(default_factory=IntradaySection)
    watch: Watched | None = Field(None, description="Absent where neither `aion up` nor `aion watch` runs.")


NOT_IN_ROW = frozenset(
    {
        "positions", "fills", "trades", "signals", "targets", "open_orders", "rules", "preview", "equity_curve",
        "hold_curve", "more",
    }
)  # fmt: skip
"""What the card of a bot has and its row lacks: lists and curves."""
ROW_SYMBOLS = 12  # of each bot: a page filters by them


class LastFill(
    Document,
    showing=(Fill,),
    without=frozenset(Fill.model_fields) - {"ts", "symbol", "side", "quantity", "price"},
):
    """A bot's newest fill, in short."""

    id: Key = Field(description="Its key in `fills`.")


class BotRow(Document, showing=(BotView,), without=NOT_IN_ROW):
    """One bot in the index: its `BotView` without lists and curves."""

    symbols: list[Key] = Field(
        default_factory=list, description=f"The first {ROW_SYMBOLS}; `symbols_total` counts all."
    )
    last_fill: LastFill | None = Field(None, description="Absent where it has no fills.")
    errors: dict[Key, Problem] = Field(default_factory=dict, description="What is wrong with its files, by section.")


class UnreadBot(Document):
    """A bot of which nothing can be shown."""

    errors: dict[Key, Problem] = Field(default_factory=dict, description="Why, by section.")


class BotsTotals(Shown):
    """What the index says above its rows: totals, sessions, problems that are no bot's."""

    totals: dict[str, IndexTotal] = Field(default_factory=dict, description="By currency.")
    totals_apart: dict[Mode, dict[str, IndexTotal]] | None = Field(
        None,
        description="Of live or paper bots beside a desk of another mode, by mode and currency.",
    )
    summary: IntradaySummary | None = None
    watch: Watched | None = Field(None, description="Absent where neither `aion up` nor `aion watch` runs.")
    unread: dict[Key, UnreadBot] = Field(default_factory=dict, description="By kind and name, e.g. `swing/trend`.")
    counts: dict[BotKind, int] = Field(default_factory=dict, description="Bots that have a row, by kind.")


class BotsIndex(BotsTotals):
    """All bots of the desk in a row each, and their totals; a bot's card has the rest."""

    bots: dict[Key, BotRow] = Field(
        default_factory=dict, description="By kind and name, e.g. `swing/trend`; `bot/<it>` is the topic of its card."
    )


class BotRowAlone(Document):
    """One row of the index as it is pushed and answered by itself."""

    version: int = Field(description="Microsecond of the newest change; a hint of order, also the SSE id.")
    etag: str = Field("", description="The weak ETag of this content.")
    bot: BotRow | None = Field(None, description="Absent where nothing can be shown of the bot; `errors` says why.")
    errors: dict[Key, Problem] = Field(
        default_factory=dict, description="All that is wrong with its files, by section."
    )


class BotCard(Document):
    """One bot's card as it is pushed and answered by itself."""

    version: int = Field(description="Microsecond of the newest change; a hint of order, also the SSE id.")
    etag: str = Field("", description="The weak ETag of this content.")
    errors: dict[Key, Problem] = Field(
        default_factory=dict, description="What is wrong with its files, by section; its row in the index has all."
    )
    bot: BotView


class SymbolView(Document):
    """One symbol on the Intraday page."""

    exchange: str = ""
    currency: str = ""
    tick: float | None = Field(None, description="Least step of its price.")
    bar: dict[str, str | float] | None = Field(None, description="ts, open, high, low, close, volume.")
    features: dict[Key, Number] = Field(default_factory=dict)
    signal: Signal | None = None


class IntradaySnapshot(Shown):
    """All that the Intraday page shows."""

    cycle_id: str = ""
    machine: Name | None = Field(
        None, description="Whose cycle and symbols these are; absent for those of the desk's own folder."
    )
    symbols: dict[Key, SymbolView] = Field(default_factory=dict)
    bots: dict[BotId, BotView] = Field(default_factory=dict)


class DayList(Document):
    """Which days there are logs of."""

    days: dict[Day, list[Name]] = Field(default_factory=dict, description="Bots by market day, newest day first.")


class HorizonList(Document):
    """Which swing horizons there are logs of."""

    horizons: dict[Key, DayList] = Field(default_factory=dict, description="By horizon, e.g. `1w`.")


class IntradayDay(Document):
    """One market day of all intraday bots, without the bars (`/api/intraday/logs/<day>/<bot>` has them)."""

    day: Day
    bots: dict[Name, TradingDay] = Field(default_factory=dict)
    errors: dict[Key, Problem] = Field(default_factory=dict, description="By bot.")


class SwingDay(Document):
    """One market day of all swing bots of a horizon."""

    horizon: str
    day: Day
    bots: dict[Name, BotActivity] = Field(default_factory=dict)
    errors: dict[Key, Problem] = Field(default_factory=dict, description="By bot.")


class BotLine(Document):
    """One bot in a list: where its newest state is."""

    file: str
    day: Day | None = Field(None, description="Newest market day, of an intraday bot.")


class BotList(Document):
    """All bots of a kind that have a state file, readable or not."""

    bots: dict[BotId, BotLine] = Field(default_factory=dict)


class BotPart(Document):
    """The whole of what a bundle cut short; only the part that was asked for is there."""

    bot: Name
    kind: BotKind
    file: str
    as_of: AwareDatetime
    currency: str
    decimals: Decimals | None = Field(None, description="Of its money; absent where it has the usual.")
    positions: dict[Key, Position] | None = None
    fills: dict[Key, Fill] | None = None
    trades: dict[Key, Trade] | None = None
    signals: dict[Key, Signal] | None = None
    targets: dict[Key, Target] | None = None
    open_orders: dict[Key, Order] | None = None
    rules: dict[Key, Number | bool | str] | None = None
    symbols: list[Key] | None = None
    equity_curve: Curve | None = None
    hold_curve: Curve | None = None
