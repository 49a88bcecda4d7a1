"""The faults by name, in the order in which they run."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Scale:
    """How much of a fault is brought about."""

    is_long: bool = False
    seed: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def times(self, short: int, long: int) -> int:
        return long if self.is_long else short


@dataclass(frozen=True)
class Fault:
    """One fault: it is brought about in an empty folder; what it raises is an invariant that does not hold."""

    name: str
    run: Callable[[Path, Scale], str]
    """Returns what was done and seen, in a line."""
    is_short: bool
    """True for one that is part of `make test`."""

    @property
    def what(self) -> str:
        """What goes wrong, and what must hold all the same."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


FAULTS: dict[str, Fault] = {}


def fault(name: str, *, short: bool = True) -> Callable[[Callable[[Path, Scale], str]], Callable[[Path, Scale], str]]:
    """Put a function among the faults."""

    def put(run: Callable[[Path, Scale], str]) -> Callable[[Path, Scale], str]:
        FAULTS[name] = Fault(name, run, short)
        return run

    return put
