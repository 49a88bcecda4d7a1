"""What is over a limit is turned away with 503, what takes too long is ended; everybody else goes on."""

import asyncio
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from aion.config import Settings, load
from aion.errors import ConfigError
from aion.web.http.gate import RETRY_AFTER_S, Gate, Proxies, allow_files, retry_after
from aion.web.http.limit import MAX_ADDRESSES, Buckets, network_of
from aion.web.security.password import hash_password
from tests.web.conftest import RunningDesk

START = Callable[..., RunningDesk]
PASSWORD = "a sentence that nobody guesses"
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@contextmanager
def connected(desk: RunningDesk, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    port = int(desk.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0)) as link:
        yield link


def rest(link: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    found = b""
    try:
        while part := link.recv(65_536):
            found += part
    except ConnectionResetError:
        found += b"<reset>"
    return found


def answer(link: socket.socket, request: bytes = GET + b"\r\n") -> bytes:
    """Return one answer to a request on a connection that stays open; of a stream only its head."""
    link.sendall(request)
    found = b""
    while True:
        head, end, body = found.partition(b"\r\n\r\n")
        size = re.search(rb"content-length: (\d+)", head)
        if end and (size is None or len(body) >= int(size[1])):
            return found
        part = link.recv(65_536)
        assert part, found
        found += part


def open_stream(link: socket.socket, path: str = "/events/bots", *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    found = answer(link, "\r\n".join(lines).encode())
    while found.startswith(b"HTTP/1.1 200") and b"event: hello" not in found:
        found += link.recv(65_536)
    return found


def is_turned_away(said: bytes) -> bool:
    wait = re.search(rb"retry-after: (\d+)\r\n", said)
    return said.startswith(b"HTTP/1.1 503 ") and wait is not None and 2 <= int(wait[1]) < 10


def until(what: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_connections_when_all_are_taken_then_the_next_hears_503_and_nobody_is_put_out(start_desk: START) -> None:
    desk = start_desk(max_connections=3)
    with connected(desk) as first, connected(desk) as second, connected(desk) as third:
        for link in (first, second, third):
            assert answer(link).startswith(b"HTTP/1.1 200")
        with connected(desk) as fourth:
            said = rest(fourth)
            assert is_turned_away(said) and b"all connections are taken" in said
        for link in (first, second, third):
            assert answer(link).startswith(b"HTTP/1.1 200"), "those that are in stay in"
        third.close()
        until(lambda: len(desk.app.desk.gate.connections) < 3)
        with connected(desk) as fifth:
            assert answer(fifth).startswith(b"HTTP/1.1 200")
    assert desk.app.desk.gate.turned_away["all connections are taken"] == 1


def test_connections_when_one_address_takes_too_many_then_another_gets_in(start_desk: START) -> None:
    desk = start_desk(address_connections=2)
    with connected(desk, "127.0.0.2") as first, connected(desk, "127.0.0.2") as second:
        assert answer(first).startswith(b"HTTP/1.1 200") and b"event: hello" in open_stream(second)
        with connected(desk, "127.0.0.2") as third:
            assert is_turned_away(rest(third))
        with connected(desk, "127.0.0.3") as other:
            assert answer(other).startswith(b"HTTP/1.1 200")
        second.close()  # a stream that left counts no more
        until(lambda: len(desk.app.desk.live.hub) == 0)
        with connected(desk, "127.0.0.2") as third:
            assert answer(third).startswith(b"HTTP/1.1 200")
        with connected(desk) as proxy, connected(desk) as more, connected(desk) as most:
            for link in (proxy, more, most):  # 127.0.0.1 may be a proxy: many people's connections
                assert answer(link).startswith(b"HTTP/1.1 200")


def test_connections_when_they_come_too_fast_then_some_are_turned_away(start_desk: START) -> None:
    desk = start_desk(address_accept_rate=1)
    said = []
    for _ in range(4):
        with connected(desk, "127.0.0.2") as link:
            link.sendall(GET + b"Connection: close\r\n\r\n")
            said.append(rest(link))
    assert said[0].startswith(b"HTTP/1.1 200") and said[1].startswith(b"HTTP/1.1 200")
    assert any(is_turned_away(each) and b"a second" in each for each in said[2:])


def test_rate_when_a_second_has_passed_then_there_is_room_again() -> None:
    now = [0.0]
    gate = Gate(Settings(accept_rate=2, address_accept_rate=1), lambda: now[0])
    transport: Any = type("Open", (), {"is_closing": lambda _self: False})()
    assert [bool(gate.refusal("10.0.0.1", transport)) for _ in range(3)] == [False, False, True]
    assert [bool(gate.refusal("10.0.0.2", transport)) for _ in range(3)] == [False, False, True]
    assert gate.refusal("127.0.0.1", transport), "what all may take counts for a proxy too"
    now[0] = 1.0
    assert not gate.refusal("10.0.0.1", transport)


def test_buckets_when_the_world_comes_then_memory_is_bounded() -> None:
    buckets = Buckets(2, 1, 1e9, 1, lambda: 0.0)
    for number in range(MAX_ADDRESSES + 500):
        buckets.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(buckets) == MAX_ADDRESSES


def test_network_when_asked_then_one_sender_has_one_name() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("no address") == network_of("a:b:c") == "unknown"


def test_stream_when_its_address_has_too_many_then_503_until_one_ends(start_desk: START) -> None:
    desk = start_desk(address_connections=2)
    with connected(desk) as first, connected(desk) as second, connected(desk) as third:
        for link in (first, second):
            assert b"event: hello" in open_stream(link)
        said = open_stream(third)
        assert is_turned_away(said) and b"no-store" in said
        first.close()
        until(lambda: len(desk.app.desk.live.hub) == 1)
        assert b"event: hello" in open_stream(third)


def test_stream_when_its_login_has_too_many_then_another_login_gets_one(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD, session_streams=1)
    store = desk.app.desk.store
    assert store is not None
    store.set_password("viewer", hash_password(PASSWORD + "!"), "command", "test")
    keys = [store.make_token(name, "viewer", 1, "test", "") for name in ("one", "two")]
    with connected(desk) as first, connected(desk) as second, connected(desk) as third:
        assert b"event: hello" in open_stream(first, "/events/bots", f"Authorization: Bearer {keys[0]}")
        said = open_stream(second, "/api/events?topics=bots", f"Authorization: Bearer {keys[0]}")
        assert is_turned_away(said)
        assert b"event: hello" in open_stream(third, "/events/bots", f"Authorization: Bearer {keys[1]}")


def test_streams_when_windows_cannot_share_one_then_a_browser_gets_two_and_another_browser_its_own(
    start_desk: START,
) -> None:
    desk = start_desk()
    path, firefox, chromium = "/api/events?topics=bots&alone=1", "User-Agent: Firefox", "User-Agent: Chromium"
    with ExitStack() as stack:
        links = [stack.enter_context(connected(desk)) for _ in range(12)]
        with ThreadPoolExecutor(12) as crowd:  # opened at once, as a browser does that restores its windows
            said = list(crowd.map(lambda link: open_stream(link, path, firefox), links))
        assert sum(b"event: hello" in each for each in said) == 2
        assert sum(is_turned_away(each) for each in said) == 10
        other, shared, late = (stack.enter_context(connected(desk)) for _ in range(3))
        assert b"event: hello" in open_stream(other, path, chromium)
        assert b"event: hello" in open_stream(shared, "/api/events?topics=bots", firefox)
        for link, answer in zip(links, said, strict=True):
            if b"event: hello" in answer:
                link.close()
        until(lambda: len(desk.app.desk.live.hub) == 2)
        assert b"event: hello" in open_stream(late, path, firefox)


def test_stream_when_it_asks_for_too_many_topics_then_400_says_how_many(start_desk: START) -> None:
    desk = start_desk(stream_topics=2)
    with connected(desk) as link:
        assert b"event: hello" in open_stream(link, "/api/events?topics=bots,logs&have=bots:a,logs:b,x:c")
    for asked in ("bots,intraday,logs", "bots%2Cintraday%2clogs", "bots%2C" * 40):
        refused = desk.get(f"/api/events?topics={asked}")
        assert refused.status_code == 400 and "at most 2 topics" in refused.json()["detail"], asked


def test_address_when_a_proxy_names_it_then_only_a_known_proxy_is_believed(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD, proxies="127.0.0.1, 10.0.0.0/8")
    request = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 22\r\nX-Forwarded-For: %b\r\n"
    for source, said, seen in (
        ("127.0.0.1", b"198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", b"203.0.113.9, 198.51.100.8, 10.1.1.1", "198.51.100.8"),  # what a client made up stands first
        ("127.0.0.9", b"198.51.100.9", "127.0.0.9"),
    ):
        with connected(desk, source) as link:
            wrong = answer(link, request % said + b'\r\n{"password":"not it!"}')
        assert wrong.startswith(b"HTTP/1.1 401"), wrong
        assert desk.app.desk.store is not None
        assert desk.app.desk.store.audit(1)[0]["address"] == seen


def test_settings_when_a_proxy_or_limit_cannot_work_then_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"AION_PROXIES.*'my-proxy' is no address"):
        load(environment={"AION_PROXIES": "127.0.0.1,my-proxy"})
    with pytest.raises(ConfigError, match="AION_MAX_CONNECTIONS"):
        load(environment={"AION_MAX_CONNECTIONS": "0"})
    assert load(environment={"AION_PROXIES": "10.0.0.0/8, ::1"}).proxies == ("10.0.0.0/8", "::1")
    with pytest.raises(ValidationError):
        Settings(head_timeout_s=0)


def test_proxies_when_asked_then_addresses_and_networks_count() -> None:
    proxies = Proxies(("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"))
    for name in ("127.0.0.1", "10.200.0.1", "2001:db8:9::1", "::ffff:10.0.0.1"):
        assert name in proxies
    for name in ("127.0.0.2", "11.0.0.1", "::1", "unknown", ""):
        assert name not in proxies


def test_head_when_it_never_ends_then_408_and_others_are_answered_meanwhile(start_desk: START) -> None:
    desk = start_desk(head_timeout_s=1.0)
    began = time.monotonic()  # before it connects, so that it sends nothing after its time
    with connected(desk) as slow, connected(desk) as silent:
        slow.sendall(GET)
        assert desk.get("/healthz").status_code == 200
        while time.monotonic() - began < 0.5:
            slow.sendall(b"X-More: yes\r\n")  # byte after byte keeps it alive no longer
            time.sleep(0.1)
        said = rest(slow)
        assert said.startswith(b"HTTP/1.1 408 ") and b"within 1 s" in said
        assert rest(silent) == b"", "one that says nothing is closed"
    with connected(desk) as link:  # a line break is no request either
        assert answer(link).startswith(b"HTTP/1.1 200")
        link.sendall(b"\r\n")
        assert rest(link).startswith(b"HTTP/1.1 408 ")
    assert desk.app.desk.gate.turned_away["too slow"] == 2


def test_body_when_it_does_not_come_then_the_connection_ends(start_desk: START) -> None:
    desk = start_desk(body_timeout_s=1.0, head_timeout_s=60)
    with connected(desk) as link:
        link.sendall(b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        assert rest(link) in (b"", b"<reset>")
    with connected(desk) as link:  # refused before its body has come: it has no longer than others
        said = answer(link, b"POST /api/none HTTP/1.1\r\nHost: evil\r\nContent-Length: 100\r\n\r\n{")
        assert said.startswith(b"HTTP/1.1 421")
        assert rest(link) in (b"", b"<reset>")
    assert desk.app.desk.gate.turned_away["too slow"] == 1, "who was answered already is only let go"


def test_pipeline_when_a_head_stops_behind_a_slow_answer_then_the_answer_is_whole(start_desk: START) -> None:
    desk = start_desk(head_timeout_s=1.0)

    async def slow(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(4)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"late"})

    desk.app.desk.snapshots["bots"] = slow
    with connected(desk) as link:
        link.sendall(b"GET /api/bots/page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HT")
        said = rest(link)
    first, _, second = said.partition(b"late")
    assert first.startswith(b"HTTP/1.1 200 ") and second.startswith(b"HTTP/1.1 408 "), said


def test_answer_when_nobody_takes_it_then_the_connection_ends(start_desk: START) -> None:
    desk = start_desk(answer_timeout_s=2.0)
    body = b"x" * (32 << 20)  # more than the kernel takes for somebody who does not read

    async def large(_scope: Any, _receive: Any, send: Any) -> None:
        head = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    desk.app.desk.snapshots["bots"] = large
    with connected(desk) as link, connected(desk) as reader:
        for each in (link, reader):
            each.sendall(b"GET /api/bots/page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        got = 0
        while got < len(body):
            got += len(reader.recv(1 << 20))
        until(lambda: desk.app.desk.gate.turned_away.get("too slow") == 1)
        assert len(rest(link)) < len(body)
        time.sleep(2.5)  # longer than any answer has: who took it is left alone
        assert answer(reader).startswith(b"HTTP/1.1 200")


def test_silence_when_it_is_longer_than_a_connection_is_kept_then_it_ends(start_desk: START) -> None:
    desk = start_desk()
    desk.app.desk.gate.keep_alive_s = 3.0
    with connected(desk) as silent, connected(desk) as busy:
        assert answer(silent).startswith(b"HTTP/1.1 200")
        while not select.select([silent], [], [], 0.1)[0]:
            assert answer(busy).startswith(b"HTTP/1.1 200")
        assert rest(silent) == b"", "closed, not reset: nothing was on its way"
        assert answer(busy).startswith(b"HTTP/1.1 200")
    assert "too slow" not in desk.app.desk.gate.turned_away


def test_head_when_it_is_too_long_then_431(start_desk: START) -> None:
    desk = start_desk(max_head_bytes=2048)
    for piece, times in ((b"X-A: " + b"a" * 2100 + b"\r\n", 1), (b"X-A: " + b"a" * 400 + b"\r\n", 8)):
        with connected(desk) as link:
            link.sendall(GET)
            for _ in range(times):
                try:
                    link.sendall(piece)
                except OSError:
                    break
                time.sleep(0.01)
            said = rest(link)
            assert said.startswith((b"HTTP/1.1 431 ", b"<reset>")), said
    with connected(desk) as link:
        link.sendall(GET + b"X-A: " + b"a" * 3000 + b"\r\n\r\n")
        assert b" 431 " in rest(link)
    with connected(desk) as link:
        for _ in range(5):  # many requests on one connection are no long head
            assert answer(link, GET + b"X-A: " + b"a" * 1500 + b"\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_body_when_it_is_too_long_then_413_with_and_without_a_length(start_desk: START) -> None:
    desk = start_desk(max_body_bytes=2048, password=PASSWORD)
    assert desk.client.post("/api/session", content=b"x" * 2049).status_code == 413
    chunks = iter([b"x" * 1500, b"x" * 1500])
    assert desk.client.post("/api/session", content=chunks).status_code == 413
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200


def test_body_when_it_is_too_long_then_it_is_read_before_the_answer_or_soon_given_up(start_desk: START) -> None:
    desk = start_desk(max_body_bytes=1024)
    head = b"POST /api/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: 600000\r\n\r\n"
    with connected(desk) as link:
        link.sendall(head + b"x" * 10_000)
        for _ in range(59):  # whoever is hung up on in the middle of it meets a reset here
            time.sleep(0.005)
            link.sendall(b"x" * 10_000)
        assert rest(link).startswith(b"HTTP/1.1 413 ")
    with connected(desk) as link:
        link.sendall(head)  # and nothing of it
        assert rest(link).startswith(b"HTTP/1.1 413 ")


def test_pipeline_when_it_is_endless_then_it_is_cut(start_desk: START) -> None:
    desk = start_desk()
    with connected(desk) as link:
        link.sendall((GET + b"\r\n") * 500)
        said = rest(link)
    assert said.count(b"HTTP/1.1 200") <= 101, "the rest is cut off"
    with connected(desk) as link:
        link.sendall((GET + b"\r\n") * 5 + GET + b"Connection: close\r\n\r\n")
        assert rest(link).count(b"HTTP/1.1 200") == 6


def test_turned_away_when_many_then_each_hears_another_wait_and_metrics_count_them(start_desk: START) -> None:
    assert len({retry_after() for _ in range(200)}) == RETRY_AFTER_S[1] - RETRY_AFTER_S[0]
    desk = start_desk(max_connections=2)
    with connected(desk) as first:
        assert answer(first).startswith(b"HTTP/1.1 200")
        assert desk.get("/healthz").status_code == 200  # the second connection, kept
        for _ in range(3):
            with connected(desk) as link:
                assert is_turned_away(rest(link))
        text = desk.get("/metrics").text
    assert 'aion_turned_away_total{why="all connections are taken"} 3.0' in text
    assert "aion_connections 2.0" in text


def test_files_when_the_system_allows_few_then_fewer_connections_are_let_in() -> None:
    assert allow_files(10) == 10
    assert 0 < allow_files(1 << 40) < 1 << 40


def test_client_when_it_is_refused_then_an_ordinary_one_sees_503(start_desk: START) -> None:
    desk = start_desk(max_connections=1)
    with connected(desk) as first:
        assert answer(first).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            got = httpx.get(f"{desk.url}/api/bots/page", trust_env=False, timeout=30)
            assert got.status_code == 503 and got.json()["error"] == "Full"


def test_stream_when_it_is_opened_then_nothing_of_its_http_is_kept_until_the_next_sweep(
    start_desk: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start_desk()
    gate = desk.app.desk.gate
    monkeypatch.setattr(gate, "sweep", lambda now: None)
    with connected(desk) as stream, connected(desk) as other:
        assert answer(other).startswith(b"HTTP/1.1 200")
        assert b"event: hello" in open_stream(stream)
        assert len(gate.watched) == 1  # the other one
        assert len(gate.connections) == 2
