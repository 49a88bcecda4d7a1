"""A replay at the highest speed while hundreds of clients come and go: memory, open files and latency must stay flat.

    python -m tests.fault.soak --minutes 30 --clients 500

All on this machine, bounded in number and time. Clients stream (most of them packed), poll, ask once, or leave in the
middle, and are replaced at once. Prints what was held in each quarter of the run, with the slope over its last three
quarters and a verdict; exits with 1 when something grows, gets slow or goes wrong.
"""

import argparse
import asyncio
import contextlib
import os
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from .desk import PAGE, Aion, Broken, Watchers, running, temporaries, until

PROBE_S = 0.05
GROWTH_MEMORY = 16 << 20
"""Bytes by which the fitted line may rise over its span: noise of the allocator, not a leak."""
GROWTH_FILES = 8
SLOWER = 2.0
"""Times the p99 of the second quarter that the last one may be, and 25 ms more."""
HEAD = "Host: 127.0.0.1\r\n"


@dataclass
class Sample:
    """What was held at one moment."""

    at_s: float
    values: dict[str, float]


@dataclass
class Run:
    """What a soak saw."""

    samples: list[Sample] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, milliseconds of one GET."""
    ended: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def quarter(self, name: str, number: int, seconds: float) -> float:
        found = [each.values[name] for each in self.samples if int(4 * each.at_s / seconds) == number]
        return statistics.median(found) if found else float("nan")

    def latency(self, fraction: float, number: int, seconds: float) -> float:
        found = sorted(ms for at_s, ms in self.latencies if int(4 * at_s / seconds) == number)
        return found[min(len(found) - 1, int(fraction * len(found)))] if found else float("nan")

    def slope(self, name: str, seconds: float) -> float:
        """Return the slope of a line through the samples after the first quarter, a second."""
        found = [(each.at_s, each.values[name]) for each in self.samples if each.at_s > seconds / 4]
        if len(found) < 3:
            return 0.0
        return statistics.linear_regression(*zip(*found, strict=True)).slope


async def client(port: int, chance: random.Random, end: float, run: Run) -> None:
    """Be one client after the other until `end`."""
    while time.monotonic() < end:
        kind = chance.choices(("stream", "packed", "poll", "once", "rude"), (1, 6, 2, 2, 1))[0]
        stays = min(chance.uniform(0.5, 20), max(0.1, end - time.monotonic()))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            run.wrong[f"connect: {type(error).__name__}"] += 1
            await asyncio.sleep(0.5)
            continue
        try:
            await asyncio.wait_for(_be(kind, reader, writer, stays, run), stays + 60)
            run.ended[kind] += 1
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            run.wrong[f"{kind}: {type(error).__name__}"] += 1
        finally:
            if kind == "rude":
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _be(kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stays: float, run: Run) -> None:
    end = time.monotonic() + stays
    if kind in ("stream", "packed"):
        packed = "Accept-Encoding: gzip\r\n" if kind == "packed" else ""
        writer.write(f"GET /events/bots HTTP/1.1\r\n{HEAD}{packed}\r\n".encode())
        await _status(reader, kind, run)
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(1 << 16), left):
                    raise asyncio.IncompleteReadError(b"", None)
    elif kind == "rude":
        writer.write(f"GET {PAGE} HTTP/1.1\r\n{HEAD}"[: int(stays * 3)].encode())
        await writer.drain()
    else:
        etag = ""
        while True:
            held = f"If-None-Match: {etag}\r\n" if etag else ""
            writer.write(f"GET {PAGE} HTTP/1.1\r\n{HEAD}Accept-Encoding: gzip\r\n{held}\r\n".encode())
            head = await _status(reader, kind, run)
            if b"content-length: " in head:
                await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
            etag = head.partition(b"etag: ")[2].split(b"\r\n")[0].decode()
            if kind == "once" or time.monotonic() > end:
                return
            await asyncio.sleep(1)


async def _status(reader: asyncio.StreamReader, kind: str, run: Run) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if head[9:12] not in (b"200", b"304"):
        run.wrong[f"{kind}: {head[9:12].decode()}"] += 1
    return head


def crowd(port: int, clients: int, seconds: float, seed: int, run: Run) -> None:
    """Let `clients` clients come and go for `seconds`."""

    async def all_of_them() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(client(port, random.Random(seed + number), end, run) for number in range(clients)))

    asyncio.run(all_of_them())


def probe(port: int, began: float, done: threading.Event, run: Run) -> None:
    """Time a GET many times a second, on a connection that stays."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as link:
        while not done.wait(PROBE_S):
            started = time.perf_counter()
            try:
                status = link.get(PAGE).status_code
            except httpx.HTTPError as error:
                run.wrong[f"probe: {type(error).__name__}"] += 1
                continue
            if status != 200:
                run.wrong[f"probe: {status}"] += 1
            run.latencies.append((time.monotonic() - began, 1000 * (time.perf_counter() - started)))


def sample(aion: Aion) -> dict[str, float]:
    """Return what the processes hold now."""
    values: dict[str, float] = {}
    for word in ("serve", "run", "up"):
        process: psutil.Process = aion.root if word == "up" else aion.members(word)[0]
        values[f"{word} memory"] = process.memory_info().rss
        values[f"{word} files"] = open_files(process.pid)
        values[f"{word} threads"] = process.num_threads()
    values["viewers"] = aion.get("/api/metrics").json()["live"]["viewers"]
    return values


def open_files(pid: int) -> int:
    """Return the descriptors that are no sockets: those of clients come and go, and are counted when all are gone."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            count += not os.readlink(entry).startswith("socket:")
    return count


def soak(folder: Path, minutes: float, clients: int, seed: int) -> tuple[Run, str]:
    """Run it; return what was seen and what all clients held in the end."""
    seconds = 60 * minutes
    run = Run()
    many = {"AION_ADDRESS_CONNECTIONS": "20000", "AION_MAX_CONNECTIONS": "20000", "AION_SESSION_STREAMS": "20000",
            "AION_ACCEPT_RATE": "20000", "AION_ADDRESS_ACCEPT_RATE": "20000", "AION_RUN_PAUSE_S": "1"}  # fmt: skip
    with running("up", folder / "data", "--speed", "36000", environment=many) as aion:
        until("the bots write nothing", lambda: aion.get().json()["intraday"]["bots"])
        idle = aion.members("serve")[0].num_fds()
        done, began = threading.Event(), time.monotonic()
        threads = [threading.Thread(target=crowd, args=(aion.port, clients, seconds, seed, run)),
                   threading.Thread(target=probe, args=(aion.port, began, done, run))]  # fmt: skip
        for thread in threads:
            thread.start()
        try:
            while threads[0].is_alive():
                run.samples.append(Sample(time.monotonic() - began, sample(aion)))
                threads[0].join(max(1.0, seconds / 120))
        finally:
            done.set()
            for thread in threads:
                thread.join()
        until("connections of the crowd stay open", lambda: aion.members("serve")[0].num_fds() <= idle + GROWTH_FILES)
        for bots in aion.members("run"):
            bots.suspend()  # so that the disk stands still
        with Watchers(aion) as watchers:
            etag = watchers.agree()
        for bots in aion.members("run"):
            bots.resume()
    if left := temporaries(folder / "data"):
        raise Broken(f"temporary files are left: {left[:3]}")
    return run, etag


def table(run: Run, seconds: float) -> tuple[list[str], list[str]]:
    """Return the lines of a table of what was held, and what is wrong with it."""
    span = 0.75 * seconds
    lines, wrong = ["| held | quarter 1 | 2 | 3 | 4 | slope an hour | |", "|---|---|---|---|---|---|---|"], []
    for name in run.samples[0].values:
        is_memory = name.endswith("memory")
        unit = 2**20 if is_memory else 1
        slope = run.slope(name, seconds)
        verdict = ""
        if name != "viewers":
            is_flat = slope * span < (GROWTH_MEMORY if is_memory else GROWTH_FILES)
            verdict = "flat" if is_flat else "**grows**"
            wrong += [] if is_flat else [f"{name} grows"]
        cells = [f"{run.quarter(name, number, seconds) / unit:.{int(is_memory)}f}" for number in range(4)]
        shown = f"{name}, MB" if is_memory else name
        lines.append(f"| {shown} | {' | '.join(cells)} | {slope * 3600 / unit:+.1f} | {verdict} |")
    for fraction in (0.5, 0.99):
        found = [run.latency(fraction, number, seconds) for number in range(4)]
        is_flat = found[3] <= SLOWER * found[1] + 25
        wrong += [] if is_flat else [f"GET p{fraction * 100:.0f} gets slower"]
        cells = [f"{each:.1f}" for each in found]
        verdict = "flat" if is_flat else "**slower**"
        lines.append(f"| GET p{fraction * 100:.0f}, ms | {' | '.join(cells)} | | {verdict} |")
    return lines, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not 0 < options.minutes <= 240 or not 0 < options.clients <= 2_000:
        parser.error("--minutes is up to 240, --clients up to 2000")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(prefix="aion-soak-") as folder:
        try:
            run, etag = soak(Path(folder), options.minutes, options.clients, options.seed)
        except Broken as error:
            print(f"broken: {error}")
            return 1
    lines, wrong = table(run, 60 * options.minutes)
    print("\n".join(lines))
    came = sum(run.ended.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(run.ended.items()))
    print(
        f"\n{options.minutes:g} minutes, {options.clients} clients at a time, {came:,} in all ({kinds}); "
        f"{len(run.latencies):,} GETs timed; all at {etag} in the end; load {os.getloadavg()[0]:.1f}."
    )
    wrong += [f"{count} x {what}" for what, count in run.wrong.items()]
    print(f"Verdict: {'; '.join(wrong) if wrong else 'passed'}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
