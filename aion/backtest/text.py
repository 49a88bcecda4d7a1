"""Figures in words for people: the same in the terminal and in the report."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from aion import performance
from aion.backtest.result import Figures, Result
from aion.config import BotSettings

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
DAY_S = 86_400


def money(amount: Decimal, account: BotSettings, *, is_change: bool = False, is_named: bool = False) -> str:
    """Return money with the decimals of its account, and its currency: `99,008.00 USD`; a change has its sign."""
    text = f"{abs(amount):,.{account.decimals}f}"
    sign = MINUS if amount < 0 else "+" if is_change and amount > 0 else ""
    return f"{sign}{text}{SPACE}{account.currency}" if is_named else f"{sign}{text}"


def digits(value: Decimal) -> str:
    """Return a price or a quantity with all its digits and separators: `1,234.5`, `0.00000412`."""
    whole, _, rest = f"{value:,f}".partition(".")
    return f"{whole}.{rest}" if (rest := rest.rstrip("0")) else whole


def percent(value: float | None, *, is_change: bool = False, decimals: int = 2) -> str:
    """Return a fraction in per cent, empty for None; a change has its sign."""
    if value is None:
        return ""
    rounded = round(value * 100, decimals)
    sign = MINUS if rounded < 0 else "+" if is_change and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{decimals}f}{SPACE}%"


def number(value: float | None, decimals: int = 2) -> str:
    """Return a plain number, empty for None."""
    if value is None:
        return ""
    rounded = round(value, decimals)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):,.{decimals}f}"


def day(ts: datetime) -> str:
    """Return the UTC day of a time."""
    return ts.date().isoformat()


def span(seconds: float) -> str:
    """Return a span: `35 min`, `5 h`, `12 d`."""
    if seconds <= 0:
        return "none"
    for size, name in ((DAY_S, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or name == "min":
            return f"{seconds / size:,.0f}{SPACE}{name}"
    return ""


def rows(result: Result) -> Iterator[tuple[str, str, str]]:
    """Yield label, figure of the bot and figure of holding; a figure that would say nothing gives its sample."""
    own, held = result.figures, result.hold
    account = result.settings
    sessions = f"n = {len(result.days)}"
    yield (
        "Equity at the end",
        money(result.end, account, is_named=True),
        money(result.days[-1].hold or Decimal(0), account, is_named=True),
    )
    for label, name in _RETURNS:
        both = [percent(getattr(each, name), is_change=True) for each in (own, held)]
        if any(both):
            yield label, both[0], both[1]
    yield "Volatility, a year", *_ratio(own, held, "volatility", sessions, is_percent=True)
    yield "Sharpe ratio", *_ratio(own, held, "sharpe_ratio", sessions)
    yield "Sortino ratio", *_ratio(own, held, "sortino_ratio", sessions)
    yield "Largest drawdown", percent(own.max_drawdown), percent(held.max_drawdown)
    yield "Longest drawdown", span(own.longest_drawdown_s), span(held.longest_drawdown_s)
    if own.calmar_ratio is not None or held.calmar_ratio is not None:
        yield "Calmar ratio", number(own.calmar_ratio), number(held.calmar_ratio)
    if result.beta is not None:
        yield "Beta to holding", number(result.beta), "1.00"
    yield "Exposure, mean", percent(result.exposure), "100.00" + SPACE + "%"
    yield "Time with a position", percent(result.time_held), "100.00" + SPACE + "%"
    yield "Turnover, whole span", number(result.turnover), ""
    closed = len(result.trades)
    sample = f"n = {closed}"
    yield "Closed trades", f"{closed:,}", ""
    enough = closed >= performance.MIN_TRADES
    won = f"{performance.wins([float(each.realized_pnl) for each in result.trades])} of {closed} won, small sample"
    yield "Win rate", percent(result.win_rate) if enough else won if closed else sample, ""
    yield "Profit factor", number(result.profit_factor) if enough else sample, ""
    yield "Mean win / mean loss", number(result.payoff_ratio) if enough else sample, ""
    expected = (
        ""
        if result.expectancy is None
        else money(Decimal(repr(result.expectancy)), account, is_change=True, is_named=True)
    )
    yield "Mean result a trade", expected if enough else sample, ""
    yield "Gross", money(result.costs.gross, account, is_change=True, is_named=True), ""
    yield (
        "Fees",
        money(-sum(result.costs.fees.values(), Decimal(0)), account, is_change=True, is_named=True),
        "0, left out",
    )
    yield "Slippage", money(-result.costs.slippage, account, is_change=True, is_named=True), "0, left out"
    if result.costs.borrow:
        yield "Borrow", money(-result.costs.borrow, account, is_change=True, is_named=True), "0, left out"
    if result.costs.funding:
        yield "Funding", money(result.costs.funding, account, is_change=True, is_named=True), "0, left out"
    yield "Net", money(result.costs.net, account, is_change=True, is_named=True), ""


_RETURNS = (
    ("Return", "total_return"),
    ("Growth a year", "annual_growth"),
    ("Best day", "best_day"),
    ("Worst day", "worst_day"),
)


def _ratio(own: Figures, held: Figures, name: str, sample: str, *, is_percent: bool = False) -> tuple[str, str]:
    values = [getattr(each, name) for each in (own, held)]
    if all(value is None for value in values):
        return sample, sample
    first, second = (percent(value) if is_percent else number(value) for value in values)
    return first, second
