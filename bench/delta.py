"""What patches save: a replay's bots write, one desk serves them, two gzip streams hear it, one of them with patches.

python -m bench delta

Bytes are those of the body on the wire, chunk by chunk; at the end both streams hold the same. The time that making a
patch takes is measured apart, over the bundles that came.
"""

import contextlib
import json
import shutil
import signal
import socket
import statistics
import time
import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from select import select
from typing import Any

import orjson

from aion.live.delta import DeltaMaker
from aion.live.snapshot import content_tag, make_snapshot
from bench.peer import Aion
from bench.tool import OUT, ROOT, Process, python
from tests.live.patching import merge

SECONDS = 60.0
SPEED = 60
TOPICS = ("bots", "intraday")


@dataclass
class Stream:
    """One open stream: what came, and what it holds of each topic."""

    link: socket.socket
    raw: bytes = b""
    sizes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Wire bytes of the events after the first, by topic and by `whole` or `patch`."""
    held: dict[str, Any] = field(default_factory=dict)
    bodies: dict[str, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.unpack = zlib.decompressobj(31)
        while b"\r\n\r\n" not in self.raw:
            self.raw += self.link.recv(65_536)
        self.raw = self.raw.partition(b"\r\n\r\n")[2]

    def read(self) -> None:
        """Take in what has come."""
        got = self.link.recv(1 << 18)
        if not got:
            raise ConnectionError("the desk closed the stream")
        self.raw += got
        while True:
            size, line_end, more = self.raw.partition(b"\r\n")
            if not line_end or len(more) < int(size, 16) + 2:
                return
            part, self.raw = more[: int(size, 16)], more[int(size, 16) + 2 :]
            self._take(self.unpack.decompress(part), len(part))

    def _take(self, event: bytes, size: int) -> None:
        name, _, rest = event.partition(b"\n")
        data = rest.partition(b"data: ")[2].rstrip(b"\n")
        topic = name.removeprefix(b"event: ").decode()
        if topic in TOPICS:
            is_first = topic not in self.held
            self.held[topic] = orjson.loads(data)
            self.bodies.setdefault(topic, []).append(data)
            if not is_first:
                self.sizes.setdefault((topic, "whole"), []).append(size)
        elif topic == "patch":
            delta = orjson.loads(data)
            topic = delta["topic"]
            for patch in delta["patches"]:
                self.held[topic] = merge(self.held[topic], patch)
            self.sizes.setdefault((topic, "patch"), []).append(size)


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """Return wire bytes by topic with and without patches, and how long making one takes."""
    folder = OUT / "state-delta"
    shutil.rmtree(folder, ignore_errors=True)
    aion = Aion(folder)
    bots = Process(
        [python(), "-m", "aion", "run", "--data", str(folder), "--speed", str(SPEED), "--fresh"],
        log="delta-bots", cwd=ROOT,
    )  # fmt: skip
    try:
        _wait_for(folder / "intraday" / "sim_summary.json")
        with contextlib.ExitStack() as stack:
            whole, some = (
                stack.enter_context(contextlib.closing(_open(aion, each))) for each in ("", "&patches=bots,intraday")
            )
            streams = {whole: Stream(whole), some: Stream(some)}
            _read_for(streams, seconds)
            bots.popen.send_signal(signal.SIGINT)
            bots.popen.wait(30)
            _read_for(streams, 3.0)
        plain, patched = streams[whole], streams[some]
    finally:
        bots.stop()
        aion.stop()
    return {"seconds": seconds, "speed": SPEED, "topics": {name: _compare(name, plain, patched) for name in TOPICS}}


def _open(aion: Aion, more: str) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", aion.port), 20)
    head = "\r\n".join(("Host: 127.0.0.1", "Accept-Encoding: gzip", *aion.headers))
    link.sendall(f"GET /api/events?topics={','.join(TOPICS)}{more} HTTP/1.1\r\n{head}\r\n\r\n".encode())
    return link


def _wait_for(path: Any) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"the bots have written no {path.name}")
        time.sleep(0.1)


def _read_for(streams: dict[socket.socket, Stream], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for link in select(list(streams), [], [], 0.2)[0]:
            streams[link].read()


def _compare(name: str, plain: Stream, patched: Stream) -> dict[str, Any]:
    wholes = plain.sizes.get((name, "whole"), [])
    patches = patched.sizes.get((name, "patch"), [])
    others = patched.sizes.get((name, "whole"), [])
    if json.dumps(plain.held.get(name)) != json.dumps(patched.held.get(name)):
        raise ValueError(f"the streams differ in {name}: a patch went wrong")
    bodies = plain.bodies[name]
    return {
        "body_bytes": statistics.median(map(len, bodies)), "changes": len(wholes), "patches": len(patches),
        "wholes": len(others), "whole_bytes": statistics.median(wholes or [0]),
        "patch_bytes": statistics.median(patches or [0]), "sent_whole": sum(wholes),
        "sent_patched": sum(patches) + sum(others), "make_ms": _make_ms(name, bodies),
    }  # fmt: skip


def _make_ms(name: str, bodies: list[bytes]) -> float:
    """Return the median milliseconds of processor time in which a patch is made of one body and the next."""
    snapshots = [make_snapshot(name, body, content_tag(body), 1) for body in bodies[:200]]
    maker, took = DeltaMaker(), [0.0]
    for before, after in pairwise(snapshots):
        started = time.thread_time()
        maker.make(before, after)
        took.append((time.thread_time() - started) * 1000)
    return statistics.median(took[1:] or took)
