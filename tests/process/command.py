"""`aion up` as a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def up(folder: Path, site: str = "", silent_s: int = 30) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    port = free_port()
    command = [sys.executable, "-m", "aion", "up", "--data", str(folder / "data"), "--port", str(port)]
    (folder / "aion.toml").write_text(f"[watch]\nsteady_s = 1\nsilent_s = {silent_s}\n")
    with (folder / "said").open("a+") as said:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": f"{site}:{ROOT}"}, stderr=said, text=True
        )
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            children = psutil.Process(process.pid).children() if process.poll() is None else []
            process.kill()
            process.wait(20)
            psutil.wait_procs(children, 20)


def watched(url: str) -> dict[str, Any]:
    """Return what the page is told of the watchdog; empty while there is no page."""
    with suppress(httpx.HTTPError):
        found = httpx.get(f"{url}/api/bots/page", timeout=20, trust_env=False)
        if found.status_code == 200:
            return dict(found.json().get("watch", {}))
    return {}


def running(url: str, name: str) -> dict[str, Any] | None:
    found = watched(url).get("processes", {}).get(name, {})
    return found if found.get("state") == "running" else None
