"""Who does not read is sent nothing more, as soon as the kernel knows; who reads on gets the newest at once."""

import fcntl
import json
import os
import struct
import termios
import time
from collections.abc import Callable
from typing import Any

from tests.live.conftest import Server

Start = Callable[..., Server]
BUNDLE = 20_000


def waiting(link: Any) -> int:
    return int(struct.unpack("i", fcntl.ioctl(link, termios.FIONREAD, b"\0\0\0\0"))[0])


def test_client_when_it_stops_reading_then_at_most_two_old_bundles_wait_for_it_at_the_desk(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 0, "text": os.urandom(BUNDLE // 2).hex()})
    wire = server.stream()
    wire.next("data")
    full, count = 0, 0
    until = time.monotonic() + 60
    while count < 10 or waiting(wire.link) > full:  # until its own buffer takes no more, and some more
        full = waiting(wire.link)
        for _ in range(3):
            count += 1
            server.write("a.json", {"n": count, "text": os.urandom(BUNDLE // 2).hex()})
            server.data()
            time.sleep(0.15)  # changes that come one by one
            server.data()  # a turn of the loop, in which what is due comes before what is asked
        assert time.monotonic() < until
    own = waiting(wire.link) / BUNDLE
    seen = []
    while not seen or seen[-1] < count:
        seen.append(json.loads(wire.next("data")[1])["a.json"]["n"])
    assert seen == sorted(set(seen))
    assert len(seen) - 1 - own <= 2.2, (seen, own)
    server.write("a.json", {"n": count + 1})
    assert json.loads(wire.next("data")[1])["a.json"] == {"n": count + 1}
    wire.close()


def test_client_when_it_reads_again_while_nothing_changes_then_the_newest_comes_at_once(start: Start) -> None:
    server = start()
    wire = server.stream()
    wire.next("data")
    for count in range(1, 80):
        server.write("a.json", {"n": count, "text": os.urandom(BUNDLE).hex()})
        server.data()
        time.sleep(0.01)
    time.sleep(0.3)  # longer than it takes to ask the kernel
    before = time.monotonic()
    while json.loads(wire.next("data")[1])["a.json"]["n"] < 79:
        assert time.monotonic() - before < 10
    assert len(wire.events) < 60, "most were never sent"
    wire.close()
