"""Threads that request several symbols at a time, so that a slow one does not delay the others."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

Job = Callable[[], None]


class Crew:
    """A limited number of threads that do jobs in order; they start when needed."""

    def __init__(self, size: int, name: str) -> None:
        """Args: size: maximum number of threads; name: name of the threads, for debugging."""
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def give(self, job: Job) -> None:
        """Queue `job` for the next free thread; it must not raise."""
        self._jobs.put(job)
        if len(self._threads) < self._size:
            # daemons: a call that hangs must not keep the process from ending
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Drop jobs that have not started; threads end when theirs are done."""
        while True:
            try:
                self._jobs.get_nowait()
            except Empty:
                break
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def do_together(jobs: Sequence[Job], size: int, name: str) -> None:
    """Run `jobs` in at most `size` threads, and return when all are done.

    Raises:
        Exception: the exception of the first failed job; jobs that have not started are then dropped.
    """
    if size <= 1 or len(jobs) <= 1:
        for job in jobs:
            job()
        return
    crew, done = Crew(min(size, len(jobs)), name), SimpleQueue[Exception | None]()

    def guarded(job: Job) -> Job:
        def run() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - handed over to the thread that waits, which raises it
                done.put(error)
            else:
                done.put(None)

        return run

    for job in jobs:
        crew.give(guarded(job))
    try:
        for _ in jobs:
            if (error := done.get()) is not None:
                raise error
    finally:
        crew.close()
