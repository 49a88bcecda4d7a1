"""Patches on real streams, over both kinds of connection: who gets them, and that they come to what GET says."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.kinds import KINDS

from .conftest import Server, Wire
from .patching import Held

Start = Callable[..., Server]
ROWS = 1_700  # about 70 KB


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def large(seed: int = 1) -> dict[str, Any]:
    rng = random.Random(seed)
    return {f"r{number}": {"price": round(rng.random() * 100, 2), "name": f"row {number}"} for number in range(ROWS)}


def follow(wire: Wire, held: Held, until: Callable[[dict[str, Any]], bool]) -> None:
    """Take events in until what is held is as it should be."""
    while not (held.values.get("data") and until(held.values["data"])):
        name, data, _ = wire.next()
        held.take(name, data)


@pytest.mark.parametrize("gzip", [False, True])
def test_patches_of_random_changes_then_the_page_holds_what_get_answers(start: Start, kind: str, gzip: bool) -> None:
    server = start(kind)
    rng = random.Random(5)
    rows = large()
    server.write("a.json", rows)
    wire, held = server.stream("topics=data,other&patches=data", gzip=gzip), Held()
    whole = server.stream("topics=data,other", gzip=gzip)
    plain = Held()
    for number in range(20):
        for _ in range(rng.randrange(1, 6)):
            name = f"r{rng.randrange(ROWS)}"
            if rng.random() < 0.3:
                rows.pop(name, None)
            else:
                rows[name] = {
                    "price": rng.choice([1.0, 1e21, -0.0, 1e-7, 2.5, 10**15]),
                    "name": '\u00e9\u2028\\"',
                    "at": {},
                }
        if number % 10 == 9:  # another order: a patch of a patch
            rows = dict(sorted(rows.items(), reverse=number % 20 == 9))
        server.write("a.json", rows)
        server.write("b.json", {"n": number})
        tag = server.client.get("/data/").headers["etag"]
        for each, page in ((wire, held), (whole, plain)):
            follow(each, page, lambda data, tag=tag: data["etag"] == tag)  # type: ignore[misc]
        assert json.dumps(held.values["data"]) == json.dumps(plain.values["data"]) == json.dumps(server.data())
    assert held.wholes <= 6 and plain.patches == 0, "the first of each topic, and where nearly all moved"
    assert held.patches >= 16 and server.stats()["patches"] == held.patches
    wire.close()
    whole.close()


def test_patches_when_a_page_joins_late_or_returns_then_only_what_it_has_is_patched(start: Start, kind: str) -> None:
    server = start(kind)
    rows = large()
    server.write("a.json", rows)
    first, held = server.stream("topics=data&patches=data", gzip=True), Held()
    follow(first, held, lambda data: "a.json" in data)
    rows["r1"] = {"price": 7}
    server.write("a.json", rows)
    follow(first, held, lambda data: data["a.json"]["r1"] == {"price": 7})
    assert (held.wholes, held.patches) == (1, 1)
    late, other = server.stream("topics=data&patches=data", gzip=True), Held()
    follow(late, other, lambda data: True)
    assert (other.wholes, other.patches) == (1, 0), "the first is the whole"
    first.close()
    tag = held.values["data"]["etag"].replace('"', "%22")
    back = server.stream(f"topics=data&patches=data&have=data:{tag}", gzip=True)
    again = Held(held.values)
    rows["r2"] = {"price": 8}
    server.write("a.json", rows)
    for wire, page in ((late, other), (back, again)):
        follow(wire, page, lambda data: data["a.json"]["r2"] == {"price": 8})
    assert (other.patches, again.patches, again.wholes) == (1, 1, 0), "what it came back with is patched"
    gone = server.stream("topics=data&patches=data&have=data:W/%22another%22", gzip=True)
    stranger = Held()
    follow(gone, stranger, lambda data: True)
    assert stranger.wholes == 1
    assert json.dumps(again.values["data"]) == json.dumps(other.values["data"]) == json.dumps(server.data())


def test_patches_when_nobody_asks_or_the_topic_is_small_or_its_stream_single_then_all_is_whole(start: Start) -> None:
    server = start()
    rows = large()
    server.write("a.json", {"n": 0})
    wires = {
        "small": server.stream("topics=data&patches=data"),
        "another's": server.stream("topics=data&patches=other,nosuch,,"),
        "old": server.stream("topics=data"),
        "single": server.stream("patches=data", path="/single/"),
    }
    held = {name: Held() for name in wires}
    for number in range(4):
        server.write("a.json", {"n": number})
        for name, wire in wires.items():
            follow(wire, held[name], lambda data, n=number: data.get("a.json") == {"n": n})  # type: ignore[misc]
    assert {page.patches for page in held.values()} == {0}, "small"
    for number in range(4):
        server.write("a.json", {"n": number, **rows})
        for name, wire in wires.items():
            follow(wire, held[name], lambda data, n=number: data["a.json"] == {"n": n, **rows})  # type: ignore[misc]
    assert {name: page.patches for name, page in held.items()} == {"small": 3, "another's": 0, "old": 0, "single": 0}


def test_patches_when_a_client_does_not_read_then_it_gets_the_whole_and_goes_on_with_patches(start: Start) -> None:
    server = start("upgraded")
    rows = large()
    server.write("a.json", {"n": 0, **rows})
    link = server.connect(receive_buffer=4096)
    link.sendall(b"GET /events/?topics=data&patches=data HTTP/1.1\r\nHost: x\r\n\r\n")
    good, held = server.stream("topics=data&patches=data"), Held()
    for number in range(1, 120):  # patches alone would fit the buffers: now and then everything is another
        rows = large(number) if number % 4 == 0 else rows | {"r5": {"price": number}}
        server.write("a.json", {"n": number, **rows})
        follow(good, held, lambda data, n=number: data["a.json"]["n"] == n)  # type: ignore[misc]
    assert held.patches >= 80
    slow, stuck = Wire(link, False), Held()
    follow(slow, stuck, lambda data: data["a.json"]["n"] == 119)
    assert server.stats()["conflations"] > 0 and stuck.wholes >= 2
    before = stuck.patches
    for number in range(120, 126):
        server.write("a.json", {"n": number, **rows})
        for wire, page in ((slow, stuck), (good, held)):
            follow(wire, page, lambda data, n=number: data["a.json"]["n"] == n)  # type: ignore[misc]
    assert stuck.patches - before == 6
    assert json.dumps(stuck.values["data"]) == json.dumps(held.values["data"]) == json.dumps(server.data())


def test_patches_when_another_worker_takes_over_then_what_the_page_has_goes_on(start: Start) -> None:
    """Two desks over the same files: tags are content, so that a patch of one fits what the other sent."""
    one = start("upgraded")
    other = start("upgraded", root=one.root)
    rows = large()
    one.write("a.json", rows)
    wire, held = one.stream("topics=data&patches=data", gzip=True), Held()
    follow(wire, held, lambda data: data.get("a.json") == rows)
    wire.close()
    other.data()
    tag = held.values["data"]["etag"].replace('"', "%22")
    wire = other.stream(f"topics=data&patches=data&have=data:{tag}", gzip=True)
    rows["r1"] = {"price": 7}
    one.write("a.json", rows)
    other.data()
    follow(wire, held, lambda data: data["a.json"]["r1"] == {"price": 7})
    assert (held.wholes, held.patches) == (1, 1)
