"""Which streams have not drained: the kernel is asked a moment after a broadcast, all of them at once.

`TCP_NOTSENT_LOWAT` makes the kernel refuse more for a client that does not read, but it looks at that only where a
segment begins, and a segment takes 64 KB: three bundles that will be old when they are read. `poll` knows better. Who
is not writable is paused, and resumed by an epoll of those alone.
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
    """Asks the kernel about the streams of one hub. Belongs to the event loop that it is made in."""

    def __init__(self, hub: "Hub") -> None:
        """Args: hub: whose streams are paused and resumed."""
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._poll = select.poll()
        self._count = 0
        self._held: dict[int, Subscriber] = {}
        """Those that were paused here, by descriptor."""
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._resume)
        self._timer: asyncio.TimerHandle | None = None

    def add(self, descriptor: int) -> None:
        """Ask about a stream's descriptor from now on."""
        self._poll.register(descriptor, select.POLLOUT)
        self._count += 1

    def remove(self, descriptor: int) -> None:
        """Ask about it no longer; before it is closed, since its number may come back."""
        self._poll.unregister(descriptor)
        self._count -= 1
        if self._held.pop(descriptor, None) is not None:
            with suppress(OSError):
                self._epoll.unregister(descriptor)

    def check_soon(self) -> None:
        """Ask in a moment."""
        if self._timer is None and self._count:
            self._timer = self._loop.call_later(CHECK_S, self._check)

    def close(self) -> None:
        """Stop asking."""
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
    """Return what asks the kernel about the streams of `hub`; None where it cannot be asked."""
    return Drain(hub) if hasattr(select, "epoll") else None
