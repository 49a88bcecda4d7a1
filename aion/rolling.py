"""Restarts that nobody notices: on SIGHUP each worker gets a successor on the same socket, one after the other.

The successor listens before the old worker leaves, so that at every moment somebody takes what arrives. A successor
that does not come up is given up, and the old worker goes on.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aion.store.layout import Layout
from aion.supervise import Child, Supervisor

READY_S = 60.0  # in which a successor has to listen
LEAVE_GRACE_S = 40.0  # beyond the time that its streams take, which a worker gets to leave


@dataclass(slots=True)
class Worker(Child):
    """A child that can be replaced while it works."""

    base: tuple[str, ...] = ()
    """Its arguments but for those that differ from one start to the next."""
    shared: tuple[int, ...] = ()
    """Open files that each of its starts inherits."""
    numbers: tuple[int, int] = (0, 1)
    """Numbers that it and its successor take in turn, so that no two processes write one log."""
    logs: tuple[Path | None, Path | None] = (None, None)
    """Where it says why it ends, under each of its numbers."""
    turn: int = 0
    ready: int | None = None
    """Reading end of the pipe on which the newest start says that it listens."""


class RollingSupervisor(Supervisor):
    """Runs children, and replaces its workers one by one when told to by SIGHUP."""

    def __init__(
        self,
        children: Sequence[Child],
        say: Callable[[str, str], None],
        *,
        leave_s: float,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it; nothing runs before `run`.

        Args:
            children: what runs; those that are `Worker` are replaced.
            say: (level, sentence) for people and the log.
            leave_s: seconds over which a worker ends its streams.
            changed: called when a child ended, was started or was replaced.
        """
        super().__init__(children, say, changed=changed)
        self._leave_s = leave_s
        self._wanted = False
        self._queue: list[Worker] = []
        self._successor: Worker | None = None
        self._leaving: list[tuple[subprocess.Popen[bytes], int | None, float]] = []
        """Workers that have a successor, the pipe that keeps each alive, and the time at which it is killed."""
        self._on_terminal = os.isatty(0)

    def run(self) -> int:
        """Run the children; SIGHUP restarts the workers, unless it tells that the terminal is gone."""
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._hang_up)
        return super().run()

    def shutdown(self) -> None:
        """End the children and what still leaves."""
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
            if child.ready is not None and _can_read(child.ready):
                os.close(child.ready)
                child.ready = None
        return super()._tend(child)

    def _roll(self, child: Worker) -> None:
        """Go one step on with replacing `child`."""
        successor = self._successor
        if successor is None:
            if self._leaving:
                return
            if child.process is None:  # it is being started again anyway
                self._queue.pop(0)
                return
            successor = self._successor = Worker(
                child.name, (), base=child.base, shared=child.shared, numbers=child.numbers, logs=child.logs,
                turn=child.turn + 1,
            )  # fmt: skip
            self._start(successor)
            return
        process, ready = successor.process, successor.ready
        assert process is not None and ready is not None
        has_said = _can_read(ready)
        if has_said and os.read(ready, 1):
            self._take_over(child, successor)
        elif has_said or process.poll() is not None:
            self._fail(f"its successor ended with status {process.wait()} before it listened")
        elif time.monotonic() - successor.started_at > READY_S:
            self._fail(f"its successor did not listen within {READY_S:g} s")

    def _take_over(self, child: Worker, successor: Worker) -> None:
        old, pipe = child.process, child.pipe
        assert old is not None and successor.ready is not None
        os.close(successor.ready)
        if child.ready is not None:
            os.close(child.ready)
        child.process, child.pipe, child.ready = successor.process, successor.pipe, None
        child.arguments, child.descriptors, child.turn = successor.arguments, successor.descriptors, successor.turn
        child.started_at, child.started_wall_s = successor.started_at, successor.started_wall_s
        child.log = successor.log
        child.restarts += 1
        self._successor = None
        self._queue.pop(0)
        if old.poll() is None:
            old.send_signal(signal.SIGHUP)
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
        self._say("error", f"{self._queue[0].name} is not restarted: {why}; the old one goes on")
        self._give_up()
        self._queue.clear()

    def _give_up(self) -> None:
        successor, self._successor = self._successor, None
        assert successor is not None and successor.process is not None
        successor.process.kill()
        successor.process.wait()
        for end in (successor.pipe, successor.ready):
            if end is not None:
                os.close(end)

    def _start(self, child: Child) -> None:
        if not isinstance(child, Worker):
            super()._start(child)
            return
        if child.ready is not None:
            os.close(child.ready)
        child.ready, writing = os.pipe()
        os.set_inheritable(writing, True)
        number = child.numbers[child.turn % 2]
        child.arguments = (*child.base, "--worker", str(number), "--ready-pipe", str(writing))
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
) -> list[Worker]:
    """Return the workers of a desk that listen on an inherited socket.

    Args:
        name: of one of them, for people.
        count: how many.
        listener: descriptor of the socket.
        arguments: options of `aion serve` that each gets.
        layout: of its folder.
        first: number of the first; 0 for a desk whose first log is `web`.
    """
    base = ("serve", *arguments, "--listener", str(listener))
    found = []
    for number in range(first, first + count):
        numbers = (number, number + count)
        logs = layout.log(process_name(numbers[0])), layout.log(process_name(numbers[1]))
        who = name if count == 1 else f"{name} {number}"
        found.append(Worker(who, (), base=base, shared=(listener,), numbers=numbers, logs=logs))
    return found


def process_name(number: int) -> str:
    """Return the name in the logs of the desk's process with this number."""
    return f"web-{number}" if number else "web"


def _can_read(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
