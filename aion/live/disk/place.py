"""Where a path leads: the folders and links on its way, and the file systems mounted there (Linux)."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOUNTS = "/proc/self/mountinfo"
MOST_LINKS = 40  # the kernel follows no more

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
        "devtmpfs",  # /dev, on the way to /dev/shm
        "overlay",
        "zfs",
        "bcachefs",
        "jfs",
        "reiserfs",
    }
)
"""File systems that change only through this kernel; network and FUSE mounts can change without it."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table."""

    path: str
    kind: str
    """Type of the file system."""
    line: str
    """The whole line of the table; another mount at the same place has another one."""

    def holds(self, path: str) -> bool:
        """Return True when `path` (absolute, without links) is the mount point or below it."""
        return is_below(path, self.path)


def is_below(path: str, folder: str) -> bool:
    """Return True when `path` is `folder` or below it; both absolute and without links."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def read_mounts(table: str = MOUNTS) -> list[Mount]:
    """Return all mounts in the order of mounting; empty on systems without a mount table."""
    found = []
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                left, _, right = line.partition(" - ")
                # octal escapes of bytes: space, tab, newline, backslash
                path = left.split(" ")[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
                path = path.encode("latin-1").decode("utf-8", "surrogateescape")
                found.append(Mount(path, right.split(" ")[0], line))
    except (OSError, IndexError, UnicodeError):
        return []
    return found


def kind_at(path: str, mounts: Iterable[Mount]) -> str:
    """Return the type of the file system that `path` (absolute, without links) is on, `""` if unknown."""
    best, kind = "", ""
    for mount in mounts:
        if mount.holds(path) and len(mount.path) >= len(best):
            best, kind = mount.path, mount.kind
    return kind


def file_system(path: Path, table: str = MOUNTS) -> str:
    """Return the type of the file system that `path` (or its nearest parent that exists) is on, `""` if unknown."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return kind_at(os.path.realpath(place), read_mounts(table))


def steps(path: str) -> Iterator[tuple[str, bool]]:
    """Yield each name on the way to the target of `path`, with whether it is a link.

    A link is yielded before it is read, so that a caller who starts watching it then misses no later change of it. A
    missing name ends the list.
    """
    place = "/" if path.startswith("/") else ""
    waiting = path.split("/")[::-1]
    links = 0
    while waiting:
        name = waiting.pop()
        if name in ("", "."):
            continue
        here = os.path.join(place, name)
        target = _read_link(here)
        if target is not None:
            yield here, True
            target = _read_link(here)
        if target is None:
            if not os.path.lexists(here):
                return
            yield here, False
            place = here
            continue
        links += 1
        if links > MOST_LINKS:
            return
        if target.startswith("/"):
            place = "/"
        waiting.extend(target.split("/")[::-1])


def _read_link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:  # no link, or not there
        return None
