"""The bots' process says that it lives, and how long its cycles take: `watch/bots.json`, every few seconds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from aion.clock import iso
from aion.engine.waiter import Waiter
from aion.output.envelope import Stamp
from aion.store.document.kind import schema_name
from aion.store.document_file import write_document
from aion.store.layout import Layout

EVERY_S = 5.0
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Heart:
    """Counts the cycles of one run and writes that it beats; a disk that refuses is the ledger's to tell of."""

    def __init__(self, layout: Layout, stamp: Stamp, waiter: Waiter) -> None:
        """Args: layout: of the data folder; stamp: of the run; waiter: tells the time that durations are taken by."""
        self._layout = layout
        self._stamp = stamp
        self._now = waiter.monotonic
        self._started_at = iso(stamp.wall.now())
        self._beat_at: float | None = None
        self._since: float | None = None
        self._spent_s = 0.0
        self._count = 0
        self._sum_s = 0.0
        self._buckets = [0] * len(BUCKETS_S)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count the time inside to the cycle that `end_cycle` ends."""
        self._since = self._now()
        try:
            yield
        finally:
            if self._since is not None:
                self._spent_s += self._now() - self._since
            self._since = None

    def end_cycle(self, began: float) -> None:
        """Count one cycle: what was worked since the one before, and what began at `began` (monotonic seconds)."""
        now = self._now()
        spent = self._spent_s + now - (began if self._since is None else self._since)
        if self._since is not None:
            self._since = now
        self._spent_s = 0.0
        self._count += 1
        self._sum_s += spent
        for place, bound in enumerate(BUCKETS_S):
            self._buckets[place] += spent <= bound

    def beat(self) -> None:
        """Write the file when the one before is old; a run that must give the same bytes twice writes none."""
        now = self._now()
        if self._stamp.is_deterministic or (self._beat_at is not None and now - self._beat_at < EVERY_S):
            return
        self._beat_at = now
        value = {
            "schema": schema_name("heartbeat"),
            "written_at": iso(self._stamp.wall.now()),
            "pid": os.getpid(),
            "started_at": self._started_at,
            "cycles": self._count,
            "cycle_seconds": round(self._sum_s, 6),
            "cycle_buckets": {f"le_{bound:g}": count for bound, count in zip(BUCKETS_S, self._buckets, strict=True)},
        }
        try:
            write_document(self._layout.heartbeat, value)
        except OSError:
            return
