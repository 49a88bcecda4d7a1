"""Streams side by side: what a frame and a subscriber are, and rows of them that a broadcast goes over in steps."""

from array import array
from collections.abc import Callable
from random import randrange

from aion.live.event import chunk, encode_event, stored_block
from aion.live.push.uring import SLOTS, ticket

STEP = SLOTS  # subscribers between two looks at the clock


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
