"""Backpressure: pauses streams whose clients do not read, by one `poll` of all of them shortly after a broadcast.

`TCP_NOTSENT_LOWAT` makes the kernel refuse more data for a client that does not read, but the kernel checks the limit
only where a segment begins, and a segment is up to 64 KB: three bundles that will be stale when they are read. `poll`
reports it earlier. A stream that is not writable is paused; an epoll of the paused ones resumes them.
"""

import asyncio
import select
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aion.live.push.hub import Hub
    from aion.live.push.lane import Subscriber

CHECK_S = 0.1  # after a broadcast; at most so often


class Drain:
    """Finds the streams of one hub that are not writable. Belongs to the event loop that it is made in."""

    def __init__(self, hub: "Hub") -> None:
        """Args: hub: pauses and resumes its streams."""
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._poll = select.poll()
        self._count = 0
        self._held: dict[int, Subscriber] = {}
        """Streams that were paused here, by descriptor."""
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._resume)
        self._timer: asyncio.TimerHandle | None = None

    def add(self, descriptor: int) -> None:
        """Check the stream of `descriptor` from now on."""
        self._poll.register(descriptor, select.POLLOUT)
        self._count += 1

    def remove(self, descriptor: int) -> None:
        """Stop checking it; call before it is closed, since the number may be reused."""
        self._poll.unregister(descriptor)
        self._count -= 1
        if self._held.pop(descriptor, None) is not None:
            with suppress(OSError):
                self._epoll.unregister(descriptor)

    def check_soon(self) -> None:
        """Check in `CHECK_S` seconds."""
        if self._timer is None and self._count:
            self._timer = self._loop.call_later(CHECK_S, self._check)

    def close(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _check(self) -> None:
        self._timer = None
        drained = self._poll.poll(0)
        if len(drained) == self._count:
            return
        known = {descriptor for descriptor, _ in drained}
        for subscriber in self._hub.subscribers():
            if subscriber.descriptor >= 0 and subscriber.descriptor not in known and not subscriber.is_paused:
                self._held[subscriber.descriptor] = subscriber
                self._epoll.register(subscriber.descriptor, select.EPOLLOUT)
                self._hub.pause(subscriber)

    def _resume(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            subscriber = self._held.pop(descriptor, None)
            if subscriber is not None:  # one before it may have made it leave
                self._epoll.unregister(descriptor)
                self._hub.resume(subscriber)


def make_drain(hub: "Hub") -> Drain | None:
    """Return a `Drain` for `hub`; None on systems without epoll."""
    return Drain(hub) if hasattr(select, "epoll") else None
