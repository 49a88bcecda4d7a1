"""Figures of performance: pure functions, each with its source; shared by both halves.

Ratios of closed trades are None below `MIN_TRADES`, because on a handful of trades they say nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from math import sqrt
from operator import sub, truediv

MIN_TRADES = 30  # smallest sample for which a win rate's standard error is under 0.1
MIN_RETURNS = 30  # below it the standard error of a Sharpe ratio (about 1 / sqrt n a period) is the ratio itself
ROUNDING = 1e-14  # a return is a quotient of two doubles less 1: a spread below this is their rounding alone
TRADING_DAYS = 252  # sessions of a year on the large stock exchanges


def drawdown(equity: Sequence[float]) -> float:
    """Return the fall of the last value from the running peak, fraction 0..1; 0 for no values.

    Source: Magdon-Ismail and Atiya, "Maximum drawdown", Risk 17(10), 2004.
    """
    peak = max(equity, default=0.0)
    return (peak - equity[-1]) / peak if peak > 0 else 0.0


def peak_at(curve: Sequence[tuple[datetime, float]]) -> datetime | None:
    """Return the time of the highest equity of `curve`, the newest of equal ones; None for no points."""
    best: tuple[datetime, float] | None = None
    for point in curve:
        if best is None or point[1] >= best[1]:
            best = point
    return best[0] if best else None


def max_drawdown(equity: Iterable[float]) -> float:
    """Return the largest fall from a running peak, fraction 0..1.

    Source: as `drawdown`.
    """
    values = list(equity)
    peaks = list(accumulate(values, max))
    start = next((number for number, peak in enumerate(peaks) if peak > 0), len(peaks))
    values, peaks = values[start:], peaks[start:]
    return max(map(truediv, map(sub, peaks, values), peaks), default=0.0)


def exposure(market_values: Iterable[float], equity: float) -> float | None:
    """Return the sum of absolute market values over equity, fraction; None when equity is not above 0."""
    return sum(abs(value) for value in market_values) / equity if equity > 0 else None


def wins(realized: Sequence[float]) -> int:
    """Return the number of closed trades with a result above 0."""
    return sum(1 for result in realized if result > 0)


def win_rate(realized: Sequence[float]) -> float | None:
    """Return the fraction of closed trades with a result above 0; None below `MIN_TRADES` trades."""
    if len(realized) < MIN_TRADES:
        return None
    return wins(realized) / len(realized)


def profit_factor(realized: Sequence[float]) -> float | None:
    """Return gross wins over gross losses; None below `MIN_TRADES` trades or without a loss.

    Source: Vince, "Portfolio Management Formulas", 1990.
    """
    losses = -sum(result for result in realized if result < 0)
    if len(realized) < MIN_TRADES or losses == 0:
        return None
    return sum(result for result in realized if result > 0) / losses


def turnover(traded_value: float, average_equity: float) -> float | None:
    """Return half the traded value over average equity, fraction; None when equity is not above 0.

    Source: the one-sided convention of the SEC's Form N-1A, item 13.
    """
    return traded_value / 2 / average_equity if average_equity > 0 else None


def sharpe_ratio(returns: Sequence[float], periods_a_year: float) -> float | None:
    """Return mean over standard deviation of `returns`, annualised, without a risk-free rate; None if undefined.

    Source: Sharpe, "The Sharpe ratio", Journal of Portfolio Management 21(1), 1994.
    """
    if len(returns) < 2:
        return None
    mean = sum(returns) / len(returns)
    variance = sum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return mean / sqrt(variance) * sqrt(periods_a_year) if variance > ROUNDING**2 else None


def sortino_ratio(returns: Sequence[float], periods_a_year: float) -> float | None:
    """Return mean over downside deviation (target 0) of `returns`, annualised; None if undefined.

    Source: Sortino and van der Meer, "Downside risk", Journal of Portfolio Management 17(4), 1991.
    """
    if not returns:
        return None
    mean = sum(returns) / len(returns)
    downside = sum(min(0.0, each) ** 2 for each in returns) / len(returns)
    return mean / sqrt(downside) * sqrt(periods_a_year) if downside > ROUNDING**2 else None


def annual_growth(start: float, end: float, years: float) -> float | None:
    """Return the compound annual growth rate, fraction; None when it is undefined."""
    if start <= 0 or end <= 0 or years <= 0:
        return None
    return float((end / start) ** (1 / years) - 1)


def growth_index(
    curve: Sequence[tuple[datetime, float]], flows: Iterable[tuple[datetime, float]]
) -> list[float] | None:
    """Return what one unit of money became at each point of `curve`, whatever was paid in or out; None if undefined.

    The last value less 1 is the time-weighted return. A point holds the flows up to its own time; a flow between two
    points is counted at the later one, so that the result is exact where a point stands at each flow.

    Args:
        curve: time and equity, in order of time.
        flows: time and amount, deposits above 0, withdrawals below; those up to the first point are its start.

    Source: CFA Institute, "Global Investment Performance Standards", 2020, time-weighted return: values linked over
    the dates of external cash flows.
    """
    if not curve or curve[0][1] <= 0:
        return None
    waiting = sorted(flow for flow in flows if flow[0] > curve[0][0])
    index, at = [1.0], 0
    for (_, before), (ts, after) in pairwise(curve):
        paid = 0.0
        while at < len(waiting) and waiting[at][0] <= ts:
            paid += waiting[at][1]
            at += 1
        if before <= 0:
            return None
        index.append(index[-1] * (after - paid) / before)
    return index


def total_return(start: float, end: float) -> float | None:
    """Return the change from `start` to `end`, fraction of `start`; None when that is not above 0."""
    return end / start - 1 if start > 0 else None


def period_returns(values: Sequence[float]) -> list[float]:
    """Return the simple return from each value to the next; empty when a value is not above 0."""
    if any(value <= 0 for value in values):
        return []
    return [after / before - 1 for before, after in pairwise(values)]


def volatility(returns: Sequence[float], periods_a_year: float) -> float | None:
    """Return the sample standard deviation of `returns`, annualised by the square root of time; None below two.

    Source: Bodie, Kane and Marcus, "Investments", chapter 5 (scaling of independent returns).
    """
    if len(returns) < 2:
        return None
    mean = sum(returns) / len(returns)
    return sqrt(sum((each - mean) ** 2 for each in returns) / (len(returns) - 1) * periods_a_year)


def calmar_ratio(growth: float | None, deepest: float) -> float | None:
    """Return annual growth over the largest drawdown, both fractions; None when either is missing or 0.

    Source: Young, "Calmar ratio: a smoother tool", Futures 20(1), 1991. His span was 36 months; here it is the run's.
    """
    return growth / deepest if growth is not None and deepest > 0 else None


def longest_drawdown_s(curve: Sequence[tuple[datetime, float]]) -> float:
    """Return the longest time below a running peak, seconds; one that is not made good counts to the last point."""
    longest = 0.0
    peak_ts: datetime | None = None
    peak = 0.0
    is_below = False
    for ts, value in curve:
        if peak_ts is not None and (value < peak or is_below):
            longest = max(longest, (ts - peak_ts).total_seconds())
        is_below = value < peak
        if value >= peak:
            peak_ts, peak = ts, value
    return longest


def expectancy(realized: Sequence[float]) -> float | None:
    """Return the mean result of a closed trade, money; None below `MIN_TRADES` trades.

    Source: Tharp, "Trade Your Way to Financial Freedom", 1998.
    """
    return sum(realized) / len(realized) if len(realized) >= MIN_TRADES else None


def payoff_ratio(realized: Sequence[float]) -> float | None:
    """Return the mean win over the mean loss; None below `MIN_TRADES` trades or without a win or a loss.

    Source: Vince, "Portfolio Management Formulas", 1990.
    """
    wins = [result for result in realized if result > 0]
    losses = [-result for result in realized if result < 0]
    if len(realized) < MIN_TRADES or not wins or not losses:
        return None
    return (sum(wins) / len(wins)) / (sum(losses) / len(losses))


def beta(returns: Sequence[float], market: Sequence[float]) -> float | None:
    """Return the slope of `returns` on those of the market over the same periods; None if undefined.

    Source: Sharpe, "Capital asset prices", Journal of Finance 19(3), 1964; as covariance over variance.

    Raises:
        ValueError: the two are not of the same length.
    """
    pairs = list(zip(returns, market, strict=True))
    if len(pairs) < 2:
        return None
    mean, mean_market = sum(returns) / len(pairs), sum(market) / len(pairs)
    spread = sum((each - mean_market) ** 2 for each in market)
    return sum((a - mean) * (b - mean_market) for a, b in pairs) / spread if spread > 0 else None
