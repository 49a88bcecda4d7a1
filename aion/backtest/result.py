"""The result of a backtest, read again from its ledger: curves, trades, costs, figures, and holding beside them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aion import performance
from aion.bot.account import ADJUSTED, HINDSIGHT, BotAccount
from aion.bot.exit_orders import listed
from aion.clock import iso
from aion.config import BotSettings, Risk
from aion.engine.backtest import Exposure, Run
from aion.ledger.query import LedgerReader
from aion.market.exchange import ALWAYS
from aion.model import ZERO, EquityPoint, Fill, Trade
from aion.trading.events import NIGHTS

YEAR_S = 365.25 * 86_400
LEAST_YEARS = 1.0  # GIPS Standards 2020: returns of less than a year are not annualised


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one equity curve; ratios are fractions, None where they would say nothing."""

    total_return: float | None
    annual_growth: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    max_drawdown: float
    longest_drawdown_s: float
    calmar_ratio: float | None
    best_day: float | None
    worst_day: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """Gross to net, money: gross - fees - slippage - borrow + funding = net, to the cent."""

    gross: Decimal
    fees: dict[str, Decimal]
    """Each by name."""
    slippage: Decimal
    borrow: Decimal
    """Charged for nights: borrow fees of shorts, financing of longs."""
    net: Decimal
    traded_value: Decimal
    """Sum of price x quantity over all fills."""
    funding: Decimal = ZERO
    """Of perpetuals: received above 0, paid below 0."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one bot did."""

    name: str
    settings: BotSettings
    rule: str
    state: str
    state_reason: str
    notes: tuple[str, ...]
    """What the reader must know about prices, names and limits of the desk."""
    first: datetime
    last: datetime
    start: Decimal
    end: Decimal
    """Equity at the last mark."""
    hold_name: str
    curve: list[EquityPoint]
    """All marks."""
    days: list[EquityPoint]
    """The last mark of each session."""
    fills: list[Fill]
    trades: list[Trade]
    costs: Costs
    figures: Figures
    hold: Figures
    """Of buying and holding the same names without costs."""
    beta: float | None
    exposure: float
    """Mean of the absolute market values over equity, mark by mark."""
    time_held: float
    """Part of the marks at which something was held."""
    turnover: float | None
    """Of the whole span."""
    win_rate: float | None
    profit_factor: float | None
    payoff_ratio: float | None
    expectancy: float | None
    refusals: dict[str, int]
    """Decisions that were refused, by reason."""
    closed_at_end: tuple[str, ...]
    """Symbols that were held at the end and closed at the last close."""
    months: dict[str, tuple[float, float | None]]
    """By `2022-05`: return of the bot and of holding, fractions."""


def read_results(run: Run, ledger: LedgerReader) -> list[Result]:
    """Return the result of each bot of `run` that saw a bar, in the order of the plan."""
    return [
        _result(bot, run.exposures[name], ledger, _said(run.plan.risk), run.closed.get(name, ()))
        for name, bot in run.bots.items()
        if bot.cycle_id and ledger.equity(name)
    ]


def _said(risk: Risk) -> str:
    """Return the limits of the desk that are set, for people; empty when none is."""
    limits = ", ".join(f"{name} {value}" for name, value in risk.model_dump().items() if value)
    return f"Limits of the desk over all bots together: {limits}." if limits else ""


def _result(
    bot: BotAccount, exposure: Exposure, ledger: LedgerReader, limits: str, closed: tuple[str, ...]
) -> Result:
    settings = bot.settings
    curve = ledger.equity(bot.name)
    changes = ledger.changes(bot.name)
    days = _last_of_each_day(curve)
    start = bot.portfolio.start_cash
    year = 365 if settings.exchange == ALWAYS else performance.TRADING_DAYS
    opened = EquityPoint(bot.started_at, start, start)
    values, holds = ([float(getattr(point, name)) for point in (opened, *days)] for name in ("equity", "hold"))
    realized = [float(trade.realized_pnl) for trade in changes.trades]
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for fill in changes.fills:
        for name, fee in fill.fees.items():
            fees[name] += fee
    borrow = -sum((each.amount for each in changes.movements if each.kind in NIGHTS), ZERO)
    slippage = sum((fill.slippage for fill in changes.fills), ZERO)
    net = curve[-1].equity - start
    funding = sum((each.amount for each in changes.movements if each.kind == "funding"), ZERO)
    gross = net + sum(fees.values(), ZERO) + slippage + borrow - funding
    refusals: dict[str, int] = defaultdict(int)
    for decision in changes.decisions:
        if decision.action == "refused":
            refusals[decision.reason.partition("; signal: ")[0]] += 1
    average = sum(float(point.equity) for point in curve) / len(curve)
    traded = sum((abs(fill.value) for fill in changes.fills), ZERO)
    own = _figures(curve, "equity", values, year)
    held = _figures(curve, "hold", holds, year)
    notes: tuple[str, ...] = (HINDSIGHT, ADJUSTED) if bot.price_basis == "adjusted" else ()
    for symbol in sorted(bot.broker.corporate.unmarked):
        why = bot.broker.corporate.why(symbol)
        notes = (
            *notes,
            f"{why}. Since then {symbol} is not traded, and its prices do not count, for holding too.",
        )
    if unknown := bot.broker.funding.caveat():
        notes = (*notes, unknown)
    if limits:
        notes = (*notes, limits)
    if closed:
        notes = (*notes, f"What was held at the end was closed at the last close, costs included: {listed(closed)}.")
    own_returns, hold_returns = performance.period_returns(values), performance.period_returns(holds)
    return Result(
        name=bot.name,
        settings=settings,
        rule=bot.strategy.rule,
        state=bot.state,
        state_reason=bot.standing.reason,
        notes=notes,
        first=curve[0].ts,
        last=curve[-1].ts,
        start=start,
        end=curve[-1].equity,
        hold_name=bot.hold.name,
        curve=curve,
        days=days,
        fills=changes.fills,
        trades=changes.trades,
        costs=Costs(gross, dict(fees), slippage, borrow, net, bot.portfolio.unit.round(traded), funding),
        figures=own,
        hold=held,
        beta=performance.beta(own_returns, hold_returns) if _is_enough(own_returns, hold_returns) else None,
        exposure=exposure.total / exposure.marks if exposure.marks else 0.0,
        time_held=exposure.held / exposure.marks if exposure.marks else 0.0,
        turnover=performance.turnover(float(traded), average),
        win_rate=performance.win_rate(realized),
        profit_factor=performance.profit_factor(realized),
        payoff_ratio=performance.payoff_ratio(realized),
        expectancy=performance.expectancy(realized),
        refusals=dict(sorted(refusals.items(), key=lambda item: -item[1])),
        closed_at_end=closed,
        months=_months(opened, days),
    )


def _is_enough(own: list[float], held: list[float]) -> bool:
    return performance.MIN_RETURNS <= len(own) == len(held)


def _last_of_each_day(curve: list[EquityPoint]) -> list[EquityPoint]:
    # sessions of the known exchanges begin and end on one UTC day
    found: dict[date, EquityPoint] = {}
    for point in curve:
        found[point.ts.date()] = point
    return list(found.values())


def _figures(curve: list[EquityPoint], name: str, values: list[float], year: int) -> Figures:
    """Return the figures of one of the two curves.

    Args:
        curve: all marks, for drawdowns.
        name: `equity` or `hold`.
        values: start money and the last value of each session, for returns.
        year: sessions a year.
    """
    points = [(point.ts, float(getattr(point, name))) for point in curve]
    returns = performance.period_returns(values)
    ratios = returns if len(returns) >= performance.MIN_RETURNS else []
    years = (points[-1][0] - points[0][0]).total_seconds() / YEAR_S
    growth = performance.annual_growth(values[0], values[-1], years) if years >= LEAST_YEARS else None
    deepest = performance.max_drawdown([values[0], *(value for _, value in points)])
    return Figures(
        total_return=performance.total_return(values[0], values[-1]),
        annual_growth=growth,
        volatility=performance.volatility(ratios, year),
        sharpe_ratio=performance.sharpe_ratio(ratios, year),
        sortino_ratio=performance.sortino_ratio(ratios, year),
        max_drawdown=deepest,
        longest_drawdown_s=performance.longest_drawdown_s(points),
        calmar_ratio=performance.calmar_ratio(growth, deepest),
        best_day=max(returns, default=None),
        worst_day=min(returns, default=None),
    )


def _months(opened: EquityPoint, days: list[EquityPoint]) -> dict[str, tuple[float, float | None]]:
    last: dict[str, EquityPoint] = {point.ts.strftime("%Y-%m"): point for point in days}
    found: dict[str, tuple[float, float | None]] = {}
    before = opened
    for month, point in last.items():
        own = performance.total_return(float(before.equity), float(point.equity))
        held = performance.total_return(float(before.hold or 0), float(point.hold or 0))
        found[month] = (own if own is not None else 0.0, held)
        before = point
    return found


def result_json(result: Result) -> dict[str, Any]:
    """Return the figures of a result as JSON types: money as text, ratios as fractions, what is absent left out."""
    settings = result.settings
    value: dict[str, Any] = {
        "bot": result.name,
        "strategy": settings.strategy,
        "rule": result.rule,
        "parameters": dict(settings.parameters),
        "rules": {name: str(each) for name, each in settings.rules.model_dump().items()},
        "symbols": list(settings.symbols),
        "exchange": settings.exchange,
        "currency": settings.currency,
        "cost": settings.cost,
        "sizing": settings.sizing,
        "state": result.state,
        "state_reason": result.state_reason,
        "notes": list(result.notes),
        "first": iso(result.first),
        "last": iso(result.last),
        "sessions": len(result.days),
        "start_equity": str(result.start),
        "equity": str(result.end),
        "fills": len(result.fills),
        "closed_trades": len(result.trades),
        "closed_at_end": list(result.closed_at_end),
        "gross": str(result.costs.gross),
        "fees": {name: str(fee) for name, fee in sorted(result.costs.fees.items())},
        "slippage": str(result.costs.slippage),
        "borrow": str(result.costs.borrow),
        "funding": str(result.costs.funding),
        "net": str(result.costs.net),
        "traded_value": str(result.costs.traded_value),
        "exposure": result.exposure,
        "time_held": result.time_held,
        "turnover": result.turnover,
        "win_rate": result.win_rate,
        "profit_factor": result.profit_factor,
        "payoff_ratio": result.payoff_ratio,
        "expectancy": result.expectancy,
        "beta": result.beta,
        "refusals": result.refusals,
        "figures": _without_none(result.figures),
        "hold": _without_none(result.hold),
        "months": {
            month: {"bot": own, **({"hold": held} if held is not None else {})}
            for month, (own, held) in result.months.items()
        },
    }
    return {name: each for name, each in value.items() if each is not None}


def _without_none(figures: Figures) -> dict[str, float]:
    found = {name: getattr(figures, name) for name in Figures.__dataclass_fields__}
    return {name: value for name, value in found.items() if value is not None}
