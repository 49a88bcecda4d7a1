"""Write a file from another process and GET at once, many thousand times: no answer may be older than the write.

    python -m tests.live.soak --writes 10000

runs four ways, each with other clients that GET all the time, so that many requests arrive during builds:

    desk        `aion serve` and its Bots page, changes told by the kernel
    events      the live library alone, changes told by the kernel
    signatures  the live library alone, file times taken at every look
    tick        the same with `stat` faked to a clock that ticks every 4 ms, and all sizes and inodes equal

Prints a line each; exits with 1 when any answer was stale.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
WAYS = ("desk", "events", "signatures", "tick")
OTHER_CLIENTS = 2

WRITER = """
import http.client, json, os, sys
path, template, port, route, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
folder, name = os.path.split(path)
partial = os.path.join(folder, '.' + name + '.partial')
link = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
stale = 0
for number in range(1, count + 1):
    with open(partial, 'w') as file:
        file.write(template.replace('"NUMBER"', str(number)))
    os.rename(partial, path)
    link.request('GET', route)
    found = json.loads(link.getresponse().read())
    for key in sys.argv[6].split('/'):
        found = found[key]
    if found != number:
        stale += 1
print(stale)
"""


@dataclass(frozen=True)
class Target:
    """What is written and where it must show."""

    port: int
    file: Path
    template: str
    """JSON with "NUMBER" in place of the number of the write."""
    route: str
    keys: str
    """Where the number stands in the answer, keys joined by a slash."""


@dataclass(frozen=True)
class Outcome:
    """What a series of writes led to."""

    writes: int
    stale: int
    other_gets: int
    seconds: float


@contextmanager
def process(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server of this repository, and end it."""
    running = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def until(running: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + 30
    while True:
        assert running.poll() is None and time.monotonic() < end, "the server did not start"
        try:
            if ready():
                return
        except (OSError, ValueError, httpx.HTTPError):
            pass
        time.sleep(0.02)


@contextmanager
def target(way: str, folder: Path) -> Iterator[Target]:
    """Start what is asked, one of `WAYS`, over an empty folder."""
    port_file = folder / "port"
    if way == "desk":
        data = folder / "data"
        with process("aion", "serve", "--data", str(data), "--port", "0") as running:
            log = data / "logs" / "web.jsonl"

            def read_port() -> bool:
                lines = [json.loads(line) for line in log.read_text().splitlines()]
                ports = [line["port"] for line in lines if "port" in line]
                port_file.write_text(str(ports[0] if ports else ""))
                return bool(ports) and httpx.get(f"http://127.0.0.1:{ports[0]}/readyz", trust_env=False).is_success

            until(running, read_port)
            file = data / "intraday" / "sim_logs" / "2022-05-19_soak.json"
            file.parent.mkdir(parents=True)
            state = {"schema": "aion/sim_log/1", "bot": "soak", "currency": "USD", "day": "2022-05-19",
                     "as_of": "2022-05-19T13:31:00Z", "equity": "NUMBER"}  # fmt: skip
            yield Target(
                int(port_file.read_text()), file, json.dumps(state), "/api/bots/page", "intraday/bots/soak/equity"
            )
        return
    root = folder / "root"
    (root / "data").mkdir(parents=True)
    kind = "events" if way == "events" else way
    with process("tests.live.app", str(root), str(port_file), "upgraded", kind, "15") as running:
        until(running, lambda: httpx.get(f"http://127.0.0.1:{int(port_file.read_text())}/stats").is_success)
        port = int(port_file.read_text())
        yield Target(port, root / "data" / "a.json", '{"n": "NUMBER"}', "/data/", "a.json/n")


def soak(found: Target, writes: int) -> Outcome:
    """Write and ask `writes` times from another process, while other clients ask as well."""
    stop = threading.Event()
    counts = [0] * OTHER_CLIENTS

    def ask(number: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{found.port}", timeout=30, trust_env=False) as client:
            while not stop.is_set():
                client.get(found.route)
                counts[number] += 1

    others = [threading.Thread(target=ask, args=(number,)) for number in range(OTHER_CLIENTS)]
    for each in others:
        each.start()
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(found.file), found.template, str(found.port), found.route, str(writes),
             found.keys],
            stdout=subprocess.PIPE, text=True, timeout=60 + writes, check=True,
        )  # fmt: skip
    finally:
        stop.set()
        for each in others:
            each.join()
    return Outcome(writes, int(done.stdout), sum(counts), time.monotonic() - began)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--way", choices=WAYS, action="append", help="only this one; may be given again")
    options = parser.parse_args()
    stale = 0
    for way in options.way or WAYS:
        with tempfile.TemporaryDirectory(prefix="aion-soak-") as folder, target(way, Path(folder)) as found:
            outcome = soak(found, options.writes)
        stale += outcome.stale
        print(
            f"{way:<10} {outcome.writes} writes, each followed by a GET: {outcome.stale} stale; "
            f"{outcome.other_gets} GETs of others meanwhile; {outcome.seconds:.0f} s",
            flush=True,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
