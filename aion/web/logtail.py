"""Log lines by byte offset: a file of any size costs one bounded read.

A line ends with a newline; what stands behind the last one is still being written and is left for the next look.
Lines of all processes are merged by their time; a line that is not JSON takes the time of the line before it.
"""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from aion.errors import StateError
from aion.web.state import Json

WINDOW = 256 << 10  # bytes read of one file at a time
MAX_LINES = 1000
MAX_TEXT = 4000  # characters of one value that are shown; the file has the rest
MAX_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of whole lines of one log file."""

    file: str
    """Name of the file without `.jsonl`."""
    inode: int
    """Changes when the file is rotated."""
    size: int
    """Bytes in the file."""
    start: int
    """Offset of the first line."""
    stop: int
    """Offset behind the last newline."""
    lines: tuple[Json, ...]

    @property
    def place(self) -> Json:
        """Where the span lies, as the page gets it."""
        return {"inode": str(self.inode), "size": self.size, "from": self.start, "to": self.stop}


def read_tail(path: Path, *, stop: int | None = None, window: int = WINDOW) -> Span:
    """Return the last whole lines of the log at `path` that lie before offset `stop` (default: its end).

    Raises:
        FileNotFoundError: there is none.
        StateError: it is not a regular file.
    """
    descriptor, status = open_log(path)
    try:
        end = status.st_size if stop is None else min(stop, status.st_size)
        start = max(0, end - window)
        data = os.pread(descriptor, end - start, start)
    finally:
        os.close(descriptor)
    if start > 0:
        newline = data.find(b"\n")
        skipped = newline + 1 if newline >= 0 else len(data)
        data, start = data[skipped:], start + skipped
    return _span(path, status, start, data)


def read_from(path: Path, start: int, *, window: int = WINDOW) -> Span:
    """Return the whole lines from offset `start` on, at most `window` bytes of them.

    A `start` behind the end (the file was rotated) gives the tail. A line longer than the window is cut.

    Raises:
        FileNotFoundError: there is none.
        StateError: it is not a regular file.
    """
    descriptor, status = open_log(path)
    try:
        if start > status.st_size:
            start = max(0, status.st_size - window)
        data = os.pread(descriptor, window, start)
    finally:
        os.close(descriptor)
    if len(data) == window and b"\n" not in data:
        return Span(
            path.stem, status.st_ino, status.st_size, start, start + len(data), (parse_line(path.stem, start, data),)
        )
    return _span(path, status, start, data)


def merge(spans: Iterable[Span], limit: int, *, oldest: bool = False) -> Json:
    """Return `LogTail`: `limit` lines of `spans` in order of time, and where they lie in each file.

    Args:
        spans: one of each file.
        limit: most lines given.
        oldest: True to give the oldest of them, for a reader that goes on from `to`; else the newest.
    """
    given = list(spans)
    timed = [(at, span.file, line) for span in given for at, line in _with_times(span.lines)]
    ordered = sorted(timed, key=lambda item: (item[0], item[1], item[2]["offset"]))
    kept = [line for _, _, line in (ordered[:limit] if oldest else ordered[max(0, len(ordered) - limit) :])]
    chosen = {(line["file"], line["offset"]) for line in kept}
    parts = {span.file: _part(span, chosen, oldest=oldest) for span in given}
    return {"parts": dict(sorted(parts.items())), "lines": kept}


def _part(span: Span, chosen: set[tuple[str, int]], *, oldest: bool) -> Json:
    left_out = [line["offset"] for line in span.lines if (span.file, line["offset"]) not in chosen]
    given = [line["offset"] for line in span.lines if (span.file, line["offset"]) in chosen]
    if oldest:
        return replace(span, stop=min(left_out, default=span.stop)).place
    return replace(span, start=min(given, default=span.stop)).place


def names(folder: Path) -> list[str]:
    """Return the names (without `.jsonl`) of the logs in `folder`, none if there is no folder."""
    try:
        found = os.listdir(folder)
    except OSError:
        return []
    return sorted(name[:-6] for name in found if name.endswith(".jsonl") and not name.startswith("."))


def open_log(path: Path) -> tuple[int, os.stat_result]:
    """Return a descriptor of the log at `path`, for the caller to close, and its status.

    Raises:
        FileNotFoundError: there is none.
        StateError: it is not a regular file, or cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise
        raise StateError(f"logs/{path.name}", f"cannot be opened: {error.strerror}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise StateError(f"logs/{path.name}", "is not a regular file")
    return descriptor, status


def _span(path: Path, status: os.stat_result, start: int, data: bytes) -> Span:
    whole = data[: data.rfind(b"\n") + 1]
    lines: list[Json] = []
    offset = start
    for raw in whole.splitlines(keepends=True) if b"\r" not in whole else _split(whole):
        if raw.strip():
            lines.append(parse_line(path.stem, offset, raw))
        offset += len(raw)
    return Span(path.stem, status.st_ino, status.st_size, start, start + len(whole), tuple(lines))


def _split(data: bytes) -> list[bytes]:
    # bytes.splitlines also ends a line at a lone carriage return
    return [piece + b"\n" for piece in data.split(b"\n")[:-1]]


def parse_line(file: str, offset: int, raw: bytes) -> Json:
    """Return `LogEntry` of one line's bytes; one that is no JSON event has only its text."""
    line: Json = {"file": file, "offset": offset}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        return line | {"event": raw.decode("utf-8", "replace").strip()[:MAX_TEXT]}
    more: Json = {}
    for name, field in value.items():
        if name in _KNOWN and isinstance(field, str):
            line[name] = field[:MAX_TEXT]
        elif len(more) < MAX_FIELDS:
            more[name[:64]] = _shown(field)
    return line | ({"more": more} if more else {})


_KNOWN = frozenset({"ts", "level", "process", "event", "bot", "cycle_id", "market_time"})


def _shown(field: Any) -> str:
    return (field if isinstance(field, str) else orjson.dumps(field).decode())[:MAX_TEXT]


def _with_times(lines: tuple[Json, ...]) -> Iterable[tuple[str, Json]]:
    # within one file the order is that of the file, whatever a clock did
    newest = ""
    for line in lines:
        newest = max(newest, comparable(line.get("ts", "")))
        yield newest, line


def comparable(ts: str) -> str:
    """Return the ISO time `ts` (UTC) as a text that sorts by time."""
    # ISO texts of one zone sort as texts once each has a fraction of a second, since `.` sorts before `:` and `Z`
    return ts if "." in ts else ts.replace("Z", ".0Z", 1)
