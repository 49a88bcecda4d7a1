"""Files of one bot: the state, written whole and renamed; the journal of what the state does not hold yet; the lock.

Only the process that holds the lock writes. A state that is written replaces the old one at once, so a reader and a
process that is killed never see half of it; a line of the journal is one write, made before a call returns.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gzip
import itertools
import json
import os
import re
import stat
import time
import zlib
from pathlib import Path
from typing import Any

from aion_client.errors import ClientError, NameTakenError

MOST_BYTES = 16 << 20
"""That a desk reads of a file, and this module of its own."""
LOCK_WAIT_S = 3.0
"""A program that is started again while the one before it is still ending waits as long."""
_LOOK_S = 0.02
_numbers = itertools.count()


def state_path(folder: Path, bot: str) -> Path:
    """Return the path of a bot's state below a desk's data folder."""
    return folder / "swing" / f"rolling_{bot}.json.gz"


def activity_path(folder: Path, bot: str, day: str) -> Path:
    """Return the path of what a bot did on a day, for the desk's history pages."""
    return folder / "swing" / "bot_logs" / "1d" / f"bot_activity_{day}_{bot}.json"


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace the file at `path` with `value`; its folder is made if missing, `.gz` is packed.

    Raises:
        OSError: the disk is full, the folder may not be written; the old file stays as it was.
        ValueError: a number is not finite.
    """
    data = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()
    if path.suffix == ".gz":
        packer = zlib.compressobj(3, zlib.DEFLATED, 31)
        data = packer.compress(data) + packer.flush()
    temporary = path.with_name(f".{path.name}.{next(_numbers)}.tmp-{os.getpid()}")
    try:
        try:
            _write(temporary, data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def read_json(path: Path, most: int = MOST_BYTES) -> dict[str, Any] | None:
    """Return the object in the regular file at `path`; None if there is no file.

    Raises:
        ClientError: it is a link, a pipe or the like, larger than `most` bytes, or no JSON object.
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise ClientError(f"{path} is a link or a pipe, not a file: remove it") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ClientError(f"{path} is not a regular file: remove it")
        try:
            reader = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            data = reader.read(most + 1)
            if len(data) > most:
                raise ClientError(f"{path} has more than {most} bytes: it is not of this client")
            value = json.loads(data)
        except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
            if isinstance(error, ClientError):
                raise
            raise ClientError(f"{path} cannot be read ({error}): move it away to begin anew") from None
    if not isinstance(value, dict):
        raise ClientError(f"{path} holds no JSON object: move it away to begin anew")
    return value


class Lock:
    """Holds the name of a bot for this process, until it is closed or the process ends."""

    def __init__(self, folder: Path, bot: str) -> None:
        """Args: folder: of the state file; bot: its name."""
        self._path = folder / f".{bot}.lock"
        self._bot = bot
        self._descriptor = -1

    def take(self, wait_s: float) -> None:
        """Take the lock, or wait for it.

        Raises:
            NameTakenError: another program holds it; the text names its process.
            OSError: the file cannot be made.
        """
        until = time.monotonic() + wait_s
        while not self._try():
            if time.monotonic() >= until:
                raise NameTakenError(
                    f"name={self._bot!r}: {self._holder()} reports under this name in {self._path.parent}: "
                    f"stop it, or choose another name"
                )
            time.sleep(_LOOK_S)

    def is_lost(self) -> bool:
        """Tell whether the file is gone, so that another program could take the name."""
        return self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Give the name up; nothing if it is not held."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            self.leave()

    def leave(self) -> None:
        """Close the file of a lock that the parent of this process holds."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self) -> bool:
        self.leave()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                return False
            raise
        if _is_node(os.pread(descriptor, 32, 0)):  # which has no locks that end with a process
            os.close(descriptor)
            return False
        if os.fstat(descriptor).st_nlink == 0:  # removed between the two calls: it protects nothing
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return True

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            found = self._path.read_text("ascii", "replace")[:32].replace("node ", "")
            if found.isdecimal():
                return f"process {found}"
        return "another program"


def _is_node(content: bytes) -> bool:
    """Tell whether a lock file names a running program of the client for Node."""
    name, _, pid = content.partition(b" ")
    if name != b"node" or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


class Journal:
    """Lines of what happened since the state was written, so that a process that is killed loses none of it.

    `set_aside` before a state is made and `forget` once it is written keep the lines of both sides apart.
    """

    def __init__(self, folder: Path, bot: str) -> None:
        """Args: folder: of the state file; bot: its name."""
        self._path = folder / f".{bot}.journal"
        self._aside = folder / f".{bot}.journal-aside"
        self._descriptor = -1
        self._size = 0
        self._has_aside = self._aside.exists()

    def read(self) -> list[dict[str, Any]]:
        """Return its lines in order; one that was cut off is left out."""
        return [line for path in (self._aside, self._path) for line in _lines(path)]

    def add(self, value: dict[str, Any]) -> None:
        """Add a line with one write.

        Raises:
            OSError: the disk is full or the folder gone; nothing of the line is left.
        """
        if self._descriptor < 0:
            self._open()
        data = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            self._cut()
            raise
        if written < len(data):
            self._cut()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._size += written

    def set_aside(self) -> None:
        """Begin a new file, unless a state that should hold the lines of the old one could not be written."""
        if self._descriptor >= 0 and self._size and not self._has_aside:
            with contextlib.suppress(FileNotFoundError):  # the folder was removed
                os.replace(self._path, self._aside)
                self._has_aside = True
            self.close()

    def forget(self) -> None:
        """Remove what was set aside: the state on disk has it now."""
        if self._has_aside:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._aside)
            self._has_aside = False

    def close(self) -> None:
        """Close the file; a line that is added opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor, self._size = -1, 0

    def _cut(self) -> None:
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, self._size)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o600)
        data = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        self._size = data.rfind(b"\n") + 1
        if self._size < len(data):  # a killed process left half a line
            self._cut()


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    found: list[dict[str, Any]] = []
    with os.fdopen(descriptor, "rb") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
    return found


def remove_temporaries(root: Path, bot: str) -> None:
    """Remove what killed processes left of writing the files of a bot; the caller holds its lock."""
    for path in (state_path(root, bot), activity_path(root, bot, "0000-00-00")):
        form = re.compile(re.escape(f".{path.name}.").replace("0000\\-00\\-00", "[0-9-]{10}") + r"[0-9]+\.tmp-[0-9]+")
        with contextlib.suppress(OSError):
            for each in os.listdir(path.parent):
                if form.fullmatch(each):
                    os.unlink(path.parent / each)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)  # nobody could write it again after a power cut
    finally:
        os.close(descriptor)
