"""The hub alone: whatever clients do, each ends with the newest of its topics, and no patch meets another base."""

import asyncio
import json
from array import array
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aion.live.push import hub as hub_module
from aion.live.push import lane as lane_module
from aion.live.push.hub import Hub
from aion.live.push.lane import Frame, Subscriber, Subscription
from aion.live.push.uring import SLOTS

TOPICS = ("a", "b", "c")


SLOW_S = 1000.0  # a pace at which nothing comes by itself within a test


class Client(Subscriber):
    """Takes frames in, checks that patches follow from what it has, and pauses when told to."""

    def __init__(self, hub: Hub, topics: tuple[str, ...], patched: tuple[str, ...] = ()) -> None:
        super().__init__(topics, tuple(topic for topic in patched if topic in topics), is_gzip=False)
        self.subscription = Subscription(hub.make_id(), patches=frozenset(patched))
        self.hub = hub
        self.write = self.take
        self.held: dict[str, int] = {}
        self.got: list[str] = []
        self.writes = 0
        self.pauses_after: int | None = None

    def take(self, data: bytes) -> None:
        self.writes += 1
        for each in data.splitlines():
            if each.startswith(b"{"):  # else of hello
                self.take_frame(json.loads(each))

    def take_frame(self, frame: dict[str, Any]) -> None:
        topic = frame["topic"]
        assert topic in self.topics
        if "base" in frame:
            assert topic in self.patched, "nobody gets patches who has not asked for them"
            assert self.held[topic] == frame["base"], "a patch of something else than what is held"
        assert self.held.get(topic) != frame["n"], "what is held comes again"
        self.held[topic] = frame["n"]
        self.got.append("patch" if "base" in frame else "whole")
        if self.pauses_after is not None:
            self.pauses_after -= 1
            if self.pauses_after <= 0:
                self.pauses_after = None
                self.hub.pause(self)

    def newest_held(self) -> dict[str, int]:
        """Return what is held of its topics."""
        return {topic: n for topic, n in self.held.items() if topic in self.topics}

    def reset(self) -> None:
        self.hub.remove(self)


def frame(topic: str, n: int, base: int | None) -> Frame:
    def say(**fields: Any) -> bytes:
        return json.dumps({"topic": topic, "n": n, **fields}).encode() + b"\n"

    return Frame(say(), b"", Frame(say(base=base), b"") if base is not None else None)


class Swept(Hub):
    """Says whether a broadcast is under way."""

    @property
    def is_sweeping(self) -> bool:
        return self._is_sweeping


async def rest(hub: Swept) -> None:
    for _ in range(1000):
        if not hub.is_sweeping:
            return
        await asyncio.sleep(0)
    raise AssertionError("a broadcast does not end")


JOINS = st.tuples(st.sampled_from([("a",), ("a", "b"), ("b", "a")]), st.sampled_from([(), ("a",), TOPICS]))
CHOICES = st.lists(st.sampled_from(TOPICS), unique=True).map(tuple)
CLIENT = st.integers(0, 3)
STEP = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from(TOPICS), st.booleans()),
    st.tuples(st.just("join"), JOINS),
    st.tuples(st.just("publish_together"), CHOICES, st.booleans()),
    st.tuples(st.just("turn")),
    st.tuples(st.just("change"), CLIENT, CHOICES, CHOICES, st.booleans()),
    st.tuples(st.just("keep_pace"), CLIENT, st.booleans()),
    st.tuples(st.just("pause"), CLIENT, st.integers(0, 3)),
    st.tuples(st.sampled_from(["resume", "leave", "come_back"]), CLIENT),
)


class Station:
    """A hub and its clients, one step at a time."""

    def __init__(self) -> None:
        self.hub = Swept()
        self.clients: list[Client] = []
        self.newest: dict[str, int] = {}
        self.count = 0

    async def turn(self) -> None:
        await asyncio.sleep(0)

    async def publish(self, topic: str, has_patch: bool) -> None:
        self.count += 1
        base = self.newest.get(topic) if has_patch else None
        self.newest[topic] = self.count
        self.hub.publish(topic, str(self.count), frame(topic, self.count, base))

    async def publish_together(self, topics: tuple[str, ...], has_patch: bool) -> None:
        with self.hub.together():
            for topic in topics:
                await self.publish(topic, has_patch)

    async def change(
        self,
        number: int,
        topics: tuple[str, ...],
        patched: tuple[str, ...],
        forgets: bool,
        pace_s: float = -1.0,
    ) -> None:
        """Change what a client has; it forgets what it has no more, or all, or comes with all that it ever had."""
        for client in self._some(number):
            assert client.subscription is not None
            client.subscription.patches = frozenset(patched)
            if forgets:
                client.held = {topic: n for topic, n in client.held.items() if topic in client.topics}
            have = {topic: str(n) for topic, n in client.held.items()}
            pace_s = client.subscription.pace_s if pace_s < 0 else pace_s
            self.hub.change(client, topics, have, pace_s)

    async def keep_pace(self, number: int, is_slow: bool) -> None:
        for client in self._some(number):
            assert client.subscription is not None
            patched = tuple(client.subscription.patches)
            await self.change(number, client.topics, patched, False, SLOW_S if is_slow else 0.0)

    async def join(self, how: tuple[tuple[str, ...], tuple[str, ...]], held: dict[str, int] | None = None) -> None:
        topics, patched = how
        made = Client(self.hub, topics, patched)
        made.held = held or {}
        self.hub.add(made)
        self.hub.greet(made, {topic: str(n) for topic, n in made.held.items()}, 1000)
        self.clients.append(made)

    async def pause(self, number: int, frames: int) -> None:
        for client in self._some(number):
            client.pauses_after = frames or None
            if not frames:
                self.hub.pause(client)

    async def resume(self, number: int) -> None:
        for client in self._some(number):
            self.hub.resume(client)

    async def leave(self, number: int) -> None:
        for client in self._some(number):
            self.hub.remove(client)
            self.clients.remove(client)

    async def come_back(self, number: int) -> None:
        for client in self._some(number):
            await self.join((client.topics, client.patched), client.newest_held())

    def _some(self, number: int) -> list[Client]:
        return [self.clients[number % len(self.clients)]] if self.clients else []

    def newest_of(self, client: Client) -> dict[str, int]:
        return {topic: self.newest[topic] for topic in client.topics if topic in self.newest}

    async def settle(self) -> None:
        await rest(self.hub)


async def live_through(steps: list[tuple[Any, ...]]) -> None:
    station = Station()
    for name, *rest in steps:
        await getattr(station, name)(*rest)
    clients, newest = station.clients, station.newest
    for topic in TOPICS:
        assert station.hub.wants_patches[topic] == sum(topic in client.patched for client in clients)
        assert station.hub.watchers[topic] == sum(topic in client.topics for client in clients)
    await station.settle()
    for client in clients:
        assert client.subscription is not None and station.hub.find(client.subscription.id) is client
        is_late = client.is_paused or client.subscription.pace_s > 0
        assert is_late or client.newest_held() == station.newest_of(client), "whoever drains is never left behind"
        client.pauses_after = None
    for number, client in enumerate(clients):
        station.hub.resume(client)
        await station.keep_pace(number, False)
    await station.settle()
    for client in clients:
        assert client.newest_held() == station.newest_of(client)
        client.got.clear()
        client.writes = 0
    for topic in TOPICS:  # who has everything and understands patches gets one
        is_known = topic in newest
        await station.publish(topic, True)
        await station.settle()
        for client in clients:
            if topic in client.topics:
                assert client.got.pop() == ("patch" if is_known and topic in client.patched else "whole")
                client.writes = 0
    await station.publish_together(TOPICS, False)
    await station.settle()
    for client in clients:
        assert client.writes == min(1, len(client.topics)), "one write for all"
        assert client.newest_held() == station.newest_of(client)


@settings(max_examples=100)
@given(st.lists(STEP, max_size=40))
def test_hub_whatever_clients_do_then_no_patch_meets_another_base(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(live_through(steps))


@settings(max_examples=100)
@given(st.lists(STEP, max_size=40))
def test_hub_when_a_broadcast_takes_many_slices_then_no_patch_meets_another_base(
    steps: list[tuple[Any, ...]],
) -> None:
    before = hub_module.SLICE_S, lane_module.STEP
    hub_module.SLICE_S, lane_module.STEP = -1.0, 1  # each step of one client is a slice of its own
    try:
        asyncio.run(live_through(steps))
    finally:
        hub_module.SLICE_S, lane_module.STEP = before


def test_hub_counts_patches_and_their_bytes() -> None:
    hub = Swept()
    client = Client(hub, ("a",), ("a",))
    hub.add(client)
    hub.publish("a", "1", frame("a", 1, None))
    sent = hub.bytes_sent
    hub.publish("a", "2", frame("a", 2, 1))
    assert (hub.patches, hub.deliveries, hub.conflations) == (1, 2, 0)
    assert hub.bytes_sent - sent == len(b'{"topic": "a", "n": 2, "base": 1}\n')


def test_hub_client_that_missed_one_gets_the_whole_and_one_that_is_only_late_the_patch() -> None:
    hub = Swept()
    client = Client(hub, ("a", "b"), ("a",))
    hub.add(client)
    hub.publish("a", "1", frame("a", 1, None))
    hub.pause(client)
    hub.publish("a", "2", frame("a", 2, 1))
    hub.resume(client)
    hub.pause(client)
    hub.publish("a", "3", frame("a", 3, 2))
    hub.publish("a", "4", frame("a", 4, 3))
    hub.resume(client)
    assert client.got == ["whole", "patch", "whole"] and client.held == {"a": 4}
    assert hub.conflations == 1


def test_hub_when_thousands_never_drain_then_all_are_reset_at_one_heartbeat() -> None:
    async def run() -> Hub:
        hub = Swept()
        for _ in range(3000):
            client = Client(hub, ("a",))
            hub.add(client)
            hub.pause(client)
        for _ in range(hub_module.UNDRAINED_BEATS):
            hub.heartbeat()
            await rest(hub)
        return hub

    hub = asyncio.run(run())
    assert (len(hub), hub.resets) == (0, 3000)


def test_hub_when_many_come_in_the_middle_of_a_broadcast_then_nobody_who_was_there_is_left_out() -> None:
    async def run() -> list[Client]:
        hub = Swept()
        clients = [Client(hub, ("a",)) for _ in range(40)]
        for client in clients:
            hub.add(client)
        hub.publish("a", "1", frame("a", 1, None))
        for _ in range(100):
            hub.add(Client(hub, ("a",)))
            await asyncio.sleep(0)
        return clients

    before = hub_module.SLICE_S, lane_module.STEP
    hub_module.SLICE_S, lane_module.STEP = -1.0, 2
    try:
        assert [client.got for client in asyncio.run(run())] == [["whole"]] * 40
    finally:
        hub_module.SLICE_S, lane_module.STEP = before


class Table:
    """Stands for the kernel's table: hands on to the clients, of some only a part, and breaks when told to."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self.takes: dict[int, int] = {}
        self.is_broken = self.is_closed = False
        self.calls = 0

    def send(self, tickets: "array[int]", data: bytes) -> list[tuple[int, int]]:
        self.calls += 1
        if self.is_broken:
            raise OSError(5, "broken")
        late = []
        for place, each in enumerate(tickets):
            number = each >> 32
            if number in self.takes:
                late.append((place, self.takes[number]))
            else:
                self.clients[number].take(data)
        return late

    def close(self) -> None:
        self.is_closed = True


def bare_hub(count: int) -> tuple[Swept, list[Client], Table]:
    hub = Swept()
    clients = [Client(hub, ("a",)) for _ in range(count)]
    table = Table(clients)
    hub.batch = table  # type: ignore[assignment]
    for number, client in enumerate(clients):
        client.descriptor, client.is_bare = number, True
        hub.add(client)
    return hub, clients, table


def test_broadcast_when_sockets_are_bare_then_a_call_sends_to_many_and_the_rest_is_written() -> None:
    async def run() -> None:
        hub, clients, table = bare_hub(200)
        rests: list[bytes] = []
        clients[7].write = lambda data: rests.append(data)
        clients[8].write = clients[8].take
        hub.remove(clients[7])
        hub.add(clients[7])  # its new `write` counts from now on
        table.takes = {7: 5, 8: -11}
        hub.publish("a", "t1", frame("a", 1, None))
        await rest(hub)
        assert rests == [frame("a", 1, None).identity[5:]]
        assert table.calls in (4, 5) and hub.deliveries == 200, "the way around begins anywhere"
        assert all(client.held == {"a": 1} for client in clients if client is not clients[7])

    asyncio.run(run())


def test_broadcast_when_the_table_breaks_then_who_may_have_half_is_reset_and_others_are_written_to() -> None:
    async def run() -> None:
        hub, clients, table = bare_hub(200)
        table.is_broken = True
        hub.publish("a", "t1", frame("a", 1, None))
        await rest(hub)
        assert table.is_closed and hub.batch is None and table.calls == 1
        there = [client for client in clients if client.index >= 0]
        assert 200 - SLOTS <= len(there) < 200 and all(client.held == {"a": 1} for client in there)

    asyncio.run(run())


def test_hub_when_a_stream_has_a_pace_then_draining_sends_it_nothing_and_each_step_the_newest_of_all_at_once() -> (
    None
):
    async def run() -> None:
        hub = Swept()
        client = Client(hub, TOPICS)
        hub.add(client)
        hub.change(client, TOPICS, {}, 0.02)
        for n in range(1, 4):
            for topic in TOPICS:
                hub.publish(topic, str(n), frame(topic, n, None))
            hub.pause(client)
            hub.resume(client)
        assert client.got == []
        while not client.got:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
        assert (client.writes, client.held) == (1, dict.fromkeys(TOPICS, 3))
        hub.remove(client)
        hub.publish("a", "4", frame("a", 4, None))
        await asyncio.sleep(0.05)
        assert client.writes == 1

    asyncio.run(run())


def test_hub_when_a_stream_that_is_held_back_changes_twice_then_what_it_still_lacks_is_not_forgotten() -> None:
    hub = Swept()
    client = Client(hub, ("a",))
    for topic in TOPICS:
        hub.publish(topic, "1", frame(topic, 1, None))
    hub.add(client)
    client.held = {"a": 1}
    hub.pause(client)
    hub.change(client, ("a", "b"), {})
    hub.change(client, ("a", "b", "c"), {"c": "1"})
    hub.publish("c", "2", frame("c", 2, None))
    hub.resume(client)
    assert client.held == {"a": 1, "b": 1, "c": 2} and client.writes == 1
