"""What Prometheus is told: names, units and types by its conventions, made when it asks from what the desk holds.

Counters end in `_total`, times are seconds, sizes bytes; what varies in a name elsewhere is a label here.
"""

import sys
from collections.abc import Iterator
from typing import get_args

import orjson
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

import aion
from aion.errors import NotFoundError, StateError
from aion.store.document.watch import AlarmKind, Heartbeat
from aion.store.layout import HEARTBEAT
from aion.store.machine import OWN, RESERVED
from aion.web.bundle.watch import watchdog_age_s
from aion.web.desk import Desk
from aion.web.metrics.process import disk_figures
from aion.web.state import Json
from aion.web.status.bot_metrics import age_s, bot_families

GAUGES = {
    "viewers": ("aion_viewers", "Open streams of this worker."),
    "trusts_events": (
        "aion_trusts_events",
        "1 while the kernel tells of changes, 0 while file times are taken.",
    ),
}
COUNTERS = {
    "deliveries": ("aion_deliveries", "Frames handed to streams."),
    "patches": ("aion_patches", "Frames that carried a change instead of a whole bundle."),
    "bytes_sent": ("aion_sent_bytes", "Bytes handed to streams."),
    "conflations": ("aion_conflations", "Times that a slow stream skipped at least one frame."),
    "resets": ("aion_resets", "Streams dropped because they did not drain."),
    "looks": ("aion_looks", "Looks at the disk."),
    "builds": ("aion_builds", "Builds of a bundle, unchanged ones included."),
    "changes": ("aion_changes", "Builds whose content differed."),
    "answers": ("aion_snapshot_answers", "Conditional and plain GETs of a bundle."),
    "not_modified": ("aion_not_modified", "Of those, answered 304."),
    "not_modified_bytes": ("aion_not_modified_bytes", "Bytes that 304 did not send again."),
}
ALARMS: tuple[AlarmKind, ...] = get_args(AlarmKind)


class Exposition:
    """A collector over one desk; see `prometheus_client.registry.Collector`."""

    def __init__(self, desk: Desk) -> None:
        """Args: desk: what is told of."""
        self._desk = desk

    def describe(self) -> list[Metric]:
        """Return nothing: names are not looked at before the first question."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all families as they are now."""
        python = ".".join(str(part) for part in sys.version_info[:3])
        yield InfoMetricFamily("aion_build", "Version.", {"version": aion.__version__, "python": python})
        yield _gauge("aion_uptime_seconds", "Since this worker began to serve.", self._desk.metrics.uptime_s)
        yield from self._live()
        yield from self._gate()
        yield from self._data()
        index = self._index()
        yield from bot_families(index.get("bots", {}), self._held())
        yield from self._machines()
        yield from _watch(index.get("watch"))
        yield from self._heartbeat()
        yield from self._disk()

    def _live(self) -> Iterator[Metric]:
        for name, value in self._desk.live_figures().items():
            if name in COUNTERS:
                shown, text = COUNTERS[name]
                counter = CounterMetricFamily(shown, text)
                counter.add_metric([], value)
                yield counter
            else:
                shown, text = GAUGES.get(name, (f"aion_{name}", f"Live library: {name.replace('_', ' ')}."))
                yield _gauge(shown, text, value)

    def _gate(self) -> Iterator[Metric]:
        gate = self._desk.gate
        yield _gauge("aion_connections", "Open connections of this worker, streams included.", len(gate.connections))
        away = CounterMetricFamily("aion_turned_away", "Connections turned away or ended.", labels=["why"])
        for why, count in gate.turned_away.items():
            away.add_metric([why], count)
        yield away

    def _data(self) -> Iterator[Metric]:
        age = GaugeMetricFamily("aion_data_age_seconds", "Since the data of a topic changed.", labels=["topic"])
        size = GaugeMetricFamily("aion_bundle_bytes", "Size of the bundle of a topic.", labels=["topic"])
        for topic, figures in self._desk.data_ages().items():
            size.add_metric([topic], figures["size"])
            if "age_s" in figures:
                age.add_metric([topic], figures["age_s"])
        yield age
        yield size

    def _index(self) -> Json:
        found = self._desk.live.held("index")
        return orjson.loads(found.body) if found is not None else {}

    def _held(self) -> Iterator[str]:
        """Yield the machines that are not heard of, as the index names them."""
        for name, proof in self._desk.proofs.read().items():
            if proof.is_held:
                yield OWN if name == RESERVED else name

    def _machines(self) -> Iterator[Metric]:
        """Yield how long ago each machine was proved; none on a desk whose bots run beside it."""
        proofs = self._desk.proofs.read()
        if not proofs:
            return
        held = GaugeMetricFamily(
            "aion_machine_held", "1 while a machine is not heard of; `data` is the own folder.", labels=["machine"]
        )
        age = GaugeMetricFamily("aion_machine_proved_age_seconds", "Since a machine was proved.", labels=["machine"])
        for name, proof in proofs.items():
            held.add_metric([name], float(proof.is_held))
            if proof.age_s is not None:
                age.add_metric([name], proof.age_s)
        yield held
        yield age

    def _heartbeat(self) -> Iterator[Metric]:
        age = watchdog_age_s(self._desk.layout)
        if age is not None:
            yield _gauge("aion_watchdog_age_seconds", "Since the watchdog looked last.", age)
        try:
            beat = self._desk.folders.own.files.read(HEARTBEAT, Heartbeat)
        except (NotFoundError, StateError):
            return
        said = "Since the bots' process said that it lives."
        yield _gauge("aion_bots_heartbeat_age_seconds", said, age_s(beat.written_at))
        cycles = HistogramMetricFamily(
            "aion_cycle_seconds",
            "One cycle of the bots: bars, decisions, commit, files.",
        )
        buckets = [(name.removeprefix("le_"), float(count)) for name, count in beat.cycle_buckets.items()]
        buckets.sort(key=lambda bucket: float(bucket[0]))
        cycles.add_metric([], [*buckets, ("+Inf", beat.cycles)], beat.cycle_seconds)
        yield cycles

    def _disk(self) -> Iterator[Metric]:
        disk = disk_figures(self._desk.settings.data)
        if disk is not None:
            yield _gauge("aion_disk_free_bytes", "Room left for the data folder.", disk["free_bytes"])
            yield _gauge("aion_disk_size_bytes", "Size of its file system.", disk["total_bytes"])


def _watch(watch: Json | None) -> Iterator[Metric]:
    if watch is None:
        return
    alarms = GaugeMetricFamily("aion_alarms", "Open alarms of the watchdog.", labels=["kind"])
    kinds = [alarm["kind"] for alarm in watch["alarms"].values()]
    for kind in ALARMS:
        alarms.add_metric([kind], kinds.count(kind))
    yield alarms
    is_up = GaugeMetricFamily("aion_process_up", "1 while a process of aion up runs.", labels=["process"])
    restarts = CounterMetricFamily("aion_process_restarts", "Since aion up started.", labels=["process"])
    for name, process in watch["processes"].items():
        is_up.add_metric([name], float(process["state"] == "running"))
        restarts.add_metric([name], process.get("restarts", 0))
    yield is_up
    yield restarts


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
