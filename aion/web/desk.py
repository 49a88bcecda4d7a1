"""One desk: what all routes of one app share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from aion.config import Settings
from aion.live import Live
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.control.folder import Folders
from aion.web.control.kill import KillSwitch
from aion.web.http.gate import Gate
from aion.web.log.elsewhere import Elsewhere
from aion.web.log.repeat import Repeats, also
from aion.web.metrics.metric import Metrics
from aion.web.metrics.peers import Peers
from aion.web.proof import ProofWatch
from aion.web.security.store import DeskStore
from aion.web.security.stream import StreamWatch
from aion.web.security.tries import TryLimit


@dataclass(slots=True)
class Desk:
    """The parts of a running desk."""

    settings: Settings
    layout: Layout
    folders: Folders
    """Its own data folder and those of its machines: what reads and writes each."""
    live: Live[Any]
    metrics: Metrics
    log: ProcessLog
    snapshots: dict[str, ASGIApp]
    """What answers a GET of a topic."""
    streams: dict[str, ASGIApp]
    """What streams a topic; `*` streams those that the query names."""
    store: DeskStore | None
    """Passwords, sessions, tokens, audit; None where the data folder cannot be written."""
    streams_watch: StreamWatch
    gate: Gate
    kill: KillSwitch
    proofs: ProofWatch
    elsewhere: Elsewhere
    """Asks other machines for their logs."""
    peers: Peers | None = None
    """The other workers; None where there can be none."""
    tries: TryLimit | None = None
    """Of passwords; None where there is no store."""
    crashes: Repeats = field(default_factory=Repeats)
    """Of which kind was said when."""
    floods: list[Callable[[bool], None]] = field(default_factory=list)
    """Who else counts what is not said; called as `say_unsaid`."""
    is_ready: bool = False
    """True from the first look at the disk to the stop."""

    def say_unsaid(self, is_last: bool = False) -> None:
        """Write into the log what came again and was not said: a flood that ended would not be counted otherwise.

        Args:
            is_last: True at the stop: counts whose minute is not over too.
        """
        for kind, count in self.crashes.unsaid(is_last=is_last):
            self.log.error(f"{' '.join(map(str, kind))}: the same came again", **also(count))
        for say in self.floods:
            say(is_last)

    def live_figures(self) -> dict[str, float]:
        """Return the counters of the live library."""
        stats, hub = self.live.stats, self.live.hub
        return {
            "viewers": len(hub),
            "deliveries": hub.deliveries,
            "patches": hub.patches,
            "bytes_sent": hub.bytes_sent,
            "conflations": hub.conflations,
            "resets": hub.resets,
            "looks": stats.looks,
            "builds": stats.builds,
            "changes": stats.changes,
            "answers": stats.answers,
            "not_modified": stats.not_modified,
            "not_modified_bytes": stats.not_modified_bytes,
            "trusts_events": float(self.live.trusts_events),
        }

    def data_ages(self) -> dict[str, Any]:
        """Return how old the data of each topic is by the wall clock, from what the desk holds."""
        now_us = time.time_ns() // 1000
        ages: dict[str, Any] = {}
        for topic in self.live.topics:
            held = self.live.held(topic)
            if held is None:
                continue
            ages[topic] = {"version": held.version, "etag": held.etag, "size": len(held.body)}
            if held.version > 1:
                # a clock that went back gives an age of 0, not one below it
                ages[topic]["age_s"] = max(0.0, round((now_us - held.version) / 1e6, 3))
        return ages
