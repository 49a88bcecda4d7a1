"""Graceful restart: on SIGHUP each worker is replaced by a successor on the same socket, one after the other.

The successor listens before the old worker leaves, so that connections are always accepted. If a successor does not
start, it is abandoned and the old worker continues. A worker whose event loop stands still is killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aion.process.liveness_pipe import MISSES, START_MISSES, TRACE_S, Pulse, is_held
from aion.process.supervisor import Child, Supervisor
from aion.store.layout import Layout
from aion.store.log.process_log import Say

READY_S = 60.0  # in which a successor has to listen
LEAVE_GRACE_S = 40.0  # beyond the time that its streams take, which a worker gets to leave


@dataclass(slots=True)
class Worker(Child):
    """A child that can be replaced while it runs."""

    base: tuple[str, ...] = ()
    """Its arguments but for those that differ from one start to the next."""
    shared: tuple[int, ...] = ()
    """Open files that each of its starts inherits."""
    numbers: tuple[int, int] = (0, 1)
    """Numbers that it and its successor take in turn, so that no two processes write one log."""
    logs: tuple[Path | None, Path | None] = (None, None)
    """Where it says why it ends, under each of its numbers."""
    turn: int = 0
    pulse: Pulse | None = None
    """On which the newest start says that it listens, and then that it lives."""
    dies_at: float | None = None
    """Monotonic time at which it is killed because it hangs."""


class RollingSupervisor(Supervisor):
    """Runs children, and replaces its workers one by one on SIGHUP."""

    def __init__(
        self,
        children: Sequence[Child],
        say: Say,
        *,
        leave_s: float,
        silent_s: float,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it; nothing runs before `run`.

        Args:
            children: processes to run; those that are `Worker` can be replaced.
            say: (level, sentence) for people and the log.
            leave_s: seconds over which a worker ends its streams.
            silent_s: seconds that the event loop of a worker may stand still before it is killed.
            changed: called when a child ended, was started or was replaced.
        """
        super().__init__(children, say, changed=changed)
        self._leave_s = leave_s
        self._silent_s = silent_s
        self._wanted = False
        self._queue: list[Worker] = []
        self._successor: Worker | None = None
        self._leaving: list[tuple[subprocess.Popen[bytes], int | None, float]] = []
        """Workers that have a successor, the pipe that keeps each alive, and the time at which it is killed."""
        self._on_terminal = os.isatty(0)

    def run(self) -> int:
        """Run the children; SIGHUP replaces the workers, unless it means that the terminal was closed."""
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._hang_up)
        return super().run()

    def shutdown(self) -> None:
        """End the children and the workers that are still leaving."""
        if self._successor is not None:
            self._give_up()
        leaving = [process for process, _, _ in self._leaving]
        for process in leaving:
            process.terminate()
        super().shutdown()
        for process in leaving:
            process.kill()
            process.wait()

    def _hang_up(self, number: int, frame: object) -> None:
        if self._on_terminal and not os.isatty(0):
            self._stop(number, frame)
        else:
            self._wanted = True

    def _tend(self, child: Child) -> int:
        if self._wanted:
            self._wanted = False
            waiting = set(map(id, self._queue))
            workers = [each for each in self._children if isinstance(each, Worker)]
            self._queue += [each for each in workers if id(each) not in waiting]
            self._say("info", f"restarting {len(workers)} worker{'s' * (len(workers) > 1)}, one by one")
        self._see_off()
        if isinstance(child, Worker):
            if self._queue and self._queue[0] is child and not self._stopping:
                self._roll(child)
            if child.process is None and self._successor is not None and self._queue[0] is child:
                return 0  # it died while its successor came up, which takes its place
            self._feel(child)
        return super()._tend(child)

    def _feel(self, child: Worker) -> None:
        """Kill `child` if it has hung for too long."""
        process, pulse = child.process, child.pulse
        if process is None or pulse is None or self._stopping:
            return
        now = time.monotonic()
        if child.dies_at is not None:
            if now >= child.dies_at:
                process.kill()
        elif pulse.is_missed(now, lambda: is_held(process.pid)):
            how = "did not answer" if pulse.has_begun else "did not begin to listen"
            silent_s = self._silent_s * (1 if pulse.has_begun else START_MISSES / MISSES)
            child.fault = f"{how} for {silent_s:g} s and was killed"
            child.dies_at = now + TRACE_S
            self._say("error", f"{child.name} {how} for {silent_s:g} s: it prints its stack to stderr and is killed")
            process.send_signal(signal.SIGUSR1)

    def _roll(self, child: Worker) -> None:
        """Do the next step of replacing `child`."""
        successor = self._successor
        if successor is None:
            if self._leaving:
                return
            if child.process is None:  # it is being started again anyway
                self._queue.pop(0)
                return
            successor = self._successor = Worker(
                child.name, (), base=child.base, shared=child.shared, numbers=child.numbers, logs=child.logs,
                turn=child.turn + 1, secrets=child.secrets,
            )  # fmt: skip
            try:
                self._start(successor)
            except OSError as error:
                self._fail(f"its successor could not be started: {error.strerror}")
            return
        process, pulse = successor.process, successor.pulse
        assert process is not None and pulse is not None
        pulse.listen()
        if pulse.has_begun:
            self._take_over(child, successor)
        elif pulse.is_over or process.poll() is not None:
            self._fail(f"its successor ended with status {process.wait()} before it listened")
        elif time.monotonic() - successor.started_at > READY_S:
            self._fail(f"its successor did not listen within {READY_S:g} s")

    def _take_over(self, child: Worker, successor: Worker) -> None:
        old, pipe, hangs = child.process, child.pipe, child.dies_at is not None
        if child.pulse is not None:
            child.pulse.close()
        child.process, child.pipe, child.pulse = successor.process, successor.pipe, successor.pulse
        child.fault, child.dies_at = "", None
        child.arguments, child.descriptors, child.turn = successor.arguments, successor.descriptors, successor.turn
        child.started_at, child.started_wall_s = successor.started_at, successor.started_wall_s
        child.log = successor.log
        child.restarts += 1
        self._successor = None
        self._queue.pop(0)
        if old is None:
            if pipe is not None:
                os.close(pipe)
            self._say("info", f"{child.name} is replaced; the old one had ended")
        else:
            old.send_signal(signal.SIGKILL if hangs else signal.SIGHUP)
            self._leaving.append((old, pipe, time.monotonic() + self._leave_s + LEAVE_GRACE_S))
            self._say("info", f"{child.name} is replaced; the old one leaves")
        self._changed()

    def _see_off(self) -> None:
        for each in list(self._leaving):
            process, pipe, until = each
            if process.poll() is None:
                if time.monotonic() > until:
                    self._say(
                        "warning", f"a worker that has a successor did not leave (process {process.pid}): killed"
                    )
                    process.kill()
                continue
            if pipe is not None:
                os.close(pipe)
            self._leaving.remove(each)

    def _fail(self, why: str) -> None:
        self._say("error", f"{self._queue[0].name} is not restarted: {why}; the old one continues")
        self._give_up()
        self._queue.clear()

    def _give_up(self) -> None:
        successor, self._successor = self._successor, None
        assert successor is not None
        if successor.process is not None:
            successor.process.kill()
            successor.process.wait()
        if successor.pipe is not None:
            os.close(successor.pipe)
        if successor.pulse is not None:
            successor.pulse.close()

    def _start(self, child: Child) -> None:
        if not isinstance(child, Worker):
            super()._start(child)
            return
        if child.pulse is not None:
            child.pulse.close()
            child.pulse = None
        reading, writing = os.pipe()
        child.pulse, child.dies_at = Pulse(reading, self._silent_s, time.monotonic()), None
        os.set_inheritable(writing, True)
        number = child.numbers[child.turn % 2]
        child.arguments = (*child.base, "--worker", str(number), "--pulse-pipe", str(writing))
        child.descriptors = (*child.shared, writing)
        child.log = child.logs[child.turn % 2]
        try:
            super()._start(child)
        finally:
            os.close(writing)


def desk_workers(
    name: str,
    count: int,
    listener: int,
    arguments: Sequence[str],
    layout: Layout,
    first: int = 1,
    secrets: Mapping[str, str] | None = None,
) -> list[Worker]:
    """Return the workers of a desk that listen on an inherited socket.

    Args:
        name: name of one worker, for people.
        count: number of workers.
        listener: descriptor of the socket.
        arguments: options of `aion serve` for each.
        layout: of its folder.
        first: number of the first worker; 0 for a desk whose first log is `web`.
        secrets: environment variables with secrets for each.
    """
    base = ("serve", *arguments, "--listener", str(listener))
    found = []
    for number in range(first, first + count):
        numbers = (number, number + count)
        logs = layout.log(process_name(numbers[0])), layout.log(process_name(numbers[1]))
        who = name if count == 1 else f"{name} {number}"
        found.append(
            Worker(who, (), base=base, shared=(listener,), numbers=numbers, logs=logs, secrets=secrets or {})
        )
    return found


def process_name(number: int) -> str:
    """Return the name in the logs of the desk's process with this number."""
    return f"web-{number}" if number else "web"
