"""Families of topics: each exists while somebody asks for it, and costs what changed of it."""

import json
from collections.abc import Callable

import pytest

from tests.live.conftest import Server
from tests.live.kinds import KINDS

Start = Callable[..., Server]


@pytest.fixture(params=["events", "signatures"])
def server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(events=request.param)


def test_get_after_each_write_then_it_is_what_was_written(server: Server) -> None:
    for number in range(100):
        server.write("a.json", {"n": number}, folder="rows")
        answer = server.client.get("/row/a/").raise_for_status()
        assert answer.json()["row"] == {"n": number}
    tag = answer.headers["etag"]
    assert server.client.get("/row/a/", headers={"if-none-match": tag}).status_code == 304
    (server.root / "rows" / "a.json").unlink()
    gone = server.client.get("/row/a/")
    assert (gone.status_code, gone.json()) == (404, {"error": "NotFound", "detail": "there is no row/a"})
    server.write("a.json", {"n": 99}, folder="rows")
    assert server.client.get("/row/a/").headers["etag"] == tag, "equal content, equal tag"


def test_change_of_one_key_then_no_other_is_built(start: Start) -> None:
    server = start()
    for name in "abc":
        server.write(f"{name}.json", {"n": 0}, folder="rows")
    wire = server.stream("topics=row/a,row/b")
    assert {wire.next("row/a")[0], wire.next("row/b")[0]} == {"row/a", "row/b"}
    before = server.client.get("/builds").json()
    assert "c" not in before, "nobody has asked for it"
    server.write("a.json", {"n": 1}, folder="rows")
    assert json.loads(wire.next("row/a")[1])["row"] == {"n": 1}
    server.write("c.json", {"n": 1}, folder="rows")
    server.write("a.json", {"n": 2}, folder="rows")
    assert json.loads(wire.next("row/a")[1])["row"] == {"n": 2}
    after = server.client.get("/builds").json()
    assert after["b"] == before["b"] and after["a"] > before["a"] and "c" not in after


def test_key_that_is_not_there_then_stream_says_so_and_gets_it_when_it_comes(start: Start) -> None:
    server = start(heartbeat_s=0.2)
    wire = server.stream("topics=row/late,row/none")
    hello = json.loads(wire.next("hello")[1])
    assert hello["row/late"] == hello["row/none"] == ""
    server.write("late.json", {"n": 1}, folder="rows")
    data = json.loads(wire.next("row/late")[1])
    assert data["row"] == {"n": 1}
    while json.loads(wire.next("hb")[1])["row/late"] != data["etag"]:
        pass
    (server.root / "rows" / "late.json").unlink()
    while json.loads(wire.next("hb")[1])["row/late"] != "":
        pass
    server.write("late.json", {"n": 2}, folder="rows")
    assert json.loads(wire.next("row/late")[1])["row"] == {"n": 2}


def test_heartbeats_name_only_the_keys_of_their_stream(start: Start) -> None:
    server = start(heartbeat_s=0.2)
    for name in "ab":
        server.write(f"{name}.json", {"n": 0}, folder="rows")
    one, other, none = (server.stream(f"topics={topics}") for topics in ("row/a,data", "row/b,data", "data"))
    for wire, key in ((one, {"row/a"}), (other, {"row/b"}), (none, set())):
        for name in ("hello", "hb"):
            tags = json.loads(wire.next(name)[1])
            assert {each for each in tags if "/" in each} == key and "data" in tags


@pytest.mark.parametrize(
    "topic", ["row/", "row/a b", "row/..", "row/" + "x" * 201, "rows/a", "row", "nosuch/a", "a/b/c"]
)
def test_name_that_no_topic_can_have_then_it_is_refused_with_the_names(start: Start, topic: str) -> None:
    server = start()
    answer = server.client.get("/events/", params={"topics": f"data,{topic}"})
    assert answer.status_code == 404
    assert topic[:80] in answer.json()["detail"] and "row/<key>" in answer.json()["detail"]


def test_thousands_of_keys_are_asked_for_then_few_are_kept(start: Start) -> None:
    server = start()
    wire = server.stream("topics=row/kept0")
    wire.next("hello")
    for number in range(40):
        names = ",".join(f"row/k{number * 50 + each}" for each in range(50))
        stream = server.stream(f"topics={names}")
        assert json.loads(stream.next("hello")[1])[f"row/k{number * 50}"] == ""
        stream.close()
    while server.stats()["clients"] > 1:
        pass
    server.stream("topics=row/z").next("hello")
    assert server.stats()["kept"] <= 320
    server.write("kept0.json", {"n": 1}, folder="rows")
    assert json.loads(wire.next("row/kept0")[1])["row"] == {"n": 1}, "what a stream has stays"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gzip", [False, True])
def test_stream_of_keys_on_each_server_then_the_newest_arrives(start: Start, kind: str, gzip: bool) -> None:
    server = start(kind)
    wire = server.stream("topics=row/a,row/b,data", gzip=gzip)
    wire.next("hello")
    for number in range(30):
        server.write(f"{'ab'[number % 2]}.json", {"n": number}, folder="rows")
    last = {}
    while last != {"row/a": 28, "row/b": 29}:
        name, data, _ = wire.next()
        if name.startswith("row/"):
            value = json.loads(data)["row"]["n"]
            assert value > last.get(name, -1), "never an older one"
            last[name] = value
