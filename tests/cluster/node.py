"""How long a desk that is new takes until it has, proved, all that a machine wrote."""

import json
import random
import time

import psutil

from aion.store.machine import RELAY_REPORT
from tests.cluster.machine import Cluster, counted, until
from tests.cluster.pace import FEWEST_BYTES, MOST_BYTES


def start(cluster: Cluster, files: int) -> dict[str, float]:
    """Start the relay of an empty folder; return seconds to all files and to their proof, of processor, and MB."""
    source = cluster.root / "many"
    source.mkdir()
    dice = random.Random(2)
    for number in range(files):
        counted(source, number, f"bot{number}", dice.randint(FEWEST_BYTES, MOST_BYTES))
    size = sum(path.stat().st_size for path in (source / "swing").iterdir())
    cluster.relay("push", source, "many")
    first, new = cluster.root / "first", cluster.root / "new"
    cluster.relay("pull", first, "many")
    until(lambda: "round_trip_s" in json.loads((first / RELAY_REPORT).read_bytes()), 60)
    started = time.monotonic()
    pull = cluster.relay("pull", new, "many")
    until(lambda: len(list((new / "swing").glob("rolling_*.gz"))) == files, 60)
    there_s = time.monotonic() - started
    until(lambda: "round_trip_s" in json.loads((new / RELAY_REPORT).read_bytes()), 60)
    assert pull.process is not None
    relay = psutil.Process(pull.process.pid)
    return {
        "spent": sum(relay.cpu_times()[:2]),
        "there": there_s,
        "proved": time.monotonic() - started,
        "memory": relay.memory_info().rss / 1e6,
        "megabytes": size / 1e6,
    }
