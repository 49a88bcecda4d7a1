"""What choosing the best of many backtests is worth: deflated Sharpe ratio and walk-forward test. Pure functions.

Whoever tries many parameters finds a good result by luck. The deflated Sharpe ratio asks whether the best is better
than luck alone would give; the walk-forward test asks what the choice would have earned afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import e, prod, sqrt
from statistics import NormalDist, fmean, variance

from aion.performance import MIN_RETURNS

EULER = 0.5772156649015329  # Euler-Mascheroni constant
FOLDS = 5
ENOUGH = 0.95  # deflated Sharpe ratio from which a result is called better than luck, as the source does
_NORMAL = NormalDist()


def sharpe(returns: Sequence[float]) -> float | None:
    """Return mean over sample standard deviation of `returns`, a period, not annualised; None if undefined."""
    if len(returns) < 2:
        return None
    spread = variance(returns)
    return fmean(returns) / sqrt(spread) if spread > 0 else None


def luckiest_sharpe(ratios: Sequence[float]) -> float:
    """Return the Sharpe ratio that the best of as many trials without any skill is expected to have, a period.

    Args:
        ratios: of all trials, a period, not annualised.

    Source: Bailey and Lopez de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40(5), 2014.
    """
    count = len(ratios)
    if count < 2:
        return 0.0
    high, higher = _NORMAL.inv_cdf(1 - 1 / count), _NORMAL.inv_cdf(1 - 1 / (count * e))
    return sqrt(variance(ratios)) * ((1 - EULER) * high + EULER * higher)


def probabilistic_sharpe(
    ratio: float, benchmark: float, count: int, skewness: float, kurtosis: float
) -> float | None:
    """Return the probability that the true Sharpe ratio is above `benchmark`; None where it is undefined.

    Args:
        ratio: measured, a period.
        benchmark: to be beaten, a period.
        count: returns that `ratio` was measured on.
        skewness: of these returns, 0 for normal ones.
        kurtosis: of these returns, 3 for normal ones.

    Source: Bailey and Lopez de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15(2), 2012.
    """
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2
    if count < 2 or spread <= 0:
        return None
    return _NORMAL.cdf((ratio - benchmark) * sqrt(count - 1) / sqrt(spread))


def moments(returns: Sequence[float]) -> tuple[float, float]:
    """Return skewness and kurtosis (not excess) of `returns`, which are not all equal."""
    mean = fmean(returns)
    second, third, fourth = (fmean([(each - mean) ** power for each in returns]) for power in (2, 3, 4))
    return third / second**1.5, fourth / second**2


def deflated_sharpe(best: Sequence[float], ratios: Sequence[float]) -> float | None:
    """Return the probability that the best trial is better than the best of as many trials by luck.

    It takes the trials for independent. Those of neighbouring parameters are not, so the truth is a little better.

    Args:
        best: returns of the trial with the highest Sharpe ratio.
        ratios: Sharpe ratios of all trials, a period, not annualised.

    Returns:
        0..1; None below `MIN_RETURNS` returns, with less than two trials, or if it is undefined.

    Source: as `luckiest_sharpe`.
    """
    ratio = sharpe(best)
    if ratio is None or len(best) < MIN_RETURNS or len(ratios) < 2:
        return None
    return probabilistic_sharpe(ratio, luckiest_sharpe(ratios), len(best), *moments(best))


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of a walk-forward test."""

    chosen: int
    """Index of the trial with the highest Sharpe ratio on all sessions before."""
    first: int
    """Index of its first session."""
    last: int
    """Index after its last session."""
    before: float
    """Sharpe ratio of the chosen trial on the sessions before, a period."""
    after: float | None
    """Its Sharpe ratio on the sessions of the fold; None if undefined."""
    growth: float
    """Its return on the sessions of the fold, a fraction."""


def walk_forward(trials: Sequence[Sequence[float]], folds: int = FOLDS) -> list[Fold]:
    """Return what choosing by the past would have earned, step by step.

    The sessions are divided into `folds` + 1 equal parts. For each part but the first, the trial with the highest
    Sharpe ratio on all sessions before the part is chosen, and measured on the part.

    Args:
        trials: returns of each trial, all of the same sessions.
        folds: parts that are measured.

    Returns:
        The folds in order of time; empty when a part would have fewer than `MIN_RETURNS` sessions.
    """
    length = min(map(len, trials), default=0)
    size = length // (folds + 1)
    if size < MIN_RETURNS:
        return []
    found = []
    for number in range(1, folds + 1):
        first = length - (folds + 1 - number) * size
        ratios = [
            (ratio, index) for index, trial in enumerate(trials) if (ratio := sharpe(trial[:first])) is not None
        ]
        if not ratios:
            return []
        before, chosen = max(ratios, key=lambda each: (each[0], -each[1]))
        part = trials[chosen][first : first + size]
        found.append(Fold(chosen, first, first + size, before, sharpe(part), prod(1 + each for each in part) - 1))
    return found
