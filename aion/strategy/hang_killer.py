"""Ends the bots' process when a strategy's call neither returns nor can be interrupted, and says whose call it was.

A call inside compiled code that never comes back hears no interruption, and may hold the lock without which nothing
else in the process runs. So the kernel's timer sends a signal whose handler is C (`faulthandler`): it writes where
the call stands, and the process ends as by `kill -9`. Nothing is lost by that, because the ledger is committed after
each cycle. The next process reads whose call it was and leaves that strategy alone; all other bots go on.
"""

import ctypes
import faulthandler
import mmap
import os
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STUCK_S = 30.0  # wall seconds; a call is interrupted after five, and this is for one that was not
LABEL_BYTES = 128  # at the start of the file: name of the bot whose call is under way, zeros between calls
_MONOTONIC = 1  # CLOCK_MONOTONIC of Linux
_SIGEV_BYTES = 64  # struct sigevent, in which value, signal and kind of notice come first
_NO_CALL = bytes(LABEL_BYTES)


class _Calls:
    """The calls of this process, when they are watched."""

    def __init__(self) -> None:
        self.page: mmap.mmap | None = None
        self.set_timer: Callable[[float], None] = _set_processor_timer

    def begin(self, label: bytes) -> None:
        if self.page is not None:
            self.page[:LABEL_BYTES] = label
            self.set_timer(STUCK_S)

    def end(self) -> None:
        if self.page is not None:
            self.set_timer(0.0)
            self.page[:LABEL_BYTES] = _NO_CALL


def _set_processor_timer(seconds: float) -> None:
    """Let the signal come after `seconds` of processor time; where the system has no timer of wall time to offer."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


calls = _Calls()


def label_of(bot: str) -> bytes:
    """Return the name of a bot as it stands in the file."""
    return bot.encode()[:LABEL_BYTES].ljust(LABEL_BYTES, b"\0")


@contextmanager
def watched(path: Path) -> Iterator[None]:
    """Watch the calls of strategies while inside; in the main thread of a process that has no other use of SIGPROF.

    Args:
        path: of the file that tells the next process; it is there while inside, and stays when the process is ended.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.ftruncate(descriptor, LABEL_BYTES)
        os.lseek(descriptor, LABEL_BYTES, os.SEEK_SET)
        faulthandler.register(signal.SIGPROF, file=descriptor, all_threads=False, chain=True)
        with mmap.mmap(descriptor, LABEL_BYTES) as page, _wall_timer() as set_timer:
            calls.set_timer = set_timer
            calls.page = page
            try:
                yield
            finally:
                calls.end()
                calls.page = None
        path.unlink(missing_ok=True)
    finally:
        faulthandler.unregister(signal.SIGPROF)
        os.close(descriptor)


@contextmanager
def _wall_timer() -> Iterator[Callable[[float], None]]:
    """Yield what sets a timer of wall time that sends SIGPROF: POSIX `timer_create`, else one of processor time."""
    library = ctypes.CDLL(None)
    timer = ctypes.c_void_p()
    event = ctypes.create_string_buffer(_SIGEV_BYTES)
    struct.pack_into("@Pii", event, 0, 0, signal.SIGPROF, 0)
    try:
        is_made = library.timer_create(_MONOTONIC, event, ctypes.byref(timer)) == 0
    except AttributeError:
        is_made = False
    if not is_made:
        yield _set_processor_timer
        return

    def set_timer(seconds: float) -> None:
        whole = int(seconds)
        times = (ctypes.c_long * 4)(0, 0, whole, int((seconds - whole) * 1e9))
        library.timer_settime(timer, 0, times, None)

    try:
        yield set_timer
    finally:
        library.timer_delete(timer)


def read_stuck(path: Path) -> tuple[str, str]:
    """Return whose call ended the process before, and the line of the strategy that it stood in; else empty texts.

    Args:
        path: of the file, as given to `watched`.
    """
    try:
        with path.open("rb") as file:
            label = file.read(LABEL_BYTES).rstrip(b"\0").decode("utf-8", "replace")
            trace = file.read(65_536).decode("utf-8", "replace")
    except OSError:
        return "", ""
    if not trace.strip():  # killed from outside, in the middle of a call that may have been a good one
        return "", ""
    frames = [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")]
    return label, frames[0].removeprefix("File ") if frames else ""
