"""Requests of the desk to one bot, as docs/controls.md of Aion describes them: files that are read, never changed."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Callable

from aion_client.argument import text
from aion_client.errors import ClientError
from aion_client.store import read_json

_ID = re.compile(r"c([0-9]{8}T[0-9]{6})([0-9]{6})?-[0-9a-z]{1,16}")
_MOST_BYTES = 64 << 10
_AHEAD, _BEHIND = timedelta(days=1), timedelta(days=7)


class Inbox:
    """Looks at the folder of a bot and at the kill switches."""

    def __init__(self, root: Path, bot: str, since: datetime, say: Callable[[str, str], None]) -> None:
        """Args: root: the desk's data folder; since: older requests are of no run; say: tells of files left aside."""
        self._bot = bot
        self._folder = root / "control" / bot
        self._kills = (self._folder / "kill.json", root / "control" / "desk" / "kill.json")
        self._since = since
        self._say = say
        self._read: dict[str, dict[str, str] | None] = {}

    def killed(self) -> str | None:
        """Return why a kill switch stops the bot, None if none does; a file that cannot be read stops it too."""
        for path in self._kills:
            try:
                os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                return f"stopped to be safe: {path.name} cannot be read ({error.strerror})"
            try:
                value = read_json(path, _MOST_BYTES)
            except (ClientError, OSError):
                return "stopped to be safe: the file of the kill switch cannot be read"
            if value is None:
                continue
            who = "of all bots " if path.parent.name == "desk" else ""
            by, reason = text(value.get("killed_by"), 64), text(value.get("reason"), 200)
            return f"kill switch {who}on{f' by {by}' if by else ''}{f': {reason}' if reason else ''}"
        return None

    def requests(self) -> dict[str, dict[str, str]]:
        """Return the valid requests by id, in the order in which they were asked."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return {}
        found: list[tuple[datetime, str]] = []
        for name in names:
            if not name.endswith(".json") or name == "kill.json" or name.startswith("."):
                continue
            at = _asked_at(name[:-5])
            if at is not None and self._since <= at and self._is_now(at):
                found.append((at, name[:-5]))
        self._read = {each: self._read[each] for _, each in found if each in self._read}
        for _, each in found:
            if each not in self._read:
                self._read[each] = self._request(each)
        ordered = ((each, self._read[each]) for _, each in sorted(found))
        return {each: about for each, about in ordered if about is not None}

    @staticmethod
    def _is_now(at: datetime) -> bool:
        now = datetime.now(timezone.utc)
        return now - _BEHIND <= at <= now + _AHEAD

    def _request(self, name: str) -> dict[str, str] | None:
        try:
            value = read_json(self._folder / f"{name}.json", _MOST_BYTES)
        except (ClientError, OSError) as error:
            self._say(f"request {name}", f"control/{self._bot}/{name}.json is left aside: {error}")
            return None
        if value is None or value.get("schema") != "aion/control/1" or value.get("id") != name:
            return None
        if value.get("bot") != self._bot or not isinstance(value.get("action"), str):
            return None
        about = {"by": value.get("requested_by"), "reason": value.get("reason"), "value": value.get("value")}
        return {"id": name, "action": value["action"], **{key: text(each, 200) for key, each in about.items()}}


def _asked_at(control_id: str) -> datetime | None:
    match = _ID.fullmatch(control_id) if control_id.isascii() else None
    if match is None:
        return None
    with contextlib.suppress(ValueError):
        at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
        return at + timedelta(microseconds=int(match[2] or 0))
    return None
