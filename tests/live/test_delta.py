"""Patches: what they say, what they cannot say, and that a browser comes to the same result, byte for byte."""

import json
import math
import random
import re
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aion.live.delta import (
    KEPT_BYTES,
    LEAST_BYTES,
    CannotSayError,
    DeltaMaker,
    browser_number,
    browser_text,
    entries_patch,
    in_browser_order,
    merge_patches,
)
from aion.live.event import GZIP_HEADER, chunk, deflate_block, stored_block
from aion.live.snapshot import GZIP_LEVEL, Snapshot, content_tag, make_snapshot

from .browser import Browser
from .patching import Held, merge

NAMES = st.one_of(
    st.sampled_from(["a", "b", "c", "0", "7", "10", "01", "4294967294", "4294967295", "__proto__", "toJSON", ""]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 0.0, 1.0, 1e21, 1e20, 123456789012345680.0, 1e-6, 1e-7, 1.5e-7, 5e-324, 1e16, 0.1, 100.0]),
    st.decimals(-1_000_000, 1_000_000, places=2).map(float),
)
PLAIN = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**64 - 1), st.integers(10**15, 10**17), FLOATS,
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(['"1.0,"', "1.0,", "\\", '\\"', "a\\\\", "\x00\x01\x02\x1f\x7f", "\u2028", "1e5", "[-0.0]"]),
)  # fmt: skip
VALUES = st.recursive(
    st.none() | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)
THOROUGH = settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


@THOROUGH
@given(VALUES)
@example([1e21, 1e-7, -0.0, 2**53 + 1, 2**64 - 1, 1e16, 1.0, -1.5e300, 0.00001])
@example({"b": '1.0,"', "10": 1.0, "9": {"01": -0.0, "1": "\\"}, 'a"': "\\\\"})
def test_browser_text_is_what_a_browser_writes(browser: Browser, value: Any) -> None:
    body = orjson.dumps([value])
    expected = browser_text(orjson.dumps(in_browser_order(orjson.loads(body))))
    assert browser.ask("write", body.decode()) == [expected.decode(), zlib.crc32(expected)]


@THOROUGH
@given(st.lists(FLOATS, min_size=1, max_size=40))
def test_browser_number_is_what_a_browser_writes(browser: Browser, numbers: list[float]) -> None:
    written = [browser_number(number) for number in numbers]
    assert browser.ask("write", orjson.dumps(numbers).decode())[0] == f"[{','.join(written)}]"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (1.25e22, "1.25e+22"), (1e-6, "0.000001"), (1e-7, "1e-7"), (-1.5e-7, "-1.5e-7"), (5e-324, "5e-324"),
        (1e16, "10000000000000000"), (math.pi, "3.141592653589793"), (2.0**53, "9007199254740992"),
    ],
)  # fmt: skip
def test_browser_number_by_hand(number: float, expected: str) -> None:
    assert browser_number(number) == expected


def test_in_browser_order_array_indices_come_first_by_number() -> None:
    value = {"b": 1, "10": 2, "9": 3, "01": 4, "4294967295": 5, "4294967294": 6, "-1": 7, "\u0661": 8}
    assert list(in_browser_order([value])[0]) == ["9", "10", "4294967294", "b", "01", "4294967295", "-1", "\u0661"]


@THOROUGH
@given(OBJECTS, OBJECTS, st.booleans())
@example({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, False)
@example({"a": {"1": 1, "y": 2}, "z": 0}, {"a": {"y": 2, "0": 1, "1": 3}, "z": 0.0}, False)
@example({"a": [1, {"b": 2}]}, {"a": [1, {"b": None}]}, False)
@example({"a": {"__proto__": {"x": 1}}}, {"a": {"__proto__": {"x": 2}}}, False)
def test_merge_patches_give_a_browser_the_target_or_are_refused(
    browser: Browser, base: dict[str, Any], change: dict[str, Any], is_near: bool
) -> None:
    target = {**base, **change} if is_near else change
    base, target = ({"etag": tag, **value} for tag, value in (("old", base), ("new", target)))
    held, wanted = (in_browser_order(orjson.loads(orjson.dumps(value))) for value in (base, target))
    try:
        patches = merge_patches(held, wanted)
    except CannotSayError:
        return
    assert len(patches) <= 2
    again = held
    for patch in patches:
        again = merge(again, patch)
    assert orjson.dumps(in_browser_order(again)) == orjson.dumps(wanted)
    if base.get("etag") != "old":
        return
    expected = browser_text(orjson.dumps(wanted))
    event = {"topic": "t", "base": "old", "etag": "new", "check": zlib.crc32(expected), "patches": patches}
    before = browser_text(orjson.dumps(held)).decode()
    answer = browser.ask("apply", orjson.dumps(base).decode(), orjson.dumps(event).decode())
    assert answer == ["t", expected.decode(), before], "and what was held is as it was"


def test_merge_patches_by_hand() -> None:
    base = {"n": 1, "bots": {"a": {"x": 1, "y": [1, 2]}, "b": {"x": 1}}, "gone": 1}
    assert merge_patches(base, base) == [{}]
    target = {"n": 1.0, "bots": {"a": {"x": 1, "y": [1, 3]}, "b": {"x": 1}, "c": {}}}
    assert merge_patches(base, target) == [{"gone": None, "n": 1.0, "bots": {"a": {"y": [1, 3]}, "c": {}}}]


def test_merge_patches_when_array_indices_come_then_a_browser_puts_them_first() -> None:
    base, target = in_browser_order({"b": 1, "7": 2}), in_browser_order({"b": 1, "7": 2, "3": 4, "c": 5})
    assert merge_patches(base, target) == [{"3": 4, "c": 5}]


def test_merge_patches_when_members_change_places_then_the_object_is_cleared_and_set_whole() -> None:
    base = {"curve": {"10:00": 1, "10:01": 2, "10:02": 3}, "n": 1}
    target = {"curve": {"10:00": 1, "10:01:30": 4, "10:02": 3}, "n": 1}
    assert merge_patches(base, target) == [{"curve": 0}, {"curve": target["curve"]}]
    assert list(merge(merge(base, {"curve": 0}), {"curve": target["curve"]})) == ["curve", "n"]


@pytest.mark.parametrize(
    ("base", "target"),
    [
        ({"a": 1}, {"a": None}), ({}, {"a": None}), ({}, {"a": {"b": None}}), ({"a": {"b": 1}}, {"a": {"b": None}}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": 1}, {"b": 2, "a": 1}),
    ],
)  # fmt: skip
def test_merge_patches_when_they_cannot_say_it_then_there_are_none(base: Any, target: Any) -> None:
    with pytest.raises(CannotSayError):
        merge_patches(base, target)


def test_merge_patches_when_a_null_stays_or_stands_in_a_list_then_it_can_be_said() -> None:
    base: dict[str, Any] = {"a": None, "b": 1, "c": [1]}
    assert merge_patches(base, {"a": None, "b": 2, "c": [None, {"d": None}]}) == [{"b": 2, "c": [None, {"d": None}]}]


def snapshot(value: dict[str, Any], version: int = 7) -> Snapshot:
    payload = orjson.dumps(value)
    return make_snapshot("bots", payload, content_tag(payload), version)


def large(**more: Any) -> dict[str, Any]:
    return {
        "rows": {f"r{number}": {"price": number + 0.5, "name": f"row {number}"} for number in range(1_500)},
        **more,
    }


def test_delta_maker_event_byte_for_byte() -> None:
    before, after = snapshot(large(n=1)), snapshot(large(n=2), 8)
    made = DeltaMaker().make(before, after)
    assert made is not None
    identity, gzip = made
    check = zlib.crc32(browser_text(after.body))
    data = b'{"topic":"bots","base":%b,"etag":%b,"check":%d,"patches":[{"version":8,"etag":%b,"n":2}]}' % (
        orjson.dumps(before.etag),
        orjson.dumps(after.etag),
        check,
        orjson.dumps(after.etag),
    )
    assert identity == chunk(b"event: patch\nid: 8\ndata: " + data + b"\n\n")
    blocks = stored_block(b"event: patch\nid: 8\ndata: ") + deflate_block(data, GZIP_LEVEL) + stored_block(b"\n\n")
    assert gzip == chunk(blocks)
    size, _, rest = gzip.partition(b"\r\n")
    unpacked = zlib.decompressobj(31).decompress(GZIP_HEADER + rest[: int(size, 16)])
    assert unpacked == b"event: patch\nid: 8\ndata: " + data + b"\n\n"


def test_delta_maker_when_the_body_is_small_or_the_patch_is_large_then_there_is_none() -> None:
    maker = DeltaMaker()
    small = {"text": "x" * (LEAST_BYTES - 200)}
    assert maker.make(snapshot(small), snapshot({**small, "n": 1})) is None
    assert maker.make(snapshot(large()), snapshot({"rows": {"r1": "other " * 20_000}})) is None
    assert maker.make(snapshot(large(n=1)), snapshot(large(n=None))) is None
    assert maker.make(snapshot(large(n=1)), snapshot(large(n=2))) is not None


@pytest.mark.parametrize("size", [2 * LEAST_BYTES, KEPT_BYTES])
def test_delta_maker_when_it_was_left_out_of_some_changes_then_it_still_starts_from_what_was_published(
    size: int,
) -> None:
    maker, held = DeltaMaker(), Held()
    versions = [snapshot({"n": number, "text": "x" * size}, number) for number in range(1, 7)]
    for number in (1, 2, 4, 5):  # 0 -> 1, then nobody wanted 2 -> 3
        if number == 4:
            maker.forget()
        made = maker.make(versions[number - 1], versions[number])
        assert made is not None
        event = re.search(rb"data: (.*)\n\n", made[0])
        assert event is not None
        held.values["bots"] = json.loads(versions[number - 1].body)
        held.take("patch", event[1].decode())
        assert held.values["bots"] == json.loads(versions[number].body)


def test_apply_delta_when_an_answer_has_overtaken_it_then_that_stays(browser: Browser) -> None:
    versions = [snapshot(large(n=number), number) for number in (1, 2, 3)]
    made = DeltaMaker().make(*versions[:2])
    assert made is not None
    event = made[0].partition(b"data: ")[2].partition(b"\n\n")[0].decode()
    _, reached, newer = (each.body.decode() for each in versions)
    expected = browser_text(reached.encode()).decode()
    assert browser.ask("apply", reached, event) == ["bots", expected, expected]
    assert "error" in browser.ask("apply", newer, event), "the version before it is needed beside that"


def test_apply_delta_when_anything_is_changed_on_the_way_then_it_is_refused(browser: Browser) -> None:
    before, after = snapshot(large(n=1)), snapshot(large(n=2, word="caf\u00e9"), 8)
    made = DeltaMaker().make(before, after)
    assert made is not None
    event = orjson.loads(made[0].partition(b"data: ")[2].partition(b"\n\n")[0])
    text = before.body.decode()
    assert browser.ask("apply", text, orjson.dumps(event).decode())[1] == browser_text(after.body).decode()
    tampered = [
        event | {"base": "another"},
        event | {"check": event["check"] ^ 1},
        event | {"patches": [*event["patches"], {"rows": {"r7": {"price": 7.25}}}]},
        event | {"patches": []},
        event | {"patches": None},
        [],
        None,
    ]
    for each in tampered:
        assert "error" in browser.ask("apply", text, orjson.dumps(each).decode())
    assert "error" in browser.ask("apply", "null", orjson.dumps(event).decode()), "nothing is held"
    assert "error" in browser.ask("apply", text, made[0].decode()), "no JSON"
    other = large(n=1)
    other["rows"]["r3"]["price"] = 3.25  # held under the right tag, and wrong all the same
    wrong = {"version": 7, "etag": before.etag, **other}
    assert "error" in browser.ask("apply", orjson.dumps(wrong).decode(), orjson.dumps(event).decode())


VALUES: list[Any] = [
    1,
    1.0,
    -0.0,
    1e21,
    1e-7,
    "caf\u00e9\u2028",
    '\\"',
    True,
    [1, None],
    {},
    {"7": 1, "a": 2},
    {"a": 1, "7": {"x": 2.50}},
]


@pytest.mark.parametrize("seed", range(6))
def test_patch_of_changed_entries_then_a_page_makes_what_the_whole_has(browser: Browser, seed: int) -> None:
    rng = random.Random(seed)
    names = [f"r{number}" for number in range(12)] + ["7", "12", "__proto__", "constructor", "a b"]
    rows = {name: {"n": rng.choice(VALUES), "m": rng.choice(VALUES)} for name in rng.sample(names, 9)}
    held: dict[str, Any] = {"etag": "0", "version": 0, "head": {"n": 1}, "rows": dict(rows)}
    text, refused = orjson.dumps(held).decode(), 0
    for number in range(1, 60):
        base: dict[str, Any] = {"rows": {}}
        target: dict[str, Any] = {"rows": {}}
        new = {}
        for name in rng.sample(names, rng.randrange(5)):
            if name in rows:
                base["rows"][name] = rows[name]
            if rng.random() < 0.3:
                rows.pop(name, None)
                continue
            after = {key: rng.choice(VALUES) for key in rng.sample(["n", "m", "o", "8"], rng.randrange(4))}
            (target["rows"] if name in rows else new)[name] = rows[name] = after
        target["rows"] |= new
        if rng.random() < 0.5:
            base["head"], target["head"] = held["head"], {"n": number}
            held["head"] = target["head"]
        found = entries_patch(in_browser_order(base), in_browser_order(target), "rows")
        if found is None:
            refused += 1
            text = orjson.dumps({"etag": str(number), "version": number, "head": held["head"], "rows": rows}).decode()
            continue
        last = {**found.patches[-1], "version": number, "etag": str(number)}
        event = {"topic": "t", "base": orjson.loads(text)["etag"], "etag": str(number), "check": found.check,
                 "of": found.of, "patches": [*found.patches[:-1], last]}  # fmt: skip
        answer = browser.ask("apply", text, orjson.dumps(event).decode())
        assert answer is not None and len(answer) > 2, (answer, event)
        text = answer[1]
        value = json.loads(text)
        assert value["rows"].keys() == rows.keys()
        for name, row in rows.items():
            assert value["rows"][name] == row, name
        assert value["head"] == held["head"]
        wrong = event | {"base": event["etag"], "etag": "x", "check": found.check ^ 1}
        last["version"] = number + 1
        assert len(browser.ask("apply", text, orjson.dumps(wrong).decode())) < 3, "another check is refused"
    assert refused < 20
