"""Clients of a provider for several threads: each call has one of its own, and all keep one rate limit together."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

C = TypeVar("C")


class ClientPool(Generic[C]):
    """Clients that are lent to one call at a time; a call that hangs keeps its own, and others get another."""

    def __init__(self, make: Callable[[], C]) -> None:
        """Args: make: returns a new client; called when all are lent."""
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[C] = []
        self._era = 0

    @contextmanager
    def lend(self) -> Iterator[C]:
        """Lend a client to the caller alone."""
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
        """Discard idle clients, and those on loan when they come back."""
        with self._lock:
            self._era += 1
            self._idle = []


class Pacer:
    """Spreads requests of several threads, so that together they start no faster than the provider allows."""

    def __init__(self, gap_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Args: gap_s: between the starts of two requests; monotonic: clock, s."""
        self.gap_s = gap_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at = 0.0

    def turn_s(self, cost: float = 1.0) -> float:
        """Take the next turn, which counts as `cost` requests, and return in how many seconds it comes."""
        with self._lock:
            now = self._monotonic()
            begins = max(now, self._free_at)
            self._free_at = begins + self.gap_s * cost
        return begins - now

    def wait(self, cost: float | None = None) -> None:
        """Wait for the next turn."""
        time.sleep(self.turn_s(1.0 if cost is None else float(cost)))
