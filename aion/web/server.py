"""Runs the desk: one uvicorn worker with uvloop and httptools, streams ended before it waits for them."""

import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from aion.config import Settings
from aion.errors import AionError
from aion.live import ConnectionProtocol
from aion.store.layout import Layout
from aion.web.app import App
from aion.web.listener import BACKLOG, address_of, bind
from aion.web.log import Log, StandardHandler, open_log
from aion.web.page import STATIC
from aion.web.security import check_host
from aion.web.security.command import open_store

EARS = 32  # places at which a listening socket is watched; the loop takes one connection from each a turn
KEEP_ALIVE_S = 75  # longer than a proxy's, so that the proxy closes first and no request meets a closed connection


class DeskServer(uvicorn.Server):
    """uvicorn, which ends the streams as soon as it is told to stop: it would wait for them for ever."""

    def __init__(self, app: App) -> None:
        """Args: app: what is served and whose streams end."""
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=ConnectionProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._app = app
        self._ears: list[socket.socket] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at several places of the loop, so that a crowd is let in while those that are in are served.

        libuv accepts one connection a turn of the loop and place; a turn answers every request that is there, so that
        behind one place the last of 200 busy clients would wait for a second to be let in.
        """
        self._ears = [each.dup() for each in sockets or () for _ in range(EARS - 1)]
        await super().startup([*(sockets or ()), *self._ears] or None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, end the streams, then wait for the answers that are under way."""
        for server in self.servers:
            server.close()
        await self._app.end_streams()
        await super().shutdown([*(sockets or ()), *self._ears])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM; unlike uvicorn's own, do not raise them again: a stop asked for is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        # a parent that dies is told of twice, by the kernel and by its pipe: only a second Ctrl-C is impatience
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True


def serve(
    settings: Settings, *, static: Path = STATIC, listener: socket.socket | None = None, process: str = "web"
) -> int:
    """Serve the desk until it is told to stop; return the exit status.

    Args:
        settings: of the desk; `port` 0 takes any free one.
        static: folder of the built front end.
        listener: a socket that is bound already, shared with other workers; None to bind one.
        process: name of this process in the logs.

    Raises:
        ConfigError: the address cannot be listened on, or would show the desk to others without a password.
    """
    store = open_store(settings)
    check_host(settings.host, has_password=store is not None and store.has_password)
    is_worker = listener is not None
    with listener or bind(settings.host, settings.port) as bound:
        log = open_log(Layout(settings.data), settings.log_level, process=process, console_format=settings.log_format)
        _take_library_logs(log)
        app = App(settings, log=log, static=static, store=store)
        if not is_worker:
            log.info(f"Aion desk: {address_of(settings.host, bound)}", port=bound.getsockname()[1])
        server = DeskServer(app)
        try:
            server.run(sockets=[bound])
        except Exception as error:  # the process ends by it: whoever keeps it running reads here why
            log.error(f"crashed: {type(error).__name__}: {error}", exc_info=error)
            raise
        log.info("the desk has stopped")
        if store is not None:
            store.close()
        return 0 if server.started else 1


def _take_library_logs(log: Log) -> None:
    root = logging.getLogger()
    root.handlers = [StandardHandler(log)]
    root.setLevel(logging.WARNING)


def main() -> int:
    """Serve with the settings of the working folder, for `python -m aion.web.server`."""
    from aion.config import load  # noqa: PLC0415 - the command line has its own way to settings

    try:
        return serve(load())
    except AionError as error:
        sys.stderr.write(f"aion: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
