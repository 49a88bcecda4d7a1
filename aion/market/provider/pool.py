"""Threads that ask a provider about several symbols at a time; each has a client, all one rate limit."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

C = TypeVar("C")
Job = Callable[[], None]


class ClientPool(Generic[C]):
    """A pool of clients, each used by one call at a time; a call that hangs keeps its client."""

    def __init__(self, make: Callable[[], C]) -> None:
        """Args: make: returns a new client; called when all are in use."""
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[C] = []
        self._era = 0

    @contextmanager
    def lend(self) -> Iterator[C]:
        """Give the caller exclusive use of a client inside the block."""
        with self._lock:
            era = self._era
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = self._make()
        try:
            yield client
        finally:
            with self._lock:
                if era == self._era:
                    self._idle.append(client)

    def clear(self) -> None:
        """Discard idle clients now, and clients in use when they are returned."""
        with self._lock:
            self._era += 1
            self._idle = []


class Pacer:
    """Rate limiter over several threads: their requests together start no faster than the provider allows."""

    def __init__(self, gap_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Args: gap_s: seconds between the starts of two requests; monotonic: clock, seconds."""
        self.gap_s = gap_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at = 0.0

    def turn_s(self, cost: float = 1.0) -> float:
        """Reserve the next turn, which counts as `cost` requests, and return the seconds until it."""
        with self._lock:
            now = self._monotonic()
            begins = max(now, self._free_at)
            self._free_at = begins + self.gap_s * cost
        return begins - now

    def wait(self, cost: float | None = None) -> None:
        """Wait for the next turn."""
        time.sleep(self.turn_s(1.0 if cost is None else float(cost)))


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
