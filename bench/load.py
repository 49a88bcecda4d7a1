"""Talks to the load generator (`load.c`)."""

import json
import os
import select
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from bench.tool import OUT, compiled


@dataclass
class Round:
    """What one message took: from its publishing to the last byte at the last client."""

    seconds: float
    first_s: float
    median_s: float
    complete: int
    reading: int
    bytes_each: int
    total: int

    @property
    def is_whole(self) -> bool:
        return self.complete == self.reading


class Load:
    """Clients of one server."""

    def __init__(
        self,
        port: int,
        path: str,
        clients: int,
        *,
        headers: tuple[str, ...] = (),
        gzip: bool = False,
        slow: int = 0,
        dead: int = 0,
        address: str = "127.0.0.1",
    ) -> None:
        command = [compiled("load"), "stream", address, str(port), path, str(clients), "8"]
        command += ["-g"] if gzip else []
        command += ["-s", str(slow), "-d", str(dead)]
        for header in headers:
            command += ["-H", header]
        self.clients = clients
        self.popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=OUT, text=True, bufsize=1
        )
        self.pid = self.popen.pid

    def _say(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def _hear(self, seconds: float) -> dict[str, Any]:
        assert self.popen.stdout is not None
        ready, _, _ = select.select([self.popen.stdout], [], [], seconds)
        line = self.popen.stdout.readline() if ready else ""
        if not line:
            raise TimeoutError("the load generator does not answer")
        found: dict[str, Any] = json.loads(line)
        return found

    def open(self, at_once: int = 200, seconds: float = 60) -> dict[str, Any]:
        """Connect all clients; each has a head and a first byte then."""
        self._say(f"open {at_once} {seconds}")
        return self._hear(seconds + 5)

    def begin(self, *, seconds: float = 30, grace: float = 0.15, verify: bool = False) -> None:
        """Begin a round; what is published from now on counts."""
        self._say(f"{'verify' if verify else 'round'} {seconds} {grace}")
        self._hear(10)
        self._seconds = seconds

    def end(self, published_at: float) -> Round:
        """Wait for the end of the round that began."""
        found = self._hear(self._seconds + 5)
        return Round(
            found["last_at"] - published_at,
            found["first_at"] - published_at,
            found["median_at"] - published_at,
            found["complete"],
            found["reading"],
            found["bytes"],
            found["total"],
        )

    def drop(self) -> None:
        """Reset all connections."""
        self._say("drop")
        self._hear(30)

    def stop(self) -> None:
        if self.popen.poll() is None:
            assert self.popen.stdin is not None
            self.popen.stdin.close()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        assert self.popen.stdout is not None
        self.popen.stdout.close()


def get_load(
    port: int,
    path: str,
    connections: int,
    seconds: float,
    rate: float = 0,
    headers: tuple[str, ...] = (),
    *,
    gzip: bool = True,
) -> subprocess.Popen[str]:
    """Begin GETs: `rate` a second whatever the answers (0 for as many as are answered)."""
    command = [compiled("load"), "get", "127.0.0.1", str(port), path, str(connections), str(seconds), str(rate)]
    command += ["-g"] if gzip else []
    for header in headers:
        command += ["-H", header]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def got(process: subprocess.Popen[str], seconds: float = 60) -> dict[str, Any]:
    """Wait for GETs that were begun."""
    out, _ = process.communicate(timeout=seconds)
    found: dict[str, Any] = json.loads(out)
    found["rate"] = found["answers"] / found["s"]
    return found


def monotonic() -> float:
    """Return the clock that the load generator uses, seconds."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def is_root() -> bool:
    return os.geteuid() == 0
