"""The desk without login and limits, otherwise as `aion serve` runs it: what they cost is between the two."""

import sys
from typing import Any, cast

from aion.config import load
from aion.live import ConnectionProtocol
from aion.web.app import App
from aion.web.http.host import bind
from aion.web.security.login import Login
from aion.web.security.stream import StreamLimit
from aion.web.server import DeskServer


def main() -> None:
    settings = load(None, flags={"port": int(sys.argv[1])})
    app = App(settings, store=None)
    for name, stream in app.desk.streams.items():
        app.desk.streams[name] = cast(StreamLimit, stream)._app
    assert isinstance(_login(app), Login)
    server = DeskServer(app, owns_process=True)
    server.config.http = cast(Any, ConnectionProtocol)
    with bind("127.0.0.1", settings.port) as listener:
        server.run(sockets=[listener])


def _login(app: Any) -> Any:
    return app._app._app._app._app


main()
