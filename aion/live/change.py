"""Changes of an open stream, asked for by POST: its topics, patches and pace, without a new connection.

The topics of a change replace those of the stream. What the client lacks of a new one comes on the stream; what is
pushed meanwhile comes by the old topics or by the new ones. A stream that several workers of a server might have is
looked for by `elsewhere`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aion.live.live import Live
from aion.live.push.lane import Subscriber
from aion.live.ready import ready

CHANGE_S = 0.05  # between two changes of one stream; of those that come meanwhile, the newest is made
MAX_PACE_S = 60.0  # a page that is shown again would seem to stand still
MAX_NAME = 80  # characters of a wrong name that an answer repeats

Json = dict[str, Any]
Answer = tuple[int, Json]
"""Status and body."""


class ChangeError(Exception):
    """A change that cannot be made; the message says why."""

    def __init__(self, status: int, detail: str) -> None:
        """Args: status: of the answer; detail: a sentence."""
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class StreamRights:
    """Who may change which stream: what the application around the streams knows of it."""

    owner: Callable[[Any], str] = lambda scope: ""
    """Returns the name of whoever asks; only who has opened a stream may change it. By default, its id is enough."""
    refusal: Callable[[Subscriber, Sequence[str]], str] = lambda stream, topics: ""
    """Returns why a stream may not have these topics, empty if it may; called at once before it has them."""
    elsewhere: Callable[[str, Json], Awaitable[Answer | None]] | None = None
    """Hands a change to the worker that has the stream with this id, which calls `StreamApp.change` with it."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for."""

    stream: str
    topics: tuple[str, ...] | None
    have: Mapping[str, str]
    patches: frozenset[str] | None
    pace_s: float | None


class StreamChanges:
    """Makes changes of the open streams of one `Live`."""

    def __init__(self, live: Live[Any], rights: StreamRights, most: int) -> None:
        """Args: live: has the topics; rights: of whoever asks; most: topics of one stream."""
        self._live = live
        self._rights = rights
        self._most = most

    async def answer(self, body: bytes, owner: str) -> Answer:
        """Make the change that `body` asks for, here or elsewhere.

        Args:
            body: JSON as `StreamApp` describes it.
            owner: who asks.
        """
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return _refusal(400, f"the body is not JSON: {error}")
        if not isinstance(asked, dict):
            return _refusal(400, 'a change is an object: {"stream": "<id of hello>", "topics": [...]}')
        found = await self.make(asked, owner)
        elsewhere = self._rights.elsewhere
        if found is None and elsewhere is not None:
            found = await elsewhere(asked["stream"], {**asked, "owner": owner})
        return found or _refusal(404, "this stream is not open (any more): open a new one")

    async def make(self, asked: Json, owner: str) -> Answer | None:
        """Make a change of a stream of this process; None if `owner` has no such stream here."""
        try:
            wish = self._read(asked)
            stream = self._live.hub.find(wish.stream)
            if stream is None or stream.subscription is None or stream.subscription.owner != owner:
                return None
            return await self._make(stream, wish)
        except ChangeError as error:
            return _refusal(error.status, str(error))

    def _read(self, asked: Json) -> _Wish:
        stream = asked.get("stream")
        if not isinstance(stream, str):
            raise ChangeError(400, "stream: the id that `hello` carried is missing")
        topics, have, patches, pace_s = (asked.get(name) for name in ("topics", "have", "patches", "pace"))
        if topics is not None:
            topics = tuple(dict.fromkeys(self._names("topics", topics)))
            if len(topics) > self._most:
                raise ChangeError(400, f"topics: {len(topics)} are too many: a stream takes at most {self._most}")
        if have is not None and not isinstance(have, dict):
            raise ChangeError(400, "have: not an object of an ETag for each topic")
        if patches is not None:
            patches = frozenset(self._names("patches", patches))
            if len(patches) > self._most:
                raise ChangeError(400, f"patches: {len(patches)} names are too many: at most {self._most}")
        if pace_s is not None:
            is_number = isinstance(pace_s, int | float) and not isinstance(pace_s, bool)
            if not is_number or not 0 <= pace_s <= MAX_PACE_S:
                raise ChangeError(400, f"pace: {str(pace_s)[:MAX_NAME]} is not 0 to {MAX_PACE_S:.0f} seconds")
        return _Wish(stream, topics, have or {}, patches, pace_s)

    @staticmethod
    def _names(field: str, names: Any) -> list[str]:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ChangeError(400, f"{field}: not a list of names")
        return names

    async def _make(self, stream: Subscriber, wish: _Wish) -> Answer:
        live, subscription = self._live, stream.subscription
        assert subscription is not None
        subscription.asked += 1
        number = subscription.asked
        loop = asyncio.get_running_loop()
        wait_s = subscription.next_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
            if number != subscription.asked:
                raise ChangeError(409, "a later change of this stream has taken the place of this one")
        subscription.next_s = loop.time() + CHANGE_S
        named = stream.topics if wish.topics is None else wish.topics
        topics = tuple(topic for topic in named if live.has(topic))
        held = frozenset(stream.topics)
        await ready(live, [topic for topic in topics if topic not in held], {}, ())
        if stream.index < 0:
            raise ChangeError(404, "this stream has ended: open a new one")
        if number < subscription.applied:
            raise ChangeError(409, "a later change of this stream has taken the place of this one")
        why = self._rights.refusal(stream, topics)
        if why:
            raise ChangeError(403, why)
        subscription.applied = number
        if wish.patches is not None:
            subscription.patches = wish.patches
        added = [topic for topic in topics if topic not in frozenset(stream.topics)]
        live.hub.change(stream, topics, wish.have, subscription.pace_s if wish.pace_s is None else wish.pace_s)
        live.watch(added)
        known = frozenset(topics)
        return 200, {
            "stream": subscription.id,
            "tags": {topic: live.hub.tags.get(topic, "") for topic in added},
            "unknown": [topic[:MAX_NAME] for topic in named if topic not in known],
        }


def _refusal(status: int, detail: str) -> Answer:
    names = {400: "BadRequest", 403: "RoleNeeded", 404: "NotFound", 409: "Superseded"}
    return status, {"error": names[status], "detail": detail}
