"""A small application over `aion.live`, run as a process by the tests: root, port file, kind, events.

`kind` is `upgraded`, `alone` (the same, each client written to on its own), `hypercorn`, or what uvicorn knows.
`events` is `events`, `signatures`, or `tick`: signatures of a file system whose clock ticks every 4 ms.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from aion.live import Built, ConnectionProtocol, Family, Live, LogTail, SnapshotApp, StreamApp, Topic, Tree
from aion.live import live as live_desk
from aion.live.disk import source

TICK_NS = 4_000_000


def coarse(status: os.stat_result) -> source.Signature:
    """What `stat` says where times are coarse, sizes equal and inodes used again: the worst case."""
    return source.Signature(status.st_mtime_ns // TICK_NS * TICK_NS, status.st_ctime_ns // TICK_NS * TICK_NS, 0, 0)


def build(tree: Tree[object]) -> Built:
    files = {}
    for name in tree.names("data/"):
        entry = tree.entry(name)
        if entry is not None:
            files[name[5:]] = {"error": str(entry.error)} if entry.error else entry.value
    return Built(files)


builds: Counter[str] = Counter()


def build_row(tree: Tree[object], key: str) -> Built | None:
    builds[key] += 1
    entry = tree.entry(f"rows/{key}.json")
    if entry is None:
        return None
    return Built({"error": str(entry.error)} if entry.error else {"row": entry.value})


def rows_of(path: str) -> tuple[str, ...]:
    return (path.removeprefix("rows/").removesuffix(".json"),)


class Counted(Live[object]):
    """Says how many files were loaded."""

    @property
    def kept(self) -> int:
        return len(self._states)

    @property
    def loads(self) -> int:
        return self._tree.loads


def make(root: Path, heartbeat_s: float, trust_events: bool | None, push_hz: float = 10.0) -> FastAPI:
    topics = [
        Topic("data", build, ("data",)),
        Topic("other", lambda tree: Built({}), ("other",)),
        Family("row", build_row, ("rows",), rows_of, lambda key: key.isalnum()),
        LogTail("logs", "logs"),
    ]
    live = Counted(
        root, topics, lambda path, name: json.loads(path.read_bytes()), heartbeat_s=heartbeat_s,
        push_hz=push_hz, trust_events=trust_events, rescan_interval_s=0.2 if trust_events is False else 5.0,
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(app: FastAPI):  # type: ignore[no-untyped-def]
        await live.start()
        yield
        await live.close()

    app = FastAPI(lifespan=lifespan)
    app.mount("/data", SnapshotApp(live, "data"))
    app.mount("/events", StreamApp(live))
    app.mount("/single", StreamApp(live, ("data",)))

    @app.get("/builds")
    def counts() -> dict[str, int]:
        return dict(builds)

    app.mount("/other", SnapshotApp(live, "other"))
    app.mount("/row/b", SnapshotApp(live, "row/b"))
    app.mount("/row/a", SnapshotApp(live, "row/a"))
    app.mount("/row/none", SnapshotApp(live, "row/none"))

    @app.get("/stats")
    def stats() -> dict[str, int]:
        hub = live.hub
        return {
            "builds": live.stats.builds, "clients": len(hub), "deliveries": hub.deliveries, "resets": hub.resets,
            "conflations": hub.conflations, "patches": hub.patches, "loads": live.loads,
            "kept": live.kept,
        }  # fmt: skip

    return app


def serve_hypercorn(app: FastAPI, listener: socket.socket, port_file: Path) -> None:
    """Serve with hypercorn, which knows nothing of our connections."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    stop = asyncio.Event()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 0.5
    port_file.write_text(str(listener.getsockname()[1]))

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await serve(app, config, shutdown_trigger=stop.wait)

    asyncio.run(run())


def serve(root: str, port_file: str, kind: str, events: str, heartbeat: str, push_hz: str = "10") -> None:
    """Be the application until a signal ends it."""
    if events == "tick":
        source.Signature.of = staticmethod(coarse)  # type: ignore[method-assign, assignment]
    app = make(Path(root), float(heartbeat), None if events == "events" else False, float(push_hz))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if kind == "hypercorn":
            serve_hypercorn(app, listener, Path(port_file))
            return
        Path(port_file).write_text(str(listener.getsockname()[1]))
        if kind == "alone":
            live_desk.open_batch = lambda: None
        http = ConnectionProtocol if kind in ("upgraded", "alone") else kind
        config = uvicorn.Config(app, http=http, log_level="warning", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve(*sys.argv[1:])
