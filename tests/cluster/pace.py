"""How long a state file takes from the bots' disk to the desk's, and what the relay costs.

A copy keeps the time at which its source was written, and its change time is when it was renamed into place: on one
machine both are of one clock.
"""

import random
import time
from pathlib import Path

import psutil

from tests.cluster.machine import Cluster, counted, until

FEWEST_BYTES, MOST_BYTES = 20_000, 200_000
LOOK_S = 0.02


def measure(cluster: Cluster, bots: int, seconds: float) -> dict[str, float]:
    """Let `bots` write once a second each; return milliseconds of p50, p99 and the worst, and what relays cost."""
    source, copy = cluster.root / "source", cluster.root / "target"
    for each in (source, copy):
        each.mkdir()
    dice = random.Random(1)
    sizes = [dice.randint(FEWEST_BYTES, MOST_BYTES) for _ in range(bots)]
    for bot, size in enumerate(sizes):
        counted(source, 0, f"bot{bot}", size)
    ends = [cluster.relay("push", source, "pace"), cluster.relay("pull", copy, "pace")]
    names = [f"rolling_bot{bot}.json.gz" for bot in range(bots)]
    until(lambda: all((copy / "swing" / name).exists() for name in names), 60)
    relays = [psutil.Process(end.process.pid) for end in ends if end.process is not None]
    idle_s = _spent(relays)
    time.sleep(5)
    idle = (_spent(relays) - idle_s) / 5
    spent_s = _spent(relays)
    took: dict[tuple[str, int], float] = {}
    started = time.monotonic()
    n = 0
    while (elapsed := time.monotonic() - started) < seconds:
        while n < elapsed * bots:
            counted(source, n, f"bot{n % bots}", sizes[n % bots])
            n += 1
        _look(copy, names, took, started)
        time.sleep(LOOK_S)
    time.sleep(1)
    _look(copy, names, took, started)
    ordered = sorted(took.values())
    return {
        "files": len(ordered),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "worst": ordered[-1],
        "busy": (_spent(relays) - spent_s) / seconds,
        "idle": idle,
        "memory": max(each.memory_info().rss for each in relays) / 1e6,
    }


def _spent(processes: list[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def _look(copy: Path, names: list[str], took: dict[tuple[str, int], float], started: float) -> None:
    since = time.time() - (time.monotonic() - started)
    for name in names:
        found = (copy / "swing" / name).stat()
        if found.st_mtime > since:
            took[name, found.st_mtime_ns] = (found.st_ctime_ns - found.st_mtime_ns) / 1e6
