"""`Live` over ASGI: conditional GETs of ready bytes, and streams."""

import asyncio
from collections.abc import Callable, Iterable
from random import randrange
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs

import orjson

from aion.live.change import Answer, Json, StreamChanges, StreamRights
from aion.live.event import GZIP_HEADER, chunk
from aion.live.live import Live, LiveError, NoSuchKeyError
from aion.live.push.connection import EXTENSION, PortableConnection, UpgradedConnection, forgo_chunks
from aion.live.push.lane import Subscriber, Subscription
from aion.live.ready import ready
from aion.live.snapshot import Snapshot, accepts_gzip, matches, parse_have

RETRY_S = (1, 5)  # after which somebody may ask again whom the disk does not answer; not the same for all

Headers = list[tuple[bytes, bytes]]

MAX_TOPICS = 500  # of one stream: what some tabs of a browser show
BYTES_A_TOPIC = 512  # of a change

PROOF_BEATS = 2
PROOF_BEAT_S = 0.3  # apart, so that one buffer that is flushed once does not look like a stream

NO_STORE: Headers = [
    (b"cache-control", b"no-store, no-cache, must-revalidate, max-age=0, no-transform"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
]
"""On every answer of ours: the page alone decides what is kept, and for how long."""


def header(scope: Any, name: bytes) -> str:
    """Return the request header `name` (lower case), its values joined by commas; `""` when absent."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


async def respond_json(send: Any, status: int, value: Any, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send a small JSON answer with no-store headers."""
    body = orjson.dumps(value)
    start = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *NO_STORE,
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


_ERRORS = {400: "BadRequest", 404: "NotFound", 405: "MethodNotAllowed", 413: "TooLarge"}


async def _respond_error(send: Any, status: int, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    await respond_json(
        send,
        status,
        {
            "error": _ERRORS.get(status, "Unavailable"),
            "detail": detail,
        },
        headers,
    )


class _Heads:
    """The ready headers of one snapshot."""

    __slots__ = ("gzip", "identity", "unchanged")

    def __init__(self, snapshot: Snapshot) -> None:
        self.unchanged: Headers = [*NO_STORE, (b"etag", snapshot.etag.encode()), (b"vary", b"Accept-Encoding")]
        whole = [*self.unchanged, (b"content-type", b"application/json")]
        self.identity: Headers = [*whole, (b"content-length", b"%d" % len(snapshot.body))]
        self.gzip: Headers = [
            *whole, (b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(snapshot.gzip)),
        ]  # fmt: skip


MAX_ENCODINGS, MAX_ENCODING_BYTES = 256, 256  # values of Accept-Encoding that are remembered


class _Encodings(dict[bytes, bool]):
    """Remembers which values of `Accept-Encoding` allow gzip, since browsers send the same few values."""

    def __missing__(self, value: bytes) -> bool:
        found = accepts_gzip(value.decode("latin-1"))
        if len(value) <= MAX_ENCODING_BYTES:
            if len(self) >= MAX_ENCODINGS:
                self.clear()
            self[value] = found
        return found


_takes_gzip = _Encodings()


class SnapshotApp:
    """ASGI application that answers GET and HEAD with the snapshot of one topic as the disk is now.

    304 for a matching `If-None-Match`, gzip if accepted, `Server-Timing` with the time spent waiting for a build.
    """

    def __init__(self, live: Live[Any], topic: str) -> None:
        """Args: live: has the topic; topic: its name."""
        self._live = live
        self._topic = topic

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        method = scope["method"]
        if method != "GET" and method != "HEAD":
            await _respond_error(send, 405, f"{method} is not for snapshots: use GET", [(b"allow", b"GET, HEAD")])
            return
        started = perf_counter()
        try:
            snapshot = self._live.fresh_now(self._topic)
            if snapshot is None:
                snapshot = await self._live.fresh(self._topic)
        except (KeyError, NoSuchKeyError):
            await _respond_error(send, 404, f"there is no {self._topic[:80]}")
            return
        except LiveError as error:
            wait_s = randrange(*RETRY_S)  # noqa: S311 - jitter
            await _respond_error(send, 503, str(error), [(b"retry-after", b"%d" % wait_s)])
            return
        timing = (b"server-timing", b"fresh;dur=%.2f" % ((perf_counter() - started) * 1000))
        heads = snapshot.heads
        if heads is None:
            if not snapshot.is_ready:
                await self._live.prepare(snapshot)
            heads = snapshot.heads = _Heads(snapshot)
        stats = self._live.stats
        stats.answers += 1
        tags = encodings = b""
        for key, value in scope["headers"]:
            if key == b"accept-encoding":
                encodings = encodings + b"," + value if encodings else value
            elif key == b"if-none-match":
                tags = tags + b"," + value if tags else value
        if tags and matches(tags.decode("latin-1"), snapshot.etag):
            stats.not_modified += 1
            stats.not_modified_bytes += len(snapshot.body)
            status, head, body = 304, heads.unchanged, b""
        elif _takes_gzip[encodings]:
            status, head, body = 200, heads.gzip, snapshot.gzip
        else:
            status, head, body = 200, heads.identity, snapshot.body
        await send({"type": "http.response.start", "status": status, "headers": [*head, timing]})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


class FamilyApp:
    """ASGI application that answers as `SnapshotApp` for each key of a family, which is the path below its mount."""

    def __init__(self, live: Live[Any], family: str) -> None:
        """Args: live: has the family; family: its name."""
        self._live = live
        self._family = family

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        await SnapshotApp(self._live, f"{self._family}/{path.strip('/')}")(scope, receive, send)


def _stream_head(*, is_gzip: bool, is_last: bool) -> Headers:
    """Return the headers of a stream; `is_last` tells the client to send nothing more on this connection."""
    headers = [
        *NO_STORE,
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"vary", b"Accept-Encoding"),
        (b"x-accel-buffering", b"no"),
    ]
    if is_gzip:
        headers.append((b"content-encoding", b"gzip"))
    if is_last:
        headers.append((b"connection", b"close"))
    return headers


class StreamApp:
    """ASGI application that streams topics as Server-Sent Events.

    Every event is named after its topic; `hello` (first) and `hb` (every heartbeat) carry `{topic: etag}` of all
    topics, `bye` (last) a `retry`. `?beats=1` asks for two more `hb` right after the greeting, a moment apart.
    `?patches=<topic>,...` names the topics, `<family>/` for each key of one, for which the page understands `patch`
    events (see `delta`) instead of whole bundles; only on a stream whose topics are in the query.
    `?have=<topic>:<etag>,...` names the versions that the page has; on a stream of one topic `Last-Event-ID` or
    `?last_event_id=` with the newest version does the same.

    A stream whose topics are in the query can be changed while it is open. `hello` carries its id as `stream`, and
    `POST` of `{"stream": id, "topics": [...], "have": {topic: etag}, "patches": [...], "pace": seconds}` replaces its
    topics; what is left out stays as it is. What the page lacks of the new ones comes on the stream. With a `pace`, a
    topic is sent once in so many seconds and with each heartbeat, always the newest; 0 sends each change at once. The
    answer is `{"stream": id, "tags": {new topic: etag}, "unknown": [...]}`, 404 where this stream is not open, 409
    where a later change came before this one was made.
    """

    def __init__(
        self,
        live: Live[Any],
        topics: Iterable[str] | None = None,
        on_open: Callable[[Any, Subscriber], None] | None = None,
        *,
        max_topics: int = MAX_TOPICS,
        rights: StreamRights | None = None,
    ) -> None:
        """Make it.

        Args:
            live: has the topics.
            topics: which; None to take them from `?topics=a,b`.
            on_open: called with scope and stream when one is opened, so that the caller can end it later.
            max_topics: of one stream.
            rights: who may change which stream; None for whoever knows its id.
        """
        self._live = live
        self._topics = None if topics is None else tuple(topics)
        self._on_open = on_open
        self._max_topics = max_topics
        self._rights = rights or StreamRights()
        self._changes = StreamChanges(live, self._rights, max_topics)

    async def change(self, asked: Json, owner: str) -> Answer | None:
        """Make a change that another worker was asked for; None where `owner` has no such stream here."""
        return await self._changes.make(asked, owner)

    async def _change(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a change of an open stream."""
        most = self._max_topics * BYTES_A_TOPIC
        body, is_more = b"", True
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            is_more = message.get("more_body", False)
            if len(body) > most:
                why = f"a change has at most {most} bytes: a stream takes at most {self._max_topics} topics"
                await _respond_error(send, 413, why, [(b"connection", b"close")])
                return
        await respond_json(send, *await self._changes.answer(body, self._rights.owner(scope)))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Open one stream, or change an open one."""
        if scope["method"] == "POST" and self._topics is None:
            await self._change(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            await self._open(scope, receive, send)
        else:
            allowed, use = ("GET, HEAD, POST", "GET or POST") if self._topics is None else ("GET, HEAD", "GET")
            why = f"{scope['method']} is not for streams: use {use}"
            await _respond_error(send, 405, why, [(b"allow", allowed.encode())])

    async def _open(self, scope: Any, receive: Any, send: Any) -> None:
        """Open a stream, and serve it here if the server cannot hand over its connection."""
        live = self._live
        try:
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=32)
        except ValueError:
            await _respond_error(send, 400, "a stream takes at most 32 query fields")
            return
        topics = self._topics or tuple(
            dict.fromkeys(part for part in query.get("topics", [""])[0].split(",") if part)
        )
        if wrong := self._wrong(topics):
            await _respond_error(send, *wrong)
            return
        subscription = None
        if self._topics is None:
            asked = frozenset(part for part in query.get("patches", [""])[0].split(",") if part)
            subscription = Subscription(live.hub.make_id(), self._rights.owner(scope), asked)
        patched = subscription.patched(topics) if subscription is not None else ()
        have = self._have(scope, query, topics)
        patches = await ready(live, topics, have, patched)
        is_gzip = accepts_gzip(header(scope, b"accept-encoding"))
        extension = scope.get("extensions", {}).get(EXTENSION)
        headers = _stream_head(is_gzip=is_gzip, is_last=extension is not None)
        is_chunked = scope.get("http_version") != "1.0"
        if extension is not None and not is_chunked:
            forgo_chunks(extension["protocol"])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        retry_ms = randrange(500, 2_500)  # noqa: S311 - jitter
        if extension is not None and not extension["protocol"].transport.is_closing():
            upgraded = UpgradedConnection.take_over(
                live.hub, topics, patched, scope, is_gzip=is_gzip, is_chunked=is_chunked
            )
            upgraded.subscription = subscription
            live.hub.add(upgraded)
            live.watch(topics)
            if not self._is_welcome(scope, upgraded):
                return
            if is_gzip:
                upgraded.write(chunk(GZIP_HEADER))
            live.hub.greet(upgraded, have, retry_ms, patches)
            if "beats" in query:
                self._beat_soon(upgraded, PROOF_BEATS)
            return
        portable = PortableConnection(live.hub, topics, patched, is_gzip=is_gzip)
        portable.subscription = subscription
        live.hub.add(portable)
        live.watch(topics)
        if self._is_welcome(scope, portable):
            live.hub.greet(portable, have, retry_ms, patches)
        if "beats" in query:
            self._beat_soon(portable, PROOF_BEATS)
        await portable.run(receive, send, GZIP_HEADER if is_gzip else b"")

    def _wrong(self, topics: tuple[str, ...]) -> tuple[int, str] | None:
        """Return status and reason where there can be no stream of `topics`."""
        live = self._live
        unknown = next((topic for topic in topics if not live.has(topic)), None)
        if unknown is not None or not topics:
            wrong = f"there is no topic {unknown[:80]!r}" if unknown is not None else "no topic is asked for"
            known = ", ".join([*live.topics, *(f"{family}/<key>" for family in live.families)])
            return 404, f"{wrong}; known: {known}: ?topics={','.join(live.topics)}"
        if len(topics) > self._max_topics:
            return 400, f"a stream takes at most {self._max_topics} topics"
        return None

    def _is_welcome(self, scope: Any, subscriber: Subscriber) -> bool:
        """Call `on_open`; return False if it ended the stream at once."""
        if self._on_open is not None:
            self._on_open(scope, subscriber)
        return subscriber.index >= 0

    def _beat_soon(self, subscriber: Subscriber, left: int) -> None:
        """Send `left` heartbeats, one at a time, so that the page can detect a buffering proxy."""
        asyncio.get_running_loop().call_later(PROOF_BEAT_S, self._beat_on, subscriber, left)

    def _beat_on(self, subscriber: Subscriber, left: int) -> None:
        if subscriber.index < 0:  # it has left
            return
        if not subscriber.is_paused:
            self._live.hub.beat_once(subscriber)
            left -= 1
        if left:
            self._beat_soon(subscriber, left)

    def _have(self, scope: Any, query: dict[str, list[str]], topics: tuple[str, ...]) -> dict[str, str]:
        have = parse_have(",".join(query.get("have", [])), topics)
        if len(topics) == 1 and not have:
            held = self._live.held(topics[0])
            last = header(scope, b"last-event-id") or query.get("last_event_id", [""])[0]
            if held is not None and last == str(held.version):
                have[topics[0]] = held.etag
        return have
