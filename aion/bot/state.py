"""How a bot stands: at work, paused, stopped by a kill switch, in error; whether it is to leave all it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["active", "paused", "stopped", "error"]


@dataclass(slots=True)
class Standing:
    """The reasons that keep a bot from entering; each is empty when it does not hold."""

    killed: str = ""
    """Why a kill switch stops it."""
    fault: str = ""
    """What its strategy did wrong; not kept over a restart, which gives the strategy another start."""
    paused: str = ""
    """Why entries are paused, until a resume."""
    leaving: str = ""
    """Why it leaves all it holds, until it is flat."""

    @property
    def state(self) -> State:
        """The gravest of them: a kill switch before a fault before a pause."""
        if self.killed:
            return "stopped"
        if self.fault:
            return "error"
        return "paused" if self.paused else "active"

    @property
    def reason(self) -> str:
        """Why it is in that state; empty when it is active."""
        return self.killed or self.fault or self.paused

    @property
    def exit_reason(self) -> str:
        """Why all that is held has to go; empty when it may stay."""
        return self.killed or self.leaving

    def saved(self) -> dict[str, str]:
        """Return what must survive a restart, as JSON types."""
        return {"killed": self.killed, "paused": self.paused, "leaving": self.leaving}

    @classmethod
    def from_saved(cls, state: Mapping[str, Any]) -> "Standing":
        """Return what `saved` described."""
        return cls(killed=state["killed"], paused=state["paused"], leaving=state["leaving"])
