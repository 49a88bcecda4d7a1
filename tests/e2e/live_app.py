"""A page of a few lines over `aion.live` and the built library: root, folder of the page, port, seconds of heartbeat.

The page keeps what it was given in `window.seen`, newest last, and its link in `window.link`.
"""

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from aion.live import Built, ConnectionProtocol, Family, FamilyApp, Live, SnapshotApp, StreamApp, Topic, Tree

PAGE = """<!doctype html>
<title>live</title>
<p id="n"></p>
<script type="module">
  import * as live from "./live.js";
  const number = ([name, value]) => [name, Number(value)];
  const limits = Object.fromEntries([...new URLSearchParams(location.search)].map(number));
  window.live = live;
  window.seen = [];
  const routes = { data: "/api/data", "row/": "/api/row/" };
  window.link = live.getConnection({ streamUrl: "/api/events", routes, ...limits });
  window.states = [];
  link.watch(() => states.at(-1) === link.status.state || states.push(link.status.state));
  link.subscribe("data", (data) => {
    seen.push(data.n);
    document.getElementById("n").textContent = data.n;
  });
</script>
"""


def build(tree: Tree[object]) -> Built:
    entry = tree.entry("data/n.json")
    return Built({} if entry is None or not isinstance(entry.value, dict) else entry.value)


def build_row(tree: Tree[object], key: str) -> Built | None:
    entry = tree.entry(f"rows/{key}.json")
    return Built(entry.value) if entry is not None and isinstance(entry.value, dict) else None


def make(root: Path, site: Path, heartbeat_s: float) -> FastAPI:
    live: Live[object] = Live(
        root,
        [
            Topic("data", build, ("data",)),
            Topic("more", build, ("data",)),
            Family("row", build_row, ("rows",), lambda path: [path.removeprefix("rows/").removesuffix(".json")]),
        ],
        lambda path, name: json.loads(path.read_bytes()),
        heartbeat_s=heartbeat_s,
        push_hz=1000,  # each write an event of its own
    )

    most = opens = 0

    def opened(_scope: object, _stream: object) -> None:
        nonlocal most, opens
        opens += 1
        most = max(most, len(live.hub))

    @asynccontextmanager
    async def lifespan(app: FastAPI):  # type: ignore[no-untyped-def]
        await live.start()
        yield
        await live.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/clients")
    def clients() -> int:
        return len(live.hub)

    @app.get("/most")
    def most_clients() -> int:
        return most

    @app.get("/opens")
    def opened_streams() -> int:
        return opens

    @app.get("/deliveries")
    def deliveries() -> int:
        return live.hub.deliveries

    @app.post("/forget")
    def forget() -> None:
        """Count the streams anew."""
        nonlocal most
        most = len(live.hub)

    @app.get("/conflations")
    def conflations() -> int:
        return live.hub.conflations

    @app.get("/patches")
    def patches() -> int:
        return live.hub.patches

    app.router.routes += [
        Route("/api/data", SnapshotApp(live, "data")),
        Route("/api/events", StreamApp(live, None, opened)),
    ]
    app.mount("/api/row", FamilyApp(live, "row"))
    app.mount("/", StaticFiles(directory=site, html=True))
    return app


if __name__ == "__main__":
    root, site, port, heartbeat = sys.argv[1:]
    app = make(Path(root), Path(site), float(heartbeat))
    uvicorn.run(app, port=int(port), http=ConnectionProtocol, log_level="warning", timeout_graceful_shutdown=1)
