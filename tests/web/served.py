"""A server in this process."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def start(data: Path, **environment: str) -> "subprocess.Popen[str]":
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "AION_DATA": str(data), "AION_PORT": "0", **environment}
    command = [sys.executable, "-W", "error", "-m", "aion.web.server"]
    return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, cwd=data.parent)


@contextmanager
def started(data: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    process = start(data)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"Aion desk: (http://127\.0\.0\.1:\d+)/bots", line)
        assert found, line
        until = time.monotonic() + 60
        with httpx.Client(base_url=found[1], trust_env=False) as client:
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < until
        yield process, found[1]
    finally:
        process.kill()
        process.wait(60)
        if process.stderr is not None:
            process.stderr.close()
