"""SIGHUP: workers are replaced one by one on the same socket, and nobody who asks notices."""

import errno
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from aion.process.rolling_restart import desk_workers
from aion.store.layout import Layout
from tests.process.crew import open_stream, read_until, ready_pids, wait_for, workers
from tests.process.recorded import Recorded
from tests.web.sample import Writer


class Asker(threading.Thread):
    """Asks again and again, each time over a new connection or over one that it keeps."""

    def __init__(self, url: str, *, keeps: bool) -> None:
        super().__init__(daemon=True)
        self.url = f"{url}/api/bots/page"
        self.keeps = keeps
        self.good = 0
        self.wrong: list[str] = []
        self.is_over = False

    def run(self) -> None:
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(transport=transport, timeout=60, trust_env=False) as client:
            headers = {} if self.keeps else {"connection": "close"}
            while not self.is_over:
                try:
                    answer = client.get(self.url, headers=headers)
                except httpx.HTTPError as error:
                    self.wrong.append(repr(error))
                    continue
                if answer.status_code == 200:
                    self.good += 1
                else:
                    self.wrong.append(f"{answer.status_code} {answer.text[:200]}")
                time.sleep(0.01)


def test_roll_when_told_then_each_worker_is_replaced_and_no_request_fails(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write = Writer(data)
    write.swing("swing_1w")
    with workers(data, 2) as (process, url):
        first = set(ready_pids(process))
        askers = [Asker(url, keeps=keeps) for keeps in (True, False)]
        for asker in askers:
            asker.start()
        streams = [open_stream(url) for _ in range(12)]
        process.send_signal(signal.SIGHUP)
        ended = b""
        for stream in streams:
            ended = read_until(stream, b"event: bye")
            assert b"retry: " in ended
            stream.close()
        host, port = url.removeprefix("http://").split(":")
        until = time.monotonic() + 90
        while first & set(psutil.pids()):
            assert time.monotonic() < until
            with socket.create_connection((host, int(port)), 30) as link:
                time.sleep(0.02)  # whoever takes the connection may leave before it is asked
                link.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                assert link.recv(65_536).startswith(b"HTTP/1.1 200")
        before = [asker.good for asker in askers]
        write.swing("swing_1w", equity=123_456.0)
        assert (
            httpx.get(f"{url}/api/bots/page", trust_env=False).json()["swing"]["bots"]["swing_1w"]["equity"]
            == 123_456
        )
        wait_for(lambda: all(asker.good > had for asker, had in zip(askers, before, strict=True)))
        for asker in askers:
            asker.is_over = True
        for asker in askers:
            asker.join(60)
        assert [wrong for asker in askers for wrong in asker.wrong] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert "Traceback" not in said and said.count("is replaced") == 2
    names = {path.name for path in (data / "logs").iterdir()}
    assert {"web-1.jsonl", "web-2.jsonl", "web-3.jsonl", "web-4.jsonl"} <= names, "no two processes write one log"
    for name in names:
        lines = [json.loads(line) for line in (data / "logs" / name).read_text().splitlines()]
        assert {line["process"] for line in lines} == {name.removesuffix(".jsonl")}


def test_roll_when_the_successor_does_not_come_up_then_the_old_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "python"
    launcher.write_text(
        f"#!{sys.executable}\nimport sys, time\nif sys.argv[5] == '0':\n    time.sleep(600)\nsys.exit(3)\n"
    )
    launcher.chmod(0o755)
    monkeypatch.setattr("aion.process.supervisor.sys.executable", str(launcher))
    supervisor = Recorded("serve")
    worker = supervisor.worker
    supervisor.look_after()
    old = worker.process
    assert old is not None
    supervisor.ask()
    try:
        wait_for(lambda: supervisor.look_after() or any("is not restarted" in text for text in supervisor.said))
        assert "status 3" in supervisor.said[-1] and "the old one continues" in supervisor.said[-1]
        assert worker.process is old and old.poll() is None
        assert supervisor.is_idle
    finally:
        supervisor.shutdown()
    assert old.poll() is not None


def test_roll_when_the_system_has_no_room_for_a_successor_then_the_old_worker_goes_on_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "python"
    launcher.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    launcher.chmod(0o755)
    monkeypatch.setattr("aion.process.supervisor.sys.executable", str(launcher))
    supervisor = Recorded("serve")
    worker = supervisor.worker

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    try:
        with monkeypatch.context() as patch:
            patch.setattr("aion.process.supervisor.subprocess.Popen", refuse)
            supervisor.look_after()
            assert worker.process is None and "could not be started" in supervisor.said[-1]
        wait_for(lambda: supervisor.look_after() or worker.process is not None)
        old, before = worker.process, len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with monkeypatch.context() as patch:
                patch.setattr("aion.process.supervisor.subprocess.Popen", refuse)
                supervisor.ask()
                supervisor.look_after()
            assert "worker is not restarted: its successor could not be started" in supervisor.said[-1]
            assert worker.process is old and old is not None and old.poll() is None
            assert supervisor.is_idle
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        supervisor.shutdown()


def test_workers_when_numbered_then_successors_take_numbers_of_their_own(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    found = desk_workers("worker", 3, 7, ("--data", "x"), layout)
    assert [each.numbers for each in found] == [(1, 4), (2, 5), (3, 6)]
    assert found[0].base == ("serve", "--data", "x", "--listener", "7") and found[0].shared == (7,)
    assert [each.numbers for each in desk_workers("desk", 1, 7, (), layout, first=0)] == [(0, 1)]
    assert found[0].logs == (layout.log("web-1"), layout.log("web-4"))


def test_hang_up_when_the_terminal_is_gone_then_it_stops_and_else_it_restarts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor = Recorded("serve", on_terminal=True)
    monkeypatch.setattr(os, "isatty", lambda _descriptor: True)
    supervisor.hang_up()
    assert supervisor.is_asked and not supervisor.is_stopping
    monkeypatch.setattr(os, "isatty", lambda _descriptor: False)
    supervisor.hang_up()
    assert supervisor.is_stopping
