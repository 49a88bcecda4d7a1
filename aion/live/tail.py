"""Follows growing line files by byte offset: each appended line once; a new inode means that the file was rotated."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aion.live.snapshot import content_tag

MAX_APPEND_BYTES = 262_144  # more than that at once is fetched by GET, not pushed


@dataclass(frozen=True, slots=True)
class LogTail:
    """A topic of appended lines: `{parts: [{file, inode, from, to, lines}], at: {file: size}}`.

    `from` and `to` are byte offsets; a page whose offset is not `from` fetches the lines in between. Only whole lines
    are sent. Of more than 256 KB at once only the end is sent, with a later `from`; the page fetches the rest.
    """

    name: str
    folder: str
    """Below the root; every `*.jsonl` in it is followed."""


class TailReader:
    """Remembers how far each file of a folder has been read. Used only by the build thread."""

    def __init__(self, folder: Path) -> None:
        """Args: folder: the files' folder."""
        self._folder = folder
        self._places: dict[str, tuple[int, int]] = {}

    def start(self) -> None:
        """Count everything up to the present end of each file as read."""
        for name in self._names():
            self._read(name, is_first=True)

    @property
    def tag(self) -> str:
        """Changes with each append or rotation."""
        return content_tag(orjson.dumps(sorted(self._places.items())))

    def read(self) -> dict[str, Any] | None:
        """Return the event payload of everything appended since the last call, or None."""
        names = self._names()
        parts = [part for name in names if (part := self._read(name)) is not None]
        for name in self._places.keys() - set(names):
            del self._places[name]
        if not parts:
            return None
        return {"parts": parts, "at": {name: offset for name, (_, offset) in sorted(self._places.items())}}

    def _names(self) -> list[str]:
        try:
            return sorted(each.name for each in os.scandir(self._folder) if each.name.endswith(".jsonl"))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _read(self, name: str, *, is_first: bool = False) -> dict[str, Any] | None:
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if status.st_mode & 0o170000 != 0o100000:
                return None
            inode, place = self._places.get(name, (status.st_ino, 0))
            if inode != status.st_ino or status.st_size < place:
                place = 0
            if is_first:
                self._places[name] = (status.st_ino, last_line_end(descriptor, status.st_size))
                return None
            start = place
            if status.st_size - start > MAX_APPEND_BYTES:
                start = status.st_size - MAX_APPEND_BYTES
            data = os.pread(descriptor, status.st_size - start, start)
        finally:
            os.close(descriptor)
        cut = 0
        if start > place:  # skip the part of a line that the jump landed in
            cut = data.find(b"\n") + 1
            start += cut
            data = data[cut:]
        end = data.rfind(b"\n") + 1
        if end == 0 and start > place and cut > 0:  # one line of more than is pushed: its end is announced
            self._places[name] = (status.st_ino, start)
            return {"file": name, "inode": status.st_ino, "from": start, "to": start, "lines": []}
        if end == 0:
            self._places.setdefault(name, (status.st_ino, place))
            return None
        self._places[name] = (status.st_ino, start + end)
        # only a newline ends a line: `str.splitlines` also breaks at U+2028, which a JSON text may hold as it is
        lines = [line.removesuffix("\r") for line in data[:end].decode("utf-8", "replace").split("\n")[:-1]]
        return {"file": name, "inode": status.st_ino, "from": start, "to": start + end, "lines": lines}


def last_line_end(descriptor: int, size: int) -> int:
    """Return the offset just after the last line end among the first `size` bytes, 0 if there is none."""
    step = 65_536
    end = size
    while end > 0:
        start = max(0, end - step)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
