"""Several workers on one socket, and clients of theirs."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]


@contextmanager
def workers(data: Path, count: int, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "aion", "serve", "--workers", str(count), "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        command,
        cwd=data.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        found = re.search(r"Aion desk: (http://127\.0\.0\.1:\d+)/bots", process.stderr.readline())
        assert found
        wait_for(lambda: len(ready_pids(process)) == count)
        yield process, found[1]
    finally:
        for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.wait(60)
        if process.stderr is not None:
            process.stderr.close()


def wait_for(what: Callable[[], Any], seconds: float = 40) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def ready_pids(process: "subprocess.Popen[str]") -> list[int]:
    """Return the workers that listen: their event loop watches the socket."""
    found = []
    for child in psutil.Process(process.pid).children():
        with suppress(psutil.Error, OSError):
            names = [os.readlink(f"/proc/{child.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{child.pid}/fd")]
            if any("inotify" in name for name in names):
                found.append(child.pid)
    return found


def open_stream(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    stream = socket.create_connection((host, int(port)), timeout=60)
    stream.sendall(f"GET /events/bots HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    read_until(stream, b"event: bots")
    return stream


def read_until(stream: socket.socket, mark: bytes) -> bytes:
    seen = b""
    while mark not in seen:
        part = stream.recv(65_536)
        if not part:
            raise ConnectionError("closed")
        seen += part
    return seen
