"""Tells at once whether anything below some folders changed: Linux inotify, read inside the event loop.

A rename or write that has returned in any process has queued its event already, and so has a mount: one epoll call
says whether anything changed. The folders and links on the path are watched too; where one cannot be watched, each
check compares which folder the path leads to. Where events cannot be relied on, nothing is watched and every check
compares the signatures of all files (`source.scan`).
"""

import array
import errno
import fcntl
import os
import select
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Protocol

from aion.live.disk.place import LOCAL_FILE_SYSTEMS, MOUNTS, Mount, file_system, is_below, kind_at, read_mounts, steps

__all__ = ["LOCAL_FILE_SYSTEMS", "Changes", "InotifyWatcher", "Watcher", "file_system", "open_watcher"]


class Changes:
    """The result of a check."""

    __slots__ = ("is_turned", "paths", "rescan")

    def __init__(self) -> None:
        self.paths: set[str] = set()
        """Accepted files below the root whose content, presence or rights may have changed."""
        self.rescan = False
        """True when folders came or went, or events were lost: scan everything."""
        self.is_turned = False
        """True when a path names another folder than the one that was watched; `rescan` is True too."""

    def __bool__(self) -> bool:
        return self.rescan or bool(self.paths)


class Watcher(Protocol):
    """A source of changes that can be queried at any time."""

    def descriptors(self) -> tuple[int, ...]:
        """Descriptors that become readable when there are changes."""
        ...

    def look(self) -> Changes | None:
        """Return what changed since the last call, or None if nothing did, which costs one system call.

        Raises:
            OSError: a new folder cannot be watched, or is on a file system without events: they cannot be relied on
                any more.
        """
        ...

    def compare(self) -> Changes | None:
        """Check that each path still leads to the folder that is watched; return changes if one does not.

        Raises:
            OSError: as above.
        """
        ...

    def compared(self) -> tuple[str, ...]:
        """Paths that each check compares, since no event reports where they lead."""
        ...

    def watch_files(self, files: Mapping[str, int]) -> set[str]:
        """Give each of `files` (inode by path below the root) a watch of its own, and no others; return the new ones.

        They have a second name elsewhere: a write through it sends no event to their folder.

        Raises:
            OSError: no watch is left.
        """
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


def open_watcher(root: Path, folders: tuple[str, ...], accepts: Callable[[str], bool]) -> Watcher | None:
    """Return a watcher of `folders` below `root`, or None where this system has no events.

    Raises:
        OSError: events cannot be trusted there, or no inotify instance or watch is left; `strerror` says which.
    """
    return InotifyWatcher(root, folders, accepts) if sys.platform == "linux" else None


_EVENT = Struct("iIII")
"""`struct inotify_event` before the name: watch, mask, cookie, size of the name with its padding (inotify(7))."""
_DOT = ord(".")
Identity = tuple[int, int] | None
"""Device and inode of what a path names; None when there is nothing."""


def _identity(path: str) -> Identity:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class InotifyWatcher:
    """inotify on the path to the root, on the root and all folders below it, and on the mount table."""

    def __init__(
        self, root: Path, folders: tuple[str, ...], accepts: Callable[[str], bool], mounts: str = MOUNTS
    ) -> None:
        """Watch `folders` (below `root`) with all their sub-folders; a missing one is watched when it appears.

        Args:
            root: absolute or relative path; need not exist.
            folders: names below it; `""` for the root itself.
            accepts: tells by its path below the root whether a file counts.
            mounts: path of the kernel's mount table.

        Raises:
            OSError: no inotify instance or watch is left, or the folders are on a file system without events.
        """
        from inotify_simple import INotify, flags  # noqa: PLC0415 - Linux only

        self._root = str(root)
        self._folders = tuple(folder.strip("/") for folder in folders)
        self._heads = {
            "/".join(folder.split("/")[: depth + 1])
            for folder in self._folders
            for depth in range(folder.count("/") + 1)
        }
        """Named folders and what lies on the way to them, below the root."""
        self._accepts = accepts
        self._has_hidden = any(each.startswith(".") for head in self._heads for each in head.split("/"))
        self._overflow = int(flags.Q_OVERFLOW)
        self._gone = int(flags.IGNORED | flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT)
        self._ignored = int(flags.IGNORED)
        self._attribute = int(flags.ATTRIB)
        self._is_folder = int(flags.ISDIR)
        self._appeared = int(flags.CREATE | flags.MOVED_TO)
        own = flags.DELETE_SELF | flags.MOVE_SELF | flags.MASK_ADD  # one inode may be watched for two reasons
        names = flags.CREATE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE
        self._file_mask = flags.CLOSE_WRITE | flags.MODIFY | flags.ATTRIB | own | flags.DONT_FOLLOW
        self._folder_mask = flags.CLOSE_WRITE | flags.MODIFY | flags.ATTRIB | names | own | flags.ONLYDIR
        self._root_mask = names | own | flags.ONLYDIR
        self._step_mask = own | flags.DONT_FOLLOW
        self._link_mask = flags.ATTRIB | own | flags.DONT_FOLLOW
        self._tree: dict[int, set[str]] = {}
        """Folders below the root, `""` for it, by watch: a folder mounted twice has one watch and two names."""
        self._steps: set[int] = set()
        """Watches of the folders and links on the way."""
        self._places: set[str] = set()
        """Where those are."""
        self._files: dict[str, tuple[int, int]] = {}
        """Inode and watch of each file that is watched by itself."""
        self._mounted: set[str] = set()
        """Files below the root that are mount points."""
        self._around: set[str] = set()
        """Mounts that have to do with the paths."""
        self._polled: dict[str, Identity] = {}
        """Paths that no event tells of, and what they named when last looked at."""
        self._size = array.array("i", [0])
        self._inotify = INotify()
        self._descriptor = int(self._inotify.fileno())
        self._table = mounts
        self._epoll = select.epoll()
        self._epoll.register(self._descriptor, select.EPOLLIN)
        self._wakes = select.epoll()
        self._tables: list[int] = []
        self._open_tables()
        self._ready = self._epoll.poll
        try:
            self._take_up()
        except OSError:
            self.close()
            raise

    def _open_tables(self) -> None:
        """Open the mount table once for each epoll: an event is cleared only for the descriptor that was asked."""
        try:
            for epoll in (self._epoll, self._wakes):
                self._tables.append(os.open(self._table, os.O_RDONLY | os.O_CLOEXEC))
                epoll.register(self._tables[-1], select.EPOLLPRI)
        except OSError:  # no such table, or one that cannot be waited for: paths are compared at each look
            while self._tables:
                os.close(self._tables.pop())

    def descriptors(self) -> tuple[int, ...]:
        """Descriptors of the inotify instance and of the mount table."""
        return self._descriptor, self._wakes.fileno()

    def close(self) -> None:
        """Close everything; safe to call twice."""
        self._epoll.close()
        self._wakes.close()
        while self._tables:
            os.close(self._tables.pop())
        self._inotify.close()

    def look(self) -> Changes | None:
        """Return what changed since the last call, or None."""
        is_turned = bool(self._polled) and self._is_moved()
        ready = self._ready(0, 2)
        if not ready and not is_turned:
            return None
        changes = Changes()
        for descriptor, _ in ready:
            if descriptor == self._descriptor:
                fcntl.ioctl(self._descriptor, termios.FIONREAD, self._size)
                data = os.read(self._descriptor, self._size[0]) if self._size[0] else b""
                for watch, mask, name in self._events_in(data):
                    is_turned |= self._take(watch, mask, name, changes)
            else:
                is_turned |= self._is_elsewhere()
        if is_turned:
            self._turn(changes)
        return changes or None

    def _events_in(self, data: bytes) -> Iterator[tuple[int, int, str]]:
        """Yield watch, mask and name of each event that matters.

        Of the five events of an atomic write, four are of its temporary file, whose name begins with a dot.
        """
        at, whole = 0, self._overflow | self._is_folder
        while at < len(data):
            watch, mask, _, size = _EVENT.unpack_from(data, at)
            at += _EVENT.size + size
            if size and data[at - size] == _DOT and not (self._has_hidden or mask & whole):
                continue
            yield watch, mask, os.fsdecode(data[at - size : at].rstrip(b"\0"))

    def compare(self) -> Changes | None:
        """Return changes if a path no longer leads to the folder that is watched."""
        changes = Changes()
        if self._is_moved() or self._is_elsewhere():
            self._turn(changes)
        return changes or None

    def compared(self) -> tuple[str, ...]:
        """Paths that each check compares."""
        return tuple(self._polled)

    def watch_files(self, files: Mapping[str, int]) -> set[str]:
        """Give each of `files` a watch of its own, and no others; return the new ones."""
        wanted = dict(files)
        for path in self._mounted:
            found = _identity(self._full(path))
            wanted[path] = found[1] if found else 0
        before = {watch for _, watch in self._files.values()}
        self._files = {path: held for path, held in self._files.items() if wanted.get(path) == held[0]}
        new = wanted.keys() - self._files.keys()
        for path in new:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._files[path] = wanted[path], self._inotify.add_watch(self._full(path), self._file_mask)
        self._drop(before - {watch for _, watch in self._files.values()})  # names of one file share its watch
        return new & self._files.keys()

    def _full(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root

    def _take(self, watch: int, mask: int, name: str, changes: Changes) -> bool:
        """Process an event; return True if the paths may now lead to other folders than those watched."""
        if mask & self._overflow:
            changes.rescan = True
            return True
        folders = self._tree.get(watch, ())
        if not name and not folders:
            return self._take_other(watch, mask, changes)
        if not name and mask & self._gone:
            return True
        return any([self._take_in(folder, mask, name, changes) for folder in folders])

    def _take_other(self, watch: int, mask: int, changes: Changes) -> bool:
        """Process an event of a folder or link on the path, or of a file with a watch of its own."""
        told = {path for path, (_, own) in self._files.items() if own == watch}
        changes.paths |= told
        if mask & self._ignored:
            for path in told:
                del self._files[path]
        return watch in self._steps and bool(mask & (self._gone | self._attribute))  # a link has a name less

    def _take_in(self, folder: str, mask: int, name: str, changes: Changes) -> bool:
        path = f"{folder}/{name}" if folder else name
        if mask & self._is_folder:
            if not self._is_ours(path):
                return False
            changes.rescan = True
            if mask & self._appeared and path not in self._heads:
                self._watch_tree(path)
                return False
            return bool(name)
        if path in self._heads:  # a link in place of a folder
            return True
        if not name.startswith(".") and (folder or "" in self._folders) and self._accepts(path):
            changes.paths.add(path)
        return False

    def _is_ours(self, path: str) -> bool:
        return any(
            not folder or path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/")
            for folder in self._folders
        )

    def _is_moved(self) -> bool:
        return any(_identity(path) != before for path, before in self._polled.items())

    def _is_elsewhere(self) -> bool:
        """Return True if a mount changed or a path leads to another folder; the same folder has the same watch."""
        if self._relevant(read_mounts(self._table)) != self._around:
            return True
        return any(self._add(path) != watch for watch, paths in list(self._tree.items()) for path in paths)

    def _turn(self, changes: Changes) -> None:
        before = {path: watch for watch, paths in self._tree.items() for path in paths}
        self._take_up()
        changes.rescan = True
        now = {path: watch for watch, paths in self._tree.items() for path in paths}
        # what comes or goes is no surprise; what is another thing under the same name is
        changes.is_turned = any(now.get(path, watch) != watch for path, watch in before.items())

    def _take_up(self) -> None:
        """Watch the folders that the paths lead to now, and nothing else."""
        before = self._steps | self._tree.keys()
        self._steps, self._places, self._tree, self._polled = set(), set(), {}, {}
        is_told = len(self._tables) > 0 and self._watch_steps(self._root)
        if self._watch(""):
            if "" in self._folders:
                self._watch_tree("")
            for path in sorted(self._heads - {""}):
                is_told &= self._watch_head(path)
        # A folder that a process is in can be removed without an event of its own, once it is empty.
        if not is_told or len(self._tree) < 2:
            for path in {"", *(() if is_told else self._heads)}:
                self._polled[self._full(path)] = _identity(self._full(path))
        self._drop(before - self._steps - self._tree.keys() - {watch for _, watch in self._files.values()})
        self._check_mounts()

    def _watch_head(self, path: str) -> bool:
        """Watch a named folder, or one on its path; False if no event reports where its path leads."""
        full = self._full(path)
        is_told = True
        if os.path.islink(full):
            is_told = self._watch_steps(full)
            self._polled[full] = _identity(full)
        if path in self._folders:
            self._watch_tree(path)
        else:
            self._watch(path)
        return is_told

    def _watch_steps(self, path: str) -> bool:
        """Watch each step on the way to the target of `path`; False if one cannot be watched."""
        is_told = True
        mounts = read_mounts(self._table)
        for step, is_link in steps(path):
            folder, name = os.path.split(step)
            place = os.path.join(os.path.realpath(folder), name)
            self._places.add(place)
            if kind_at(place, mounts) not in LOCAL_FILE_SYSTEMS:
                is_told = False
                continue
            try:
                self._steps.add(self._inotify.add_watch(step, self._link_mask if is_link else self._step_mask))
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                is_told = False
        return is_told

    def _add(self, path: str) -> int | None:
        mask = self._root_mask if path == "" and "" not in self._folders else self._folder_mask
        try:
            return int(self._inotify.add_watch(self._full(path), mask))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _watch(self, path: str) -> bool:
        watch = self._add(path)
        if watch is None:
            return False
        self._tree.setdefault(watch, set()).add(path)
        return True

    def _watch_tree(self, path: str) -> None:
        """Watch `path` and all folders in it; each watch comes before the listing, so that nothing is missed."""
        if not self._watch(path):
            return
        try:
            with os.scandir(self._full(path)) as listing:
                below = [each.name for each in listing if each.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for name in below:
            if not name.startswith("."):
                self._watch_tree(f"{path}/{name}" if path else name)

    def _drop(self, watches: set[int]) -> None:
        for watch in watches:
            with suppress(OSError):  # gone with its folder
                self._inotify.rm_watch(watch)

    def _targets(self) -> Iterator[tuple[str, str]]:
        """Yield where the root and each named folder are, and their paths below the root."""
        for path in ("", *self._folders):
            yield os.path.realpath(self._full(path)), path

    def _relevant(self, mounts: list[Mount]) -> set[str]:
        """Return the mounts that affect where the paths lead."""
        targets = {place for place, _ in self._targets()}
        return {
            mount.line
            for mount in mounts
            if any(mount.holds(place) for place in self._places | targets)
            or any(is_below(mount.path, each) for each in targets)
        }

    def _check_mounts(self) -> None:
        """Store the relevant mounts.

        Raises:
            OSError: one of the folders is on a file system that reports no changes.
        """
        mounts = read_mounts(self._table)
        self._around = self._relevant(mounts)
        self._mounted = set()
        for target, path in self._targets():
            kinds = {target: kind_at(target, mounts)}
            for mount in mounts:
                below = os.path.join(path, os.path.relpath(mount.path, target))
                if mount.path != target and is_below(mount.path, target) and self._is_ours(below):
                    if os.path.isdir(mount.path):
                        kinds[mount.path] = mount.kind
                    elif self._accepts(below):
                        kinds[mount.path] = mount.kind
                        self._mounted.add(below)
            for place, kind in kinds.items():
                if kind not in LOCAL_FILE_SYSTEMS:
                    raise OSError(errno.EXDEV, f"{place} is on {kind or 'an unknown file system'}", place)
