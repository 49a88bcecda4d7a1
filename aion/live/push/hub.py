"""The fan-out: every open stream gets the newest frame of each of its topics, and never an older one after it.

One policy for slow clients: the latest wins. A client that is still receiving gets nothing; when it has drained, it
gets the newest frame of each topic that changed meanwhile. There are no queues.

Frames that are published together leave in one write. A client may change its topics while the stream is open: what
it has of a new one is its *mark* until all was sent. It may also ask for a slower pace.

A frame may have a *patch*: the change from the previous frame of its topic. A client that asked for patches gets it
if it was sent that previous frame; a client that missed it, or is new, gets the whole frame. Patches are never
combined.
"""

import asyncio
import logging
import secrets
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter

import orjson

from aion.live.proof import EVENT as PROVED
from aion.live.proof import ReadProofs, as_text, no_proofs
from aion.live.push.drain import Drain
from aion.live.push.lane import JOINED_BYTES, Frame, Lane, Ring, SnapshotFrame, Subscriber, joined, make_frame
from aion.live.push.paced import PacedStreams
from aion.live.push.uring import Batch
from aion.live.snapshot import Snapshot

log = logging.getLogger(__name__)

SLICE_S = 0.004  # longest stretch of writes before other connections get their turn
UNDRAINED_BEATS = 3  # heartbeats after which a client that never drained is reset


_NO_MARKS: dict[str, int] = {}

_Kind = tuple[tuple[str, ...], tuple[str, ...], bool, bool]


def _kind(like: Subscriber | Lane) -> _Kind:
    """Return the key of a lane: what its subscribers have in common."""
    return like.topics, like.patched, like.is_gzip, like.is_bare


def _keyed(topics: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `topics` that are of families."""
    return tuple(topic for topic in topics if "/" in topic)


def _take_away(counts: Counter[str], names: tuple[str, ...]) -> None:
    """Count each of `names` once less; what nobody has any more is not kept."""
    for name in names:
        counts[name] -= 1
        if counts[name] <= 0:
            del counts[name]


class Hub:
    """All open streams and the newest frame of every topic. Belongs to one event loop."""

    def __init__(self, appended: frozenset[str] = frozenset()) -> None:
        """Args: appended: topics whose frames are additions, not states: a new client gets no old frame of them."""
        self._appended = appended
        self.frames: dict[str, Frame] = {}
        self.tags: dict[str, str] = {}
        """ETag of the newest frame by topic."""
        self.build = ""
        """Sent as `build` in `hello` and `hb`, so that pages of another build can tell; empty to send none."""
        self.proofs: ReadProofs = no_proofs
        """Sent as `proved` in `hello` and `hb` where there are any."""
        self.name = ""
        """Begins the ids of its streams: the name of this process among others that share a socket."""
        self.seq = 0
        self.beat = 0
        self.deliveries = 0
        """Frames sent to connections, patches included."""
        self.patches = 0  # sent to connections
        self.wants_patches: Counter[str] = Counter()
        """Open streams that understand patches, by topic."""
        self.watchers: Counter[str] = Counter()
        """Open streams by topic."""
        self.bytes_sent = 0
        self.conflations = 0
        """Times that a client skipped at least one frame."""
        self.resets = 0  # clients dropped because they never drained
        self.drain: Drain | None = None
        """Finds clients that have not drained."""
        self.batch: Batch | None = None
        """Sends to many bare sockets at once."""
        self._everybody = Ring()
        self._lanes: dict[_Kind, Lane] = {}
        self._lanes_of: dict[str, dict[Lane, None]] = {}
        """By topic; in a dict, which keeps their order."""
        self._heartbeats: dict[tuple[str, ...], Frame] = {}
        """The newest, by the topics of families that it names."""
        self._proved: Frame | None = None
        """What goes out in place of a heartbeat."""
        self._sweeps: deque[Ring] = deque()
        """Rows of subscribers that are being sent to."""
        self._is_sweeping = False
        self._round = 0
        """Number of the round that is being published."""
        self._is_gathering = False
        self._ids: dict[str, Subscriber] = {}
        """Streams that can be changed, by their id."""
        self._paced = PacedStreams(self.flush)

    def __len__(self) -> int:
        return len(self._everybody.members)

    def subscribers(self) -> list[Subscriber]:
        """Return a copy of the list of all subscribers."""
        return self._everybody.members.copy()

    def make_id(self) -> str:
        """Return an unguessable id for a stream, `<name of this hub>.<random>`."""
        return f"{self.name}.{secrets.token_urlsafe(16)}"

    def find(self, stream_id: str) -> Subscriber | None:
        """Return the open stream with this id."""
        return self._ids.get(stream_id)

    def add(self, subscriber: Subscriber) -> None:
        """Add `subscriber`; it counts as having every frame up to now."""
        subscriber.seq = self.seq
        subscriber.beat = self.beat
        subscriber.index = len(self._everybody.members)
        self._everybody.members.append(subscriber)
        self.wants_patches.update(subscriber.patched)
        self.watchers.update(subscriber.topics)
        if subscriber.subscription is not None:
            self._ids[subscriber.subscription.id] = subscriber
        if self.drain is not None and subscriber.descriptor >= 0:
            self.drain.add(subscriber.descriptor)
        if not subscriber.is_paused:
            self._join_lane(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Remove `subscriber`; does nothing if it is not in the hub."""
        index = subscriber.index
        if index < 0:
            return
        subscriber.index = -1
        self._leave_lane(subscriber)
        if subscriber.subscription is not None:
            del self._ids[subscriber.subscription.id]
            self._paced.keep(subscriber, 0.0)
        if self.drain is not None and subscriber.descriptor >= 0:
            self.drain.remove(subscriber.descriptor)
        _take_away(self.wants_patches, subscriber.patched)
        _take_away(self.watchers, subscriber.topics)
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
        """Send `subscriber`, which has drained, the newest frames that came meanwhile, unless it has a pace."""
        subscriber.is_paused = False
        subscriber.late_beats = 0
        if subscriber not in self._paced:
            self.flush(subscriber)

    def change(
        self, subscriber: Subscriber, topics: Sequence[str], have: Mapping[str, str], pace_s: float = 0.0
    ) -> None:
        """Let a stream that can be changed have `topics` from now on, and send it what it lacks.

        Args:
            subscriber: in the hub.
            topics: all that it wants from now on.
            have: ETags of what its client has of those that are new.
            pace_s: seconds between two frames of a topic, 0 for each at once.
        """
        subscription = subscriber.subscription
        assert subscription is not None
        self._leave_lane(subscriber)
        held = frozenset(subscriber.topics)
        _take_away(self.wants_patches, subscriber.patched)
        _take_away(self.watchers, subscriber.topics)
        subscriber.topics, subscriber.patched = tuple(topics), subscription.patched(topics)
        self.wants_patches.update(subscriber.patched)
        self.watchers.update(subscriber.topics)
        marks = {topic: mark for topic, mark in subscription.marks.items() if topic in held.intersection(topics)}
        for topic in subscriber.topics:
            if topic not in held:
                frame = self.frames.get(topic)
                is_held = topic in self._appended or have.get(topic) == self.tags.get(topic)
                marks[topic] = frame.seq if frame is not None and is_held else -1
        subscription.marks = marks
        subscription.pace_s = pace_s
        self._paced.keep(subscriber, pace_s)
        self.flush(subscriber)

    def publish(self, topic: str, tag: str, frame: Frame) -> None:
        """Make `frame` the newest of `topic` and send it to everybody who wants it."""
        before = self.frames.get(topic)
        self.seq += 1
        frame.seq = self.seq
        frame.previous = before.seq if before else 0
        self.frames[topic] = frame
        self.tags[topic] = tag
        if not self._is_gathering:
            self._round += 1
        for lane in self._lanes_of.get(topic, ()):
            lane.push(topic, frame, self._round)
            if lane.begin():
                self._sweeps.append(lane)
        if not self._is_gathering:
            self._sweep()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is published meanwhile afterwards, to each client in one write."""
        self._round += 1
        self._is_gathering = True
        try:
            yield
        finally:
            self._is_gathering = False
            self._sweep()

    def forget(self, topic: str) -> None:
        """Forget a topic, of which there is nothing any more."""
        self.frames.pop(topic, None)
        self.tags.pop(topic, None)

    def publish_snapshot(self, snapshot: Snapshot, patch: tuple[bytes, bytes] | None = None) -> None:
        """Publish a snapshot.

        Args:
            snapshot: the newest of its topic.
            patch: the change from the previously published one, plain and as gzip chunk.
        """
        self.publish(snapshot.topic, snapshot.etag, SnapshotFrame(snapshot, Frame(*patch) if patch else None))

    def greet(
        self,
        subscriber: Subscriber,
        have: Mapping[str, str],
        retry_ms: int,
        patches: Mapping[str, tuple[str, Frame]] | None = None,
    ) -> None:
        """Send `hello` and what `subscriber` lacks; call `add` first, without an await between.

        Args:
            subscriber: in the hub.
            have: ETags of what its client has.
            retry_ms: after which its client is to come back.
            patches: by topic, the ETag to which a patch leads from what its client has, and the patch; one that leads
                to another version than the newest is of no use.
        """
        subscription = subscriber.subscription
        standing = self._standing(_keyed(subscriber.topics), subscription.id if subscription is not None else "")
        frames = [make_frame("hello", standing, retry_ms=retry_ms)]
        for topic in subscriber.topics:
            frame = self.frames.get(topic)
            if frame is not None and topic not in self._appended and have.get(topic) != self.tags[topic]:
                etag, patch = (patches or {}).get(topic, ("", frame))
                frames.append(patch if etag == self.tags[topic] else frame)
        pieces = [frame.gzip if subscriber.is_gzip else frame.identity for frame in frames]
        self.deliveries += len(pieces)
        self.bytes_sent += sum(map(len, pieces))
        for data in joined(pieces):
            subscriber.write(data)

    def _standing(self, keyed: tuple[str, ...], stream_id: str = "") -> bytes:
        """Return the data of `hello` and `hb`: the tag of each topic that always exists, and of the `keyed` ones.

        It is empty for a topic of which there is nothing. `hello` also carries the id of its stream.
        """
        tags = {topic: tag for topic, tag in self.tags.items() if "/" not in topic}
        tags |= {topic: self.tags.get(topic, "") for topic in keyed}
        if stream_id:
            tags["stream"] = stream_id
        return orjson.dumps({**tags, **self._beside()})

    def _beside(self) -> dict[str, str]:
        """Return what is told beside the tags, where there is any."""
        told = {"build": self.build, PROVED: as_text(self.proofs())}
        return {name: text for name, text in told.items() if text}

    def flush(self, subscriber: Subscriber) -> None:
        """Send the newest frame of each topic that `subscriber` has not got, unless it is paused."""
        if subscriber.is_paused or subscriber.index < 0:
            return
        lane = subscriber.lane
        seen = subscriber.seq if lane is None else lane.seqs[subscriber.place]
        marks = subscriber.subscription.marks if subscriber.subscription is not None else _NO_MARKS
        frames = self.frames
        lacking = [
            topic for topic in subscriber.topics if topic in frames and frames[topic].seq > marks.get(topic, seen)
        ]
        lacking.sort(key=lambda topic: frames[topic].seq)
        at = 0
        while at < len(lacking):
            if subscriber.is_paused:
                return
            pieces: list[bytes] = []
            size = 0
            for topic in lacking[at:]:
                frame, piece = self._choose(subscriber, topic, marks.get(topic, seen))
                if pieces and size + len(piece) > JOINED_BYTES:
                    break
                pieces.append(piece)
                size += len(piece)
                self._count(frame, frames[topic], marks.pop(topic, seen), len(piece))
            at += len(pieces)
            self._note(subscriber, frames[lacking[at - 1]].seq)
            subscriber.write(b"".join(pieces))
        self._note(subscriber, self.seq)
        marks.clear()
        if not subscriber.is_paused and subscriber.lane is None and subscriber not in self._paced:
            self._join_lane(subscriber)

    def _note(self, subscriber: Subscriber, seq: int) -> None:
        """Note that `subscriber` has been sent everything up to `seq`."""
        lane = subscriber.lane
        if lane is None:
            subscriber.seq = seq
        else:
            lane.seqs[subscriber.place] = min(seq, lane.newest)

    def _choose(self, subscriber: Subscriber, topic: str, seen: int) -> tuple[Frame, bytes]:
        """Return what to send of `topic` to a subscriber that has been sent all of its frames up to `seen`."""
        frame = self.frames[topic]
        if frame.patch is not None and frame.previous <= seen and topic in subscriber.patched:
            frame = frame.patch
        return frame, frame.gzip if subscriber.is_gzip else frame.identity

    def _count(self, sent: Frame, newest: Frame, seen: int, size: int) -> None:
        """Count one frame, or the patch of it, that is sent to a subscriber which has `seen`."""
        self.deliveries += 1
        self.bytes_sent += size
        if sent is not newest:
            self.patches += 1
        elif newest.previous > seen >= 0:
            self.conflations += 1

    def _join_lane(self, subscriber: Subscriber) -> None:
        kind = _kind(subscriber)
        lane = self._lanes.get(kind)
        if lane is None:
            newest = max((self.frames[topic].seq for topic in subscriber.topics if topic in self.frames), default=0)
            lane = self._lanes[kind] = Lane(subscriber, newest)
            for topic in lane.topics:
                self._lanes_of.setdefault(topic, {})[lane] = None
        lane.join(subscriber)

    def _leave_lane(self, subscriber: Subscriber) -> None:
        lane = subscriber.lane
        if lane is not None:
            lane.leave(subscriber)
            if not lane.members:
                lane.left = 0
                del self._lanes[_kind(lane)]
                for topic in lane.topics:
                    del self._lanes_of[topic][lane]
                    if not self._lanes_of[topic]:
                        del self._lanes_of[topic]

    def _send(self, lane: Lane, start: int, end: int) -> None:
        """Do `flush` for a part of `lane`; where all lack only the last round, each subscriber costs one call."""
        count = end - start
        is_much = lane.size > JOINED_BYTES and lane.frames > 1
        if is_much or lane.seqs[start:end] != [lane.before] * count:
            for subscriber in lane.members[start:end]:
                self.flush(subscriber)
            return
        data = lane.data()
        lane.seqs[start:end] = [lane.newest] * count
        if lane.is_bare and self.batch is not None:
            self._send_at_once(self.batch, lane, start, end)
        else:
            for write in lane.writes[start:end]:
                write(data)
        self.deliveries += count * lane.frames
        self.bytes_sent += count * len(data)
        self.patches += count * lane.patches

    def _send_at_once(self, batch: Batch, lane: Lane, start: int, end: int) -> None:
        """Send with one system call; what a socket did not accept goes through its transport, which buffers it."""
        data = lane.data()
        try:
            late = batch.send(lane.tickets[start:end], data)
        except OSError as error:
            log.warning("io_uring stopped sending (%s): each client is sent to on its own", error)
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
        """Send the ETags of all topics to everybody; reset clients that have not drained for three heartbeats."""
        self._heartbeats = {(): make_frame("hb", self._standing(()))}
        self._proved = None
        self._beat_all()

    def tell_proofs(self) -> bool:
        """Send everybody who has drained how old the proofs are; it says nothing of topics and verifies none.

        Returns:
            False while a heartbeat is going out: nothing is sent.
        """
        if self._proved is None and self._everybody.left > 0:
            return False
        self._proved = make_frame(PROVED, orjson.dumps(self._beside()))
        self._beat_all()
        return True

    def _beat_all(self) -> None:
        self.beat += 1
        if self._everybody.begin():
            self._sweeps.append(self._everybody)
        self._sweep()

    def beat_once(self, subscriber: Subscriber) -> None:
        """Send one subscriber the ETags of all topics, between two heartbeats."""
        self._write(subscriber, make_frame("hb", self._standing(_keyed(subscriber.topics))))

    def _beat(self, subscriber: Subscriber) -> None:
        if subscriber.index < 0 or subscriber.beat == self.beat:
            return
        subscriber.beat = self.beat
        if self._proved is not None:
            if not subscriber.is_paused:
                self._write(subscriber, self._proved)
            return
        if not subscriber.is_paused and subscriber.subscription is not None and subscriber in self._paced:
            self._paced.send_now(subscriber, subscriber.subscription.pace_s)  # what the tags name comes before them
        if not subscriber.is_paused:
            subscriber.late_beats = 0
            keyed = _keyed(subscriber.topics)
            frame = self._heartbeats.get(keyed)
            if frame is None:
                frame = self._heartbeats[keyed] = make_frame("hb", self._standing(keyed))
            self._write(subscriber, frame)
            return
        subscriber.late_beats += 1
        if subscriber.late_beats >= UNDRAINED_BEATS:
            self.resets += 1
            subscriber.reset()

    def _write(self, subscriber: Subscriber, frame: Frame) -> None:
        data = frame.gzip if subscriber.is_gzip else frame.identity
        self.deliveries += 1
        self.bytes_sent += len(data)
        subscriber.write(data)

    def _sweep(self) -> None:
        """Send what has begun, in time slices, unless that is already running."""
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
        """Send to the next few of `ring`, and to those that moved meanwhile."""
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
