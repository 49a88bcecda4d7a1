"""Frames, subscribers, and rows of subscribers that a broadcast sends to in steps."""

from array import array
from collections.abc import Callable
from random import randrange

from aion.live.event import chunk, encode_event, stored_block
from aion.live.push.uring import SLOTS, ticket
from aion.live.snapshot import Snapshot

STEP = SLOTS  # subscribers between two checks of the time


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


def make_frame(name: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None) -> Frame:
    """Return a small event as a frame; its gzip form is stored uncompressed."""
    event = encode_event(name, data, event_id=event_id, retry_ms=retry_ms)
    return Frame(chunk(event), chunk(stored_block(event)))


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
        "before", "data", "is_bare", "is_gzip", "is_patch", "newest", "patched", "seqs", "tickets", "topics",
        "writes",
    )  # fmt: skip

    def __init__(self, like: Subscriber, newest: int) -> None:
        """Args: like: a subscriber of the kind it is for; newest: `seq` of the newest frame of its topics."""
        super().__init__()
        self.topics = like.topics
        self.patched = like.patched
        self.is_gzip = like.is_gzip
        self.is_bare = like.is_bare
        self.newest = self.before = newest
        """`seq` of the newest frame of its topics and of the one before it."""
        self.data = b""
        """Bytes for a client that lacks only the newest frame."""
        self.is_patch = False
        self.writes: list[Callable[[bytes], object]] = []
        self.tickets = array("Q")
        """io_uring words of the sockets, if they are bare."""
        self.seqs: list[int] = []

    def push(self, topic: str, frame: Frame) -> None:
        """Make `frame` the newest."""
        self.before, self.newest = self.newest, frame.seq
        self.is_patch = frame.patch is not None and topic in self.patched
        sent = frame.patch if frame.patch is not None and self.is_patch else frame
        self.data = sent.gzip if self.is_gzip else sent.identity

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
