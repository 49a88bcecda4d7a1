"""Interruptible sleep: waits in wall time and ends at once when the process is asked to stop."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol


class StoppedError(BaseException):
    """A stop request during work that looks at no flag; like KeyboardInterrupt it passes every `except Exception`."""


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

    def interruptible(self) -> AbstractContextManager[None]:
        """Let a stop request raise `StoppedError` while inside: for slow work that cannot look at `is_stopped`."""
        ...


class WallWaiter:
    """Waits for real. `stop` may be called from a signal handler: a pipe holds no lock that the wait could hold."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._is_interruptible = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def is_stopped(self) -> bool:
        """True once `stop` was called."""
        return self._is_stopped

    def stop(self) -> None:
        """End the present wait and all later ones; safe to call twice, from a thread or a signal handler.

        Raises:
            StoppedError: inside `interruptible`, in the thread that called.
        """
        self._is_stopped = True
        with suppress(OSError):
            os.write(self._write, b"x")
        if self._is_interruptible:
            raise StoppedError

    def wait(self, seconds: float) -> bool:
        """As `Waiter.wait`."""
        if not self._is_stopped:
            select.select([self._read], [], [], max(0.0, seconds))
        return self._is_stopped

    def monotonic(self) -> float:
        """As `Waiter.monotonic`."""
        return time.monotonic()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """As `Waiter.interruptible`."""
        self._is_interruptible = True
        try:
            if self._is_stopped:
                raise StoppedError
            yield
        finally:
            self._is_interruptible = False

    def close(self) -> None:
        """Close the pipe; nothing may wait any more."""
        os.close(self._read)
        os.close(self._write)
