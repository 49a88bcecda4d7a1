"""The log of the web process: one JSON line an event in `logs/web.jsonl`, one short line on stderr.

Secrets never get in: fields named like one are masked, and so is what follows `Bearer` or `password=` in a text.
A disk that refuses a line does not stop the desk.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO, cast

import orjson
import structlog

from aion.clock import Clock, SystemClock, iso
from aion.store import rotate
from aion.store.layout import Layout
from aion.store.redact import MASK, is_secret, plain
from aion.web.log.repeat import Repeats, also

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being answered; each line of its log has it."""

Event = MutableMapping[str, Any]


class LogFile:
    """Where lines go: appended to one file with one write each, and said on stderr."""

    def __init__(self, path: Path, *, console: TextIO | None = None, console_format: str = "text") -> None:
        """Make it.

        Args:
            path: the file, made by its first line.
            console: where people read along, default stderr.
            console_format: text for people, or json for the line of the file.
        """
        self._path = path
        self._is_json = console_format == "json"
        self._console = console
        self._descriptor: int | None = None
        self._has_failed = False
        self._lock = threading.Lock()  # routes and builds log from their threads

    def debug(self, line: bytes, said: str) -> None:
        """Append a line; debug is for the file alone."""
        self._append(line)

    def info(self, line: bytes, said: str) -> None:
        """Append a line and say it."""
        self._append(line)
        self._say(line[:-1].decode() if self._is_json else said)

    warning = error = critical = info

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        with self._lock:
            self._append_alone(line)

    def _append_alone(self, line: bytes) -> None:
        try:
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
                self._descriptor = os.open(self._path, flags, 0o640)  # the umask says whether a group reads it
            os.write(self._descriptor, line)
            if os.fstat(self._descriptor).st_size > rotate.MAX_LOG_BYTES:
                self._close()
                rotate.rotate(self._path)
            self._has_failed = False
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                self._say(f"web warning: the log cannot be written: {error.strerror}")

    def _say(self, said: str) -> None:
        try:
            console = self._console or sys.stderr
            console.write(f"{said}\n")
            console.flush()
        except (OSError, ValueError):
            return  # stderr of a parent that is gone; the file has the line


Log = structlog.typing.FilteringBoundLogger


def open_log(
    layout: Layout,
    level: str,
    *,
    clock: Clock | None = None,
    console: TextIO | None = None,
    console_format: str = "text",
    process: str = "web",
) -> Log:
    """Return the log of this process.

    Args:
        layout: of the data folder.
        level: least level that is written: debug, info, warning or error.
        clock: of the lines' `ts`; default the wall.
        console: where people read along; default stderr.
        console_format: text for people, or json for the lines of the file.
        process: name of the process and of its file.
    """
    wall = clock or SystemClock()

    def stamp(_logger: Any, method: str, event: Event) -> Event:
        head = {"ts": iso(wall.now()), "level": method, "process": process, "event": str(event.pop("event"))}
        if asked_as := request_id.get():
            head["request_id"] = asked_as
        return {**head, **event}

    return cast(
        Log,
        structlog.wrap_logger(
            LogFile(layout.log(process), console=console, console_format=console_format),
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
            processors=[stamp, _trace, redact, _render],
            cache_logger_on_first_use=True,
        ),
    )


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Mask secrets in an event, cut long texts, and keep terminal escapes and line breaks out of it."""
    for name, value in event.items():
        if is_secret(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = plain(value, lines=name == "traceback")
    return event


class StandardHandler(logging.Handler):
    """Takes what libraries say through `logging` into the process's log."""

    def __init__(self, log: Log, level: int = logging.WARNING, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: log: where it goes; level: least level taken; now_s: a clock in seconds that never goes back."""
        super().__init__(level)
        self._log = log
        self._repeats = Repeats(now_s)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record with its traceback, unless its like was written within a minute."""
        method = "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= 30 else "info"
        error = record.exc_info[1] if record.exc_info else None
        unsaid = self._repeats.count((record.name, str(record.msg), _place(error)))
        if unsaid is not None:
            getattr(self._log, method)(record.getMessage(), source=record.name, exc_info=error, **also(unsaid))

    def say_unsaid(self, is_last: bool = False) -> None:
        """Count what came again and was not written.

        Args:
            is_last: True at the stop: counts whose minute is not over too.
        """
        for kind, count in self._repeats.unsaid(is_last=is_last):
            source, text, *_ = (*kind, "")
            self._log.warning(f"the same came again: {text}", source=source, **also(count))


def _place(error: BaseException | None) -> tuple[str, int]:
    """Return what and where an error was, the same for each time that it comes."""
    if error is None:
        return "", 0
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return type(error).__name__, last.tb_lineno if last is not None else 0


def _trace(_logger: Any, _method: str, event: Event) -> Event:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["traceback"] = "".join(traceback.format_exception(error))[-8000:]
    return event


def _render(_logger: Any, _method: str, event: Event) -> tuple[tuple[bytes, str], dict[str, Any]]:
    level = "" if event["level"] == "info" else f" {event['level']}:"
    said = f"{event['process']}{level} {event['event']}"
    return (orjson.dumps(event, default=str) + b"\n", said), {}
