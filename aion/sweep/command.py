"""`aion sweep`: runs a backtest for each combination on all cores, then says what came of it and what it is worth."""

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from aion.backtest import text as say
from aion.backtest.command import next_folder, offline_feed
from aion.backtest.plan import Options, make_bots, make_plan
from aion.bot.settings_check import fitted
from aion.config import Settings
from aion.engine.backtest import Plan
from aion.errors import ConfigError
from aion.market.feed import Feed, open_feed
from aion.strategy.registry import make_strategy
from aion.sweep import report
from aion.sweep.grid import Grid
from aion.sweep.outcome import COLUMNS, FIGURES, Sweep, named, row, sweep_json
from aion.sweep.pool import run_all, usable_cores
from aion.sweep.trial import Combination, Trial, options_of, run_trial
from aion.terminal import clean

FOLDER = Path("sweeps")  # where a sweep without --out goes, under the next number
SHOWN = 10
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes what answers the tasks of one worker; can be pickled, the feed is opened there."""

    settings: Settings
    options: Options
    grid: Grid

    def __call__(self) -> partial[Trial]:
        """Return what runs one combination."""
        return partial(
            run_trial, self.settings, self.options, self.grid, open_feed(self.settings.feed, self.settings)
        )


def run(
    settings: Settings,
    options: Options,
    grid: Grid,
    out: Path | None,
    *,
    by: str = "sharpe",
    jobs: int = 0,
    console: TextIO | None = None,
) -> int:
    """Run a sweep and say how it went.

    Args:
        settings: of the process: bots, feed.
        options: what is the same in all backtests; exactly one bot or strategy.
        grid: what differs.
        out: new folder for the results; None for the next number under `sweeps/`.
        by: figure that orders the results, a name in `FIGURES`.
        jobs: processes; 0 for one a core.
        console: where progress and figures go; default stdout.

    Returns:
        The exit status: 1 when a combination failed, 130 after Ctrl-C.

    Raises:
        AionError: something that cannot work in any combination; the message is one sentence.
    """
    shown = Console(file=console or sys.stdout, highlight=False, soft_wrap=False)
    if by not in FIGURES:
        raise ConfigError(f"--by {by!r} is none of {', '.join(FIGURES)}")
    if jobs < 0:
        raise ConfigError(f"--jobs {jobs} is below 1")
    feed = offline_feed(settings)
    for complaint in feed.complaints:
        shown.print(Text(clean(complaint)))
    if not options.strategy:
        settings = fitted(settings, feed)
    folder = out or next_folder(FOLDER)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty: choose another folder with --out")
    good, failed, plan = _possible(settings, options, grid, feed, folder)
    options = replace(options, first=plan.first, last=plan.last)
    jobs = min(jobs or usable_cores(), len(good))
    started = time.perf_counter()
    trials, is_interrupted = [*failed], False
    answers = run_all(Maker(settings, options, grid), good, _lost, jobs)
    try:
        for trial in _shown(shown, answers, len(good)):
            trials.append(trial)
    except KeyboardInterrupt:
        is_interrupted = True
    seconds = time.perf_counter() - started
    if not any(not trial.error for trial in trials):
        if is_interrupted:
            return INTERRUPTED
        raise ConfigError(f"none of {len(trials)} combinations gave a result: {_reasons(trials)}")
    (name,) = plan.bots
    sweep = Sweep(name, plan, grid, trials, by, folder, seconds, jobs)
    write(sweep)
    for line in summary(sweep):
        shown.print(Text(clean(line)) if isinstance(line, str) else line)
    return INTERRUPTED if is_interrupted else int(bool(sweep.failed))


def _possible(
    settings: Settings, options: Options, grid: Grid, feed: Feed, folder: Path
) -> tuple[list[Combination], list[Trial], Plan]:
    """Return the combinations that a strategy and a bot take, the others with their reasons, and the span of all.

    All backtests start where the strategy that looks back furthest has its bars, so that they can be compared.
    """
    good: list[tuple[int, Combination]] = []
    failed: list[Trial] = []
    for combination in grid.combinations():
        try:
            bots = make_bots(settings, options_of(options, grid, combination), feed)
        except ConfigError as error:
            failed.append(Trial(combination, error=str(error)))
            continue
        if len(bots) != 1:
            raise ConfigError(
                f"a sweep is of one bot: choose --bot or --strategy; there are {', '.join(sorted(bots))}"
            )
        (bot,) = bots.values()
        back = make_strategy(bot.strategy, bot.kind, bot.symbols, bot.parameters).look_back
        good.append((back, combination))
    if not good:
        raise ConfigError(f"none of {len(failed)} combinations can work: {_reasons(failed)}")
    longest = max(good, key=lambda each: each[0])[1]
    plan = make_plan(settings, options_of(options, grid, longest), feed, folder)
    return [combination for _, combination in good], failed, plan


def _reasons(failed: Iterable[Trial]) -> str:
    """Return up to three different reasons."""
    return "; ".join(list(dict.fromkeys(trial.error for trial in failed))[:3])


def _lost(combination: Combination, why: str) -> Trial:
    return Trial(combination, error=why)


def _shown(console: Console, trials: Iterable[Trial], count: int) -> Iterator[Trial]:
    """Yield each trial and show how many are done; on something that is no terminal nothing is shown."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("backtests"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=count)
        for trial in trials:
            bar.advance(task)
            yield trial


def write(sweep: Sweep) -> None:
    """Write `sweep.json`, `sweep.csv` and `report.html`."""
    sweep.folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(sweep_json(sweep), indent=1, allow_nan=False) + "\n"
    (sweep.folder / "sweep.json").write_text(text, "utf-8")
    with (sweep.folder / "sweep.csv").open("w", encoding="utf-8", newline="") as file:
        names = [axis.name for axis in sweep.grid.axes]
        table = csv.DictWriter(file, [*names, *COLUMNS, "error"])
        table.writeheader()
        for trial in [*sweep.ranked, *sweep.failed]:
            values = row(sweep, trial)
            table.writerow(values.pop("parameters") | values)
    sweep.report.write_text(report.page(sweep), "utf-8")


def summary(sweep: Sweep) -> Iterable[Table | str]:
    """Yield what is printed at the end: the best combinations, what they are worth, and where the report is."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for axis in sweep.grid.varied:
        table.add_column(Text(clean(axis.name)), justify="right")
    for label in ("return", "Sharpe", "drawdown", "trades", "net"):
        table.add_column(label, justify="right")
    for trial in sweep.ranked[:SHOWN]:
        table.add_row(*cells(sweep, trial))
    yield table
    if len(sweep.ranked) > SHOWN:
        yield f"and {len(sweep.ranked) - SHOWN:,} more, in {sweep.folder / 'sweep.csv'}"
    yield ""
    yield from report.warnings(sweep)
    if sweep.failed:
        yield f"{len(sweep.failed)} of {len(sweep.trials)} combinations gave no result, such as: {_failed(sweep)}"
    if len(sweep.trials) < len(sweep.grid):
        yield f"Stopped after {len(sweep.trials)} of {len(sweep.grid)} combinations; these are written."
    rate = len(sweep.trials) / sweep.seconds if sweep.seconds > 0 else 0.0
    yield (
        f"{len(sweep.trials):,} backtests in {sweep.seconds:.1f} s ({rate:,.1f} a second) on {sweep.jobs} "
        f"process{'' if sweep.jobs == 1 else 'es'}."
    )
    yield f"Report: {sweep.report}"


def _failed(sweep: Sweep) -> str:
    first = sweep.failed[0]
    values = ", ".join(f"{name} {value}" for name, value in named(sweep.grid, first).items())
    return f"{values}: {first.error}"


def cells(sweep: Sweep, trial: Trial) -> list[Text]:
    """Return a trial's row of the table."""
    values = [clean(str(value)) for value in named(sweep.grid, trial).values()]
    enough = trial.sharpe_ratio is not None
    figures = [
        *values,
        say.percent(trial.total_return, is_change=True),
        say.number(trial.sharpe_ratio) if enough else f"n = {len(trial.returns)}",
        say.percent(trial.max_drawdown),
        f"{trial.trades:,}",
        say.money(trial.net, sweep.settings, is_change=True),
    ]
    return [Text(each) for each in figures]
