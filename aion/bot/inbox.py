"""What the desk asks of the bots, read from `control/` and `config/`; nothing is written or removed here.

A look costs one listing a folder, so that it may happen several times a second.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aion.errors import ConfigError, StateError
from aion.store.file import Signature, read_document
from aion.store.layout import DESK, Layout, check_name
from aion.store.request import BotConfig, Control, Kill

KILL = "kill"
LONGEST_REASON = 200  # characters of the desk's text that a bot repeats
TO_BE_SAFE = "stopped to be safe"


@dataclass(frozen=True, slots=True)
class Request:
    """One control file."""

    target: str
    """Name of a bot, or `DESK`."""
    id: str
    action: str
    """pause, resume, flatten, speed, jump or admit; empty when the file cannot be read."""
    value: str = ""
    by: str = ""
    at: datetime | None = None
    """Wall time at which it was asked."""
    reason: str = ""
    error: str = ""
    """Why it cannot be read."""
    request_id: str = ""
    """Of the HTTP request that asked."""

    @property
    def text(self) -> str:
        """Who asked and why, for a decision: `asked by ana: lunch`."""
        who = f"asked by {self.by}" if self.by else "asked on the desk"
        return f"{who}: {self.reason}" if self.reason else who


class Inbox:
    """Looks at the folders of some bots."""

    def __init__(self, layout: Layout, bots: Iterable[str]) -> None:
        """Args: layout: of the data folder; bots: names."""
        self._layout = layout
        self._bots = tuple(bots)
        self._configs: dict[str, Signature | None] = {}

    def requests(self, answered: Mapping[str, str]) -> list[Request]:
        """Return the requests that came after those answered, oldest id first.

        Args:
            answered: newest id carried out by target; requests up to it are done.
        """
        found = [
            self._read(target, path)
            for target in (DESK, *self._bots)
            for path in self._files(target)
            if path.stem != KILL and path.stem > answered.get(target, "")
        ]
        return sorted(found, key=lambda request: (request.id, request.target))

    def _files(self, target: str) -> list[Path]:
        folder = self._layout.controls / target
        try:
            names = os.listdir(folder)
        except OSError:  # no folder: nothing was asked; one that cannot be listed shows in `killed`
            return []
        return [folder / name for name in names if name.endswith(".json") and not name.startswith(".")]

    def _read(self, target: str, path: Path) -> Request:
        control_id = path.stem
        try:
            check_name("control id", control_id)
            control, _ = read_document(path, "control", name=self._layout.relative(path))
        except (StateError, ConfigError, OSError) as error:
            return Request(target, control_id, "", error=f"the request cannot be read: {error}")
        assert isinstance(control, Control)
        mismatch = ""
        if control.id != control_id or control.bot != target:
            mismatch = f"the request names {control.bot}/{control.id}, its file {target}/{control_id}"
        return Request(
            target,
            control_id,
            control.action,
            "" if control.value is None else _plain(control.value),
            control.requested_by,
            control.requested_at,
            _short(control.reason),
            mismatch,
            control.request_id,
        )

    def killed(self, bot: str) -> str:
        """Return why `bot` (or with `DESK` every bot) must stop, or an empty text: only a missing file is clear."""
        path = self._layout.kill(bot)
        whose = "the kill switch of all bots" if bot == DESK else "the kill switch"
        try:
            os.lstat(path)
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{whose} cannot be read ({error.strerror}): {TO_BE_SAFE}"
        try:
            kill, _ = read_document(path, "kill", name=self._layout.relative(path))
        except FileNotFoundError:
            return ""
        except StateError as error:
            return f"{whose} cannot be read ({_short(str(error))}): {TO_BE_SAFE}"
        assert isinstance(kill, Kill)
        by = f" by {kill.killed_by}" if kill.killed_by else ""
        return f"{whose} is on{by}: {_short(kill.reason)}" if kill.reason else f"{whose} is on{by}"

    def has_new_config(self, bot: str) -> bool:
        """Tell whether `config/<bot>.json` is another file than at the look before; True at the first look."""
        try:
            signature: Signature | None = Signature.of(os.lstat(self._layout.config(bot)))
        except OSError:
            signature = None
        is_new = bot not in self._configs or self._configs[bot] != signature
        self._configs[bot] = signature
        return is_new

    def config(self, bot: str) -> BotConfig | None:
        """Return the rules saved for `bot`, None when there are none.

        Raises:
            StateError: they cannot be read.
        """
        path = self._layout.config(bot)
        try:
            config, _ = read_document(path, "bot_config", name=self._layout.relative(path))
        except FileNotFoundError:
            return None
        assert isinstance(config, BotConfig)
        if config.bot != bot:
            raise StateError(self._layout.relative(path), f"names the bot {config.bot}")
        return config


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else value.strip()


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON]
