"""How old the proof is that what a desk's disk holds is what its source holds, where another machine feeds the disk.

A folder that is written on this machine needs none. One that is fed (rsync, NFS, a relay) looks the same when its
feeder stops, so it is verified only as of its newest proof: `verified = min(link, proof)`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

EVENT = "proved"
"""Name of the event, and of the member of `hello` and `hb`, that carries the ages."""
EVERY_S = 1.0
"""Most seconds between two events while there are sources."""
LEAST_S = 0.5  # between two events that tell of new proofs, however many sources there are
SAME_S = 0.01  # between two readings of one proof
LOOK_S = 0.1  # between two looks at whether a source was or is held


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest proof of one source."""

    age_s: float | None
    """Seconds since the moment as of which the disk is known to hold all that the source held; None if never."""
    limit_s: float
    """Age in seconds above which what the source wrote is held: it is shown with its age, not as fresh."""

    @property
    def is_held(self) -> bool:
        """True where the proof is too old, or there was none yet."""
        return self.age_s is None or self.age_s > self.limit_s


Proofs = Mapping[str, Proof]
"""By source: lower-case letters, digits, `_` and `-`, the first a letter."""
ReadProofs = Callable[[], Proofs]
"""Returns the proofs as of now; called in the event loop, so it must not wait for a disk."""


def no_proofs() -> Proofs:
    """Return nothing: the disk is its own source."""
    return {}


def steady_s() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the machine sleeps where there is one."""
    return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()


_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def as_text(proofs: Proofs, later_s: float = 0.0) -> str:
    """Return what `Aion-Proved-Age` and events say: `data=0.42;limit=3.0`; `?0` is a source that was never proved.

    Args:
        proofs: as of before the answer was made.
        later_s: seconds that have passed since.

    Source: RFC 9651, "Structured Field Values for HTTP", section 3.2 (a dictionary of decimals).
    """
    return ", ".join(
        f"{name}={'?0' if each.age_s is None else f'{each.age_s + later_s:.2f}'};limit={each.limit_s:.1f}"
        for name, each in sorted(proofs.items())
    )


class Told(Protocol):
    """What sends proofs: the hub."""

    proofs: ReadProofs

    def tell_proofs(self) -> bool:
        """Send them to everybody; False if that is not possible now."""
        ...


async def tell_on(hub: Told) -> None:
    """Tell of each new proof, at once when a source begins or ceases to be held, and every second anyway; no end.

    So what a page was told last is as young as it can be, and a page that is told nothing can count on by itself.
    """
    told_s, held_before, newest_told = 0.0, frozenset[str](), 0.0
    while True:
        proofs = hub.proofs()
        held = frozenset(name for name, proof in proofs.items() if proof.is_held)
        now_s = steady_s()
        newest_s = max((now_s - each.age_s for each in proofs.values() if each.age_s is not None), default=0.0)
        pause_s = LEAST_S if newest_s - newest_told > SAME_S else EVERY_S
        if proofs and (held != held_before or now_s - told_s >= pause_s) and hub.tell_proofs():
            told_s, held_before, newest_told = now_s, held, newest_s
        await asyncio.sleep(LOOK_S if proofs else EVERY_S)
