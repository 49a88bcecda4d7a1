"""Ends streams whose session or token has ended, as soon as any process has written so, and counts them."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from random import randrange
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from aion.config import Settings
from aion.live.push.lane import Subscriber, make_frame
from aion.web.http.gate import retry_after
from aion.web.http.limit import network_of
from aion.web.http.middleware import headers_of, refuse
from aion.web.security.commits import Commits
from aion.web.security.login import address_of, needed_role, role_of_stream
from aion.web.security.store import ROLES, DeskStore, Identity, Role

CHECK_S = 5.0  # at most between two checks: a session also ends by itself
QUIET_S = 0.25  # between two looks where no event comes
WRITING_S = 0.05  # while somebody writes what cannot be read yet
SLICE = 200  # streams looked at before other work gets its turn
ALONE = (
    2  # streams of a browser whose windows cannot share one: of its six connections the others are left for requests
)
MAX_AGENT = 256  # characters of a browser's name that tell it from others


class StreamWatch:
    """Remembers who opened which stream."""

    def __init__(self, store: DeskStore | None) -> None:
        """Args: store: says whose session stands; None where everybody is local."""
        self._store = store
        self._wake = asyncio.Event()
        self._state = -1
        self._next_end = float("inf")
        """When the next of those that have streams ends by itself."""
        self._streams: dict[tuple[str, Role], set[Subscriber]] = {}
        """By key and role that it was opened with; no key where everybody is local."""
        self._from: dict[str, set[Subscriber]] = {}
        """By address."""
        self._alone: dict[tuple[str, ...], set[Subscriber]] = {}
        """By browser, those of windows that cannot share one."""
        self._opening: Counter[tuple[str, ...]] = Counter()
        """Of those, the ones that are being opened."""

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def opened(self, scope: Any, subscriber: Subscriber) -> None:
        """Remember a stream; called when it is opened. Ends it where who opens it has lost the right meanwhile."""
        identity: Identity = scope["aion.identity"]
        role = needed_role("GET", scope["path"], scope.get("query_string", b"")) or "viewer"
        if not self._may(identity.key, role):
            subscriber.reset()
            return
        self._streams.setdefault((identity.key, role), set()).add(subscriber)
        self._from.setdefault(network_of(address_of(scope)), set()).add(subscriber)
        browser = scope.get("aion.alone")
        if browser is not None:
            self._alone.setdefault(browser, set()).add(subscriber)
            self.end_opening(scope)

    def refusal(self, subscriber: Subscriber, topics: Sequence[str]) -> str:
        """Return why a stream may not have `topics`, empty if it may; it is ended once it may not any more."""
        assert subscriber.subscription is not None
        key, needed = subscriber.subscription.owner, role_of_stream(topics)
        if not self._may(key, needed):
            return f"this needs the role {needed}"
        for role in ROLES:
            self._streams.get((key, role), set()).discard(subscriber)
        self._streams.setdefault((key, needed), set()).add(subscriber)
        return ""

    def begin_alone(self, scope: Scope, browser: tuple[str, ...], most: int) -> bool:
        """Count a stream that `browser` opens for one window; False where it has `most` already."""
        most -= self._opening[browser]
        if _count([self._alone.get(browser, set())], most) >= most:
            return False
        self._opening[browser] += 1
        scope["aion.alone"] = browser
        return True

    def end_opening(self, scope: Scope) -> None:
        """Count it no more among those that are being opened: it is, or it failed."""
        browser = scope.pop("aion.alone", None)
        if browser is not None:
            self._opening -= Counter([browser])

    def count_from(self, address: str, most: int) -> int:
        """Return how many streams an address has open, exactly where there are `most` or more."""
        return _count([self._from.get(address, set())], most)

    def count_of(self, key: str, most: int) -> int:
        """Return how many streams a login has open, exactly where there are `most` or more."""
        return _count([self._streams.get((key, role), set()) for role in ROLES], most)

    async def watch(self) -> None:
        """Check all streams whenever logins or tokens have changed, until cancelled."""
        store = self._store
        if store is None:
            return
        commits, loop = Commits(store.path), asyncio.get_running_loop()

        def tell() -> None:
            commits.take()
            self._wake.set()

        if commits.has_events:
            loop.add_reader(commits.fileno(), tell)
        try:
            checked_at = 0.0
            while True:
                now = loop.time()
                if self._has_changed(store) or now - checked_at >= CHECK_S or store.now_s() >= self._next_end:
                    checked_at = now
                    with suppress(sqlite3.Error):
                        await self.check()
                wait_s = QUIET_S if not commits.has_events else WRITING_S if store.is_unsure else CHECK_S
                wait_s = min(wait_s, max(0.01, self._next_end - store.now_s()))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), wait_s)
                self._wake.clear()
        finally:
            if commits.has_events:
                loop.remove_reader(commits.fileno())
            commits.close()

    def _has_changed(self, store: DeskStore) -> bool:
        try:
            store.look()
        except sqlite3.Error:  # cannot be read just now: whom it cannot vouch for is refused at the next request
            return False
        return store.state != self._state

    async def check(self) -> None:
        """End the streams of those who may no longer have them, forget those that are closed."""
        self._next_end = float("inf")
        if self._store is not None:
            self._store.look()
            self._state = self._store.state
        for (key, role), streams in list(self._streams.items()):
            _forget_closed(streams)
            if self._may(key, role):
                continue
            for number, subscriber in enumerate(list(streams), 1):
                streams.discard(subscriber)
                self._end(subscriber)
                if number % SLICE == 0:
                    await asyncio.sleep(0)
        for own in (*self._from.values(), *self._alone.values()):
            _forget_closed(own)
        self._streams = {login: own for login, own in self._streams.items() if own}
        self._from = {address: own for address, own in self._from.items() if own}
        self._alone = {browser: own for browser, own in self._alone.items() if own}

    def _may(self, key: str, role: Role) -> bool:
        store = self._store
        if store is None:
            return True
        if not key:
            return not store.has_password
        identity = store.identify_hash(key)
        if identity is None or not identity.may(role):
            return False
        self._next_end = min(self._next_end, identity.ends_at)
        return True

    @staticmethod
    def _end(subscriber: Subscriber) -> None:
        if subscriber.index < 0:  # it has left
            return
        frame = make_frame("bye", b"{}", retry_ms=randrange(200, 2_000))  # noqa: S311 - jitter
        subscriber.finish(frame.gzip if subscriber.is_gzip else frame.identity)


def _count(sets: list[set[Subscriber]], most: int) -> int:
    if sum(map(len, sets)) >= most:
        for each in sets:
            _forget_closed(each)
    return sum(map(len, sets))


def _forget_closed(streams: set[Subscriber]) -> None:
    streams.difference_update([each for each in streams if each.index < 0])


class StreamLimit:
    """Refuses a stream that would be one too many of its login or address, or that asks for too many topics."""

    def __init__(self, app: ASGIApp, watch: StreamWatch, settings: Settings) -> None:
        """Args: app: opens the stream; watch: knows those that are open; settings: of the desk."""
        self._app = app
        self._watch = watch
        self._most = settings.address_connections
        self._most_of = settings.session_streams
        self._topics = settings.stream_topics
        self._most_alone = max(1, ALONE // settings.workers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open it, or refuse; a change of one that is open counts as none."""
        if scope["method"] == "POST":
            await self._app(scope, receive, send)
            return
        address, key = network_of(address_of(scope)), scope["aion.identity"].key
        if self._watch.count_from(address, self._most) >= self._most:
            await self._refuse(send, f"{self._most} streams of this address")
            return
        if key and self._watch.count_of(key, self._most_of) >= self._most_of:
            await self._refuse(send, f"{self._most_of} streams of this login")
            return
        query = scope.get("query_string", b"")
        if query.count(b",") + query.upper().count(b"%2C") >= self._topics and self._too_many(scope):
            await refuse(send, 400, "TooManyTopics", f"a stream takes at most {self._topics} topics")
            return
        if b"alone=" not in query:
            await self._app(scope, receive, send)
            return
        agent = headers_of(scope).get(b"user-agent", b"").decode("latin-1")[:MAX_AGENT]
        if not self._watch.begin_alone(scope, (address, key, agent), self._most_alone):
            await self._refuse(send, f"{self._most_alone} streams of windows of this browser that cannot share one")
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._watch.end_opening(scope)

    async def _refuse(self, send: Send, what: str) -> None:
        detail = f"{what} are open: close some, or come back later"
        await refuse(send, 503, "TooManyStreams", detail, [(b"retry-after", b"%d" % retry_after())])

    def _too_many(self, scope: Scope) -> bool:
        topics: str = parse_qs(scope["query_string"].decode("latin-1")).get("topics", [""])[0]
        return topics.count(",") >= self._topics
