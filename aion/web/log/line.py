"""One line of a log file: what of it is shown, and how one is found and cut that is longer than any window.

A line may have any length and hold anything. Its beginning is shown with its size; what lies before it is reached
whatever it is, since every step back passes at least one line or a bounded stretch of one.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import orjson

from aion.web.log.document import LogEntry

MAX_TEXT = 4000  # characters of one value that are shown; the file has the rest
MAX_FIELDS = 32
MAX_WHOLE = 1 << 20  # bytes of a line that is parsed; of a longer one the beginning is looked at
HEAD = 16 << 10  # bytes of that beginning
PIECE = 256 << 10  # bytes read at a time in search of a line's end
REACH = 16 << 20  # bytes in which it is looked for; what is longer comes in stretches of that

_KNOWN = frozenset({"ts", "level", "process", "event", "bot", "cycle_id", "market_time"})
_FIELD = re.compile(r'"(ts|level|process|bot|cycle_id|market_time)":\s*"([^"\\]{0,200})"')
_EVENT = re.compile(r'"event":\s*"((?:[^"\\]|\\.)*)')


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file that ends where another one began."""

    start: int
    """Offset of its first line."""
    data: bytes
    """Its lines; the last one may lack its end."""
    is_long: bool = False
    """True for one line, or a part of one, that is longer than the window: `data` is empty then."""


def parse_line(file: str, offset: int, raw: bytes) -> LogEntry:
    """Return the line of these bytes; one that is no JSON event has only its text."""
    return shortened(read_line(file, offset, raw), len(raw))


def read_line(file: str, offset: int, raw: bytes) -> LogEntry:
    """Do what `parse_line` does, with texts of any length."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        return LogEntry(file, offset, raw.decode("utf-8", "replace").strip())
    line = LogEntry(file, offset, value["event"])
    more: dict[str, str] = {}
    for name, field in value.items():
        if name in _KNOWN and isinstance(field, str):
            setattr(line, name, field)
        elif len(more) < MAX_FIELDS:
            more[name[:64]] = field if isinstance(field, str) else orjson.dumps(field).decode()
    line.more = more or None
    return line


def shortened(line: LogEntry, size: int) -> LogEntry:
    """Return `line` with texts of bounded length, and with its `size` in bytes where something was left out."""
    if size <= MAX_TEXT:
        return line
    texts = {name: text for name in _KNOWN if (text := getattr(line, name)) is not None}
    more = line.more or {}
    if all(len(text) <= MAX_TEXT for text in (*texts.values(), *more.values())):
        return line
    short = replace(line, more={name: text[:MAX_TEXT] for name, text in more.items()} or None, size=size)
    for name, text in texts.items():
        setattr(short, name, text[:MAX_TEXT])
    return short


def read_long(descriptor: int, file: str, start: int, stop: int) -> LogEntry:
    """Return the line from `start` to `stop`, of which the beginning is read where it is too long."""
    size = stop - start
    if size <= MAX_WHOLE:
        return parse_line(file, start, os.pread(descriptor, size, start))
    head = os.pread(descriptor, HEAD, start).decode("utf-8", "replace")
    line = LogEntry(file, start, head.strip()[:MAX_TEXT], size=size)
    if head.startswith("{"):
        for name, text in _FIELD.findall(head[:MAX_TEXT]):
            setattr(line, name, text)
        if event := _EVENT.search(head):
            line.event = _unescaped(event[1])[:MAX_TEXT]
    return line


def _unescaped(text: str) -> str:
    try:
        return str(orjson.loads(f'"{text}"'))
    except orjson.JSONDecodeError:
        return text


def holds(descriptor: int, start: int, stop: int, words: Iterable[str]) -> bool:
    """Return whether each of `words` stands between two offsets, in any case."""
    left = {word.lower().encode() for word in words}
    overlap = max((len(word) for word in left), default=0)
    before = b""
    for place in range(start, stop, PIECE):
        if not left:
            break
        data = before + os.pread(descriptor, min(PIECE, stop - place), place).lower()
        left = {word for word in left if word not in data}
        before = data[-overlap:]
    return not left


def stretch_before(descriptor: int, stop: int, floor: int, window: int) -> Stretch:
    """Return the lines of the `window` bytes before `stop`, or the one line that is longer, never an empty stretch.

    Args:
        descriptor: of the file.
        stop: offset, over `floor`.
        floor: offset of a line that nothing is read before.
        window: bytes.
    """
    start = max(floor, stop - window)
    data = os.pread(descriptor, stop - start, start)
    if start == floor:
        return Stretch(start, data)
    cut = data.find(b"\n", 0, len(data) - 1) + 1
    if cut:
        return Stretch(start + cut, data[cut:])
    return Stretch(line_start(descriptor, start, max(floor, stop - REACH)), b"", is_long=True)


def line_start(descriptor: int, stop: int, floor: int) -> int:
    """Return the offset behind the last line end before `stop`; `floor` where there is none between the two."""
    while stop > floor:
        start = max(floor, stop - PIECE)
        found = os.pread(descriptor, stop - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        stop = start
    return floor


def line_end(descriptor: int, start: int, size: int) -> int | None:
    """Return the offset behind the line at `start`, or behind a part of it within reach; None: it has no end yet."""
    limit = min(size, start + REACH)
    for place in range(start, limit, PIECE):
        found = os.pread(descriptor, min(PIECE, limit - place), place).find(b"\n")
        if found >= 0:
            return place + found + 1
    return None if limit == size else limit
