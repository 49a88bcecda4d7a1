"""Unix sockets in folders of any depth: an address holds only about a hundred bytes, a path may be longer."""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAITING = 64  # connections that wait to be taken


def listen(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, for this user alone; one that was left there is replaced.

    Raises:
        OSError: there can be none.
    """
    with suppress(FileNotFoundError):
        os.unlink(path)
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(path) as address:
            own.bind(address)
        os.chmod(path, 0o600)
        own.listen(WAITING)
        own.setblocking(False)
    except OSError:
        own.close()
        raise
    return own


def connect(path: Path, timeout_s: float) -> socket.socket:
    """Return a connection to who listens at `path`, which does not block.

    Raises:
        OSError: nobody listens there, or it belongs to another user.
    """
    found = os.lstat(path)
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid not in (os.getuid(), 0):
        raise PermissionError(f"{path} is no socket of this user")
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        own.settimeout(timeout_s)
        with _address(path) as address:
            own.connect(address)
        own.setblocking(False)
    except OSError:
        own.close()
        raise
    return own


@contextmanager
def _address(path: Path) -> Iterator[str]:
    if sys.platform != "linux":
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
