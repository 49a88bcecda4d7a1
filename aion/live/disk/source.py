"""Files: their `stat` signatures and parsed content, read again only after a change."""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_CHANGES = 20_000  # that a tree remembers; who lags behind more starts anew

RACY_NS = 20_000_000  # a file changed less than this before it was read may change again with the same times


@dataclass(frozen=True, slots=True)
class Signature:
    """One version of a file or folder; equal signatures mean the same version unless its times are racy."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int
    device: int = 0
    is_linked: bool = False
    """True for a file with another name: what is written there sends no event here."""

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        """Return the signature in a `stat` result."""
        is_linked = status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode)
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev, is_linked)

    @property
    def newest_ns(self) -> int:
        """The later of modification and change time, nanoseconds since 1970."""
        return max(self.mtime_ns, self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One file as it is now: its content, or the error and the last good content."""

    path: str
    """Below the root, with `/`."""
    value: T | None
    error: Exception | None
    mtime_ns: int
    """Nanoseconds since 1970."""
    size: int
    last_good: T | None
    """The newest content that could be read; equal to `value` when that is there."""
    last_good_mtime_ns: int = 0


Scan = dict[str, Signature]
"""Signature by path below the root; folders end with `/`."""


def scan(root: Path, folders: tuple[str, ...], accepts: Callable[[str], bool]) -> Scan:
    """Return the signatures of all accepted files below `folders`, and of the folders themselves.

    Links are not followed. Files that vanish meanwhile are left out. Names that start with a dot are never listed:
    they are temporary files.

    Raises:
        OSError: a folder exists and cannot be listed.
    """
    found: Scan = {}
    waiting = [folder.strip("/") for folder in folders]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as listing:
                found[f"{folder}/"] = Signature.of(os.stat(root / folder))
                for each in listing:
                    if each.name.startswith("."):
                        continue
                    path = f"{folder}/{each.name}" if folder else each.name
                    if each.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif accepts(path):
                        try:
                            found[path] = Signature.of(each.stat(follow_symlinks=False))
                        except FileNotFoundError:
                            continue
        except (FileNotFoundError, NotADirectoryError):
            continue
    return found


class Tree(Generic[T]):
    """The files below some folders of a root, parsed on demand and kept while unchanged.

    Only the build thread uses it. `update` takes the result of a scan; `entry` reads a file when it is requested and
    has changed since it was read last.
    """

    def __init__(
        self, root: Path, load: Callable[[Path, str], T], reload: Callable[[Path, str, T], T] | None = None
    ) -> None:
        """Make an empty tree.

        Args:
            root: folder that all paths are below.
            load: reads and parses one file, given its path and its path below the root. `FileNotFoundError` means
                that it is gone; any other exception becomes `Entry.error`.
            reload: as `load`, of a file that was read before; it is also given its last good content.
        """
        self._root = root
        self._load = load
        self._reload = reload
        self._names: set[str] = set()
        self._entries: dict[str, Entry[T]] = {}
        self._stale: set[str] = set()
        self.newest_ns: dict[str, int] = {}
        """Newest mtime or ctime seen by top folder."""
        self.loads = 0
        """Files read so far."""
        self.revision = 0
        """Grows with each `update` that brings changes."""
        self._changes: deque[tuple[int, str]] = deque(maxlen=MOST_CHANGES)
        self._forgotten = 0
        """Newest revision of which changes are not known any more."""

    def update(self, found: Scan, gone: set[str]) -> None:
        """Take signatures of present paths and the names of vanished ones; content is read when it is requested."""
        self.revision += 1
        for path, signature in found.items():
            top = path.split("/", 1)[0]
            self.newest_ns[top] = max(self.newest_ns.get(top, 0), signature.newest_ns)
            if not path.endswith("/"):
                self._names.add(path)
                self._stale.add(path)
                self._note(path)
        for path in gone:
            if not path.endswith("/"):
                self._note(path)
            self._names.discard(path)
            self._entries.pop(path, None)
            self._stale.discard(path)

    def _note(self, path: str) -> None:
        if len(self._changes) == MOST_CHANGES:
            self._forgotten = self._changes[0][0]
        self._changes.append((self.revision, path))

    def changes(self, since: int) -> set[str] | None:
        """Return the files that came, changed or went after revision `since`; None if that is too long ago."""
        if since < self._forgotten:
            return None
        found: set[str] = set()
        for revision, path in reversed(self._changes):
            if revision <= since:
                break
            found.add(path)
        return found

    def has(self, path: str) -> bool:
        """Tell whether there is a file at `path` (below the root), without reading it."""
        return path in self._names

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the paths below the root that start with `prefix`, in order."""
        return (name for name in sorted(self._names) if name.startswith(prefix))

    def entry(self, path: str) -> Entry[T] | None:
        """Return the file at `path` (below the root) as it is now, or None when there is none."""
        held = self._entries.get(path)
        if path not in self._names:
            return None
        if held is not None and path not in self._stale:
            return held
        self._stale.discard(path)
        fresh = self._read(path, held)
        if fresh is None:
            self._entries.pop(path, None)
            self._names.discard(path)
        else:
            self._entries[path] = fresh
        return fresh

    def _read(self, path: str, held: Entry[T] | None) -> Entry[T] | None:
        self.loads += 1
        last_good = held.last_good if held else None
        last_mtime = held.last_good_mtime_ns if held else 0
        mtime_ns = size = 0
        try:
            full = self._root / path
            status = os.lstat(full)
            mtime_ns, size = status.st_mtime_ns, status.st_size
            if not stat.S_ISREG(status.st_mode):
                raise OSError("is not a regular file")
            if self._reload is not None and last_good is not None:
                value = self._reload(full, path, last_good)
            else:
                value = self._load(full, path)
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one file is that file's state
            # the frames and causes of an error hold the whole file, and the entry holds the error
            error.__traceback__ = error.__context__ = error.__cause__ = None
            return Entry(path, None, error, mtime_ns, size, last_good, last_mtime)
        return Entry(path, value, None, mtime_ns, size, value, mtime_ns)
