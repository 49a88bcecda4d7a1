"""Figures of the web process for Prometheus and for the System page; counted here, read by two routes."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from aion.live.stats import Stats

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
RECENT = 256  # response times kept a route for the percentiles of the System page


@dataclass(slots=True)
class RouteFigures:
    """Response times of one route since the process started."""

    count: int = 0
    errors: int = 0
    """Answers with a status of 500 and above."""
    not_modified: int = 0
    total_s: float = 0.0
    recent_s: list[float] = field(default_factory=list)
    _next: int = 0

    def add(self, seconds: float, status: int) -> None:
        """Count one answer that took `seconds`."""
        self.count += 1
        self.errors += status >= 500
        self.not_modified += status == 304
        self.total_s += seconds
        if len(self.recent_s) < RECENT:
            self.recent_s.append(seconds)
        else:
            self.recent_s[self._next] = seconds
            self._next = (self._next + 1) % RECENT


class Metrics:
    """All that the web process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.started_s = time.monotonic()
        self.started_at = datetime.now(UTC).replace(microsecond=0)
        self.routes: dict[str, RouteFigures] = {}
        self._seconds = Histogram(
            "aion_response_seconds", "Time to the first byte of an answer.", ["route"],
            buckets=BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._answers = Counter(
            "aion_answers_total", "Answers by status.", ["route", "status"], registry=self.registry
        )
        self.rebuilds = Histogram(
            "aion_rebuild_seconds",
            "Time to build a bundle after a change.",
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.pushes = Histogram(
            "aion_push_seconds", "From the change of a file to the push of what it changed.", buckets=BUCKETS_S,
            registry=self.registry,
        )  # fmt: skip
        ProcessCollector(registry=self.registry)  # process_open_fds, process_resident_memory_bytes, ...
        self._children: dict[str, Histogram] = {}
        self._counts: dict[tuple[str, int], Counter] = {}

    @property
    def uptime_s(self) -> float:
        """Seconds since the process started to serve."""
        return time.monotonic() - self.started_s

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer of a `route` (its template, so that there are few of them)."""
        histogram = self._children.get(route)
        if histogram is None:
            histogram = self._children[route] = self._seconds.labels(route)
            self.routes[route] = RouteFigures()
        histogram.observe(seconds)
        self.routes[route].add(seconds, status)
        key = (route, status)
        counter = self._counts.get(key)
        if counter is None:
            counter = self._counts[key] = self._answers.labels(route, str(status))
        counter.inc()


class TimedStats(Stats):
    """Counters of the live library whose times are counted by class too."""

    def __init__(self, metrics: Metrics) -> None:
        """Args: metrics: gets each build's and each push's time."""
        super().__init__()
        self._histograms = {id(self.build_s): metrics.rebuilds, id(self.push_s): metrics.pushes}

    def add(self, samples: list[float], value: float) -> None:
        """Keep `value` among `samples`, and count it."""
        super().add(samples, value)
        self._histograms[id(samples)].observe(value)
