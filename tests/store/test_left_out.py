"""One bad entry of a state file costs that entry: all others stand, and it is named."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion.errors import StateError
from aion.store.document.base import Document, to_json
from aion.store.document.kind import KINDS
from aion.store.document_file import check_document, check_sound, read_sound
from aion.store.file import gzip_bytes
from aion.store.layout import Layout
from aion.store.schema import check_file
from tests.web.sample import at, envelope, fill, rolling, sim_log, swing_rolling

Json = dict[str, Any]

ORDER = {"ts": at(1), "symbol": "MSFT", "side": "buy", "quantity": 1, "status": "open"}
TRADE = {"symbol": "MSFT", "side": "buy", "quantity": 1, "entry_price": 1.5, "exit_price": 2, "opened_at": at(0),
         "ts": at(2), "realized_pnl": 0.5}  # fmt: skip
SIGNAL = {"ts": at(1), "action": "hold", "confidence": 0.5}
POSITION = {"quantity": 3, "average_price": 1.25, "last_price": 1.5}
MAPS: dict[str, tuple[str, Json]] = {
    "fills": ("f{}", fill(1)), "open_orders": ("o{}", ORDER), "orders": ("o{}", ORDER), "trades": ("t{}", TRADE),
    "signals": ("S{}", SIGNAL), "positions": ("P{}", POSITION), "targets": ("T{}", {"weight": 0.5}),
    "decisions": ("d{}", {"ts": at(1), "symbol": "MSFT", "action": "buy"}),
}  # fmt: skip
OF_KIND = {
    "swing_rolling": ("fills", "open_orders", "trades", "signals", "positions", "targets"),
    "sim_log": ("fills", "orders", "trades", "signals", "positions", "decisions"),
    "bot_activity": ("fills", "orders", "trades", "decisions"),
}
BAD: list[Any] = [None, "word", math.nan, math.inf, -math.inf, [], {}, [1], {"a": 1}, True, 1e300, -1, "NaN", 7, ""]


def whole(kind: str, sizes: dict[str, int]) -> Json:
    """Return a sound document of a kind with so many items in each of its maps."""
    if kind == "bot_activity":
        found = envelope(kind, 3) | {"bot": "b", "currency": "USD", "horizon": "1w", "day": "2022-05-19"}
    else:
        found = swing_rolling("b", 3) if kind == "swing_rolling" else sim_log("b", 3)
        found |= {"equity_curve": {at(minute): 100.0 + minute for minute in range(sizes["equity_curve"])}}
    for name in OF_KIND[kind]:
        key, item = MAPS[name]
        found[name] = {key.format(number): dict(item) for number in range(sizes[name])}
    return found


def read(value: Json, kind: str) -> Document:
    """Return a document as the desk reads it, from bytes as Python's own JSON writes them: NaN and all."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "a.json"
    path.write_text(json.dumps(value))
    try:
        return read_sound(path, kind)
    finally:
        path.unlink()
        folder.rmdir()


SIZES = st.fixed_dictionaries({name: st.integers(0, 6) for name in (*MAPS, "equity_curve")})


@given(st.sampled_from(list(OF_KIND)), SIZES, st.data())
@settings(max_examples=300)
def test_document_when_one_entry_is_broken_in_any_way_then_all_others_are_unchanged(
    kind: str, sizes: dict[str, int], data: st.DataObject
) -> None:
    value = whole(kind, sizes)
    sound = to_json(check_document(orjson.loads(orjson.dumps(value)), kind, "a.json"))
    names = [name for name in (*OF_KIND[kind], "equity_curve") if value.get(name)]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    key = data.draw(st.sampled_from(list(value[name])))
    bad = data.draw(st.sampled_from(BAD))
    item = value[name][key]
    if isinstance(item, dict) and data.draw(st.booleans()):
        field = data.draw(st.sampled_from(list(item)))
        value[name] = value[name] | {key: item | {field: bad}}
    else:
        value[name] = value[name] | {key: bad}
    found = to_json(read(value, kind))
    left_out = found.pop("left_out", None)
    others = {each: entry for each, entry in sound[name].items() if each != key}
    assert {each: entry for each, entry in found[name].items() if each != key} == others
    assert list(found[name]) == [each for each in sound[name] if each in found[name]], "the order stays"
    assert {each: rest for each, rest in found.items() if each != name} == {
        each: rest for each, rest in sound.items() if each != name
    }
    if key not in found[name]:
        is_absent = value[name][key] is None
        assert is_absent == (left_out is None)
    if left_out is not None:
        assert left_out["count"] == 1 and left_out["fields"] == {name: 1}
        (where,) = left_out["named"]
        assert where.startswith(f"{name}.{key}") and left_out["named"][where]


@given(st.sampled_from(list(OF_KIND)), SIZES, st.data())
@settings(max_examples=200)
def test_check_when_an_entry_is_broken_then_it_says_what_the_desk_does(
    kind: str, sizes: dict[str, int], data: st.DataObject
) -> None:
    value = whole(kind, sizes)
    fields = [name for name in value if name != "schema"]
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.sampled_from(fields))] = data.draw(st.sampled_from(BAD))
    folder = Path(tempfile.mkdtemp())
    path = folder / "a.json"
    path.write_text(json.dumps(value))
    errors, _ = check_file(path)
    try:
        found = read_sound(path, kind)
    except StateError as error:
        assert errors[0] == str(error).split(" (and ")[0]
    else:
        left_out = to_json(found).get("left_out", {"named": {}})
        assert errors == [
            f"a.json: field {where}: {why}: left out, the rest is shown" for where, why in left_out["named"].items()
        ]
    path.unlink()
    folder.rmdir()


@pytest.mark.parametrize("bad", BAD, ids=repr)
@pytest.mark.parametrize(
    "name", ["cash", "state", "stats", "return", "due_at", "day_pnl", "rules", "hold_equity", "tick"]
)
def test_field_when_it_is_wrong_then_it_is_left_out_and_the_rest_is_as_without_it(name: str, bad: Any) -> None:
    value = swing_rolling("b", due_at=at(9), stats={"drawdown": 0.5})
    without = {each: rest for each, rest in value.items() if each != name}
    found = to_json(read(value | {name: bad}, "swing_rolling"))
    left_out = found.pop("left_out", {"fields": {}})
    if left_out["fields"] or bad is None:
        expected = to_json(check_document(without, "swing_rolling", "a.json"))
        assert {each: rest for each, rest in found.items() if each != name} == {
            each: rest for each, rest in expected.items() if each != name
        }
        assert name not in found or found[name] == expected.get(name) or name in ("rules", "stats")


@pytest.mark.parametrize("bad", [None, "word", math.nan, [], {}], ids=repr)
@pytest.mark.parametrize("name", ["schema", "bot", "currency", "equity", "as_of", "mode"])
def test_envelope_when_it_is_wrong_then_the_whole_is_refused_with_the_field_named(name: str, bad: Any) -> None:
    value = swing_rolling("b") | {name: bad}
    if name == "bot" and isinstance(bad, str | float):
        value["bot"] = "wo rd"
    if name == "mode" and bad is None:
        assert to_json(read(value, "swing_rolling"))["mode"] == "paper", "null is absent"
        return
    with pytest.raises(StateError, match=name):
        read(value, "swing_rolling")


def test_null_when_anywhere_then_it_is_absent_in_every_kind() -> None:
    value = swing_rolling("b", fills={"f1": fill(1) | {"realized_pnl": None, "fees": {"a": None}}, "f2": None})
    found = to_json(read(value | {"cash": None, "targets": None}, "swing_rolling"))
    assert "left_out" not in found and "cash" not in found and found["targets"] == {}
    assert list(found["fills"]) == ["f1"] and found["fills"]["f1"]["fees"] == {}


def test_figure_of_a_part_when_wrong_then_only_what_has_no_default_of_its_own_is_taken_out_alone() -> None:
    stats = {"drawdown": 0.25, "win_rate": 5, "max_drawdown": "x"}
    planned = {"side": "buy", "quantity": 1, "price": 1, "value": 1, "weight": 1}
    preview = {"as_of": at(1), "orders": {"A": planned, "B": planned | {"side": "?"}, "7": planned}}
    pnl = {"gross": 1, "fees": "x", "net": 1}
    found = to_json(read(swing_rolling("b", stats=stats, preview=preview, day_pnl=pnl), "swing_rolling"))
    assert found["stats"] == {"drawdown": 0.25, "closed_trades": 0}
    assert list(found["preview"]["orders"]) == ["A"]
    assert "day_pnl" not in found, "fees of 0 in its place would be invented"
    assert found["left_out"]["fields"] == {"stats": 2, "preview": 2, "day_pnl": 1}
    assert "'?'" in found["left_out"]["named"]["preview.orders.B.side"], "the value is named"


def test_bars_and_symbols_when_one_is_wrong_then_the_others_of_the_symbol_stand() -> None:
    bars = {"A": {at(1): [1, 2, 0.5, 1, 9], at(2): [1, 2], "x": [1, 2, 0.5, 1, 9]}, "B": 3, "C": {at(1): [1] * 5}}
    found = to_json(read(sim_log("b", 3, bars=bars, symbols=["A", 5, "7", "B"]), "sim_log"))
    assert (
        found["symbols"] == ["A", "B"]
        and list(found["bars"]) == ["A", "C"]
        and list(found["bars"]["A"]) == [at(1), "x"]
    )
    assert found["left_out"]["fields"] == {"symbols": 2, "bars": 2}
    known = rolling(3, 3)
    known["symbols"]["S0001"]["features"]["vwap"] = "high"
    assert list(to_json(read(known, "rolling"))["symbols"]) == ["MSFT", "S0002"]


def test_many_when_over_a_limit_then_the_first_ones_are_read_and_the_rest_counted() -> None:
    found = to_json(read(swing_rolling("b", symbols=[f"S{number}" for number in range(5_003)]), "swing_rolling"))
    assert len(found["symbols"]) == 5_000 and found["left_out"]["count"] == 3


def test_entries_when_a_hundred_thousand_are_wrong_then_they_are_counted_and_some_named() -> None:
    value = swing_rolling("b", fills={f"f{number}": {} for number in range(90_000)} | {"good": fill(1)})
    found = to_json(check_sound(value, "swing_rolling", "a.json"))
    assert list(found["fills"]) == ["good"]
    assert found["left_out"]["count"] == 90_000 and len(found["left_out"]["named"]) == 20


def test_left_out_when_the_file_says_it_itself_then_it_is_not_believed() -> None:
    found = to_json(read(swing_rolling("b", left_out={"count": 9}), "swing_rolling"))
    assert "left_out" not in found


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e400", "-1e999", "9" * 400, "1.5E+4000", "Infinity"])
def test_number_when_json_cannot_say_it_then_its_entry_is_left_out_in_a_packed_file_too(
    tmp_path: Path, text: str
) -> None:
    path = Layout(tmp_path).swing_rolling("b")
    path.parent.mkdir(parents=True)
    reason = 'a "NaN", -1e400: \\" Infinity'
    fills = {"f1": fill(1) | {"price": 12345.678}, "f2": fill(2) | {"reason": reason}}
    data = json.dumps(swing_rolling("b", fills=fills)).replace("12345.678", text)
    path.write_bytes(gzip_bytes(data.encode()))
    found = to_json(read_sound(path, "swing_rolling"))
    assert list(found["fills"]) == ["f2"] and found["fills"]["f2"]["reason"] == reason
    assert "fills.f1.price" in found["left_out"]["named"]


def test_request_when_an_entry_is_wrong_then_it_is_still_refused_whole() -> None:
    for kind in KINDS.keys() & {"control", "kill", "bot_config", "watch"}:
        with pytest.raises(StateError):
            check_sound({"schema": f"aion/{kind}/1", "bot": 3}, kind, "a.json")
