"""Machines whose bots a desk shows beside its own: the data folder of each in `machines/`, the ids of their bots."""

import os
import re
from pathlib import Path

from aion.errors import ConfigError
from aion.store.layout import MACHINES

RESERVED = "data"
"""What proofs call the desk's own folder; no machine may have the name."""
OWN = ""
"""In place of a machine's name for the desk's own bots."""
APART = "~"
"""Between machine and bot in the id of a bot whose name two machines have; no name has it, and no URL escapes it."""
RELAY_REPORT = ".relay-report.json"
"""In a machine's folder: what the relay that fills it says of itself and of the machine."""
RULE = (
    f"a machine's name is 1 to 32 lower-case letters, digits, '-' and '_', starts with a letter, is not {RESERVED!r}"
)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def is_machine(name: str) -> bool:
    """Tell whether a machine of a desk can have a name; other machines' proofs are told by it too (RFC 9651 keys)."""
    return _NAME.fullmatch(name) is not None and name != RESERVED


def check_machine_of_desk(name: str) -> str:
    """Return `name` if it can be that of a machine of a desk.

    Raises:
        ConfigError: it cannot.
    """
    if not is_machine(name):
        raise ConfigError(f"machine {name[:80]!r} cannot have a folder in {MACHINES}/: {RULE}")
    return name


def folder_of(machine: str) -> str:
    """Return the path of a machine's data folder below the desk's, with `/` at its end; empty for the desk's own."""
    return f"{MACHINES}/{machine}/" if machine else ""


def split_path(path: str) -> tuple[str, str]:
    """Return the machine of a path below the desk's data folder (`OWN` for none), and the path below its folder."""
    top, _, rest = path.partition("/")
    if top != MACHINES or not rest:
        return OWN, path
    machine, _, inside = rest.partition("/")
    return machine, inside


def bot_id(machine: str, bot: str) -> str:
    """Return the id of a bot that names its machine too; of the desk's own, its name."""
    return f"{machine}{APART}{bot}" if machine else bot


def split_id(bot: str) -> tuple[str, str]:
    """Return the machine that the id of a bot names, `OWN` where it names none, and the bot's name there."""
    machine, apart, name = bot.partition(APART)
    return (machine, name) if apart else (OWN, bot)


def machines_below(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the machines that have a folder below a desk's data folder, and why other things there are none.

    Args: root: the desk's data folder; it need not exist.
    """
    names: list[str] = []
    wrong: dict[str, str] = {}
    try:
        with os.scandir(root / MACHINES) as found:
            for each in found:
                if each.name.startswith("."):
                    continue
                if why := why_none(each.name, is_folder=each.is_dir(follow_symlinks=False)):
                    wrong[each.name] = why
                else:
                    names.append(each.name)
    except (FileNotFoundError, NotADirectoryError):
        return [], {}
    except OSError as error:
        return [], {"": f"cannot be listed: {error.strerror}"}
    return sorted(names), dict(sorted(wrong.items()))


def why_none(name: str, *, is_folder: bool) -> str:
    """Return why something in `machines/` is no machine; empty for one."""
    if not is_folder:
        return "is a link or a file, and no link is followed there: put the folder itself in its place"
    return "" if is_machine(name) else f"is left out: {RULE}"
