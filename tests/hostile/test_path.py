"""Names in paths that want to be somewhere else: every route that takes one, under every name of the route."""

import socket
from collections.abc import Iterator

import pytest

from tests.web.conftest import RunningDesk

from .desk import check_log, hostile_desk

SECRET = "the content of a file outside"
TRICKS = (
    "..", "../..", "..%2f..%2fsecret", "%2e%2e/%2e%2e/secret", "..%252f..%252fsecret", "%252e%252e%255csecret",
    "..%5c..%5csecret", "..\\secret", "%00", "orb_ny%00.json", "orb_ny%0a", "%c0%ae%c0%ae%c0%afsecret", "%e0%80%ae",
    "%ff%fe", "\xff", "con", "NUL", "aux.json", "lpt1", "*", "?", "orb_n?", "[a-z]*", "~root", "/etc/passwd",
    "%2fetc%2fpasswd", "file:///etc/passwd", "." , "%2e", "-rf", "orb_ny.", "orb_ny ", "%20", "orb_ny;x", "orb_ny|id",
    "$(id)", "%24%7bid%7d", "a" * 10_000, "%61" * 3_000, "%E2%80%AE", "%f0%9f%92%a3", "%ed%a0%80", "1e309", "-1",
)  # fmt: skip
DAY, HORIZON = "2022-05-19", "1w"
ROUTES = (
    "/api/bots/{}/control", "/api/bots/{}/rules", "/api/bots/{}/days", "/api/bots/{}/history/fills",
    "/api/bots/orb_ny/history/{}", "/api/bots/orb_ny/history/fills/{}?day=2022-05-19", "/api/intraday/bots/{}",
    "/api/intraday/bots/{}/fills", "/api/intraday/bots/orb_ny/{}", "/api/swing/bots/{}", "/api/swing/bots/{}/curve",
    "/api/intraday/logs/{}", "/api/intraday/logs/2022-05-19/{}", "/api/swing/logs/{}/days",
    "/api/swing/logs/{}/2022-05-18",
    "/api/swing/logs/1w/{}", "/api/swing/logs/1w/2022-05-18/{}", "/api/swing/logs/{}/last-day", "/api/logs/files/{}",
    "/api/logs?process={}", "/api/logs?after={}:0", "/api/logs?before={}:9", "/api/logs/search?process={}",
    "/api/logs/search?bot={}", "/api/bots/orb_ny/history/fills?before={}", "/api/bots/orb_ny/history/fills?day={}",
    "/api/bots/orb_ny/history/fills?symbol={}", "/events?topics={}", "/{}", "/assets/{}", "/intraday/{}", "/bots/{}",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    folder = tmp_path_factory.mktemp("path")
    (folder / "secret").write_text(SECRET)
    (folder / "secret.json").write_text(SECRET)
    (folder / "static").mkdir()
    (folder / "static" / "index.html").write_text("<!doctype html>the page")
    with hostile_desk(folder, "local") as (found, _):
        yield found
    check_log(folder)


def names_of(route: str) -> list[str]:
    """Return a route under each of its names."""
    if not route.startswith("/api/"):
        return [route]
    return [route, route.replace("/api/", "/api/backend/", 1)]


def ask(link: socket.socket, line: bytes, content: bytes = b"") -> tuple[int, bytes]:
    """Send a request line exactly as it is, which no client library would; return status and body."""
    more = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(content) if content else b""
    link.sendall(line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + b"\r\n" + content)
    data = b""
    while b"\r\n\r\n" not in data:
        part = link.recv(1 << 16)
        if not part:
            return (int(data[9:12]) if data else 0), data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    if b"content-length:" in lower:
        length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += link.recv(1 << 16)
    return int(head[9:12]), body


@pytest.mark.parametrize("route", ROUTES)
def test_name_when_it_points_elsewhere_then_nothing_elsewhere_is_read(route: str, desk: RunningDesk) -> None:
    port = int(desk.url.rpartition(":")[2])
    for name in names_of(route):
        link = socket.create_connection(("127.0.0.1", port), timeout=30)
        for trick in TRICKS:
            line = b"GET " + name.format(trick).encode("latin-1")
            status, body = ask(link, line)
            told = f"{line[:120]!r}: {status} {body[:200]!r}"
            assert status < 500, told
            assert SECRET.encode() not in body and b"root:" not in body and b"Traceback" not in body, told
            if status in (0, 400) or (status == 200 and body == b""):  # closed, or a stream
                link.close()
                link = socket.create_connection(("127.0.0.1", port), timeout=30)
        link.close()
    assert desk.get("/readyz").status_code == 200


CHANGED = ("/api/bots/{}/control", "/api/bots/{}/kill", "/api/bots/{}/rules?version=0", "/api/tokens/{}")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_change_when_its_name_points_elsewhere_then_nothing_is_written(method: str, desk: RunningDesk) -> None:
    port = int(desk.url.rpartition(":")[2])
    place = desk.write.layout.root.parent
    before = {path for path in place.rglob("*") if "desk.sqlite" not in path.name}
    for name in (each for route in CHANGED for each in names_of(route)):
        for trick in TRICKS:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
                line = f"{method} {name.format(trick)}".encode("latin-1")
                status, body = ask(link, line, b'{"action": "pause"}')
                assert status in (0, 400, 404, 405, 409, 422), f"{line[:120]!r}: {status} {body[:200]!r}"
    assert {path for path in place.rglob("*") if "desk.sqlite" not in path.name} == before


def test_path_when_encoded_twice_then_it_is_decoded_once(desk: RunningDesk) -> None:
    assert desk.get("/api/intraday/bots/orb%5Fny").status_code == 200
    assert desk.get("/api/intraday/bots/orb%255Fny").status_code == 400
    assert desk.get("/api/backend/api/backend/bots/page").status_code == 404
    assert desk.get("/api/backend/backend/bots/page").status_code == 404
