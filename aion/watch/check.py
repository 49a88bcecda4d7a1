"""Checks of the watchdog. To add an alert, write a function here and add it to `CHECKS`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aion.config import Settings
from aion.store.layout import Layout
from aion.watch.finding import Finding
from aion.watch.logins import LoginWatch
from aion.watch.machine import Clocks, ClockWatch, Disk


@dataclass(frozen=True, slots=True)
class Place:
    """What a check may use."""

    settings: Settings
    layout: Layout
    """Paths of the data folder."""
    clocks: Clocks


Check = Callable[[float], Iterable[Finding]]
"""Called every two seconds with the wall time (seconds since 1970); yields what is wrong now.

A finding of kind `check` needs no other change: it is shown, logged and sent as the others are. It must not block.
"""


def disk(place: Place) -> Check:
    """Free space and inodes of the data folder's disk."""
    found = Disk(place.settings.data, place.settings.watch.disk_free_mb << 20)
    return lambda _now_s: found.look()


def clock(place: Place) -> Check:
    """Jumps of the wall clock, and sleep of the machine."""
    found = ClockWatch(place.settings.watch.clock_jump_s, place.settings.watch.steady_s, place.clocks)
    return lambda _now_s: found.look()


def logins(place: Place) -> Check:
    """Logins refused for more than a minute."""
    return LoginWatch(place.layout.desk).look


CHECKS: tuple[Callable[[Place], Check], ...] = (disk, clock, logins)
"""Each is called once at the start and returns the check."""


def run(name: str, check: Check, now_s: float) -> Iterable[Finding]:
    """Return the findings of `check`; an exception is itself a finding, so that the other checks still run."""
    try:
        return list(check(now_s))
    except Exception as error:  # noqa: BLE001 - one broken check must not silence the others
        text = f"the check {name} failed: {type(error).__name__}: {error}"
        return [Finding(f"check.{name}", "check", "error", name[:64], text)]
