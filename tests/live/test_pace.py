"""The pace of pushes: the first at once, then at most so many a second, the newest always, also while GETs come."""

import json
import time
from collections.abc import Callable

import pytest

from aion.live.pace import LONGEST_REST_S, Pace
from aion.live.topic_state import TopicState
from tests.live.conftest import Server
from tests.live.patching import merge

Start = Callable[..., Server]


def test_first_change_after_quiet_then_it_does_not_wait_for_the_pace(start: Start) -> None:
    server = start(push_hz=0.005, heartbeat_s=500)  # two pushes would be 200 s apart
    wire = server.stream("topics=data")
    wire.next("data")
    server.write("x.json", {}, folder="other")
    assert server.client.get("/other/").status_code == 200
    server.write("a.json", 1)
    # the greeting was sent by itself; the first push of a change is at once
    assert json.loads(wire.next("data", timeout=20)[1])["a.json"] == 1


@pytest.mark.parametrize("is_asked", [False, True])
def test_changes_in_quick_succession_then_pushes_keep_the_pace_and_the_newest_comes(
    start: Start, is_asked: bool
) -> None:
    server = start(push_hz=5)
    wire = server.stream("topics=data,row/a")
    wire.next("data")
    began, number = time.monotonic(), 0
    while time.monotonic() - began < 2:
        number += 1
        server.write("a.json", number)
        server.write("a.json", number, folder="rows")
        if is_asked:
            assert server.data()["a.json"] == number, "a GET does not wait for the pace"
    seen: dict[str, list[int]] = {"data": [], "row/a": []}
    while seen["data"][-1:] != [number] or seen["row/a"][-1:] != [number]:
        name, data, _ = wire.next()
        if name in seen:
            value = json.loads(data)
            seen[name].append(value["a.json"] if name == "data" else value["row"])
    took_s = time.monotonic() - began
    for values in seen.values():
        assert values == sorted(set(values)), "never an older one, and none twice"
        assert len(values) <= 5 * took_s + 2, (len(values), took_s)


def test_patches_between_which_gets_come_then_each_fits_what_the_page_has(start: Start) -> None:
    server = start(push_hz=5)
    rows = {f"r{number}": {"price": number / 7, "name": f"row {number}"} for number in range(1700)}
    server.write("a.json", rows)
    wire = server.stream("topics=data&patches=data", gzip=True)
    held = json.loads(wire.next("data")[1])
    for number in range(60):
        rows[f"r{number}"] = {"price": -1.5}
        server.write("a.json", rows)
        tag = server.client.get("/data/").headers["etag"]
    patches = 0
    while held["etag"] != tag:
        name, data, _ = wire.next()
        if name == "patch":
            value = json.loads(data)
            assert value["base"] == held["etag"]
            patches += 1
            for patch in value["patches"]:
                held = merge(held, patch)
        elif name == "data":
            held = json.loads(data)
    assert patches > 0 and held["a.json"] == rows


def test_topic_with_a_most_of_bytes_then_the_next_push_waits_as_long_as_the_last_one_was_large() -> None:
    pace, state = Pace(10, {"index": 1000.0}), TopicState("index")
    assert pace.due(state, is_seen=True) == float("-inf"), "the first goes out at once"
    for size, pause_s in ((10, 0.1), (2_000, 2.0), (10**9, LONGEST_REST_S)):
        state.sent_at = 7.0
        pace.note_sent(state, size)
        assert pace.due(state, is_seen=True) == 7.0 + pause_s
    assert pace.limits(state) and not pace.limits(TopicState("totals"))


def test_topics_that_nobody_has_then_together_they_take_a_tenth_of_the_time() -> None:
    pace, states = Pace(10, {}), [TopicState("bots"), TopicState("index")]
    pace.end_round(3.0, 0.2)
    assert [pace.due(state, is_seen=False) for state in states] == [5.0, 5.0]
    states[1].took_s = 10.0
    assert pace.due(states[1], is_seen=False) == float("inf"), "what takes long is built for who asks"
    pace.end_round(3.1, 0.0)
    assert pace.due(states[0], is_seen=False) == 5.0 and pace.due(states[0], is_seen=True) == float("-inf")


def test_newcomer_while_a_push_waits_then_it_gets_the_newest_at_once(start: Start) -> None:
    server = start(push_hz=0.005, heartbeat_s=500)
    first = server.stream("topics=data")
    first.next("data")
    for number in range(5):
        server.write("a.json", number)
        assert server.data()["a.json"] == number
        late = server.stream("topics=data")
        assert json.loads(late.next("data", timeout=15)[1])["a.json"] == number
        late.close()
