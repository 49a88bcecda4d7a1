"""A desk told to stop while its viewers leave: nobody who has left may keep it from saying bye to the rest."""

import select
import signal
import socket
from pathlib import Path

import pytest

from tests.live.reset import RST
from tests.web.served import started

LEAVING, STAYING = 180, 20


def open_stream(host: str, port: int) -> socket.socket:
    stream = socket.create_connection((host, port), timeout=60)
    stream.sendall(f"GET /events/bots HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    received = b""
    while b"event: hello" not in received:
        received += stream.recv(65_536)
    return stream


def rest_of(stream: socket.socket) -> bytes:
    received = b""
    while part := stream.recv(65_536):
        received += part
    return received


def first_told(streams: list[socket.socket]) -> dict[socket.socket, bytes]:
    """Return those that are told first, with what came on them."""
    received = dict.fromkeys(streams, b"")
    while True:
        for stream in select.select(streams, [], [], 60)[0]:
            received[stream] += stream.recv(65_536)
        if told := {stream: data for stream, data in received.items() if b"event: bye" in data}:
            return told


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)],
    ids=lambda numbers: "+".join(each.name for each in numbers),
)
@pytest.mark.parametrize("way", ["closed", "reset"])
def test_stop_when_viewers_leave_meanwhile_then_the_rest_hears_bye_and_it_ends_well(
    tmp_path: Path, numbers: tuple[signal.Signals, ...], way: str
) -> None:
    with started(tmp_path / "data") as (process, url):
        host, port = url.removeprefix("http://").split(":")
        streams = [open_stream(host, int(port)) for _ in range(LEAVING + STAYING)]
        process.send_signal(numbers[0])
        staying = first_told(streams)  # more slices are to come, 50 ms apart
        staying |= {stream: b"" for stream in streams if stream not in staying}
        staying = dict(list(staying.items())[:STAYING])
        for stream in streams:
            if stream not in staying:
                if way == "reset":
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                stream.close()
        for number in numbers[1:]:
            process.send_signal(number)
        said_bye = [b"event: bye" in before + rest_of(stream) for stream, before in staying.items()]
        assert process.wait(60) == 0
        assert process.stderr is not None
        said = process.stderr.read()
        for stream in staying:
            stream.close()
    assert "Traceback" not in said and "has stopped" in said, said[-2000:]
    assert all(said_bye), f"{said_bye.count(False)} of {STAYING} heard no bye"
