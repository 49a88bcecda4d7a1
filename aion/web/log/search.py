"""Search of log files of any size: backwards from a byte offset, a bounded stretch at a time.

A search reads whole windows and looks into them for bytes that a matching line must hold before it parses any line,
so that most of a large file is passed at the speed of the disk. What was not reached yet is told by offset, and the
reader asks again from there. A time range is found by bisection, which takes the lines of one file to be in order of
time. A line longer than a window (256 KB) is looked through like any other and given cut.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from aion.store.document.base import made
from aion.web.log.document import LogEntry, LogSearch
from aion.web.log.line import MAX_WHOLE, Stretch, holds, parse_line, read_line, read_long, shortened, stretch_before
from aion.web.log.tail import WINDOW, Span, chosen, comparable, open_log

LEVELS = ("debug", "info", "warning", "error", "critical")
PROBE = 64 << 10  # bytes that a bisection looks at together
REACH = 4 * PROBE  # bytes in which it looks for a line with a time
MAX_BYTES = 64 << 20  # read by one search of all files together
MAX_S = 0.25  # seconds after which a search hands over what it has

_PLAIN = re.compile(r"[A-Za-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What a line must be to be found; an empty field asks for nothing."""

    level: str = "debug"
    """Minimum level; a line without one counts as info."""
    bot: str = ""
    text: str = ""
    """Words that must all be in it, in any case."""
    since: str = ""
    """ISO time (UTC) of the first line; a line without a time is only found without a range."""
    until: str = ""
    """ISO time (UTC) before which the last line lies."""

    def finds(self, line: LogEntry) -> bool:
        """Return True for a parsed line that is asked for."""
        level = line.level or "info"
        rank = LEVELS.index(level) if level in LEVELS else 1
        if rank < LEVELS.index(self.level) or (self.bot and line.bot != self.bot):
            return False
        if self.since or self.until:
            at = comparable(line.ts or "")
            if not at or at < comparable(self.since) or (self.until and at >= comparable(self.until)):
                return False
        text = _text(line) if self.text else ""
        return all(word in text for word in self.text.lower().split())

    def pattern(self, file: str) -> re.Pattern[bytes] | None:
        """Return what every matching line of `file` holds in lower case, or None where nothing is sure."""
        if self.level in LEVELS[2:]:
            names = "|".join(LEVELS[LEVELS.index(self.level) :])
            return re.compile(rf'"level":\s*"(?:{names})"'.encode())
        if self.bot:
            return re.compile(rb'"bot":\s*' + re.escape(orjson.dumps(self.bot).lower()))
        # a word may be the file's name, and `name=value` is not how a field stands in the file
        pieces = [piece for word in self.text.split() if word.lower() not in file for piece in word.split("=")]
        plain = [piece for piece in pieces if _PLAIN.fullmatch(piece)]
        return re.compile(re.escape(max(plain, key=len).lower().encode())) if plain else None


def search(
    paths: Sequence[Path],
    query: Query,
    stops: dict[str, int],
    limit: int,
    *,
    max_bytes: int = MAX_BYTES,
    now_s: Callable[[], float] = time.monotonic,
) -> LogSearch:
    """Return the newest lines of all files that `query` finds before `stops`.

    Args:
        paths: the files; one that went away is left out.
        query: what is looked for.
        stops: byte offset by file name from which to look backwards; a file without one from its end.
        limit: most lines given.
        max_bytes: read of all files together.
        now_s: clock, in seconds, that bounds the search.
    """
    spans: list[Span] = []
    floors: dict[str, int] = {}
    share = max(WINDOW, max_bytes // max(1, len(paths)))
    for path in paths:
        deadline = now_s() + MAX_S / len(paths)
        try:
            descriptor, status = open_log(path)
        except FileNotFoundError:
            continue
        with os.fdopen(descriptor, "rb", buffering=0):
            size = status.st_size
            floor = offset_at(descriptor, size, query.since) if query.since else 0
            stop = min(stops.get(path.stem, size), size)
            if query.until:
                stop = min(stop, offset_at(descriptor, size, query.until, is_start=False))
            span = Span(path.stem, status.st_ino, size, stop, stop, ())
            is_over = (lambda end: lambda: now_s() > end)(deadline)
            spans.append(_back(descriptor, span, floor, query, limit, share, is_over))
            floors[path.stem] = floor
    return _merged(spans, floors, limit)


def offset_at(descriptor: int, size: int, ts: str, *, is_start: bool = True) -> int:
    """Return the offset of the first line at or after ISO time `ts`, `size` if there is none.

    Where a long stretch has no time at all, the offset errs so that nothing asked for is left out: to the front for
    the start of a range, to the back for its end.
    """
    wanted = comparable(ts)
    low, high = 0, size
    while high - low > PROBE:
        middle = (low + high) // 2
        at = next((at for _, at in _timed(descriptor, middle, high, starts_whole=False)), "")
        is_known = bool(at) or high - middle <= REACH
        if at >= wanted or (not at and (is_known or is_start)):
            high = middle
        else:
            low = middle
    for offset, at in _timed(descriptor, low, size, starts_whole=low == 0):
        if at >= wanted:
            return offset
    return low if is_start and size - low > REACH else size


def _timed(descriptor: int, start: int, end: int, *, starts_whole: bool) -> Iterator[tuple[int, str]]:
    """Yield offset and time of the lines of the first windows after `start` that have a time."""
    for place in range(start, min(end, start + REACH), PROBE):
        data = os.pread(descriptor, 2 * PROBE, place)  # a line that begins in this probe may end in the next
        offset = place
        for index, raw in enumerate(data.split(b"\n")[:-1]):
            is_whole = index > 0 or (starts_whole and place == start)
            if is_whole and offset < place + PROBE:
                at = comparable(parse_line("", offset, raw).ts or "")
                if at:
                    yield offset, at
            offset += len(raw) + 1


def _back(
    descriptor: int, span: Span, floor: int, query: Query, limit: int, share: int, is_over: Callable[[], bool]
) -> Span:
    pattern = query.pattern(span.file)
    found: list[LogEntry] = []
    end = span.stop
    while end > floor and span.stop - end < share:
        part = stretch_before(descriptor, end, floor, WINDOW)
        if part.is_long:
            lines = _find_long(descriptor, span.file, part.start, end, query)
        else:
            lines = _find(span.file, part, pattern, query)
        for line in lines:
            found.append(line)
            if len(found) == limit:
                return replace(span, start=line.offset, lines=tuple(reversed(found)))
        end = part.start
        if is_over():
            break
    return replace(span, start=max(end, floor), lines=tuple(reversed(found)))


def _find(file: str, part: Stretch, pattern: re.Pattern[bytes] | None, query: Query) -> Iterator[LogEntry]:
    """Yield what is asked for, the newest first."""
    whole = part.data[: part.data.rfind(b"\n") + 1]
    for offset, raw in reversed(list(_candidates(whole, pattern))):
        line = read_line(file, part.start + offset, raw)
        if query.finds(line):
            yield shortened(line, len(raw))


def _find_long(descriptor: int, file: str, start: int, stop: int, query: Query) -> Iterator[LogEntry]:
    if stop - start <= MAX_WHOLE:
        line = read_line(file, start, os.pread(descriptor, stop - start, start))
        if query.finds(line):
            yield shortened(line, stop - start)
        return
    line = read_long(descriptor, file, start, stop)
    words = [word for word in query.text.split() if word.lower() not in _text(line)]
    if replace(query, text="").finds(line) and holds(descriptor, start, stop, words):
        yield line


def _candidates(data: bytes, pattern: re.Pattern[bytes] | None) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of the lines of `data` in which `pattern` is found, of all without one."""
    if pattern is None:
        offset = 0
        for raw in data.split(b"\n")[:-1]:
            if raw.strip():
                yield offset, raw
            offset += len(raw) + 1
        return
    place, lower = 0, data.lower()
    while (hit := pattern.search(lower, place)) is not None:
        start = data.rfind(b"\n", 0, hit.start()) + 1
        stop = data.find(b"\n", hit.start())
        yield start, data[start:stop]
        place = stop + 1


def _merged(spans: list[Span], floors: dict[str, int], limit: int) -> LogSearch:
    kept, cut = chosen(spans, limit)  # what was left out is found again
    left = sum(max(0, span.start - floors[span.file]) for span in cut)
    scanned = sum(span.stop - span.start for span in spans)
    return made(LogSearch)(parts={span.file: span.place for span in cut}, lines=kept, scanned=scanned, left=left)


def _text(line: LogEntry) -> str:
    more = (f"{name}={value}" for name, value in (line.more or {}).items())
    parts = (line.process or line.file, line.bot, line.event, line.cycle_id, *more)
    return " ".join(part for part in parts if part).lower()
