"""What many bots cost: 10 to 5,000 that write once a second, and viewers of the Bots page.

    python -m bench many
    python -m bench.many [--bots 1000] [--viewers 100] [--seconds 20] [--form foreign|own] [--is-bad]
    python -m bench.many --growth

`--growth` measures 10, 100, 1,000 and 5,000 bots in about three minutes, and writes the table into docs/measured.md
and the plot to docs/images.

Bots and viewers are processes of their own. A viewer has one gzip stream of what a window of 1280 x 720 pixels asks
for, and takes patches of all of it: `totals` and `index`, and 7 rows and 4 cards just after it opened (a third of the
viewers, all at the top of the list), 17 rows and 4 cards at the table, or 8 cards further down (a third each, and
each at a place of its own). From write to event: from the time that a state says it was written at (before it is on
the disk) to its row or card at a viewer.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.fleet import Fleet
from bench.get import CONSTANT, Desk
from bench.load import get_load, got
from bench.plot import growth
from bench.tool import OUT, ROOT, Process, cpu_s, free_port, python, resident_bytes, spread

STEPS = (10, 100, 1_000, 5_000)
VIEWERS = 100
SECONDS = 20.0
SETTLING_S = 4.0
DAYS = 60
ROUNDS = 7
TURN_S = 1.0
CROWD_S = 4.0
PLOT = "bench-many.svg"
BEGIN = "<!-- growth: written by `python -m bench.many --growth` -->"
END = "<!-- growth: end -->"
INDEX, CARD = "/api/bots/index", "/api/bots/card/intraday/synthetic_0000"
ROOM = {"AION_ADDRESS_CONNECTIONS": "2000", "AION_SESSION_STREAMS": "2000", "AION_ADDRESS_ACCEPT_RATE": "10000"}


@dataclass
class Running:
    """A desk over the files of many bots."""

    folder: Path
    fleet: Fleet
    desk: Process

    def stop(self) -> None:
        self.desk.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def begin(bots: int, form: str = "foreign", days: int = 0) -> tuple[Running, float]:
    """Start a desk; return it, and the seconds until it has answered the index."""
    folder = (Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else OUT) / f"aion-bench-many-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    fleet = Fleet(folder, bots, form=form)
    fleet.write_all()
    for number in range(days):
        fleet.write_day(number)
    port = free_port()
    started = time.monotonic()
    command = [python(), "-m", "aion", "serve", "--data", str(folder), "--port", str(port)]
    desk = Process(command, port, "many", cwd=ROOT, env={**os.environ, **ROOM})
    desk.wait_port()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        while (answer := client.get(INDEX)).status_code == 503:  # busy machine: the first build takes too long
            time.sleep(0.2)
        found = answer.raise_for_status().json()
    if len(found["bots"]) != bots:
        raise ValueError(f"the index has {len(found['bots'])} of {bots} bots")
    return Running(folder, fleet, desk), time.monotonic() - started


def load(bots: int, viewers: int, seconds: float, form: str = "foreign", *, is_bad: bool = False) -> dict[str, Any]:
    """Return what the desk, a viewer and an event cost while all bots write once a second."""
    running, start_s = begin(bots, form)
    try:
        span = SETTLING_S + seconds + 2
        writer = subprocess.Popen(
            [python(), "-m", "bench.fleet", str(running.folder), "--bots", str(bots), "--form", form,
             "--seconds", str(span), *(["--is-bad"] if is_bad else [])],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout is not None
        writer.stdout.readline()  # what it says when it begins: thousands of bots take seconds to make up
        seen = None
        if viewers:
            seen = subprocess.Popen(
                [python(), "-m", "bench.viewer", str(running.desk.port), str(bots), str(viewers), form,
                 str(SETTLING_S), str(seconds), *(["bad"] if is_bad else [])],
                cwd=ROOT, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        time.sleep(SETTLING_S)
        before, at = cpu_s(running.desk.pid), time.monotonic()
        time.sleep(seconds)
        used = (cpu_s(running.desk.pid) - before) / (time.monotonic() - at)
        found: dict[str, Any] = {
            "bots": bots, "viewers": viewers, "form": form, "core": used, "start_s": start_s,
            "resident": resident_bytes(running.desk.pid), "load": os.getloadavg()[0],
        }  # fmt: skip
        if seen is not None:
            found |= json.loads(seen.communicate(timeout=60)[0])
        writes = int(writer.communicate(timeout=60)[0])
        found["writes_s"] = writes / span
        return found
    finally:
        running.stop()


def gets(bots: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """GETs of the index and of one card in turn with a constant answer of the same bytes, and 200 at a time."""
    found: dict[str, Any] = {"bots": bots}
    for name, path, topic in (("index", INDEX, "index"), ("card", CARD, "bot/intraday/synthetic_0000")):
        folder = OUT / "state-many-get"
        shutil.rmtree(folder, ignore_errors=True)
        Fleet(folder, bots).write_all()
        desk = Desk(folder, f"topic={topic}")
        try:
            time.sleep(2)
            rates: dict[str, list[float]] = {path: [], CONSTANT: []}
            crowd: dict[str, list[float]] = {path: [], CONSTANT: []}
            for each in (path, CONSTANT):
                got(get_load(desk.port, each, 4, 0.5, 0, desk.headers))
            for number in range(rounds):
                for each in (path, CONSTANT) if number % 2 else (CONSTANT, path):
                    rates[each].append(got(get_load(desk.port, each, 16, TURN_S, 0, desk.headers))["rate"])
                    crowd[each].append(got(get_load(desk.port, each, 200, CROWD_S, 0, desk.headers))["p99_ms"])
            found[name] = {
                "rate": spread(rates[path]), "constant_rate": spread(rates[CONSTANT]),
                "p99_ms": spread(crowd[path]), "constant_p99_ms": spread(crowd[CONSTANT]),
            }  # fmt: skip
        finally:
            desk.stop()
            shutil.rmtree(folder)
    return found


def start(bots: int = 1_000, days: int = DAYS) -> dict[str, Any]:
    """Return how long a desk takes from its start to the answered index, with months of day files on the disk."""
    running, start_s = begin(bots, days=days)
    try:
        files = sum(1 for each in running.folder.rglob("*.json*"))
        return {"bots": bots, "days": days, "files": files, "start_s": start_s,
                "resident": resident_bytes(running.desk.pid)}  # fmt: skip
    finally:
        running.stop()


def measure(steps: tuple[int, ...] = STEPS, seconds: float = SECONDS) -> dict[str, Any]:
    """Return all of it."""
    return {
        "growth": [load(bots, VIEWERS, seconds) for bots in steps],
        "own": load(1_000, VIEWERS, seconds, "own"),
        "alone": load(1_000, 0, seconds),
        "bad": load(1_000, VIEWERS, seconds, is_bad=True),
        "start": start(),
        "gets": gets(1_000),
    }


def grow(seconds: float) -> str:
    """Measure all steps, write table and plot into the docs, and return the table."""
    rows = [load(bots, VIEWERS, seconds) for bots in STEPS]
    lines = ["| bots | processor, cores | a viewer, KB/s | write to event, p50, ms | p99, ms | memory, MB | start, s "
             "| writes a second | load average |", "|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    lines += [
        f"| {each['bots']:,} | {each['core']:.2f} | {each['bytes_s'] / 1e3:.1f} | {each['p50_ms']:,.0f} "
        f"| {each['p99_ms']:,.0f} | {each['resident'] / 1e6:.0f} | {each['start_s']:.1f} | {each['writes_s']:,.0f} "
        f"| {each['load']:.1f} |"
        for each in rows
    ]
    table = "\n".join(lines)
    (ROOT / "docs" / "images" / PLOT).write_text(growth(rows))
    page = ROOT / "docs" / "measured.md"
    before, begin_mark, rest = page.read_text().partition(BEGIN)
    _, end_mark, after = rest.partition(END)
    if not (begin_mark and end_mark):
        raise ValueError(f"{page} lacks the lines {BEGIN} and {END}: the table has no place")
    picture = f"![Processor, traffic, delay and memory by the number of bots](images/{PLOT})"
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{picture}\n\n{END}{after}")
    return table


def main() -> None:
    """Measure one load, or all, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("--bots", type=int, default=1_000)
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--form", choices=("foreign", "own"), default="foreign")
    parser.add_argument("--is-bad", action="store_true", help="many of the bots are broken, flap or write too much")
    parser.add_argument("--growth", action="store_true", help="measure 10 to 5,000 bots and write the docs")
    options = parser.parse_args()
    if options.growth:
        sys.stdout.write(grow(options.seconds) + "\n")
        return
    found = load(options.bots, options.viewers, options.seconds, options.form, is_bad=options.is_bad)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
