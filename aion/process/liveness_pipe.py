"""Liveness through a pipe: a process sends a byte while its event loop runs; its supervisor notices when it stops.

Missed beats are counted in rounds of the supervisor, on a monotonic clock. A pause of the supervisor, of both, or of
the whole machine counts as one miss, however long it was, and a stopped process (SIGSTOP, a debugger) misses nothing.
"""

import asyncio
import faulthandler
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BEAT_S = 1.0  # between two bytes of a process that lives
MISSES = 10  # rounds without a byte after which it hangs
TRACE_S = 1.0  # that a process which hangs gets to say where it stands
START_MISSES = 100  # rounds that it gets until its first byte: it may have much to read
_READ_BYTES = 65_536  # what a pipe holds


def beat(writing: int, every_s: float = BEAT_S) -> None:
    """In a child's event loop: send on the pipe `writing` that it is ready, and from then on a byte every `every_s`.

    Args:
        writing: descriptor; closed when nobody reads it any more.
        every_s: seconds between two bytes.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(writing, False)

    def say() -> None:
        try:
            with suppress(BlockingIOError):  # full: whoever listens is held
                os.write(writing, b".")
        except OSError:
            os.close(writing)
        else:
            loop.call_later(every_s, say)

    say()


def trace_when_asked() -> None:
    """In a child: print the stack of each thread to stderr on SIGUSR1, even if the interpreter is blocked."""
    faulthandler.register(signal.SIGUSR1)


class Pulse:
    """The liveness of one process, seen by its supervisor."""

    def __init__(self, reading: int, silent_s: float, now_s: float) -> None:
        """Start listening.

        Args:
            reading: descriptor of the pipe; closed by `close`.
            silent_s: seconds without a byte after which the process counts as hanging; ten times as many before the
                first.
            now_s: time now, of a monotonic clock.
        """
        os.set_blocking(reading, False)
        self._reading = reading
        self._round_s = silent_s / MISSES
        self._round_at = now_s + self._round_s
        self._misses = 0
        self.has_begun = False
        """True once it said that it listens."""
        self.is_over = False
        """True when nothing can come any more: the process closed its end, or is gone."""

    def listen(self) -> None:
        """Read the bytes sent since the last call."""
        try:
            said = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return
        self.is_over = not said
        if said:
            self.has_begun = True
            self._misses = 0

    def is_missed(self, now_s: float, is_held: Callable[[], bool]) -> bool:
        """Count a round if one is over; return True if the process has been silent for too many rounds.

        Args:
            now_s: as in `__init__`.
            is_held: tells whether the process is stopped; called at the end of a silent round.
        """
        self.listen()
        if now_s < self._round_at:
            return False
        self._round_at = now_s + self._round_s
        self._misses = 0 if is_held() else self._misses + 1
        return self._misses > (MISSES if self.has_begun else START_MISSES)

    def close(self) -> None:
        """Stop listening and close the pipe."""
        os.close(self._reading)


def is_held(pid: int) -> bool:
    """Return True if a process is stopped by a signal or a debugger; False if the system cannot tell."""
    try:
        # proc_pid_stat(5): the state comes after the name, which may hold anything but ends with the last bracket
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in (b"T", b"t")
