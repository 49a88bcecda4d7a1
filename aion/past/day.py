"""One recorded day of a bot, read back: its moments, its holes, and the document of any moment."""

import zlib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from aion.errors import NotFoundError, StateError
from aion.past.frame import VERSION, Damage, Frame, FrameKind, frames
from aion.past.patch import applied
from aion.store.regular_file import read_regular

MOST_FILE_BYTES = 256 << 20
MOST_TEXT_BYTES = 64 << 20
"""What one step of a deflate stream may come to."""
FLUSH_END = b"\x00\x00\xff\xff"
"""End of a deflate block after a sync flush (zlib manual); left out of each frame."""
DAMAGED = "the file is damaged there"
NEWER = "a newer Aion recorded it: update this desk to see it"


@dataclass(frozen=True, slots=True)
class Hole:
    """A span of which nothing is known; both ends in milliseconds of the day."""

    start_ms: int
    end_ms: int
    why: str


def ms_of(day: str, moment: datetime) -> int:
    """Return the milliseconds from the start of a UTC day to a moment."""
    return (moment - start_of(day)) // timedelta(milliseconds=1)


def start_of(day: str) -> datetime:
    """Return when a UTC day begins."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


class RecordedDay:
    """A day file as it is now."""

    def __init__(self, text: bytes, day: str, name: str) -> None:
        """Read the frames; documents are unpacked when they are asked for.

        Args:
            text: of the file.
            day: UTC day.
            name: how messages call the file.
        """
        self.day, self.name = day, name
        self.states: list[Frame] = []
        """Frames of states that can be read, in order of time."""
        self.wholes: list[int] = []
        """Of each of `states`: the index of the document that it builds on."""
        self.holes: list[Hole] = []
        damage = Damage()
        whole, last_ms, number, lost_ms, why = -1, 0, -1, -1, DAMAGED
        for frame in frames(text, damage):
            wall_ms = max(last_ms, frame.wall_ms)
            if frame.version != VERSION:
                whole, lost_ms, why = -1, lost_ms if lost_ms >= 0 else last_ms, NEWER
            elif frame.kind == FrameKind.HOLE:
                self._take_hole(frame)
                whole = -1
            elif frame.kind == FrameKind.WHOLE or (whole >= 0 and frame.number == (number + 1) & 0xFFFF):
                if lost_ms >= 0:
                    self.holes.append(Hole(lost_ms, wall_ms, why))
                    lost_ms, why = -1, DAMAGED
                whole = len(self.states) if frame.kind == FrameKind.WHOLE else whole
                self.states.append(frame)
                self.wholes.append(whole)
            elif lost_ms < 0:  # what it builds on is lost
                whole, lost_ms = -1, last_ms
            number, last_ms = frame.number, wall_ms
        if lost_ms >= 0:
            self.holes.append(Hole(lost_ms, last_ms, why))
        self.holes.sort(key=lambda hole: hole.start_ms)
        self.damaged_bytes = 0 if damage.is_end else damage.bytes
        self.walls = [frame.wall_ms for frame in self.states]

    @classmethod
    def read(cls, path: Path, day: str, name: str) -> "RecordedDay":
        """Read the day file at `path`.

        Raises:
            NotFoundError: there is none.
            StateError: it cannot be read.
        """
        try:
            return cls(read_regular(path, MOST_FILE_BYTES), day, name)
        except FileNotFoundError:
            raise NotFoundError(f"nothing is recorded on {day}: {name} is not there") from None
        except OSError as error:
            raise StateError(name, f"cannot be read: {error.strerror}") from None

    def _take_hole(self, frame: Frame) -> None:
        try:
            said = orjson.loads(frame.data)
            start, why = int(said["from_ms"]), str(said["why"])[:200]
        except (ValueError, TypeError, KeyError):
            start, why = self.states[-1].wall_ms if self.states else 0, DAMAGED
        self.holes.append(Hole(min(start, frame.wall_ms), frame.wall_ms, why))

    def index_at(self, at_ms: int) -> int:
        """Return the index in `states` of the state at a moment of the day.

        Raises:
            NotFoundError: nothing is known of that moment; the message says why.
        """
        if not self.states:
            raise NotFoundError(f"{self.name} has no state that can be read: choose another day")
        first, last = self.clock(self.walls[0]), self.clock(self.end_ms)
        index = bisect_right(self.walls, at_ms) - 1
        for hole in self.holes:
            if hole.start_ms < at_ms < hole.end_ms and not (index >= 0 and self.walls[index] > hole.start_ms):
                raise NotFoundError(
                    f"nothing is known of {self.clock(at_ms)}: from {self.clock(hole.start_ms)} to "
                    f"{self.clock(hole.end_ms)}, {hole.why}"
                )
        if index < 0 or at_ms > self.end_ms:
            raise NotFoundError(
                f"{self.clock(at_ms)} is outside of what is recorded on {self.day}: use {first} to {last} (UTC)"
            )
        return index

    @property
    def end_ms(self) -> int:
        """When the last state or hole ends, milliseconds of the day; there has to be a state."""
        return max(self.walls[-1], *(hole.end_ms for hole in self.holes)) if self.holes else self.walls[-1]

    def document(self, index: int) -> dict[str, Any]:
        """Return the document of one of `states`.

        Raises:
            StateError: what is recorded does not make one.
        """
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        value: Any = None
        try:
            for frame in self.states[self.wholes[index] : index + 1]:
                text = unpack.decompress(frame.data + FLUSH_END, MOST_TEXT_BYTES)
                if unpack.unconsumed_tail:
                    raise StateError(self.name, f"holds more than {MOST_TEXT_BYTES} bytes in one state")
                if frame.kind == FrameKind.WHOLE:
                    value = orjson.loads(text)
                    continue
                for patch in orjson.loads(text):
                    value = applied(value, patch)
        except (zlib.error, ValueError, TypeError, RecursionError) as error:
            raise StateError(self.name, f"cannot be unpacked: {error}", byte=frame.offset) from None
        if not isinstance(value, dict):
            raise StateError(self.name, "holds no document", byte=self.states[index].offset)
        return value

    def clock(self, at_ms: int) -> str:
        """Return a moment of the day as `HH:MM:SS`, with its date where it is not of the day."""
        try:
            moment = start_of(self.day) + timedelta(milliseconds=at_ms)
        except OverflowError:
            return "that moment"
        return moment.strftime("%H:%M:%S" if 0 <= at_ms < 86_400_000 else "%Y-%m-%d %H:%M:%S")
