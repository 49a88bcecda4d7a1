"""The log of a process: one JSON line per event in `logs/<process>.jsonl`, one short line on stderr.

Logging never stops a process: if a line cannot be written to the file, it still goes to stderr. Secrets never get in:
fields named like one are masked, and so is what follows `Bearer` or `password=` in a text.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TextIO

import orjson

from aion.clock import Clock, SystemClock, iso
from aion.store.layout import Layout
from aion.store.log import rotate
from aion.store.log.redact import MASK, is_secret, plain

Level = Literal["debug", "info", "warning", "error"]
Say = Callable[[Level, str], None]
"""Writes a sentence at a level, as `ProcessLog.write` does."""
_ORDER: dict[str, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
REPEAT = timedelta(seconds=60)  # a disk that stays full is reported once a minute, not once a cycle
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the HTTP request that is being answered; each line of its log has it."""


class ProcessLog:
    """Writes the log lines of one process, from any thread."""

    def __init__(
        self,
        layout: Layout,
        process: str,
        level: Level = "info",
        *,
        clock: Clock | None = None,
        console: TextIO | None = None,
        console_level: Level = "info",
        console_format: Literal["text", "json"] = "text",
    ) -> None:
        """Make it; the file is created by the first line.

        Args:
            layout: of the data folder.
            process: name of the process, the name of the file.
            level: lowest level that is written to the file.
            clock: for the line's `ts`; default the wall clock.
            console: stream for people; default stderr.
            console_level: lowest level that is written there.
            console_format: text for people, or json for the same line as in the file.
        """
        self._path = layout.log(process)
        self._process = process
        self._level = _ORDER[level]
        self._console_level = max(_ORDER[console_level], self._level)
        self._clock = clock or SystemClock()
        self._console = console
        self._is_json = console_format == "json"
        self._descriptor: int | None = None
        self._failed_at: datetime | None = None
        self._lock = threading.Lock()
        self.is_debug = level == "debug"
        """True where debug lines are written."""

    def debug(self, event: str, **fields: Any) -> None:
        """Write a debug line for developers; see `write`."""
        self.write("debug", event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        """Write an event; see `write`."""
        self.write("info", event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write a warning; see `write`."""
        self.write("warning", event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        """Write a failure; see `write`."""
        self.write("error", event, **fields)

    def write(
        self, level: Level, event: str, *, is_quiet: bool = False, error: BaseException | None = None, **fields: Any
    ) -> None:
        """Write one line.

        Args:
            level: its level; below that of the log nothing happens.
            event: what happened, for people.
            is_quiet: True to keep it off the console.
            error: adds its traceback.
            fields: `bot`, `cycle_id`, `market_time` (aware UTC) and others; None values are left out.
        """
        if _ORDER[level] < self._level:
            return
        event = plain(event)
        line: dict[str, Any] = {
            "ts": iso(self._clock.now()),
            "level": level,
            "process": self._process,
            "event": event,
        }
        if asked_as := request_id.get():
            line["request_id"] = asked_as
        for name, value in fields.items():
            if value is not None:
                line[name] = _plain_value(name, value)
        if error is not None:
            line["traceback"] = plain("".join(traceback.format_exception(error))[-8000:], lines=True)
        data = orjson.dumps(line, default=str)
        self._append(data + b"\n")
        if is_quiet or _ORDER[level] < self._console_level:
            return
        if self._is_json:
            self._print(data.decode())
        else:
            self._say(level, event, fields)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        failed = None
        with self._lock:
            try:
                if self._descriptor is None:
                    self._descriptor = _open(self._path)
                # one write on O_APPEND: a reader never sees another process's bytes inside a line
                os.write(self._descriptor, line)
                if os.fstat(self._descriptor).st_size > rotate.MAX_LOG_BYTES:
                    self._close()
                    rotate.rotate(self._path)
            except OSError as error:
                now = self._clock.now()
                if self._failed_at is None or now - self._failed_at >= REPEAT:
                    self._failed_at, failed = now, error.strerror
        if failed is not None:
            self._say("warning", f"the log cannot be written: {failed}", {})

    def _say(self, level: Level, event: str, fields: dict[str, Any]) -> None:
        about = f" [{plain(str(fields['bot']))}]" if fields.get("bot") else ""
        mark = "" if level == "info" else f" {level}:"
        market_time = fields.get("market_time")
        at = f" {iso(market_time)}" if isinstance(market_time, datetime) else ""
        self._print(f"{self._process}{at}{about}{mark} {event}")

    def _print(self, text: str) -> None:
        console = self._console or sys.stderr
        try:
            console.write(f"{text}\n")
            console.flush()
        except (OSError, ValueError):
            # stderr of a parent that is gone; the file has the line
            return


def _plain_value(name: str, value: Any) -> Any:
    if is_secret(name):
        return MASK
    if isinstance(value, datetime):
        return iso(value)
    return plain(value) if isinstance(value, str) else value


def _open(path: Path) -> int:
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    )  # no pipe is waited for
    try:
        return os.open(path, flags, 0o640)  # the umask says whether a group reads it
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o640)  # the umask says whether a group reads it
