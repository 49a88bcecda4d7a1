"""The end of streams: `bye` with a time after which to come back, not the same for all."""

import asyncio
from random import randrange
from time import perf_counter

from aion.live.push.hub import Hub
from aion.live.push.lane import Subscriber, make_frame


def bye(*, is_gzip: bool) -> bytes:
    """Return a `bye` event with a random `retry` of 0.2 to 2 s, as a chunk."""
    frame = make_frame("bye", b"{}", retry_ms=randrange(200, 2_000))  # noqa: S311 - jitter
    return frame.gzip if is_gzip else frame.identity


async def say_bye(hub: Hub, spread_s: float = 0.0, patience_s: float = 0.0) -> None:
    """End all streams: `bye` with a random `retry`, over `spread_s` seconds.

    A random delay keeps thousands of pages from reconnecting at once. A client that has not drained cannot be told;
    it is disconnected after `patience_s` seconds.
    """
    leaving = hub.subscribers()
    pause = 0.05
    rounds = max(1, int(spread_s / pause))
    size = max(1, -(-len(leaving) // rounds))
    late: list[Subscriber] = []
    for start in range(0, len(leaving), size):
        for subscriber in leaving[start : start + size]:
            if subscriber.index < 0:  # it left in the meantime
                continue
            if subscriber.is_paused and patience_s:
                late.append(subscriber)
            else:
                subscriber.finish(bye(is_gzip=subscriber.is_gzip))
        if start + size < len(leaving):
            await asyncio.sleep(pause)
    until = perf_counter() + patience_s
    while late := [each for each in late if each.index >= 0]:
        for subscriber in late:
            if not subscriber.is_paused or perf_counter() > until:
                subscriber.finish(bye(is_gzip=subscriber.is_gzip))
        await asyncio.sleep(pause)
