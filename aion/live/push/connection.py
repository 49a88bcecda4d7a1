"""Two kinds of stream connection: an upgraded one that frees all HTTP state, and a portable one over ASGI.

The upgraded one needs uvicorn with `ConnectionProtocol` (`uvicorn.run(..., http=ConnectionProtocol)`), which puts
itself into the scope; the handler then takes over its transport as uvicorn itself does for a WebSocket.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aion.live.event import LAST_CHUNK
from aion.live.push.bye import bye
from aion.live.push.hub import Hub
from aion.live.push.lane import Subscriber

EXTENSION = "aion.connection"
UNSENT_BYTES = 16_384
"""Bytes that the kernel may hold unsent for one stream; more would be stale bundles that cannot be taken back."""
MAX_PIPELINED = 100  # requests that may wait behind one that is being answered
MAX_STRAY_BYTES = 65_536  # what a client may send after its request before it is cut off


class ConnectionProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, telling the application which connection a request came on."""

    older: tuple[Any, ...] = ()
    """Requests before the newest one, while any of them is not answered; uvicorn forgets the one that it answers."""

    def on_message_begin(self) -> None:
        """Start a request's scope.

        Raises:
            ValueError: too many requests are waiting; the parser answers 400 and closes the connection.
        """
        if len(self.pipeline) > MAX_PIPELINED:
            raise ValueError("too many pipelined requests")
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.older = (*self.older, cycle)
        elif self.older:
            self.older = ()
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"protocol": self}}

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up and cancel all requests of the connection; uvicorn itself cancels only the newest."""
        for cycle in self.older:
            cycle.disconnected = True
            cycle.message_event.set()
        self.older = ()
        super().connection_lost(exc)


def set_unsent_limit(transport: asyncio.BaseTransport) -> None:
    """Limit the kernel's unsent bytes for `transport` to `UNSENT_BYTES`, where the system can."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    found = transport.get_extra_info("socket")
    if option is None or found is None:
        return
    with suppress(OSError):
        found.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def pause_when_held_back(transport: asyncio.WriteTransport) -> None:
    """Let `transport` pause its protocol with the first buffered byte and resume it when none is left."""
    is_encrypted = transport.get_extra_info("sslcontext") is not None
    transport.set_write_buffer_limits(
        high=1 if is_encrypted else 0, low=0
    )  # one pauses at the limit, the other above


def forgo_chunks(protocol: Any) -> None:
    """Switch off chunked coding for the response that uvicorn's `protocol` is about to start (HTTP/1.0)."""
    protocol.cycle.chunked_encoding = False


def content_of(chunks: bytes) -> bytes:
    """Return the content of whole chunks of chunked coding."""
    parts, at = [], 0
    while at < len(chunks):
        start = chunks.index(b"\r\n", at) + 2
        end = start + int(chunks[at : start - 2], 16)
        parts.append(chunks[start:end])
        at = end + 2
    return b"".join(parts)


class UpgradedConnection(Subscriber, asyncio.Protocol):
    """A stream that owns its transport: one `transport.write` per frame, nothing else."""

    __slots__ = ("_connections", "_hub", "_is_chunked", "_stray", "_transport")

    def __init__(
        self,
        hub: Hub,
        topics: tuple[str, ...],
        patched: tuple[str, ...],
        *,
        is_gzip: bool,
        is_chunked: bool = True,
        transport: asyncio.Transport,
        connections: set[Any],
    ) -> None:
        """Make it.

        Args:
            hub: its hub.
            topics: as `Subscriber`.
            patched: the same.
            is_gzip: the same.
            is_chunked: False for an HTTP/1.0 client, whose stream ends with the connection.
            transport: of the connection.
            connections: the server's set of open connections, which it closes at shutdown.
        """
        super().__init__(topics, patched, is_gzip=is_gzip)
        self._hub = hub
        self._transport = transport
        self._is_chunked = is_chunked
        self.write = transport.write if is_chunked else self._write_content
        found = transport.get_extra_info("socket")
        if found is not None:
            self.descriptor = found.fileno()
            is_plain = transport.get_extra_info("sslcontext") is None
            self.is_bare = is_chunked and is_plain and self.descriptor >= 0
        self._connections = connections
        self._stray = 0

    @classmethod
    def take_over(
        cls,
        hub: Hub,
        topics: tuple[str, ...],
        patched: tuple[str, ...],
        scope: Any,
        *,
        is_gzip: bool,
        is_chunked: bool = True,
    ) -> "UpgradedConnection":
        """Take the transport of the request of `scope`, whose response has started, and free its HTTP state."""
        protocol = scope["extensions"][EXTENSION]["protocol"]
        transport: asyncio.Transport = protocol.transport
        connections = protocol.connections
        stream = cls(
            hub, topics, patched,
            is_gzip=is_gzip, is_chunked=is_chunked, transport=transport, connections=connections,
        )  # fmt: skip
        # requests may have come behind it: they are not answered
        cycle = next((each for each in protocol.older if each.scope is scope), protocol.cycle)
        cycle.response_complete = True
        cycle.message_event.set()
        stream.is_paused = protocol.flow.write_paused
        protocol.connections.discard(protocol)
        protocol.connections.add(stream)
        protocol.flow.resume_reading()
        transport.set_protocol(stream)
        pause_when_held_back(transport)
        set_unsent_limit(transport)
        protocol.parser = None
        protocol.cycle = None
        protocol.older = ()
        protocol.pipeline.clear()
        return stream

    def _write_content(self, data: bytes) -> None:
        self._transport.write(content_of(data))

    def finish(self, data: bytes) -> None:
        """Send `data` and the last chunk, then close; does nothing when the client has left."""
        self._hub.remove(self)
        if self._transport.is_closing():  # uvloop raises when a closed transport is written to
            return
        if not self.is_paused:
            self._transport.write(data + LAST_CHUNK if self._is_chunked else content_of(data))
            self._transport.close()
        else:  # it is not reading: waiting for it would hold the shutdown up
            self._transport.abort()

    def reset(self) -> None:
        """Drop the connection with RST, so that the kernel frees what it queued."""
        self._hub.remove(self)
        if self._transport.is_closing():  # its descriptor may be another connection's by now
            return
        found = self._transport.get_extra_info("socket")
        if found is not None:
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def shutdown(self) -> None:
        """Send `bye` and end the stream; uvicorn calls this when it stops."""
        self.finish(bye(is_gzip=self.is_gzip))

    def pause_writing(self) -> None:
        """Stop sending: the client has not drained."""
        self._hub.pause(self)

    def resume_writing(self) -> None:
        """Send the newest frames that came meanwhile."""
        self._hub.resume(self)

    def data_received(self, data: bytes) -> None:
        """Ignore what a client sends after its request; disconnect it if it does not stop."""
        self._stray += len(data)
        if self._stray > MAX_STRAY_BYTES:
            self.reset()

    def eof_received(self) -> bool:
        """Close when the client has closed its half, which an EventSource never does while it reads."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._hub.remove(self)
        self._connections.discard(self)


class PortableConnection(Subscriber):
    """A stream over plain ASGI with one task per client, for servers other than uvicorn."""

    __slots__ = ("_ended", "_hub", "_pending", "_wake")

    def __init__(self, hub: Hub, topics: tuple[str, ...], patched: tuple[str, ...], *, is_gzip: bool) -> None:
        """Args: hub: its hub."""
        super().__init__(topics, patched, is_gzip=is_gzip)
        self._hub = hub
        self.write = self._put
        self._pending: list[bytes] = []
        self._wake = asyncio.Event()
        self._ended = False

    def _put(self, data: bytes) -> None:
        """Pass `data` (one chunk) to the task; until it is sent, the stream counts as paused."""
        self._pending.append(content_of(data))
        self._hub.pause(self)
        self._wake.set()

    def finish(self, data: bytes) -> None:
        """Send `data` and end the stream."""
        self._hub.remove(self)
        self.write(data)
        self._ended = True

    def reset(self) -> None:
        """End without sending what is pending."""
        self._hub.remove(self)
        self._pending.clear()
        self._ended = True
        self._wake.set()

    async def run(self, receive: Any, send: Any, first: bytes) -> None:
        """Send until the client leaves or the stream is ended; `first` goes out before everything."""
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            if first:
                await send({"type": "http.response.body", "body": first, "more_body": True})
            while not gone.done():
                if not self._pending:
                    if self._ended:
                        break
                    self._wake.clear()
                    self._hub.resume(self)
                    waiting = asyncio.ensure_future(self._wake.wait())
                    await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                    waiting.cancel()
                    continue
                data, self._pending = b"".join(self._pending), []
                self.late_beats = 0
                await send({"type": "http.response.body", "body": data, "more_body": True})
            with suppress(OSError, RuntimeError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._hub.remove(self)
            gone.cancel()


async def _disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
