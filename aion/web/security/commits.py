"""Tells, for the price of reading 96 bytes of memory, whether anybody has committed to a SQLite file in WAL mode.

Source: "WAL-mode File Format" of SQLite: the header of the WAL index, bytes 0-47 of the `-shm` file and their copy in
48-95, is memory that all connections of all processes share. Both change with a commit, before anybody can read what
it wrote.

When a process closes a descriptor of a file, POSIX takes away all its locks on that file, SQLite's among them. So a
process opens each index once, and closes it when nobody in it has the SQLite file open any more.
"""

import mmap
import os
import threading
from pathlib import Path

HEADER_BYTES = 96

_lock = threading.Lock()
_open: dict[tuple[int, int], list["Commits"]] = {}  # by device and inode: those that share one descriptor and map


class Commits:
    """The header of one WAL index."""

    def __init__(self, path: Path) -> None:
        """Map it.

        Args:
            path: the SQLite file, from which a connection of this process has read; close this one after that.
        """
        self._key = (0, 0)
        self._file = -1
        self._map: mmap.mmap | None = None
        with _lock:
            try:
                found = os.stat(f"{path}-shm")
                self._key = (found.st_dev, found.st_ino)
                sharing = _open.setdefault(self._key, [])
                sharing.append(self)
                if sharing[0] is not self:
                    self._file, self._map = sharing[0]._file, sharing[0]._map
                elif found.st_size >= HEADER_BYTES:
                    self._file = os.open(f"{path}-shm", os.O_RDONLY | os.O_CLOEXEC)
                    self._map = mmap.mmap(self._file, HEADER_BYTES, access=mmap.ACCESS_READ)
            except (OSError, ValueError):
                self._map = None  # a file system that maps nothing: whoever asks has to look into the file

    def now(self) -> bytes:
        """Return bytes that are others after each commit of anybody; none where that cannot be told."""
        return self._map[:HEADER_BYTES] if self._map is not None else b""

    def close(self) -> None:
        """Give it back."""
        with _lock:
            sharing = _open.get(self._key, [])
            if self in sharing:
                sharing.remove(self)
                if not sharing:
                    del _open[self._key]
                    if self._map is not None:
                        self._map.close()
                    if self._file >= 0:
                        os.close(self._file)
            self._map = None
