"""Kills the bots' process if a strategy's call neither returns nor can be interrupted, and records whose call it was.

A call in compiled code that never returns cannot be interrupted, and may hold the interpreter lock. Therefore a
kernel timer sends a signal with a handler in C (`faulthandler`): it writes the stack of the call, and the process
ends as by `kill -9`. Nothing is lost, because the ledger is committed after each cycle. The next process reads whose
call it was and does not call that strategy again; all other bots continue.
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
    """The watched calls of this process."""

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
    """Send the signal after `seconds` of processor time, on systems without a wall-clock timer."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


calls = _Calls()


def label_of(bot: str) -> bytes:
    """Return the name of a bot as written in the file."""
    return bot.encode()[:LABEL_BYTES].ljust(LABEL_BYTES, b"\0")


@contextmanager
def watched(path: Path) -> Iterator[None]:
    """Watch the calls of strategies inside the block; only in the main thread of a process that does not use SIGPROF.

    Args:
        path: file for the next process; it exists inside the block, and stays if the process is killed.
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
    """Yield a function that sets a timer for SIGPROF: of wall time (POSIX `timer_create`), else of processor time."""
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

    settings: dict[float, ctypes.Array[ctypes.c_long]] = {}  # each call sets and clears it

    def set_timer(seconds: float) -> None:
        if seconds not in settings:
            settings[seconds] = (ctypes.c_long * 4)(0, 0, int(seconds), int(seconds % 1 * 1e9))
        library.timer_settime(timer, 0, settings[seconds], None)

    try:
        yield set_timer
    finally:
        library.timer_delete(timer)


def read_stuck(path: Path) -> tuple[str, str]:
    """Return whose call killed the previous process, and the line in which its strategy hung; else empty texts.

    Args:
        path: the file, as given to `watched`.
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
