"""What relays need of an engine that carries messages between machines, so that another one can take its place.

A *stream* keeps the newest message of each key, in the order in which they were put.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class LinkError(Exception):
    """The engine does not do what it is asked, or does not answer: open another link."""


class FencedError(LinkError):
    """Somebody else has put something since: nothing was put."""


class NobodyError(LinkError):
    """Nobody is there to answer."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to put."""

    key: str
    """Letters, digits, `-`, `_` and `.`."""
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message(Item):
    """Something that was put."""

    number: int = 0
    """Its place in the stream, from 1 on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a stream is."""

    identity: str
    """Another one after the stream was lost and made anew."""
    last: int
    """Number of its newest message, also where that is not kept any more."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What a stream keeps beside the newest message of each key."""

    most: int = -1
    """Messages; the oldest go first. -1 for all."""
    age_s: float = 0.0
    """Seconds; 0 for ever."""
    is_timed: bool = False
    """True where a message may say itself for how long it is kept."""


class Link(Protocol):
    """One connection to the engine. Each call raises `LinkError` when it does not answer in time."""

    most_bytes: int
    """Of the data of one item."""

    async def mark(self, stream: str, keep: Keep | None = None) -> Mark:
        """Return how far `stream` is; if there is none, one is made that keeps what `keep` says, or everything."""
        ...

    async def streams(self) -> list[str]:
        """Return the names of all streams."""
        ...

    async def keys(self, stream: str) -> list[str]:
        """Return the keys of which `stream` keeps a message."""
        ...

    async def put(self, stream: str, items: Sequence[Item], after: int) -> int:
        """Put all of `items`, or none of them, if `after` is still the newest number; return the newest one then.

        Raises:
            FencedError: it is not.
        """
        ...

    async def put_one(self, stream: str, item: Item, after: int | None) -> int:
        """Put `item` if `after` is the number of the newest message of its key (0 for none, None for any).

        Raises:
            FencedError: it is not.
        """
        ...

    def watch(self, stream: str, after: int) -> AsyncIterator[Message]:
        """Yield the messages behind number `after` that are kept, then each new one; it ends with an error only."""
        ...

    async def ask(self, subject: str, timeout_s: float, data: bytes = b"") -> bytes:
        """Return the answer of whoever answers to `subject` when told `data`.

        Raises:
            NobodyError: nobody does.
        """
        ...

    async def answer(self, subject: str, reply: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        """Answer to `subject` from now on; return what ends that."""
        ...

    async def answer_each(
        self, subject: str, reply: Callable[[bytes], Awaitable[bytes]]
    ) -> Callable[[], Awaitable[None]]:
        """Answer to `subject` from now on by what was told, several at a time; return what ends that."""
        ...

    async def tell(self, subject: str) -> None:
        """Tell all who listen to `subject` at this moment; nobody has to."""
        ...

    def hear(self, prefix: str) -> AsyncIterator[str]:
        """Yield the last word of each subject `prefix.WORD` that is told from now on; it ends with an error only."""
        ...

    async def close(self) -> None:
        """Close it; safe to call twice."""
        ...
