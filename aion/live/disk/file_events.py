"""The kernel's file events below a root, and whether they can be relied on.

They cannot where there are none (other systems, network disks, no watches left), nor for a while after something
changed without an event (a memory map, a stacked file system). Each check then compares file times.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aion.live.disk.watcher import Changes, Watcher, open_watcher

log = logging.getLogger("aion.live")

ROUNDS = 12  # scans in a row that find nothing of the kind before events are enough again


class FileEvents:
    """Watches the files and checks that each change sent an event. Belongs to the event loop."""

    def __init__(
        self,
        root: Path,
        folders: tuple[str, ...],
        accepts: Callable[[str], bool],
        tell: Callable[[Changes], None],
        *,
        is_wanted: bool = True,
    ) -> None:
        """Make it; nothing is watched before `open`.

        Args:
            root: folder of the files.
            folders: names below it.
            accepts: tells by its path below the root whether a file counts.
            tell: is called with each set of changes.
            is_wanted: False to do without events, whatever the system offers.
        """
        self._root = root
        self._folders = folders
        self._accepts = accepts
        self._tell = tell
        self._is_wanted = is_wanted
        self._watcher: Watcher | None = None
        self.are_enough = False
        """False while each look has to compare file times."""
        self._distrust = ""
        """Why there are no events."""
        self._told: set[str] = set()
        self._told_before: set[str] = set()
        self._has_told_all = True
        self._had_told_all = True
        self._untold: set[str] = set()
        self._waited: set[str] = set()
        """Those that were untold at the round before: their events had all that time."""
        self._rounds = 0

    def open(self) -> None:
        """Start watching, if the system sends events."""
        try:
            if self._is_wanted:
                self._watcher = open_watcher(self._root, self._folders, self._accepts)
        except OSError as error:
            self._explain(error.strerror or str(error))
            return
        if self._watcher is None:
            self._explain("there are none here")
            return
        self.release()
        if self._distrust:
            log.warning("file events are reliable again on %s", self._root)
        self._distrust = ""
        self.are_enough = True
        self._hand_all()

    def hold(self) -> None:
        """Report nothing but to `look` until `release`: what happens waits in the kernel's queue."""
        if self._watcher is not None:
            for descriptor in self._watcher.descriptors():
                asyncio.get_running_loop().remove_reader(descriptor)

    def release(self) -> None:
        """Report what happens when it happens."""
        if self._watcher is not None:
            for descriptor in self._watcher.descriptors():
                asyncio.get_running_loop().add_reader(descriptor, self.look)

    def close(self) -> None:
        """Stop watching; safe to call twice."""
        self.are_enough = False
        if self._watcher is None:
            return
        self.hold()
        self._watcher.close()
        self._watcher = None

    def look(self) -> None:
        """Ask the kernel whether anything happened since the last call, and report it to `tell`."""
        if self._watcher is None:
            return
        try:
            changes = self._watcher.look()
        except OSError as error:
            self._give_up(error)
            return
        if changes is not None:
            self._hand(changes)

    def begin_build(self) -> None:
        """Note that the files are read from now on: the build includes all changes reported so far."""
        self._told_before, self._told = self._told, set()
        self._had_told_all, self._has_told_all = self._has_told_all, False

    def forget(self) -> None:
        """Note that the build failed: changes reported so far count as unknown."""
        self._has_told_all = True

    def end_build(self, differing: Iterable[str], linked: Mapping[str, int]) -> None:
        """Check that each change found by the build had sent an event.

        Args:
            differing: files that were changed, created or deleted.
            linked: inode by path of files with a second name (hard link); each gets a watch of its own.
        """
        if self._watcher is None:
            return
        self.look()  # what was written during the build has its event by now, or its writer is about to return
        if not (self._had_told_all or self._has_told_all):
            self._untold |= set(differing) - self._told_before - self._told
            self.are_enough = self._watcher is not None and self._is_sure()
        self._watch_files(linked)

    def end_round(self) -> None:
        """Check that the right folders are watched and that each change sent an event; call before each rescan."""
        if self._watcher is None:
            self.open()
            return
        try:
            changes = self._watcher.compare()
        except OSError as error:
            self._give_up(error)
            return
        if changes is not None:
            self._hand(changes)
        silent = self._untold & self._waited
        if silent:
            some = ", ".join(sorted(silent)[:3])
            log.warning("%s changed without an event: each request compares file times for now", some)
        self._untold -= silent
        self._waited = set(self._untold)
        self._rounds = ROUNDS if silent else max(0, self._rounds - 1)
        self.are_enough = self._is_sure()

    def _is_sure(self) -> bool:
        return not self._rounds and not self._untold

    def _watch_files(self, files: Mapping[str, int]) -> None:
        if self._watcher is None:
            return
        try:
            new = self._watcher.watch_files(files)
        except OSError as error:
            self._give_up(error)
            return
        if new:  # written, perhaps, before the watch was there
            changes = Changes()
            changes.paths = new
            self._hand(changes)

    def _explain(self, reason: str) -> None:
        """Log once why there are no events."""
        if reason != self._distrust:
            log.warning(
                "file events are not reliable on %s (%s): each request compares file times", self._root, reason
            )
        self._distrust = reason

    def _give_up(self, error: OSError) -> None:
        """Stop using events, since some would be missed. `end_round` tries again."""
        self.close()
        self._explain(error.strerror or str(error))
        self._hand_all()

    def _hand_all(self) -> None:
        everything = Changes()
        everything.rescan = True
        self._hand(everything)

    def _hand(self, changes: Changes) -> None:
        if changes.is_turned:
            log.warning("%s, or a folder in it, was replaced by another folder: watched and read again", self._root)
        if changes.rescan:
            self._has_told_all = True
            self._untold.clear()
        self._told |= changes.paths
        self._untold -= changes.paths
        self._tell(changes)
