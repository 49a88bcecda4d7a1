"""`Live`: topics built from files, always as they are on disk now, answered and pushed.

A check of the disk raises a *generation* number if something changed. A request waits for the first build that
started at or after the generation it saw on arrival, never for an older one. Builds run one at a time in a thread and
read only what changed. Nothing expires and nothing is refreshed in the background: at each request the stored version
is either confirmed to be what is on disk, or built again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, time, time_ns
from typing import Any, Generic, TypeVar

from aion.live.delta import EVENT, DeltaMaker
from aion.live.file_events import FileEvents
from aion.live.push.drain import make_drain
from aion.live.push.hub import Hub
from aion.live.push.lane import make_frame
from aion.live.push.uring import open_batch
from aion.live.snapshot import Snapshot, Topic, content_tag, encode, make_snapshot
from aion.live.source import RACY_NS, Scan, Signature, Tree, scan
from aion.live.tail import LogTail, TailReader
from aion.live.watcher import Changes

T = TypeVar("T")
log = logging.getLogger("aion.live")

RESERVED = ("hello", "hb", "bye", "build", EVENT)
LOOK_TIMEOUT_S = 10.0  # after this time without an answer, the disk is reported instead of waited for


class LiveError(Exception):
    """A topic cannot be answered now; the message says why."""


@dataclass(slots=True)
class _State(Generic[T]):
    """The stored state of one topic."""

    topic: Topic[T]
    wanted: int = 1
    """Generation of the newest change that affects it."""
    built: int = 0
    """Generation at the start of its newest finished build."""
    snapshot: Snapshot | None = None
    error: Exception | None = None
    waiters: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)
    revisit: asyncio.TimerHandle | None = None
    deltas: DeltaMaker = field(default_factory=DeltaMaker)


@dataclass(slots=True)
class Stats:
    """Counters since the start, for metrics."""

    looks: int = 0
    builds: int = 0
    """Builds of a topic, unchanged results included."""
    changes: int = 0
    """Builds whose content differed."""
    build_s: list[float] = field(default_factory=list)
    """Durations of the newest builds, seconds; at most 512."""
    push_s: list[float] = field(default_factory=list)
    """Seconds from the newest change time among the files to the push of it; at most 512."""
    answers: int = 0
    not_modified: int = 0
    not_modified_bytes: int = 0
    """Body bytes that a 304 saved."""

    def add(self, samples: list[float], value: float) -> None:
        """Append to one of the bounded lists."""
        samples.append(value)
        if len(samples) > 512:
            del samples[:256]


@dataclass(slots=True)
class _Result:
    """The result of building one topic."""

    name: str
    snapshot: Snapshot | None
    error: Exception | None
    revisit_in_s: float | None
    took_s: float
    patch: tuple[bytes, bytes] | None = None
    """Patch for clients that have the previous snapshot: plain and gzip."""


class Live(Generic[T]):
    """Topics built from the files of one root. Belongs to the event loop that `start` runs in."""

    def __init__(
        self,
        root: Path,
        topics: Iterable[Topic[T] | LogTail],
        load: Callable[[Path, str], T],
        *,
        accepts: Callable[[str], bool] = lambda path: True,
        rescan_interval_s: float = 5.0,
        heartbeat_s: float = 15.0,
        trust_events: bool | None = None,
    ) -> None:
        """Make it; nothing is read before `start`.

        Args:
            root: folder of the files; need not exist yet.
            topics: what can be requested.
            load: reads and parses one file (see `Tree`); runs in the build thread.
            accepts: tells by its path below the root whether a file counts.
            rescan_interval_s: seconds between scans for changes without an event (memory maps, a new hard link).
            heartbeat_s: seconds between heartbeats on streams.
            trust_events: False to compare file times at every check; None to decide by system and file system.
        """
        self.root = root
        self.stats = Stats()
        self.heartbeat_s = heartbeat_s
        self._rescan_interval_s = rescan_interval_s
        self._accepts = accepts
        topics = list(topics)
        for each in topics:
            if each.name in RESERVED:
                raise ValueError(f"a topic cannot be called {each.name!r}: a stream has its own use for it")
        self._states = {each.name: _State(each) for each in topics if isinstance(each, Topic)}
        self._tails = {each.name: each for each in topics if isinstance(each, LogTail)}
        self.hub = Hub(frozenset(self._tails))
        self._readers = {name: TailReader(root / tail.folder) for name, tail in self._tails.items()}
        folders = {folder for state in self._states.values() for folder in state.topic.folders}
        self._build_folders = tuple(sorted(folders))
        self._folders = tuple(sorted(folders | {tail.folder for tail in self._tails.values()}))
        self._tree: Tree[T] = Tree(root, load)
        self._signatures: Scan = {}
        self._scanned_ns = 0
        is_wanted = trust_events is not False
        self._events = FileEvents(root, self._folders, self._accepts_any, self._note, is_wanted=is_wanted)
        self._differing: set[str] = set()
        """Files that the last build found changed."""
        self._linked: dict[str, int] = {}
        """Inodes of the files that have another name somewhere, by path."""
        self._generation = 1
        self._dirty: set[str] = set()
        self._forced: set[str] = set()
        self._needs_scan = True
        self._wake = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aion-build")
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closing = False

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of all topics."""
        return (*self._states, *self._tails)

    @property
    def trusts_events(self) -> bool:
        """True while kernel events are used; False while every check compares file times."""
        return self._events.are_enough

    async def start(self) -> None:
        """Start watching and building; runs in the background until `close`."""
        loop = asyncio.get_running_loop()
        self._events.open()
        self.hub.drain = make_drain(self.hub)
        self.hub.batch = open_batch()
        for name, reader in self._readers.items():
            await loop.run_in_executor(self._pool, reader.start)
            self.hub.tags[name] = reader.tag
        self._wake.set()
        self._tasks = [
            loop.create_task(self._build_loop(), name="aion-build"),
            loop.create_task(self._rescan_loop(), name="aion-rescan"),
            loop.create_task(self._heartbeat_loop(), name="aion-heartbeat"),
        ]

    async def close(self, spread_s: float = 0.0) -> None:
        """End all streams with `bye`, then stop; safe to call twice.

        Args:
            spread_s: seconds over which streams are ended.
        """
        if not self._is_closing:
            self._is_closing = True
            await self.hub.say_bye(spread_s)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        if self.hub.drain is not None:
            self.hub.drain.close()
            self.hub.drain = None
        if self.hub.batch is not None:
            self.hub.batch.close()
            self.hub.batch = None
        self._events.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for state in self._states.values():
            if state.revisit is not None:
                state.revisit.cancel()
            self._release(state)

    async def fresh(self, name: str) -> Snapshot:
        """Return the snapshot of topic `name` as the files are now; it includes every write that has returned.

        Raises:
            KeyError: there is no such topic.
            LiveError: the builder failed, or the disk does not respond.
        """
        state = self._states[name]
        self._look()
        if not self._events.are_enough:
            self._generation += 1
            self._needs_scan = True
            self._want_all()
        if state.built < state.wanted:
            await self._wait(state)
        if state.snapshot is None or state.error is not None:
            raise LiveError(f"{name} cannot be built: {state.error}")
        return state.snapshot

    def fresh_now(self, name: str) -> Snapshot | None:
        """Return what `fresh` would return, if that needs no waiting; otherwise None.

        Raises:
            KeyError: there is no such topic.
        """
        state = self._states[name]
        self._look()
        if not self._events.are_enough:
            return None
        if state.built < state.wanted or state.error is not None:
            return None
        return state.snapshot

    def held(self, name: str) -> Snapshot | None:
        """Return the stored snapshot of topic `name` without checking the disk; None before its first build."""
        state = self._states.get(name)
        return state.snapshot if state else None

    async def fresh_all(self, names: Sequence[str]) -> None:
        """Update every topic of `names`; one that cannot be built stays as it was."""
        for name in names:
            if name in self._states:
                with suppress(LiveError):
                    await self.fresh(name)

    async def _wait(self, state: _State[T]) -> None:
        if self._is_closing:
            raise LiveError("the desk is stopping")
        done = asyncio.get_running_loop().create_future()
        state.waiters.append((state.wanted, done))
        self._wake.set()
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                await done
        except TimeoutError:
            why = "the disk does not answer, or there is too much to read"
            raise LiveError(f"{self.root} could not be read within {LOOK_TIMEOUT_S:.0f} s: {why}") from None

    def _accepts_any(self, path: str) -> bool:
        return self._accepts(path) or self._is_log(path)

    def _is_log(self, path: str) -> bool:
        return any(path.startswith(f"{tail.folder}/") for tail in self._tails.values())

    def _look(self) -> None:
        """Ask the kernel whether anything changed since the last check."""
        self.stats.looks += 1
        self._events.look()

    def _note(self, changes: Changes) -> None:
        self._generation += 1
        if changes.rescan:
            self._needs_scan = True
            self._want_all()
        for path in changes.paths:
            self._dirty.add(path)
            for state in self._states.values():
                if _concerns(state.topic, path):
                    state.wanted = self._generation
        self._wake.set()

    def _want_all(self) -> None:
        for state in self._states.values():
            state.wanted = self._generation

    async def _build_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            generation = self._generation
            dirty, self._dirty = self._dirty, set()
            forced, self._forced = self._forced, set()
            needs_scan, self._needs_scan = self._needs_scan, False
            due = {name for name, state in self._states.items() if state.built < state.wanted}
            held = {name: state.snapshot for name, state in self._states.items()}
            self._events.begin_build()
            try:
                results, tails = await loop.run_in_executor(self._pool, self._build, dirty, forced, needs_scan, held)
            except OSError as error:
                log.error("the disk at %s cannot be read: %s", self.root, error)
                results, tails = [_Result(name, None, error, 1.0, 0.0) for name in forced | due], {}
                self._needs_scan = True
                self._events.forget()
            self._events.end_build(self._differing, self._linked)
            self._take_results(results, generation, due)
            for name, (tag, payload) in tails.items():
                self.hub.publish(name, tag, make_frame(name, encode(payload)))

    def _take_results(self, results: list[_Result], generation: int, due: set[str]) -> None:
        for result in results:
            state = self._states[result.name]
            state.error = result.error
            self.stats.builds += 1
            self.stats.add(self.stats.build_s, result.took_s)
            if result.snapshot is not None and result.snapshot is not state.snapshot:
                if state.snapshot is not None:  # the first one is of files as old as they are, or of none
                    self.stats.add(self.stats.push_s, max(0.0, time() - result.snapshot.version / 1e6))
                state.snapshot = result.snapshot
                self.stats.changes += 1
                self.hub.publish_snapshot(result.snapshot, result.patch)
            if state.revisit is not None:
                state.revisit.cancel()
                state.revisit = None
            if result.revisit_in_s is not None:
                state.revisit = asyncio.get_running_loop().call_later(result.revisit_in_s, self._force, result.name)
        for name in due:
            state = self._states[name]
            state.built = max(state.built, generation)
            self._release(state)

    def _release(self, state: _State[T]) -> None:
        waiting = []
        for generation, done in state.waiters:
            if generation > state.built and not self._is_closing:
                waiting.append((generation, done))
            elif not done.done():
                done.set_result(None)
        state.waiters = waiting

    def _force(self, name: str) -> None:
        self._forced.add(name)
        self._wake.set()

    def _build(
        self, dirty: set[str], forced: set[str], needs_scan: bool, held: dict[str, Snapshot | None]
    ) -> tuple[list[_Result], dict[str, tuple[str, dict[str, Any]]]]:
        """Update the tree and build the topics that changed. Runs in the build thread."""
        self._differing = set()
        tails: dict[str, tuple[str, dict[str, Any]]] = {}
        if needs_scan or any(self._is_log(path) for path in dirty):
            for name, reader in self._readers.items():
                payload = reader.read()
                if payload is not None:
                    tails[name] = (reader.tag, payload)
        found, gone = self._scan_all() if needs_scan else self._stat({path for path in dirty if self._accepts(path)})
        self._tree.update(found, gone)
        changed = (*found, *gone)
        concerned = {
            name
            for name, state in self._states.items()
            if name in forced or held[name] is None or any(_concerns(state.topic, path) for path in changed)
        }
        return [self._build_topic(self._states[name].topic, held[name]) for name in sorted(concerned)], tails

    def _scan_all(self) -> tuple[Scan, set[str]]:
        started_ns = time_ns()
        found = scan(self.root, self._build_folders, self._accepts)
        changed = {
            path: signature
            for path, signature in found.items()
            if self._signatures.get(path) != signature or signature.newest_ns > self._scanned_ns - RACY_NS
        }
        gone = self._signatures.keys() - found.keys()
        different = {path for path in changed if self._signatures.get(path) != found[path]} | gone
        self._linked = {path: signature.inode for path, signature in found.items() if signature.is_linked}
        # to get another name sends no event, and a folder changes with each temporary file
        self._differing = {path for path in different if not path.endswith("/") and path not in self._linked}
        self._signatures = found
        self._scanned_ns = started_ns
        return changed, set(gone)

    def _stat(self, paths: set[str]) -> tuple[Scan, set[str]]:
        found: Scan = {}
        gone: set[str] = set()
        for path in paths:
            signature = _signature(self.root / path)
            self._linked.pop(path, None)
            if signature is not None and signature.is_linked:
                self._linked[path] = signature.inode
            if signature is None:
                gone.add(path)
                self._signatures.pop(path, None)
            else:
                found[path] = self._signatures[path] = signature
            folder = path.rpartition("/")[0]
            parent = _signature(self.root / folder)
            if parent is not None:
                found[f"{folder}/"] = self._signatures[f"{folder}/"] = parent
        return found, gone

    def _build_topic(self, topic: Topic[T], held: Snapshot | None) -> _Result:
        started = perf_counter()
        try:
            built = topic.build(self._tree)
            payload = encode(built.payload)
            tag = content_tag(payload)
            if held is not None and held.etag == tag:
                return _Result(topic.name, held, None, built.revisit_in_s, perf_counter() - started)
            tops = {folder.split("/", 1)[0] for folder in topic.folders}
            newest_us = max((self._tree.newest_ns.get(top, 0) for top in tops), default=0) // 1000
            version = max(newest_us, held.version + 1 if held else 1)
            snapshot = make_snapshot(topic.name, payload, tag, version)
            patch = self._make_patch(held, snapshot)
        except Exception as error:  # the edge between our code and a builder's: reported, and built again on change
            log.exception("topic %s cannot be built", topic.name)
            return _Result(topic.name, held, error, 1.0, perf_counter() - started)
        return _Result(topic.name, snapshot, None, built.revisit_in_s, perf_counter() - started, patch)

    def _make_patch(self, held: Snapshot | None, snapshot: Snapshot) -> tuple[bytes, bytes] | None:
        deltas = self._states[snapshot.topic].deltas
        if held is not None and self.hub.wants_patches[snapshot.topic] > 0:
            return deltas.make(held, snapshot)
        deltas.forget()
        return None

    async def _rescan_loop(self) -> None:
        while True:
            await asyncio.sleep(self._rescan_interval_s)
            self._look()
            self._events.end_round()
            self._needs_scan = True
            self._wake.set()

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_s)
            if len(self.hub):
                await self.fresh_all(tuple(self._states))
                self.hub.heartbeat()


def _concerns(topic: Topic[Any], path: str) -> bool:
    return any(not folder or path.startswith(f"{folder}/") for folder in topic.folders)


def _signature(path: Path) -> Signature | None:
    try:
        return Signature.of(path.lstat())
    except OSError:
        return None
