"""`Live`: topics built from files, always as they are on disk now, answered and pushed.

A check of the disk raises a *generation* number if something changed. A request waits for the first build that
started at or after the generation it saw on arrival, never for an older one. Builds run one at a time in a thread and
read only what changed. Nothing expires and nothing is refreshed in the background: at each request the stored version
is either confirmed to be what is on disk, or built again.

What a request does not wait for keeps a pace: the first change is built and pushed at once, those that follow in
quick succession together.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time
from typing import Generic, TypeVar

from aion.live import proof
from aion.live.builder import Builder, Order, Outcome, Result, folders_of
from aion.live.delta import EVENT
from aion.live.disk.file_events import FileEvents
from aion.live.disk.source import Tree
from aion.live.disk.watcher import Changes
from aion.live.pace import Pace
from aion.live.push.bye import say_bye
from aion.live.push.drain import make_drain
from aion.live.push.hub import Hub
from aion.live.push.lane import make_frame
from aion.live.push.uring import open_batch
from aion.live.snapshot import Snapshot, encode
from aion.live.stats import Stats
from aion.live.tail import LogTail
from aion.live.topic import Family, LiveError, NoSuchKeyError, Topic
from aion.live.topic_state import TopicState

__all__ = ["Live", "LiveError", "NoSuchKeyError", "Stats"]

T = TypeVar("T")
R = TypeVar("R")
log = logging.getLogger("aion.live")

RESERVED = ("hello", "hb", "bye", "build", "stream", EVENT, proof.EVENT)
LOOK_TIMEOUT_S = 10.0  # after this time without an answer, the disk is reported instead of waited for
KEPT = 256  # topics of families that are kept though no stream has them


class Live(Generic[T]):
    """Topics built from the files of one root. Belongs to the event loop that `start` runs in."""

    def __init__(
        self,
        root: Path,
        topics: Iterable[Topic[T] | Family[T] | LogTail],
        load: Callable[[Path, str], T],
        *,
        accepts: Callable[[str], bool] = lambda path: True,
        reload: Callable[[Path, str, T], T] | None = None,
        rescan_interval_s: float = 5.0,
        heartbeat_s: float = 15.0,
        push_hz: float = 10.0,
        trust_events: bool | None = None,
    ) -> None:
        """Make it; nothing is read before `start`.

        Args:
            root: folder of the files; need not exist yet.
            topics: what can be requested.
            load: reads and parses one file (see `Tree`); runs in the build thread.
            reload: as `load`, of a file that was read before, given its last good content too.
            accepts: tells by its path below the root whether a file counts.
            rescan_interval_s: seconds between scans for changes without an event (memory maps, a new hard link).
            heartbeat_s: seconds between heartbeats on streams.
            push_hz: pushes a second of a topic at most; the first is sent at once, and the newest always.
            trust_events: False to compare file times at every check; None to decide by system and file system.
        """
        self.root = root
        self.stats = Stats()
        self.heartbeat_s = heartbeat_s
        self._rescan_interval_s = rescan_interval_s
        for each in (topics := list(topics)):
            if each.name in RESERVED or "/" in each.name:
                raise ValueError(f"a topic cannot be called {each.name!r}: a stream has its own use for it")
        fixed = {each.name: each for each in topics if isinstance(each, Topic)}
        tails = {each.name: each for each in topics if isinstance(each, LogTail)}
        self._families = {each.name: each for each in topics if isinstance(each, Family)}
        self._fixed = tuple(fixed)
        self._pace = Pace(push_hz, {each.name: each.most_bytes_s for each in fixed.values() if each.most_bytes_s})
        self._tails = tuple(tails)
        self._states = {name: TopicState(name) for name in fixed}
        """Of the topics that exist, the oldest first."""
        self.hub = Hub(frozenset(tails))
        self._tree: Tree[T] = Tree(root, load, reload)
        self._builder = Builder(self._tree, root, accepts, fixed, self._families, tails)
        folders = {*folders_of(fixed, self._families), *(tail.folder for tail in tails.values())}
        self._events = FileEvents(
            root,
            tuple(sorted(folders)),
            lambda path: accepts(path) or self._builder.is_log(path),
            self._note,
            is_wanted=trust_events is not False,
        )
        self._generation = 1
        self._pending = set(fixed)
        """Topics that are behind their files, or whose newest version streams do not have."""
        self._dirty: set[str] = set()
        self._needs_scan = True
        self._has_logs = False
        self._wake = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self._held: asyncio.TimerHandle | None = None
        """What ends the time in which events wait in the kernel's queue."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aion-build")
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closing = False

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of all topics, those of families left out."""
        return (*self._fixed, *self._tails)

    @property
    def families(self) -> tuple[str, ...]:
        """Names of all families of topics."""
        return tuple(self._families)

    def has(self, name: str) -> bool:
        """Tell whether a topic can be asked for; there may be nothing of a family's key."""
        return name in self._states or name in self._tails or self._family_of(name) is not None

    def _family_of(self, name: str) -> Family[T] | None:
        family = self._families.get(name.partition("/")[0])
        return family if family is not None and family.key_of(name) is not None else None

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
        for name, reader in self._builder.readers.items():
            await loop.run_in_executor(self._pool, reader.start)
            self.hub.tags[name] = reader.tag
        self._wake.set()
        self._tasks = [
            loop.create_task(self._build_loop(), name="aion-build"),
            loop.create_task(self._rescan_loop(), name="aion-rescan"),
            loop.create_task(self._heartbeat_loop(), name="aion-heartbeat"),
            loop.create_task(proof.tell_on(self.hub), name="aion-proof"),
        ]

    async def close(self, spread_s: float = 0.0) -> None:
        """End all streams with `bye`, over `spread_s` seconds, then stop; safe to call twice."""
        if not self._is_closing:
            self._is_closing = True
            await say_bye(self.hub, spread_s)
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
        for timer in (self._later, self._held):
            if timer is not None:
                timer.cancel()
        for state in self._states.values():
            if state.revisit is not None:
                state.revisit.cancel()
            self._release(state)

    async def fresh(self, name: str) -> Snapshot:
        """Return the snapshot of topic `name` as the files are now; it includes every write that has returned.

        Raises: KeyError: there is no such topic; NoSuchKeyError: there is nothing of a family's key; LiveError: the
            builder failed, or the disk does not respond.
        """
        state = self._states.get(name) or self._make(name)
        await self._update([state])
        if state.error is not None or (state.snapshot is None and not state.family):
            raise LiveError(f"{name} cannot be built: {state.error}")
        if state.snapshot is None:
            raise NoSuchKeyError(f"there is no {name}")
        return state.snapshot

    async def _update(self, states: Sequence[TopicState]) -> None:
        """Wait until all of `states` are as the files are now."""
        self._look()
        for state in states:
            self._want_joint(state)
        if not self._events.are_enough:
            self._generation += 1
            self._needs_scan = True
            self._want_all()
        behind = [state for state in states if state.built < state.wanted]
        if behind:
            await self._wait(behind)

    def fresh_now(self, name: str) -> Snapshot | None:
        """Return what `fresh` would return, if that needs no waiting, else None; KeyError: there is no such topic."""
        state = self._states.get(name)
        if state is None:
            if self._family_of(name) is None:
                raise KeyError(name)
            return None
        self._look()
        self._want_joint(state)
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
        """Update every topic of `names`; one that cannot be built stays as it was, one that is not there is none."""
        known = [name for name in names if name not in self._tails and self.has(name)]
        states: dict[str, TopicState] = {}
        for name in known:
            states[name] = self._states.get(name) or self._make(name, states)
        with suppress(LiveError):
            await self._update(list(states.values()))

    async def prepare(self, snapshot: Snapshot) -> None:
        """Do what takes time before a snapshot is sent, in the build thread."""
        if not snapshot.is_ready:
            await self.in_build_thread(snapshot.prepare)

    async def in_build_thread(self, make: Callable[[], R]) -> R:
        """Return what `make` returns, called in the build thread, which alone may ask the builder of a topic."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, make)

    async def fresh_for_stream(self, names: Sequence[str]) -> None:
        """Update every topic of `names`, and let streams have it as it is now."""
        await self.fresh_all(names)
        loop = asyncio.get_running_loop()
        for name in names:
            state = self._states.get(name)
            if state is None or state.snapshot is state.sent:
                continue
            order = Order(
                name, state.snapshot, state.sent, state.deltas, wants_patch=self.hub.wants_patches[name] > 0
            )
            patch = await loop.run_in_executor(self._pool, self._builder.make_patch, order)
            if order.held is state.snapshot and order.sent is state.sent:
                self._send(state, patch)

    def watch(self, names: Sequence[str]) -> None:
        """See to it that a stream gets each change of its topics; call it after the stream was added to the hub."""
        for name in names:
            if name in self._tails:
                continue
            state = self._states.get(name) or self._make(name)
            if state.built < state.wanted or state.snapshot is not state.sent:
                self._pending.add(name)
                self._wake.set()

    def _make(self, name: str, beside: Container[str] = ()) -> TopicState:
        """Let there be a topic of a family, forgetting none `beside` it; KeyError: no family has such a key."""
        family = self._family_of(name)
        if family is None:
            raise KeyError(name)
        keyed = [each for each in self._states.values() if each.family and not self._is_in_use(each, beside)]
        for state in keyed[: max(0, len(keyed) - KEPT + 1)]:
            self._forget(state)
        state = self._states[name] = TopicState(name, family.name, family.changed is not None, self._generation)
        self._builder.register(name, family.name, name.partition("/")[2])
        return state

    def _is_in_use(self, state: TopicState, beside: Container[str]) -> bool:
        return bool(state.waiters) or self.hub.watchers[state.name] > 0 or state.name in beside

    def _forget(self, state: TopicState) -> None:
        self._builder.forget(state.name, state.family)
        self._pending.discard(state.name)
        if state.revisit is not None:
            state.revisit.cancel()
        del self._states[state.name]
        self.hub.forget(state.name)

    async def _wait(self, states: Sequence[TopicState]) -> None:
        if self._is_closing:
            raise LiveError("the desk is stopping")
        waiting = []
        for state in states:
            done = asyncio.get_running_loop().create_future()
            state.waiters.append((state.wanted, done))
            waiting.append(done)
            self._pending.add(state.name)
        self._wake.set()
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                for done in waiting:
                    await done
        except TimeoutError:
            why = "the disk does not answer, or there is too much to read"
            raise LiveError(f"{self.root} could not be read within {LOOK_TIMEOUT_S:.0f} s: {why}") from None

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
            self._has_logs |= self._builder.is_log(path)
        for name in self._builder.concerned(changes.paths):
            self._want(self._states[name])
        self._wake_soon(is_now=changes.rescan)

    def _wake_soon(self, *, is_now: bool) -> None:
        """Let a round start, now or when the last one is long enough ago; until then events wait in the kernel."""
        loop = asyncio.get_running_loop()
        if is_now or self._pace.round_at <= loop.time():
            self._wake.set()
        elif self._held is None:
            self._held = loop.call_at(self._pace.round_at, self._end_hold)
            self._events.hold()

    def _end_hold(self) -> None:
        self._held = None
        self._events.release()
        self._look()
        self._wake.set()

    def _want_all(self) -> None:
        for state in self._states.values():
            self._want(state)

    def _want(self, state: TopicState) -> None:
        state.wanted = self._generation
        if not state.family or self.hub.watchers[state.name]:
            self._pending.add(state.name)

    def _want_joint(self, state: TopicState) -> None:
        """Let a topic that any file may alter be of all files."""
        if state.is_joint and state.built < self._generation:
            self._want(state)

    async def _build_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            generation = self._generation
            orders = self._orders(loop.time())
            if not (orders or self._needs_scan or self._has_logs):
                continue
            self._pace.begin_round(loop.time())
            dirty, self._dirty = self._dirty, set()
            needs_scan, self._needs_scan = self._needs_scan, False
            self._has_logs = False
            self._events.begin_build()
            try:
                run = partial(self._builder.run, dirty, orders, needs_scan=needs_scan)
                outcome = await loop.run_in_executor(self._pool, run)
            except OSError as error:
                log.error("the disk at %s cannot be read: %s", self.root, error)
                outcome = Outcome([Result(order, order.held, error, 1.0) for order in orders])
                self._needs_scan = True
                self._events.forget()
            self.stats.files += len(dirty) + len(self._builder.differing)
            self._events.end_build(self._builder.differing, self._builder.linked)
            self._take(outcome, generation, loop.time())
            for name, (tag, payload) in outcome.tails.items():
                self.hub.publish(name, tag, make_frame(name, encode(payload)))

    def _orders(self, now_s: float) -> list[Order]:
        """Return the topics whose time has come, and see to it that the others are looked at when theirs has."""
        orders: list[Order] = []
        next_s = float("inf")
        for name in tuple(self._pending):
            state = self._states[name]
            due_s = self._pace.due(state, is_seen=self.hub.watchers[name] > 0)
            is_due = state.is_forced or due_s <= now_s
            if not is_due:
                next_s = min(next_s, due_s)
                if not state.waiters:
                    continue
            is_sent = is_due or not self.hub.watchers[name]
            orders.append(self._order(state, is_forced=state.is_forced, is_sent=is_sent))
            state.is_forced = False
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if next_s < float("inf"):
            at_s = max(next_s, self._pace.round_at)
            self._later = asyncio.get_running_loop().call_at(at_s, self._wake.set)
        return orders

    def _order(self, state: TopicState, *, is_forced: bool = False, is_sent: bool = False) -> Order:
        wants_patch = self.hub.wants_patches[state.name] > 0
        return Order(state.name, state.snapshot, state.sent, state.deltas, is_forced, is_sent, wants_patch)

    def _take(self, outcome: Outcome, generation: int, now_s: float) -> None:
        unseen = [each.took_s for each in outcome.results if not self.hub.watchers[each.order.name]]
        self._pace.end_round(now_s, sum(unseen))
        with self.hub.together():
            for result in outcome.results:
                if (state := self._states.get(result.order.name)) is not None:
                    self._take_result(state, result, generation, now_s)
        for name in outcome.stale & self._states.keys():
            state = self._states[name]
            if state.built >= state.wanted:  # changed without an event
                self._generation += 1
                self._want(state)
        if self._pending:
            self._wake.set()

    def _take_result(self, state: TopicState, result: Result, generation: int, now_s: float) -> None:
        if result.is_built:
            state.error, state.took_s = result.error, result.took_s
            self.stats.builds += 1
            self.stats.add(self.stats.build_s, result.took_s)
            if state.revisit is not None:
                state.revisit.cancel()
                state.revisit = None
            if result.revisit_in_s is not None:
                state.revisit = asyncio.get_running_loop().call_later(result.revisit_in_s, self._force, state.name)
            state.built_at = now_s
        if result.snapshot is not state.snapshot:
            if state.snapshot is not None and result.snapshot is not None:  # the first is of files as old as they are
                self.stats.add(self.stats.push_s, max(0.0, time() - result.snapshot.version / 1e6))
            state.snapshot = result.snapshot
            self.stats.changes += 1
        if state.snapshot is not state.sent and result.order.is_sent:
            self._send(state, result.patch if state.sent is result.order.sent else None)
        state.built = max(state.built, generation)
        self._release(state)
        if state.built >= state.wanted and state.snapshot is state.sent:
            self._pending.discard(state.name)

    def _send(self, state: TopicState, patch: tuple[bytes, bytes] | None) -> None:
        """Let all streams have the newest version of a topic."""
        snapshot = state.sent = state.snapshot
        is_seen = self.hub.watchers[state.name] > 0
        if is_seen:
            state.sent_at = asyncio.get_running_loop().time()
        if snapshot is None:
            self.hub.forget(state.name)
            return
        self.hub.publish_snapshot(snapshot, patch)
        if is_seen and self._pace.limits(state):
            self._pace.note_sent(state, len(patch[1] if patch is not None else snapshot.gzip_frame))

    def _release(self, state: TopicState) -> None:
        waiting = []
        for generation, done in state.waiters:
            if generation > state.built and not self._is_closing:
                waiting.append((generation, done))
            elif not done.done():
                done.set_result(None)
        state.waiters = waiting

    def _force(self, name: str) -> None:
        state = self._states.get(name)
        if state is not None:
            state.is_forced = True
            self._pending.add(name)
            self._wake.set()

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
                heard = [name for name in self._states if name in self._fixed or self.hub.watchers[name]]
                await self.fresh_for_stream(heard)
                self.hub.heartbeat()
