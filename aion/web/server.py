"""Runs the desk: one uvicorn worker with uvloop and httptools, streams ended before it waits for them."""

import asyncio
import gc
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, cast

import uvicorn

from aion.allocator import keep_less_freed
from aion.config import Settings
from aion.errors import AionError, said
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.private import keep_private
from aion.web.app import App
from aion.web.http.connection import DeskProtocol
from aion.web.http.gate import allow_files
from aion.web.http.host import BACKLOG, address_of, bind
from aion.web.http.static_files import STATIC
from aion.web.log.repeat import StandardHandler
from aion.web.metrics.peers import Peers
from aion.web.security import check_host
from aion.web.security.command import open_store
from aion.web.status.figures import own_figures

EARS = 32  # places at which a listening socket is watched; the loop takes one connection from each a turn
LINGER_S = 0.5  # at most, for what was asked before a stop
LEAVE_LINGER_S = 15.0  # the same for a worker that has a successor
LEAVE_QUIET_S = 0.5  # in which a request that is on its way to a worker that leaves may come
FREEZE_S = 0.5  # between two looks at how many files were read
FREEZE_FILES = 200  # read since the last time, from which on they are taken out of the collector's sight
TICK_S = 1.0  # between two times that the date of answers is made anew
MOST_FROZEN = 1.5  # times what there was after a collection, from which on the next one is worth its pause


class DeskServer(uvicorn.Server):
    """uvicorn, which ends the streams as soon as it is told to stop: it would wait for them for ever.

    SIGTERM and SIGINT stop it within a second or so. SIGHUP tells a worker that its successor listens on the same
    socket already: it ends its streams a slice at a time, answers what still comes on open connections, and is gone.
    """

    def __init__(
        self,
        app: App,
        *,
        is_worker: bool = False,
        owns_process: bool = False,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        """Make it.

        Args:
            app: what is served and whose streams end.
            is_worker: True where somebody else listens on the same socket, so that it may leave slowly.
            owns_process: True where nothing else runs in this process, so that its garbage collector may be set.
            on_ready: called when it listens.
        """
        gate = app.desk.gate
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=cast(Any, lambda **options: DeskProtocol(gate, **options)),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            forwarded_allow_ips=list(app.desk.settings.proxies),
            timeout_graceful_shutdown=1,
        )
        self._must_exit = False
        self._told_to_exit = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(config)
        self._app = app
        self._gate = gate
        self._is_worker = is_worker
        self._owns_process = owns_process
        self._on_ready = on_ready
        self._is_leaving = False
        self._ears: list[socket.socket] = []
        self._settling: asyncio.Task[None] | None = None

    @property
    def should_exit(self) -> bool:
        """True once it has been told to stop, by a signal or from another thread."""
        return self._must_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._must_exit = value
        if value and self._loop is not None:
            with suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(self._told_to_exit.set)

    async def main_loop(self) -> None:
        """Wait until it is told to stop; uvicorn's own looks ten times a second, most of what an idle desk does."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._told_to_exit.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at several places of the loop, so that a crowd is let in while those that are in are served; say so.

        libuv accepts one connection a turn of the loop and place; a turn answers every request that is there, so that
        behind one place the last of 200 busy clients would wait for a second to be let in.
        """
        for each in sockets or ():
            # `dup` sets the mode that Python remembers, for all who share the socket: made blocking for a moment, it
            # would hold another worker in `accept` until somebody comes
            each.setblocking(False)
        self._ears = [each.dup() for each in sockets or () for _ in range(EARS - 1)]
        await super().startup([*(sockets or ()), *self._ears] or None)
        if not self.started:
            return
        if self._owns_process:
            self._settling = asyncio.create_task(self._settle(), name="aion-settle")
        if self._on_ready is not None:
            self._on_ready()

    async def _settle(self) -> None:
        """Take what is there after the first builds, and what is read later, out of the garbage collector's sight.

        Under load there is a whole collection about once a second; with the modules and months of state files in it,
        each would hold every answer up by 30 ms, with the files of a thousand bots by more. A file that is read anew
        is freed by its count as before. What only a collection frees is looked for among what is new, and among all
        when there is half as much again.
        """
        live = self._app.desk.live
        await live.fresh_all(live.topics)
        files = live.stats.files
        while True:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            most = gc.get_freeze_count() * MOST_FROZEN
            while True:
                await asyncio.sleep(FREEZE_S)
                if live.stats.files - files < FREEZE_FILES:
                    continue
                files = live.stats.files
                gc.collect(1)  # else the garbage of connections would be kept with the files
                gc.freeze()
                if gc.get_freeze_count() > most:
                    break

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, end the streams, wait for what is asked and being answered, then close."""
        if self._settling is not None:
            self._settling.cancel()
        for server in self.servers:
            server.close()
        self._gate.is_draining = True
        if self._is_leaving:
            await self._leave_slowly()
        else:
            await self._app.end_streams()
        until = time.monotonic() + (LEAVE_LINGER_S if self._is_leaving else LINGER_S)
        quiet_at = time.monotonic() + (LEAVE_QUIET_S if self._is_leaving else 0.0)
        while (now := time.monotonic()) < until:
            if now >= quiet_at and not any(each.is_waited_for for each in self._gate.watched):
                break
            await asyncio.sleep(0.02)
        await super().shutdown([*(sockets or ()), *self._ears])

    async def _leave_slowly(self) -> None:
        """End the streams a slice at a time; all at once if it is told to stop meanwhile."""
        ending = asyncio.create_task(self._app.end_streams(self._app.desk.settings.leave_s))
        while not ending.done() and self._is_leaving:
            await asyncio.wait({ending}, timeout=0.05)
        if not ending.done():
            ending.cancel()
            await self._app.end_streams()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM; unlike uvicorn's own, do not raise them again: a stop asked for is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._leave)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        # a parent that dies is told of twice, by the kernel and by its pipe: only a second Ctrl-C is impatience
        self.force_exit = self.should_exit and number == signal.SIGINT
        self._is_leaving = False
        self.should_exit = True

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_worker:
            logging.getLogger(__name__).warning(
                "SIGHUP: one process alone cannot restart unnoticed: `aion up` or `aion serve --workers 2` can"
            )
        elif not self.should_exit:
            self._is_leaving = self.should_exit = True


def serve(
    settings: Settings,
    *,
    static: Path = STATIC,
    listener: socket.socket | None = None,
    process: str = "web",
    says_address: bool = True,
    on_ready: Callable[[], None] | None = None,
) -> int:
    """Serve the desk until it is told to stop; return the exit status.

    Args:
        settings: of the desk; `port` 0 takes any free one.
        static: folder of the built front end.
        listener: a socket that is bound already, shared with other workers; None to bind one.
        process: name of this process in the logs.
        says_address: False where somebody else has told people where the desk is.
        on_ready: called when it listens.

    Raises:
        ConfigError: the address cannot be listened on, or would show the desk to others without a password.
    """
    keep_less_freed()
    with suppress(OSError):  # a folder that cannot be written is shown all the same
        keep_private(settings.data)
    store = open_store(settings)
    check_host(settings.host, has_password=store is not None and store.has_password)
    is_worker = listener is not None
    with listener or bind(settings.host, settings.port) as bound:
        log = ProcessLog(Layout(settings.data), process, settings.log_level, console_format=settings.log_format)
        libraries = _take_library_logs(log)
        app = App(settings, log=log, static=static, store=store)
        app.desk.floods.append(libraries.say_unsaid)
        if is_worker:
            app.desk.peers = Peers(bound, lambda: own_figures(app.desk), app.change_stream)
            app.desk.live.hub.name = app.desk.peers.name
        room = app.desk.gate.max_connections = allow_files(settings.max_connections)
        if room < settings.max_connections:
            log.warning(
                f"max_connections = {settings.max_connections}, but the system's limit of open files leaves {room}: "
                "raise it with `ulimit -n` or LimitNOFILE"
            )
        if says_address:
            log.info(
                f"Aion desk: {address_of(settings.host, bound, settings.base_path)}", port=bound.getsockname()[1]
            )
        server = DeskServer(app, is_worker=is_worker, owns_process=True, on_ready=on_ready)
        try:
            server.run(sockets=[bound])
        except Exception as error:  # the process ends by it: whoever keeps it running reads here why
            log.error(f"crashed: {type(error).__name__}: {error}", error=error)
            raise
        libraries.say_unsaid(is_last=True)
        log.info("the desk has stopped")
        if store is not None:
            store.close()
        return 0 if server.started else 1


def _take_library_logs(log: ProcessLog) -> StandardHandler:
    root = logging.getLogger()
    handler = StandardHandler(log)
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    return handler


def main() -> int:
    """Serve with the settings of the working folder, for `python -m aion.web.server`."""
    from aion.config import load  # noqa: PLC0415 - the command line has its own way to settings

    try:
        return serve(load())
    except AionError as error:
        sys.stderr.write(said(error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
