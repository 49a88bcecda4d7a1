"""One conformance suite for both kinds of stream: the upgraded connection and the portable path."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable

import pytest

from tests.live.kinds import KINDS

from .conftest import Server, Wire

Start = Callable[..., Server]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("gzip", [False, True])
def test_stream_says_hello_then_what_lacks_then_each_change(start: Start, kind: str, gzip: bool) -> None:
    server = start(kind)
    server.write("a.json", {"n": 1})
    tag = server.client.get("/data/").headers["etag"]
    wire = server.stream(gzip=gzip)
    assert "content-type: text/event-stream" in wire.head and "x-accel-buffering: no" in wire.head
    assert "no-store" in wire.head and ("content-encoding: gzip" in wire.head) is gzip
    name, data, fields = wire.next()
    assert name == "hello" and json.loads(data)["data"] == tag and 500 <= int(fields["retry"]) < 2500
    name, data, fields = wire.next()
    body = json.loads(data)
    assert name == "data" and body["a.json"] == {"n": 1} and fields["id"] == str(body["version"])
    for number in range(2, 12):
        server.write("a.json", {"n": number})
        assert json.loads(wire.next("data")[1])["a.json"] == {"n": number}
    wire.close()


def test_stream_with_what_the_page_has_sends_nothing_again(start: Start, kind: str) -> None:
    server = start(kind, heartbeat_s=0.3)
    server.write("a.json", {"n": 1})
    answer = server.client.get("/data/")
    tag, version = answer.headers["etag"], answer.json()["version"]
    for query, headers in (
        (f"topics=data&have=data:{tag.replace(chr(34), '%22')}", ""),
        ("topics=data", f"Last-Event-ID: {version}\r\n"),
        (f"topics=data&last_event_id={version}", ""),
    ):
        wire = server.stream(query, headers=headers)
        assert [wire.next()[0], wire.next()[0]] == ["hello", "hb"]
        wire.close()
    wire = server.stream("topics=data&have=data:%22old%22")
    assert [wire.next()[0], wire.next()[0]] == ["hello", "data"]
    wire.close()


def test_beats_that_are_asked_for_come_a_moment_apart(start: Start, kind: str) -> None:
    server = start(kind)
    server.write("a.json", {"n": 1})
    wire = server.stream("topics=data&beats=1", gzip=True)
    assert [wire.next()[0], wire.next()[0]] == ["hello", "data"]
    started = time.monotonic()
    tag = server.client.get("/data/").headers["etag"]
    assert [json.loads(wire.next("hb")[1])["data"] for _ in range(2)] == [tag, tag]
    assert 0.4 < time.monotonic() - started < 30
    gone = server.stream("topics=data&beats=1")
    gone.close()  # leaves before its beats
    assert wire.is_ended is False
    wire.close()


def test_heartbeat_carries_the_tags_of_all_topics(start: Start, kind: str) -> None:
    server = start(kind, heartbeat_s=0.2)
    server.write("a.json", {"n": 1})
    wire = server.stream(gzip=True)
    tags = json.loads(wire.next("hb")[1])
    assert set(tags) == {"data", "other", "logs"}
    assert tags["data"] == server.client.get("/data/").headers["etag"]
    wire.close()


def test_unchanged_disk_sends_nothing_but_heartbeats(start: Start, kind: str) -> None:
    server = start(kind, heartbeat_s=0.2)
    server.write("a.json", {"n": 1})
    wire = server.stream()
    wire.next("data")
    for _ in range(3):
        assert wire.next()[0] == "hb"
    os.utime(server.root / "data" / "a.json")
    assert wire.next()[0] == "hb"
    wire.close()


def test_topics_on_one_stream_are_told_apart(start: Start, kind: str) -> None:
    server = start(kind)
    wire = server.stream("topics=data,other,logs")
    seen = {wire.next()[0] for _ in range(3)}
    assert seen == {"hello", "data", "other"}
    server.write("a.json", {"n": 1})
    assert json.loads(wire.next("data")[1])["a.json"] == {"n": 1}
    wire.close()


def test_log_lines_come_by_byte_offset_and_rotation_starts_again(start: Start, kind: str) -> None:
    server = start(kind)
    (server.root / "logs").mkdir()
    log = server.root / "logs" / "bots.jsonl"
    wire = server.stream("topics=logs")
    wire.next("hello")
    log.write_text('{"a":1}\n')
    part = json.loads(wire.next("logs")[1])["parts"][0]
    assert (part["from"], part["lines"]) == (0, ['{"a":1}'])
    with log.open("a") as file:
        file.write('{"a":2}\n{"a":')
    part = json.loads(wire.next("logs")[1])["parts"][0]
    assert (part["file"], part["from"], part["to"], part["lines"]) == ("bots.jsonl", 8, 16, ['{"a":2}'])
    with log.open("a") as file:
        file.write("3}\n")
    part = json.loads(wire.next("logs")[1])["parts"][0]
    assert (part["from"], part["lines"]) == (16, ['{"a":3}'])
    log.rename(server.root / "logs" / "old.txt")
    log.write_text('{"b":1}\n')
    part = json.loads(wire.next("logs")[1])["parts"][0]
    assert (part["from"], part["lines"]) == (0, ['{"b":1}'])
    wire.close()


@pytest.mark.parametrize("query", ["topics=nosuch", "topics=", "", "topics=data,%00x"])
def test_unknown_topic_is_a_clear_404(start: Start, query: str) -> None:
    server = start()
    answer = server.client.get(f"/events/?{query}")
    assert answer.status_code == 404 and "known: data, other, logs" in answer.json()["detail"]
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "headers", ["Last-Event-ID: \xff\xfe\r\n", "Last-Event-ID: " + "9" * 4000 + "\r\n", "Accept-Encoding: ;;q=,*\r\n"]
)
def test_wild_headers_get_the_newest_snapshot(start: Start, headers: str) -> None:
    server = start()
    server.write("a.json", {"n": 1})
    link = server.connect()
    link.sendall(
        b"GET /events/?topics=data&have=,,:,data HTTP/1.1\r\nHost: x\r\n" + headers.encode("latin-1") + b"\r\n"
    )
    wire = Wire(link, False) if "*" not in headers else Wire(link, True)
    assert json.loads(wire.next("data")[1])["a.json"] == {"n": 1}
    wire.close()


def test_closed_streams_are_forgotten(start: Start, kind: str) -> None:
    server = start(kind)
    wires = [server.stream() for _ in range(20)]
    assert server.stats()["clients"] == 20
    for wire in wires[:10]:
        wire.close()
    for wire in wires[10:]:  # RST
        wire.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        wire.close()
    until = time.monotonic() + 60
    while server.stats()["clients"] and time.monotonic() < until:
        time.sleep(0.02)
    assert server.stats()["clients"] == 0


def test_half_close_and_garbage_end_cleanly_and_hurt_nobody(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 1})
    good = server.stream()
    good.next("data")
    half = server.stream()
    half.link.shutdown(socket.SHUT_WR)
    chatty = server.stream()
    try:
        for _ in range(100):
            chatty.link.sendall(b"x" * 4096)
    except OSError:
        pass
    until = time.monotonic() + 60
    while server.stats()["clients"] > 1 and time.monotonic() < until:
        time.sleep(0.02)
    assert server.stats()["clients"] == 1
    server.write("a.json", {"n": 2})
    assert json.loads(good.next("data")[1])["a.json"] == {"n": 2}


def test_stuck_client_gets_only_the_newest_and_slows_nobody(start: Start) -> None:
    server = start("upgraded")
    filler = "x" * 20_000
    server.write("a.json", {"n": 0, "filler": filler})
    link = server.connect(receive_buffer=4096)
    link.sendall(b"GET /events/?topics=data HTTP/1.1\r\nHost: x\r\n\r\n")
    good = server.stream()
    good.next("data")
    for number in range(1, 201):
        server.write("a.json", {"n": number, "filler": filler})
        started = time.monotonic()
        while json.loads(good.next("data")[1])["a.json"]["n"] != number:
            pass
        assert time.monotonic() - started < 20
    stuck = Wire(link, False)
    seen = [json.loads(stuck.next("data")[1])["a.json"]["n"]]
    while seen[-1] != 200:
        seen.append(json.loads(stuck.next("data")[1])["a.json"]["n"])
    assert len(seen) < 40, "bundles were queued for a client that did not read"
    assert server.stats()["conflations"] > 0


def test_client_that_never_drains_is_reset_after_three_heartbeats(start: Start) -> None:
    server = start("upgraded", heartbeat_s=0.3)
    link = server.connect(receive_buffer=4096)
    link.sendall(b"GET /events/?topics=data HTTP/1.1\r\nHost: x\r\n\r\n")
    until = time.monotonic() + 60
    number = 0
    while server.stats()["resets"] == 0 and time.monotonic() < until:
        number += 1
        server.write("a.json", {"n": number, "filler": os.urandom(40_000).hex()})
        server.data()
    assert server.stats()["resets"] == 1 and server.stats()["clients"] == 0


def test_stop_says_bye_and_ends_within_a_second(start: Start) -> None:
    server = start("upgraded")
    wires = [server.stream(gzip=number % 2 == 0) for number in range(30)]
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for wire in wires:
        assert 200 <= int(wire.next("bye")[2]["retry"]) < 2000
        with pytest.raises(ConnectionError, match="ended"):
            wire.next()
    assert server.process.wait(30) in (0, -signal.SIGTERM)
    assert time.monotonic() - started < 20
