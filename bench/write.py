"""Processor time of one write in the build thread: read, row, card, totals, patch and compression.

    python -m bench.write [--bots 1000] [--viewers 100] [--rounds 240]

No desk and no stream: rounds of twenty writes are built in this process as a desk builds them for the viewers of
`bench/viewer.py`. Other programs matter less than to `bench.many`: the time is that of the thread, and the least of
twelve parts of the run stands beside their median.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from aion.config import Settings
from aion.live.builder import Builder, Order
from aion.live.delta import DeltaMaker
from aion.live.disk.source import Tree
from aion.live.snapshot import Snapshot
from aion.live.topic import Family, Topic
from aion.web.bundle.topic import accepts, load_file, make_topics, reload_file
from bench.fleet import Fleet
from bench.tool import OUT
from bench.viewer import topics

TOGETHER = 20  # writes that one round finds
TOTALS_EVERY = 5  # rounds: ten times a second
INDEX_EVERY = 150  # rounds: every three seconds
PARTS = 12


class Built:
    """The topics of a folder, and what streams have of them."""

    def __init__(self, root: Path, wanted: set[str]) -> None:
        """Args: root: data folder; wanted: what viewers see."""
        self.wanted = wanted
        found = make_topics(Settings(data=root))
        fixed = {each.name: each for each in found if isinstance(each, Topic)}
        families = {each.name: each for each in found if isinstance(each, Family)}
        self._builder = Builder(Tree(root, load_file, reload_file), root, accepts, fixed, families, {})
        self._held: dict[str, Snapshot | None] = {}
        self._deltas: dict[str, DeltaMaker] = {}
        for name in wanted:
            family, slash, key = name.partition("/")
            if slash:
                self._builder.register(name, family, key)

    def run(self, paths: set[str], names: list[str], *, is_first: bool = False) -> None:
        """Build `names` after changes of the files at `paths`."""
        orders = [
            Order(name, held := self._held.get(name), held, self._deltas.setdefault(name, DeltaMaker()),
                  is_sent=True, wants_patch=True)
            for name in names
        ]  # fmt: skip
        for result in self._builder.run(paths, orders, needs_scan=is_first).results:
            if result.error is not None:
                raise result.error
            self._held[result.order.name] = result.snapshot


def measure(bots: int, viewers: int, rounds: int) -> dict[str, Any]:
    """Return milliseconds of processor time of a write, least and median of the parts of the run."""
    root = OUT / "state-write"
    shutil.rmtree(root, ignore_errors=True)
    fleet = Fleet(root, bots)
    fleet.write_all()
    wanted = {name for number in range(viewers) for name in topics(bots, number, viewers, "foreign")}
    built = Built(root, wanted | {"totals", "index"})
    built.run(set(), sorted(built.wanted), is_first=True)
    parts: list[float] = []
    used = done = 0.0
    for number in range(rounds):
        numbers = [(number * TOGETHER + each) % bots for each in range(min(TOGETHER, bots))]
        for each in numbers:
            fleet.write(each)
        started = time.thread_time()
        keys = [f"{fleet.kind(each)}/{fleet.name(each)}" for each in numbers]
        names = [name for key in keys for name in (f"row/{key}", f"bot/{key}") if name in wanted]
        names += ["totals"] * (number % TOTALS_EVERY == 0) + ["index"] * (number % INDEX_EVERY == 0)
        built.run({str(fleet.path(each).relative_to(root)) for each in numbers}, names)
        used, done = used + time.thread_time() - started, done + len(numbers)
        if (number + 1) % (rounds // PARTS) == 0:
            parts.append(used / done * 1000)
            used = done = 0.0
    shutil.rmtree(root)
    return {
        "bots": bots, "rows": sum(name.startswith("row/") for name in wanted),
        "cards": sum(name.startswith("bot/") for name in wanted),
        "least_ms": round(min(parts), 3), "median_ms": round(statistics.median(parts), 3),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.write", description=__doc__)
    parser.add_argument("--bots", type=int, default=1_000)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=240)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(measure(options.bots, options.viewers, max(PARTS, options.rounds))) + "\n")


if __name__ == "__main__":
    main()
