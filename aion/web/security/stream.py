"""Ends streams whose session has ended: checked at once after a logout, and every few seconds."""

import asyncio
from random import randrange
from typing import Any

from aion.live.hub import Subscriber, make_frame
from aion.web.security.login import needed_role
from aion.web.security.store import DeskStore, Identity, Role

CHECK_S = 5.0
SLICE = 200  # streams looked at before other work gets its turn


class StreamWatch:
    """Remembers who opened which stream."""

    def __init__(self, store: DeskStore | None) -> None:
        """Args: store: says whose session stands; None where everybody is local."""
        self._store = store
        self._streams: dict[Subscriber, tuple[str, Role]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def opened(self, scope: Any, subscriber: Subscriber) -> None:
        """Remember a stream; called when it is opened."""
        if self._store is None:
            return
        identity: Identity = scope["aion.identity"]
        role = needed_role("GET", scope["path"], scope.get("query_string", b"")) or "viewer"
        self._streams[subscriber] = (identity.key, role)

    async def watch(self) -> None:
        """Check all streams again and again, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_S)
            await self.check()

    async def check(self) -> None:
        """End the streams of those who may no longer have them, forget those that are closed."""
        for number, (subscriber, (key, role)) in enumerate(list(self._streams.items()), 1):
            if subscriber.index < 0:
                self._streams.pop(subscriber, None)
            elif not self._may(key, role):
                self._streams.pop(subscriber, None)
                frame = make_frame("bye", b"{}", retry_ms=randrange(200, 2_000))  # noqa: S311 - jitter
                subscriber.finish(frame.gzip if subscriber.is_gzip else frame.identity)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    def _may(self, key: str, role: Role) -> bool:
        store = self._store
        if store is None:
            return True
        if not key:
            return not store.has_password
        identity = store.identify_hash(key)
        return identity is not None and identity.may(role)
