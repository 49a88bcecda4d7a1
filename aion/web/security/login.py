"""Lets in who is known and may do what is asked; everybody else gets a sentence, or the login page.

On a desk without a password everybody on this machine is `local` and may do everything. Others are nobody there: the
password may have been taken away while the desk listens for them, or a proxy may stand in front of it.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aion.store.base_path import SCREENS
from aion.web.http.host import is_loopback
from aion.web.http.middleware import MUTATIONS, headers_of, is_data, refuse, respond
from aion.web.http.static_files import SECURITY_HEADERS
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.store import LOCAL, ROTATE_S, DeskStore, Identity, Role
from aion.web.security.tries import FAMILIAR_S, give_device

OPEN = frozenset({"/healthz", "/readyz", "/api/session"})
"""Data paths that need nobody to be known."""
ONLY_HERE = "this desk has no password and answers its own machine only: set one with `aion password set`"
MAX_NEAR = 64  # addresses that are remembered
MAX_KEYS, MAX_KEY_BYTES = 1024, 4096  # of headers that are known to hold a key
MAX_QUERY = 400  # characters of a page's query that a login leads back to
ADMIN = ("/api/logs", "/api/events/admin/", "/api/tokens", "/api/audit")


def needed_role(method: str, path: str, query: bytes) -> Role | None:
    """Return the role that a request needs, None for what everybody may have."""
    if path in OPEN or not is_data(path):
        return None
    if path == "/api/events" and method == "POST":  # which topics a stream may have is asked when they are known
        return "viewer"
    if method in MUTATIONS or path.startswith(ADMIN):
        return "admin"
    if path == "/api/events":
        topics = ",".join(parse_qs(query.decode("latin-1")).get("topics", []))
        return role_of_stream(topics.split(","))
    return "viewer"


def role_of_stream(topics: Iterable[str]) -> Role:
    """Return the role that a stream of `topics` needs."""
    return "admin" if "logs" in topics else "viewer"


class Login:
    """Finds out who asks, refuses who may not, and renews old sessions."""

    def __init__(self, app: ASGIApp, store: DeskStore | None, jar: CookieJar) -> None:
        """Make it.

        Args:
            app: what answers.
            store: passwords and sessions, None where there can be none.
            jar: cookies of the desk.
        """
        self._app = app
        self._store = store
        self._jar = jar
        self._known: dict[tuple[bytes, bytes, str], Identity] = {}
        """Who showed which `Authorization` and `Cookie` over which scheme, in the present state of the store."""
        self._state = 0
        self._near: set[str] = set()
        """Addresses of this machine that were seen."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the app, as somebody, or refuse."""
        store = self._store
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_password = store is not None and store.look() > 0
        client = None if has_password else scope.get("client")
        if not has_password and (client is None or client[0] in self._near or self._is_near(client[0])):
            scope["aion.identity"] = LOCAL
            if b"cookie" in headers_of(scope) and (gone := self._jar.forgetting(scope)):  # there was a password once
                send = _adding(send, gone)
            await self._app(scope, receive, send)
            return
        if store is None:
            await refuse(send, 403, "ThisMachineOnly", ONLY_HERE)
            return
        if store.state != self._state:
            self._known.clear()
            self._state = store.state
            self._jar = replace(self._jar, desk_id=store.desk_id)  # it may share logins with others by now
        headers = headers_of(scope)
        shown = (headers.get(b"authorization", b""), headers.get(b"cookie", b""), scope.get("scheme", ""))
        identity = self._known.get(shown)
        if identity is None or identity.ends_at <= store.now_s() or len(headers) != len(scope["headers"]):
            identity = self._identify(scope, shown, store)
        scope["aion.identity"] = identity
        path: str = scope["path"]
        role = needed_role(scope["method"], path, scope.get("query_string", b""))
        if identity is None and has_password and shown[1] and (gone := self._jar.forgetting(scope)):
            send = _adding(send, [*gone, *self._jar.forget_all], is_first=True)
        if role is None:
            await self._open(scope, receive, send, identity)
        elif identity is None:
            challenge = [(b"www-authenticate", b'Bearer realm="Aion"')]
            detail = "log in at /login, or send a bearer token" if has_password else ONLY_HERE
            await refuse(send, 401, "LoginNeeded", detail, challenge)
        elif not identity.may(role):
            await refuse(send, 403, "RoleNeeded", f"this needs the role {role}; you are {identity.who}")
        else:
            await self._app(scope, receive, send)

    def _is_near(self, address: str) -> bool:
        if not is_loopback(address):
            return False
        if len(self._near) < MAX_NEAR:
            self._near.add(address)
        return True

    def _identify(self, scope: Scope, shown: tuple[bytes, bytes, str], store: DeskStore) -> Identity | None:
        authorization, cookie, _ = shown
        cookies = [value for name, value in scope["headers"] if name == b"cookie"]
        key = bearer_of(authorization) or self._jar.value(self._jar.session, scope)
        identity = store.identify(key) if key else None
        if identity is not None and len(cookies) < 2 and len(authorization) + len(cookie) <= MAX_KEY_BYTES:
            if len(self._known) >= MAX_KEYS:
                self._known.clear()
            self._known[shown] = identity
        return identity

    async def _open(self, scope: Scope, receive: Receive, send: Send, identity: Identity | None) -> None:
        path: str = scope["path"]
        is_screen = path == "/" or path[1:].partition("/")[0] in SCREENS
        if not is_screen:
            await self._app(scope, receive, send)
        elif identity is None and not (self._store and self._store.has_password):
            await refuse(send, 403, "ThisMachineOnly", ONLY_HERE, SECURITY_HEADERS)
        elif identity is None:
            query = scope.get("query_string", b"").decode("latin-1")
            after = f"{path}?{query}" if 0 < len(query) < MAX_QUERY else path
            location = f"{self._jar.base_path}/login?next={quote(after, safe='/')}".encode()
            head = [(b"location", location), (b"cache-control", b"no-cache"), *SECURITY_HEADERS]
            await respond(send, 303, b"", head)
        else:
            await self._app(scope, receive, await self._renewing(scope, send, identity))

    async def _renewing(self, scope: Scope, send: Send, identity: Identity) -> Send:
        """Return `send` that gives a browser, with a page, the cookies that it lacks or should renew."""
        store = self._store
        if store is None or not identity.key:
            return send
        jar, left_s = self._jar, identity.ends_at - store.now_s()
        added = []
        if identity.created_at and store.now_s() - identity.created_at >= ROTATE_S:
            key = await run_in_threadpool(store.rotate_session, identity, address_of(scope))
            if not key:  # it ends in a minute: another page has got what comes after it
                return send
            added.append(jar.header(jar.session, key, scope, left_s))
        kept = jar.kept(scope)
        if not jar.value(kept, scope):
            key = secrets.token_urlsafe(32)
            added.append(jar.header(kept, key, scope, left_s, is_readable=True))
        if identity.created_at and not jar.value(jar.device, scope):
            device = await run_in_threadpool(give_device, store, identity)
            added.append(jar.header(jar.device, device, scope, FAMILIAR_S))
        return _adding(send, added) if added else send


def _adding(send: Send, added: list[tuple[bytes, bytes]], *, is_first: bool = False) -> Send:
    """Return `send` that adds headers; what is taken away comes first: a login gives it anew in the same answer."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", ())
            message["headers"] = [*added, *own] if is_first else [*own, *added]
        await send(message)

    return sent


def address_of(scope: Scope) -> str:
    """Return the address of whoever asks; behind a proxy on this machine, the one that it names."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def bearer_of(authorization: bytes) -> str:
    """Return the token that an `Authorization` header carries, empty for none."""
    is_bearer = authorization[:7].lower() == b"bearer "
    return authorization[7:].strip().decode("latin-1") if is_bearer else ""
