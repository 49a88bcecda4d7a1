"""Bodies, headers and things among the state files that mean no good."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.disk import ROUTES, put, state_folder
from tests.web.conftest import RunningDesk

from .desk import check_log, hostile_desk

DEEP = b"[" * 30_000
BODIES = (
    b"", b"{", b"null", b"[]", b'"x"', b"1", DEEP, b'{"action":' * 6_000,
    b'{"action": "pause", "reason": ' + DEEP + b"}", b'{"action": "pause", "reason": NaN}',
    b'{"action": "speed", "value": Infinity}', b'{"action": "speed", "value": -1e999}',
    b'{"action": "speed", "value": ' + b"9" * 6_000 + b"}", b'{"action": "jump", "value": "\\ud800"}',
    b'{"action": "pause", "reason": "\\ud800"}', b'{"action": "pause", "reason": "\xff"}', b"\xff\xfe{\x00}\x00",
    b'{"action": "pause", "reason": "' + b"x" * 60_000 + b'"}', b'{"action": "pause", "action": "kill"}',
    b'{"version": 1, "rules": {"max_alloc": ' + b"9" * 400 + b"}}", b'{"version": ' + b"9" * 400 + b', "rules": {}}',
    b'{"version": 1, "rules": {"\\ud800": 1}}', b'{"version": 1, "rules": {"max_alloc": 1e400}}',
    b'{"version": 1, "rules": {"max_alloc": NaN}}', b'{"version": 1e0, "rules": {"a": [1]}}',
    b'{"name": "\\u0000", "role": "viewer", "days": NaN}', b'{"name": "t", "role": "viewer", "days": 1e308}',
    b'{"name": "../t", "role": "root", "days": 1}', b'{"password": "\\ud800"}', b'{"password": ' + DEEP + b"}",
    b'{"password": "' + b"x" * 5_000 + b'"}', b"password=%ff%00&next=//evil.example", b"\x1f\x8b\x08\x00\x00\x00",
)  # fmt: skip
CHANGES = ("POST /api/control", "POST /api/bots/orb_ny/control", "PUT /api/bots/orb_ny/rules",
           "PUT /api/bots/vwap/kill",
           "POST /api/tokens", "POST /api/session", "DELETE /api/session?everywhere=1",
           "POST /api/bots/page")  # fmt: skip


@pytest.fixture(scope="module", params=["local", "admin"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningDesk, str]]:
    folder = tmp_path_factory.mktemp("body")
    with hostile_desk(folder, request.param) as (found, headers):
        found.client.headers.update(headers)
        yield found, headers.get("authorization", "")
    check_log(folder)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_change_when_its_body_is_anything_then_it_is_refused_in_json(
    kind: str, desk: tuple[RunningDesk, str]
) -> None:
    for change in CHANGES:
        method, path = change.split(" ")
        for body in BODIES:
            answer = desk[0].client.request(method, path, content=body, headers={"content-type": kind})
            told = f"{change} {body[:80]!r}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code < 500 and "Traceback" not in answer.text, told
            if answer.status_code >= 400:
                assert set(answer.json()) >= {"error", "detail"}, told


HEADERS = (
    b"X: " + b"a" * 60_000, b"X: a\r\n" * 300 + b"X: b", b"Cookie: aion_session=" + b"\xff" * 300,
    b"Cookie: ;;;==;aion_session",
    b"Authorization: Bearer \xff\x00", b"Authorization: Basic YTpi", b"Authorization: Bearer " + b"a" * 20_000,
    b"If-None-Match: " + b'"' * 9_000, b'If-None-Match: W/"\xff', b"Origin: null", b"Origin: http://127.0.0.1:1@evil",
    b"X-Forwarded-For: 127.0.0.1, \xff, ::1%eth0, 999.999.999.999" + b", 1.1.1.1" * 2_000, b"Forwarded: for=\"[::1\"",
    b"X-Forwarded-Host: evil", b"X-Forwarded-Proto: javascript", b"Host: evil", b"Host:", b"Host: [::1",
    b"Host: 127.0.0.1:x",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: \x0bchunked", b"Content-Length: -1",
    b"Content-Length: 1e9",
    b"Content-Length: 99999999999999999999999", b"Expect: 100-continue", b"Upgrade: h2c\r\nConnection: Upgrade",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x", b"Accept-Encoding: " + b"gzip;q=0," * 3_000,
    b"Last-Event-ID: " + b"9" * 9_000, b"Last-Event-ID: \xff\xfe", b"Range: bytes=0-0,-1,5-2", b" folded: x",
    b"no colon",
    b"X\x00: a", b": a", b"Connection: close, \xff",
)  # fmt: skip
ASKED = (
    b"/api/bots/page",
    b"/api/session",
    b"/metrics",
    b"/api/logs",
    b"/",
    b"/login",
    b"/events/bots",
    b"/api/bots/orb_ny/rules",
)


def test_header_when_it_is_anything_then_it_is_answered_or_the_connection_ends(desk: tuple[RunningDesk, str]) -> None:
    port = int(desk[0].url.rpartition(":")[2])
    for path in ASKED:
        for header in HEADERS:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
                # a stream of another body than the one announced would wait for the rest
                line = b"GET " + path + b" HTTP/1.1\r\n" + header + b"\r\nHost: 127.0.0.1"
                link.sendall(line + b"\r\n\r\n")
                link.shutdown(socket.SHUT_WR)
                data = b""
                try:
                    while b"\r\n\r\n" not in data and (part := link.recv(1 << 16)):
                        data += part
                except ConnectionResetError:
                    continue
            status = int(data[9:12]) if data else 0
            assert status < 500 or status == 503, f"{path!r} {header[:80]!r}: {data[:300]!r}"
    assert desk[0].get("/readyz").status_code == 200


def test_request_when_smuggled_then_the_second_is_nobodys(desk: tuple[RunningDesk, str]) -> None:
    """Two lengths, or a length and chunks: the server takes one request or none, never what hides in the body."""
    port = int(desk[0].url.rpartition(":")[2])
    inner = b"PUT /api/bots/vwap/kill HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    before = desk[0].get("/api/bots/vwap/control").json()
    for framing in (
        b"Content-Length: 0\r\nContent-Length: %d" % len(inner),
        b"Content-Length: %d\r\nTransfer-Encoding: chunked" % 3,
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Content-Length: +0",
    ):  # fmt: skip
        with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
            link.settimeout(1)
            link.sendall(b"GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n" + framing + b"\r\n\r\n0\r\n\r\n")
            data = b""
            try:
                while part := link.recv(1 << 16):
                    data += part
            except OSError:
                pass
            assert data.count(b"HTTP/1.1 200") <= 1, (framing, data)
    assert desk[0].get("/api/bots/vwap/control").json() == before


def test_body_when_it_never_ends_then_it_is_cut_off(desk: tuple[RunningDesk, str]) -> None:
    port = int(desk[0].url.rpartition(":")[2])
    key = f"Authorization: {desk[1]}\r\n".encode() if desk[1] else b""
    head = b"POST /api/bots/orb_ny/control HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n" + key
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
        link.sendall(head + b"Content-Type: application/json\r\n\r\n")
        sent = 0
        try:
            while sent < 64 << 20:
                link.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                sent += 0x10000
        except OSError:
            pass
        try:
            answer = link.recv(1 << 16)
        except ConnectionResetError:
            answer = b""
    assert b" 413 " in answer[:20] or not answer, answer[:200]
    assert sent < 64 << 20, "64 MB were taken"


def _special(kind: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir(path.parent)  # the path of a socket has to be short
            try:
                server.bind(path.name)
            finally:
                os.chdir(here)
    elif kind == "endless link":
        path.symlink_to("/dev/zero")
    elif kind == "link in a circle":
        path.symlink_to(path)
    elif kind == "link outside":
        path.symlink_to("/etc/passwd")
    elif kind == "device" and os.geteuid() == 0:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    else:
        path.mkdir()


@pytest.mark.parametrize(
    "kind", ["pipe", "socket", "endless link", "link in a circle", "link outside", "device", "folder"]
)  # fmt: skip
def test_state_file_when_it_is_none_then_every_route_answers_and_nothing_is_read(kind: str, tmp_path: Path) -> None:
    with hostile_desk(tmp_path, "local") as (desk, _):
        files = state_folder(desk.write.layout.root)
        whole = {name: path.read_bytes() for name, path in files.items()}
        good = desk.bots()
        for name, path in files.items():
            _special(kind, path)
            for route in ROUTES:
                answer = desk.get(route)
                assert answer.status_code < 500 and "root:" not in answer.text, (name, route, answer.text[:300])
            path.rmdir() if kind == "folder" or (path.is_dir() and not path.is_symlink()) else path.unlink()
            put(path, whole[name])
        mended = desk.bots()
        assert (mended["errors"], mended["swing"]) == ({}, good["swing"])
    check_log(tmp_path)


HTML = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'>&lt;"


def test_text_when_it_is_html_then_it_comes_as_json_that_no_browser_takes_for_a_page(tmp_path: Path) -> None:
    with hostile_desk(tmp_path, "local") as (desk, _):
        write = desk.write
        write.swing("mine", note=HTML, strategy=HTML, rule=HTML, state=HTML, control_error=HTML, positions={})
        desk.client.post("/api/bots/orb_ny/control", json={"action": "pause", "reason": HTML}).raise_for_status()
        routes = [
            *ROUTES,
            f"/api/bots/{HTML}/control",
            f"/api/logs?process={HTML}",
            f"/api/{HTML}",
            f"/events?topics={HTML}",
        ]
        seen = 0
        for route in routes:
            answer = desk.get(route)
            assert (
                "html" not in answer.headers["content-type"] and answer.headers["x-content-type-options"] == "nosniff"
            )
            seen += HTML[:28] in answer.text
        assert seen > 3
        page = desk.get(f"/{HTML}")
        policy = page.headers["content-security-policy"]
        assert f"{HTML}</" not in page.text and "default-src 'self'" in policy and "unsafe" not in policy
        assert page.status_code == 404 and page.headers["content-type"] == "application/json"
