"""One connection of the desk: uvicorn's HTTP protocol behind the gate, with a time for each part of a request."""

import socket
import struct
from contextlib import suppress
from enum import Enum
from math import inf
from typing import Any

from aion.live import ConnectionProtocol
from aion.web.gate import Gate, retry_after
from aion.web.middleware import error_body

MAX_PIPELINED = 100  # requests that may wait behind one that is being answered
LINGER_S = 1.0  # a refused connection is read from for so long: closed at once, it would lose its answer
MAX_LINGERING = 256  # refused connections that are read from; more are dropped without an answer
_PHRASES = {408: b"Request Timeout", 431: b"Request Header Fields Too Large", 503: b"Service Unavailable"}


class Phase(Enum):
    """What a connection waits for."""

    HEAD = 0
    BODY = 1
    ANSWER = 2
    IDLE = 3


class DeskProtocol(ConnectionProtocol):
    """Turns away who is over a limit, and ends what takes too long."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        """Args: gate: of this worker; options: what uvicorn gives its protocols."""
        super().__init__(**options)
        self._gate = gate
        self.deadline = inf
        """Time of the event loop's clock at which this ends unless it gets on."""
        self._phase = Phase.HEAD
        self._head_bytes = 0
        self._is_refused = False

    def connection_made(self, transport: Any) -> None:
        """Let it in, or answer with 503."""
        super().connection_made(transport)
        gate = self._gate
        gate.connections = self.connections
        why = gate.refusal(self.client[0] if self.client else "unknown", transport)
        if why:
            self._turn_away(why)
            return
        self.deadline = self.loop.time() + gate.head_timeout_s
        gate.watched.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of a request grows beyond all measure."""
        if self._is_refused:
            return
        if self._phase is not Phase.BODY:
            if self._phase is Phase.IDLE:
                self._phase = Phase.HEAD
                self.deadline = self.loop.time() + self._gate.head_timeout_s
            self._head_bytes += len(data)
            if self._head_bytes > self._gate.max_head_bytes and self._is_head_too_long(data):
                self._answer(431, "TooLarge", f"the head of a request has at most {self._gate.max_head_bytes} bytes")
                self.transport.close()
                return
        super().data_received(data)

    def _is_head_too_long(self, data: bytes) -> bool:
        end = data.find(b"\r\n\r\n")
        return end < 0 or self._head_bytes - len(data) + end > self._gate.max_head_bytes

    def on_headers_complete(self) -> None:
        """Give the body its time."""
        self._head_bytes = 0
        self._phase = Phase.BODY
        self.deadline = self.loop.time() + self._gate.body_timeout_s
        super().on_headers_complete()
        if self._gate.is_draining and self.cycle is not None:
            self.cycle.keep_alive = False
        if len(self.pipeline) > MAX_PIPELINED:
            raise ValueError("too many pipelined requests")

    def on_message_complete(self) -> None:
        """Give the answer its time."""
        super().on_message_complete()
        self._phase = Phase.IDLE if self.cycle is None or self.cycle.response_complete else Phase.ANSWER
        self.deadline = self.loop.time() + self._gate.answer_timeout_s

    def on_response_complete(self) -> None:
        """Wait for the next request; a body that still comes keeps its time."""
        if self._phase is not Phase.BODY:
            self._phase = Phase.ANSWER if self.pipeline else Phase.IDLE
            self.deadline = self.loop.time() + self._gate.answer_timeout_s
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._gate.watched.discard(self)
        if self._is_refused:
            self._is_refused = False
            self._gate.lingering -= 1
        super().connection_lost(exc)

    @property
    def is_waited_for(self) -> bool:
        """True while a request is being read or answered, or an answer taken, or the first request has not come."""
        if self.parser is None or self._is_refused:
            return False
        return self._phase is not Phase.IDLE or self.transport.get_write_buffer_size() > 0

    def timeout_keep_alive_handler(self) -> None:
        """End it after a long silence; `close` would wait for somebody who does not take the last answer."""
        self._close()

    def time_out(self) -> None:
        """End it: its time is over."""
        if self._is_refused or (self._phase is Phase.HEAD and self._head_bytes == 0):
            self._close()
        elif self._phase is Phase.IDLE and self.transport.get_write_buffer_size() == 0:
            self.deadline = inf  # the answer was taken; the next request has until the keep-alive ends
        elif self._phase is Phase.HEAD:
            self._gate.count("too slow")
            self._answer(408, "TooSlow", f"the head of a request has to come within {self._gate.head_timeout_s:g} s")
            self.transport.close()
        else:  # a body that does not come, or an answer that is not given or not taken
            self._gate.count("too slow")
            self._reset()

    def _close(self) -> None:
        if self.transport.get_write_buffer_size():
            self._reset()
        else:
            self.transport.close()

    def _reset(self) -> None:
        """Drop it with RST, so that the kernel frees what it queued for somebody who does not read."""
        found = self.transport.get_extra_info("socket")
        if found is not None:
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _turn_away(self, why: str) -> None:
        self._gate.count(why)
        self.connections.discard(self)
        if self._gate.lingering >= MAX_LINGERING:
            self.transport.abort()
            return
        self._gate.lingering += 1
        self._is_refused = True
        self.deadline = self.loop.time() + LINGER_S
        self._gate.watched.add(self)
        self._answer(503, "Full", f"{why}: come back later", b"retry-after: %d\r\n" % retry_after())
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _answer(self, status: int, error: str, detail: str, header: bytes = b"") -> None:
        body = error_body(error, detail)
        head = b"HTTP/1.1 %d %b\r\n%bcontent-type: application/json\r\ncache-control: no-store\r\n"
        head += b"content-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, _PHRASES[status], header, len(body)) + body)
