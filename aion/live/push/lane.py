"""Frames, subscribers, and rows of subscribers that a broadcast sends to in steps."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from random import randrange

from aion.live.event import chunk, encode_event, stored_block
from aion.live.push.uring import SLOTS, ticket
from aion.live.snapshot import Snapshot

STEP = SLOTS  # subscribers between two checks of the time
JOINED_BYTES = 65_536  # at most of several frames in one write: what was written cannot be replaced by what is newer


class Frame:
    """One event as finished chunks, with its place in the hub's order."""

    __slots__ = ("gzip", "identity", "patch", "previous", "seq")

    def __init__(self, identity: bytes, gzip: bytes, patch: "Frame | None" = None) -> None:
        """Make it, not published yet.

        Args:
            identity: the event as one chunk, as in `Snapshot`.
            gzip: the same inside the shared gzip member.
            patch: the same change for a client that has the previous frame of the topic; None if there is no patch.
        """
        self.identity = identity
        self.gzip = gzip
        self.patch = patch
        self.seq = 0
        self.previous = 0
        """`seq` of the previous frame of the same topic; a client that was not sent it has skipped it."""


class SnapshotFrame(Frame):
    """The whole of a snapshot as a frame, made when the first client needs it."""

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot: Snapshot, patch: Frame | None = None) -> None:
        """Args: snapshot: the newest of its topic; patch: as of `Frame`."""
        self._snapshot = snapshot
        self.patch = patch
        self.seq = 0
        self.previous = 0

    @property
    def identity(self) -> bytes:  # type: ignore[override]
        """The event as one chunk."""
        return self._snapshot.identity_frame

    @property
    def gzip(self) -> bytes:  # type: ignore[override]
        """The same inside the shared gzip member."""
        return self._snapshot.gzip_frame


def joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `pieces` in order, as many together as `JOINED_BYTES` allow; one that is larger is yielded as it is."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        if held and size + len(piece) > JOINED_BYTES:
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
    if held:
        yield b"".join(held)


def make_frame(name: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None) -> Frame:
    """Return a small event as a frame; its gzip form is stored uncompressed."""
    event = encode_event(name, data, event_id=event_id, retry_ms=retry_ms)
    return Frame(chunk(event), chunk(stored_block(event)))


class Subscription:
    """What the client of a stream has asked for, where it may ask for something else while the stream is open."""

    __slots__ = ("applied", "asked", "id", "marks", "next_s", "owner", "pace_s", "patches")

    def __init__(self, stream_id: str, owner: str = "", patches: frozenset[str] = frozenset()) -> None:
        """Make it.

        Args:
            stream_id: unguessable name of the stream.
            owner: who has opened it; only the same may change it.
            patches: topics for which the client understands patches; `<family>/` for all keys of a family.
        """
        self.id = stream_id
        self.owner = owner
        self.patches = patches
        self.pace_s = 0.0
        """Seconds between two frames of a topic; 0 for each frame at once."""
        self.marks: dict[str, int] = {}
        """By topic that was added since everything was sent: `seq` of the frame that the client has, -1 for none."""
        self.asked = 0
        """Number of the newest change that was asked for."""
        self.applied = 0
        """Number of the newest change that was made."""
        self.next_s = 0.0
        """When the next change may be made, by the clock of the event loop."""

    def patched(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Return those of `topics` for which the client understands patches."""
        return tuple(topic for topic in topics if topic in self.patches or family_of(topic) in self.patches)


def family_of(topic: str) -> str:
    """Return `<family>/` of a topic of a family, else an empty string."""
    return topic[: topic.find("/") + 1]


class Subscriber:
    """One open stream. Subclasses implement the sending."""

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
        "subscription",
        "topics",
        "write",
    )

    write: Callable[[bytes], object]
    """Sends whole chunks. Set by the subclass; a broadcast calls it directly."""

    def __init__(self, topics: tuple[str, ...], patched: tuple[str, ...] = (), *, is_gzip: bool) -> None:
        """Make it.

        Args:
            topics: the topics it wants.
            patched: those of them for which it understands patches.
            is_gzip: True for the shared gzip member.
        """
        self.topics = topics
        self.patched = patched
        self.is_gzip = is_gzip
        self.is_paused = False
        self.seq = 0
        """`seq` of the newest frame that it was sent; while it is in a lane, `Lane.seqs` has it."""
        self.beat = 0
        self.late_beats = 0
        self.index = -1
        """Its index among all subscribers; -1 when it is not in a hub."""
        self.descriptor = -1
        """File descriptor of its socket, if the kernel can be asked about it; set before it is added."""
        self.is_bare = False
        """True if bytes may be sent to the socket directly while it is not paused, instead of through `write`."""
        self.lane: Lane | None = None
        self.place = -1
        """Its index in the lane."""
        self.subscription: Subscription | None = None
        """By which it can be changed; None for a stream that stays as it is. Set before it is added."""

    def finish(self, data: bytes) -> None:
        """Send `data`, end the response and close."""
        raise NotImplementedError

    def reset(self) -> None:
        """Drop the connection at once, with everything still queued for it."""
        raise NotImplementedError


class Ring:
    """Subscribers in a list that is processed in steps from a random start; the last fills the gap of a leaver."""

    __slots__ = ("at", "end", "left", "members", "moved")

    def __init__(self) -> None:
        self.members: list[Subscriber] = []
        self.at = 0
        """Index at which the next step begins."""
        self.end = 0
        """Index at which a round wraps to the start; later subscribers are behind it and lack nothing."""
        self.left = 0
        """Number of subscribers still to be processed; 0 or less when idle."""
        self.moved: list[Subscriber] = []
        """Subscribers that were moved to an index that was already processed."""

    def begin(self) -> bool:
        """Start a round over all subscribers, or extend the running one; return True if it was idle."""
        was_at_rest = self.left <= 0
        self.end = self.left = len(self.members)
        if was_at_rest:
            self.at = randrange(max(1, self.end))  # noqa: S311 - fairness, not a secret
        return was_at_rest

    def next(self) -> tuple[int, int]:
        """Return start and end index of the next step."""
        turn = min(self.end, len(self.members))
        start = self.at if self.at < turn else 0
        end = self.at = min(start + min(self.left, STEP), turn)
        self.left -= max(1, end - start)
        return start, end


class Lane(Ring):
    """A group of streams that want the same bytes and have drained, stored as parallel lists for a fast broadcast."""

    __slots__ = (
        "before", "frames", "is_bare", "is_gzip", "newest", "patched", "patches", "pieces", "round", "seqs", "size",
        "tickets", "topics", "writes",
    )  # fmt: skip

    def __init__(self, like: Subscriber, newest: int) -> None:
        """Args: like: a subscriber of the kind it is for; newest: `seq` of the newest frame of its topics."""
        super().__init__()
        self.topics = like.topics
        self.patched = like.patched
        self.is_gzip = like.is_gzip
        self.is_bare = like.is_bare
        self.newest = self.before = newest
        """`seq` of the newest frame of its topics, and of the newest one before the last round."""
        self.round = -1
        """Number of the round that it got its newest frames in."""
        self.pieces: list[bytes] = []
        """Bytes for a client that lacks only the frames of the last round: together, once they were sent."""
        self.size = 0
        """Bytes in all pieces."""
        self.frames = self.patches = 0
        """Frames of the last round, and how many of them are patches."""
        self.writes: list[Callable[[bytes], object]] = []
        self.tickets = array("Q")
        """io_uring words of the sockets, if they are bare."""
        self.seqs: list[int] = []

    def push(self, topic: str, frame: Frame, number: int) -> None:
        """Make `frame` the newest; frames of one round, which has this `number`, are sent together."""
        if self.round != number:
            self.round, self.before = number, self.newest
            self.pieces, self.size, self.frames, self.patches = [], 0, 0, 0
        self.newest = frame.seq
        if frame.patch is not None and topic in self.patched:
            self.patches += 1
            frame = frame.patch
        self.frames += 1
        piece = frame.gzip if self.is_gzip else frame.identity
        self.pieces.append(piece)
        self.size += len(piece)

    def data(self) -> bytes:
        """Return what a client gets that lacks only the last round."""
        if len(self.pieces) > 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0]

    def join(self, subscriber: Subscriber) -> None:
        """Add `subscriber`."""
        subscriber.lane = self
        subscriber.topics, subscriber.patched = self.topics, self.patched  # equal: one copy for all
        subscriber.place = len(self.members)
        self.members.append(subscriber)
        self.writes.append(subscriber.write)
        self.tickets.append(ticket(subscriber.descriptor) if self.is_bare else 0)
        self.seqs.append(min(subscriber.seq, self.newest))

    def leave(self, subscriber: Subscriber) -> None:
        """Remove `subscriber`."""
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
