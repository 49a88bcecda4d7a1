"""What a bot's kept days and closed trades say of it: ratios, when it wins, how long it holds, why it closes.

A ratio needs `aion.performance.MIN_RETURNS` returns or `MIN_TRADES` trades; below that the count stands alone.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import ceil, floor, log10
from statistics import median
from zoneinfo import ZoneInfo

from pydantic import Field

from aion import performance
from aion.errors import ConfigError
from aion.scalar import BotKind, Day, Decimals, Fraction, Key, Money, Name, Number, Text
from aion.store.document.base import Document, made
from aion.store.document.part import Flow, Trade
from aion.web.bundle.exact import total
from aion.web.history import Closed

MOST_GROUPS = 20  # of reasons and symbols; the rest are one
MOST_BINS = 20
REST = "others"
DURATIONS: tuple[tuple[str, float], ...] = (
    ("under 1 min", 60), ("1 to 5 min", 300), ("5 to 15 min", 900), ("15 to 60 min", 3600), ("1 to 4 h", 14_400),
    ("4 to 24 h", 86_400), ("1 to 7 days", 604_800), ("1 to 4 weeks", 2_419_200), ("over 4 weeks", float("inf")),
)  # fmt: skip
"""Name and end, seconds, of each class of durations."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ALL_YEAR = 365
"""Periods of a year for a bot that also has results of a Saturday or Sunday."""
_NUMBER = re.compile(r"[-+\u2212]?\d[\d.,:'\u2019]*")


class Group(Document):
    """Closed trades that have something in common."""

    trades: int
    wins: int = Field(description="With a result above 0.")
    net: Money


class Bin(Document):
    """Closed trades whose results lie from `low` up to `high`, which is not of it."""

    low: Money
    high: Money
    trades: int


class DayReturn(Document):
    """The return of one day."""

    day: Day
    value: Fraction


class Ratios(Document):
    """Figures of daily returns, time-weighted over deposits and withdrawals."""

    returns: int = Field(description="Days whose result is known as a return of the day before.")
    periods_a_year: int = Field(description="252, or 365 for a bot that trades at weekends.")
    total_return: Fraction | None = Field(None, description="Over the span.")
    annual_growth: Fraction | None = Field(None, description="Compound growth a year; absent below half a year.")
    volatility: Fraction | None = Field(None, description="A year.")
    sharpe: Number | None = None
    sortino: Number | None = None
    calmar: Number | None = None
    max_drawdown: Fraction | None = Field(None, ge=0, description="Largest fall between two closes.")
    longest_drawdown_days: int | None = Field(None, description="Calendar days below a peak.")
    up_days: int = 0
    best: DayReturn | None = None
    worst: DayReturn | None = None


class TradeFigures(Document):
    """Figures of closed trades; money after all costs."""

    trades: int
    wins: int = 0
    losses: int = 0
    net: Money = 0
    fees: Money = 0
    win_rate: Fraction | None = None
    expectancy: Money | None = Field(None, description="Mean result of a trade.")
    payoff_ratio: Number | None = Field(None, description="Mean win / mean loss.")
    profit_factor: Number | None = Field(None, description="Sum of wins / sum of losses.")
    largest_win: Money | None = None
    largest_loss: Money | None = None
    longest_losing: int = Field(0, description="Most losses one after the other.")
    median_duration_s: Number | None = None


class Analysis(Document):
    """What the kept days and closed trades of one bot come to."""

    bot: Name
    kind: BotKind
    currency: str = ""
    decimals: Decimals | None = None
    zone: str = Field(description="Of `hours` and `weekdays`.")
    days: int = Field(0, description="That were looked at.")
    total_days: int = Field(0, description="That are kept.")
    first: Day | None = None
    last: Day | None = Field(None, description="It may not have ended yet.")
    ratios: Ratios
    window: int = Field(description="Returns in each value of `rolling_sharpe`.")
    rolling_sharpe: dict[Day, Number] = Field(default_factory=dict, description="By last day of the window.")
    trades: TradeFigures
    results: list[Bin] = Field(default_factory=list, description="In order; no trade lies outside.")
    durations: dict[Key, Group] = Field(default_factory=dict, description="From opening to closing, shortest first.")
    hours: dict[Key, Group] = Field(default_factory=dict, description="Hour of opening, `00` to `23`.")
    weekdays: dict[Key, Group] = Field(default_factory=dict, description="Of opening, Monday first.")
    reasons: dict[Key, Group] = Field(
        default_factory=dict, description="Why they were closed, numbers left out; most trades first."
    )
    symbols: dict[Key, Group] = Field(default_factory=dict, description="Most trades first.")
    sides: dict[Key, Group] = Field(default_factory=dict, description="`buy` opened long, `sell` short.")
    errors: dict[Day, Text] = Field(default_factory=dict, description="Days whose file cannot be read, or in part.")


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"zone {name[:64]!r} is not known: use a name such as Europe/London or UTC") from None


def ratios(equity: Mapping[str, float | None], flows: Iterable[Flow], window: int) -> tuple[Ratios, dict[str, float]]:
    """Return the figures of daily closes, and the Sharpe ratio over each `window` of them by its last day.

    Args:
        equity: at each day's close, oldest first; None where it is not known. The return over such a day counts for
            the total, and is no day's.
        flows: deposits and withdrawals.
        window: returns in a rolling ratio.
    """
    known = [(day, value) for day, value in equity.items() if value is not None]
    paid: dict[str, float] = {}
    for flow in flows:
        day = str(flow.ts.date())
        paid[day] = paid.get(day, 0.0) + flow.amount
    order = {day: number for number, day in enumerate(equity)}
    curve = [(_noon(day), value) for day, value in known]
    index = performance.growth_index(curve, [(_noon(day), value) for day, value in paid.items()])
    year = ALL_YEAR if any(date.fromisoformat(day).weekday() > 4 for day in equity) else performance.TRADING_DAYS
    if index is None or len(index) < 2:
        return made(Ratios)(returns=0, periods_a_year=year), {}
    days: list[str] = []
    returns: list[float] = []
    for (before, day), (a, b) in zip(pairwise(day for day, _ in known), pairwise(index), strict=True):
        if order[day] == order[before] + 1 and a > 0:
            days.append(day)
            returns.append(round(b / a - 1, 12))  # a quotient of products: a day without a result is one
    levels = [(ts, level) for (ts, _), level in zip(curve, index, strict=True)]
    span_s = (curve[-1][0] - curve[0][0]).total_seconds()
    found = made(Ratios)(
        returns=len(returns),
        periods_a_year=year,
        total_return=_rounded(index[-1] - 1),
        max_drawdown=_rounded(performance.max_drawdown(index)),
        longest_drawdown_days=round(performance.longest_drawdown_s(levels) / 86_400),
        up_days=performance.wins(returns),
    )
    if returns:
        best, worst = max(returns), min(returns)
        found.best = made(DayReturn)(day=days[returns.index(best)], value=round(best, 8))
        found.worst = made(DayReturn)(day=days[returns.index(worst)], value=round(worst, 8))
    if len(returns) < performance.MIN_RETURNS:
        return found, {}
    found.volatility = _rounded(performance.volatility(returns, year))
    found.sharpe = _rounded(performance.sharpe_ratio(returns, year))
    found.sortino = _rounded(performance.sortino_ratio(returns, year))
    if span_s >= timedelta(days=ALL_YEAR / 2).total_seconds():
        growth = performance.annual_growth(1.0, index[-1], span_s / timedelta(days=365.25).total_seconds())
        found.annual_growth = _rounded(growth)
        found.calmar = _rounded(performance.calmar_ratio(growth, performance.max_drawdown(index)))
    rolling: dict[str, float] = {}
    for end in range(window, len(returns) + 1):
        value = _rounded(performance.sharpe_ratio(returns[end - window : end], year))
        if value is not None:
            rolling[days[end - 1]] = value
    return found, rolling


def trade_figures(trades: Sequence[Trade]) -> TradeFigures:
    """Return the figures of closed trades in order of their closing."""
    results = [trade.realized_pnl for trade in trades]
    longest = run = 0
    for result in results:
        run = run + 1 if result < 0 else 0
        longest = max(longest, run)
    spans = [_duration_s(trade) for trade in trades]
    return made(TradeFigures)(
        trades=len(trades),
        wins=performance.wins(results),
        losses=sum(result < 0 for result in results),
        net=total(results),
        fees=total(trade.fees for trade in trades),
        win_rate=_rounded(performance.win_rate(results)),
        expectancy=performance.expectancy(results),
        payoff_ratio=_rounded(performance.payoff_ratio(results)),
        profit_factor=_rounded(performance.profit_factor(results)),
        largest_win=max((result for result in results if result > 0), default=None),
        largest_loss=min((result for result in results if result < 0), default=None),
        longest_losing=longest,
        median_duration_s=median(spans) if spans else None,
    )


def bins(results: Sequence[float]) -> list[Bin]:
    """Return how results are distributed, in at most `MOST_BINS` classes of one round width; 0 begins one."""
    if not results:
        return []
    low, high = min(results), max(results)
    width = _round_width((high - low or abs(high) or 1.0) / (MOST_BINS - 2))
    first, last = floor(low / width), floor(high / width)
    counts = Counter(min(max(floor(result / width), first), last) for result in results)
    return [
        made(Bin)(low=_edge(number, width), high=_edge(number + 1, width), trades=counts[number])
        for number in range(first, last + 1)
    ]


def groups(
    trades: Iterable[Trade], key: Callable[[Trade], str], names: Sequence[str] = (), most: int = 0
) -> dict[str, Group]:
    """Return the trades of each key.

    Args:
        trades: closed ones.
        key: what they may have in common.
        names: order of the keys, which are left out where no trade has them; most trades first where it is empty.
        most: keys at most, the others together as `REST`; 0 for all.
    """
    found: dict[str, list[float]] = {}
    for trade in trades:
        found.setdefault(key(trade), []).append(trade.realized_pnl)
    if names:
        ordered = {name: found[name] for name in names if name in found}
    else:
        ordered = dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))
    if most and len(ordered) > most:
        keys = list(ordered)
        rest = [result for name in keys[most - 1 :] for result in ordered.pop(name)]
        ordered[REST] = ordered.get(REST, []) + rest
    return {
        name: made(Group)(trades=len(results), wins=performance.wins(results), net=total(results))
        for name, results in ordered.items()
    }


def analyse(closed: Closed, window: int, zone: ZoneInfo) -> Analysis:
    """Return what a bot's closes and closed trades come to.

    Args:
        closed: what is kept of it.
        window: returns in a rolling ratio.
        zone: of hours and weekdays.
    """
    state, trades, equity = closed.state, list(closed.trades.values()), closed.equity
    found, rolling = ratios(equity, state.flows.values() if state is not None else (), window)
    hours = [f"{hour:02}" for hour in range(24)]
    return made(Analysis)(
        bot=closed.bot,
        kind=closed.kind,
        currency=state.currency if state is not None else "",
        decimals=state.decimals if state is not None else None,
        zone=zone.key,
        days=len(equity),
        total_days=closed.total,
        first=min(equity, default=None),
        last=max(equity, default=None),
        ratios=found,
        window=window,
        rolling_sharpe=rolling,
        trades=trade_figures(trades),
        results=bins([trade.realized_pnl for trade in trades]),
        durations=groups(trades, duration_class, [name for name, _ in DURATIONS]),
        hours=groups(trades, lambda trade: f"{trade.opened_at.astimezone(zone).hour:02}", hours),
        weekdays=groups(trades, lambda trade: WEEKDAYS[trade.opened_at.astimezone(zone).weekday()], WEEKDAYS),
        reasons=groups(trades, lambda trade: reason_of(trade.reason), most=MOST_GROUPS),
        symbols=groups(trades, lambda trade: trade.symbol, most=MOST_GROUPS),
        sides=groups(trades, lambda trade: trade.side, ("buy", "sell")),
        errors=closed.errors,
    )


def reason_of(text: str) -> str:
    """Return a reason without its numbers: `stop at 101.50` and `stop at 99.20` are one; `no reason` for none."""
    return " ".join(_NUMBER.sub("…", text).split())[:120] or "no reason"


def _duration_s(trade: Trade) -> float:
    return max(0.0, (trade.ts - trade.opened_at).total_seconds())


def duration_class(trade: Trade) -> str:
    """Return the name in `DURATIONS` of how long a trade was open."""
    span_s = _duration_s(trade)
    return next(name for name, end_s in DURATIONS if span_s < end_s)


def _round_width(least: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next((step * power for step in (1, 2, 5) if step * power >= least * (1 - 1e-12)), 10 * power)


def _edge(number: int, width: float) -> float:
    return round(number * width, max(0, ceil(-log10(width)) + 1))


def _noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), UTC)


def _rounded(value: float | None) -> float | None:
    return round(value, 8) if value is not None else None
