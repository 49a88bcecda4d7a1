"""A data folder as relays see it: which files travel, what each holds, and one digest of all."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from aion.errors import StateError
from aion.live.disk.source import scan
from aion.live.disk.watcher import Changes, Watcher, open_watcher
from aion.store.file import read_file
from aion.store.layout import CONFIGS, CONTROLS, INTRADAY, SWING, WATCH, Layout

STATE_FOLDERS = (INTRADAY, SWING, WATCH)
STATE = frozenset({"sim_log", "rolling", "sim_summary", "swing_rolling", "bot_activity", "watch", "heartbeat"})
"""Kinds that the bots' machine writes; a proof stays where it is."""
ASKED_FOLDERS = (CONTROLS, CONFIGS)
ASKED = frozenset({"control", "kill", "bot_config"})
"""Kinds that desks write."""
_LAST = {"rolling": 1, "sim_summary": 2}
"""Kinds that are put behind the others, in this order: the summary commits a cycle."""


def kind_of(path: str) -> str:
    """Return the kind of the state file at `path` below the data folder, an empty text for any other."""
    place = Layout.place(path)
    return place.kind if place is not None else ""


def in_order(paths: Iterable[str]) -> list[str]:
    """Return `paths` as they are put: what commits a cycle last."""
    return sorted(paths, key=lambda path: (_LAST.get(kind_of(path), 0), path))


def key_of(path: str) -> str:
    """Return the key of a path: names may hold dots and spaces, keys may not."""
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


def path_of(key: str) -> str:
    """Return the path of a key, an empty text for one that is none."""
    try:
        return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode()
    except ValueError:
        return ""


def digest_of(data: bytes) -> str:
    """Return what stands for the content of one file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Manifest(dict[str, str]):
    """Digest of each file by path."""

    def digest(self) -> str:
        """Return what stands for all of them."""
        lines = "".join(f"{path}\0{self[path]}\n" for path in sorted(self))
        return hashlib.blake2b(lines.encode(), digest_size=16).hexdigest()


class Folder:
    """The files of some kinds below a data folder, and which of them changed since the look before."""

    def __init__(self, root: Path, folders: tuple[str, ...], kinds: frozenset[str]) -> None:
        """Args: root: the data folder; folders, kinds: of the files that count."""
        self.root = root
        self._folders = folders
        self._kinds = kinds
        self._watcher: Watcher | None = None
        self._is_looked_over = False

    def accepts(self, path: str) -> bool:
        """Tell whether a file at `path` (below the data folder) counts."""
        return kind_of(path) in self._kinds

    def open(self) -> tuple[int, ...]:
        """Begin to watch; return descriptors that become readable after changes, none where nothing tells."""
        try:
            self._watcher = open_watcher(self.root, self._folders, self.accepts)
        except OSError:
            self._watcher = None
        return self._watcher.descriptors() if self._watcher is not None else ()

    def close(self) -> None:
        """Stop watching; safe to call twice."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def look(self, known: Iterable[str], *, is_whole: bool = False) -> set[str]:
        """Return the paths whose files may have come, changed or gone since the look before.

        Args:
            known: paths that were there; each is among what is returned when all is looked at.
            is_whole: True to look at all files, whatever the kernel tells.

        Raises:
            OSError: the disk cannot be read.
        """
        changes: Changes | None = None
        if self._watcher is not None:
            try:
                changes = self._watcher.look()
            except OSError:
                self.close()
        is_all = is_whole or self._watcher is None or not self._is_looked_over
        if is_all or (changes is not None and changes.rescan):
            self._is_looked_over = True
            return {path for path in scan(self.root, self._folders, self.accepts) if path[-1] != "/"} | set(known)
        return changes.paths if changes is not None else set()

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None where there is none.

        One that cannot be read is carried as the text that says why: a desk shows that it is broken, not what it was.
        """
        try:
            return read_file(self.root / path, path)[0]
        except FileNotFoundError:
            return None
        except StateError as error:
            return f"cannot be read where it was written: {error}".encode()

    def manifest(self) -> Manifest:
        """Return the digests of all files as they are now."""
        found = Manifest()
        for path in self.look((), is_whole=True):
            if (data := self.read(path)) is not None:
                found[path] = digest_of(data)
        return found


def pieces(data: bytes, most: int) -> Iterator[bytes]:
    """Yield `data` in pieces of `most` bytes; one where it is empty."""
    for start in range(0, max(1, len(data)), most):
        yield data[start : start + most]


def modified_ns(path: Path) -> int:
    """Return when a file was modified, nanoseconds since 1970; 0 where it is gone."""
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0


Say = Callable[[str], object]
"""Tells people something that they should know."""
