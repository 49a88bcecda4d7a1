"""Waiting on the wall that a stop request ends at once."""

import os
import select
import time
from contextlib import suppress
from typing import Protocol


class Waiter(Protocol):
    """Lets wall time pass; tests inject one that does not."""

    @property
    def is_stopped(self) -> bool:
        """True once the process was asked to stop."""
        ...

    def wait(self, seconds: float) -> bool:
        """Let `seconds` (>= 0) pass, or less when asked to stop; return `is_stopped`."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back and stands still while the machine sleeps."""
        ...


class WallWaiter:
    """Waits for real. `stop` may be called from a signal handler: a pipe holds no lock that the wait could hold."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def is_stopped(self) -> bool:
        """True once `stop` was called."""
        return self._is_stopped

    def stop(self) -> None:
        """End the present wait and all later ones; safe to call twice, from a thread or a signal handler."""
        self._is_stopped = True
        with suppress(OSError):
            os.write(self._write, b"x")

    def wait(self, seconds: float) -> bool:
        """As `Waiter.wait`."""
        if not self._is_stopped:
            select.select([self._read], [], [], max(0.0, seconds))
        return self._is_stopped

    def monotonic(self) -> float:
        """As `Waiter.monotonic`."""
        return time.monotonic()

    def close(self) -> None:
        """Close the pipe; nothing may wait any more."""
        os.close(self._read)
        os.close(self._write)
