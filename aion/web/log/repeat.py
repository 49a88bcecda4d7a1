"""What may come without end, such as a client's mistakes or a library's lines, is said once a minute with a count."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from aion.store.log.process_log import Level, ProcessLog

EVERY_S = 60.0
MAX_KINDS = 256  # more at a time are said as one
_MORE_KINDS = ("more kinds than are told apart",)


class Repeats:
    """Tells whether something is to be said now. Safe to ask from any thread."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: now_s: a clock in seconds that never goes back."""
        self._now_s = now_s
        self._said: dict[tuple[object, ...], tuple[float, int]] = {}
        """When each kind was said last, and how often it came since."""
        self._lock = threading.Lock()

    def count(self, kind: tuple[object, ...]) -> int | None:
        """Count one of `kind`, whose parts may be compared and said.

        Returns:
            How many came since it was said last, for who says it now; None where it was said within a minute.
        """
        now = self._now_s()
        with self._lock:
            if kind not in self._said and len(self._said) >= MAX_KINDS - 1:
                kept = {each: found for each, found in self._said.items() if found[1] or now - found[0] < EVERY_S}
                self._said = kept
                if len(kept) >= MAX_KINDS - 1:
                    kind = _MORE_KINDS
            said_at, unsaid = self._said.get(kind, (-EVERY_S, 0))
            if now - said_at < EVERY_S:
                self._said[kind] = (said_at, unsaid + 1)
                return None
            self._said[kind] = (now, 0)
            return unsaid

    def unsaid(self, *, is_last: bool = False) -> list[tuple[tuple[object, ...], int]]:
        """Return how many of each kind came since it was said, of those whose minute is over, and count anew.

        Args:
            is_last: True for all of them, because nobody will ask again.
        """
        now = self._now_s()
        with self._lock:
            found = {
                kind: unsaid
                for kind, (said_at, unsaid) in self._said.items()
                if unsaid and (is_last or now - said_at >= EVERY_S)
            }
            self._said |= dict.fromkeys(found, (now, 0))
        return list(found.items())


def also(unsaid: int) -> dict[str, Any]:
    """Return the field of a line that says how many more of its kind came since the line before it."""
    return {"not_said_since": unsaid} if unsaid else {}


class StandardHandler(logging.Handler):
    """Takes what libraries say through `logging` into the process's log."""

    def __init__(
        self, log: ProcessLog, level: int = logging.WARNING, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Args: log: where it goes; level: least level taken; now_s: a clock in seconds that never goes back."""
        super().__init__(level)
        self._log = log
        self._repeats = Repeats(now_s)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record with its traceback, unless its like was written within a minute."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= 30 else "info"
        error = record.exc_info[1] if record.exc_info else None
        unsaid = self._repeats.count((record.name, str(record.msg), _place(error)))
        if unsaid is not None:
            self._log.write(level, record.getMessage(), error=error, source=record.name, **also(unsaid))

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
