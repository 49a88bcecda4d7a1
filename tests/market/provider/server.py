"""A server that speaks a provider's API, with faults on demand."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

Fault = Callable[["Call"], bool]
"""Told of each call; True when it has answered in the server's place."""


@dataclass
class Call:
    """One request on its way to an answer."""

    handler: BaseHTTPRequestHandler
    path: str
    query: dict[str, str]

    def answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.handler.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.handler.send_header(name, text)
        self.handler.send_header("Content-Length", str(len(data)))
        self.handler.end_headers()
        self.handler.wfile.write(data)


@dataclass
class ApiServer:
    """What it was asked, and which faults wait; a child answers."""

    faults: list[Fault] = field(default_factory=list)
    """The first one that is left answers the next call that is `is_faulty`; it stays while it returns True."""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def is_faulty(self, call: Call) -> bool:
        """Tell whether a fault may answer this call."""
        raise NotImplementedError

    def answer(self, call: Call) -> None:
        raise NotImplementedError

    def start(self) -> str:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parsed = urlparse(self.path)
                query = {name: values[0] for name, values in parse_qs(parsed.query).items()}
                owner.calls.append((parsed.path, query))
                owner.serve(Call(self, parsed.path, query))

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a client that gave up on a hanging answer

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, call: Call) -> None:
        if self.faults and self.is_faulty(call):
            if self.faults[0](call):
                return
            self.faults.pop(0)
        self.answer(call)


# faults


def times(count: int, fault: Fault) -> Fault:
    """`fault` for `count` calls."""
    left = [count]

    def limited(call: Call) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fault(call)

    return limited


def status(code: int, value: object, **headers: str) -> Fault:
    def answer(call: Call) -> bool:
        call.answer(code, value, {name.replace("_", "-"): text for name, text in headers.items()})
        return True

    return answer


def hang(seconds: float) -> Fault:
    """Say nothing for so long."""

    def wait(call: Call) -> bool:
        time.sleep(seconds)
        call.handler.close_connection = True
        return True

    return wait


def drip(seconds: float) -> Fault:
    """Send a byte now and then, so that no socket times out."""

    def wait(call: Call) -> bool:
        call.handler.send_response(200)
        call.handler.send_header("Content-Length", "100000")
        call.handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            call.handler.wfile.write(b" ")
            call.handler.wfile.flush()
            time.sleep(0.05)
        call.handler.close_connection = True
        return True

    return wait


def cut(call: Call) -> bool:
    """Close in the middle of an answer."""
    call.handler.send_response(200)
    call.handler.send_header("Content-Length", "5000")
    call.handler.end_headers()
    call.handler.wfile.write(b'[[1,"2"')
    call.handler.close_connection = True
    return True
