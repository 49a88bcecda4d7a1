"""Keeping processes running: who dies is started again with a growing wait, and says why it ended."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from aion.clock import SystemClock, iso
from aion.process import supervisor as supervise
from aion.process.supervisor import BACK_OFF_S, Child, Supervisor, last_words
from aion.process.systemd import Notifier
from aion.process.up import states
from tests.process.wait import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for `aion`: what a child does is the Python code that its first argument is."""
    folder = tmp_path / "bin" / "aion"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text("import sys\nexec(sys.argv[1])\n")
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(supervise, "BACK_OFF_S", (0.05, 0.1, 0.2))
    return tmp_path


class Stoppable(Supervisor):
    """Is told to stop without a signal."""

    def stop(self) -> None:
        self._stop(0, None)


@contextmanager
def supervised(*children: Child) -> Iterator[tuple[Stoppable, list[str], list[int]]]:
    said: list[str] = []
    status: list[int] = []
    changes: list[str] = []
    supervisor = Stoppable(children, lambda _level, text: said.append(text), changed=lambda: changes.append(""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "signal", lambda *_: None)  # not in the main thread
        thread = threading.Thread(target=lambda: status.append(supervisor.run()))
        thread.start()
        try:
            yield supervisor, said, status
        finally:
            supervisor.stop()
            thread.join(20)
    assert not thread.is_alive()
    assert changes or status


FOR_EVER = "import time; time.sleep(1000)"


def test_child_when_killed_then_it_is_started_again_and_the_signal_is_named(program: Path) -> None:
    left, right = Child("left", (FOR_EVER,)), Child("right", (FOR_EVER,))
    with supervised(left, right) as (_, said, _status):
        first = wait_for(lambda: left.process and right.process and (left.process.pid, right.process.pid))
        psutil.Process(first[0]).kill()
        wait_for(lambda: left.process is not None and left.process.pid != first[0])
        assert right.process is not None and right.process.pid == first[1], "the other one is left alone"
        found = states([left, right])
    assert said == ["left was killed by SIGKILL; started again in 0.05 s"]
    assert (found["left"].restarts, found["left"].ended) == (1, "was killed by SIGKILL")
    assert (found["right"].restarts, found["right"].ended) == (0, "")
    assert found["left"].ended_at is not None and found["left"].started_at is not None
    assert found["left"].started_at >= found["left"].ended_at


def test_child_when_it_dies_at_once_each_time_then_the_wait_grows_to_its_bound_and_never_ends(program: Path) -> None:
    child = Child("web", ("import sys; sys.exit(7)",))
    with supervised(child) as (_, said, _status):
        wait_for(lambda: len(said) >= 6)
        assert child.starts_wall_s > 0
    waits = [line.rpartition(" in ")[2] for line in said[:6]]
    assert waits == ["0.05 s", "0.1 s", "0.2 s", "0.2 s", "0.2 s", "0.2 s"]
    assert all("ended with status 7" in line for line in said)
    assert max(BACK_OFF_S) <= 60, "the real wait is bounded too"


def test_child_when_the_system_has_no_room_for_it_then_it_is_started_later_and_the_others_go_on(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = subprocess.Popen, [errno.EAGAIN, errno.ENOMEM, errno.EMFILE]

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if "#late" in command[3] and refusals:
            number = refusals.pop(0)
            raise OSError(number, os.strerror(number))
        return real(command, **options)

    monkeypatch.setattr(supervise.subprocess, "Popen", start)
    left, right = Child("left", (FOR_EVER + "  #late",)), Child("right", (FOR_EVER,))
    with supervised(left, right) as (_, said, status):
        wait_for(lambda: left.process is not None and right.process is not None)
        assert not status, "it goes on"
        assert left.ended.startswith("could not be started: ") and left.ended_wall_s > 0
    assert [line.rpartition(" in ")[2] for line in said] == ["0.05 s", "0.1 s", "0.2 s"]
    assert said[0] == f"left could not be started: {os.strerror(errno.EAGAIN)}; started again in 0.05 s"


def test_child_when_it_was_healthy_for_long_then_the_wait_begins_anew(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child("bots", ("import sys; sys.exit(1)",))
    with supervised(child) as (_, said, _status):
        wait_for(lambda: len(said) >= 4)
        monkeypatch.setattr(supervise, "STEADY_S", 0.0)
        count = len(said) + 1  # one may be under way
        wait_for(lambda: len(said) >= count + 2)
    assert said[2].endswith("0.2 s") and said[count + 1].endswith("0.05 s")


def test_child_when_it_refuses_at_the_first_start_then_all_ends_with_its_status(program: Path) -> None:
    other = Child("bots", (FOR_EVER,))
    with supervised(Child("desk", ("import sys; sys.exit(2)",)), other) as (_, said, status):
        wait_for(lambda: status)
    assert status == [2] and said == []
    assert other.process is None or other.process.poll() is not None


def test_child_when_it_refuses_after_it_had_run_then_the_others_go_on(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "PROVEN_S", 0.2)
    flag = program / "ran"
    code = f"""
import pathlib, sys, time
flag = pathlib.Path({str(flag)!r})
if flag.exists():
    sys.exit(2)
flag.touch()
time.sleep(0.5)
sys.exit(1)
"""
    other = Child("desk", (FOR_EVER,))
    with supervised(Child("bots", (code,)), other) as (_, said, status):
        wait_for(lambda: len(said) >= 3)
        assert status == [] and other.process is not None and other.process.poll() is None
    assert "ended with status 1" in said[0] and "ended with status 2" in said[1]


def test_ended_child_tells_the_last_error_of_its_log(program: Path) -> None:
    log = program / "bots.jsonl"
    line = {"level": "error", "event": "crashed: ValueError: no such bar"}
    log.write_bytes(
        orjson.dumps({"ts": "2020-01-01T00:00Z", "level": "error", "event": "of an earlier life"}) + b"\n"
    )
    code = f"""
import sys, time
time.sleep(0.01)
with open({str(log)!r}, "a") as out:
    from datetime import datetime, UTC
    import json
    out.write(json.dumps({{"ts": datetime.now(UTC).isoformat(), **{line!r}}}) + "\\n")
    out.write('{{"ts": "half a li')
sys.exit(1)
"""
    child = Child("bots", (code,), log=log)
    with supervised(child) as (_, said, _status):
        wait_for(lambda: said)
    assert said[0].startswith("bots ended with status 1: crashed: ValueError: no such bar; started again in")


def test_last_words_are_of_this_life_alone(tmp_path: Path) -> None:
    log = tmp_path / "web.jsonl"
    now = SystemClock().now()
    log.write_bytes(orjson.dumps({"ts": iso(now), "level": "error", "event": "disk full"}) + b"\n")
    assert last_words(log, now.timestamp() - 1) == "disk full"
    assert last_words(log, now.timestamp() + 1) == ""
    assert last_words(tmp_path / "none.jsonl", 0) == "" and last_words(None, 0) == ""


def test_service_manager_is_told_that_all_run_and_that_the_watcher_lives(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(program / "notify"))
        manager.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(program / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        child = Child("web", (FOR_EVER,))
        with supervised(child):
            heard = [manager.recv(100) for _ in range(4)]
        while heard[-1] != b"STOPPING=1":
            heard.append(manager.recv(100))
    assert heard[0] == b"READY=1" and heard.count(b"WATCHDOG=1") >= 3


def test_service_manager_is_told_that_a_desk_alone_lives_by_its_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "150000"})

        async def live() -> None:
            loop = asyncio.get_running_loop()
            notifier.beat_in_loop()
            heard = [await loop.sock_recv(manager, 100) for _ in range(4)]
            assert heard == [b"READY=1"] + [b"WATCHDOG=1"] * 3
            with suppress(BlockingIOError):
                manager.recv(100)
            time.sleep(0.4)  # noqa: ASYNC251 - the loop hangs
            with pytest.raises(BlockingIOError):
                manager.recv(100)
            assert await loop.sock_recv(manager, 100) == b"WATCHDOG=1"

        asyncio.run(live())
        with suppress(BlockingIOError):  # what the loop said while it ended
            while manager.recv(100) == b"WATCHDOG=1":
                pass
            raise AssertionError("not an event loop's beat")


def test_service_manager_when_a_desk_alone_is_served_then_it_hears_of_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        desk = subprocess.Popen(
            [sys.executable, "-m", "aion", "serve", "--port", "0", "--data", "d"],
            cwd=tmp_path, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(tmp_path / "notify"),
                 "WATCHDOG_USEC": "300000"},
        )  # fmt: skip
        try:
            assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        finally:
            desk.terminate()
            assert desk.wait(30) == 0
