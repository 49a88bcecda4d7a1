"""Checks the machine: a disk that fills up, a clock that jumps."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aion.watch.finding import Finding, span

CLEARS_AT = 1.1  # times the least room: room that comes and goes by a byte is no all-clear
LEAST_INODES = 0.01  # part of a file system's inodes


class Disk:
    """Checks the free space of the data folder."""

    def __init__(self, folder: Path, least_bytes: int) -> None:
        """Args: folder: the data folder; least_bytes: free space below which there is an alarm."""
        self._folder = folder
        self._least = least_bytes
        self._is_low = False

    def look(self) -> Iterator[Finding]:
        """Yield the findings."""
        try:
            found = os.statvfs(self._folder)
        except OSError as error:
            text = f"the disk of {self._folder} does not answer: {error.strerror}"
            yield Finding("disk.folder", "disk", "error", str(self._folder)[-64:], text)
            return
        free = found.f_bavail * found.f_frsize
        self._is_low = free < self._least * (CLEARS_AT if self._is_low else 1.0)
        if self._is_low:
            is_grave = free < self._least // 4
            room = self._least // 4 if is_grave else self._least  # no exact figure: the sentence stays the same
            text = (
                f"the disk of {self._folder} has less than {room >> 20} MB left: make room, "
                "or the bots wait when it is full"
            )
            yield Finding("disk.room", "disk", "error" if is_grave else "warning", "disk", text)
        if found.f_files and found.f_favail < found.f_files * LEAST_INODES:
            text = f"the disk of {self._folder} has less than 1 % of its inodes left: remove files that nobody needs"
            yield Finding("disk.inodes", "disk", "warning", "disk", text)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks that are compared, each in seconds."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    """Never jumps, stands still while the machine sleeps."""
    through_sleep: Callable[[], float] = lambda: time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", 1))
    """Never jumps, goes on while the machine sleeps; where there is none, the one before."""


class ClockWatch:
    """Compares the wall clock with clocks that never jump."""

    def __init__(self, least_s: float, shown_s: float, clocks: Clocks | None = None) -> None:
        """Make it.

        Args:
            least_s: difference from which it counts as a jump.
            shown_s: seconds for which a jump is shown; without another one it is then cleared.
            clocks: for tests.
        """
        self._least_s = least_s
        self._shown_s = shown_s
        self._clocks = clocks or Clocks()
        self._before = self._read()
        self._jump = ""
        self._jumped_at = 0.0

    def look(self) -> Iterator[Finding]:
        """Yield the newest jump for `shown_s`."""
        now = self._read()
        wall, steady, through = (new - old for new, old in zip(now, self._before, strict=True))
        self._before = now
        slept, jumped = through - steady, wall - through
        if abs(jumped) >= self._least_s:
            way = "forward" if jumped > 0 else "back"
            self._jump = f"the clock jumped {way} by {_amount(jumped)}: see that only one service sets it"
            self._jumped_at = now[1]
        elif slept >= self._least_s:
            self._jump = f"the machine slept for {span(slept)}: nothing was traded meanwhile"
            self._jumped_at = now[1]
        if self._jump and now[1] - self._jumped_at < self._shown_s:
            yield Finding("clock.wall", "clock", "warning", "clock", self._jump)

    def _read(self) -> tuple[float, float, float]:
        return self._clocks.wall(), self._clocks.steady(), self._clocks.through_sleep()


def _amount(seconds: float) -> str:
    return f"{abs(seconds):.1f} s" if abs(seconds) < 60 else span(abs(seconds))
