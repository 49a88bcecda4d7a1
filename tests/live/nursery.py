"""Starts the application of these tests as processes that have imported everything already.

    python -m tests.live.nursery

It reads a line of JSON for each, the arguments of `tests.live.app` and where its exit status goes, and says its
process id. When nobody writes to it any more, as when the test run is killed, all that it has started is ended.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from tests.live import app

ROOT = Path(__file__).parents[2]


class Started:
    """A process of the nursery, with what `Popen` has."""

    def __init__(self, pid: int, status: Path) -> None:
        self.pid = pid
        self._status = status

    def poll(self) -> int | None:
        """Return its exit status, minus the signal that ended it; None while it runs."""
        try:
            return int(self._status.read_text())
        except FileNotFoundError:
            return None

    def wait(self, timeout: float) -> int:
        ends = time.monotonic() + timeout
        while (found := self.poll()) is None:
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return found

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that starts them; one for all tests of a worker."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.nursery"], cwd=ROOT, stdin=-1, stdout=-1, text=True
        )

    def start(self, status: Path, *words: str) -> Started:
        """Start the application with `words`; its exit status will be in the file `status`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps([str(status), *words]), file=self._process.stdin, flush=True)
        return Started(int(self._process.stdout.readline()), status)

    def close(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(60)


def live_own_life(words: list[str]) -> None:
    """Be the application, in a process that was forked for it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    status = 1
    try:
        app.serve(*words)
        status = 0
    finally:  # what is above is of the nursery: it goes no further up
        if status:
            traceback.print_exc()
        os._exit(status)


def main() -> None:
    """Start what is asked for and say how it ended."""
    children: dict[int, str] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            with suppress(ChildProcessError):
                while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                    status = Path(children.pop(ended[0]))
                    partial = status.with_suffix(".partial")
                    partial.write_text(str(os.waitstatus_to_exitcode(ended[1])))
                    partial.rename(status)
        if 0 in ready:
            asked += (part := os.read(0, 65_536))
            if not part:
                break
            *lines, asked = asked.split(b"\n")
            for line in lines:
                name, *words = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os.close(woken)
                    os.close(wake)
                    live_own_life(words)
                children[pid] = name
                print(pid, flush=True)
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
