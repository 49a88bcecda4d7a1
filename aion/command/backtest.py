"""The commands `aion backtest` and `aion sweep`: bots over past bars, once or for each combination of parameters."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aion.command.option import Config, Deterministic, FeedName, Folder, settings_of

if TYPE_CHECKING:
    from aion.backtest.plan import Options

Strategy = Annotated[str, typer.Option("--strategy", help="A strategy by name, with or without --bot.")]
Traded = Annotated[str, typer.Option("--symbols", help="Symbols, separated by commas.")]
First = Annotated[str | None, typer.Option("--from", help="First day, or the time from which bars count.")]
Last = Annotated[str | None, typer.Option("--to", help="Last day, or the close of the last bar.")]
Cash = Annotated[str | None, typer.Option("--cash", help="Start money of each bot.")]
Cost = Annotated[str, typer.Option("--cost", help="Cost model by name, e.g. us-equity.")]
Sizing = Annotated[str, typer.Option("--sizing", help="When an entry gets its quantity: decision or fill.")]
CloseAtEnd = Annotated[
    bool, typer.Option("--close-at-end", help="Close open positions at the last close, costs included.")
]
Horizon = Annotated[str, typer.Option("--horizon", help="Between rebalances of swing bots: 1w, 10d, 1m.")]


def add_backtests(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("backtest")(backtest)
    app.command("sweep")(sweep)


def backtest(
    config: Config = None,
    bot: Annotated[list[str] | None, typer.Option("--bot", help="A bot from the settings; repeat for more.")] = None,
    strategy: Strategy = "",
    symbols: Traded = "",
    start: First = None,
    to: Last = None,
    feed: FeedName = None,
    folder: Folder = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", help="Strategy parameter, name=value; repeat for more.")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Bot rule, name=value; repeat for more.")] = None,
    cash: Cash = None,
    cost: Cost = "",
    horizon: Horizon = "",
    sizing: Sizing = "",
    close_at_end: CloseAtEnd = False,
    out: Annotated[Path | None, typer.Option("--out", help="New folder; default the next under backtests/.")] = None,
    deterministic: Deterministic = None,
) -> None:
    """Run bots over past bars at full speed and write a report."""
    from aion.secret import FEED_SECRETS, leave_environment

    leave_environment(FEED_SECRETS)
    from aion.backtest import command, plan
    from aion.backtest.subprocess import run_apart

    options = _options(tuple(bot or ()), strategy, symbols, start, to, cash, cost, horizon, sizing)
    options = replace(
        options,
        parameters=plan.parse_values(param or (), "--param"),
        rules=plan.parse_values(rule or (), "--rule"),
        is_deterministic=bool(deterministic),
        is_closed_at_end=close_at_end,
    )
    settings = settings_of(config, feed=feed, folder=folder)
    status = run_apart(lambda path: command.run(settings, options, out, call=path).exit_status)
    if status:
        raise typer.Exit(status)


def sweep(
    config: Config = None,
    bot: Annotated[str, typer.Option("--bot", help="The bot from the settings.")] = "",
    strategy: Strategy = "",
    symbols: Traded = "",
    start: First = None,
    to: Last = None,
    feed: FeedName = None,
    folder: Folder = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter: name=5,10,20 or name=5:50:5; repeat for more."),
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Bot rule, with values as --param; repeat for more.")
    ] = None,
    cash: Cash = None,
    cost: Cost = "",
    horizon: Horizon = "",
    sizing: Sizing = "",
    close_at_end: CloseAtEnd = False,
    by: Annotated[
        str, typer.Option("--by", help="What orders the results: sharpe, sortino, calmar, return.")
    ] = "sharpe",
    jobs: Annotated[int, typer.Option("--jobs", help="Processes; default one a core.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="New folder; default the next under sweeps/.")] = None,
) -> None:
    """Run a backtest for each combination of parameters, on all cores."""
    from aion.secret import FEED_SECRETS, leave_environment

    leave_environment(FEED_SECRETS)
    from aion.sweep import command
    from aion.sweep.grid import parse_grid

    grid = parse_grid(param or (), rule or ())
    options = _options((bot,) if bot else (), strategy, symbols, start, to, cash, cost, horizon, sizing)
    options = replace(options, is_closed_at_end=close_at_end)
    settings = settings_of(config, feed=feed, folder=folder)
    status = command.run(settings, options, grid, out, by=by, jobs=jobs)
    if status:
        raise typer.Exit(status)


def _options(
    bots: tuple[str, ...],
    strategy: str,
    symbols: str,
    start: str | None,
    to: str | None,
    cash: str | None,
    cost: str,
    horizon: str,
    sizing: str,
) -> "Options":
    """Return what the options that both commands have ask for."""
    from aion.backtest import plan

    return plan.Options(
        bots=bots,
        strategy=strategy,
        symbols=tuple(name.strip() for name in symbols.split(",") if name.strip()),
        first=plan.parse_moment(start, is_end=False) if start else None,
        last=plan.parse_moment(to, is_end=True) if to else None,
        cash=plan.parse_money(cash) if cash else None,
        cost=cost,
        horizon=horizon,
        sizing=sizing,
    )
