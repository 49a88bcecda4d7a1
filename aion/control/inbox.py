"""What the desk asks of the bots, read from `control/` and `config/`; nothing is written or removed here.

A look costs one `stat` a folder while nothing changes in it, so that it may happen several times a second whatever
else lies there.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aion.errors import StateError, printable
from aion.store import control_id
from aion.store.document.action import Action
from aion.store.document.request import BotConfig, Control, Kill
from aion.store.document_file import read_document
from aion.store.file import Signature
from aion.store.layout import DESK, KILL, Layout, control_id_of, in_controls

LONGEST_REASON = 200  # characters of the desk's text that a bot repeats
MOST_NAMED = 5  # files left aside that a look names
TO_BE_SAFE = "stopped to be safe"
RACY_S = 2.0  # the change time of a folder may be as coarse; until it is older, another file may have the same
LISTED_AGAIN_S = 5.0  # a file that was written in place does not change its folder
THIS_MACHINE = "local"  # who asks on a desk without a password


@dataclass(frozen=True, slots=True)
class Request:
    """One control file."""

    target: str
    """Name of a bot, or `DESK`."""
    id: str
    action: Action
    value: str = ""
    by: str = ""
    at: datetime | None = None
    """Wall time at which it was asked."""
    reason: str = ""
    request_id: str = ""
    """Of the HTTP request that asked."""

    @property
    def paused_text(self) -> str:
        """Who paused it, when and why, for the bot's state: `paused by ana, 12:04 UTC: lunch`."""
        by = {"": "", THIS_MACHINE: " by you (this machine)"}.get(self.by, f" by {self.by}")
        at = f", {clock_text(self.at)}" if self.at is not None else ""
        return f"paused{by}{at}: {self.reason}" if self.reason else f"paused{by}{at}"

    @property
    def text(self) -> str:
        """Who asked and why, for a decision: `asked by ana: lunch`."""
        who = f"asked by {self.by}" if self.by else "asked on the desk"
        return f"{who}: {self.reason}" if self.reason else who


@dataclass(slots=True)
class _Folder:
    """What the newest listing of a folder gave."""

    signature: Signature
    listed_at: datetime
    ids: list[str] = field(default_factory=list)
    """Well-formed ids, whatever their time."""
    strange: list[str] = field(default_factory=list)
    """Names that are no id, the first few in order."""
    count: int = 0
    """Of all names that are no id."""


class Inbox:
    """Looks at the folders of some bots."""

    def __init__(self, layout: Layout, bots: Iterable[str]) -> None:
        """Args: layout: of the data folder; bots: names."""
        self._layout = layout
        self._bots = tuple(bots)
        names = (DESK, *self._bots)  # paths are made once: each bot's are looked at five times a second
        self._places = {name: layout.controls_of(name) for name in names}
        self._kills = {name: layout.kill(name) for name in names}
        self._rules = {name: layout.config(name) for name in self._bots}
        self._configs: dict[str, Signature | None] = {}
        self._folders: dict[str, _Folder] = {}
        self._unreadable: dict[Path, tuple[Signature | None, str]] = {}
        self.left_aside: dict[str, str] = {}
        """What the newest look at requests did not act on: path below the data folder -> why, the first few."""

    def requests(self, answered: Mapping[str, Collection[str]], now: datetime) -> list[Request]:
        """Return the requests that are not answered, oldest first; what is no request is in `left_aside`.

        Args:
            answered: exact ids by target.
            now: wall time.
        """
        found: list[Request] = []
        aside: dict[str, str] = {}
        unreadable: dict[Path, tuple[Signature | None, str]] = {}
        for target in (DESK, *self._bots):
            folder = self._look_into(target, now)
            if folder is None:
                continue
            done = answered.get(target, ())
            bad = {name: control_id.why_no_file(name, now) for name in folder.strange}
            more = folder.count - len(folder.strange)
            for each in folder.ids:
                if each in done:
                    continue
                path = self._layout.control(target, each)
                why = control_id.why_not(each, now)
                if not why:
                    read = self._read(target, path, unreadable)
                    if isinstance(read, Request):
                        found.append(read)
                        continue
                    why = read
                if not why:  # gone since the listing
                    continue
                if len(bad) < MOST_NAMED:
                    bad[path.name] = why
                else:
                    more += 1
            _name(aside, in_controls(target), bad, more)
        self._unreadable, self.left_aside = unreadable, aside
        return sorted(found, key=lambda request: (control_id.order_of(request.id), request.target))

    def ids(self, now: datetime) -> dict[str, list[str]]:
        """Return the ids of all requests that lie there, by target."""
        folders = {target: self._look_into(target, now) for target in (DESK, *self._bots)}
        return {target: list(folder.ids) for target, folder in folders.items() if folder is not None}

    def _look_into(self, target: str, now: datetime) -> _Folder | None:
        """Return the listing of a target's folder: the one kept, while nothing says that it may have changed."""
        path = self._places[target]
        try:
            signature = Signature.of(os.stat(path))
            kept = self._folders.get(target)
            if kept is not None and kept.signature == signature:
                age_s = (now - kept.listed_at).total_seconds()
                quiet_s = kept.listed_at.timestamp() - max(signature.mtime_ns, signature.ctime_ns) / 1e9
                if 0 <= age_s < LISTED_AGAIN_S and quiet_s > RACY_S:
                    return kept
            names = os.listdir(path)
        except OSError:  # no folder: nothing was asked; one that cannot be listed shows in `killed`
            self._folders.pop(target, None)
            return None
        folder = self._folders[target] = _Folder(signature, now)
        strange = []
        for name in names:
            if (found := control_id_of(name)) is not None:
                folder.ids.append(found)
            elif name != KILL and not name.startswith("."):
                strange.append(name)
        folder.ids.sort(key=control_id.order_of)
        folder.count = len(strange)
        folder.strange = sorted(strange)[:MOST_NAMED]
        return folder

    def _read(self, target: str, path: Path, unreadable: dict[Path, tuple[Signature | None, str]]) -> Request | str:
        """Return the request at `path`, or why it is none; empty when it is gone.

        A broken file is not read again until it changes.
        """
        try:
            signature: Signature | None = Signature.of(os.lstat(path))
        except OSError:
            signature = None
        known = self._unreadable.get(path)
        if known is not None and known[0] is not None and known[0] == signature:
            unreadable[path] = known
            return known[1]
        try:
            control, _ = read_document(path, "control", name="")
        except FileNotFoundError:
            return ""
        except StateError as error:
            where = f" at byte {error.byte}" if error.byte is not None else ""
            unreadable[path] = signature, f"{error.reason}{where}"
            return unreadable[path][1]
        assert isinstance(control, Control)
        if control.id != path.stem or control.bot != target:
            unreadable[path] = signature, f"says that it is {_short(control.bot)}/{_short(control.id)}"
            return unreadable[path][1]
        return Request(
            target,
            control.id,
            control.action,
            "" if control.value is None else _plain(control.value),
            control.requested_by,
            control.requested_at,
            _short(control.reason),
            control.request_id,
        )

    def killed(self, bot: str) -> str:
        """Return why `bot` (or with `DESK` every bot) must stop, or an empty text: only a missing file is clear."""
        path = self._kills.get(bot) or self._layout.kill(bot)
        whose = "the kill switch of all bots" if bot == DESK else "the kill switch"
        said = "kill switch of all bots" if bot == DESK else "kill switch"
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
        by = {"": "", THIS_MACHINE: " (this machine)"}.get(kill.killed_by, f" ({kill.killed_by})")
        why = f": {_short(kill.reason)}" if kill.reason else ""
        return f"stopped by {said}{by}, {clock_text(kill.killed_at)}{why}"

    def has_new_config(self, bot: str) -> bool:
        """Tell whether `config/<bot>.json` is another file than at the look before; True at the first look."""
        try:
            signature: Signature | None = Signature.of(os.lstat(self._rules[bot]))
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
        path = self._rules[bot]
        try:
            config, _ = read_document(path, "bot_config", name=self._layout.relative(path))
        except FileNotFoundError:
            return None
        assert isinstance(config, BotConfig)
        if config.bot != bot:
            raise StateError(self._layout.relative(path), f"names the bot {config.bot}")
        return config


def _name(aside: dict[str, str], folder: str, bad: Mapping[str, str], more: int) -> None:
    """Add what is bad in `folder`; the last of them says how many there are beside it."""
    for number, (name, why) in enumerate(bad.items()):
        is_last = number == len(bad) - 1
        shown = printable(name.encode(errors="replace").decode())  # a name need not be text
        aside[f"{folder}/{shown}"[:LONGEST_REASON]] = f"{why} (and {more} more like it)" if more and is_last else why


def clock_text(at: datetime) -> str:
    """Return a wall time as a sentence says it: `12:04 UTC`."""
    return f"{at:%H:%M} UTC"


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else value.strip()


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON]
