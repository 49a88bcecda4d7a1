"""Streams that are sent to at a pace of their own: a timer for each."""

import asyncio
from collections.abc import Callable

from aion.live.push.lane import Subscriber


class PacedStreams:
    """The timers. Belongs to one event loop."""

    def __init__(self, send: Callable[[Subscriber], None]) -> None:
        """Args: send: called with a stream when its time has come, again and again."""
        self._send = send
        self._timers: dict[Subscriber, asyncio.TimerHandle] = {}

    def __contains__(self, subscriber: Subscriber) -> bool:
        return subscriber in self._timers

    def keep(self, subscriber: Subscriber, pace_s: float) -> None:
        """Send to `subscriber` each `pace_s` seconds from now on; 0 leaves it alone."""
        before = self._timers.pop(subscriber, None)
        if before is not None:
            before.cancel()
        if pace_s:
            loop = asyncio.get_running_loop()
            self._timers[subscriber] = loop.call_later(pace_s, self.send_now, subscriber, pace_s)

    def send_now(self, subscriber: Subscriber, pace_s: float) -> None:
        """Send at once, and next after `pace_s` seconds."""
        self.keep(subscriber, pace_s)
        self._send(subscriber)
