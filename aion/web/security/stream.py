"""Ends streams whose session has ended (checked at once after a logout, and every few seconds), and counts them."""

import asyncio
from random import randrange
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from aion.config import Settings
from aion.live.hub import Subscriber, make_frame
from aion.web.gate import retry_after
from aion.web.middleware import refuse
from aion.web.security.limit import network_of
from aion.web.security.login import address_of, needed_role
from aion.web.security.store import DeskStore, Identity, Role

CHECK_S = 5.0
SLICE = 200  # streams looked at before other work gets its turn


class StreamWatch:
    """Remembers who opened which stream."""

    def __init__(self, store: DeskStore | None) -> None:
        """Args: store: says whose session stands; None where everybody is local."""
        self._store = store
        self._streams: dict[Subscriber, tuple[str, Role]] = {}
        self._of: dict[str, set[Subscriber]] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def opened(self, scope: Any, subscriber: Subscriber) -> None:
        """Remember a stream; called when it is opened."""
        identity: Identity = scope["aion.identity"]
        role = needed_role("GET", scope["path"], scope.get("query_string", b"")) or "viewer"
        self._streams[subscriber] = (identity.key, role)
        for owner in owners(scope):
            self._of.setdefault(owner, set()).add(subscriber)

    def count(self, owner: str, most: int) -> int:
        """Return how many streams an owner has open, exactly where there are `most` or more."""
        own = self._of.get(owner)
        if own is None:
            return 0
        if len(own) >= most:
            own.difference_update([each for each in own if each.index < 0])
        return len(own)

    def _forget_closed(self) -> None:
        for owner, own in list(self._of.items()):
            own.difference_update([each for each in own if each.index < 0])
            if not own:
                del self._of[owner]

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
        self._forget_closed()

    def _may(self, key: str, role: Role) -> bool:
        store = self._store
        if store is None:
            return True
        if not key:
            return not store.has_password
        identity = store.identify_hash(key)
        return identity is not None and identity.may(role)


class StreamLimit:
    """Refuses a stream that would be one too many of its login or address, or that asks for too many topics."""

    def __init__(self, app: ASGIApp, watch: StreamWatch, settings: Settings) -> None:
        """Args: app: opens the stream; watch: knows those that are open; settings: of the desk."""
        self._app = app
        self._watch = watch
        self._most = (settings.address_connections, settings.session_streams)
        self._topics = settings.stream_topics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open it, or refuse."""
        for owner, most in zip(owners(scope), self._most, strict=False):
            if self._watch.count(owner, most) >= most:
                whose = "login" if owner.startswith("login ") else "address"
                detail = f"{most} streams of this {whose} are open: close some, or come back later"
                await refuse(send, 503, "TooManyStreams", detail, [(b"retry-after", b"%d" % retry_after())])
                return
        if scope.get("query_string", b"").count(b",") >= self._topics and self._too_many(scope):
            await refuse(send, 400, "TooManyTopics", f"a stream takes at most {self._topics} topics")
            return
        await self._app(scope, receive, send)

    def _too_many(self, scope: Scope) -> bool:
        topics: str = parse_qs(scope["query_string"].decode("latin-1")).get("topics", [""])[0]
        return topics.count(",") >= self._topics


def owners(scope: Scope) -> tuple[str, ...]:
    """Return those whose streams are counted: the address that asks, and its login where there is one."""
    identity: Identity = scope["aion.identity"]
    address = network_of(address_of(scope))
    return (address, f"login {identity.key}") if identity.key else (address,)
