"""Broadcasts by one system call over real connections of both event loops: what is held, lost or on its way."""

import asyncio
import fcntl
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from aion.live.push.connection import UpgradedConnection, pause_when_held_back
from aion.live.push.drain import make_drain
from aion.live.push.hub import Hub
from aion.live.push.lane import Frame
from aion.live.push.uring import SLOTS, Batch, open_batch
from tests.certificate import make_certificate

ROOT = Path(__file__).parents[3]
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    """Runs a coroutine on each of the loops."""
    batch = open_batch()
    if batch is None:
        pytest.skip("this kernel has no io_uring, or does not let us use it")
    batch.close()

    def start(work: Awaitable[None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(asyncio.wait_for(work, 120))  # type: ignore[arg-type]

    return start


class Watched:
    """A real table that looks at each socket it is handed, and counts."""

    def __init__(self, desk: "Desk") -> None:
        found = open_batch()
        assert found is not None
        self.real: Batch = found
        self.desk = desk
        self.sent = 0
        self.late: list[int] = []

    def send(self, tickets: "array[int]", data: bytes) -> list[tuple[int, int]]:
        by_descriptor = {stream.descriptor: stream for stream in self.desk.streams}
        for each in tickets:
            stream = by_descriptor[each >> 32]
            assert stream.transport.get_write_buffer_size() == 0, "these bytes would overtake others"
            assert os.fstat(stream.descriptor).st_ino == stream.inode, "the number belongs to somebody else by now"
        self.sent += len(tickets)
        late = self.real.send(tickets, data)
        self.late += [sent for _, sent in late]
        return late

    def close(self) -> None:
        self.real.close()


class Stream(UpgradedConnection):
    inode = 0

    @property
    def transport(self) -> asyncio.Transport:
        return self._transport


class Desk:
    """A hub, and a server whose connections are streams of it as soon as they are made."""

    def __init__(self, topics: tuple[str, ...] = ("a",), before: bytes = b"", send_buffer: int = 0) -> None:
        self.hub = Hub()
        self.topics = topics
        self.before = before
        self.send_buffer = send_buffer
        self.streams: list[Stream] = []
        self.batch = Watched(self)
        self.hub.batch = self.batch  # type: ignore[assignment]

    @asynccontextmanager
    async def serving(self, secure: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Serve meanwhile; yields the port."""
        self.hub.drain = make_drain(self.hub)
        server = await asyncio.get_running_loop().create_server(lambda: Made(self), "127.0.0.1", 0, ssl=secure)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for stream in self.hub.subscribers():
                stream.reset()
            await asyncio.sleep(0.05)
            if self.hub.drain is not None:
                self.hub.drain.close()
            self.batch.close()

    def made(self, transport: asyncio.Transport, before: "Made") -> None:
        if self.before:
            transport.write(self.before)
        stream = Stream(self.hub, self.topics, (), is_gzip=False, transport=transport, connections=set())
        if self.send_buffer:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
        stream.inode = os.fstat(stream.descriptor).st_ino
        stream.is_paused = before.is_paused  # as `take_over` does
        transport.set_protocol(stream)
        pause_when_held_back(transport)
        self.streams = [each for each in self.streams if each.index >= 0 or not each.transport.is_closing()]
        self.streams.append(stream)
        self.hub.add(stream)

    def publish(self, topic: str, number: int, size: int) -> None:
        self.hub.publish(topic, str(number), Frame(line(topic, number, size), b""))

    async def count(self, wanted: int) -> None:
        while len(self.hub) != wanted:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


class Made(asyncio.Protocol):
    """Makes a stream of each connection."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.desk.made(transport, self)  # type: ignore[arg-type]

    def pause_writing(self) -> None:
        self.is_paused = True


def line(topic: str, number: int, size: int) -> bytes:
    """A frame that says of each of its bytes whose it is."""
    head = b"%s%08d|" % (topic.encode(), number)
    return head + b"%x" % (number % 16) * (size - len(head) - 1) + b"\n"


def check(got: bytes, sizes: dict[int, int], topic: str = "a") -> list[int]:
    """Return the numbers of whole frames in `got`, each of which must be as it was sent."""
    numbers = []
    while got:
        head, _, _ = got.partition(b"|")
        number = int(head[1:])
        whole = line(topic, number, sizes[number])
        assert got.startswith(whole), f"bytes of frame {number} are mixed with others"
        got = got[len(whole) :]
        numbers.append(number)
    assert numbers == sorted(set(numbers)), "a frame came twice, or an older one later"
    return numbers


async def connected(port: int, receive_buffer: int) -> socket.socket:
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    link.setblocking(False)
    await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
    return link


async def read_slowly(port: int, pause_s: float, until: bytes, receive_buffer: int) -> bytes:
    """Read like a client on a bad line until `until` has come."""
    link, loop = await connected(port, receive_buffer), asyncio.get_running_loop()
    got = bytearray()
    while not got.endswith(until):
        piece = await loop.sock_recv(link, 16_384 if pause_s else 1 << 20)
        assert piece, "it was cut off"
        got += piece
        await asyncio.sleep(pause_s)
    link.close()
    return bytes(got)


def test_broadcast_when_clients_are_slow_then_each_gets_whole_frames_in_order_and_the_newest(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def work() -> None:
        desk = Desk(send_buffer=40_000)
        async with desk.serving() as port:
            sizes = {number: 20_000 + 37_000 * (number % 5) for number in range(1, 61)}
            last = line("a", 60, sizes[60])
            paces = [0.0] * 60 + [0.002] * 20 + [0.02] * 10
            reading = [
                asyncio.create_task(read_slowly(port, pace, last, 65_536 if pace else 1 << 20)) for pace in paces
            ]
            await desk.count(len(paces))
            for number, size in sizes.items():
                desk.publish("a", number, size)
                await asyncio.sleep(0.01 * (number % 3))
            found = [check(got, sizes) for got in await asyncio.gather(*reading)]
            assert all(numbers[-1] == 60 for numbers in found)
            assert min(map(len, found)) < 60, "nobody was slow"
            assert desk.batch.sent > 500 and any(sent > 0 for sent in desk.batch.late), "no part of a frame was taken"

    run(work())


def test_stream_when_its_head_is_not_taken_yet_then_no_frame_overtakes_it(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def work() -> None:
        head = b"h" * 20_000_000
        desk = Desk(before=head)
        async with desk.serving() as port:
            with await connected(port, 65_536) as link:
                await desk.count(1)
                assert desk.streams[0].is_paused and desk.streams[0].is_bare
                for number in (1, 2, 3):
                    desk.publish("a", number, 1000)
                    await asyncio.sleep(0.01)
                loop, got = asyncio.get_running_loop(), b""
                while not got.endswith(b"\n"):
                    got += await loop.sock_recv(link, 1 << 20)
                assert got == head + line("a", 3, 1000)
                while desk.streams[0].is_paused:  # noqa: ASYNC110 - its kernel may still count what the client has just read
                    await asyncio.sleep(0.005)
                desk.publish("a", 4, 1000)
                assert await loop.sock_recv(link, 1 << 20) == line("a", 4, 1000) and desk.batch.sent == 1

    run(work())


def test_stream_when_it_was_dropped_then_whoever_has_its_number_next_gets_nothing_of_it(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def work() -> None:
        desk = Desk()
        async with desk.serving() as port:
            loop = asyncio.get_running_loop()
            reused = 0
            for number in range(1, 41):
                # made before: whatever number becomes free is that of the next connection of the server
                first, other = socket.create_connection(("127.0.0.1", port)), socket.socket()
                desk.topics = ("a",)
                await desk.count(1)
                stream = desk.streams[-1]
                if number % 4 == 0:
                    stream.reset()
                elif number % 4 == 1:
                    stream.transport.abort()  # as uvicorn or a broken network does, which tell the hub later
                elif number % 4 == 2:
                    stream.transport.close()
                else:
                    first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    first.close()
                desk.publish("a", 2 * number, 1000)
                desk.topics = ("b",)
                await desk.count(0)
                other.setblocking(False)
                await loop.sock_connect(other, ("127.0.0.1", port))
                while [each.topics for each in desk.hub.subscribers()] != [("b",)]:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.005)
                reused += desk.hub.subscribers()[0].descriptor == stream.descriptor
                desk.publish("a", 2 * number + 1, 1000)
                desk.publish("b", number, 1000)
                assert await loop.sock_recv(other, 1 << 20) == line("b", number, 1000)
                other.close()
                first.close()
                await desk.count(0)
            assert reused, "no number came back"

    run(work())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
def test_stream_when_it_is_encrypted_then_it_never_goes_past_the_encryption(
    run: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    key, certificate = make_certificate(tmp_path)

    async def work() -> None:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(certificate, key)
        desk = Desk()
        async with desk.serving(secure) as port:
            trusting = ssl.create_default_context(cafile=str(certificate))
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trusting, server_hostname="localhost"
            )
            await desk.count(1)
            assert not desk.streams[0].is_bare
            for number in range(1, 9):
                desk.publish("a", number, 50_000)
                assert await reader.readexactly(50_000) == line("a", number, 50_000)
            assert desk.batch.sent == 0 and not desk.streams[0].is_paused
            for number in range(9, 100):  # it holds back, and goes on
                desk.publish("a", number, 200_000)
            got = b""
            while not got.endswith(line("a", 99, 200_000)):
                got += await reader.read(1 << 20)
            assert 2 <= len(check(got, dict.fromkeys(range(9, 100), 200_000))) < 91
            writer.close()

    run(work())


def test_table_when_the_process_has_children_then_they_inherit_nothing_and_it_goes_on() -> None:
    batch = open_batch()
    if batch is None:
        pytest.skip("this kernel has no io_uring, or does not let us use it")
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    rings = [int(Path(each).name) for each in links if os.path.islink(each) and "io_uring" in os.readlink(each)]
    assert rings and all(fcntl.fcntl(each, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for each in rings)
    child = os.fork()
    if child == 0:
        batch.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    one, other = socket.socketpair()
    with one, other:
        for number in range(200):
            assert batch.send(array("Q", [26 | one.fileno() << 32]), b"%d" % number) == []
            assert other.recv(100) == b"%d" % number
    batch.close()


FORBID = """
import ctypes, struct, sys
def forbid(number):
    # load the number of the call; EPERM for this one, everything else is allowed
    steps = (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
"""


def forbidding(code: str) -> str:
    """Run `code` in a process of its own that may take the right to a system call away from itself."""
    done = subprocess.run(
        [sys.executable, "-c", FORBID + code], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux" or struct.calcsize("P") != 8, reason="seccomp")
@pytest.mark.parametrize("number", [425, 426])
def test_table_when_seccomp_forbids_to_make_it_or_to_use_it_then_there_is_none(number: int) -> None:
    said = forbidding(f"""
import logging
logging.basicConfig(level="INFO")
from aion.live.push.uring import open_batch
from aion.command.doctor import _broadcast
forbid({number})
assert open_batch() is None
print(_broadcast().text)
""")
    assert "one system call per client" in said and "io_uring_disabled" in said


@pytest.mark.skipif(sys.platform != "linux" or struct.calcsize("P") != 8, reason="seccomp")
def test_table_when_the_kernel_stops_taking_lines_then_nothing_was_sent_and_nobody_is_lost() -> None:
    said = forbidding("""
import logging, socket
from array import array
from aion.live.push.uring import open_batch, ticket
logging.basicConfig(level="INFO")
batch = open_batch()
if batch is None:
    print("stopped working")
    sys.exit()
pairs = [socket.socketpair() for _ in range(40)]
tickets = array("Q", [ticket(one.fileno()) for one, _ in pairs])
assert batch.send(tickets, b"before") == []
forbid(426)
for _ in range(3):
    assert batch.send(tickets, b"after") == [(place, -1) for place in range(40)]
for _, other in pairs:
    assert other.recv(100) == b"before"
for pair in pairs:
    for each in pair:
        each.close()
batch.close()
""")
    assert said.count("stopped working") == 1


class Limited(Batch):
    """A table where the kernel has no memory for more than `most` lines."""

    def __init__(self) -> None:
        self.most = SLOTS
        super().__init__()
        call = self._call

        def enter(number: int, descriptor: int, count: int, *rest: Any) -> int:
            return int(call(number, descriptor, min(count, self.most), *rest))

        self._call = enter


def test_send_when_the_kernel_takes_but_some_lines_then_the_rest_is_the_callers_and_no_line_comes_later() -> None:
    try:
        batch = Limited()
    except OSError:
        pytest.skip("this kernel has no io_uring, or does not let us use it")
    pairs = [socket.socketpair() for _ in range(50)]
    tickets = array("Q", [26 | one.fileno() << 32 for one, _ in pairs])
    for number in range(40):  # from every place of the table
        batch.most = number
        data = b"%d" % number
        late = batch.send(tickets, data)
        batch.most = SLOTS
        missed = {place for place, sent in late if sent == -11}
        assert len(missed) == len(late) and len(pairs) - len(late) <= 2 * number
        assert batch.send(tickets, b"+") == []
        for place, (_, other) in enumerate(pairs):
            assert other.recv(100) == (b"+" if place in missed else data + b"+")
    batch.close()
    for pair in pairs:
        for each in pair:
            each.close()
