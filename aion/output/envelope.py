"""The envelope of every document that the bots write, and the names of cycles."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aion.clock import Clock, compact, iso
from aion.model import Mode
from aion.output.encode import Json
from aion.store.document.kind import schema_name

LEAST_TOLERANCE_S = 1.0  # a page that calls a bot late for less would flicker on a busy machine


@dataclass(frozen=True, slots=True)
class Stamp:
    """Values that all documents of one run share."""

    mode: Mode
    run: str
    wall: Clock
    is_deterministic: bool = False
    """True to write market time where wall time goes, so that two replays give the same bytes."""

    def envelope(
        self, kind: str, cycle_id: str, seq: int, as_of: datetime, due_in_s: float | None, interval_s: float
    ) -> Json:
        """Return the envelope of a document.

        Args:
            kind: kind of the document.
            cycle_id: its cycle.
            seq: grows within the run.
            as_of: market time, aware UTC.
            due_in_s: wall seconds until the next write is expected; None if no schedule is known.
            interval_s: wall seconds of one interval; a write may be late by that much.
        """
        written = as_of if self.is_deterministic else self.wall.now()
        value: Json = {
            "schema": schema_name(kind),
            "mode": self.mode,
            "run": self.run,
            "cycle_id": cycle_id,
            "seq": seq,
            "as_of": iso(as_of),
            "written_at": iso(written),
        }
        if due_in_s is not None:
            value["due_at"] = iso(self.wall_in(as_of, due_in_s + max(LEAST_TOLERANCE_S, interval_s)))
        return value

    def wall_in(self, as_of: datetime, seconds: float) -> datetime:
        """Return the wall time `seconds` from now, to the millisecond.

        It is counted from `as_of` if deterministic or if market time is wall time, unless the result is past.
        """
        now = as_of if self.is_deterministic else self.wall.now()
        at = now + timedelta(seconds=seconds)
        if self.mode == "paper":
            by_market = as_of + timedelta(seconds=seconds)
            at = by_market if by_market > now else at
        return at.replace(microsecond=at.microsecond // 1000 * 1000)


def cycle_name(run: str, ts: datetime) -> str:
    """Return the id of the cycle of `run` at market time `ts`; the same for a repeated run."""
    return f"{run}-{compact(ts, is_to_the_minute=True)}Z"
