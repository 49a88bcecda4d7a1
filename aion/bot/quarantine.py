"""Which strategies are left alone because a call of theirs never came back and ended the process before."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from aion.bot.account import BotAccount
from aion.config import BotSettings
from aion.ledger.ledger import Ledger
from aion.store.log.process_log import ProcessLog
from aion.strategy.hang_killer import STUCK_S, read_stuck

_UNTIL = (
    "It is left alone until it or its parameters change, a fresh run begins, or a resume and a start try it again"
)
_NOTE = "stuck:"  # and a bot's name: note in the ledger


def note_stuck(path: Path, bots: Mapping[str, BotSettings], ledger: Ledger, log: ProcessLog) -> None:
    """Write into the ledger whose call ended the process before, if one did.

    Args:
        path: of the file that `watched` left.
        bots: of the run, by name.
        ledger: of the run, open.
        log: of the process.
    """
    name, where = read_stuck(path)
    path.unlink(missing_ok=True)
    if name not in bots:
        return
    line = f" ({where})" if where else ""
    why = f"did not come back within {STUCK_S:g} s and could not be interrupted{line}; the process was started again"
    ledger.note(f"{_NOTE}{name}", json.dumps([_what(bots[name]), why]))
    log.error(f"strategy {bots[name].strategy} {why}", bot=name)


def leave_alone(bots: Iterable[BotAccount], ledger: Ledger) -> None:
    """Put the bots in state `error` whose strategy got stuck in this run, as it is set up now."""
    for bot in bots:
        what, why = json.loads(ledger.notes(f"{_NOTE}{bot.name}") or '["", ""]')
        if why and what == _what(bot.settings):
            bot.standing.fault = f"strategy {bot.settings.strategy} {why}. {_UNTIL}"


def forgive(bots: Iterable[BotAccount], ledger: Ledger) -> None:
    """Let the next start try the strategies of `bots` again."""
    for bot in bots:
        if ledger.notes(f"{_NOTE}{bot.name}"):
            ledger.note(f"{_NOTE}{bot.name}", "")


def _what(settings: BotSettings) -> str:
    return json.dumps([settings.strategy, dict(settings.parameters)], sort_keys=True)
