"""Lock files: regular files that only their owner may open, never links or pipes, with a timeout."""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aion.store.layout import FOLDER_LOCK

LOCK_WAIT_S = 2.0
"""Most seconds to wait for a lock: what is asked for then fails and says so, instead of standing still."""
_LOOK_S = 0.005  # between two tries
_MODE = 0o600  # who can open a lock file can hold the lock


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file at `path`, which is created if missing.

    Raises:
        OSError: it cannot be opened, or is a link, a folder, a pipe, a socket or a device.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, _MODE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(errno.ELOOP, f"{_name(path)} is a link: remove it", str(path)) from None
        if error.errno in (errno.ENXIO, errno.EISDIR, errno.ENODEV):
            raise _not_regular(path) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    if stat.S_IMODE(status.st_mode) != _MODE:
        with suppress(OSError):  # of another user, who is trusted with the folder
            os.fchmod(descriptor, _MODE)
    return descriptor


def take_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock file at `path` until it is closed; None if another process holds it.

    Raises:
        OSError: as `open_lock`.
    """
    descriptor = open_lock(path)
    if _take(descriptor):
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the exclusive lock of `folder` against other threads and processes; the folder is created if missing.

    Args:
        folder: the lock is a file in it.

    Raises:
        TimeoutError: it was held by others for `LOCK_WAIT_S`.
        OSError: as `open_lock`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FOLDER_LOCK
    until = time.monotonic() + LOCK_WAIT_S
    descriptor = open_lock(path)
    try:
        while not _take(descriptor):
            if time.monotonic() >= until:
                held = f"another request or program has held {_name(path)} for over {LOCK_WAIT_S:g} s"
                raise TimeoutError(errno.ETIMEDOUT, held, str(path))
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, f"{_name(path)} is not a regular file: remove it", str(path))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
