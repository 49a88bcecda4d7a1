"""The log of the bots' process: one JSON line per event in `logs/<process>.jsonl`, one short line on stderr.

Logging never stops a bot: if a line cannot be written to the file, it still goes to stderr.
"""

import os
import sys
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TextIO

import orjson

from aion.clock import Clock, SystemClock, iso
from aion.store import rotate
from aion.store.layout import Layout
from aion.store.redact import MASK, is_secret, plain

Level = Literal["debug", "info", "warning", "error"]
_ORDER: dict[str, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
REPEAT = timedelta(seconds=60)  # a disk that stays full is reported once a minute, not once a cycle


class ProcessLog:
    """Writes the log lines of one process."""

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
        self._console = console or sys.stderr
        self._is_json = console_format == "json"
        self._descriptor: int | None = None
        self._failed_at: datetime | None = None

    def debug(self, event: str, **fields: Any) -> None:
        """Write a debug line for developers; see `write`."""
        self.write("debug", event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        """Write an event; see `write`."""
        self.write("info", event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write a warning; see `write`."""
        self.write("warning", event, **fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: Any) -> None:
        """Write a failure, with the traceback of `error`; see `write`."""
        if error is not None:
            fields["traceback"] = "".join(traceback.format_exception(error))[-8000:]
        self.write("error", event, **fields)

    def write(self, level: Level, event: str, *, is_quiet: bool = False, **fields: Any) -> None:
        """Write one line.

        Args:
            level: its level; below that of the log nothing happens.
            event: what happened, for people.
            is_quiet: True to keep it off the console.
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
        for name, value in fields.items():
            if value is not None:
                line[name] = _plain_value(name, value)
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
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        try:
            if self._descriptor is None:
                self._descriptor = _open(self._path)
            # one write on O_APPEND: a reader never sees another process's bytes inside a line
            os.write(self._descriptor, line)
            if os.fstat(self._descriptor).st_size > rotate.MAX_LOG_BYTES:
                self.close()
                rotate.rotate(self._path)
        except OSError as error:
            now = self._clock.now()
            if self._failed_at is None or now - self._failed_at >= REPEAT:
                self._failed_at = now
                self._say("warning", f"the log cannot be written: {error.strerror}", {})

    def _say(self, level: Level, event: str, fields: dict[str, Any]) -> None:
        about = f" [{plain(str(fields['bot']))}]" if fields.get("bot") else ""
        mark = "" if level == "info" else f" {level}:"
        market_time = fields.get("market_time")
        at = f" {iso(market_time)}" if isinstance(market_time, datetime) else ""
        self._print(f"{self._process}{at}{about}{mark} {event}")

    def _print(self, text: str) -> None:
        try:
            self._console.write(f"{text}\n")
            self._console.flush()
        except (OSError, ValueError):
            # stderr of a parent that is gone; the file has the line
            return


def _plain_value(name: str, value: Any) -> Any:
    if is_secret(name):
        return MASK
    if isinstance(value, datetime):
        return iso(value)
    return plain(value, lines=name == "traceback") if isinstance(value, str) else value


def _open(path: Path) -> int:
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    )  # no pipe is waited for
    try:
        return os.open(path, flags, 0o640)  # the umask says whether a group reads it
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o640)  # the umask says whether a group reads it
