"""Shares logins, tokens, tries and the audit of one desk with all the others of the engine.

Each desk's file stays its truth. What changes in it is told to a stream that keeps the newest of each key, and what
others told is taken in; a link that is new reads all of it first, so that nothing has to be remembered between two.
"""

import asyncio
import hashlib
import itertools
import json
import secrets
import sqlite3
from contextlib import suppress
from typing import Any

import orjson

from aion.cluster.folder import Say
from aion.cluster.link import FencedError, Item, Keep, Link, LinkError, Message
from aion.cluster.together import together
from aion.web.security.commits import Commits
from aion.web.security.shared import Fact, SharedStore
from aion.web.security.store import DeskStore

FACTS, AUDIT, TRIES = "AION_desks", "AION_desks_AUDIT", "AION_desks_TRIES"
"""Streams, whose subjects begin with the same words."""
MOST_LINES = 100_000  # of the audit that the engine keeps
TRIES_S = 120.0  # after which a try counts no more anywhere
CHECK_S = 1.0  # between two looks, where no event comes sooner
TOGETHER = 900  # lines that are told at once, and taken in
LATER_S = 86_400.0  # that what has ended by itself is still kept
WHOLE_S = 5.0  # between two looks at whether the streams are what they were


class DeskShare:
    """One desk's end. Used by one event loop."""

    def __init__(self, store: DeskStore, name: str, say: Say) -> None:
        """Args: store: of this desk; name: of it among the others; say: tells people."""
        self._store = store
        self._shared = SharedStore(store, name)
        self._say = say
        self._who = secrets.token_hex(8)
        self._agreed: dict[str, tuple[str, int]] = {}
        """By key: digest of what all have (empty for what is gone), and its number in the stream."""
        self._is_due = True
        """True when what all have may be another thing than what is here, though nothing was changed here."""
        self._wake, self._wake_audit = asyncio.Event(), asyncio.Event()
        self._numbers = itertools.count()
        self._wrong = 0

    async def run(self, link: Link) -> None:
        """Tell and listen until the link fails.

        Raises:
            LinkError: it did; call this again with another one.
        """
        facts = await link.mark(FACTS, Keep(is_timed=True))
        audit = await link.mark(AUDIT, Keep(most=MOST_LINES))
        await link.mark(TRIES, Keep(age_s=TRIES_S))
        self._agreed = {}
        commits, loop = Commits(self._store.path), asyncio.get_running_loop()

        def tell() -> None:
            commits.take()
            self._wake.set()
            self._wake_audit.set()

        if commits.has_events:
            loop.add_reader(commits.fileno(), tell)
        caught_up = asyncio.Event()
        if facts.last == 0:
            self._shared.found()
            caught_up.set()
        else:
            self._shared.join()
        try:
            await together(
                self._listen(link, facts.last, caught_up),
                self._tell_facts(link, facts.identity, caught_up),
                self._listen_tries(link),
                self._share_audit(link, audit.identity),
            )
        finally:
            if commits.has_events:
                loop.remove_reader(commits.fileno())
            commits.close()

    async def _listen(self, link: Link, last: int, caught_up: asyncio.Event) -> None:
        async for message in link.watch(FACTS, 0):
            self._take(message)
            self._is_due = True
            if message.number >= last and not caught_up.is_set():
                caught_up.set()
            self._wake.set()

    def _take(self, message: Message) -> None:
        is_gone = "Aion-Gone" in message.headers
        digest = "" if is_gone else _digest(message.data)
        self._agreed[message.key] = digest, message.number
        try:
            fact = orjson.loads(message.data)
            if not isinstance(fact, dict):
                raise ValueError("it is no object")
            if message.headers.get("Aion-Who") == self._who:
                self._shared.told(message.key, fact)
                return
            if said := self._shared.take(message.key, fact, is_gone=is_gone):
                self._say(said)
                self._store.record("cluster", "", said)
        except (ValueError, KeyError, sqlite3.Error) as error:
            self._leave_out(f"{message.key[:40]!r}: {error}")

    def _leave_out(self, why: str) -> None:
        self._wrong += 1
        if self._wrong & (self._wrong - 1) == 0:  # the first, second, fourth, ...: a flood is no flood of lines
            self._say(f"something that is no fact of desks was left out ({self._wrong} so far): {why}")

    async def _tell_facts(self, link: Link, identity: str, caught_up: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        await caught_up.wait()
        checked, seen = loop.time(), -1
        while True:
            self._store.look()
            if self._is_due or self._store.state != seen:
                self._is_due, seen = False, self._store.state
                for fact in self._shared.tried():
                    item = Item(f"{self._who}.{next(self._numbers)}", orjson.dumps(fact), {"Aion-Who": self._who})
                    await link.put_one(TRIES, item, None)
                facts = self._shared.facts()
                for key in sorted(facts.keys() | self._agreed.keys()):
                    await self._tell(link, key, facts.get(key))
            if loop.time() - checked >= WHOLE_S:
                checked = loop.time()
                if (await link.mark(FACTS)).identity != identity:
                    raise LinkError("what desks share was lost by the engine: all is told again")
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _tell(self, link: Link, key: str, fact: Fact | None) -> None:
        digest, number = self._agreed.get(key, ("", 0))
        kind = key.partition(".")[0]
        headers = {"Aion-Who": self._who}
        if fact is None:
            if not digest or kind not in ("session", "token", "familiar"):
                return
            ends_at = self._shared.ended(key) or self._store.now_s()
            data = orjson.dumps({"ends_at": ends_at})
            headers["Aion-Gone"] = "1"
        else:
            data = orjson.dumps(fact, option=orjson.OPT_SORT_KEYS)
            if _digest(data) == digest:
                return
            ends_at = float(fact.get("ends_at", 0.0))
        if ends_at:
            headers["Nats-TTL"] = f"{max(60, int(ends_at - self._store.now_s() + LATER_S))}s"
        try:
            # of changes to one password the first stands; of the others no two contradict each other
            number = await link.put_one(FACTS, Item(key, data, headers), number if kind in ("role", "desk") else None)
        except FencedError:
            return  # what came first is on its way
        if self._agreed.get(key, ("", 0))[1] < number:
            self._agreed[key] = "" if fact is None else _digest(data), number
            if fact is not None:
                self._shared.told(key, fact)

    async def _listen_tries(self, link: Link) -> None:
        async for message in link.watch(TRIES, 0):
            if message.headers.get("Aion-Who") == self._who:
                continue
            try:
                self._shared.take_tried(json.loads(message.data))
            except (ValueError, AttributeError) as error:
                self._leave_out(f"a try: {error}")

    async def _share_audit(self, link: Link, identity: str) -> None:
        kept = self._shared.cursor()
        is_same = kept.get("identity") == identity
        cursor: dict[str, Any] = {
            "identity": identity, "after": kept.get("after", 0) if is_same else 0,
            "told": kept.get("told", 0) if is_same else 0,
        }  # fmt: skip
        mark = await link.mark(AUDIT)
        if mark.last < cursor["after"]:
            cursor["after"] = 0
        queue: asyncio.Queue[Message] = asyncio.Queue(TOGETHER)

        async def read() -> None:
            async for message in link.watch(AUDIT, cursor["after"]):
                await queue.put(message)

        async def take() -> None:
            while True:
                messages = [await queue.get()]
                while not queue.empty():
                    messages.append(queue.get_nowait())
                self._take_lines(messages, cursor)
                await asyncio.sleep(0)

        async def tell() -> None:
            while True:
                lines = self._shared.lines(cursor["told"], TOGETHER)
                if lines:
                    items = [Item(f"{self._shared.node}.{number}", orjson.dumps(line)) for number, line in lines]
                    with suppress(FencedError):  # another desk told some meanwhile: again
                        await link.put(AUDIT, items, (await link.mark(AUDIT)).last)
                        cursor["told"] = lines[-1][0]
                        self._shared.take_lines({}, cursor)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await self._wake_audit.wait()
                self._wake_audit.clear()

        await together(read(), take(), tell())

    def _take_lines(self, messages: list[Message], cursor: dict[str, Any]) -> None:
        lines: dict[str, Fact] = {}
        for message in messages:
            with suppress(ValueError):
                line = orjson.loads(message.data)
                if isinstance(line, dict):
                    lines[message.key] = line
        wrong = len(messages) - len(lines)
        cursor["after"] = messages[-1].number
        if wrong := wrong + self._shared.take_lines(lines, cursor):
            self._leave_out(f"{wrong} lines of the audit")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
