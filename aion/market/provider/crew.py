"""Threads that ask a provider about several symbols at a time, so that a slow one does not hold up the others."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

Job = Callable[[], None]


class Crew:
    """A bounded number of threads that do jobs in the order in which they are given; they start when needed."""

    def __init__(self, size: int, name: str) -> None:
        """Args: size: threads at most; name: of the threads, for people who look at them."""
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def give(self, job: Job) -> None:
        """Have `job` done by the next thread that is free; it must not raise."""
        self._jobs.put(job)
        if len(self._threads) < self._size:
            # daemons: a call that hangs must not keep the process from ending
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Let go of jobs that nobody has begun, and of the threads once theirs are done."""
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
    """Do `jobs` by at most `size` threads, and return when all are done.

    Raises:
        Exception: what the first job that failed raised; those not begun are left out then.
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
