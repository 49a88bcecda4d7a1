"""GETs of the Bots page beside a log of 1 GB and a state file of 200 MB that nobody can read.

    python -m bench.strain [--seconds N]

The log is written out whole (not sparse), grows by a few hundred lines a second, is followed by a stream and fetched
by a page. The bad file comes in each way that a reader could trip over: 200 MB of rubbish, a gzip file that inflates
to 200 MB, the same torn, and JSON just under the cap that breaks at its end; it changes twice a second.
Prints a line a state of the disk; exits with 1 when a p99 is 100 ms or more.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from aion.store.file import MAX_FILE_BYTES
from bench import data
from bench.load import get_load, got
from bench.tool import ROOT, Process, free_port, python

PATH = "/api/bots/page"
TARGET_MS = 100.0
LOG_BYTES = 1 << 30
BAD_BYTES = 200_000_000
AGAIN_S = 0.5
"""Seconds after which the bad file changes, so that it is read and refused anew."""
LINES_S = 300


@dataclass(frozen=True)
class Bad:
    """One way in which a state file cannot be read."""

    name: str
    file: str
    """Below the data folder."""
    make: Callable[[], bytes]
    size: int = 0
    """Bytes to which the file is stretched."""


def _packed(length: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b'{"schema": "aion/swing_rolling/1", "equity": 1, "why": "' + b"x" * (1 << 20)
    parts = [packer.compress(block) for _ in range(length // len(block))]
    return b"".join((*parts, packer.flush()))


def _json_broken_at_its_end() -> bytes:
    day = {f"f{number}": {"price": number / 7, "symbol": "MSFT", "reason": "x" * 60} for number in range(150_000)}
    head = {"schema": "aion/sim_log/1", "bot": "bad", "day": "2022-05-19", "currency": "USD", "fills": day}
    return orjson.dumps(head)[: MAX_FILE_BYTES - 10] + b"}"


BAD = (
    Bad("200 MB of rubbish", "swing/rolling_bad.json.gz", lambda: b"\x1f\x8b\x08\x00 of no use", BAD_BYTES),
    Bad("gzip that inflates to 200 MB", "swing/rolling_bad.json.gz", lambda: _packed(BAD_BYTES)),
    Bad("the same, torn", "swing/rolling_bad.json.gz", lambda: _packed(BAD_BYTES)[:-400_000]),
    Bad("JSON of 16 MB, broken at its end", "intraday/sim_logs/2022-05-19_bad.json", _json_broken_at_its_end),
)


class Grower:
    """Appends to a log, and changes a bad file again and again, until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self.bad: Path | None = None
        """The file that is told to have changed, again and again."""
        self._threads = [threading.Thread(target=each) for each in (self._grow, self._spoil)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _grow(self) -> None:
        number = 0
        with (self._folder / "logs" / "bots.jsonl").open("ab", buffering=0) as file:
            while not self._stop.wait(0.1):
                lines = b"".join(log_line(number + each) for each in range(LINES_S // 10))
                file.write(lines)
                number += LINES_S // 10

    def _spoil(self) -> None:
        while not self._stop.wait(AGAIN_S):
            if (path := self.bad) is not None:
                os.utime(path)  # a new time makes it a new version, which is read anew


def log_line(number: int) -> bytes:
    """Return one line as the bots write it."""
    line = {"ts": f"2026-11-25T00:{number // 60 % 60:02}:{number % 60:02}Z", "level": "info", "process": "bots",
            "event": f"cycle {number}: entered nothing, the range is not broken", "bot": "orb_ny"}  # fmt: skip
    return orjson.dumps(line) + b"\n"


def write_log(path: Path, size: int) -> None:
    """Write a log of about `size` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    block = b"".join(log_line(number) for number in range(8_000))
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)


class Reader:
    """Streams the log and fetches its tail, as an open log page does."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._stop = threading.Event()
        self.events = 0
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._follow, self._fetch)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _follow(self) -> None:
        with (
            httpx.Client(base_url=self._base, timeout=30, trust_env=False) as client,
            client.stream("GET", "/events/admin/logs") as stream,
        ):
            for line in stream.iter_lines():
                self.events += line.startswith("event: logs")
                if self._stop.is_set():
                    return

    def _fetch(self) -> None:
        with httpx.Client(base_url=self._base, timeout=30, trust_env=False) as client:
            while not self._stop.wait(0.5):
                client.get("/api/logs?limit=200").raise_for_status()


def measure(seconds: float, log_bytes: int = LOG_BYTES) -> list[dict[str, Any]]:
    """Return p50 and p99 of 100 GETs a second by state of the disk."""
    scratch = Path(tempfile.mkdtemp(prefix="aion-strain-"))
    folder = data.copy_real(scratch / "data")
    port = free_port()
    desk = None
    try:
        desk = Process(
            [python(), "-m", "aion", "serve", "--data", str(folder), "--port", str(port)], port, "strain", cwd=ROOT
        )
        desk.wait_port()
        found = [_row("nothing else", port, seconds)]
        write_log(folder / "logs" / "bots.jsonl", log_bytes)
        grower, reader = Grower(folder), Reader(port)
        try:
            found.append(_row("a 1 GB log is followed", port, seconds))
            for number, bad in enumerate(BAD):
                source = scratch / f"bad{number}"
                source.write_bytes(bad.make())
                if bad.size:
                    with source.open("r+b") as file:
                        file.truncate(bad.size)
                path = folder / bad.file
                source.replace(path)
                grower.bad = path
                _wait_refused(port)
                found.append(_row(f"the log, and {bad.name}", port, seconds))
                grower.bad = None
                time.sleep(2 * AGAIN_S)
                path.unlink()
            assert reader.events > 1, "nobody followed the log"
        finally:
            grower.stop()
            reader.stop()
        return found
    finally:
        if desk is not None:
            desk.stop()
        shutil.rmtree(scratch)


def _wait_refused(port: int) -> None:
    until = time.monotonic() + 30
    while not httpx.get(f"http://127.0.0.1:{port}{PATH}", timeout=30, trust_env=False).json()["errors"]:
        assert time.monotonic() < until, "the bad file is not refused"
        time.sleep(0.1)


def _row(name: str, port: int, seconds: float) -> dict[str, Any]:
    return {"while": name, **got(get_load(port, PATH, 8, seconds, 100), seconds + 60)}


def main() -> int:
    """Measure, print, and tell whether the target is reached."""
    parser = argparse.ArgumentParser(prog="python -m bench.strain", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of each state of the disk")
    options = parser.parse_args()
    rows = measure(options.seconds)
    print("| while | GETs | p50 | p99 | most |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['while']} | {row['answers']:,} | {row['p50_ms']:.1f} ms | {row['p99_ms']:.1f} ms | "
              f"{row['max_ms']:.0f} ms |")  # fmt: skip
    missed = [row["while"] for row in rows if row["p99_ms"] >= TARGET_MS]
    reached = f"missed: {'; '.join(missed)}" if missed else "always"
    print(f"load average {os.getloadavg()[0]:.1f}; p99 < {TARGET_MS:.0f} ms {reached}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
