"""A process that hangs is seen and started again; one that is slow, held or paused with its machine is left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aion.process.liveness_pipe import MISSES, START_MISSES, Pulse, is_held
from tests.process.crew import wait_for
from tests.process.recorded import Recorded

SILENT_S = 30.0


class Heard:
    """A pulse with a clock of the test, and the end of the pipe that a process would have."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.now_s = 1000.0
        self.is_held = False
        self.pulse = Pulse(reading, SILENT_S, self.now_s)

    def wait(self, seconds: float, *, beats: bool = False) -> bool:
        """Look twenty times a second for so long, as a supervisor does; tell whether the process was called hung."""
        for _ in range(round(seconds * 20)):
            self.now_s += 0.05
            if beats:
                os.write(self.writing, b".")
            if self.pulse.is_missed(self.now_s, lambda: self.is_held):
                return True
        return False


@pytest.fixture
def heard() -> Iterator[Heard]:
    made = Heard()
    yield made
    made.pulse.close()
    os.close(made.writing)


def test_process_when_silent_for_too_long_then_it_hangs_and_not_before(heard: Heard) -> None:
    assert not heard.wait(60, beats=True) and heard.pulse.has_begun
    assert not heard.wait(SILENT_S - 1), "slow is not hung"
    assert not heard.wait(1, beats=True)
    assert not heard.wait(SILENT_S - 1), "each word counts anew"
    assert heard.wait(2 * SILENT_S / MISSES)


def test_process_when_it_has_not_begun_then_it_gets_longer(heard: Heard) -> None:
    assert not heard.wait(SILENT_S / MISSES * START_MISSES - 1) and not heard.pulse.has_begun
    assert heard.wait(0.1 * START_MISSES + 2 * SILENT_S / MISSES)


def test_process_when_it_or_its_listener_is_paused_then_it_does_not_hang(heard: Heard) -> None:
    heard.wait(1, beats=True)
    for _ in range(MISSES - 1):
        heard.now_s += 86_400  # the machine sleeps a day: a round is a round
        assert not heard.pulse.is_missed(heard.now_s, lambda: False)
    heard.is_held = True
    assert not heard.wait(10 * SILENT_S)
    heard.is_held = False
    assert not heard.wait(SILENT_S - 1), "let go, it gets its whole time"
    assert heard.wait(2 * SILENT_S / MISSES)


def test_process_that_is_stopped_by_a_signal_is_held() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        try:
            assert not is_held(process.pid)
            process.send_signal(signal.SIGSTOP)
            wait_for(lambda: is_held(process.pid))
            process.send_signal(signal.SIGCONT)
            wait_for(lambda: not is_held(process.pid))
        finally:
            process.kill()
    assert not is_held(process.pid), "one that is gone is not held"


def test_worker_when_it_hangs_then_it_is_killed_and_said_why_and_a_successor_that_listens_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start listens and hangs; the next one never listens at all; the last one lives."""
    launcher = tmp_path / "python"
    launcher.write_text(f"""#!{sys.executable}
import os, sys, time, pathlib
count = pathlib.Path({str(tmp_path / "count")!r})
number = len(count.read_bytes()) if count.exists() else 0
count.write_bytes(b"." * (number + 1))
pipe = int(sys.argv[sys.argv.index("--pulse-pipe") + 1])
if number != 1:
    os.write(pipe, b".")
while True:
    time.sleep(0.01)
    if number == 2:
        os.write(pipe, b".")
""")
    launcher.chmod(0o755)
    monkeypatch.setattr("aion.process.supervisor.sys.executable", str(launcher))
    monkeypatch.setattr("aion.process.supervisor.BACK_OFF_S", (0.01,))
    monkeypatch.setattr("aion.process.liveness_pipe.START_MISSES", 2 * MISSES)
    monkeypatch.setattr("aion.process.rolling_restart.START_MISSES", 2 * MISSES)
    supervisor = Recorded("serve", silent_s=1.0)
    worker = supervisor.worker
    try:
        wait_for(lambda: supervisor.look_after() or worker.restarts == 2)
        assert worker.ended == "did not begin to listen for 2 s and was killed"
        assert [text for text in supervisor.said if "started again" in text] == [
            "worker did not answer for 1 s and was killed; started again in 0.01 s",
            "worker did not begin to listen for 2 s and was killed; started again in 0.01 s",
        ]
        until = time.monotonic() + 1.5
        while time.monotonic() < until:  # longer than it may be silent
            supervisor.look_after()
            time.sleep(0.01)
        assert worker.restarts == 2 and worker.process is not None and worker.process.poll() is None
    finally:
        supervisor.shutdown()


def test_worker_when_it_dies_while_its_successor_comes_up_then_that_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, may_begin = tmp_path / "python", tmp_path / "may-begin"
    launcher.write_text(f"""#!{sys.executable}
import os, sys, time
pipe = int(sys.argv[sys.argv.index("--pulse-pipe") + 1])
while sys.argv[5] == "1" and not os.path.exists({str(may_begin)!r}):
    time.sleep(0.01)
os.write(pipe, b".")
time.sleep(600)
""")
    launcher.chmod(0o755)
    monkeypatch.setattr("aion.process.supervisor.sys.executable", str(launcher))
    monkeypatch.setattr("aion.process.supervisor.BACK_OFF_S", (0.0,))
    supervisor = Recorded("serve")
    worker = supervisor.worker
    try:
        supervisor.look_after()
        old = worker.process
        assert old is not None
        supervisor.ask()
        wait_for(lambda: supervisor.look_after() or supervisor.successor is not None)
        assert supervisor.successor is not None
        coming = supervisor.successor.process
        old.kill()
        wait_for(lambda: supervisor.look_after() or worker.process is None)
        for _ in range(20):
            supervisor.look_after()
        assert worker.process is None, "nobody else is started meanwhile"
        may_begin.touch()
        wait_for(lambda: supervisor.look_after() or worker.process is not None)
        assert worker.process is coming and supervisor.said[-1] == "worker is replaced; the old one had ended"
    finally:
        supervisor.shutdown()
