"""The supervisor of `aion up`: runs desk and bots as separate processes; they end with it, however it ends.

Each child holds the reading end of a pipe whose writing end only the parent has: when the parent dies, even by kill
-9, the child reads end of file and exits. On Linux the kernel also sends it a signal.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from aion.clock import parse_iso
from aion.errors import ConfigError
from aion.process.systemd import Notifier
from aion.secret import HANDED, clean_environment, hand_over
from aion.store.layout import Layout
from aion.store.lock import take_lock
from aion.store.log.process_log import Say
from aion.store.private import keep_private
from aion.store.regular_file import last_lines

GRACE_S = 1.5  # what a child gets to end by itself; all of `aion up` ends within two seconds
BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_S = 60.0  # a child that ran this long starts again at the first back-off
REFUSED = 2  # exit status of a child that cannot work as configured: starting it again would not help
PROVEN_S = 5.0  # a child that once ran this long can work as configured: what it refuses later may pass
_TAIL_BYTES = 64 << 10  # of a child's log in which its last words are looked for
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One process that is kept running."""

    name: str
    arguments: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    """Open files that it inherits under the same numbers."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = field(default=0.0)
    """Monotonic time at which it is started (again)."""
    log: Path | None = None
    """Its log, in which it writes why it ends."""
    restarts: int = 0
    longest_s: float = 0.0
    """Its longest run so far, seconds."""
    ended: str = ""
    """How it ended last and why."""
    fault: str = ""
    """Why the supervisor killed it, if it did."""
    ended_wall_s: float = 0.0
    started_wall_s: float = 0.0
    starts_wall_s: float = 0.0
    """Wall times, seconds since 1970, of its last end, its newest start, its next one."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets that it gets through a pipe; they are removed from its environment."""
    pipe: int | None = None
    """Writing end of the pipe whose end of file tells the child that this process is gone."""


class Supervisor:
    """Runs the children until it is told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        say: Say,
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it; nothing runs before `run`.

        Args:
            children: processes to run.
            say: (level, sentence) for people and the log.
            changed: called when a child ended or was started.
        """
        self._children = children
        self._say = say
        self._changed = changed
        self._notifier = Notifier(os.environ)
        self._stopping = False

    def run(self) -> int:
        """Start the children, restart those that die, end all on SIGINT or SIGTERM; return the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        status = 0
        try:
            while not self._stopping:
                for child in self._children:
                    status = self._tend(child)
                    if status:
                        return status
                self._notifier.say("READY=1")
                self._notifier.beat()
                time.sleep(0.05)
        finally:
            self.shutdown()
        return status

    def shutdown(self) -> None:
        """End the children: SIGTERM, then SIGKILL after `GRACE_S`."""
        self._notifier.say("STOPPING=1")
        alive = [child.process for child in self._children if child.process is not None]
        for process in alive:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + GRACE_S
        for process in alive:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _tend(self, child: Child) -> int:
        """Check one child and restart it when due; return a status other than 0 if everything must end."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due_at:
                try:
                    self._start(child)
                except OSError as error:  # no memory, process or open file is left: that passes
                    child.ended = f"could not be started: {error.strerror}"
                    self._put_off(child)
            return 0
        status = child.process.poll()
        if status is None or self._stopping:
            return 0
        child.process = None
        lived_s = now - child.started_at
        why = child.fault or (
            f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with status {status}"
        )
        words = last_words(child.log, child.started_wall_s)
        child.ended = f"{why}: {words}" if words else why
        if status == REFUSED and child.longest_s < PROVEN_S:
            child.ended_wall_s = time.time()
            self._changed()
            return REFUSED
        child.longest_s = max(child.longest_s, lived_s)
        if lived_s > STEADY_S:
            child.failures = 0
        self._put_off(child)
        return 0

    def _put_off(self, child: Child) -> None:
        """Log why `child` is not running, and when it will be started."""
        wait_s = BACK_OFF_S[min(child.failures, len(BACK_OFF_S) - 1)]
        child.failures += 1
        child.due_at = time.monotonic() + wait_s
        child.ended_wall_s = time.time()
        child.starts_wall_s = child.ended_wall_s + wait_s
        self._say("error", f"{child.name} {child.ended}; started again in {wait_s:g} s")
        self._changed()

    def _start(self, child: Child) -> None:
        reading, writing = os.pipe()
        os.set_inheritable(reading, True)
        if child.pipe is not None:
            os.close(child.pipe)
        child.pipe = writing
        secrets = hand_over(child.secrets)
        try:
            child.process = subprocess.Popen(  # noqa: S603 - our own program and arguments
                [sys.executable, "-m", "aion", *child.arguments, "--parent-pipe", str(reading)],
                pass_fds=(reading, secrets, *child.descriptors),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                env=clean_environment() | {HANDED: str(secrets)},
            )
        finally:
            os.close(reading)
            os.close(secrets)
        child.restarts += child.started_wall_s > 0
        child.fault = ""
        child.started_at, child.started_wall_s = time.monotonic(), time.time()
        self._changed()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def last_words(log: Path | None, since_s: float) -> str:
    """Return the newest error in the log of a process that ended, `""` if there is none.

    Args:
        log: its file; None for a process without one.
        since_s: wall time, seconds since 1970, of its start; older lines are ignored.
    """
    tail: list[bytes] = []
    if log is not None:
        with suppress(OSError):
            tail = last_lines(log, _TAIL_BYTES)
    for line in reversed(tail):
        try:
            value = orjson.loads(line)
            if parse_iso(value["ts"]).timestamp() < since_s:
                return ""
            if value["level"] == "error":
                return str(value["event"])[:500]
        except (ValueError, KeyError, TypeError):  # half a line, or one of another form
            continue
    return ""


def follow_parent(reading: int | None, *, nice: int = 0) -> None:
    """In a child: exit when the parent does.

    Args:
        reading: reading end of the parent's pipe; None without a supervisor.
        nice: added to the process's niceness, 0..19 (higher means lower priority).
    """
    if nice:
        os.nice(nice)
    if reading is None:
        return
    os.set_inheritable(reading, False)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    def watch() -> None:
        while os.read(reading, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="aion-parent", daemon=True).start()


def take_folder(folder: Path) -> int:
    """Lock `folder` for one `aion up`; return the descriptor of the lock.

    Raises:
        ConfigError: another `aion up` has locked it, or it cannot be written.
    """
    try:
        keep_private(folder)
        descriptor = take_lock(Layout(folder).up_lock)
    except OSError as error:
        raise ConfigError(f"AION_DATA={folder} cannot be written: {error.strerror}; choose another folder") from None
    if descriptor is None:
        raise ConfigError(f"another `aion up` runs on {folder}: stop it, or choose another folder with AION_DATA")
    return descriptor
