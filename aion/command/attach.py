"""The commands for bots of other programs: `aion attach`, its list, its check, and what runs them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from aion.command.option import Config, Data, Level, ParentPipe, settings_of
from aion.errors import ConfigError
from aion.terminal import say


def add_attach(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    attach = typer.Typer(help="Show bots of other programs on the desk.")
    app.add_typer(attach, name="attach")
    attach.callback(invoke_without_command=True)(overview)
    attach.command("add")(add)
    attach.command("run")(run)
    attach.command("freqtrade")(freqtrade_once)


def overview(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Connect, read, and compare with what the program says itself.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="Only this one.")] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """List the bots of `[attach.*]`; with --check test each, status 1 if one fails."""
    if context.invoked_subcommand is not None:
        return
    from aion.adapter.check import check_lines, list_lines
    from aion.secret import leave_environment

    leave_environment((), keeps_attached=True)
    settings = settings_of(config, data=data)
    tables = {each: table for each, table in settings.attach.items() if name in (None, each)}
    if not tables:
        what = f"no bot {name!r} is attached" if name else "no bot of another program is attached"
        raise ConfigError(f"{what}: `aion attach add NAME --url ... --user ...` writes the table [attach.NAME]")
    if not check:
        for line in list_lines(settings, tables):
            say(line)
        return
    is_fine = True
    for line, is_good in check_lines(settings, tables):
        say(line)
        is_fine = is_fine and is_good
    raise typer.Exit(0 if is_fine else 1)


def add(
    name: Annotated[str, typer.Argument(help="Its name on the desk.")],
    url: Annotated[str, typer.Option("--url", help="Address of its REST API.")] = "",
    user: Annotated[str, typer.Option("--user", help="User of the API.")] = "",
    database: Annotated[str, typer.Option("--db", help="Its database: a file or an SQLAlchemy URL.")] = "",
    wallet: Annotated[str | None, typer.Option("--wallet", help="Start money, for a database alone.")] = None,
    currency: Annotated[str, typer.Option("--currency", help="Stake currency, where there are two.")] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="The other program: freqtrade, alpaca, ccxt, hummingbot or csv.")
    ] = "freqtrade",
    exchange: Annotated[str, typer.Option("--exchange", help="Of kind ccxt: the exchange, by its name there.")] = "",
    market: Annotated[str, typer.Option("--market", help="Of kind ccxt: spot or swap (perpetuals).")] = "",
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="Of kind csv, once a column, such as time=Date.")
    ] = None,
    is_forced: Annotated[bool, typer.Option("--force", help="Write it although it does not answer now.")] = False,
    config: Config = None,
) -> None:
    """Check a bot of another program and write its table into the settings file."""
    from aion.adapter.check import add_table, check_lines
    from aion.command.settings_file import toml_value
    from aion.config import load
    from aion.secret import leave_environment
    from aion.store.layout import check_name

    leave_environment((), keeps_attached=True)
    check_name("bot", name)
    path = config or Path("aion.toml")
    given = {"kind": kind, "url": url, "user": user, "database": database, "wallet": wallet, "currency": currency,
             "exchange": exchange, "market": market, "columns": columns_by_name(columns or ())}  # fmt: skip
    table = {key: value for key, value in given.items() if value not in (None, "", {})}
    before = load(path) if path.exists() else load()
    if name in before.attach or name in before.bots:
        raise ConfigError(f"{path} has a bot {name} already: choose another name, or edit its table")
    text = add_table(path, name, {key: toml_value(value) for key, value in table.items()}, is_written=False)
    settings = load(text)
    try:
        is_fine = True
        for line, is_good in check_lines(settings, {name: settings.attach[name]}):
            say(line)
            is_fine = is_fine and is_good
    finally:
        text.unlink()
    if not is_fine and not is_forced:
        raise ConfigError(f"nothing was written to {path}: correct what failed, or use --force")
    add_table(path, name, {key: toml_value(value) for key, value in table.items()}, is_written=True)
    say(f"wrote [attach.{name}] to {path}; `aion up` shows it at its next start")


def columns_by_name(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of a csv file by what they hold, of texts such as `time=Date`.

    Raises:
        ConfigError: one is not like that.
    """
    if wrong := [each for each in columns if "=" not in each]:
        raise ConfigError(f"--column {wrong[0]!r} is not like time=Date")
    return {what: column for what, _, column in (each.partition("=") for each in columns)}


def run(config: Config = None, data: Data = None, log_level: Level = None, parent_pipe: ParentPipe = None) -> None:
    """Show all bots of `[attach.*]` until Ctrl-C; `aion up` does it too."""
    from aion.adapter.process import run as run_all
    from aion.process.supervisor import follow_parent
    from aion.secret import leave_environment

    leave_environment((), keeps_attached=True)
    follow_parent(parent_pipe, nice=2 if parent_pipe is not None else 0)
    raise typer.Exit(run_all(settings_of(config, data=data, log_level=log_level)))


def freqtrade_once(
    db: Annotated[Path, typer.Option("--db", help="Its trades database; it is only read.")],
    config: Config = None,
    data: Data = None,
    name: Annotated[str | None, typer.Option("--name", help="Name on the desk; default that of the file.")] = None,
    wallet: Annotated[
        float | None, typer.Option("--wallet", help="Start money; the database does not contain it.")
    ] = None,
    currency: Annotated[
        str, typer.Option("--currency", help="Stake currency, for a database without trades, or with two.")
    ] = "",
    tradable: Annotated[
        float, typer.Option("--tradable-balance-ratio", help="As in its settings; drawdowns count from it.")
    ] = 0.99,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Write the state file of a freqtrade bot from its trades database."""
    from aion.adapter import freqtrade
    from aion.clock import SystemClock
    from aion.engine.runner import stop_on_signals
    from aion.engine.waiter import WallWaiter
    from aion.store.layout import Layout, check_name

    bot = check_name("bot", name) if name else freqtrade.bot_name(db)
    attached = freqtrade.Attached(db, bot, wallet, currency, tradable)
    layout = Layout(settings_of(config, data=data).data)
    waiter = WallWaiter()
    with stop_on_signals(waiter.stop):
        freqtrade.attach(attached, layout, SystemClock(), waiter if follow else None, say)
