"""What can be requested and subscribed to: topics, families of them, and what their builders return."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aion.live.disk.source import Tree

T = TypeVar("T")

MAX_KEY = 200  # characters


class LiveError(Exception):
    """A topic cannot be answered now; the message says why."""


class NoSuchKeyError(LiveError):
    """There is nothing of a key now."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A change as merge patches, and what of the result a page checks."""

    patches: list[Any]
    """As `delta.merge_patches` returns them, without `version` and `etag`."""
    check: int
    """CRC-32 of the checked part of the result, as a browser writes it."""
    of: str
    """Member of the object of which only those entries are checked that the last patch names."""
    whole_bytes: int = 0
    """Size of the object, where the patch may be so large that it is not worth it; 0 where it never is."""


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a builder."""

    payload: Mapping[str, Any] | Callable[[], bytes]
    """A JSON object without `version` and `etag`, which are added; a pure function of the files.

    A builder that knows its `etag` without the whole may return a function that puts it together: it is called when
    somebody asks for the whole, perhaps after the next build and in another thread.
    """
    revisit_in_s: float | None = None
    """Seconds after which to build again though no file changed; None for never."""
    etag: str = ""
    """Weak validator of a payload that is put together later; it must depend on the content alone."""
    patch_from: Callable[[str], Patch | None] | None = None
    """Returns the change since the version with this ETag, None if it is not known any more; called before the next
    build."""


@dataclass(frozen=True, slots=True)
class Topic(Generic[T]):
    """One thing that can be requested and subscribed to."""

    name: str
    build: Callable[[Tree[T]], Built]
    """Called in the build thread after changes below `folders`; never two at a time."""
    folders: tuple[str, ...]
    """Folders below the root whose files it depends on."""
    most_bytes_s: float = 0.0
    """Compressed bytes a second that a stream should get of its changes; 0 for any number.

    After a change of n bytes the next one waits n / `most_bytes_s` seconds, five at most; patches count where there
    are some.
    """


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """Topics `<name>/<key>`, of which each exists while somebody asks for it."""

    name: str
    build: Callable[[Tree[T], str], Built | None]
    """As `Topic.build`, of one key; None where there is nothing of that key."""
    folders: tuple[str, ...]
    """As `Topic.folders`."""
    keys: Callable[[str], Iterable[str] | None] = lambda path: None
    """Returns the keys that a change of the file at `path` may concern; None for all of them."""
    accepts: Callable[[str], bool] = lambda key: True
    """Tells whether there could ever be something of a key of at most 200 characters."""
    changed: Callable[[], Iterable[str] | None] | None = None
    """Returns the keys that have changed since its last call, None where all may have; asked after each round.

    Only where a file may alter keys that `keys` does not return for it: they are built in the next round, and a
    request of any key waits for all files. To build what has not changed must cost nothing.
    """

    def key_of(self, topic: str) -> str | None:
        """Return the key in the name of a topic, None if it is not of this family."""
        name, _, key = topic.partition("/")
        is_one = name == self.name and 0 < len(key) <= MAX_KEY and not _is_taken(key) and self.accepts(key)
        return key if is_one else None


def _is_taken(key: str) -> bool:
    """Tell whether a key has characters that a stream's query or events use."""
    return any(each in ",: \r\n\0" for each in key)
