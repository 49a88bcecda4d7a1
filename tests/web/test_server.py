"""The desk as a process: how it starts, refuses and stops."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest

from aion.config import Settings
from aion.errors import ConfigError
from aion.web.http.gate import Gate
from aion.web.http.host import bind
from aion.web.security import allowed_hosts, check_host
from aion.web.server import DeskServer
from tests.web.served import ROOT, start, started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_when_told_to_stop_with_open_streams_then_it_is_gone_soon(
    tmp_path: Path, number: signal.Signals
) -> None:
    with started(tmp_path / "data") as (process, url):
        host, port = url.removeprefix("http://").split(":")
        streams = []
        for i in range(30):
            stream = socket.create_connection((host, int(port)), timeout=60)
            path = ("/events/bots", "/api/events?topics=bots,logs")[i % 2]
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            streams.append(stream)
        for stream in streams:
            received = b""
            while b"event: hello" not in received:
                received += stream.recv(65_536)
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(60) == 0
        took = time.monotonic() - began
        assert process.stderr is not None
        said = process.stderr.read()
        rest = b""
        while chunk := streams[-1].recv(65_536):
            rest += chunk
        for stream in streams:
            stream.close()
    assert took < 20, "2 s at the most on a machine that is not busy"
    assert "Traceback" not in said and "has stopped" in said
    assert b"event: bye" in rest and b"retry: " in rest


def test_serve_when_the_port_is_taken_then_one_sentence_names_what_to_do(tmp_path: Path) -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        process = start(tmp_path / "data", AION_PORT=str(port))
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.count("\n") == 1 and str(port) in said and "PORT=" in said and "AION_PORT" in said


def test_serve_when_others_could_reach_it_without_a_password_then_it_refuses_and_says_why(tmp_path: Path) -> None:
    process = start(tmp_path / "data", AION_HOST="0.0.0.0")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.count("\n") == 1 and "AION_HOST=0.0.0.0" in said and "password" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_check_host_when_it_is_this_machine_then_it_passes(host: str) -> None:
    check_host(host, has_password=False)
    assert host in allowed_hosts(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "desk.example", ""])
def test_check_host_when_it_is_another_then_only_a_password_opens_it(host: str) -> None:
    with pytest.raises(ConfigError, match="password"):
        check_host(host, has_password=False)
    check_host(host, has_password=True)


def test_bind_when_the_address_is_not_of_this_machine_then_it_is_named() -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        bind("192.0.2.1", 0)


def test_refresh_when_done_twenty_times_at_once_as_documented_then_every_request_succeeds(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (_, url):
        script = f"""
        for i in {{1..20}}; do
          curl -s --fail {url}/api/backend/bots/page > /dev/null || echo failed &
        done
        wait
        """
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == ""


def test_serve_when_killed_and_started_again_then_it_shows_the_same(tmp_path: Path) -> None:
    with started(tmp_path / "data") as (_, url):
        before = httpx.get(f"{url}/api/bots/page", trust_env=False)
    with started(tmp_path / "data") as (_, url):
        after = httpx.get(f"{url}/api/bots/page", trust_env=False)
    assert before.headers["etag"] == after.headers["etag"]


class Busy:
    """Stands for the desk: each answer keeps the loop busy for a while."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.desk = SimpleNamespace(settings=Settings(), gate=Gate(Settings()))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        self.seen.append(scope["path"])
        time.sleep(0.002)  # noqa: ASYNC251 - it is to hold the loop up
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def end_streams(self, _spread_s: float | None = None) -> None:
        """Nothing is open."""


def test_serve_when_a_crowd_comes_to_a_busy_desk_then_nobody_waits_for_many_turns() -> None:
    app = Busy()
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        server = DeskServer(app)  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(64)]
        for number, client in enumerate(clients):  # all wait to be let in before the loop begins to
            client.sendall(f"GET /{number} HTTP/1.1\r\nHost: desk\r\n\r\n".encode() * 40)
        thread.start()
        try:
            for client in clients:
                answers = b""
                while answers.count(b"HTTP/1.1 200") < 40:
                    answers += client.recv(65_536)
        finally:
            server.should_exit = True
            thread.join(20)
            for client in clients:
                client.close()
    assert not thread.is_alive()
    before = len(app.seen[: app.seen.index("/63")])
    assert before < 64 * 10, f"the last client was first served after {before} answers to others"


class Shared(socket.socket):
    """A listening socket that remembers what mode those who share it were given."""

    modes: ClassVar[list[bool]] = []

    def settimeout(self, value: float | None) -> None:
        super().settimeout(value)
        self.modes.append(os.get_blocking(self.fileno()))


def test_serve_when_others_listen_on_its_socket_then_it_never_makes_it_block_for_them() -> None:
    """A worker that starts must not hold the others up in `accept`."""
    with Shared(fileno=bind("127.0.0.1", 0).detach()) as listener:
        listener.setblocking(False)  # by a worker that started before
        inherited = Shared(fileno=os.dup(listener.fileno()))
        with inherited:
            server = DeskServer(Busy())  # type: ignore[arg-type]
            thread = threading.Thread(target=server.run, kwargs={"sockets": [inherited]})
            thread.start()
            with socket.create_connection(listener.getsockname(), timeout=60) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
                assert client.recv(65_536).startswith(b"HTTP/1.1 200")
            server.should_exit = True
            thread.join(20)
    assert Shared.modes and not any(Shared.modes)


SETTLED = """
import gc, os, signal, threading, time
from pathlib import Path
from aion.config import Settings
from aion.web.server import serve

def say():
    until = time.monotonic() + 30
    while not gc.get_freeze_count() and time.monotonic() < until:
        time.sleep(0.01)
    print(gc.get_freeze_count(), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

serve(Settings(data=Path("data"), port=0), on_ready=threading.Thread(target=say).start)
"""


def test_serve_when_first_bundles_are_built_then_what_is_loaded_is_collected_no_more(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", SETTLED], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert int(found.stdout) > 10_000
