"""One connection of the desk: uvicorn's HTTP protocol behind the gate, with a time for each part of a request."""

import socket
import struct
from contextlib import suppress
from enum import Enum
from typing import Any

from aion.live.push.connection import MAX_PIPELINED, ConnectionProtocol
from aion.web.http.gate import Gate, retry_after
from aion.web.http.middleware import error_body

WHOLE_BYTES = 16_384  # an answer of more leaves at once, not with the last of all that are ready in one turn
LINGER_S = 1.0  # a refused connection is read from for so long: closed at once, it would lose its answer
MAX_LINGERING = 256  # refused connections that are read from; more are dropped without an answer
_PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}


class Phase(Enum):
    """What a connection waits for."""

    HEAD = 0
    BODY = 1
    ANSWER = 2
    IDLE = 3


class DeskProtocol(ConnectionProtocol):
    """Turns away who is over a limit, and ends what takes too long.

    A request pays next to nothing for that: the gate's sweep, once a second, sees by what uvicorn keeps what the
    connection waits for, and since which sweep.
    """

    def __init__(self, gate: Gate, **options: Any) -> None:
        """Args: gate: of this worker; options: what uvicorn gives its protocols."""
        super().__init__(**options)
        self._gate = gate
        self._seen: tuple[Any, ...] = (Phase.HEAD, None, 0)
        """What it waited for at the newest sweep: the phase, the newest request, those that wait behind another."""
        self._since_s = 0.0
        """Time of the event loop's clock at which it was first seen so."""
        self._head_bytes = 0
        """Of a head that has begun to come and is not whole."""
        self._is_refused = False

    def connection_made(self, transport: Any) -> None:
        """Let it in, or answer with 503."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WHOLE_BYTES)
        gate = self._gate
        gate.connections = self.connections
        self._since_s = self.loop.time()
        why = gate.refusal(self.client[0] if self.client else "unknown", transport)
        if why:
            self._turn_away(why)
            return
        gate.watched.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of a request grows beyond all measure."""
        if self._is_refused:
            return
        if (self._head_bytes or len(data) > self._gate.max_head_bytes) and self._is_head_too_long(data):
            self._answer(431, "TooLarge", f"the head of a request has at most {self._gate.max_head_bytes} bytes")
            self.transport.close()
            return
        before = self.cycle
        ConnectionProtocol.data_received(self, data)
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            # of one that begins behind another in the same piece, where it begins is not known
            self._head_bytes += len(data) if cycle is before else 1
        elif cycle is not before:
            self._head_bytes = 0
        elif cycle.response_complete and not cycle.more_body:  # line breaks, which begin nothing
            self._head_bytes += len(data)

    def _is_head_too_long(self, data: bytes) -> bool:
        if self._phase() is Phase.BODY or self._head_bytes + len(data) <= self._gate.max_head_bytes:
            return False
        end = data.find(b"\r\n\r\n")
        return end < 0 or self._head_bytes + end > self._gate.max_head_bytes

    def _phase(self) -> Phase:
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            return Phase.BODY if cycle.more_body else Phase.ANSWER
        if cycle is None or cycle.scope is not self.scope or self._head_bytes:
            return Phase.HEAD
        return Phase.BODY if cycle.more_body else Phase.IDLE

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request."""
        self._gate.count("malformed")
        if not self.transport.is_closing():
            is_full = len(self.pipeline) > MAX_PIPELINED
            why = f"more than {MAX_PIPELINED} requests wait on this connection: send fewer at once"
            self._answer(400, "BadRequest", why if is_full else "this is no HTTP request")
            self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        self._gate.count("upgrade")  # the request is answered as any other

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
        return self._phase() is not Phase.IDLE or self.transport.get_write_buffer_size() > 0

    def on_response_complete(self) -> None:
        """Go on with what waits; a long silence is the sweep's to end, so that a request sets no timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def check(self, now: float) -> None:
        """End it if what it waits for has not come for too long at `now` of the event loop's clock."""
        gate = self._gate
        phase = self._phase()
        seen = (phase, self.cycle, len(self.pipeline))
        if seen != self._seen:
            self._seen, self._since_s = seen, now
            return
        waited_s = now - self._since_s
        if self._is_refused:
            if waited_s > LINGER_S:
                self._close()
        elif phase is Phase.HEAD:
            if waited_s > gate.head_timeout_s:
                self._end_head()
        elif phase is Phase.BODY:
            if waited_s > gate.body_timeout_s:
                self._end_body()
        elif phase is Phase.IDLE and waited_s > gate.keep_alive_s:
            self._close()
        elif waited_s > gate.answer_timeout_s and (
            phase is Phase.ANSWER or self.transport.get_write_buffer_size() > 0
        ):  # not given, or not taken; one that was taken leaves the connection to the keep-alive
            gate.count("too slow")
            self._reset()

    def _end_head(self) -> None:
        if self._head_bytes == 0:
            self._close()
            return
        self._gate.count("too slow")
        self._answer(408, "TooSlow", f"the head of a request has to come within {self._gate.head_timeout_s:g} s")
        self.transport.close()

    def _end_body(self) -> None:
        if self.cycle.response_complete:  # answered before the body came: whether it came since then is not known
            self._close()
        else:
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
        self._gate.watched.add(self)
        self._answer(503, "Full", f"{why}: come back later", b"retry-after: %d\r\n" % retry_after())
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _answer(self, status: int, error: str, detail: str, header: bytes = b"") -> None:
        body = error_body(error, detail)
        head = b"HTTP/1.1 %d %b\r\n%bcontent-type: application/json\r\ncache-control: no-store\r\n"
        head += b"content-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, _PHRASES[status], header, len(body)) + body)
