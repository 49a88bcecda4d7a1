"""Changes of an open stream: one connection, nothing lost, nothing twice, nothing for whoever has no right to it."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.live.kinds import KINDS
from tests.live.patching import Held

from .conftest import Server, Wire

Start = Callable[..., Server]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(request.param)


@pytest.fixture
def alone(start: Start) -> Iterator[tuple[Server, Wire, str]]:
    """A server, a stream of it and the id of that."""
    server = start()
    wire = server.stream("topics=row/a")
    yield server, wire, json.loads(wire.next("hello")[1])["stream"]
    wire.close()


def change(server: Server, stream: str, topics: list[str] | None = None, **more: Any) -> dict[str, Any]:
    asked = {"stream": stream, **({} if topics is None else {"topics": topics}), **more}
    answer = server.client.post("/events/", json=asked)
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["cache-control"]
    return answer.json()  # type: ignore[no-any-return]


def write(server: Server, key: str, n: int) -> None:
    server.write(f"{key}.json", {"n": n}, folder="rows")


def test_stream_when_its_topics_change_at_random_then_the_newest_of_each_comes_and_nothing_twice(
    server: Server,
) -> None:
    rng = random.Random(7)
    keys = "abcdef"
    newest = {}
    for key in keys:
        write(server, key, 0)
        newest[key] = 0
    wire = server.stream("topics=row/a", gzip=True)
    stream = json.loads(wire.next("hello")[1])["stream"]
    held: dict[str, dict[str, Any]] = {}
    wanted = ["a"]

    def take_all() -> None:
        while any(held.get(key, {}).get("row") != {"n": newest[key]} for key in wanted):
            name, data, _ = wire.next()
            if name.startswith("row/"):
                body, key = json.loads(data), name[4:]
                # on its way when the topic came back: the client could not say that it has it
                is_due = key in added and have.get(name) != body["etag"]
                assert is_due or body["etag"] != held.get(key, {}).get("etag"), "it was here"
                held[key] = body

    for number in range(1, 25):
        for key in rng.sample(keys, 2):
            write(server, key, number)
            newest[key] = number
        before, wanted = wanted, rng.sample(keys, rng.randrange(1, 6))
        if rng.random() < 0.5:
            key = rng.choice(keys)
            write(server, key, -number)
            newest[key] = -number
        have = {f"row/{key}": held[key]["etag"] for key in wanted if key in held and rng.random() < 0.7}
        added = set(wanted) - set(before)
        for key in added:
            if f"row/{key}" not in have:
                held.pop(key, None)
        found = change(server, stream, [f"row/{key}" for key in wanted], have=have)
        assert found["unknown"] == [] and set(found["tags"]) == {f"row/{key}" for key in added}
        take_all()
    assert server.stats()["clients"] == 1
    wire.close()


def test_stream_when_it_is_slowed_then_the_newest_comes_with_the_next_step_and_at_once_when_it_is_not(
    server: Server,
) -> None:
    write(server, "a", 0)
    wire = server.stream("topics=row/a", gzip=True)
    stream = json.loads(wire.next("hello")[1])["stream"]
    wire.next("row/a")
    change(server, stream, pace=0.6)
    began = time.monotonic()
    for number in range(1, 200):
        write(server, "a", number)
        if time.monotonic() - began > 1.3:
            break
        time.sleep(0.01)
    change(server, stream, pace=0)
    seen = [json.loads(wire.next("row/a")[1])["row"]["n"]]
    while seen[-1] != number:
        seen.append(json.loads(wire.next("row/a")[1])["row"]["n"])
    assert len(seen) <= (time.monotonic() - began) / 0.6 + 3, "more than one a step"
    change(server, stream, pace=60)
    write(server, "a", -1)
    change(server, stream, ["row/a", "row/b"])
    change(server, stream, pace=0)
    assert json.loads(wire.next("row/a")[1])["row"]["n"] == -1
    wire.close()


def test_heartbeat_of_a_slowed_stream_then_what_its_tags_name_has_come(start: Start) -> None:
    server = start(heartbeat_s=0.3)
    write(server, "a", 0)
    wire = server.stream("topics=row/a")
    stream = json.loads(wire.next("hello")[1])["stream"]
    change(server, stream, pace=60)
    tag = ""
    for number in range(1, 5):
        write(server, "a", number)
        while True:
            name, data, _ = wire.next()
            if name == "row/a":
                tag, n = json.loads(data)["etag"], json.loads(data)["row"]["n"]
            else:
                assert json.loads(data)["row/a"] == tag
                if n == number:
                    break


def test_patches_when_topics_change_then_they_are_remembered_and_name_families(start: Start) -> None:
    server = start()
    rows = {f"r{number}": {"price": number, "name": f"row {number}"} for number in range(1_900)}
    for key in "ab":
        server.write(f"{key}.json", rows, folder="rows")
    wire, held = server.stream("topics=row/a&patches=row/", gzip=True), Held()
    stream = json.loads(wire.next("hello")[1])["stream"]

    def follow(key: str) -> None:
        while not (held.values.get(key) and held.values[key]["row"] == rows):
            name, data, _ = wire.next()
            held.take(name, data)

    follow("row/a")
    change(server, stream, ["row/a", "row/b"])
    follow("row/b")
    for number in range(3):
        rows[f"r{number}"] = {"price": -1, "name": "changed"}
        for key in "ab":
            server.write(f"{key}.json", rows, folder="rows")
            follow(f"row/{key}")
    assert (held.wholes, held.patches) == (2, 6)
    tag = held.values["row/b"]["etag"]
    change(server, stream, ["row/a"])
    change(server, stream, ["row/b"], have={"row/b": tag})
    rows["r9"] = {"price": -9}
    server.write("b.json", rows, folder="rows")
    follow("row/b")
    assert (held.wholes, held.patches) == (2, 7), "what it came back with is patched"
    change(server, stream, patches=[])
    rows["r8"] = {"price": -9}
    server.write("b.json", rows, folder="rows")
    follow("row/b")
    assert (held.wholes, held.patches) == (3, 7), "it understands them no more"


def test_change_with_names_that_cannot_be_then_they_are_named_and_the_others_come(
    alone: tuple[Server, Wire, str],
) -> None:
    server, wire, stream = alone
    write(server, "b", 1)
    found = change(server, stream, ["row/..", "nosuch", "row/b", "", "row/" + "x" * 300, "row/b"])
    assert found["unknown"] == ["row/..", "nosuch", "", "row/" + "x" * 76]
    assert set(found["tags"]) == {"row/b"} and found["tags"]["row/b"]
    assert json.loads(wire.next("row/b")[1])["row"] == {"n": 1}
    assert change(server, stream, [])["unknown"] == []


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b"{", "not JSON"),
        (400, b"[]", "a change is an object"),
        (400, b'{"topics":["row/a"]}', "stream: "),
        (400, b'{"stream":1}', "stream: "),
        (400, b'{"stream":"@","topics":"row/a"}', "topics: not a list"),
        (400, b'{"stream":"@","topics":[1]}', "topics: not a list"),
        (400, b'{"stream":"@","have":[]}', "have: "),
        (400, b'{"stream":"@","patches":{}}', "patches: not a list"),
        (400, b'{"stream":"@","pace":-1}', "pace: -1 "),
        (400, b'{"stream":"@","pace":1e9}', "pace: 1000000000.0 "),
        (400, b'{"stream":"@","pace":true}', "pace: True "),
        (400, b'{"stream":"@","topics":[%s]}' % b",".join(b'"%d"' % n for n in range(501)), "501 are too many"),
        (
            413,
            b'{"stream":"@","topics":[%s]}' % b",".join(b'"row/%d"' % n for n in range(1_000_000)),
            "at most 256000",
        ),
        (404, b'{"stream":"","topics":["row/a"]}', "not open"),
        (404, b'{"stream":".AAAAAAAAAAAAAAAAAAAAAA","topics":["row/a"]}', "not open"),
        (404, '{"stream":"\u00e9\u2028"}'.encode(), "not open"),
    ],
)
def test_change_that_makes_no_sense_then_it_is_refused_with_the_reason_and_the_stream_goes_on(
    alone: tuple[Server, Wire, str], status: int, body: bytes, says: str
) -> None:
    server, wire, stream = alone
    answer = server.client.post("/events/", content=body.replace(b"@", stream.encode()))
    assert answer.status_code == status and says in answer.json()["detail"], answer.text
    write(server, "a", 5)
    assert json.loads(wire.next("row/a")[1])["row"] == {"n": 5}


def test_change_of_a_stream_that_has_ended_or_was_never_one_of_many_then_404_and_405(
    alone: tuple[Server, Wire, str],
) -> None:
    server, wire, stream = alone
    assert "stream" not in json.loads(server.stream("", path="/single/").next("hello")[1])
    answer = server.client.post("/single/", json={"stream": stream})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert server.client.put("/events/", json={}).headers["allow"] == "GET, HEAD, POST"
    wire.close()
    while server.stats()["clients"] > 1:
        pass
    assert server.client.post("/events/", json={"stream": stream, "topics": []}).status_code == 404


def test_changes_a_hundred_a_second_then_each_is_answered_and_the_newest_stands(
    alone: tuple[Server, Wire, str],
) -> None:
    server, wire, stream = alone
    with httpx.Client(base_url=server.client.base_url, timeout=60, trust_env=False) as client:

        def ask(number: int) -> int:
            topics = [f"row/{number}x{each}" for each in range(400)]
            return client.post("/events/", json={"stream": stream, "topics": topics}).status_code

        with ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            found = list(pool.map(ask, range(50)))
            took_s = time.monotonic() - began
        assert set(found) <= {200, 409} and 3 <= found.count(200) <= took_s / 0.05 + 2
    write(server, "a", 3)
    change(server, stream, ["row/a"])
    assert json.loads(wire.next("row/a")[1])["row"] == {"n": 3}
    assert server.stats()["kept"] <= 400 + 256 + 8


def test_client_that_does_not_read_and_changes_its_topics_then_nothing_is_queued_for_it(start: Start) -> None:
    server = start("upgraded")
    for key in "ab":
        server.write(f"{key}.json", {"n": 0, "filler": "x" * 400_000}, folder="rows")
    link = server.connect(receive_buffer=4096)
    link.sendall(b"GET /events/?topics=row/none HTTP/1.1\r\nHost: x\r\n\r\n")
    wire = Wire(link, False)
    stream = json.loads(wire.next("hello")[1])["stream"]
    for number in range(30):
        change(server, stream, [f"row/{'ab'[number % 2]}"])
    change(server, stream, ["row/a", "row/b"])
    write(server, "a", 7)
    write(server, "b", 8)
    seen = []
    while {"a7", "b8"} - set(seen):
        name, data, _ = wire.next()
        seen.append(f"{name[4:]}{json.loads(data)['row']['n']}")
    assert len(seen) < 12, "bundles were queued for a client that did not read"
