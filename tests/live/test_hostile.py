"""Clients that mean no good, or know no better: they get an answer or are closed, and nobody else notices."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, cast

import psutil
import pytest

from aion.live import Live, LiveError, SnapshotApp
from tests.live.reset import RST

from .conftest import Server, Wire

Start = Callable[..., Server]
ASK = b"GET /events/?topics=data HTTP/1.1\r\nHost: x\r\n\r\n"


def come_and_go(server: Server, times: int) -> None:
    """Open and close streams, in each way that a client can go."""
    for number in range(times):
        link = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        way = number % 4
        if way:
            link.sendall(ASK if way > 1 else ASK[: number % len(ASK)])
        if way == 3:
            link.recv(512)
        if number % 2:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        link.close()


def settled(server: Server, clients: int) -> None:
    """Wait until the server knows that everybody else is gone."""
    until = time.monotonic() + 60
    while server.stats()["clients"] != clients:
        assert time.monotonic() < until, "streams of clients that left are kept"
        time.sleep(0.02)


def test_clients_when_they_come_and_go_by_the_thousand_then_nothing_is_left_of_them(start: Start) -> None:
    server = start("upgraded")
    server.write("a.json", {"n": 0, "filler": "x" * 5_000})
    process = psutil.Process(server.process.pid)
    good = server.stream()
    good.next("data")
    come_and_go(server, 600)  # what is allocated once is allocated
    settled(server, 1)
    descriptors, memory = process.num_fds(), process.memory_info().rss
    leaving = Thread(target=come_and_go, args=(server, 2_000))
    leaving.start()
    number = 0
    while leaving.is_alive():
        number += 1
        server.write("a.json", {"n": number, "filler": "x" * 5_000})
        began = time.monotonic()
        while json.loads(good.next("data")[1])["a.json"]["n"] != number:
            pass
        assert time.monotonic() - began < 20, "somebody who stays waits for those who come and go"
        time.sleep(0.01)
    leaving.join()
    settled(server, 1)
    until = time.monotonic() + 60
    while process.num_fds() > descriptors and time.monotonic() < until:
        time.sleep(0.02)
    assert process.num_fds() <= descriptors
    assert process.memory_info().rss - memory < 6 << 20
    good.close()


def test_clients_when_they_read_a_byte_at_a_time_then_memory_stays_flat_and_others_are_quick(start: Start) -> None:
    server = start("upgraded")
    process = psutil.Process(server.process.pid)
    server.write("a.json", {"n": 0, "filler": "x" * 20_000})
    good = server.stream()
    good.next("data")
    crawling = [server.connect(receive_buffer=2048) for _ in range(30)]
    for link in crawling:
        link.sendall(ASK)
        link.setblocking(False)
    stop = Event()

    def crawl() -> None:
        while not stop.wait(0.05):
            for link in crawling:
                try:
                    link.recv(1)
                except OSError:
                    continue

    reading = Thread(target=crawl)
    reading.start()
    memory = 0
    try:
        for number in range(1, 121):
            server.write("a.json", {"n": number, "filler": "x" * 20_000})
            began = time.monotonic()
            while json.loads(good.next("data")[1])["a.json"]["n"] != number:
                pass
            assert time.monotonic() - began < 20
            if number == 40:
                memory = process.memory_info().rss
    finally:
        stop.set()
        reading.join()
    assert process.memory_info().rss - memory < 3 << 20, "bundles are kept for those who crawl"
    stats = server.stats()
    assert stats["clients"] == 31 and stats["deliveries"] < 121 + 31 * 40


@pytest.mark.parametrize("accepted", ["br", "zstd, deflate", "gzip;q=0", "identity;q=0", "*;q=0", "\xff, gzip;q=0.0"])
def test_stream_when_no_known_encoding_is_accepted_then_it_is_plain(start: Start, accepted: str) -> None:
    server = start("upgraded")
    server.write("a.json", {"n": 1})
    link = server.connect()
    link.sendall(ASK[:-2] + f"Accept-Encoding: {accepted}\r\n\r\n".encode("latin-1"))
    wire = Wire(link, False)
    assert "content-encoding" not in wire.head
    assert json.loads(wire.next("data")[1])["a.json"] == {"n": 1}
    wire.close()


@pytest.mark.parametrize(
    "have", ["data:" + "x" * 7_000, "%00%0d%0a:%ff", "data", ":::,,,:", "data:%22%22,data:", "&have=&have=data:W/"]
)
def test_stream_when_have_makes_no_sense_then_the_newest_comes(start: Start, have: str) -> None:
    server = start("upgraded")
    server.write("a.json", {"n": 1})
    wire = server.stream(f"topics=data&have={have}")
    assert json.loads(wire.next("data")[1])["a.json"] == {"n": 1}
    wire.close()


@pytest.mark.parametrize(
    "ask",
    [
        b"GET /events/?topics=data HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET " + b"/" * 70_000,
        b"POST /events/?topics=data HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /events/?" + b"&".join(b"topics=data" for _ in range(40)) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_server_when_asked_for_nonsense_then_it_refuses_or_closes_and_goes_on(start: Start, ask: bytes) -> None:
    server = start("upgraded")
    link = server.connect()
    link.sendall(ask)
    link.shutdown(socket.SHUT_WR)
    answer = b""
    try:
        while part := link.recv(65_536):
            answer += part
    except ConnectionResetError:
        pass
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert server.stats()["clients"] == 0
    server.write("a.json", {"n": 1})
    assert server.data()["a.json"] == {"n": 1}


def test_get_when_the_disk_does_not_answer_then_not_everybody_comes_back_at_once() -> None:
    class Broken:
        def fresh_now(self, _topic: str) -> None:
            return None

        async def fresh(self, _topic: str) -> None:
            raise LiveError("the disk does not answer")

    async def ask() -> int:
        said: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        scope = {"type": "http", "method": "GET", "headers": []}
        await SnapshotApp(cast(Live[Any], Broken()), "data")(scope, None, send)
        assert said[0]["status"] == 503
        return int(dict(said[0]["headers"])[b"retry-after"])

    waits = {asyncio.run(ask()) for _ in range(60)}
    assert waits <= {1, 2, 3, 4} and len(waits) > 1
