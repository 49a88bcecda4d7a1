"""What stands around the app, as plain ASGI: aliases, headers and times of every answer, who may ask at all.

The order is `Alias(Observe(Guard(app)))`: a path is rewritten before anything looks at it, and an answer gets its
headers whoever made it, refusals and crashes included.
"""

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress

import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aion.live.proof import ReadProofs, as_text, no_proofs
from aion.store.log.process_log import ProcessLog, request_id
from aion.web.http.gate import Gate
from aion.web.http.host import is_address
from aion.web.metrics.metric import Metrics

NO_STORE = (
    (b"cache-control", b"no-store, no-cache, must-revalidate, max-age=0, no-transform"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
)
"""On every answer under /api and /events: nothing between the desk and the page keeps data."""
DATA_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin"))
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NO_STORE_NAMES = frozenset(name for name, _ in NO_STORE)
HANG_UP = ((b"connection", b"close"),)
DROP_BYTES, DROP_S = 1 << 20, 1.0  # of a body that is too long: what is read before the answer
"""On an answer after which the server takes no more from its connection."""
_HANG_UP_TEXT = tuple((name.decode(), value.decode()) for name, value in HANG_UP)
MUTATIONS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def canonical(path: str) -> str:
    """Return the canonical path of `path`: `/api/backend/x` is `/api/x`, `/events/x` is `/api/events/x`; once."""
    if path.startswith("/api/backend/"):
        return f"/api/{path[13:]}"
    if path.startswith("/events/") or path == "/events":
        return f"/api{path}"
    return path


class Alias:
    """Rewrites the paths that the app answers under a second name; outermost, so that nothing else knows them."""

    def __init__(self, app: ASGIApp) -> None:
        """Args: app: what answers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the canonical path."""
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith(("/api/backend/", "/events")):
                found = canonical(path)
                if found != path:
                    scope["path"] = found
                    scope["raw_path"] = found.encode()
        await self._app(scope, receive, send)


class BasePath:
    """Takes the path under which a proxy shows the desk off each request; one without it is answered as it is.

    So a proxy may strip the prefix or leave it. Stands before everything, and only where there is a prefix.
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        """Args: app: what answers; base: such as `/aion`."""
        self._app = app
        self._base = base
        self._below = f"{base}/"
        self._raw = base.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the path below the prefix."""
        if scope["type"] == "http":
            path = scope["path"]
            if path == self._base or path.startswith(self._below):
                scope["path"] = path[len(self._base) :] or "/"
                raw = scope.get("raw_path", b"")
                scope["raw_path"] = raw.removeprefix(self._raw) or b"/"
        await self._app(scope, receive, send)


def is_data(path: str) -> bool:
    """Return True for a path whose answers nobody may keep."""
    return path.startswith("/api/") or path in ("/api", "/metrics", "/healthz", "/readyz")


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a request by lower-case name, made once a request; of one that comes twice, the last."""
    found: dict[bytes, bytes] | None = scope.get("aion.headers")
    if found is None:
        found = scope["aion.headers"] = dict(scope["headers"])
    return found


class Observe:
    """Adds the no-store headers and `Server-Timing`, counts the answer and its time by route."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, log: ProcessLog, gate: Gate, proofs: ReadProofs = no_proofs
    ) -> None:
        """Make it.

        Args:
            app: what answers.
            metrics: where it is counted.
            log: gets the time of each answer at debug.
            gate: while it drains, an answer is the last of its connection.
            proofs: tells how old the proof of each machine is that feeds the data folder.
        """
        self._app = app
        self._gate = gate
        self._proofs = proofs
        self._metrics = metrics
        self._log = log
        self._is_debug = log.is_debug
        self._data_headers: tuple[tuple[bytes, bytes], ...] = DATA_HEADERS
        self._prefix = f"{secrets.token_hex(4)}-"
        self._numbers = itertools.count(1)

    def name_build(self, build: str) -> None:
        """Name the front end in each answer of data from now on, for tabs that only poll; empty names none."""
        self._data_headers = (*DATA_HEADERS, (b"aion-build", build.encode())) if build else DATA_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the app, and look at the first message of what it sends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        data = is_data(scope["path"])
        # of before the answer is made: what it holds is not newer than that
        proofs = self._proofs() if data else {}
        asked_as = self._request_id(scope)
        request_id.set(asked_as)

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                if data:
                    headers = [pair for pair in message.get("headers", ()) if pair[0] not in _NO_STORE_NAMES]
                    timing = (b"server-timing", b"app;dur=%.3f" % (seconds * 1000))
                    named = (b"x-request-id", asked_as.encode())
                    message["headers"] = [*headers, *NO_STORE, *self._data_headers, timing, named]
                    if proofs:
                        message["headers"].append((b"aion-proved-age", as_text(proofs, seconds).encode()))
                if self._gate.is_draining:
                    message["headers"] = [*message.get("headers", ()), *HANG_UP]
                route = route_of(scope)
                self._metrics.answered(route, message["status"], seconds)
                if self._is_debug:
                    self._log.debug(f"[{name_of(scope)}] Response time: {seconds:.3f}s", route=route)
            await send(message)

        await self._app(scope, receive, observed)

    def _request_id(self, scope: Scope) -> str:
        """Return the id that whoever asks gave the request, as a proxy does, or a new one."""
        given = headers_of(scope).get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given.decode("ascii")
        return f"{self._prefix}{next(self._numbers):x}"


def route_of(scope: Scope) -> str:
    """Return the template of the route that answers, `other` where none does: names in a path are no labels."""
    path: str | None = getattr(_route(scope), "path", None)
    return path or ("/{page}" if scope.get("aion.page") else "other")


def name_of(scope: Scope) -> str:
    """Return the name of the function that answers."""
    return str(getattr(_route(scope), "name", "") or "page")


def _route(scope: Scope) -> object:
    return scope.get("aion.answering", scope).get("route")


class Guard:
    """Refuses a `Host` that is not this desk's (DNS rebinding) and changes asked for by another site's page."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], *, max_body_bytes: int, is_open: bool = False) -> None:
        """Make it.

        Args:
            app: what answers.
            hosts: names under which the desk may be asked, without port.
            max_body_bytes: of a request.
            is_open: True for a desk that others may reach: any address of the machine is its name too.
        """
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._is_open = is_open
        self._hosts = frozenset(host.lower() for host in hosts)
        self._good: set[bytes] = set()  # header values found good before; bounded below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the app, or refuse with the reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        host = headers.get(b"host", b"")
        if b"host" not in headers:
            if scope["http_version"] != "1.0":  # which knew no Host; a page in a browser always sends one
                await refuse(send, 400, "BadRequest", "the request does not name its Host, as HTTP/1.1 has it")
                return
        elif not self._is_ours(host) or (len(headers) != len(scope["headers"]) and _count(scope, b"host") != 1):
            named = host.decode("latin-1")[:80]
            detail = f"this desk does not answer for host {named!r}; open it by the address it prints at start"
            await refuse(send, 421, "WrongHost", detail)
            return
        is_change = scope["method"] in MUTATIONS
        if is_change and not _is_same_site(scope, headers):
            await refuse(send, 403, "WrongOrigin", "refused: the request comes from another site")
            return
        size = headers.get(b"content-length", b"0")
        if size.isdigit() and int(size[:20]) > self._max_body_bytes:
            await _drop(receive)
            await refuse(send, 413, "TooLarge", f"a change has at most {self._max_body_bytes} bytes", HANG_UP)
            return
        await self._app(scope, _capped(receive, self._max_body_bytes) if is_change else receive, send)

    def _is_ours(self, host: bytes) -> bool:
        if host in self._good:
            return True
        name = host_name(host.decode("latin-1"))
        if name not in self._hosts and not (self._is_open and is_address(name)):
            return False
        if len(self._good) < 64:
            self._good.add(host)
        return True


async def _drop(receive: Receive) -> None:
    """Read a body that is refused, up to `DROP_BYTES` and for `DROP_S`: hung up on at once, a proxy says 502."""
    got = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DROP_S):
            while got < DROP_BYTES:
                message = await receive()
                got += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _capped(receive: Receive, most: int) -> Receive:
    """Return `receive` that gives up on a body without a length once it is longer than any change can be."""
    got = 0

    async def capped() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(413, f"a change has at most {most} bytes", dict(_HANG_UP_TEXT))
        return message

    return capped


def host_name(header: str) -> str:
    """Return the host of a `Host` header in lower case, without port and brackets; empty if it is malformed."""
    if header.startswith("["):
        name, bracket, port = header[1:].partition("]")
        port = port.removeprefix(":") if port else "0"
        return name.lower() if bracket and port.isdigit() else ""
    name, colon, port = header.partition(":")
    return name.lower() if not colon or port.isdigit() else ""


def _count(scope: Scope, wanted: bytes) -> int:
    return sum(name == wanted for name, _ in scope["headers"])


def _is_same_site(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    origin = headers.get(b"origin", b"")
    if origin:
        return origin.lower() == f"{scope.get('scheme', 'http')}://".encode() + headers.get(b"host", b"").lower()
    return headers.get(b"sec-fetch-site", b"") in (b"", b"same-origin", b"none")


async def refuse(
    send: Send, status: int, error: str, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Answer with the JSON of an error."""
    await respond(send, status, error_body(error, detail), [(b"content-type", b"application/json"), *headers])


async def respond(
    send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]], *, is_head: bool = False
) -> None:
    """Answer with `body` and its length, of which HEAD gets the length alone."""
    length = [] if status == 304 else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*length, *headers]})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


def error_body(error: str, detail: str) -> bytes:
    """Return the JSON of an error: `{"error": ..., "detail": ...}`."""
    return orjson.dumps({"error": error, "detail": detail})
