"""Ten thousand streams over three desks, of which one is killed: when all are back, and whether one steps back.

The clients are processes of their own (`python -m tests.cluster.streams PORTS COUNT SECONDS`). Each stream does what
a page does: it goes to another desk when its own is gone, and shows a version only where that is not older than
what it has. A bot counts up in its equity; what a stream shows must never be less than before.
"""

import asyncio
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from typing import Any

import uvloop

from aion.store.file import write_json
from aion.store.layout import Layout
from tests.cluster.machine import Cluster, until
from tests.web.sample import swing_rolling

DESKS, CLIENTS = 3, 4
TOPIC = "bot/swing/counter"
BEFORE_S, AFTER_S = 8.0, 22.0
"""How long all streams are open before the desk is killed, and how long is waited after it."""
START = 1_000_000
RETRY_S = (0.5, 2.0)
"""Between two attempts of one stream, drawn by lot: as a page's."""
ROOM = {
    "AION_ADDRESS_CONNECTIONS": "20000", "AION_SESSION_STREAMS": "20000", "AION_ADDRESS_ACCEPT_RATE": "100000",
}  # fmt: skip
_EVENT = re.compile(rb"id: (\d+)\n[^\n]*data: [^\n]*?\"equity\":(\d+)|id: (\d+)\ndata: [^\n]*?\"equity\":(\d+)")


def measure(cluster: Cluster, count: int) -> dict[str, float]:
    """Return how many streams came back, after how many seconds the last one, and how many stepped back."""
    raise_limit()
    source = Layout(cluster.root / "source")
    source.root.mkdir()
    written = 0

    def write() -> None:
        nonlocal written
        written += 1
        write_json(source.swing_rolling("counter"), swing_rolling("counter") | {"equity": START + written})

    write()
    cluster.relay("push", source.root, "streams")
    ports, desks = [], []
    for number in range(DESKS):
        copy = Layout(cluster.root / f"desk{number}")
        copy.root.mkdir()
        cluster.relay("pull", copy.root, "streams")
        until(copy.swing_rolling("counter").exists, 60)
        port = free_port()
        command = [sys.executable, "-m", "aion", "serve", "--data", str(copy.root), "--port", str(port)]
        desks.append(subprocess.Popen(command, env={**os.environ, **ROOM}, stdout=subprocess.DEVNULL))
        ports.append(port)
    for port in ports:
        until(partial(answers, port), 60)
    each = [count // CLIENTS + (number < count % CLIENTS) for number in range(CLIENTS)]
    span_s = 20.0 + BEFORE_S + AFTER_S
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.streams", ",".join(map(str, ports)), str(part), str(span_s)],
            stdout=subprocess.PIPE, text=True,
        )
        for part in each
    ]  # fmt: skip
    try:
        began = time.monotonic()
        while time.monotonic() - began < 20.0 + BEFORE_S:
            write()
            time.sleep(0.5)
        desks[0].send_signal(signal.SIGKILL)
        while time.monotonic() - began < span_s:
            write()
            time.sleep(0.5)
        found = [json.loads(each.communicate(timeout=60)[0]) for each in clients]
    finally:
        for process in clients:
            process.kill()
            process.wait()
        for desk in desks:
            desk.kill()
            desk.wait()
    sums = {
        name: sum(each[name] for each in found) for name in ("streams", "open", "lost", "back", "backwards", "held")
    }
    return sums | {
        "back_s": max(each["back_s"] for each in found),
        "opened_s": max(each["opened_s"] for each in found),
    }


class Stream(asyncio.Protocol):
    """One stream, which goes to the next desk when it ends."""

    def __init__(self, at: int, crowd: "Crowd") -> None:
        self._at = at
        self._crowd = crowd
        self._rest = b""
        self._version = self._shown = -1
        self._lost_at: float | None = None
        self.is_open = self.has_been_lost = self.is_back = False

    def port(self) -> int:
        return self._crowd.ports[self._at % len(self._crowd.ports)]

    def connection_made(self, transport: Any) -> None:
        host = f"127.0.0.1:{self.port()}"
        transport.write(f"GET /api/events?topics={TOPIC} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        text = self._rest + data
        for found in _EVENT.finditer(text):
            version, shown = (int(each) for each in found.groups() if each is not None)
            self._take(version, shown)
        self._rest = text[text.rfind(b"\n\n") + 2 :][-8192:] if b"\n\n" in text else text[-8192:]

    def _take(self, version: int, shown: int) -> None:
        now = time.monotonic()
        if not self.is_open:
            self.is_open = True
            if not self.has_been_lost:
                self._crowd.opened_s = max(self._crowd.opened_s, now - self._crowd.began)
        if self._lost_at is not None:
            self._crowd.back_s = max(self._crowd.back_s, now - self._lost_at)
            self._lost_at, self.is_back = None, True
        if version < self._version:
            self._crowd.held += 1  # older than what it has: a page does not show it
            return
        self._crowd.backwards += shown < self._shown
        self._version, self._shown = version, shown

    def connection_lost(self, error: Exception | None) -> None:
        self._rest = b""
        if self._crowd.is_over:
            return
        if self.is_open and self._lost_at is None:
            self._lost_at, self.has_been_lost, self.is_back = time.monotonic(), True, False
            self.is_open = False
        self._at += 1
        self._crowd.retry(self)


class Crowd:
    """The streams of one process."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.began = time.monotonic()
        self.opened_s = self.back_s = 0.0
        self.backwards = self.held = 0
        self.is_over = False
        self._tasks: set[asyncio.Task[None]] = set()

    def retry(self, stream: Stream, after_s: float | None = None) -> None:
        wait_s = random.uniform(*RETRY_S) if after_s is None else after_s
        task = asyncio.get_running_loop().create_task(self._connect(stream, wait_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, stream: Stream, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        if self.is_over:
            return
        try:
            await asyncio.get_running_loop().create_connection(lambda: stream, "127.0.0.1", stream.port())
        except OSError:
            stream.connection_lost(None)


async def crowd(ports: list[int], count: int, seconds: float) -> dict[str, float]:
    """Open `count` streams over 15 seconds; return what was seen of them."""
    made = Crowd(ports)
    streams = [Stream(number, made) for number in range(count)]
    for number, each in enumerate(streams):
        made.retry(each, 15 * number / count)
    await asyncio.sleep(seconds)
    made.is_over = True
    return {
        "streams": count, "open": sum(each.is_open for each in streams),
        "lost": sum(each.has_been_lost for each in streams), "back": sum(each.is_back for each in streams),
        "backwards": made.backwards, "held": made.held, "back_s": made.back_s, "opened_s": made.opened_s,
    }  # fmt: skip


def raise_limit() -> None:
    """Let this process and its children have as many sockets as they may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    raise_limit()
    given, number, span = sys.argv[1:]
    uvloop.install()
    seen = asyncio.run(crowd([int(each) for each in given.split(",")], int(number), float(span)))
    sys.stdout.write(json.dumps(seen) + "\n")
