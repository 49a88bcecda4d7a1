"""The half of `Live` that runs in the build thread: it keeps the tree of files and builds topics from it."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, time_ns
from typing import Any, Generic, TypeVar

from aion.live.delta import DeltaMaker
from aion.live.disk.source import RACY_NS, Scan, Signature, Tree, scan
from aion.live.snapshot import Snapshot, content_tag, encode
from aion.live.tail import LogTail, TailReader
from aion.live.topic import Built, Family, Topic

T = TypeVar("T")
log = logging.getLogger("aion.live")

EASY_BYTES = 20_000  # of a body that is compressed in no time by who needs more than the patch
FIRST_AGAIN_S = 1.0  # after which a topic that could not be built is built again


@dataclass(slots=True)
class Order:
    """A topic that may be built now, and what of it there is."""

    name: str
    held: Snapshot | None
    sent: Snapshot | None
    """The version that streams have."""
    deltas: DeltaMaker
    is_forced: bool = False
    """True to build it though no file of it has changed."""
    is_sent: bool = False
    """True if what comes of it goes out at once."""
    wants_patch: bool = False


@dataclass(slots=True)
class Result:
    """The result of one order."""

    order: Order
    snapshot: Snapshot | None
    """The newest; None where there is nothing."""
    error: Exception | None = None
    revisit_in_s: float | None = None
    took_s: float = 0.0
    patch: tuple[bytes, bytes] | None = None
    """Patch for clients that have the version in `Order.sent`: plain and gzip."""
    is_built: bool = True
    """False where nothing had changed."""


@dataclass(slots=True)
class Outcome:
    """The result of one round."""

    results: list[Result]
    tails: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """ETag and payload of each log that grew."""
    stale: frozenset[str] = frozenset()
    """Topics that have changed and were not ordered."""


class Builder(Generic[T]):
    """The tree of files and the topics that are behind it. One thread runs it; any may register and forget."""

    def __init__(
        self,
        tree: Tree[T],
        root: Path,
        accepts: Callable[[str], bool],
        topics: Mapping[str, Topic[T]],
        families: Mapping[str, Family[T]],
        tails: Mapping[str, LogTail],
    ) -> None:
        """Args: tree: of the files below `root`; accepts: as of `Live`; the rest: by name."""
        self.readers = {name: TailReader(root / tail.folder) for name, tail in tails.items()}
        self.differing: set[str] = set()
        """Files that the last round found changed."""
        self.linked: dict[str, int] = {}
        """Inodes of the files that have another name somewhere, by path."""
        self._tree = tree
        self._root = root
        self._accepts = accepts
        self._topics = topics
        self._families = families
        self._keyed: dict[str, dict[str, str]] = {name: {} for name in families}
        """By family: topic -> key, of those that exist."""
        self._folders = folders_of(topics, families)
        folders_by_name = [(each.name, each.folders) for each in topics.values()]
        folders_by_name += [(each.name, each.folders) for each in families.values()]
        self._below = {
            name: tuple(f"{folder}/" if folder else "" for folder in below) for name, below in folders_by_name
        }
        """What the paths of the files of each begin with."""
        self._logs = tuple(f"{tail.folder}/" for tail in tails.values())
        self._stale: set[str] = set()
        self._signatures: Scan = {}
        self._scanned_ns = 0

    def register(self, topic: str, family: str, key: str) -> None:
        """Let there be a topic of a family."""
        self._keyed[family][topic] = key

    def forget(self, topic: str, family: str) -> None:
        """Let a topic of a family be no more."""
        self._keyed[family].pop(topic, None)
        self._stale.discard(topic)

    def is_log(self, path: str) -> bool:
        """Tell whether a file is a log that a topic follows."""
        return path.startswith(self._logs)

    def concerned(self, paths: Iterable[str]) -> set[str]:
        """Return the topics that changes of the files at `paths` may concern."""
        found: set[str] = set()
        whole: set[str] = set()
        for path in paths:
            for topic in self._topics.values():
                if topic.name not in found and path.startswith(self._below[topic.name]):
                    found.add(topic.name)
            for name, family in self._families.items():
                if name in whole or not self._keyed[name] or not path.startswith(self._below[name]):
                    continue
                keys = family.keys(path)
                if keys is None:
                    whole.add(name)
                found.update(self._topics_of(name, keys))
        return found

    def run(self, dirty: set[str], orders: list[Order], *, needs_scan: bool) -> Outcome:
        """Update the tree and build what is ordered and has changed.

        Args:
            dirty: files that may have changed.
            orders: what may be built.
            needs_scan: True to look at all files.

        Raises:
            OSError: the disk cannot be read.
        """
        self.differing = set()
        tails: dict[str, tuple[str, dict[str, Any]]] = {}
        if needs_scan or any(self.is_log(path) for path in dirty):
            for name, reader in self.readers.items():
                payload = reader.read()
                if payload is not None:
                    tails[name] = (reader.tag, payload)
        found, gone = self._scan_all() if needs_scan else self._stat({path for path in dirty if self._accepts(path)})
        self._tree.update(found, gone)
        self._stale |= self.concerned((*found, *gone))
        results = [self._do(order) for order in sorted(orders, key=lambda order: order.name)]
        built = {result.order.name for result in results if result.is_built}
        self._stale.update(name for name in self._changed() if name not in built)
        return Outcome(results, tails, frozenset(self._stale))

    def _changed(self) -> Iterator[str]:
        """Yield the topics of families that have changed though no file of theirs has."""
        for name, family in self._families.items():
            if family.changed is not None:
                yield from self._topics_of(name, family.changed())

    def _topics_of(self, family: str, keys: Iterable[str] | None) -> Iterator[str]:
        """Yield those topics of a family that exist, of `keys` or, for None, of all."""
        known = self._keyed[family]
        if keys is None:
            yield from tuple(known)  # in one step: another thread may add to it
            return
        yield from (topic for key in keys if (topic := f"{family}/{key}") in known)

    def _is_joint(self, topic: str) -> bool:
        """Tell whether files that concern no topic may alter this one."""
        family = self._families.get(topic.partition("/")[0])
        return family is not None and family.changed is not None

    def _do(self, order: Order) -> Result:
        """Build a topic if it has changed, and make the patch of what goes out."""
        name, held = order.name, order.held
        if order.is_forced or held is None or name in self._stale or self._is_joint(name):
            self._stale.discard(name)
            result = self._build(order)
        else:
            result = Result(order, held, is_built=False)
        snapshot = result.snapshot
        if order.is_sent and snapshot is not order.sent:
            result.patch = self.make_patch(replace(order, held=snapshot))
        if (
            snapshot is not None
            and not snapshot.is_late
            and (result.patch is None or len(snapshot.body) > EASY_BYTES)
        ):
            snapshot.prepare()
        return result

    def _build(self, order: Order) -> Result:
        started = perf_counter()
        name, held = order.name, order.held
        try:
            topic = self._topics.get(name)
            built = topic.build(self._tree) if topic is not None else self._build_keyed(name)
            if built is None:
                return Result(order, None, took_s=perf_counter() - started)
            payload = encode(built.payload) if isinstance(built.payload, Mapping) else built.payload
            tag = built.etag or content_tag(payload if isinstance(payload, bytes) else payload())
            if held is not None and held.etag == tag:
                return Result(order, held, None, built.revisit_in_s, perf_counter() - started)
            version = max(self._newest_us(name), held.version + 1 if held else 1)
            snapshot = Snapshot(name, version, tag, payload, patch_from=built.patch_from)
        except Exception as error:  # the edge between our code and a builder's: reported, and built again on change
            log.exception("topic %s cannot be built", name)
            return Result(order, held, error, FIRST_AGAIN_S, perf_counter() - started)
        return Result(order, snapshot, None, built.revisit_in_s, perf_counter() - started)

    def _build_keyed(self, name: str) -> Built | None:
        family = self._families[name.partition("/")[0]]
        key = self._keyed[family.name].get(name)
        return family.build(self._tree, key) if key is not None else None

    def _newest_us(self, name: str) -> int:
        topic = self._topics.get(name) or self._families[name.partition("/")[0]]
        tops = {folder.split("/", 1)[0] for folder in topic.folders}
        return max((self._tree.newest_ns.get(top, 0) for top in tops), default=0) // 1000

    def make_patch(self, order: Order) -> tuple[bytes, bytes] | None:
        """Return the patch from what streams have to what is held, None where there is none."""
        if order.held is None or order.sent is None or not order.wants_patch:
            order.deltas.forget()
            return None
        try:
            return order.deltas.make(order.sent, order.held)
        except Exception:  # the edge to a builder's patch: without it the whole is sent
            log.exception("topic %s: its change cannot be told as a patch", order.name)
            return None

    def _scan_all(self) -> tuple[Scan, set[str]]:
        started_ns = time_ns()
        found = scan(self._root, self._folders, self._accepts)
        changed = {
            path: signature
            for path, signature in found.items()
            if self._signatures.get(path) != signature or signature.newest_ns > self._scanned_ns - RACY_NS
        }
        gone = self._signatures.keys() - found.keys()
        different = {path for path in changed if self._signatures.get(path) != found[path]} | gone
        self.linked = {path: signature.inode for path, signature in found.items() if signature.is_linked}
        # to get another name sends no event, and a folder changes with each temporary file
        self.differing = {path for path in different if not path.endswith("/") and path not in self.linked}
        self._signatures = found
        self._scanned_ns = started_ns
        return changed, set(gone)

    def _stat(self, paths: set[str]) -> tuple[Scan, set[str]]:
        found: Scan = {}
        gone: set[str] = set()
        for path in paths:
            signature = _signature(f"{self._root}/{path}")
            self.linked.pop(path, None)
            if signature is not None and signature.is_linked:
                self.linked[path] = signature.inode
            if signature is None:
                gone.add(path)
                self._signatures.pop(path, None)
            else:
                found[path] = self._signatures[path] = signature
        for folder in {path.rpartition("/")[0] for path in paths}:
            parent = _signature(f"{self._root}/{folder}")
            if parent is not None:
                found[f"{folder}/"] = self._signatures[f"{folder}/"] = parent
        return found, gone


def folders_of(topics: Mapping[str, Topic[T]], families: Mapping[str, Family[T]]) -> tuple[str, ...]:
    """Return the folders whose files topics depend on, in order."""
    own = {folder for topic in topics.values() for folder in topic.folders}
    return tuple(sorted(own | {folder for family in families.values() for folder in family.folders}))


def _signature(path: str) -> Signature | None:
    try:
        return Signature.of(os.lstat(path))
    except OSError:
        return None
