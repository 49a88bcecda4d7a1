"""The fan-out: every open stream gets the newest frame of each of its topics, and never an older one after it.

One policy for slow clients: the latest wins. A client that has not drained gets nothing; when it has, it gets the
newest frame of each topic that changed meanwhile. Nothing is queued for anybody.

A frame may have a *patch*: the change from the frame of its topic before it. Who asked for patches gets it if it was
handed that frame; who missed it, or is greeted, gets the whole. No two patches are ever joined.
"""

import asyncio
import logging
from array import array
from collections import Counter, deque
from collections.abc import Callable
from random import randrange
from time import perf_counter

import orjson

from aion.live.batch import SLOTS, Batch, ticket
from aion.live.drain import Drain
from aion.live.event import chunk, encode_event, stored_block
from aion.live.snapshot import Snapshot

log = logging.getLogger(__name__)

SLICE_S = 0.004  # longest stretch of writes before other connections get their turn
STEP = SLOTS  # subscribers between two looks at the clock
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

    __slots__ = (
        "beat",
        "descriptor",
        "index",
        "is_bare",
        "is_gzip",
        "is_paused",
        "lane",
        "late_beats",
        "patched",
        "place",
        "seq",
        "topics",
        "write",
    )

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
        """Order of the newest frame that it was handed; while it is in a lane, the lane knows."""
        self.beat = 0
        self.late_beats = 0
        self.index = -1
        """Its place among all; -1 when it is not in a hub."""
        self.descriptor = -1
        """Of its socket, where the kernel may be asked about it; set before it is added."""
        self.is_bare = False
        """True where the socket itself takes what `write` takes, and holds nothing back while it is not paused."""
        self.lane: Lane | None = None
        self.place = -1
        """Its place in the lane."""

    def finish(self, data: bytes) -> None:
        """Send `data`, end the response and close."""
        raise NotImplementedError

    def reset(self) -> None:
        """Drop the connection at once, with what is still queued for it."""
        raise NotImplementedError


class Ring:
    """Subscribers in a row, gone over a few at a time from anywhere; the last fills the gap of one that leaves."""

    __slots__ = ("at", "end", "left", "members", "moved")

    def __init__(self) -> None:
        self.members: list[Subscriber] = []
        self.at = 0
        """Where the next step begins."""
        self.end = 0
        """Where the way around turns; who comes later stands behind it and lacks nothing."""
        self.left = 0
        """How many are still to be gone over; 0 or less at rest."""
        self.moved: list[Subscriber] = []
        """Those that may have moved behind a step that had not reached them."""

    def begin(self) -> bool:
        """Go over all, or once around again from the same place; return True if it was at rest."""
        was_at_rest = self.left <= 0
        self.end = self.left = len(self.members)
        if was_at_rest:
            self.at = randrange(max(1, self.end))  # noqa: S311 - fairness, not a secret
        return was_at_rest

    def next(self) -> tuple[int, int]:
        """Return first and end of the next step."""
        turn = min(self.end, len(self.members))
        start = self.at if self.at < turn else 0
        end = self.at = min(start + min(self.left, STEP), turn)
        self.left -= max(1, end - start)
        return start, end


class Lane(Ring):
    """Streams that want the same bytes and have drained, side by side: a broadcast touches nothing else of them."""

    __slots__ = (
        "before", "data", "is_bare", "is_gzip", "is_patch", "newest", "patched", "seqs", "tickets", "topics",
        "writes",
    )  # fmt: skip

    def __init__(self, like: Subscriber, newest: int) -> None:
        """Args: like: one of those that it is for; newest: order of the newest frame of its topics."""
        super().__init__()
        self.topics = like.topics
        self.patched = like.patched
        self.is_gzip = like.is_gzip
        self.is_bare = like.is_bare
        self.newest = self.before = newest
        """Orders of the newest frame of its topics, and of the one before: who has that lacks the newest only."""
        self.data = b""
        """What who lacks the newest only is sent."""
        self.is_patch = False
        self.writes: list[Callable[[bytes], object]] = []
        self.tickets = array("Q")
        """Of the sockets, where they are bare."""
        self.seqs: list[int] = []

    def push(self, topic: str, frame: Frame) -> None:
        """Make `frame` the newest."""
        self.before, self.newest = self.newest, frame.seq
        self.is_patch = frame.patch is not None and topic in self.patched
        sent = frame.patch if frame.patch is not None and self.is_patch else frame
        self.data = sent.gzip if self.is_gzip else sent.identity

    def join(self, subscriber: Subscriber) -> None:
        """Take in `subscriber`."""
        subscriber.lane = self
        subscriber.topics, subscriber.patched = self.topics, self.patched  # equal: one copy for all
        subscriber.place = len(self.members)
        self.members.append(subscriber)
        self.writes.append(subscriber.write)
        self.tickets.append(ticket(subscriber.descriptor) if self.is_bare else 0)
        self.seqs.append(min(subscriber.seq, self.newest))

    def leave(self, subscriber: Subscriber) -> None:
        """Let `subscriber` go."""
        place = subscriber.place
        subscriber.seq = self.seqs[place]
        subscriber.lane = None
        last, write, seq = self.members.pop(), self.writes.pop(), self.seqs.pop()
        last_ticket = self.tickets.pop()
        if last is not subscriber:
            self.members[place], self.writes[place], self.seqs[place] = last, write, seq
            self.tickets[place] = last_ticket
            last.place = place
            if self.left > 0:
                self.moved.append(last)


_Kind = tuple[tuple[str, ...], tuple[str, ...], bool, bool]


def _kind(like: Subscriber | Lane) -> _Kind:
    """Return what subscribers of one lane have in common."""
    return like.topics, like.patched, like.is_gzip, like.is_bare


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
        self.drain: Drain | None = None
        """Asks the kernel who has not drained."""
        self.batch: Batch | None = None
        """Sends to many bare sockets at once."""
        self._everybody = Ring()
        self._lanes: dict[_Kind, Lane] = {}
        self._heartbeat = make_frame("hb", b"{}")
        self._sweeps: deque[Ring] = deque()
        """What is being gone over."""
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._everybody.members)

    def subscribers(self) -> list[Subscriber]:
        """Return all that are here now."""
        return self._everybody.members.copy()

    def add(self, subscriber: Subscriber) -> None:
        """Take in `subscriber`; it counts as having everything up to now."""
        subscriber.seq = self.seq
        subscriber.beat = self.beat
        subscriber.index = len(self._everybody.members)
        self._everybody.members.append(subscriber)
        self.wants_patches.update(subscriber.patched)
        if self.drain is not None and subscriber.descriptor >= 0:
            self.drain.add(subscriber.descriptor)
        if not subscriber.is_paused:
            self._join_lane(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Let `subscriber` go; does nothing when it is not here."""
        index = subscriber.index
        if index < 0:
            return
        subscriber.index = -1
        self._leave_lane(subscriber)
        if self.drain is not None and subscriber.descriptor >= 0:
            self.drain.remove(subscriber.descriptor)
        self.wants_patches.subtract(subscriber.patched)
        ring = self._everybody
        last = ring.members.pop()
        if last is not subscriber:
            ring.members[index] = last
            last.index = index
            if ring.left > 0:
                ring.moved.append(last)

    def pause(self, subscriber: Subscriber) -> None:
        """Send `subscriber` nothing until it is resumed: it has not drained."""
        subscriber.is_paused = True
        self._leave_lane(subscriber)

    def resume(self, subscriber: Subscriber) -> None:
        """Send `subscriber`, which has drained, the newest of what came meanwhile."""
        subscriber.is_paused = False
        subscriber.late_beats = 0
        self.flush(subscriber)

    def publish(self, topic: str, tag: str, frame: Frame) -> None:
        """Make `frame` the newest of `topic` and send it to everybody who wants it."""
        before = self.frames.get(topic)
        self.seq += 1
        frame.seq = self.seq
        frame.previous = before.seq if before else 0
        self.frames[topic] = frame
        self.tags[topic] = tag
        for lane in self._lanes.values():
            if topic in lane.topics:
                lane.push(topic, frame)
                if lane.begin():
                    self._sweeps.append(lane)
        self._sweep()

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
        if subscriber.is_paused or subscriber.index < 0:
            return
        lane = subscriber.lane
        seen = subscriber.seq if lane is None else lane.seqs[subscriber.place]
        frames = self.frames
        lacking = [topic for topic in subscriber.topics if topic in frames and frames[topic].seq > seen]
        lacking.sort(key=lambda topic: frames[topic].seq)
        for topic in lacking:
            if subscriber.is_paused:
                return
            self._note(subscriber, frames[topic].seq)
            self._hand(subscriber, topic, frames[topic], seen)
        self._note(subscriber, self.seq)
        if not subscriber.is_paused and subscriber.lane is None:
            self._join_lane(subscriber)

    def _note(self, subscriber: Subscriber, seq: int) -> None:
        """Note that `subscriber` is handed everything up to `seq`."""
        lane = subscriber.lane
        if lane is None:
            subscriber.seq = seq
        else:
            lane.seqs[subscriber.place] = min(seq, lane.newest)

    def _hand(self, subscriber: Subscriber, topic: str, frame: Frame, seen: int) -> None:
        """Write the newest frame of `topic` to a subscriber that has been handed all of its frames up to `seen`."""
        if frame.previous > seen:
            self.conflations += 1
        elif frame.patch is not None and topic in subscriber.patched:
            self.patches += 1
            frame = frame.patch
        self._write(subscriber, frame)

    def _join_lane(self, subscriber: Subscriber) -> None:
        kind = _kind(subscriber)
        lane = self._lanes.get(kind)
        if lane is None:
            newest = max((self.frames[topic].seq for topic in subscriber.topics if topic in self.frames), default=0)
            lane = self._lanes[kind] = Lane(subscriber, newest)
        lane.join(subscriber)

    def _leave_lane(self, subscriber: Subscriber) -> None:
        lane = subscriber.lane
        if lane is not None:
            lane.leave(subscriber)
            if not lane.members:
                lane.left = 0
                del self._lanes[_kind(lane)]

    def _send(self, lane: Lane, start: int, end: int) -> None:
        """Do `flush` for a part of `lane`; where all lack nothing but the newest frame, each costs one call."""
        count = end - start
        if lane.seqs[start:end] != [lane.before] * count:
            for subscriber in lane.members[start:end]:
                self.flush(subscriber)
            return
        data = lane.data
        lane.seqs[start:end] = [lane.newest] * count
        if lane.is_bare and self.batch is not None:
            self._send_at_once(self.batch, lane, start, end)
        else:
            for write in lane.writes[start:end]:
                write(data)
        self.deliveries += count
        self.bytes_sent += count * len(data)
        if lane.is_patch:
            self.patches += count

    def _send_at_once(self, batch: Batch, lane: Lane, start: int, end: int) -> None:
        """Send by one system call; what a socket did not take goes the ordinary way, which waits for it."""
        data = lane.data
        try:
            late = batch.send(lane.tickets[start:end], data)
        except OSError as error:
            log.warning("io_uring has stopped sending (%s): each client is written to on its own", error)
            self.batch = None
            batch.close()
            for subscriber in lane.members[start:end]:  # it may have got some of it: only a new stream is sure
                subscriber.reset()
            return
        if late:
            members = lane.members[start:end]
            for place, sent in late:
                members[place].write(data[sent:] if sent > 0 else data)

    def heartbeat(self) -> None:
        """Tell everybody the ETags of all topics; reset who has not drained for three heartbeats."""
        self._heartbeat = make_frame("hb", orjson.dumps(self.tags))
        self.beat += 1
        if self._everybody.begin():
            self._sweeps.append(self._everybody)
        self._sweep()

    def beat_once(self, subscriber: Subscriber) -> None:
        """Tell one subscriber the ETags of all topics, between two heartbeats."""
        self._write(subscriber, make_frame("hb", orjson.dumps(self.tags)))

    def _beat(self, subscriber: Subscriber) -> None:
        if subscriber.index < 0 or subscriber.beat == self.beat:
            return
        subscriber.beat = self.beat
        if not subscriber.is_paused:
            subscriber.late_beats = 0
            self._write(subscriber, self._heartbeat)
            return
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
        leaving = self.subscribers()
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

    def _sweep(self) -> None:
        """Go over what has begun in slices, unless that goes on already; nobody is always last."""
        if not self._is_sweeping:
            self._is_sweeping = True
            self._run_sweeps()

    def _run_sweeps(self) -> None:
        until = perf_counter() + SLICE_S
        sweeps = self._sweeps
        while sweeps:
            ring = sweeps[0]
            self._step(ring)
            if ring.left > 0:
                sweeps.rotate(-1)
            else:
                sweeps.popleft()
            if perf_counter() > until and sweeps:
                asyncio.get_running_loop().call_soon(self._run_sweeps)
                return
        self._is_sweeping = False
        if self.drain is not None:
            self.drain.check_soon()

    def _step(self, ring: Ring) -> None:
        """Go over the next few of `ring`, and over those that moved meanwhile."""
        start, end = ring.next()
        if isinstance(ring, Lane):
            self._send(ring, start, end)
            while ring.moved:
                self.flush(ring.moved.pop())
            return
        for subscriber in ring.members[start:end]:
            self._beat(subscriber)
        while ring.moved:
            self._beat(ring.moved.pop())
