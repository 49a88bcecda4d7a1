"""The command line. Heavy parts are imported by the command that needs them, so that the others start at once."""

import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException

from aion.command.attach import add_attach
from aion.command.backtest import add_backtests
from aion.command.bars import add_commands
from aion.command.cluster import add_cluster, member_of, relays_of
from aion.command.membership import add_membership
from aion.command.operate import add_operations
from aion.command.option import (
    Config,
    Csv,
    Data,
    Deterministic,
    FeedName,
    Folder,
    Fresh,
    Host,
    KeepTokens,
    Level,
    ParentPipe,
    Port,
    Role,
    Speed,
    Start,
    Symbols,
    Venue,
    Workers,
    settings_of,
)
from aion.errors import AionError, printable, said
from aion.secret import be_program
from aion.store.private import make_private
from aion.terminal import say, take_tracebacks

app = typer.Typer(
    name="aion",
    help="The live desk for trading bots.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from aion import __version__

        say(f"aion {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True)] = False,
) -> None:
    """The live desk for trading bots."""


def _arguments(config: Path | None, **flags: Any) -> tuple[str, ...]:
    """Return `flags` as command-line arguments for a child process."""
    typed = ["--config", str(config)] if config else []
    for name, value in flags.items():
        option = "--from" if name == "start" else f"--{name.replace('_', '-')}"
        if value is True:
            typed.append(option)
        elif value not in (None, False):
            typed += [option, str(value)]
    return tuple(typed)


@app.command()
def up(
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    feed: FeedName = None,
    symbols: Symbols = None,
    folder: Folder = None,
    venue: Venue = None,
    speed: Speed = None,
    start: Start = None,
    fresh: Fresh = None,
    deterministic: Deterministic = None,
    log_level: Level = None,
) -> None:
    """Run the bots and the desk; restart a process that ends; stop with Ctrl-C."""
    from aion.process.up import run_up
    from aion.secret import leave_environment

    leave_environment(keeps_attached=True)
    shared: dict[str, Any] = {"data": data, "log_level": log_level}
    made_for = {"feed": feed, "symbols": symbols, "folder": folder}
    desk = {**shared, **made_for, "host": host, "port": port}
    bots = {**shared, **made_for, "venue": venue, "speed": speed, "start": start, "deterministic": deterministic}
    settings = settings_of(config, **{**desk, **bots})
    is_fresh = fresh if fresh is not None else settings.fresh
    runs = ("run", *_arguments(config, **bots), "--fresh" if is_fresh else "--keep")
    attached = ("attach", "run", *_arguments(config, **shared))
    recorder = ("record", *_arguments(config, **shared))
    member = member_of(settings)
    if member is not None and member.kind == "desk":
        runs = ()
    relays = relays_of(settings, member, _arguments(config, data=data))
    raise typer.Exit(run_up(settings, _arguments(config, **desk), runs, attached, recorder, relays))


@app.command()
def run(
    config: Config = None,
    data: Data = None,
    feed: FeedName = None,
    symbols: Symbols = None,
    folder: Folder = None,
    venue: Venue = None,
    speed: Speed = None,
    start: Start = None,
    fresh: Annotated[bool | None, typer.Option("--fresh/--keep", help="Archive the present run first.")] = None,
    deterministic: Deterministic = None,
    log_level: Level = None,
    parent_pipe: ParentPipe = None,
) -> None:
    """Run only the bots."""
    from aion.process.supervisor import follow_parent
    from aion.secret import FEED_SECRETS, leave_environment

    leave_environment(FEED_SECRETS)
    follow_parent(parent_pipe, nice=5 if parent_pipe is not None else 0)
    settings = settings_of(
        config, data=data, feed=feed, symbols=symbols, folder=folder, venue=venue, speed=speed, start=start,
        fresh=fresh, deterministic=deterministic, log_level=log_level,
    )  # fmt: skip
    from aion.engine import runner

    if settings.feed != "alpaca":
        settings = settings.model_copy(update={"alpaca_key": None, "alpaca_secret": None})
    raise typer.Exit(runner.run(settings))


@app.command()
def serve(
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    feed: FeedName = None,
    symbols: Symbols = None,
    folder: Folder = None,
    workers: Workers = None,
    log_level: Level = None,
    parent_pipe: ParentPipe = None,
    listener: Annotated[int | None, typer.Option("--listener", hidden=True)] = None,
    worker: Annotated[int, typer.Option("--worker", hidden=True)] = 0,
    pulse_pipe: Annotated[int | None, typer.Option("--pulse-pipe", hidden=True)] = None,
) -> None:
    """Serve only the desk, over state files that any program may write."""
    from aion.process.liveness_pipe import beat, trace_when_asked
    from aion.process.rolling_restart import process_name
    from aion.process.supervisor import follow_parent
    from aion.secret import DESK_SECRETS, leave_environment

    leave_environment(DESK_SECRETS)
    follow_parent(parent_pipe)
    flags: dict[str, Any] = {
        "data": data, "host": host, "port": port, "feed": feed, "symbols": symbols, "folder": folder,
        "log_level": log_level,
    }  # fmt: skip
    settings = settings_of(config, **flags, workers=workers)
    if settings.workers > 1 and listener is None:
        from aion.process.workers import serve_workers

        raise typer.Exit(serve_workers(settings, _arguments(config, **flags)))
    from aion.web.server import serve as serve_desk

    if listener is None:
        from aion.process.systemd import Notifier

        raise typer.Exit(serve_desk(settings, on_ready=Notifier(os.environ).beat_in_loop))
    if pulse_pipe is not None:
        trace_when_asked()
    raise typer.Exit(
        serve_desk(
            settings,
            listener=socket.socket(fileno=listener),
            process=process_name(worker),
            says_address=worker == 0,
            on_ready=(lambda: beat(pulse_pipe)) if pulse_pipe is not None else None,
        )
    )


@app.command()
def init(path: Annotated[Path, typer.Argument(help="File to write.")] = Path("aion.toml")) -> None:
    """Write a settings file with every setting, its default and its meaning."""
    from aion.command.settings_file import write_example

    write_example(path)
    say(f"wrote {path}: every line shows a default; remove the # from those you change")


@app.command()
def status(config: Config = None, data: Data = None) -> None:
    """Show each bot's equity and the age of its state, from the state files."""
    from aion.command.inspect import status_lines

    settings = settings_of(config, data=data)
    for line in status_lines(settings.data, settings.kinds):
        say(line)


@app.command()
def logs(
    config: Config = None,
    data: Data = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=100_000, help="How many of the newest.")] = 40,
    level: Annotated[str, typer.Option("--level", help="Minimum level: debug, info, warning, error.")] = "info",
) -> None:
    """Show the newest log lines of all processes, merged by time."""
    from aion.command.inspect import log_lines

    for line in log_lines(settings_of(config, data=data).data, lines, level):
        say(line)


@app.command()
def audit(
    config: Config = None,
    data: Data = None,
    bot: Annotated[str | None, typer.Option("--bot", help="Only this bot, or desk for requests to all.")] = None,
    csv: Csv = False,
) -> None:
    """List commands to the bots with their results: controls, kill switches, saved rules."""
    from aion.command.inspect import audit_lines

    for line in audit_lines(settings_of(config, data=data).data, bot, is_csv=csv):
        say(line)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of the Parquet files.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """Write the ledger's tables as Parquet files: trades, fills, orders, cash movements, decisions, equity, audit."""
    from aion.ledger.export import export as export_ledger
    from aion.ledger.query import read_ledger
    from aion.store.layout import Layout

    with read_ledger(Layout(settings_of(config, data=data).data).ledger) as ledger:
        for name, count in export_ledger(ledger, folder).items():
            say(f"{folder / name}.parquet: {count} rows")


@app.command()
def trades(
    config: Config = None,
    data: Data = None,
    bot: Annotated[str | None, typer.Option("--bot", help="Only this bot.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Only this market day, YYYY-MM-DD.")] = None,
    fills: Annotated[bool, typer.Option("--fills", help="Fills instead of closed trades.")] = False,
    csv: Csv = False,
) -> None:
    """List closed trades, or fills, from the ledger."""
    from aion.command.inspect import trade_lines

    for line in trade_lines(settings_of(config, data=data).data, bot, day, is_fills=fills, is_csv=csv):
        say(line)


@app.command()
def schema(
    kind: Annotated[str | None, typer.Argument(help="Kind of document, e.g. sim_log.")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="State file to check.")] = None,
) -> None:
    """Print the JSON Schema of a kind of state file, or check a file and list its errors."""
    import json

    from aion.store.document.kind import KINDS
    from aion.store.schema import check_file, json_schema

    if check is not None:
        errors, warnings = check_file(check)
        for line in (*errors, *(f"warning: {each}" for each in warnings)):
            say(line, err=bool(errors))
        if errors:
            raise typer.Exit(1)
        say(f"{check}: fine")
    elif kind is not None:
        say(json.dumps(json_schema(kind), indent=2))
    else:
        say("\n".join(KINDS))


add_attach(app)
add_backtests(app)
add_commands(app)
add_operations(app)
add_cluster(app)
add_membership(app)
password_app = typer.Typer(no_args_is_help=True, help="Set or remove the password of the desk.")
token_app = typer.Typer(no_args_is_help=True, help="Create, list and revoke bearer tokens for scripts.")
app.add_typer(password_app, name="password")
app.add_typer(token_app, name="token")


def _ask_for_tokens(settings: Any, role: str, keep_tokens: bool | None) -> bool:
    """Return whether tokens are kept: as the flag says, else as the person at the terminal says, else not."""
    from aion.web.security import command

    if keep_tokens is not None or not sys.stdin.isatty():
        return bool(keep_tokens)
    names = command.tokens_at_stake(settings, role)
    return bool(names) and not typer.confirm(f"Revoke {', '.join(names)} as well?", default=True)


@password_app.command("set")
def set_password(
    config: Config = None, data: Data = None, role: Role = "admin", keep_tokens: KeepTokens = None
) -> None:
    """Set a password (asked for, or read from standard input) and store its hash; sessions and tokens end."""
    from aion.web.security import command

    if sys.stdin.isatty():
        given = typer.prompt(f"Password of {role}", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    settings = settings_of(config, data=data)
    is_kept = _ask_for_tokens(settings, role, keep_tokens)
    say(command.set_password(settings, role, given, keep_tokens=is_kept))


@password_app.command("remove")
def remove_password(
    config: Config = None, data: Data = None, role: Role = "admin", keep_tokens: KeepTokens = None
) -> None:
    """Remove the password of a role; its sessions and tokens end."""
    from aion.web.security import command

    settings = settings_of(config, data=data)
    is_kept = _ask_for_tokens(settings, role, keep_tokens)
    say(command.remove_password(settings, role, keep_tokens=is_kept))


@token_app.command("make")
def make_token(
    name: Annotated[str, typer.Argument(help="Name of the token.")],
    config: Config = None,
    data: Data = None,
    role: Role = "viewer",
    days: Annotated[float, typer.Option("--days", help="Days until it ends.")] = 90.0,
) -> None:
    """Create a bearer token and print it; it is not shown again."""
    from aion.web.security import command

    say(command.make_token(settings_of(config, data=data), name, role, days))


@token_app.command("list")
def list_tokens(config: Config = None, data: Data = None) -> None:
    """List the bearer tokens, without their secrets."""
    from aion.web.security import command

    for line in command.token_lines(settings_of(config, data=data)):
        say(line)


@token_app.command("revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(help="Name of the token.")], config: Config = None, data: Data = None
) -> None:
    """Revoke a bearer token at once."""
    from aion.web.security import command

    say(command.revoke_token(settings_of(config, data=data), name))


def main() -> int:
    """Run the command line; an `AionError` becomes one line on stderr and its exit status."""
    make_private()
    take_tracebacks()
    be_program()
    try:
        status = app(standalone_mode=False)  # what a command raised as `typer.Exit` comes back as a number
        return status if isinstance(status, int) else 0
    except AionError as error:
        say(said(error).rstrip("\n"), err=True)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except typer.Abort:
        return 1
    except ClickException as error:  # a wrong option or argument
        say(f"aion: {printable(error.format_message())} (see aion --help)", err=True)
        return 2
