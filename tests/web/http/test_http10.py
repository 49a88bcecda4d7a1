"""Clients that speak HTTP/1.0: `ab`, old scripts, and nginx unless it is told otherwise."""

import json
import shutil
import socket
import subprocess
import zlib
from collections.abc import Callable

import pytest

from tests.web.conftest import RunningDesk

START = Callable[..., RunningDesk]


def ask(desk: RunningDesk, path: str, *head: str, method: str = "GET") -> tuple[list[str], bytes]:
    """Status line and headers, and the body up to the end of the connection."""
    with send(desk, path, *head, method=method) as link:
        return parts(b"".join(iter(lambda: link.recv(65_536), b"")))


def send(desk: RunningDesk, path: str, *head: str, method: str = "GET") -> socket.socket:
    host, port = desk.url.removeprefix("http://").split(":")
    link = socket.create_connection((host, int(port)), timeout=30)
    link.sendall("\r\n".join((f"{method} {path} HTTP/1.0", f"Host: {host}:{port}", *head, "", "")).encode())
    return link


def parts(answer: bytes) -> tuple[list[str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().lower().split("\r\n"), body


def test_answers_when_asked_by_http_1_0_then_none_is_chunked(start_desk: START) -> None:
    desk = start_desk(password="a-long-enough-password")
    desk.write.swing("swing_1w")
    desk.app.desk.log.info("a line")
    assert desk.app.desk.store is not None
    token = desk.app.desk.store.make_token("t", "admin", 1, "test", "")
    head = {"authorization": f"Bearer {token}"}
    routes = [path.replace("{name}", "x") for path in desk.get("/api/openapi.json", headers=head).json()["paths"]]
    paths = ["/", "/bots", "/login", "/login.css", "/nothing", "/assets/none.js", "/healthz", "/metrics", "/x?y"]
    for path in [*paths, *(each for each in routes if "events" not in each)]:
        for credentials in ((), (f"Authorization: Bearer {token}",)):
            for method in ("GET", "HEAD"):
                head, body = ask(desk, path.replace("{", "").replace("}", ""), *credentials, method=method)
                assert not any(line.startswith("transfer-encoding") for line in head), (path, head)
                lengths = [int(line[16:]) for line in head if line.startswith("content-length: ")]
                assert head[0].split()[1] == "304" or len(lengths) == 1, (path, head)
                assert len(body) == (0 if method == "HEAD" else lengths[0]), (path, head)


@pytest.mark.parametrize("gzip", [False, True])
def test_stream_when_asked_by_http_1_0_then_its_end_is_that_of_the_connection(start_desk: START, gzip: bool) -> None:
    desk = start_desk()
    desk.write.swing("swing_1w", equity=1.0)
    with send(desk, "/events/bots", *(["Accept-Encoding: gzip"] if gzip else [])) as link:
        got = b""
        unpack = zlib.decompressobj(31)

        def text() -> str:
            nonlocal got
            data = link.recv(65_536)
            assert data, got
            got += data
            head, _, body = got.partition(b"\r\n\r\n")
            assert b"transfer-encoding" not in head.lower() and b"connection: close" in head.lower()
            return (unpack.copy().decompress(body) if gzip and body else body).decode()

        while '"equity":1.0' not in (now := text()):
            pass
        assert now.startswith("event: hello\n"), "no length of a chunk stands before it"
        desk.write.swing("swing_1w", equity=2.0)
        while '"equity":2.0' not in (now := text()):
            pass
        events = [each for each in now.split("\n\n") if each]
        for event in events:
            fields = dict(line.split(": ", 1) for line in event.split("\n"))
            assert set(fields) <= {"event", "id", "data", "retry"}
            json.loads(fields["data"])


def test_curl_when_told_to_speak_http_1_0_then_it_gets_stream_and_answers(start_desk: START) -> None:
    desk = start_desk()
    desk.write.swing("swing_1w")
    curl = shutil.which("curl")
    assert curl, "the tests need curl"
    answer = subprocess.run(
        [curl, "-s", "--http1.0", "--compressed", f"{desk.url}/api/bots/page"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert "swing_1w" in json.loads(answer.stdout)["swing"]["bots"]
    follow = subprocess.Popen([curl, "-sN", "--http1.0", f"{desk.url}/events/bots"], stdout=subprocess.PIPE)
    try:
        assert follow.stdout is not None
        assert follow.stdout.readline() == b"event: hello\n"
        for line in follow.stdout:
            if line.startswith(b"event: bots"):
                break
    finally:
        follow.kill()
        follow.communicate()


@pytest.mark.parametrize(("head", "status"), [
    ("GET /healthz HTTP/1.0\r\n", 200),
    ("GET /api/bots/page HTTP/1.0\r\n", 200),
    ("POST /api/bots/desk/control HTTP/1.0\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n", 403),
    ("GET /healthz HTTP/1.0\r\nHost: evil.example\r\n", 421),
    ("GET /healthz HTTP/1.0\r\nHost:\r\n", 421),
    ("GET /healthz HTTP/1.1\r\n", 400),
])  # fmt: skip
def test_host_when_absent_then_only_http_1_0_is_answered(start_desk: START, head: str, status: int) -> None:
    host, port = start_desk().url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as link:
        link.sendall(f"{head}\r\n".encode())
        line = link.recv(65_536).split(b"\r\n")[0]
    assert line.split()[1] == str(status).encode(), line


def test_requests_when_more_wait_than_may_then_the_answer_says_so(start_desk: START) -> None:
    host, port = start_desk().url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as link:
        link.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode() * 200)
        answer = b"".join(iter(lambda: link.recv(65_536), b""))
    assert b"more than 100 requests wait" in answer
