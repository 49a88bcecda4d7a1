"""The figures of a desk over all of its workers: what each tells, and how they are put together.

What a worker counts is added up. What all of them read from the same files is told by the one that answers.
"""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aion.clock import iso
from aion.web.desk import Desk
from aion.web.metrics.process import process_figures
from aion.web.state import Json
from aion.web.status.exposition import COUNTERS

ADDED = frozenset(name for name, _ in COUNTERS.values()) | {
    "aion_answers", "aion_response_seconds", "aion_rebuild_seconds", "aion_push_seconds", "aion_turned_away",
    "aion_viewers", "aion_connections", "process_cpu_seconds", "process_open_fds", "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
}  # fmt: skip
"""Families of `/metrics` that are added up over workers."""
_PROCESS = ("threads", "cpu_s", "memory_bytes", "open_files")


def own_figures(desk: Desk) -> Json:
    """Return what this worker tells of itself."""
    return {
        "started_at": iso(desk.metrics.started_at),
        "uptime_s": round(desk.metrics.uptime_s, 1),
        "routes": {
            name: {
                "count": each.count, "errors": each.errors, "not_modified": each.not_modified,
                "total_s": each.total_s, "recent_s": list(each.recent_s),
            }
            for name, each in list(desk.metrics.routes.items())
        },
        "live": desk.live_figures(),
        "build_s": list(desk.live.stats.build_s),
        "push_s": list(desk.live.stats.push_s),
        "process": process_figures(),
        "families": [
            [each.name, [[sample.name, sample.labels, sample.value] for sample in each.samples]]
            for each in desk.metrics.registry.collect()
            if each.name in ADDED
        ],
    }  # fmt: skip


def put_together(own: Json, others: Sequence[Json]) -> Json:
    """Return the counts of workers and what `SystemMetrics` has of what they count, over all of them."""
    every = [own, *others]
    names = sorted({name for each in every for name in each["routes"]})
    process = dict(own["process"])
    for name in _PROCESS:
        if name in process:
            process[name] = round(sum(each["process"].get(name, 0) for each in every), 2)
    return {
        "workers": len(every),
        "started_at": min(each["started_at"] for each in every),
        "uptime_s": max(each["uptime_s"] for each in every),
        "routes": {
            name: _route([each["routes"][name] for each in every if name in each["routes"]]) for name in names
        },
        "live": _live(every),
        "process": process,
    }


def _route(every: Sequence[Json]) -> Json:
    count = sum(each["count"] for each in every)
    recent = sorted(seconds for each in every for seconds in each["recent_s"])
    return {
        "count": count,
        "errors": sum(each["errors"] for each in every),
        "not_modified": sum(each["not_modified"] for each in every),
        "mean_ms": round(1000 * sum(each["total_s"] for each in every) / count, 3),
        "p50_ms": quantile_ms(recent, 0.5),
        "p95_ms": quantile_ms(recent, 0.95),
        "p99_ms": quantile_ms(recent, 0.99),
    }


def _live(every: Sequence[Json]) -> Json:
    found: Json = {name: sum(each["live"].get(name, 0) for each in every) for name in every[0]["live"]}
    for name in ("build", "push"):
        samples = sorted(seconds for each in every for seconds in each[f"{name}_s"])
        if samples:
            found |= {f"{name}_p50_ms": quantile_ms(samples, 0.5), f"{name}_p99_ms": quantile_ms(samples, 0.99)}
    return found | {"trusts_events": min(each["live"].get("trusts_events", 0.0) for each in every)}


class Together:
    """A collector of one desk's families with those of its other workers added; see `Collector`."""

    def __init__(self, own: Collector, others: Sequence[Json]) -> None:
        """Args: own: of the worker that answers; others: `own_figures` of the other ones."""
        self._own = own
        self._others = others

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        yield GaugeMetricFamily("aion_workers", "Workers whose figures are added up here.", 1 + len(self._others))
        for family in self._own.collect():
            if family.name in ADDED and self._others:
                yield self._added(family)
            else:
                yield family

    def _added(self, family: Metric) -> Metric:
        values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

        def add(name: str, labels: dict[str, str], value: float) -> None:
            key = (name, tuple(sorted(labels.items())))
            if name.endswith("_created"):
                values[key] = min(value, values.get(key, value))
            else:
                values[key] = values.get(key, 0.0) + value

        for sample in family.samples:
            add(sample.name, sample.labels, sample.value)
        for other in self._others:
            for name, samples in other["families"]:
                for each in samples if name == family.name else ():
                    add(*each)
        found = Metric(family.name, family.documentation, family.type)
        for (name, labels), value in values.items():
            found.add_sample(name, dict(labels), value)
        return found


def quantile_ms(ordered: list[float], fraction: float) -> float:
    """Return the value, ms, that `fraction` of the seconds in `ordered` do not exceed; there must be some."""
    return round(1000 * ordered[min(len(ordered) - 1, int(fraction * len(ordered)))], 3)
