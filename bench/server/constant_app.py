"""The desk as `aion serve` runs it, with one more route that answers fixed bytes: the price of freshness is between.

The constant stands behind the same middleware, login, routing and headers and answers the bytes that the bundle's
route would, but looks at nothing. With an argument `signatures` the desk trusts no events of the kernel; with
`topic=index` it is of that topic, not of `bots`.
"""

import sys
from typing import Any

from aion.config import load
from aion.live import SnapshotApp
from aion.live.snapshot import accepts_gzip
from aion.web.app import App
from aion.web.http.host import bind
from aion.web.router.raw import RawRoute
from aion.web.security.command import open_store
from aion.web.server import DeskServer

PATH = "/api/bench/constant"


class Constant:
    """Answers what the route of a topic answers, from memory."""

    def __init__(self, app: App, topic: str) -> None:
        self._live = app.desk.live
        self._topic = topic
        self._start: dict[str, Any] = {}
        self._body: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._start:
            seen: list[dict[str, Any]] = []

            async def keep(message: dict[str, Any]) -> None:
                seen.append(message)

            await SnapshotApp(self._live, self._topic)(scope, receive, keep)
            self._start, self._body = seen
        assert any(key == b"accept-encoding" and accepts_gzip(value.decode()) for key, value in scope["headers"])
        await send(dict(self._start))
        await send(self._body)


def main() -> None:
    settings = load(None, flags={"port": int(sys.argv[1])})
    app = App(settings, store=open_store(settings))
    if "signatures" in sys.argv:
        app.desk.live._events._is_wanted = False
    topic = next((each.removeprefix("topic=") for each in sys.argv if each.startswith("topic=")), "bots")
    constant = Constant(app, topic)

    async def choose(_request: Any) -> Any:
        return constant

    app.raw[PATH] = RawRoute(PATH, choose)
    with bind("127.0.0.1", settings.port) as listener:
        DeskServer(app, owns_process=True).run(sockets=[listener])


main()
