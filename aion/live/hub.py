"""The fan-out: every open stream gets the newest frame of each of its topics, and never an older one after it.

One policy for slow clients: the latest wins. A client that has not drained gets nothing; when it has, it gets the
newest frame of each topic that changed meanwhile. Nothing is queued for anybody.

A frame may have a *patch*: the change from the frame of its topic before it. Who asked for patches gets it if it was
handed that frame; who missed it, or is greeted, gets the whole. No two patches are ever joined.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import randrange
from time import perf_counter

import orjson

from aion.live.event import chunk, encode_event, stored_block
from aion.live.snapshot import Snapshot

SLICE_S = 0.004  # longest stretch of writes before other connections get their turn
STEP = 32  # subscribers between two looks at the clock
UNDRAINED_BEATS = 3  # heartbeats after which a client that never drained is reset


class Frame:
    """One event as ready chunks, with its place in the hub's order."""

    __slots__ = ("gzip", "identity", "patch", "previous", "seq")

    def __init__(self, identity: bytes, gzip: bytes, patch: "Frame | None" = None) -> None:
        """Make it, not published yet.

        Args:
            identity: the event as one chunk, as in `Snapshot`.
            gzip: the same inside the shared gzip member.
            patch: what says the same to who has the frame of the topic before this one; None where nothing does.
        """
        self.identity = identity
        self.gzip = gzip
        self.patch = patch
        self.seq = 0
        self.previous = 0
        """Order of the frame of the same topic before this one: a client that has not seen it skipped it."""


def make_frame(name: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None) -> Frame:
    """Return a small event as a frame; its gzip form is stored, not compressed."""
    event = encode_event(name, data, event_id=event_id, retry_ms=retry_ms)
    return Frame(chunk(event), chunk(stored_block(event)))


class Subscriber:
    """One open stream. Subclasses say how bytes leave."""

    __slots__ = ("beat", "index", "is_gzip", "is_paused", "late_beats", "patched", "seq", "topics", "write")

    write: Callable[[bytes], object]
    """Sends whole chunks. Set by the subclass: a broadcast calls it with nothing in between."""

    def __init__(self, topics: tuple[str, ...], patched: tuple[str, ...] = (), *, is_gzip: bool) -> None:
        """Make it.

        Args:
            topics: what it wants.
            patched: those of them whose patches it understands.
            is_gzip: True for the shared gzip member.
        """
        self.topics = topics
        self.patched = patched
        self.is_gzip = is_gzip
        self.is_paused = False
        self.seq = 0
        self.beat = 0
        self.late_beats = 0
        self.index = -1

    def finish(self, data: bytes) -> None:
        """Send `data`, end the response and close."""
        raise NotImplementedError

    def reset(self) -> None:
        """Drop the connection at once, with what is still queued for it."""
        raise NotImplementedError


class Hub:
    """All open streams and the newest frame of every topic. Belongs to one event loop."""

    def __init__(self, appended: frozenset[str] = frozenset()) -> None:
        """Args: appended: topics whose frames are additions, not states: nobody is greeted with an old one."""
        self._appended = appended
        self.frames: dict[str, Frame] = {}
        self.tags: dict[str, str] = {}
        """ETag of the newest frame by topic."""
        self.seq = 0
        self.beat = 0
        self.deliveries = 0
        """Frames handed to connections, patches included."""
        self.patches = 0
        """Patches handed to connections."""
        self.wants_patches: Counter[str] = Counter()
        """Open streams that understand patches, by topic."""
        self.bytes_sent = 0
        self.conflations = 0
        """Times that a client skipped at least one frame."""
        self.resets = 0
        """Clients dropped because they never drained."""
        self._subscribers: list[Subscriber] = []
        self._heartbeat = make_frame("hb", b"{}")
        self._newest = ("", self._heartbeat)
        """Topic and frame of the newest publication."""
        self._sweeps: dict[Callable[[list[Subscriber]], None], list[int]] = {}
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._subscribers)

    def add(self, subscriber: Subscriber) -> None:
        """Take in `subscriber`; it counts as having everything up to now."""
        subscriber.seq = self.seq
        subscriber.beat = self.beat
        subscriber.index = len(self._subscribers)
        self._subscribers.append(subscriber)
        self.wants_patches.update(subscriber.patched)

    def remove(self, subscriber: Subscriber) -> None:
        """Let `subscriber` go; does nothing when it is not here."""
        index = subscriber.index
        if index < 0:
            return
        subscriber.index = -1
        self.wants_patches.subtract(subscriber.patched)
        last = self._subscribers.pop()
        if last is not subscriber:
            self._subscribers[index] = last
            last.index = index
            for action in self._sweeps:  # it may have moved behind a sweep that had not reached it
                action([last])

    def publish(self, topic: str, tag: str, frame: Frame) -> None:
        """Make `frame` the newest of `topic` and send it to everybody who wants it."""
        before = self.frames.get(topic)
        self.seq += 1
        frame.seq = self.seq
        frame.previous = before.seq if before else 0
        self.frames[topic] = frame
        self.tags[topic] = tag
        self._newest = (topic, frame)
        self._sweep(self._flush_all)

    def publish_snapshot(self, snapshot: Snapshot, patch: tuple[bytes, bytes] | None = None) -> None:
        """Publish a snapshot.

        Args:
            snapshot: the newest of its topic.
            patch: the change from the one published before, as identity and as gzip chunk.
        """
        change = Frame(*patch) if patch else None
        self.publish(snapshot.topic, snapshot.etag, Frame(snapshot.identity_frame, snapshot.gzip_frame, change))

    def greet(self, subscriber: Subscriber, have: dict[str, str], retry_ms: int) -> None:
        """Send `hello` and what `subscriber` lacks, given the ETags that it has; `add` it first, without an await."""
        hello = make_frame("hello", orjson.dumps(self.tags), retry_ms=retry_ms)
        self._write(subscriber, hello)
        for topic in subscriber.topics:
            frame = self.frames.get(topic)
            if frame is not None and topic not in self._appended and have.get(topic) != self.tags[topic]:
                self._write(subscriber, frame)

    def flush(self, subscriber: Subscriber) -> None:
        """Send the newest frame of each topic that `subscriber` has not got, unless it is paused."""
        seen = subscriber.seq
        if subscriber.is_paused or seen == self.seq:
            return
        if len(subscriber.topics) == 1:
            topic = subscriber.topics[0]
            frame = self.frames.get(topic)
            if frame is not None and frame.seq > seen:
                self._hand(subscriber, topic, frame, seen)
            subscriber.seq = self.seq
            return
        frames = self.frames
        lacking = [topic for topic in subscriber.topics if topic in frames and frames[topic].seq > seen]
        lacking.sort(key=lambda topic: frames[topic].seq)
        for topic in lacking:
            if subscriber.is_paused:
                return
            self._hand(subscriber, topic, frames[topic], seen)
            subscriber.seq = frames[topic].seq
        subscriber.seq = self.seq

    def _hand(self, subscriber: Subscriber, topic: str, frame: Frame, seen: int) -> None:
        """Write the newest frame of `topic` to a subscriber that has been handed all of its frames up to `seen`."""
        if frame.previous > seen:
            self.conflations += 1
        elif frame.patch is not None and topic in subscriber.patched:
            self.patches += 1
            frame = frame.patch
        self._write(subscriber, frame)

    def _flush_all(self, subscribers: list[Subscriber]) -> None:
        """Do `flush` for all of `subscribers`; a client that lacks nothing but the newest frame costs one call."""
        topic, frame = self._newest
        seq = frame.seq
        before = seq - 1
        identity, gzip, patch = frame.identity, frame.gzip, frame.patch
        plain = packed = 0
        for subscriber in subscribers:
            if subscriber.is_paused:
                continue
            if subscriber.seq != before:
                self.flush(subscriber)
                continue
            subscriber.seq = seq
            if topic in subscriber.topics:
                if patch is not None and topic in subscriber.patched:
                    self.patches += 1
                    self._write(subscriber, patch)
                elif subscriber.is_gzip:
                    packed += 1
                    subscriber.write(gzip)
                else:
                    plain += 1
                    subscriber.write(identity)
        self.deliveries += plain + packed
        self.bytes_sent += plain * len(identity) + packed * len(gzip)

    def heartbeat(self) -> None:
        """Tell everybody the ETags of all topics; reset who has not drained for three heartbeats."""
        self._heartbeat = make_frame("hb", orjson.dumps(self.tags))
        self.beat += 1
        self._sweep(self._beat_all)

    def beat_once(self, subscriber: Subscriber) -> None:
        """Tell one subscriber the ETags of all topics, between two heartbeats."""
        self._write(subscriber, make_frame("hb", orjson.dumps(self.tags)))

    def _beat_all(self, subscribers: list[Subscriber]) -> None:
        for subscriber in subscribers:
            if subscriber.beat == self.beat:
                continue
            subscriber.beat = self.beat
            if not subscriber.is_paused:
                subscriber.late_beats = 0
                self._write(subscriber, self._heartbeat)
                continue
            subscriber.late_beats += 1
            if subscriber.late_beats >= UNDRAINED_BEATS:
                self.resets += 1
                subscriber.reset()

    def bye(self, *, is_gzip: bool) -> bytes:
        """Return a `bye` event with a random `retry` of 0.2 to 2 s, as a chunk."""
        frame = make_frame("bye", b"{}", retry_ms=randrange(200, 2_000))  # noqa: S311 - jitter
        return frame.gzip if is_gzip else frame.identity

    async def say_bye(self, spread_s: float = 0.0, patience_s: float = 0.0) -> None:
        """End all streams: `bye` with a random `retry`, over `spread_s` seconds.

        A random wait keeps thousands of pages from coming back in one moment. A client that has not drained cannot
        be told; it gets `patience_s` seconds before it is cut off.
        """
        leaving = list(self._subscribers)
        pause = 0.05
        rounds = max(1, int(spread_s / pause))
        size = max(1, -(-len(leaving) // rounds))
        late: list[Subscriber] = []
        for start in range(0, len(leaving), size):
            for subscriber in leaving[start : start + size]:
                if subscriber.is_paused and patience_s:
                    late.append(subscriber)
                else:
                    subscriber.finish(self.bye(is_gzip=subscriber.is_gzip))
            if start + size < len(leaving):
                await asyncio.sleep(pause)
        until = perf_counter() + patience_s
        while late := [each for each in late if each.index >= 0]:
            for subscriber in late:
                if not subscriber.is_paused or perf_counter() > until:
                    subscriber.finish(self.bye(is_gzip=subscriber.is_gzip))
            await asyncio.sleep(pause)

    def _write(self, subscriber: Subscriber, frame: Frame) -> None:
        data = frame.gzip if subscriber.is_gzip else frame.identity
        self.deliveries += 1
        self.bytes_sent += len(data)
        subscriber.write(data)

    def _sweep(self, action: Callable[[list[Subscriber]], None]) -> None:
        """Apply `action` to every subscriber in slices, starting anywhere, so that nobody is always last."""
        count = len(self._subscribers)
        if count == 0:
            return
        running = self._sweeps.get(action)
        if running is None:
            self._sweeps[action] = [randrange(count), count]  # noqa: S311 - fairness, not a secret
        else:
            running[1] = count  # the same place, once around again
        if not self._is_sweeping:
            self._is_sweeping = True
            self._run_sweeps()

    def _run_sweeps(self) -> None:
        until = perf_counter() + SLICE_S
        for action, place in list(self._sweeps.items()):
            while place[1] > 0 and self._subscribers:
                start = place[0] if place[0] < len(self._subscribers) else 0
                step = self._subscribers[start : start + min(place[1], STEP)]
                place[0] = start + len(step)
                place[1] -= len(step)
                action(step)
                if perf_counter() > until and place[1] > 0:
                    asyncio.get_running_loop().call_soon(self._run_sweeps)
                    return
            del self._sweeps[action]
        self._is_sweeping = False
