"""Tells a worker at once that somebody, in whatever process, has committed to `desk.sqlite`.

On Linux the kernel does: whoever commits touches the file afterwards (`DeskStore.write`), and inotify says so to all
who watch it. A program that is not Aion touches nothing, but writes to the log beside the file. Elsewhere, and on
file systems of other machines, there is no such event, and whoever waits looks at the file four times a second.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aion.live.watcher import LOCAL_FILE_SYSTEMS, file_system

if TYPE_CHECKING:
    from inotify_simple import INotify

QUIET_S = 0.25  # between two looks where no event comes
SETTLE_S = (0.05, 0.3)  # after a write to the log of SQLite, at which times what it wrote may be seen


class StoreChanges:
    """Calls back in the event loop after each commit, and now and then without one."""

    def __init__(self, path: Path, call: Callable[[], None]) -> None:
        """Make it; it watches from `start` on.

        Args:
            path: of `desk.sqlite`.
            call: called in the event loop; a commit that it cannot see yet is told of again.
        """
        self._path = path
        self._call = call
        self._inotify: INotify | None = None
        self._touched = -1

    @property
    def has_events(self) -> bool:
        """True where the kernel tells."""
        return self._inotify is not None

    def start(self) -> None:
        """Watch, in the running event loop."""
        if sys.platform != "linux" or file_system(self._path) not in LOCAL_FILE_SYSTEMS:
            return
        from inotify_simple import INotify, flags  # noqa: PLC0415 - Linux only

        try:
            inotify = INotify(nonblocking=True)
        except OSError:  # no instances left
            return
        try:
            self._touched = inotify.add_watch(str(self._path), flags.ATTRIB | flags.MODIFY)
            with suppress(OSError):
                inotify.add_watch(f"{self._path}-wal", flags.MODIFY)
        except OSError:
            inotify.close()
            return
        self._inotify = inotify
        asyncio.get_running_loop().add_reader(inotify.fileno(), self._tell)

    def stop(self) -> None:
        """Stop watching; safe to call twice."""
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _tell(self) -> None:
        if self._inotify is None:
            return
        is_seen = any(event.wd == self._touched for event in self._inotify.read(timeout=0))
        self._call()
        if not is_seen:
            loop = asyncio.get_running_loop()
            for delay_s in SETTLE_S:
                loop.call_later(delay_s, self._call)
