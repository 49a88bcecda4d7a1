"""A process says through a pipe that its event loop turns; whoever keeps it running sees when it falls silent.

Misses are counted in rounds of whoever listens, on a clock that never jumps: a pause of the listener, of both or of
the whole machine is one miss, however long, and a process that is held (SIGSTOP, a debugger) misses nothing.
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
    """In a child, inside its event loop: say on the pipe `writing` that it listens, and from then on that it lives.

    Args:
        writing: descriptor, closed when nobody listens any more.
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
    """In a child: say on stderr where each thread stands when SIGUSR1 comes, also while nothing of Python runs."""
    faulthandler.register(signal.SIGUSR1)


class Pulse:
    """What is heard of one process."""

    def __init__(self, reading: int, silent_s: float, now_s: float) -> None:
        """Listen.

        Args:
            reading: descriptor of the pipe, which belongs to this from now on.
            silent_s: seconds without a word after which the process hangs; ten times as many until its first word.
            now_s: time now, of a clock that never goes back.
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
        """Take what was said since the last time."""
        try:
            said = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return
        self.is_over = not said
        if said:
            self.has_begun = True
            self._misses = 0

    def is_missed(self, now_s: float, is_held: Callable[[], bool]) -> bool:
        """Count a round when one is over; return True if the process has been silent for too many of them.

        Args:
            now_s: as in `__init__`.
            is_held: tells whether somebody holds the process; asked at the end of a round in which it was silent.
        """
        self.listen()
        if now_s < self._round_at:
            return False
        self._round_at = now_s + self._round_s
        self._misses = 0 if is_held() else self._misses + 1
        return self._misses > (MISSES if self.has_begun else START_MISSES)

    def close(self) -> None:
        """Hear nothing more."""
        os.close(self._reading)


def is_held(pid: int) -> bool:
    """Return True if a process is stopped by a signal or a debugger; False where the system does not say."""
    try:
        # proc_pid_stat(5): the state comes after the name, which may hold anything but ends with the last bracket
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in (b"T", b"t")
