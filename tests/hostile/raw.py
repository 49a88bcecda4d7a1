# ruff: noqa: E501 - tables of hostile values
"""Raw bytes at a real desk: methods, targets, headers, bodies and hang-ups of every kind, as everybody there is.

What must hold: no answer of 500 or above but 503, nothing that the desk calls an error, and nothing that grows: memory,
open files, log.
"""

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from aion.config import Settings
from aion.store.layout import Layout
from aion.web.security.command import open_store
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.password import hash_password
from tests.fault.desk import Aion, Broken, Held, running, until
from tests.fault.disk import state_folder
from tests.live.reset import RST

LIMITS = {"AION_ADDRESS_CONNECTIONS": "10000", "AION_ADDRESS_ACCEPT_RATE": "100000", "AION_ACCEPT_RATE": "100000"}
LINKS = 8
LOG_BYTES = 200_000
"""That a run may add to the log, however long it is: a line a minute and kind."""
DESCRIBED = "/api/openapi.json"

METHODS = (
    "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get",
    "PROPFIND", "M-SEARCH", "LOCK", "SOURCE", "PRI", "G\u00c9T", "", "A" * 300,
)  # fmt: skip
STRANGE = (
    "*", "/", "//", "///", "/..", "/./", "/%2e%2e/", "/%00", "/%", "/%zz", "/%ED%A0%80", "/%ff%fe", "/\u00e9", "/\x7f",
    "http://127.0.0.1/api/bots/page", "http://evil.example/", "http://[::1", "https://127.0.0.1:99999/", "127.0.0.1:80",
    "evil.example:443", "ftp://x/y", "", "?", "#", "/#x", "/api", "/api/", "/api//", "/api/backend", "/api/backend/",
    "/api/backend/api/backend/bots/page", "/events", "/events/", "/events/x", "/api/events?topics=", "/login?why=%00",
    "/login?why=%ED%A0%80&next=//evil", "/api/events?topics=" + "bots," * 400, "/" + "a" * 9_000, "/" + "a/" * 3_000,
    "/api/bots/" + "%F0%9F%98%80" * 300 + "/control", "/api/bots/page?" + "&" * 5_000, "/api/bots/page?" + "a=b&" * 2_000,
    "/api/bots/..%2f..%2fetc/rules", "/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/favicon.ico",
    "/robots.txt", "/bots/" + "x" * 3_000, "/healthz", "/readyz", "/metrics", "/api/session", "\\", "/\\..\\", "/;x=y",
)  # fmt: skip
VALUES = (
    "", "0", "-1", "1e400", "1e-400", "NaN", "inf", "9" * 30, "9" * 5_000, "-" + "9" * 30, "0x10", "1_000", "\u0661",
    "true", "null", "[]", "{}", "a", "%00", "%ED%A0%80", "%FF", "%F0%9F%98%80", "..", "../..", "orb_ny", "swing_2w",
    "desk", "MSFT", "2022-05-19", "2022-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2022-W20-4",
    "0001-01-01T00:00%2B14:00", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z",
    "9999-12-31T24:00:00Z", "2022-05-19T13:31Z", "2022-05-19T13:31:60Z", "2022-05-19T13:31", "20220519T1331Z",
    "web:0", "web:-1", "web:99999999999999999999", "bots:1,web:2", "w:x:y", "x" * 130, "x" * 3_000, "a,b,c", "1w", "4w",
    "fills", "trades", "f-a", "<script>", "%0d%0aX:%20y", "W/%22x%22", "bots,logs", "bots:W/%22", "error", "debug",
)  # fmt: skip
NAMES = (
    "limit", "day", "symbol", "before", "after", "since", "until", "from", "to", "level", "bot", "text", "version", "have",
    "topics", "beats", "patches", "last_event_id", "everywhere", "next", "why", "file", "q", "x", "stops",
)  # fmt: skip
HEADERS = (
    "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=nan, *;q=1e999", "If-None-Match: *", 'If-None-Match: W/"' + "x" * 3_000,
    "Last-Event-ID: \x80\xff", "Range: bytes=0-", "Content-Type: application/json", "Content-Type: \xff/\xff; charset=utf-7",
    "Content-Type: multipart/form-data; boundary=", "Content-Type: application/x-www-form-urlencoded", "Cookie: aion_session=\xff",
    "Cookie: " + "a=b; " * 800, "Authorization: Bearer ", "Authorization: Bearer \xff", "X-Request-ID: \xff", "X-Request-ID: ok-1",
    "X-Forwarded-For: \xff, ::1%x, 1.1.1.1", "X-Forwarded-Proto: \xff", "Forwarded: for=", "Origin: null", "Origin: http://\xff",
    "Sec-Fetch-Site: cross-site", "Expect: 100-continue", "Expect: \xff", "Upgrade: websocket", "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c", "Connection: close", "Connection: keep-alive", "Host: evil.example", "Host:", "TE: trailers", "Trailer: x",
    "X: " + "y" * 9_000, "X:\x00", "X : y", " folded", "no colon", ":", "\r", "Content-Length: 5", "Content-Length: -5",
    "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 0x5", "Content-Length: 999999999999999999999999",
    "Content-Length: \u0665", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
)  # fmt: skip
MILD = ("",) * 6 + HEADERS[:2] + HEADERS[3:5] + (
    "Last-Event-ID: 9", "Cookie: aion_session=x", "Origin: null", "Connection: close", "Expect: 100-continue",
    "X-Forwarded-For: 1.1.1.1", "Upgrade: websocket\r\nConnection: Upgrade", "If-None-Match: *",
)  # fmt: skip
BODIES = (
    b"", b"{", b"{}", b"[]", b"null", b'"\\ud800"', b"\xff\xfe", b"\x00" * 50, b"[" * 20_000, b'{"a":' * 9_000, b"9" * 5_000,
    b'{"action":"pause","reason":"\\ud800"}', b'{"action":"jump","value":"0001-01-01"}', b'{"action":"jump","value":"9999-12-31"}',
    b'{"action":"jump","value":"\\u0000"}', b'{"action":"speed","value":1e400}', b'{"action":"speed","value":-0.0}',
    b'{"action":"admit","value":"\\ud800"}', b'{"action":"admit","value":"\\u0000/x"}', b'{"action":"pause","reason":"\\u0000"}',
    b'{"version":' + b"9" * 4_500 + b',"rules":{}}', b'{"version":0,"rules":{"\\ud800":"\\udfff"}}', b'{"version":0,"rules":{"max_alloc":1e999}}',
    b'{"version":0,"rules":{"max_positions":1' + b"0" * 310 + b"}}", b'{"password":"\\ud800"}', b'{"password":"\\u0000","next":"\\ud800"}',
    b"password=%ED%A0%80&next=%ED%A0%80", b"password=" + b"x" * 5_000, b"&" * 5_000, b'{"name":"a","role":"viewer","days":1e-320}',
    b'{"name":"\\ud800","role":"viewer","days":1}', b'{"name":"t","role":"viewer","days":3650}', b'{"reason":"\\ud83d"}',
    b'{"reason":"' + b"x" * 60_000 + b'"}', b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\nhello\r\n0\r\n\r\n", b"-1\r\n\r\n",
    b"ffffffffffffffffff\r\nx", b"5;" + b"x" * 9_000 + b"\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", b"5\nhello\n0\n\n",
)  # fmt: skip
ENDINGS = ("wait", "wait", "wait", "close", "reset", "half", "cut", "cut", "trickle")


class Asker:
    """Makes requests at random from a seed."""

    def __init__(self, seed: int, paths: list[str], credentials: dict[str, str]) -> None:
        """Args: seed: of what comes; paths: routes of the description; credentials: headers of `PEOPLE` by name."""
        self.chance = random.Random(seed)
        self._paths = paths
        self._credentials = credentials

    def request(self) -> bytes:
        """Return one request, sound or not."""
        chance = self.chance
        if chance.random() < 0.6:
            return self._plausible()
        version = chance.choice(("HTTP/1.1",) * 12 + ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9", "", "HTTP/1.1 x"))
        lines = [f"{chance.choice(METHODS)} {self._target()} {version}"]
        if chance.random() < 0.95:
            lines.append("Host: 127.0.0.1")
        lines += chance.sample(HEADERS, chance.choice((0, 0, 0, 1, 1, 2, 5)))
        lines += [header for header in [chance.choice(list(self._credentials.values()))] if header]
        body = chance.choice(BODIES) if chance.random() < 0.5 else b""
        if body and chance.random() < 0.8:
            lines.append(f"Content-Length: {len(body)}")
            lines.append("Content-Type: application/json")
        ending = chance.choice(("\r\n",) * 20 + ("\n", "\r"))
        return (ending.join(lines) + ending * 2).encode("latin-1", "replace") + body

    def _plausible(self) -> bytes:
        """Return a request that the parser takes, so that what is behind it is asked."""
        chance = self.chance
        method = chance.choice(("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))
        target = self._target().encode("ascii", "ignore").decode() or "/"
        if " " in target or not target.startswith(("/", "*", "http")):
            target = "/api/bots/page"
        body = chance.choice(BODIES) if method in ("POST", "PUT", "PATCH", "DELETE") else b""
        lines = [f"{method} {target[:9_000]} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [
            f"Content-Type: {chance.choice(('application/json',) * 3 + ('application/x-www-form-urlencoded', 'x'))}"
        ]
        lines += [each for each in (chance.choice(list(self._credentials.values())), chance.choice(MILD)) if each]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body

    def _target(self) -> str:
        chance = self.chance
        if chance.random() < 0.3:
            return chance.choice(STRANGE)
        path = chance.choice(self._paths)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + chance.choice(VALUES) + rest.partition("}")[2]
        asked = [f"{chance.choice(NAMES)}={chance.choice(VALUES)}" for _ in range(chance.choice((0, 0, 1, 1, 2, 4)))]
        return path + ("?" + "&".join(asked) if asked else "")


class Seen:
    """What came back."""

    def __init__(self) -> None:
        self.requests = 0
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def take(self, sent: bytes, requests: int, answers: bytes) -> None:
        """Look at all that came on one connection."""
        with self._lock:
            self.requests += requests
            for status in statuses(answers):
                self.statuses[status] += 1
                if status >= 500 and status != 503:
                    self.wrong.append(f"{sent[:300]!r} was answered {answers[:300]!r}")
            if b"Traceback" in answers:
                self.wrong.append(f"{sent[:300]!r}: a traceback in the answer")

    def line(self) -> str:
        named = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.requests} requests: {named}"


def statuses(answers: bytes) -> Iterator[int]:
    """Yield the statuses of what a connection brought."""
    for part in answers.split(b"HTTP/1.1 ")[1:]:
        if part[:3].isdigit():
            yield int(part[:3])


def converse(port: int, asker: Asker, seen: Seen) -> None:
    """Open one connection, say one thing or several, and leave in one way or another."""
    chance = asker.chance
    count = chance.choice((1,) * 8 + (2, 5))
    data = b"".join(asker.request() for _ in range(count))
    ending = chance.choice(ENDINGS)
    answers = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        if ending == "cut":
            data = data[: chance.randrange(1, len(data) + 1)]
            link.sendall(data)
            if chance.random() < 0.5:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
            seen.take(data, count, b"")
            return
        if ending == "trickle":
            for start in range(0, min(len(data), 400), 7):
                link.sendall(data[start : start + 7])
            link.sendall(data[400:])
        else:
            link.sendall(data)
        if ending == "reset":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        elif ending != "close":
            # whatever is left open, as by a length that is not met, ends when the desk sees that nothing follows
            link.shutdown(socket.SHUT_WR)
            link.settimeout(3)
            while len(answers) < 1 << 20 and (part := link.recv(1 << 16)):
                answers += part
                if b"text/event-stream" in answers:
                    break
    seen.take(data, count, answers)


@contextmanager
def desk(folder: Path) -> Iterator[tuple[Aion, dict[str, str]]]:
    """A desk of its own process with a password, and what makes a request one of each who may ask."""
    data = folder / "data"
    state_folder(data)
    store = open_store(Settings(data=data))
    assert store is not None
    store.set_password("admin", hash_password("correct horse"), "command", "test")
    credentials = {"nobody": ""}
    for role in ("viewer", "admin"):
        token = store.make_token(f"script-{role}", role, 1, "test", "")
        credentials[f"token of a {role}"] = f"Authorization: Bearer {token}"
        credentials[role] = f"Cookie: {CookieJar(store.desk_id).session}={store.open_session(role, '127.0.0.1')}"
    store.close()
    with running("serve", data, environment=LIMITS) as aion:
        yield aion, credentials


def flood(aion: Aion, credentials: dict[str, str], requests: int, seed: int) -> Seen:
    """Send `requests` hostile requests over `LINKS` connections at a time; return what came back."""
    admin = credentials["token of a admin"].partition(": ")[2]
    paths = list(aion.get(DESCRIBED, authorization=admin).raise_for_status().json()["paths"])
    seen = Seen()

    def work(number: int) -> None:
        asker = Asker(seed * LINKS + number, paths, credentials)
        while seen.requests < requests and not seen.wrong:
            converse(aion.port, asker, seen)

    with ThreadPoolExecutor(LINKS) as pool:
        list(pool.map(work, range(LINKS)))
    return seen


def check(folder: Path, requests: int, seed: int = 0) -> str:
    """Flood a desk, and check all that must hold; return what was seen.

    Raises:
        Broken: something does not hold.
    """
    with desk(folder) as (aion, credentials):
        flood(aion, credentials, min(requests, 2_000), seed + 1)  # what is made once is made
        settle(aion)
        held, logged = Held(aion.root), log_bytes(folder)
        seen = flood(aion, credentials, requests, seed)
        if seen.wrong:
            raise Broken("\n".join(seen.wrong[:3]))
        settle(aion)
        kept = held.check()
        text = "".join(path.read_text("utf-8", "replace") for path in log_files(folder))
        errors = [line for line in text.splitlines() if "Traceback" in line or '"level":"error"' in line]
        if errors:
            raise Broken(f"the log has {len(errors)} errors: {errors[0][:700]}")
        if (grown := log_bytes(folder) - logged) > LOG_BYTES:
            raise Broken(f"the log grew by {grown} bytes")
        if not aion.get("/readyz").is_success:
            raise Broken("it answers no more")
    return f"{seen.line()}; {kept}; {grown} bytes of log"


def settle(aion: Aion) -> None:
    """Wait until no connection but the asking one is left."""
    until("connections stay", lambda: len([each for each in aion.root.net_connections("tcp") if each.raddr]) <= 1)


def log_files(folder: Path) -> list[Path]:
    return sorted(Layout(folder / "data").logs.glob("*.jsonl"))


def log_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in log_files(folder))
