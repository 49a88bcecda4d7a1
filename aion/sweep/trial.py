"""One combination of a sweep: its backtest, and what is kept of it. Runs in a worker process."""

import tempfile
from array import array
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from aion import performance
from aion.backtest.command import play
from aion.backtest.plan import Options, Parameter, make_plan
from aion.backtest.result import Result
from aion.config import Settings
from aion.errors import AionError
from aion.market.feed import Feed
from aion.sweep.grid import Grid

Combination = tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one combination."""

    combination: Combination
    error: str = ""
    """Why there is no result; the other fields then say nothing."""
    returns: "array[float]" = field(default_factory=lambda: array("d"))
    """Of each session, fractions."""
    equity: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)
    """Fees, slippage and borrow."""
    total_return: float | None = None
    annual_growth: float | None = None
    sharpe_ratio: float | None = None
    """Annualised; None below 30 sessions."""
    sortino_ratio: float | None = None
    calmar_ratio: float | None = None
    max_drawdown: float = 0.0
    trades: int = 0
    hold: float | None = None
    """Return of buying and holding the same symbols."""
    hold_sharpe_ratio: float | None = None
    notes: tuple[str, ...] = ()
    """What the reader must know about prices, names and limits of the desk."""


def options_of(options: Options, grid: Grid, combination: Combination) -> Options:
    """Return the options of one backtest of the sweep."""
    pairs = list(zip(grid.axes, combination, strict=True))
    return replace(
        options,
        parameters={axis.name: value for axis, value in pairs if axis.target == "param"},
        rules={axis.name: value for axis, value in pairs if axis.target == "rule"},
    )


def run_trial(settings: Settings, options: Options, grid: Grid, feed: Feed, combination: Combination) -> Trial:
    """Run the backtest of `combination`; one that cannot work says why."""
    with tempfile.TemporaryDirectory(prefix="aion-sweep-") as folder:
        try:
            plan = make_plan(settings, options_of(options, grid, combination), feed, Path(folder) / "run")
            outcome = play(plan)
        except AionError as error:
            return Trial(combination, error=str(error))
    if not outcome.results:
        return Trial(combination, error="no bar reached the bot")
    return trial_of(combination, outcome.results[0])


def trial_of(combination: Combination, result: Result) -> Trial:
    """Return what a sweep keeps of a backtest's result."""
    if result.state == "error":
        return Trial(combination, error=f"stopped: {result.state_reason}")
    own, costs = result.figures, result.costs
    values = [float(result.start), *(float(point.equity) for point in result.days)]
    return Trial(
        combination,
        returns=array("d", performance.period_returns(values)),
        equity=result.end,
        net=costs.net,
        costs=sum(costs.fees.values(), Decimal(0)) + costs.slippage + costs.borrow,
        total_return=own.total_return,
        annual_growth=own.annual_growth,
        sharpe_ratio=own.sharpe_ratio,
        sortino_ratio=own.sortino_ratio,
        calmar_ratio=own.calmar_ratio,
        max_drawdown=own.max_drawdown,
        trades=len(result.trades),
        hold=result.hold.total_return,
        hold_sharpe_ratio=result.hold.sharpe_ratio,
        notes=result.notes,
    )
