"""Clients of a provider for several threads: each call has its own client, and all share one rate limit."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

C = TypeVar("C")


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
