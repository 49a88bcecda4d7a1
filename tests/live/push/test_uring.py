"""Many sends by one system call, against real sockets of this kernel."""

import errno
import logging
import os
import socket
from array import array
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from aion.live.push import uring as batch_module
from aion.live.push.uring import SLOTS, Batch, open_batch, ticket

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def batch() -> Iterator[Batch]:
    found = open_batch()
    if found is None:
        pytest.skip("this kernel has no io_uring, or does not let us use it")
    yield found
    found.close()


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    with ExitStack() as stack:
        made = [socket.socketpair() for _ in range(SLOTS)]
        for one, other in made:
            stack.enter_context(one)
            stack.enter_context(other)
            one.setblocking(False)
            other.settimeout(10)
        yield made


def tickets(pairs: list[Pair]) -> "array[int]":
    return array("Q", [ticket(one.fileno()) for one, _ in pairs])


def test_send_when_sockets_take_all_then_each_gets_every_byte_once(batch: Batch, pairs: list[Pair]) -> None:
    for number, count in enumerate((1, 63, 64, 7, 64, 64, 33, 64, 2) * 30):  # from every place of the table
        data = b"%d:" % number + os.urandom(1000)
        assert batch.send(tickets(pairs[:count]), data) == []
        for _, other in pairs[:count]:
            assert other.recv(4096) == data


def test_send_when_one_takes_a_part_or_nothing_then_it_is_said_and_the_others_get_all(
    batch: Batch, pairs: list[Pair]
) -> None:
    data = os.urandom(50_000)
    slow, full, gone, closed = pairs[5], pairs[60], pairs[9], pairs[0]
    full[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    slow[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 40_000)
    with pytest.raises(BlockingIOError):
        while True:
            full[0].send(b"x" * 1000)
    asked = tickets(pairs)
    gone[1].close()
    closed[0].close()
    late = dict(batch.send(asked, data))
    assert set(late) <= {0, 5, 9, 60} and {0, 9, 60} <= set(late)
    assert (-late[60], -late[9], -late[0]) == (errno.EAGAIN, errno.EPIPE, errno.EBADF), "and no SIGPIPE"
    for place, (_, other) in enumerate(pairs):
        if place not in late:
            got = b""
            while len(got) < len(data):
                got += other.recv(1 << 16)
            assert got == data


def test_send_over_tcp_when_the_window_is_full_then_the_rest_is_the_callers(batch: Batch) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as reader,
        server.accept()[0] as writer,
    ):
        reader.settimeout(10)
        writer.setblocking(False)
        data = os.urandom(6 << 20)
        late = batch.send(array("Q", [ticket(writer.fileno())]), data)
        assert len(late) == 1 and late[0][0] == 0 and 0 < late[0][1] < len(data)
        got = b""
        while len(got) < late[0][1]:
            got += reader.recv(1 << 20)
        assert got == data[: late[0][1]]
        reader.setblocking(False)
        with pytest.raises(BlockingIOError):
            reader.recv(1)


def test_close_when_it_is_closed_twice_then_its_descriptor_is_gone() -> None:
    before = len(os.listdir("/proc/self/fd"))
    batch = open_batch()
    if batch is None:
        pytest.skip("this kernel has no io_uring, or does not let us use it")
    batch.close()
    batch.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_open_when_the_kernel_refuses_then_none_and_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(batch_module, "SETUP", 1_000_000)  # no system call has this number
    with caplog.at_level(logging.INFO):
        assert open_batch() is None
    assert "one system call per client" in caplog.text
