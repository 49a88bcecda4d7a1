"""A desk over a folder that a test writes by hand: `aion serve`, as it stands beside bots of somebody else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .ask import CLIENT
from .conftest import ROOT, free_port

READY_S = 60.0


@contextmanager
def serving(data: Path, port: int = 0, **settings: str) -> Iterator[str]:
    """Serve the folder `data`, by default on a port that is free; yield the address."""
    data.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    console = data.parent / f"console-{port}"
    with console.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "aion", "serve", "--data", str(data), "--port", str(port)],
            cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + READY_S
        while True:
            try:
                if CLIENT.get(f"{url}/healthz", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            assert process.poll() is None and time.monotonic() < until, console.read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)
