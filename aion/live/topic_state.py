"""What `Live` stores of one topic."""

import asyncio
from dataclasses import dataclass, field

from aion.live.delta import DeltaMaker
from aion.live.snapshot import Snapshot


@dataclass(slots=True)
class TopicState:
    """The stored state of one topic, as `Live` has it."""

    name: str
    family: str = ""
    """Name of its family, empty for a topic that always exists."""
    is_joint: bool = False
    """True where files may alter it that do not concern it (see `Family.changed`)."""
    wanted: int = 1
    """Generation of the newest change that affects it."""
    built: int = 0
    """Generation at the start of its newest finished build."""
    snapshot: Snapshot | None = None
    sent: Snapshot | None = None
    """The version that streams have; another one than `snapshot` where that came too soon after it."""
    error: Exception | None = None
    waiters: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)
    revisit: asyncio.TimerHandle | None = None
    is_forced: bool = False
    deltas: DeltaMaker = field(default_factory=DeltaMaker)
    built_at: float = float("-inf")
    """When it was built last, by the clock of the event loop."""
    sent_at: float = float("-inf")
    """When streams were sent it last."""
    rest_s: float = 0.0
    """Time that streams are given after that, by the bytes they were sent."""
    took_s: float = 0.0
    """Time of its newest build."""
