"""Connections that go wrong: reset, left half open, a byte a second."""

import asyncio
import gc
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aion.config import Settings
from aion.web.http.gate import allow_files
from tests.live.reset import RST
from tests.web.conftest import running as running_here
from tests.web.sample import Writer

from .desk import PAGE, Aion, Broken, Held, running, until, watched
from .registry import Scale, fault

HEAD = b"HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ASKS = (
    b"GET /events/bots " + HEAD,
    b"GET " + PAGE.encode() + b" " + HEAD,
    b"GET /api/log",
    b"",
    b"\x16\x03\x01\x02\x00",
)
"""What a client says before it goes: a stream, a page, half a request, nothing, TLS."""


def come_and_go(port: int, times: int) -> None:
    """Open connections and leave them in each way: closed, reset, closed on one side, in the middle of a request."""
    for number in range(times):
        link = socket.create_connection(("127.0.0.1", port), timeout=30)
        link.sendall(ASKS[number % len(ASKS)])
        way = number // len(ASKS) % 3
        if way == 0:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        elif way == 1 and ASKS[number % len(ASKS)].endswith(HEAD):
            link.recv(512)
        elif way == 2:
            link.shutdown(socket.SHUT_WR)
        link.close()


def viewers(aion: Aion) -> int:
    return int(aion.get("/api/metrics").json()["live"]["viewers"])


@fault("reset")
def reset(folder: Path, scale: Scale) -> str:
    """Thousands of connections that are reset, closed or left in the middle of a request: nothing of them stays."""
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    times = scale.times(200, 30_000)
    with watched(folder / "data") as (aion, watchers):
        come_and_go(aion.port, scale.times(100, 600))  # what is allocated once is allocated
        until("streams of clients that left are kept", lambda: viewers(aion) == 2)
        held = Held(aion.root)
        leaving = threading.Thread(target=come_and_go, args=(aion.port, times))
        leaving.start()
        number = 0
        while leaving.is_alive():
            number += 1
            write.swing("mine", equity=float(number))
            watchers.agree()
        leaving.join()
        until("streams of clients that left are kept", lambda: viewers(aion) == 2)
        seen = held.check()
    return f"{times} connections left in each way, {number} writes seen by all others meanwhile; {seen}"


@fault("stop-leaving")
def stop_leaving(folder: Path, scale: Scale) -> str:
    """Told to stop or to leave while viewers close and reset their streams: status 0, bye to the rest."""
    ways = [("serve", (), signal.SIGTERM), ("up", (), signal.SIGINT), ("serve", ("--workers", "2"), signal.SIGHUP)]
    crowd, rounds = scale.times(100, 2_000), scale.times(1, 5)
    told = 0
    limits = {"AION_ADDRESS_CONNECTIONS": "10000", "AION_ADDRESS_ACCEPT_RATE": "10000", "AION_ACCEPT_RATE": "10000"}
    allow_files(crowd + 200)
    for number in range(rounds):
        for command, flags, way in ways:
            data = folder / f"{command}{number}{way.name}"
            Writer(data).swing("mine", equity=0.0)
            with running(command, data, *flags, environment=limits) as aion, ThreadPoolExecutor(10) as readers:
                staying = [readers.submit(Viewer(aion.port).hears_bye) for _ in range(10)]
                leaving = [Viewer(aion.port) for _ in range(crowd)]
                aion.process.send_signal(way)
                for index, viewer in enumerate(leaving):
                    viewer.leave(is_reset=index % 2 == 1)
                    time.sleep(0.6 / crowd)
                told += sum(viewer.result() for viewer in staying)
                if way != signal.SIGHUP and aion.process.wait(30) != 0:
                    raise Broken(f"{command} ended with status {aion.process.returncode}: {aion.said()[-2000:]}")
    if told != rounds * len(ways) * 10:
        raise Broken(f"{told} of {rounds * len(ways) * 10} viewers that stayed heard bye")
    return f"{rounds} times {crowd} viewers left `serve`, `up` and two workers told to go; bye to all others"


class Viewer:
    """One open stream."""

    def __init__(self, port: int) -> None:
        self._link = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._link.sendall(ASKS[0])
        received = b""
        while b"event: hello" not in received:
            if not (part := self._link.recv(1 << 16)):
                raise Broken(f"a stream was not opened: {received[:300]!r}")
            received += part

    def leave(self, *, is_reset: bool) -> None:
        if is_reset:
            self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        self._link.close()

    def hears_bye(self) -> bool:
        received = b""
        with self._link:
            while part := self._link.recv(1 << 16):
                received += part
        return b"event: bye" in received


@fault("crawl", short=False)
def crawl(folder: Path, scale: Scale) -> str:
    """Clients that send or read a byte a second, or nothing: the others do not wait, and memory stays."""
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    clients, writes = scale.times(20, 300), scale.times(8, 600)
    with watched(folder / "data") as (aion, watchers):
        links = [socket.create_connection(("127.0.0.1", aion.port), timeout=30) for _ in range(clients)]
        for link in links[::2]:
            link.sendall(ASKS[0])
        held = Held(aion.root)
        done = threading.Event()

        def dawdle() -> None:
            place = 0
            while not done.wait(1):
                for number, link in enumerate(links):
                    try:
                        if number % 2:
                            link.send(b"GET /events/bots HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaa"[place : place + 1])
                        else:
                            link.recv(1, socket.MSG_DONTWAIT)
                    except OSError:
                        continue
                place += 1

        crawling = threading.Thread(target=dawdle)
        crawling.start()
        try:
            longest = 0.0
            for number in range(1, writes + 1):
                write.swing("mine", equity=float(number))
                began = time.monotonic()
                watchers.agree()
                longest = max(longest, time.monotonic() - began)
                time.sleep(0.1 if scale.is_long else 0)
            held.files += len(links)
            seen = held.check()
        finally:
            done.set()
            crawling.join()
            for link in links:
                link.close()
    return f"{clients} clients over {writes} writes; everybody else had each within {longest:.1f} s; {seen}"


@fault("tasks")
def tasks(folder: Path, scale: Scale) -> str:
    """The same clients on a desk inside this process: no task of theirs is left in its event loop."""
    gc.freeze()  # what is here already is not looked through again and again
    try:
        (folder / "data").mkdir()
        with running_here(
            Settings(data=folder / "data", rescan_interval_s=60, log_level="error"), folder / "none"
        ) as desk:
            port = int(desk.url.rpartition(":")[2])
            desk.write.swing("mine")
            before = pending()
            come_and_go(port, 30)
            until(f"tasks do not settle, {before} before", lambda: pending() <= before)
            come_and_go(port, scale.times(150, 5_000))
            until(f"tasks are left, {before} before", lambda: pending() <= before)
            if not desk.bots()["swing"]["bots"]:
                raise Broken("the desk shows no bot")
    finally:
        gc.unfreeze()
    return f"{before} tasks before and after {scale.times(150, 5_000)} connections left in each way"


def pending() -> int:
    """Return how many tasks of all event loops of this process are not done, of those made since `gc.freeze`."""
    return sum(isinstance(each, asyncio.Task) and not each.done() for each in gc.get_objects())
