"""What a desk's relay says of itself and of its machine, in a file beside the copy that the System page reads."""

import time
from collections.abc import Callable
from contextlib import suppress

from aion.store.file import write_json
from aion.store.layout import Layout
from aion.store.machine import RELAY_REPORT


class Report:
    """The newest of what is known of a machine; written once a second at most, and when it changes."""

    def __init__(self, layout: Layout, machine: str, wall_s: Callable[[], float] = time.time) -> None:
        """Args: layout: of the copy; machine: whose it is; wall_s: the clock on the wall, seconds since 1970."""
        self._path = layout.root / RELAY_REPORT
        self._machine = machine
        self._wall_s = wall_s
        self._offset_s: float | None = None
        self._round_trip_s: float | None = None
        self._lag_s: float | None = None
        self._said = ""

    def proved(self, sent_s: float, received_s: float, theirs_s: object) -> None:
        """Note an answer to the question what the machine has.

        Args:
            sent_s: when it was asked, by this clock.
            received_s: when it was answered, by this clock.
            theirs_s: what the machine's clock said when it answered; anything else where it does not say it.
        """
        self._round_trip_s = max(0.0, received_s - sent_s)
        if isinstance(theirs_s, int | float):
            self._offset_s = theirs_s - (sent_s + received_s) / 2
        self._said = ""
        self.write()

    def applied(self, modified_ns: int) -> None:
        """Note that a file is here that the machine's clock says was written at `modified_ns`."""
        if modified_ns and self._offset_s is not None:
            self._lag_s = max(0.0, self._wall_s() - (modified_ns / 1e9 - self._offset_s))

    def say(self, why: str) -> None:
        """Note what is wrong; an empty text where nothing is."""
        if why != self._said:
            self._said = why
            self.write()

    def write(self) -> None:
        """Write it; a disk that refuses costs the report only."""
        figures = {"clock_offset_s": self._offset_s, "round_trip_s": self._round_trip_s, "lag_s": self._lag_s}
        said = {name: round(value, 4) for name, value in figures.items() if value is not None}
        with suppress(OSError):
            write_json(self._path, {"machine": self._machine, "at": self._wall_s(), "said": self._said, **said})
