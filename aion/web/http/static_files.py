"""The built front end: one HTML page for every screen, hashed assets that never change, and the headers of both."""

import asyncio
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from aion.errors import StateError
from aion.live.push.hub import Hub
from aion.live.snapshot import matches
from aion.store.base_path import SCREENS
from aion.store.file import read_bytes
from aion.web.http.middleware import refuse, respond

STATIC = Path(__file__).parents[1] / "static"
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser posts the login form from the origin `null`
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)
IMMUTABLE = b"public, max-age=31536000, immutable"
MAX_ASSET_BYTES = 8 << 20
UNHASHED = ("theme.js", "sw.js", "manifest.webmanifest")
"""Files whose names say nothing of what is in them."""
BUILD_LOOK_S = 10.0  # seconds between looks for a front end that was built anew
_PACKED = ((b"br", ".br"), (b"gzip", ".gz"))
_SAME = {"x-gzip": "gzip"}
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Aion: page not built</title>
<h1>The page is not built yet</h1>
<p>The desk runs and answers under <a href="/api/bots/page">/api/bots/page</a>, but there is no front end to show it.
<p>From a clone, run <code>make build</code>, then start the desk again.
</html>
"""

Headers = list[tuple[bytes, bytes]]
_ADDRESS = re.compile(rb'(?<=[" ])/(?=[a-z])')
"""Where an address of the desk's own begins in `index.html`."""
_ROOT = b'<html lang="en"'


def build_of(folder: Path) -> str:
    """Return the name of the front end in `folder`, another after each change; empty where there is none."""
    try:
        return _read_built(folder)[1]
    except (FileNotFoundError, StateError):
        return ""


def _read_built(folder: Path) -> tuple[bytes, str]:
    """Return `index.html`, and a name made of what has no hash in its own: the HTML holds the names of the others."""
    html = read_bytes(folder / "index.html", cap=MAX_ASSET_BYTES)[0]
    digest = hashlib.blake2b(html, digest_size=6)
    for name in UNHASHED:
        with suppress(FileNotFoundError, StateError):
            digest.update(read_bytes(folder / name, cap=MAX_ASSET_BYTES)[0])
    return html, digest.hexdigest()


class BuildWatch:
    """Keeps what streams and answers say of the front end true, when it is built anew under a running desk too."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        """Args: hub: whose streams name the build; folder: of the built front end."""
        self._hub = hub
        self._folder = folder
        self._tell: Callable[[str], None] | None = None
        self.take(build_of(folder))

    def tell(self, listener: Callable[[str], None]) -> None:
        """Have `listener` told the name now and each time it is another."""
        self._tell = listener
        listener(self._hub.build)

    def take(self, build: str) -> None:
        """Let streams, and who is told, name `build` from now on."""
        is_other = build != self._hub.build
        self._hub.build = build
        if is_other and self._tell is not None:
            self._tell(build)

    async def watch(self) -> None:
        """Look now and every few seconds, until cancelled."""
        while True:
            self.take(await run_in_threadpool(build_of, self._folder))
            await asyncio.sleep(BUILD_LOOK_S)


class Pages:
    """Serves the folder of the built front end; read from disk on each request, in a thread."""

    def __init__(
        self, folder: Path = STATIC, base_path: str = "", on_build: Callable[[str], None] | None = None
    ) -> None:
        """Make it.

        Args:
            folder: holds `index.html` and `assets/`; it need not exist.
            base_path: under which the desk is shown, such as `/aion`.
            on_build: told the name of the front end whenever a page of it is sent.
        """
        self._folder = folder
        self._base = base_path
        self._on_build = on_build

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD of a page or an asset."""
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            await refuse(send, 405, "MethodNotAllowed", "pages are only read", [(b"allow", b"GET, HEAD")])
            return
        if path == "/":
            await self._send(
                scope, send, 307, [(b"location", f"{self._base}/bots".encode()), (b"cache-control", b"no-cache")], b""
            )
            return
        pieces = path.strip("/").split("/")
        if pieces[0] in SCREENS:
            scope["aion.page"] = True
            await self._page(scope, send)
            return
        await self._asset(scope, send, pieces)

    async def _page(self, scope: Scope, send: Send, status: int = 200) -> None:
        try:
            body, build = await run_in_threadpool(self._read_page)
        except (FileNotFoundError, StateError):
            body, status = NOT_BUILT.replace(b'"/api', f'"{self._base}/api'.encode()), 503
        else:
            if self._on_build is not None:
                self._on_build(build)
        # made for this desk, so that no form built beforehand is right
        coding = b"gzip" if b"gzip" in (name for name, _ in _accepted(scope)) else b""
        headers: Headers = [(b"content-type", b"text/html; charset=utf-8"), *_coded(coding)]
        body = gzip.compress(body, 6, mtime=0) if coding else body
        await self._content(scope, send, status, body, headers, b"no-cache")

    def _read_page(self) -> tuple[bytes, str]:
        """Return the page for this desk's base path, and the name of the front end."""
        html, build = _read_built(self._folder)
        if self._base:
            html = _ADDRESS.sub(f"{self._base}/".encode(), html)
        return html.replace(
            _ROOT, f'{_ROOT.decode()} data-build="{build}" data-base="{self._base}"'.encode(), 1
        ), build

    async def _asset(self, scope: Scope, send: Send, pieces: list[str]) -> None:
        if not all(_is_plain(piece) for piece in pieces) or len(pieces) > 3:
            await refuse(send, 404, "NotFound", "there is no such page", SECURITY_HEADERS)
            return
        path = self._folder.joinpath(*pieces)
        scope["aion.page"] = True
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        text = kind.startswith("text/") or kind.endswith(("javascript", "json", "xml"))
        headers: Headers = [(b"content-type", (f"{kind}; charset=utf-8" if text else kind).encode())]
        try:
            body, coding = await run_in_threadpool(_read_asset, path, _accepted(scope))
        except (FileNotFoundError, StateError):
            if pieces[0] != "assets" and _wants_page(scope):
                await self._page(scope, send, 404)  # the page says which pages there are
            else:
                await refuse(send, 404, "NotFound", "there is no such page", SECURITY_HEADERS)
            return
        headers += _coded(coding)
        caching = IMMUTABLE if pieces[0] == "assets" else b"no-cache"
        await self._content(scope, send, 200, body, headers, caching)

    async def _content(
        self, scope: Scope, send: Send, status: int, body: bytes, headers: Headers, caching: bytes
    ) -> None:
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers += [(b"etag", etag.encode()), (b"cache-control", caching)]
        asked = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
        if status == 200 and matches(",".join(asked), etag):
            await self._send(scope, send, 304, headers, b"")
            return
        await self._send(scope, send, status, headers, body)

    async def _send(self, scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
        await respond(send, status, body, [*headers, *SECURITY_HEADERS], is_head=scope["method"] == "HEAD")


def _coded(coding: bytes) -> Headers:
    """Return the headers of a body in `coding`; a part of it is never sent, as RFC 9110, section 14.2 allows."""
    said = [(b"content-encoding", coding)] if coding else []
    return [(b"vary", b"Accept-Encoding"), (b"accept-ranges", b"none"), *said]


def acceptable(accept_encoding: str) -> list[bytes]:
    """Return the codings to send an asset in, the best first (RFC 9110, section 12.5.3); none: as it is.

    Among those of one weight the smaller form comes first. One whose weight cannot be read counts as not named.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = float(value) if _WEIGHT.fullmatch(value.strip()) else 0.0
        if coding:
            weights[_SAME.get(coding, coding)] = weight
    rest = weights.get("*", 0.0)
    as_it_is = weights.get("identity", 0.0)
    wanted = {name: weights.get(name.decode(), rest) for name, _ in _PACKED}
    return sorted(
        (name for name in wanted if wanted[name] > 0 and wanted[name] >= as_it_is), key=lambda n: -wanted[n]
    )


def _accepted(scope: Scope) -> list[tuple[bytes, str]]:
    header = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding").decode("latin-1")
    suffixes = dict(_PACKED)
    return [(name, suffixes[name]) for name in acceptable(header)]


def _read_asset(path: Path, accepted: list[tuple[bytes, str]]) -> tuple[bytes, bytes]:
    for coding, suffix in accepted:
        packed = path.with_name(path.name + suffix)
        # read as it stands: a name ending in .gz would be inflated
        if packed.is_file() and not packed.is_symlink():
            return packed.read_bytes(), coding
    return read_bytes(path, cap=MAX_ASSET_BYTES)[0], b""


def _wants_page(scope: Scope) -> bool:
    """Return whether a person asks: a browser that opens an address, not a program."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


MAX_PIECE = 60  # letters of a name, four bytes each at most: no file's name is longer, and the system would raise


def _is_plain(piece: str) -> bool:
    return 0 < len(piece) <= MAX_PIECE and not piece.startswith(".") and not set(piece) & set("\\/\0")
