"""One line of a log file: what of it is shown, and how one is found and cut that is longer than any window.

A line may have any length and hold anything. Its beginning is shown with its size; what lies before it is reached
whatever it is, since every step back passes at least one line or a bounded stretch of one.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from aion.web.state import Json

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


def parse_line(file: str, offset: int, raw: bytes) -> Json:
    """Return `LogEntry` of one line's bytes; one that is no JSON event has only its text."""
    return shortened(read_line(file, offset, raw), len(raw))


def read_line(file: str, offset: int, raw: bytes) -> Json:
    """Do what `parse_line` does, with texts of any length."""
    line: Json = {"file": file, "offset": offset}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        return line | {"event": raw.decode("utf-8", "replace").strip()}
    more: Json = {}
    for name, field in value.items():
        if name in _KNOWN and isinstance(field, str):
            line[name] = field
        elif len(more) < MAX_FIELDS:
            more[name[:64]] = field if isinstance(field, str) else orjson.dumps(field).decode()
    return line | ({"more": more} if more else {})


def shortened(line: Json, size: int) -> Json:
    """Return `line` with texts of bounded length, and with its `size` in bytes where something was left out."""
    values: Iterable[Any] = (*line.values(), *line.get("more", {}).values())
    if all(len(value) <= MAX_TEXT for value in values if isinstance(value, str)):
        return line
    short = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in line.items()}
    if "more" in line:
        short["more"] = {name: value[:MAX_TEXT] for name, value in line["more"].items()}
    return short | {"size": size}


def read_long(descriptor: int, file: str, start: int, stop: int) -> Json:
    """Return `LogEntry` of the line from `start` to `stop`, of which the beginning is read where it is too long."""
    size = stop - start
    if size <= MAX_WHOLE:
        return parse_line(file, start, os.pread(descriptor, size, start))
    head = os.pread(descriptor, HEAD, start).decode("utf-8", "replace")
    line: Json = {"file": file, "offset": start, "event": head.strip()[:MAX_TEXT], "size": size}
    if head.startswith("{"):
        line |= dict(_FIELD.findall(head[:MAX_TEXT]))
        if event := _EVENT.search(head):
            line["event"] = _unescaped(event[1])[:MAX_TEXT]
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
