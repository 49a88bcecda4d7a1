"""Writes the states of one bot: a document now and then, and between two of them what changed."""

import errno
import os
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from aion.errors import StateError
from aion.live.delta import CannotSayError, merge_patches
from aion.past.day import FLUSH_END, RecordedDay, ms_of
from aion.past.folder import DayFile, PastFolder
from aion.past.frame import VERSION, Frame, FrameKind, encode
from aion.scalar import BotKind

LEVEL = 6
LEAST_BYTES = 4096
"""Of changes behind a document, packed; then another follows once they are as large as the document."""
MOST_CHANGES = 400
"""Behind a document: each has to be applied to get at the last."""
MODE = 0o666
"""Of a new file, before the umask of the process takes from it."""
UNKEPT = ("memo", "bars")
"""Members that are left out: what a bot resumes from, and bars, which the day's own file keeps."""


def kept_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return what is recorded of a state file."""
    return {name: value for name, value in document.items() if name not in UNKEPT}


class BotWriter:
    """Adds the states of one bot to its day files."""

    def __init__(self, folder: PastFolder, kind: BotKind, bot: str) -> None:
        """Args: folder: of the day files; kind, bot: which bot."""
        self._folder, self._kind, self._bot = folder, kind, bot
        self._day = ""
        self._last: dict[str, Any] | None = None
        """State of the frame before, None where the next one has to be a whole document."""
        self._number = 0
        self._last_ms = 0
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._whole_bytes = self._change_bytes = self._changes = 0
        self.bytes = 0
        """Written so far."""

    def resume(self, state: dict[str, Any] | None, seen: datetime | None, now: datetime, why: str) -> None:
        """Begin after a time without a recorder: today's file gets the hole, and a state that is news is recorded.

        Args:
            state: of the bot now; None where there is none that can be read.
            seen: when the recorder was last at work; None for never.
            now: wall time.
            why: it was away.
        """
        days = self._folder.days(self._kind, self._bot)
        if not days:
            if state is not None:
                self.write(state, now)
            return
        file = DayFile(self._kind, self._bot, days[-1])
        try:
            day = RecordedDay.read(self._folder.path(file), file.day, file.relative)
            last = day.document(len(day.states) - 1) if day.states else None
        except StateError:
            day, last = RecordedDay(b"", file.day, file.relative), None
        if file.day == now.date().isoformat():
            last_ms = day.walls[-1] if day.walls else 0
            since = max(last_ms, ms_of(file.day, seen)) if seen is not None else last_ms
            self.hole(since, now, why)
        elif state is not None and last == kept_of(state):
            return
        if state is not None:
            self.write(state, now)

    def write(self, document: dict[str, Any], now: datetime) -> bool:
        """Record a state unless it is the last one; return True if it was recorded.

        Raises:
            OSError: it cannot be written; the next one is then whole.
        """
        state = kept_of(document)
        wall_ms = self._turn(now)
        if self._last == state:
            return False
        data, kind = self._change_to(state), FrameKind.CHANGE
        if data is None:
            data, kind = self._whole(state), FrameKind.WHOLE
        self._add(Frame(kind, VERSION, self._number, wall_ms, _market_s(state), data))
        self._last = state
        return True

    def hole(self, from_ms: int, now: datetime, why: str) -> None:
        """Record that nothing is known from a moment of the day until now.

        Raises:
            OSError: it cannot be written.
        """
        wall_ms = self._turn(now)
        self._last = None
        data = orjson.dumps({"from_ms": max(0, min(from_ms, wall_ms)), "why": why})
        self._add(Frame(FrameKind.HOLE, VERSION, self._number, wall_ms, 0, data))

    def forget(self) -> None:
        """Let the next state be whole: what lies between is not known."""
        self._last = None

    def _turn(self, now: datetime) -> int:
        """Return the moment of the day, never before the last one; on another day begin another file."""
        day = now.astimezone(UTC).date().isoformat()
        if day > self._day:
            self._day, self._last, self._last_ms = day, None, 0
        self._last_ms = max(self._last_ms, min(ms_of(self._day, now), 86_399_999))
        return self._last_ms

    def _change_to(self, state: dict[str, Any]) -> bytes | None:
        """Return the change from the last state, packed; None where a whole document is better or needed."""
        is_full = self._change_bytes > max(LEAST_BYTES, self._whole_bytes) or self._changes >= MOST_CHANGES
        if self._last is None or is_full:
            return None
        try:
            text = orjson.dumps(merge_patches(self._last, state))
        except CannotSayError:
            return None
        data = self._packed(text)
        self._changes += 1
        self._change_bytes += len(data)
        return data

    def _whole(self, state: dict[str, Any]) -> bytes:
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = self._packed(orjson.dumps(state))
        self._whole_bytes, self._change_bytes, self._changes = len(data), 0, 0
        return data

    def _packed(self, text: bytes) -> bytes:
        data = self._packer.compress(text) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        return data.removesuffix(FLUSH_END)

    def _add(self, frame: Frame) -> None:
        path = self._folder.path(DayFile(self._kind, self._bot, self._day))
        try:
            text = encode(frame)
            _append(path, text)
        except (OSError, ValueError):
            self._last = None
            raise
        self._number = (self._number + 1) & 0xFFFF
        self.bytes += len(text)


def _append(path: Path, text: bytes) -> None:
    """Add `text` to the file at `path` in one write; its folder is created if missing."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, MODE)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, MODE)
    try:
        written = os.write(descriptor, text)
        if written < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def _market_s(state: dict[str, Any]) -> int:
    try:
        seconds = int(datetime.fromisoformat(state["as_of"]).timestamp())
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0
    return seconds if 0 < seconds < 1 << 32 else 0
