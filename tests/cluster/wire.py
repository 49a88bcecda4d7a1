"""A wire between a relay and a server that can be cut, or hang with both ends open."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


class Wire:
    """Carries TCP to a port of this machine, on a port of its own."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._is_up.wait(10)

    def cut(self) -> None:
        """End all connections, and take no more."""
        self._do(self._cut)

    def hang(self) -> None:
        """Keep connections, old and new, and let nothing through."""
        self._do(self._flows.clear)

    def mend(self) -> None:
        """Carry again, what hung too."""
        self._is_cut = False
        self._do(self._flows.set)

    def end(self) -> None:
        self._do(self._over.set)
        self._thread.join(10)

    def _do(self, what: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(what)

    def _cut(self) -> None:
        self._is_cut = True
        for each in self._writers:
            each.transport.abort()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._flows, self._over = asyncio.Event(), asyncio.Event()
        self._flows.set()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._is_up.set()
        await self._over.wait()
        server.close()
        self._flows.set()
        self._cut()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        await asyncio.sleep(0.01)  # a connection that is closed ends in a round of the loop

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._carrying.add(own)
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            self._drop(own, writer)
            return
        self._writers.add(back)
        if self._is_cut:  # also meanwhile
            self._drop(own, writer, back)
            return
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        self._drop(own, writer, back)

    def _drop(self, task: asyncio.Task[None], *writers: asyncio.StreamWriter) -> None:
        for each in writers:
            each.transport.abort()
        self._writers -= {*writers}
        self._carrying.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
