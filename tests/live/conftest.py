"""Real servers over real folders, and a client that reads the wire."""

import json
import os
import socket
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.live.nursery import Nursery, Started


@dataclass
class Server:
    """A running application."""

    root: Path
    port: int
    process: Started
    client: httpx.Client
    links: list[socket.socket] = field(default_factory=list)

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        link = socket.socket()
        self.links.append(link)
        if receive_buffer is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        link.settimeout(30)
        link.connect(("127.0.0.1", self.port))
        return link

    def write(self, name: str, value: object, folder: str = "data") -> None:
        target = self.root / folder
        target.mkdir(exist_ok=True)
        temporary = target / f".{name}.tmp"
        temporary.write_text(json.dumps(value))
        os.replace(temporary, target / name)

    def data(self) -> dict[str, object]:
        return self.client.get("/data/").raise_for_status().json()  # type: ignore[no-any-return]

    def stats(self) -> dict[str, int]:
        return self.client.get("/stats").raise_for_status().json()  # type: ignore[no-any-return]

    def stream(
        self, query: str = "topics=data", *, gzip: bool = False, headers: str = "", path: str = "/events/"
    ) -> "Wire":
        accept = "Accept-Encoding: gzip\r\n" if gzip else ""
        link = self.connect()
        link.sendall(f"GET {path}?{query} HTTP/1.1\r\nHost: desk\r\n{accept}{headers}\r\n".encode())
        return Wire(link, gzip)


@dataclass
class Wire:
    """One stream, read chunk by chunk."""

    link: socket.socket
    is_gzip: bool
    buffer: bytes = b""
    text: str = ""
    head: str = ""
    is_ended: bool = False
    events: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unpack = zlib.decompressobj(31) if self.is_gzip else None
        while b"\r\n\r\n" not in self.buffer:
            self._receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.head = head.decode().lower()

    def _receive(self) -> None:
        data = self.link.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        self.buffer += data

    def _chunk(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._receive()
        size, _, rest = self.buffer.partition(b"\r\n")
        length = int(size, 16)
        while len(rest) < length + 2:
            self._receive()
            rest = self.buffer.partition(b"\r\n")[2]
        self.buffer = rest[length + 2 :]
        return rest[:length]

    def next(self, name: str | None = None, timeout: float = 30.0) -> tuple[str, str, dict[str, str]]:
        """Return the next event (of that name) as name, data and its other fields."""
        self.link.settimeout(timeout)
        while True:
            while "\n\n" in self.text:
                block, _, self.text = self.text.partition("\n\n")
                fields = dict(line.split(": ", 1) for line in block.split("\n"))
                event = (fields.pop("event"), fields.pop("data", ""), fields)
                self.events.append(event)
                if name in (None, event[0]):
                    return event
            chunk = self._chunk()
            if not chunk:
                self.is_ended = True
                raise ConnectionError("ended")
            self.text += (self.unpack.decompress(chunk) if self.unpack else chunk).decode()

    def close(self) -> None:
        self.link.close()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """What starts applications at once."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., Server]]:
    """Start an application: `start(kind, events, heartbeat_s)`; all are stopped at the end."""
    running: list[Server] = []

    def begin(
        kind: str = "upgraded",
        events: str = "events",
        heartbeat_s: float = 15.0,
        root: Path | None = None,
        push_hz: float = 10.0,
    ) -> Server:
        root = root or tmp_path / f"root{len(running)}"
        (root / "data").mkdir(parents=True, exist_ok=True)
        port_file = tmp_path / f"port{len(running)}"
        status = tmp_path / f"status{len(running)}"
        process = nursery.start(status, str(root), str(port_file), kind, events, str(heartbeat_s), str(push_hz))
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None and time.monotonic() < until, "the application did not start"
            try:
                port = int(port_file.read_text())
                break
            except (OSError, ValueError):
                time.sleep(0.01)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        server = Server(root, port, process, client)
        running.append(server)
        return server

    yield begin
    for server in running:
        server.client.close()
        for link in server.links:
            link.close()
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(60)
            except subprocess.TimeoutExpired:
                server.process.kill()
                raise
