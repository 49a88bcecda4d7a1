"""What a sweep found: its trials in the order of one figure, and what the best of them is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from aion.backtest.plan import Parameter
from aion.clock import iso
from aion.config import BotSettings
from aion.engine.backtest import Plan
from aion.performance import MIN_RETURNS, sharpe_ratio
from aion.store.layout import Layout
from aion.sweep.grid import Axis, Grid
from aion.sweep.overfitting import ENOUGH, Fold, deflated_sharpe, luckiest_sharpe, sharpe, walk_forward
from aion.sweep.trial import Trial

FIGURES = {
    "sharpe": "sharpe_ratio",
    "sortino": "sortino_ratio",
    "calmar": "calmar_ratio",
    "return": "total_return",
}
"""By what trials can be ordered, and the field that holds it; more is better."""


@dataclass(frozen=True)
class Sweep:
    """A finished sweep."""

    name: str
    """Of the bot."""
    plan: Plan
    """Of one of its backtests: span and feed are those of all."""
    grid: Grid
    trials: Sequence[Trial]
    """One a combination that was run."""
    by: str
    """Name in `FIGURES`."""
    folder: Path
    seconds: float
    """Wall time."""
    jobs: int

    @property
    def settings(self) -> BotSettings:
        """Settings of the bot, with the values of one combination."""
        return self.plan.bots[self.name]

    @property
    def report(self) -> Path:
        """Path of the HTML report."""
        return Layout(self.folder).report

    @cached_property
    def ranked(self) -> list[Trial]:
        """Trials with a result, the best first; those without the figure last."""
        done = [trial for trial in self.trials if not trial.error]
        return sorted(done, key=lambda trial: (-_or_least(self.figure(trial)), _text_of(trial)))

    @cached_property
    def failed(self) -> list[Trial]:
        """Trials without a result."""
        return [trial for trial in self.trials if trial.error]

    def figure(self, trial: Trial) -> float | None:
        """Return the figure by which trials are ordered."""
        value: float | None = getattr(trial, FIGURES[self.by])
        return value

    @cached_property
    def year(self) -> float:
        """Sessions a year, as the trials' ratios have it."""
        best = self.ranked[0]
        once = sharpe_ratio(best.returns, 1.0)
        if once and best.sharpe_ratio:
            return (best.sharpe_ratio / once) ** 2
        return float("nan")

    @cached_property
    def _measured(self) -> list[Trial]:
        """Trials that enough sessions of equal number measure."""
        most = max((len(trial.returns) for trial in self.ranked), default=0)
        return [trial for trial in self.ranked if len(trial.returns) == most >= MIN_RETURNS]

    @cached_property
    def ratios(self) -> list[float]:
        """Sharpe ratios of the trials, a session."""
        return [ratio for trial in self._measured if (ratio := sharpe(trial.returns)) is not None]

    @cached_property
    def deflated(self) -> float | None:
        """Deflated Sharpe ratio of the best trial, 0..1."""
        return deflated_sharpe(self.ranked[0].returns, self.ratios) if self.ranked else None

    @cached_property
    def luckiest(self) -> float | None:
        """Sharpe ratio a year that the best of as many trials is expected to have by luck; None for one trial."""
        return luckiest_sharpe(self.ratios) * self.year**0.5 if len(self.ratios) > 1 else None

    @cached_property
    def folds(self) -> list[Fold]:
        """Steps of the walk-forward test; `chosen` counts in `measured`."""
        return walk_forward([trial.returns for trial in self._measured])

    def chosen(self, fold: Fold) -> Trial:
        """Return the trial that a fold chose."""
        return self._measured[fold.chosen]

    @property
    def is_luck_excluded(self) -> bool:
        """True where the best trial is better than luck alone gives, with 95 % probability."""
        return self.deflated is not None and self.deflated >= ENOUGH

    def cells(self, across: Axis, down: Axis | None) -> dict[tuple[Parameter | None, Parameter], tuple[float, int]]:
        """Return the median figure and the number of trials, by the values of `down` and `across`.

        The median is over all other parameters: the best of them would show luck.
        """
        columns = self.grid.axes.index(across)
        row = self.grid.axes.index(down) if down is not None else None
        found: dict[tuple[Parameter | None, Parameter], list[float]] = {}
        for trial in self.ranked:
            value = self.figure(trial)
            if value is not None:
                at = trial.combination[row] if row is not None else None
                found.setdefault((at, trial.combination[columns]), []).append(value)
        return {at: (median(values), len(values)) for at, values in found.items()}


def named(grid: Grid, trial: Trial, *, is_all: bool = False) -> dict[str, Parameter]:
    """Return the values of a trial by name; without `is_all`, those that vary."""
    pairs = zip(grid.axes, trial.combination, strict=True)
    return {axis.name: value for axis, value in pairs if is_all or axis.is_varied}


def sweep_json(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep as JSON types: money as text, ratios as fractions, what is absent left out."""
    value: dict[str, Any] = {
        "bot": sweep.name,
        "strategy": sweep.settings.strategy,
        "symbols": list(sweep.settings.symbols),
        "currency": sweep.settings.currency,
        "feed": sweep.plan.feed.name,
        "first": iso(sweep.plan.first),
        "last": iso(sweep.plan.last),
        "by": sweep.by,
        "combinations": len(sweep.grid),
        "run": len(sweep.trials),
        "failed": len(sweep.failed),
        "deflated_sharpe_ratio": sweep.deflated,
        "sharpe_ratio_of_luck": sweep.luckiest,
        "walk_forward": [
            {
                "parameters": named(sweep.grid, sweep.chosen(fold)),
                "sessions": [fold.first, fold.last],
                "sharpe_ratio_before": fold.before * sweep.year**0.5,
                "sharpe_ratio_after": None if fold.after is None else fold.after * sweep.year**0.5,
                "return": fold.growth,
            }
            for fold in sweep.folds
        ],
        "trials": [row(sweep, trial) for trial in [*sweep.ranked, *sweep.failed]],
    }
    return {name: each for name, each in value.items() if each is not None}


COLUMNS = (
    "total_return", "annual_growth", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown", "trades",
    "equity", "net", "costs", "hold",
)  # fmt: skip
"""Figures of a trial, as files have them."""


def row(sweep: Sweep, trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON types."""
    values: dict[str, Any] = {"parameters": named(sweep.grid, trial, is_all=True)}
    if trial.error:
        return values | {"error": trial.error}
    figures = {name: getattr(trial, name) for name in COLUMNS}
    return values | {
        name: value if isinstance(value, int | float) else f"{value:f}"
        for name, value in figures.items()
        if value is not None
    }


def _or_least(value: float | None) -> float:
    return float("-inf") if value is None else value


def _text_of(trial: Trial) -> tuple[tuple[bool, float, str], ...]:
    """Return what orders equal trials: numbers by size, then text."""
    return tuple(
        (isinstance(value, str), 0.0 if isinstance(value, str) else float(value), str(value))
        for value in trial.combination
    )
