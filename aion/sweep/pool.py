"""Workers of a sweep: a process a core, one combination at a time. One that is killed costs its combination only."""

import multiprocessing
import os
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

from aion.strategy.hang_killer import STUCK_S, read_stuck, watched
from aion.strategy.time_limit import alarm

Task = TypeVar("Task")
Answer = TypeVar("Answer")
_START = multiprocessing.get_context("spawn")  # the parent may have threads


@dataclass(slots=True)
class _Worker(Generic[Task]):
    """A process and what it is at."""

    process: BaseProcess
    pipe: Connection
    call: Path
    """File of `watched`."""
    task: Task | None = None


def usable_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    make: Callable[[], Callable[[Task], Answer]],
    tasks: Sequence[Task],
    lost: Callable[[Task, str], Answer],
    jobs: int,
) -> Iterator[Answer]:
    """Yield the answer to each task as it comes, in no order.

    Args:
        make: called once a worker; returns what answers a task. It and all tasks and answers can be pickled.
        tasks: what is to be done.
        lost: the answer to a task whose worker ended in the middle of it, and why.
        jobs: processes at a time.
    """
    waiting = deque(tasks)
    with tempfile.TemporaryDirectory(prefix="aion-") as folder:
        number = 0
        workers: dict[Connection, _Worker[Task]] = {}
        try:
            while waiting or workers:
                while waiting and len(workers) < jobs:
                    worker = _start(make, Path(folder) / str(number))
                    number += 1
                    workers[worker.pipe] = worker
                    _hand(worker, waiting)
                for pipe in [each for each in wait(list(workers)) if isinstance(each, Connection)]:
                    worker = workers[pipe]
                    task = worker.task
                    try:
                        answer: Answer = pipe.recv()
                    except (EOFError, ConnectionResetError):
                        del workers[pipe]
                        _end(worker)
                        if task is not None:
                            yield lost(task, _why(worker))
                        continue
                    _hand(worker, waiting)
                    if worker.task is None:
                        del workers[pipe]
                        _end(worker)
                    yield answer
        finally:
            for worker in workers.values():
                worker.process.kill()
                _end(worker)


def _start(make: Callable[[], Callable[[Task], Answer]], call: Path) -> _Worker[Task]:
    ours, theirs = _START.Pipe()
    process = _START.Process(target=_work, args=(make, theirs, call), daemon=True)
    resource_tracker.ensure_running()  # which lets Ctrl-C through when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()  # without hearing of Ctrl-C, from its first moment: the parent hears and ends its workers
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()  # so that the end of the worker is the end of the pipe
    return _Worker(process, ours, call)


def _hand(worker: _Worker[Task], waiting: deque[Task]) -> None:
    worker.task = waiting.popleft() if waiting else None
    with suppress(BrokenPipeError):  # it has ended, which its pipe says next
        worker.pipe.send(worker.task)


def _end(worker: _Worker[Task]) -> None:
    worker.pipe.close()
    worker.process.join()


def _why(worker: _Worker[Task]) -> str:
    bot, where = read_stuck(worker.call)
    status = worker.process.exitcode or 0
    if status == -signal.SIGPROF and bot:
        line = f" ({where})" if where else ""
        return f"the strategy did not come back within {STUCK_S:g} s and could not be interrupted{line}"
    if status < 0:
        return f"its process was ended by {signal.Signals(-status).name}"
    return f"its process ended with status {status}"


def _work(make: Callable[[], Callable[[Task], Answer]], pipe: Connection, call: Path) -> None:
    """Answer tasks until there are no more, or until the parent is gone."""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), alarm(), watched(call):
        answer = make()
        while (task := pipe.recv()) is not None:
            pipe.send(answer(task))
