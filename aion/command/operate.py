"""The commands for operators: `aion watch`, `record`, `alerts test`, `admit`, `control`, `doctor`, `backup`."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from aion.command.option import Config, Data, Host, Level, ParentPipe, Port, Reason, settings_of
from aion.errors import AionError, ConfigError, said
from aion.terminal import say


def add_operations(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    alerts = typer.Typer(no_args_is_help=True, help="Alerts: messages when something is wrong.")
    app.command("watch")(watch)
    app.command("record")(record)
    app.command("admit")(admit)
    app.command("control")(control)
    app.command("doctor")(doctor)
    app.command("backup")(backup)
    app.add_typer(alerts, name="alerts")
    alerts.callback()(_alerts)
    alerts.command("test")(alerts_test)


def watch(config: Config = None, data: Data = None) -> None:
    """Run the watchdog for separate `aion run` and `aion serve`; `aion up` includes it."""
    from aion.process.up import run_watch
    from aion.secret import leave_environment

    leave_environment(("alert_urls",))
    raise typer.Exit(run_watch(settings_of(config, data=data)))


def record(config: Config = None, data: Data = None, log_level: Level = None, parent_pipe: ParentPipe = None) -> None:
    """Record the states of the bots for Rewind until Ctrl-C; `aion up` does it too."""
    from aion.past.recorder import run
    from aion.process.supervisor import follow_parent
    from aion.secret import leave_environment

    leave_environment(())
    follow_parent(parent_pipe, nice=10 if parent_pipe is not None else 0)
    try:
        status = run(settings_of(config, data=data, log_level=log_level))
    except AionError as error:
        if parent_pipe is None:
            raise
        say(said(error).rstrip("\n"), err=True)
        status = 1  # it is tried again: bots and desk run on without it
    raise typer.Exit(status)


def _alerts() -> None:
    """Alerts: messages when something is wrong."""


def alerts_test(config: Config = None) -> None:
    """Send a test message to all services of `[alerts]` and list those that failed."""
    from aion.watch.alert import Message, deliver

    settings = settings_of(config).alerts
    urls = [url.get_secret_value() for url in settings.urls]
    if not urls:
        raise ConfigError("no alert service is configured: set urls in [alerts] of aion.toml, or AION_ALERT_URLS")
    text = "This is a test: alerts of this desk reach you. Nothing is wrong."
    failed = deliver(urls, Message(f"{settings.name} test", text, "info"))
    for why in failed.values():
        say(why, err=True)
    if failed:
        raise typer.Exit(1)
    say(f"sent to {len(urls)} services" if len(urls) > 1 else "sent")


def admit(
    symbol: Annotated[str, typer.Argument(help="As the bots name it, e.g. BTC/USDT.")],
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
) -> None:
    """Trade a symbol again that was excluded because its price jumped, once you know that the price is real."""
    from aion.store.layout import Layout
    from aion.web.control.request import ask_and_wait

    answer, why_not = ask_and_wait(Layout(settings_of(config, data=data).data), "admit", symbol, reason)
    if answer == "refused":
        raise ConfigError(why_not)
    if answer == "done":
        say(f"{symbol}: the next bar is traded on; each of its bots records it")
        return
    say(
        "requested, but the bots have not answered yet. Check that they run; they carry it out once they do", err=True
    )
    raise typer.Exit(1)


def control(
    bot: Annotated[str, typer.Argument(help="Name of a bot, or all.")],
    action: Annotated[
        str,
        typer.Argument(help="pause, resume, flatten, kill or clear; of some attached bots also stop, reload, ..."),
    ],
    key: Annotated[
        str | None, typer.Argument(help="Position, order or lock, for force_exit, cancel_order and delete_lock.")
    ] = None,
    keep_exits: Annotated[
        bool,
        typer.Option(
            "--keep-exits", help="With resume or clear: let exits ordered by a flatten or kill switch fill."
        ),
    ] = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
) -> None:
    """Pause, resume, flatten or stop one bot or all, and print the result; status 1 if the bots do not answer."""
    from aion.store.document.action import WITH_EXITS, WITH_KEY, AttachedAction, BotAction, SwitchAction
    from aion.store.layout import DESK, Layout
    from aion.web.control.request import ask_and_wait, clear_switch, throw_switch

    known: tuple[BotAction | SwitchAction | AttachedAction, ...] = (
        *get_args(BotAction), *get_args(SwitchAction), *get_args(AttachedAction),
    )  # fmt: skip
    if action not in known:
        raise ConfigError(f"action {action!r} is unknown; use one of {', '.join(known)}")
    if keep_exits and action not in WITH_EXITS:
        raise ConfigError(f"--keep-exits is for {' and '.join(WITH_EXITS)}, not for {action}")
    if (key is not None and action not in WITH_KEY) or (key is None and action in WITH_KEY[1:]):
        raise ConfigError(
            f"{action} takes {'no key' if key else 'the key of an order or lock'}: see aion control --help"
        )
    settings = settings_of(config, data=data)
    layout, target = Layout(settings.data), DESK if bot == "all" else bot
    if action == "kill":
        throw_switch(layout, target, reason, settings)
        say(f"kill switch of {bot} is on")
        return
    if action == "clear":
        was_on = clear_switch(layout, target, is_kept=keep_exits, settings=settings)
        exits = "are kept" if keep_exits else "are cancelled"
        done = f"kill switch of {bot} cleared; exits that it ordered and that are not filled {exits}"
        say(done if was_on else f"the kill switch of {bot} was not on")
        return
    answer, detail = ask_and_wait(layout, action, "keep" if keep_exits else key, reason, target, settings)
    more = f": {detail}" if detail else ""
    if answer == "refused":
        raise ConfigError(f"{action} of {bot} refused{more}")
    if answer == "not_answered":
        say(
            "requested, but the bots have not answered yet. Check that they run; they carry it out once they do",
            err=True,
        )
        raise typer.Exit(1)
    say(f"{action} of {bot} {answer}{more}")


def doctor(
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    url: Annotated[
        str, typer.Option("--url", help="Public address, to check that the proxy does not buffer the stream.")
    ] = "",
    token: Annotated[str, typer.Option("--token", envvar="AION_TOKEN", hidden=True)] = "",
    json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Check what Aion needs and say how to fix what is missing; status 1 if anything is."""
    from aion.command.doctor import as_json, checks

    settings = settings_of(config, data=data, host=host, port=port)
    found = []
    for each in checks(settings, url, token):
        found.append(each)
        if not json:
            todo = "" if each.is_fine else f": {each.todo}"
            say(f"{'ok  ' if each.is_fine else 'FAIL'}  {each.text}{todo}")
    if json:
        say(as_json(found))
    raise typer.Exit(0 if all(each.is_fine for each in found) else 1)


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder of the copy.")], config: Config = None, data: Data = None
) -> None:
    """Copy the ledger, logins, saved rules and kill switches while everything runs; see docs/operations.md."""
    from aion.command.backup import back_up
    from aion.store.layout import Layout

    for line in back_up(Layout(settings_of(config, data=data).data), folder):
        say(line)
