"""`aion backtest`: makes the plan, runs it with a progress bar, writes the report and prints the figures."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from aion.backtest import report
from aion.backtest import text as say
from aion.backtest.plan import Options, make_plan
from aion.backtest.result import Result, read_results, result_json
from aion.backtest.subprocess import tell, tidy
from aion.bot.settings_check import fitted
from aion.config import Settings
from aion.engine.backtest import RUN, Backtest, Plan
from aion.engine.backtest import Progress as OnProgress
from aion.errors import ConfigError
from aion.ledger.ledger import Ledger
from aion.market.feed import FolderFeed, OnlineFeed, RecordedFeed, is_online, open_feed
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.strategy.hang_killer import watched
from aion.strategy.time_limit import alarm
from aion.terminal import clean

FOLDER = Path("backtests")  # where a backtest without --out goes, under the next number


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished backtest is."""

    results: list[Result]
    folder: Path
    bars: int
    seconds: float
    """Wall time of the run, report left out."""

    @property
    def report(self) -> Path:
        """Path of the HTML report."""
        return Layout(self.folder).report

    @property
    def exit_status(self) -> int:
        """1 when a strategy was stopped, which `summary` names, else 0."""
        return int(any(result.state == "error" for result in self.results))


def run(
    settings: Settings,
    options: Options,
    out: Path | None,
    console: TextIO | None = None,
    call: Path | None = None,
) -> Outcome:
    """Run a backtest and say how it went.

    Args:
        settings: of the process: bots, feed.
        options: what was asked for.
        out: folder for ledger, state files and report; None for the next number under `backtests/`.
        console: where progress and figures go; default stdout.
        call: file for `watched`, in a process of its own; None to let calls be interrupted alone.

    Raises:
        AionError: something that cannot work; the message is one sentence.
    """
    shown = Console(file=console or sys.stdout, highlight=False, soft_wrap=False)
    feed = offline_feed(settings)
    for complaint in feed.complaints:
        shown.print(Text(clean(complaint)))
    folder = out or next_folder(FOLDER)
    if not options.strategy:
        settings = fitted(settings, feed)
    plan = make_plan(settings, options, feed, folder)
    if call is not None:
        tell(call, folder, {name: bot.strategy for name, bot in plan.bots.items()})
    with alarm(), watched(call) if call is not None else nullcontext(), _progress(shown, plan) as on_progress:
        outcome = run_plan(plan, on_progress)
    for line in summary(outcome):
        shown.print(Text(clean(line)) if isinstance(line, str) else line)
    return outcome


def offline_feed(settings: Settings) -> FolderFeed | RecordedFeed | OnlineFeed:
    """Return the feed of the settings.

    Raises:
        ConfigError: it has no past.
    """
    if is_online(settings.feed):
        raise ConfigError(
            f"the {settings.feed} feed has no past to run over: download bars with `aion download --feed "
            f"{settings.feed} ... --folder FOLDER`, then use --feed folder --folder FOLDER"
        )
    return open_feed(settings.feed, settings)


def run_plan(plan: Plan, on_progress: OnProgress | None = None) -> Outcome:
    """Run `plan`, write `result.json` and `report.html` beside its ledger, and return what came of it."""
    outcome = play(plan, on_progress)
    values: dict[str, Any] = {"feed": plan.feed.name, "provenance": plan.feed.provenance}
    values |= {"bots": {result.name: result_json(result) for result in outcome.results}}
    Layout(plan.folder).result.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", "utf-8")
    outcome.report.write_text(report.page(outcome.results, plan.feed.name, plan.feed.provenance), "utf-8")
    return outcome


def play(plan: Plan, on_progress: OnProgress | None = None) -> Outcome:
    """Run `plan` and return what came of it; its ledger and state files are written, no report."""
    layout = Layout(plan.folder)
    log = ProcessLog(layout, "backtest", console_level="error")
    try:
        with Ledger(layout.ledger, "backtest", RUN) as ledger:
            started = time.perf_counter()
            finished = Backtest(plan, ledger, log).run(on_progress)
            seconds = time.perf_counter() - started
            return Outcome(read_results(finished, ledger), plan.folder, finished.bars, seconds)
    except ConfigError:
        tidy(layout)
        raise
    finally:
        log.close()


def next_folder(parent: Path) -> Path:
    """Return the folder of the next number below `parent`."""
    numbers = [int(path.name) for path in parent.glob("*") if path.name.isdigit()]
    return parent / str(max(numbers, default=0) + 1)


@contextmanager
def _progress(console: Console, plan: Plan) -> Iterator[OnProgress]:
    """Show how far market time is; on something that is no terminal nothing moves and nothing is shown."""
    span = max(1.0, (plan.last - plan.first).total_seconds())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(plan.first.date().isoformat(), total=span)

        def on_progress(ts: datetime) -> None:
            done = (ts - plan.first).total_seconds()
            bar.update(task, completed=done, description=ts.date().isoformat())

        yield on_progress


def summary(outcome: Outcome) -> Iterable[Table | str]:
    """Yield what is printed at the end: a table of figures beside holding, notes, and where the report is."""
    for result in outcome.results:
        yield _title(result)
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column("")
        table.add_column(Text(clean(result.name)), justify="right")
        table.add_column(Text(clean(f"hold {result.hold_name}")), justify="right")
        for label, own, held in say.rows(result):
            table.add_row(label, own, held)
        yield table
        if result.state == "error":
            yield f"Stopped: {result.state_reason}"
        yield from result.notes
        yield ""
    rate = outcome.bars / outcome.seconds if outcome.seconds > 0 else 0.0
    yield f"{outcome.bars:,} bars in {outcome.seconds:.2f} s ({rate:,.0f} a second). A past result is no promise."
    yield f"Report: {outcome.report}"


def _title(result: Result) -> str:
    money = say.money(result.start, result.settings, is_named=True)
    return f"{result.rule} {say.day(result.first)} to {say.day(result.last)}, {money}."
