"""Real servers, publishers and nodes on one machine, each a process that can be killed, stopped and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.conftest import free_port

ROOT = Path(__file__).parents[2]


def until(what: Callable[[], Any], seconds: float = 30, pause_s: float = 0.01) -> Any:
    """Return the first true value of `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = what()
        except (OSError, ValueError, KeyError):
            found = None
        if found:
            return found
        time.sleep(pause_s)
    raise AssertionError(f"not within {seconds} s")


@dataclass
class Part:
    """A process of a cluster."""

    command: list[str]
    log: Path
    folder: Path | None = None
    """In which it runs; None for that of its log."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as console:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder or self.log.parent, stdout=console, stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def server_program() -> str:
    """The path of nats-server."""
    found = shutil.which("nats-server", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert found is not None, "nats-server is in the group dev: make build"
    return found


@dataclass
class Cluster:
    """One server, and what is started beside it; all ends with the context."""

    root: Path
    port: int = 0
    parts: list[Part] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def server(self, *flags: str) -> Part:
        """Start the server, and wait until it listens."""
        self.port = self.port or free_port()
        store = self.root / "store"
        command = [server_program(), "-js", "-sd", str(store), "-a", "127.0.0.1", "-p", str(self.port), *flags]
        part = self.part("server", command)
        until(lambda: "Server is ready" in part.said())
        return part

    def part(self, name: str, command: list[str]) -> Part:
        part = Part(command, self.root / f"{name}.console")
        self.parts.append(part)
        part.start()
        return part

    def relay(self, end: str, data: Path, machine: str = "m1") -> Part:
        """Start one end of a relay of a data folder."""
        command = [sys.executable, "-m", "aion", "relay", end, "--server", self.url, "--machine", machine]
        return self.part(f"{end}-{data.name}", [*command, "--data", str(data)])

    def end(self) -> None:
        """End all of its processes."""
        for part in self.parts:
            part.kill()


@contextmanager
def cluster(root: Path) -> Iterator[Cluster]:
    made = Cluster(root)
    try:
        yield made
    finally:
        made.end()


def counted(data: Path, n: int, bot: str = "orb_ny", padding: int = 0) -> None:
    """Write a state file that holds a counter, as bots do."""
    target = data / "swing" / f"rolling_{bot}.json.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp-1")
    temporary.write_bytes(json.dumps({"n": n, "padding": "x" * padding}).encode())
    os.replace(temporary, target)


def counter(data: Path, bot: str = "orb_ny") -> int:
    """What a copy of that file says; -1 where there is none."""
    try:
        return int(json.loads((data / "swing" / f"rolling_{bot}.json.gz").read_bytes())["n"])
    except FileNotFoundError:
        return -1


def proof(data: Path) -> tuple[str, int]:
    """Epoch and number of the newest proof of a folder."""
    found = json.loads((data / "watch" / "proof.json").read_bytes())
    return found["epoch"], found["n"]


def files(data: Path) -> dict[str, bytes]:
    """All state files of a folder but the proof."""
    paths = [path for folder in ("intraday", "swing", "watch") for path in (data / folder).rglob("*")]
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and path.name != "proof.json" and not path.name.startswith(".")
    }
