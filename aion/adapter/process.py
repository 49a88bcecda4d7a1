"""The process of all bots of other programs: a task looks at each, so that none holds up another."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from aion.adapter.account.alpaca import PAPER, AlpacaSource
from aion.adapter.account.exchange import ExchangeSource
from aion.adapter.account.hummingbot import HummingbotSource
from aion.adapter.account.source import AccountSource
from aion.adapter.account.statement import StatementSource
from aion.adapter.account.store import AccountStore
from aion.adapter.attached import AttachedBot
from aion.adapter.freqtrade_source import FreqtradeSource
from aion.adapter.problem import RefusedError
from aion.config import Settings
from aion.control.inbox import Inbox
from aion.errors import ConfigError
from aion.secret import ATTACHED_SECRETS, attached_secret, attached_secrets, variable_of
from aion.section import AttachSettings
from aion.store.layout import DESK, Layout
from aion.store.log.process_log import ProcessLog, Say

LOOK_S = 0.2  # between two looks at what the desk asks
STOP_S = 1.0


def source_of(
    name: str, settings: AttachSettings, secrets: Mapping[str, str], layout: Layout
) -> FreqtradeSource | AccountSource:
    """Return what reads and asks a bot.

    Args:
        name: on the desk.
        settings: its table.
        secrets: by variable.
        layout: of the data folder.

    Raises:
        RefusedError: a secret that it needs is missing.
    """
    password, database, key, secret = (
        secrets.get(variable_of(attached_secret(name, what)), "") for what in ATTACHED_SECRETS
    )
    if settings.kind == "alpaca":
        store = AccountStore(layout.attached(name), f"alpaca {settings.url or PAPER} {key[:8]}")
        return AlpacaSource(name, settings, store, key, secret)
    if settings.kind == "ccxt":
        store = AccountStore(layout.attached(name), f"ccxt {settings.exchange} {settings.market} {key[:8]}")
        return ExchangeSource(name, settings, store, {"key": key, "secret": secret, "password": password})
    if settings.kind == "csv":
        return StatementSource(name, settings)
    if settings.kind == "hummingbot":
        return HummingbotSource(name, settings)
    return FreqtradeSource(name, settings, password, database)


def run(settings: Settings) -> int:
    """Show all bots of `[attach.*]` until stopped by a signal; return the exit status.

    Raises:
        ConfigError: there is none.
    """
    if not settings.attach:
        raise ConfigError("no bot is attached: add a table such as [attach.my_bot] to the settings (docs/attach.md)")
    log = ProcessLog(Layout(settings.data), "attach", settings.log_level, console_format=settings.log_format)
    asyncio.run(_run(settings, attached_secrets(settings.attach), log.write))
    return 0


async def _run(settings: Settings, secrets: Mapping[str, str], say: Say) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    layout = Layout(settings.data)
    bots: dict[str, AttachedBot] = {}
    for name, table in settings.attach.items():
        try:
            bots[name] = AttachedBot(name, source_of(name, table, secrets, layout), layout, table.every_s, say)
        except RefusedError as error:
            say("error", f"{name}: {error}")
    say("info", f"showing {len(bots)} bots of other programs")
    tasks = [asyncio.create_task(bot.follow(), name=bot.name) for bot in bots.values()]
    inbox = Inbox(layout, bots)
    while not over.is_set():
        _hand_over(inbox, bots)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_S)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_S) if tasks else None
    for bot in bots.values():
        await bot.close()
    say("info", "stopped")


def _hand_over(inbox: Inbox, bots: Mapping[str, AttachedBot]) -> None:
    """Hand each bot what is asked of it; requests to all are for Aion's own bots, the kill switch of all is not."""
    now = datetime.now(UTC)
    answered = {name: bot.seen for name, bot in bots.items()}
    of_all = inbox.ids(now).get(DESK, ())
    for request in inbox.requests({**answered, DESK: of_all}, now):
        if request.target in bots:
            bots[request.target].take(request)
    killed = inbox.killed(DESK)
    for name, bot in bots.items():
        bot.kill(inbox.killed(name) or killed)
