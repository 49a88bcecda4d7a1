"""Three real servers with the configuration that `aion cluster` writes, and members with keys of their own."""

import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from aion.cluster.relay import Engine
from aion.cluster.rights import registry
from aion.cluster.rights.accounts import MONITOR, ROUTES, Server
from aion.cluster.rights.member import read_member
from tests.cluster.machine import Cluster, Part, server_program, until


def ports(count: int) -> list[int]:
    """Ports for the clients of so many servers, with those beside them free too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1] % 20_000 + 10_000
        if port not in found and all(is_free(port + more) for more in (0, ROUTES, MONITOR)):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


class Servers(Cluster):
    """The servers, and what is started beside them."""

    def __init__(self, root: Path, count: int = 3) -> None:
        super().__init__(root)
        self.folder = root / "cluster"
        self.servers = [Server("127.0.0.1", port) for port in ports(count)]
        registry.init(self.folder, self.servers, datetime.now(UTC))
        self.running: dict[str, Part] = {}

    def add(self, name: str, kind: Any) -> Engine:
        return self.engine(registry.add(self.folder, name, kind, datetime.now(UTC)))

    def engine(self, folder: Path) -> Engine:
        return Engine.of(read_member(folder))

    def start(self) -> None:
        """Start all, and wait until they have a leader."""
        for each in self.servers:
            folder = self.folder / "servers" / each.name
            part = Part([server_program(), "-c", "nats.conf"], self.root / f"{each.name}.console", folder=folder)
            self.parts.append(part)
            part.start()
            self.running[each.name] = part
        self.until_ready()

    def until_ready(self) -> None:
        for each in self.servers:
            part, port = self.running[each.name], each.port + MONITOR
            until(lambda part=part, port=port: part.has_ended() or is_healthy(port), 40)  # type: ignore[misc]
            assert not part.has_ended(), part.said()

    def reload(self) -> None:
        """Let all read what was changed."""
        for part in self.running.values():
            part.send(signal.SIGHUP)

    def lose_store(self, name: str) -> None:
        shutil.rmtree(self.folder / "servers" / name / "store")

    def end_of_relay(self, end: str, data: Path, member: str, *more: str) -> Part:
        """Start one end of a relay by a member's folder."""
        command = [sys.executable, "-m", "aion", "relay", end, "--member", str(self.folder / "members" / member)]
        return self.part(f"{end}-{data.name}", [*command, "--data", str(data), *more])


def is_healthy(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=2).status_code == 200
    return False


@contextmanager
def servers(root: Path, count: int = 3) -> Iterator[Servers]:
    made = Servers(root, count)
    try:
        yield made
    finally:
        made.end()
