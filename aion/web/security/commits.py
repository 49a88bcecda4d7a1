"""Tells whether anybody, in whatever process, may have committed to `desk.sqlite`, by the kernel's events.

A commit is written to the log beside the file before anybody can read it, and a write that has returned has its event
queued: no commit goes without one. It may come before what was written can be read. So after an event the file is
asked at each look, until nobody was writing when it was asked: then what is not read yet has an event yet to come.
"""

import os
import select
import sqlite3
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aion.live.disk.watcher import LOCAL_FILE_SYSTEMS, file_system

if TYPE_CHECKING:
    from inotify_simple import INotify


class Commits:
    """Events of one SQLite file in WAL mode."""

    def __init__(self, path: Path, asker: sqlite3.Connection | None = None) -> None:
        """Watch it.

        Args:
            path: the SQLite file, from which a connection that stays open has read, so that its log is there.
            asker: a connection of its own, which waits for nobody; closed with this. None for who only waits for
                events.
        """
        self.has_events = False
        """True where the kernel tells; else whoever wants to know has to ask the file."""
        self.is_unsure = True
        """True when there may be a commit that was not read and of which no event will tell."""
        self._asker = asker
        self._epoll: select.epoll | None = None
        self._inotify: INotify | None = None
        self._lock = threading.Lock()
        if sys.platform != "linux" or file_system(path) not in LOCAL_FILE_SYSTEMS:
            return
        import inotify_simple  # noqa: PLC0415 - Linux only

        flags = inotify_simple.flags
        try:
            self._inotify = inotify_simple.INotify(nonblocking=True, closefd=False)
            self._end = weakref.finalize(self, os.close, self._inotify.fileno())  # as SQLite's connections do
            self._inotify.add_watch(str(path), flags.ATTRIB)  # `DeskStore.write` touches it after each commit
            self._inotify.add_watch(f"{path}-wal", flags.MODIFY | flags.CLOSE_WRITE)
        except OSError:  # no instance or watch is left
            return
        self._epoll = select.epoll()
        self._epoll.register(self._inotify.fileno(), select.EPOLLIN)
        self.has_events = True

    def fileno(self) -> int:
        """Return the descriptor that is readable when there are events; for where there are."""
        return -1 if self._inotify is None else int(self._inotify.fileno())

    def have_come(self) -> bool:
        """Tell whether the file has to be asked. One system call."""
        return self.is_unsure or self._epoll is None or bool(self._epoll.poll(0, 1))

    def take(self) -> None:
        """Take the events. What each says is not needed, nor whether there were too many."""
        if self._inotify is not None:
            self._inotify.read(timeout=0)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Inside, the file is read; where that fails it has to be asked again."""
        with self._lock:
            self.is_unsure = True
            self.take()
            is_sure = self.has_events and self._is_nobody_writing()  # before it is read
            yield
            self.is_unsure = not is_sure

    def _is_nobody_writing(self) -> bool:
        if self._asker is None:
            return False
        try:
            self._asker.execute("begin immediate")
            self._asker.execute("rollback")
        except sqlite3.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Stop watching; safe to call twice."""
        self.has_events, self.is_unsure = False, True
        if self._inotify is not None:
            self._end()
            self._inotify = None
        for each in (self._epoll, self._asker):
            if each is not None:
                each.close()
