"""Tells at once whether anything below some folders changed: Linux inotify, read inside the event loop.

A rename or write that has returned in any process has its event queued already: one FIONREAD on the descriptor says
whether what is held is what is on disk. Where events cannot be trusted nothing is watched and every look takes the
signatures of all files (`source.scan`).
"""

import array
import fcntl
import os
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LOCAL_FILE_SYSTEMS = frozenset(
    {
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "f2fs",
        "tmpfs",
        "ramfs",
        "overlay",
        "zfs",
        "bcachefs",
        "jfs",
        "reiserfs",
    }
)
"""File systems whose every change passes this kernel; network and FUSE mounts change behind its back."""


class Changes:
    """What a look found."""

    __slots__ = ("paths", "rescan")

    def __init__(self) -> None:
        self.paths: set[str] = set()
        """Accepted files below the root whose content, presence or rights may have changed."""
        self.rescan = False
        """True when folders came or went, or events were lost: scan everything."""

    def __bool__(self) -> bool:
        return self.rescan or bool(self.paths)


class Watcher(Protocol):
    """A source of changes that can be asked at any time."""

    def fileno(self) -> int:
        """Descriptor that becomes readable when there are changes."""
        ...

    def look(self) -> Changes | None:
        """Return what changed since the last look, or None when nothing did; costs one system call then.

        Raises:
            OSError: a folder that appeared cannot be watched; events cannot be trusted any more.
        """
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


def file_system(path: Path, mounts: str = "/proc/self/mountinfo") -> str:
    """Return the type of the file system that `path` (or its nearest parent that exists) is on, `""` if unknown."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    target = os.path.realpath(place)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                left, _, right = line.partition(" - ")
                mount = left.split(" ")[4].encode().decode("unicode_escape")
                inside = target == mount or target.startswith(mount.rstrip("/") + "/")
                if inside and len(mount) >= len(best):
                    best, kind = mount, right.split(" ")[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
    return kind


def open_watcher(root: Path, folders: tuple[str, ...], accepts: Callable[[str], bool]) -> Watcher | None:
    """Return a watcher of `folders` below `root`, or None where only signatures can be trusted."""
    if sys.platform != "linux" or file_system(root) not in LOCAL_FILE_SYSTEMS:
        return None
    try:
        return InotifyWatcher(root, folders, accepts)
    except OSError:  # no inotify instances or watches left: signatures still work
        return None


class InotifyWatcher:
    """inotify on the root, for folders that come and go, and on every folder of the tree below it."""

    def __init__(self, root: Path, folders: tuple[str, ...], accepts: Callable[[str], bool]) -> None:
        """Watch `folders` (below `root`) with all their sub-folders; a missing one is taken up when it appears.

        Args:
            root: absolute or relative path; need not exist.
            folders: names below it; `""` for the root itself.
            accepts: tells by its path below the root whether a file counts.

        Raises:
            OSError: no inotify instance or watch is left.
        """
        from inotify_simple import INotify, flags, parse_events  # noqa: PLC0415 - Linux only

        self._root = root
        self._folders = tuple(folder.strip("/") for folder in folders)
        self._accepts = accepts
        self._parse = parse_events
        self._overflow = int(flags.Q_OVERFLOW)
        self._gone = int(flags.IGNORED | flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT)
        self._moved = int(flags.MOVE_SELF)
        self._is_folder = int(flags.ISDIR)
        self._appeared = int(flags.CREATE | flags.MOVED_TO)
        self._folder_mask = (
            flags.CLOSE_WRITE
            | flags.MODIFY
            | flags.ATTRIB
            | flags.MOVED_TO
            | flags.MOVED_FROM
            | flags.CREATE
            | flags.DELETE
            | flags.DELETE_SELF
            | flags.MOVE_SELF
            | flags.ONLYDIR
            | flags.DONT_FOLLOW
        )
        self._root_mask = (
            flags.CREATE
            | flags.MOVED_TO
            | flags.MOVED_FROM
            | flags.DELETE
            | flags.DELETE_SELF
            | flags.MOVE_SELF
            | flags.ONLYDIR
        )
        self._inotify = INotify()
        self._descriptor = int(self._inotify.fileno())
        self._paths: dict[int, str] = {}
        self._size = array.array("i", [0])
        self._has_root = False
        try:
            self._take_up_root()
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Descriptor of the inotify instance."""
        return self._descriptor

    def close(self) -> None:
        """Close the instance; safe to call twice."""
        self._inotify.close()

    def look(self) -> Changes | None:
        """Return what changed since the last look, or None."""
        if not self._has_root and self._take_up_root():
            changes = Changes()
            changes.rescan = True
            return changes
        fcntl.ioctl(self._descriptor, termios.FIONREAD, self._size)
        if self._size[0] == 0:
            return None
        changes = Changes()
        for event in self._parse(os.read(self._descriptor, self._size[0])):
            self._take(event.wd, event.mask, event.name, changes)
        return changes or None

    def _take(self, watch: int, mask: int, name: str, changes: Changes) -> None:
        if mask & self._overflow:
            changes.rescan = True
            return
        folder = self._paths.get(watch)
        if folder is None:
            return
        if mask & self._gone:
            self._lose(watch, folder, mask)
            changes.rescan = True
            return
        path = f"{folder}/{name}" if folder else name
        if mask & self._is_folder:
            if self._is_ours(path):
                if mask & self._appeared:
                    self._watch_tree(path)
                changes.rescan = True
        elif not name.startswith(".") and (folder or "" in self._folders) and self._accepts(path):
            changes.paths.add(path)

    def _is_ours(self, path: str) -> bool:
        return any(
            not folder or path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/")
            for folder in self._folders
        )

    def _lose(self, watch: int, folder: str, mask: int) -> None:
        self._paths.pop(watch, None)
        if folder == "":
            self._has_root = False
        if mask & self._moved:  # it would go on telling of files that are elsewhere now
            try:
                self._inotify.rm_watch(watch)
            except OSError:
                return

    def _take_up_root(self) -> bool:
        mask = self._folder_mask if "" in self._folders else self._root_mask
        try:
            watch = self._inotify.add_watch(str(self._root), mask)
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._paths[watch] = ""
        self._has_root = True
        for folder in self._folders:
            if folder:
                for depth in range(1, folder.count("/") + 1):
                    self._watch("/".join(folder.split("/")[:depth]))
                self._watch_tree(folder)
        return True

    def _watch(self, path: str) -> bool:
        try:
            watch = self._inotify.add_watch(str(self._root / path), self._folder_mask)
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._paths[watch] = path
        return True

    def _watch_tree(self, path: str) -> None:
        """Watch `path` and what is in it: the watch first, then the listing, so that nothing slips between."""
        if not self._watch(path):
            return
        try:
            with os.scandir(self._root / path) as listing:
                below = [each.name for each in listing if each.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for name in below:
            if not name.startswith("."):
                self._watch_tree(f"{path}/{name}")
