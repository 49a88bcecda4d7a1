"""A bots' machine with a log, and a desk elsewhere that shows it: real processes, a real server between them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.cluster.machine import Cluster, Part, cluster, counted, until
from tests.e2e.conftest import free_port

LINES = 4000


@dataclass
class Far:
    """A desk that shows machine m1, and what runs it."""

    cluster: Cluster
    bots: Path
    copy: Path
    push: Part
    client: httpx.Client

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.client.get(f"/api/logs{path}", params={"machine": "m1", **query})

    def write(self, text: str, process: str = "bots") -> None:
        with (self.bots / "logs" / f"{process}.jsonl").open("a") as log:
            log.write(line(text))


def line(event: str, **more: object) -> str:
    return json.dumps({"ts": "2026-01-02T03:04:05Z", "level": "info", "event": event, "bot": "orb_ny", **more}) + "\n"


@contextmanager
def far_desk(root: Path) -> Iterator[Far]:
    """Start all of it, with a log of `LINES` lines on the machine, and wait until that can be read on the desk."""
    with cluster(root) as made:
        bots, copy = root / "bots", root / "copy"
        (bots / "logs").mkdir(parents=True)
        copy.mkdir()
        counted(bots, 1)
        log = bots / "logs" / "bots.jsonl"
        log.write_text("".join(line(f"step {n}", padding="x" * 300) for n in range(LINES)))
        made.server()
        push = made.relay("push", bots)
        made.relay("pull", copy)
        port = free_port()
        made.part("desk", [sys.executable, "-m", "aion", "serve", "--data", str(copy), "--port", str(port)])
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20)

        def answers() -> bool:
            try:
                return client.get("/api/logs", params={"machine": "m1"}).status_code == 200
            except httpx.HTTPError:
                return False

        until(answers)
        yield Far(made, bots, copy, push, client)
        client.close()
