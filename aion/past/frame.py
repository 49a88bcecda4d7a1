"""Frames of a day file: what each holds, its checksum, and how those that are damaged are passed over.

A file is a row of frames and nothing else, so that one is added with a single write. Each begins with a mark and ends
with what it holds; a frame that a crash has cut costs itself alone, since the next one is found by its mark and
proven by its checksum.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
"""Of the frames; one of a newer version is passed over and said to be one."""
MOST_BYTES = 1 << 24
"""What a frame may hold, exclusive."""
_MARK = b"\x93\xa1"
_HEAD = struct.Struct("<2sBBHHIII")
SIZE = _HEAD.size


class FrameKind(IntEnum):
    """What a frame holds."""

    WHOLE = 1
    """A document; the changes behind it continue its deflate stream."""
    CHANGE = 2
    """Merge patches from the state of the frame before it."""
    HOLE = 3
    """A span of which nothing is known; it ends at the frame's time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: int
    version: int
    number: int
    """Of the frames of its file, counted by 65,536."""
    wall_ms: int
    """When it was recorded, milliseconds since the day began (UTC)."""
    market_s: int
    """Market time of the state, seconds since 1970; 0 for none."""
    data: bytes
    offset: int = 0
    """Where it begins in the file."""


def encode(frame: Frame) -> bytes:
    """Return a frame as it stands in a file.

    Raises:
        ValueError: it holds too much.
    """
    size = len(frame.data)
    if size >= MOST_BYTES:
        raise ValueError(f"a frame of {size} bytes is larger than {MOST_BYTES}")
    kind = frame.version << 4 | frame.kind
    parts = (_MARK, kind, size >> 16, size & 0xFFFF, frame.number & 0xFFFF, frame.wall_ms, frame.market_s)
    check = zlib.crc32(frame.data, zlib.crc32(_HEAD.pack(*parts, 0)[:-4]))
    return _HEAD.pack(*parts, check) + frame.data


@dataclass(slots=True)
class Damage:
    """Bytes of a file that are no frames."""

    bytes: int = 0
    is_end: bool = False
    """True where the file ends with them: a frame that is being written, or was cut."""


def frames(text: bytes, damage: Damage | None = None) -> Iterator[Frame]:
    """Yield the frames of a file in order; what is no frame is passed over and counted in `damage`."""
    at, found = 0, damage if damage is not None else Damage()
    while at < len(text):
        frame = _frame_at(text, at)
        if frame is not None:
            found.is_end = False
            yield frame
            at += SIZE + len(frame.data)
            continue
        following = text.find(_MARK, at + 1)
        following = following if following >= 0 else len(text)
        found.bytes += following - at
        found.is_end = True
        at = following


def _frame_at(text: bytes, at: int) -> Frame | None:
    if len(text) - at < SIZE:
        return None
    mark, kind, high, low, number, wall_ms, market_s, check = _HEAD.unpack_from(text, at)
    end = at + SIZE + (high << 16 | low)
    if mark != _MARK or end > len(text):
        return None
    data = text[at + SIZE : end]
    if zlib.crc32(data, zlib.crc32(text[at : at + SIZE - 4])) != check:
        return None
    return Frame(kind & 15, kind >> 4, number, wall_ms, market_s, data, at)
