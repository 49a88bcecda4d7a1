"""What libraries say through `logging`, in the log of the process."""

import logging
import time
from collections.abc import Callable

from aion.store.process_log import Level, ProcessLog
from aion.web.log.repeat import Repeats, also


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
