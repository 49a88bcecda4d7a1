"""Log lines by byte offset: a file of any size costs one bounded read.

A line ends with a newline; what stands behind the last one is still being written and is left for the next look.
Lines of all processes are merged by their time; a line that is not JSON takes the time of the line before it.
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aion.store.document.base import made
from aion.store.file import open_file
from aion.store.layout import LOG_SUFFIX, listed, log
from aion.web.log.document import LogEntry, LogPart, LogTail
from aion.web.log.line import REACH, line_end, line_start, parse_line, read_long, stretch_before

WINDOW = 256 << 10  # bytes read of one file at a time
MAX_LINES = 1000
LONG_LINES = 8  # lines longer than a window that are given together
LEFT_S = 5.0  # seconds without a change after which what has no line end is shown as it is


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
    lines: tuple[LogEntry, ...]

    @property
    def place(self) -> LogPart:
        """Where the span lies, as the page gets it."""
        return made(LogPart)(inode=str(self.inode), size=self.size, from_=self.start, to=self.stop)


def read_tail(path: Path, *, stop: int | None = None, window: int = WINDOW, now_s: float | None = None) -> Span:
    """Return the last lines of the log at `path` that lie before offset `stop` (default: its end).

    A line that is longer than the window comes cut, with what lies before it. What stands behind the last line end
    belongs to the file's end alone: it is given, marked `unfinished`, once nobody seems to be writing it any more.

    Args:
        path: of the log.
        stop: offset; None for the end of the file.
        window: bytes read, if no line is longer.
        now_s: wall time, seconds since 1970, that tells how old the last change is; default now.

    Raises:
        FileNotFoundError: there is none.
        StateError: it is not a regular file.
    """
    descriptor, status = open_log(path)
    try:
        size = status.st_size
        end = size if stop is None else min(stop, size)
        rest: tuple[LogEntry, ...] = ()
        if stop is None:
            end = line_start(descriptor, size, max(0, size - REACH))
            is_left = (time.time() if now_s is None else now_s) - status.st_mtime > LEFT_S
            if size > end and (size - end > window or is_left):
                rest = (replace(read_long(descriptor, path.stem, end, size), unfinished=True),)
        start, lines = end, rest
        for _ in range(LONG_LINES):
            if start == 0:
                break
            found = stretch_before(descriptor, start, 0, window)
            if found.is_long:
                lines = (read_long(descriptor, path.stem, found.start, start), *lines)
            else:
                whole = found.data[: found.data.rfind(b"\n") + 1]
                if not lines:
                    end = found.start + len(whole)
                lines = (*_parsed(path.stem, found.start, whole), *lines)
            start = found.start
            if not found.is_long:
                break
    finally:
        os.close(descriptor)
    return Span(path.stem, status.st_ino, size, start, end, lines)


def read_from(path: Path, start: int, *, window: int = WINDOW) -> Span:
    """Return the whole lines from offset `start` on, at most `window` bytes of them, or one that is longer, cut.

    A `start` behind the end (the file was rotated) gives the tail.

    Raises:
        FileNotFoundError: there is none.
        StateError: it is not a regular file.
    """
    descriptor, status = open_log(path)
    try:
        size = status.st_size
        if start > size:
            start = max(0, size - window)
        data = os.pread(descriptor, window, start)
        whole = data[: data.rfind(b"\n") + 1]
        if len(data) < window or whole:
            lines, stop = tuple(_parsed(path.stem, start, whole)), start + len(whole)
        else:
            end = line_end(descriptor, start, size)
            lines = () if end is None else (read_long(descriptor, path.stem, start, end),)
            stop = start if end is None else end
    finally:
        os.close(descriptor)
    return Span(path.stem, status.st_ino, size, start, stop, lines)


def merge(spans: Iterable[Span], limit: int, *, oldest: bool = False) -> LogTail:
    """Return `limit` lines of `spans` in order of time, and where they lie in each file.

    Args:
        spans: one of each file.
        limit: most lines given.
        oldest: True to give the oldest of them, for a reader that goes on from `to`; else the newest.
    """
    kept, cut = chosen(list(spans), limit, oldest=oldest)
    return made(LogTail)(parts={span.file: span.place for span in cut}, lines=kept)


def chosen(spans: Sequence[Span], limit: int, *, oldest: bool = False) -> tuple[list[LogEntry], list[Span]]:
    """Return `limit` lines as `merge` does, and the spans by name, each cut to what was given of it."""
    # a line that has no time, or an earlier one than the line before it, is not older: it would be left out for good
    timed = [(at, span.file, line) for span in spans for at, line in with_times(span.lines)]
    ordered = sorted(timed, key=lambda item: (item[0], item[1], item[2].offset))
    kept = [line for _, _, line in (ordered[:limit] if oldest else ordered[max(0, len(ordered) - limit) :])]
    given = {(line.file, line.offset) for line in kept}
    return kept, [_cut(span, given, oldest=oldest) for span in sorted(spans, key=lambda span: span.file)]


def _cut(span: Span, given: set[tuple[str, int]], *, oldest: bool) -> Span:
    left_out = [line.offset for line in span.lines if (span.file, line.offset) not in given]
    if not left_out:
        return span  # nothing before its first line was left out, blank lines for example
    if oldest:
        return replace(span, stop=min(left_out))
    own = [line.offset for line in span.lines if (span.file, line.offset) in given]
    return replace(span, start=min(own, default=span.stop))


def names(folder: Path) -> list[str]:
    """Return the names (without `.jsonl`) of the logs in `folder`, none if there is no folder."""
    logs = (name for name in listed(folder) if name.endswith(LOG_SUFFIX) and not name.startswith("."))
    return sorted(Path(name).stem for name in logs)


def open_log(path: Path) -> tuple[int, os.stat_result]:
    """Return a descriptor of the log at `path`, for the caller to close, and its status, as `open_file`."""
    return open_file(path, log(path.stem))


def _parsed(file: str, offset: int, whole: bytes) -> Iterator[LogEntry]:
    for raw in whole.splitlines(keepends=True) if b"\r" not in whole else _split(whole):
        if raw.strip():
            yield parse_line(file, offset, raw)
        offset += len(raw)


def _split(data: bytes) -> list[bytes]:
    # bytes.splitlines also ends a line at a lone carriage return
    return [piece + b"\n" for piece in data.split(b"\n")[:-1]]


def with_times(lines: tuple[LogEntry, ...]) -> Iterable[tuple[str, LogEntry]]:
    """Yield each line of one file with a time that never falls: its order stays, whatever a clock did."""
    newest = ""
    for line in lines:
        newest = max(newest, comparable(line.ts or ""))
        yield newest, line


def comparable(ts: str) -> str:
    """Return the ISO time `ts` (UTC) as a text that sorts by time."""
    # ISO texts of one zone sort as texts once each has a fraction of a second, since `.` sorts before `:` and `Z`
    return ts if "." in ts else ts.replace("Z", ".0Z", 1)
