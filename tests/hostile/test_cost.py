"""What a state file may cost: refused before it is parsed, or read in pieces that leave others their turn."""

import random
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.errors import StateError
from aion.scalar import PART_ITEMS
from aion.store.document.base import to_json
from aion.store.document.bound import FREE_BYTES, MAX_CONTAINERS, MAX_DEPTH, MAX_RATIO, MAX_VALUES
from aion.store.document.kind import KINDS
from aion.store.document.piece import PIECE, to_json_in_pieces, validate
from aion.store.document.state import SimLog
from aion.store.document_file import check_document
from aion.store.file import gzip_bytes, parse_object, read_json
from aion.store.layout import Layout
from aion.web.reader import MAX_TOGETHER_BYTES, FileReader
from tests.web.sample import at, fill, sim_log, summary, swing_rolling

from .cost import ALLOWED_BYTES, DOCUMENTS, strain

SHORT = ("19 million `{}`, packed", "as many names", "a text of 16 MB in four bytes a letter", "1e400",
         "fills without a field",
         "a fill with many wrong fees", "a null behind long names")  # fmt: skip


@pytest.mark.timeout(300)
def test_desk_when_a_file_costs_all_it_can_then_it_takes_little_memory_and_the_rest_stands(tmp_path: Path) -> None:
    assert set(SHORT) < set(DOCUMENTS)
    for what, told, grown, _ in strain(tmp_path, list(SHORT)):
        assert grown < ALLOWED_BYTES, f"{what}: {grown >> 20} MB"
        assert told, what


@pytest.mark.parametrize(
    ("inner", "most", "named"),
    [
        (lambda count: b"{}," * (count - 2) + b"1", MAX_CONTAINERS, f"over {MAX_CONTAINERS} objects and lists"),
        (lambda count: b"[]," * (count - 2) + b"1", MAX_CONTAINERS, f"over {MAX_CONTAINERS} objects and lists"),
        (lambda count: b"1," * (count - 3) + b"1", MAX_VALUES, f"over {MAX_VALUES} values"),
    ],
    ids=["objects", "lists", "numbers"],
)
def test_values_when_one_too_many_then_refused_before_they_are_parsed(
    inner: Any, most: int, named: str, tmp_path: Path
) -> None:
    for count, is_sound in ((most, True), (most + 1, False)):
        data = b'{"a":[' + inner(count) + b"]}"
        (tmp_path / "a.json").write_bytes(data)
        (tmp_path / "a.json.gz").write_bytes(gzip_bytes(data, 0))
        for name in ("a.json", "a.json.gz"):
            if is_sound:
                assert len(read_json(tmp_path / name)[0]["a"]) > 1
                continue
            with pytest.raises(StateError, match=named) as refused:
                read_json(tmp_path / name)
            assert str(refused.value).startswith(name)


def test_bomb_when_its_values_are_too_many_then_it_is_not_inflated_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    whole = zlib.decompressobj

    class Counted:
        def __init__(self, bits: int) -> None:
            self._inner = whole(bits)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            part = self._inner.decompress(data, most)
            given.append(len(part))
            return part

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    (tmp_path / "a.json.gz").write_bytes(gzip_bytes(b'{"a":[' + b"{}," * 4_000_000 + b"1]}", 9))
    with pytest.raises(StateError, match="objects and lists"):
        read_json(tmp_path / "a.json.gz")
    assert sum(given) < 2 << 20


def test_ratio_when_nothing_is_packed_so_well_then_refused_and_small_files_may(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip_bytes(b'{"a":"' + b"x" * (FREE_BYTES - 100) + b'"}', 9))
    assert read_json(path)
    path.write_bytes(gzip_bytes(b'{"a":"' + b"x" * (4 * FREE_BYTES) + b'"}', 9))
    with pytest.raises(StateError, match=f"over {MAX_RATIO} times"):
        read_json(path)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_when_one_too_deep_then_the_limit_is_named(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    sound, deep = (b'{"a":' + opening * each + b"1" + closing * each + b"}" for each in (MAX_DEPTH - 1, MAX_DEPTH))
    assert parse_object(sound, "a.json")
    with pytest.raises(StateError, match=f"nested over {MAX_DEPTH} levels"):
        parse_object(deep, "a.json")


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 400, b"9" * 1_000_000], ids=len)
def test_number_when_too_large_then_refused_in_words(number: bytes) -> None:
    with pytest.raises(StateError, match="number that is too large"):
        parse_object(b'{"a":' + number + b"}", "a.json")


def large() -> dict[str, dict[str, Any]]:
    chance = random.Random(1)
    fills = {f"f{number}": fill(number % 300) for number in range(PIECE + 3)}
    bars = {
        f"S{symbol}": {at(minute): [1.0, 2.0, 0.5, 1.5, 100.0] for minute in range(count)}
        for symbol, count in enumerate((3, PIECE * 2 + 1, 2, PIECE, PIECE + 1, 5, *chance.choices(range(40), k=60)))
    }
    curve = {at(number): float(number) for number in range(PIECE + 9)}
    line = {"currency": "USD", "day": "2022-05-19", "equity": 1.0}
    days = {
        f"2022-{1 + day // 28:02}-{1 + day % 28:02}": {f"b{bot}": line for bot in range(PIECE // 40)}
        for day in range(60)
    }
    return {
        "sim_log": sim_log("b", 3, fills=fills, bars=bars, equity_curve=curve),
        "swing_rolling": swing_rolling("b", fills=fills, hold_curve=curve, extra=fills),
        "sim_summary": summary(3, ["b"]) | {"days": days},
    }


@pytest.mark.parametrize("kind", ["sim_log", "swing_rolling", "sim_summary"])
def test_large_document_when_handled_in_pieces_then_it_is_as_when_whole_in_order_too(kind: str) -> None:
    value = large()[kind]
    whole = KINDS[kind].model_validate(value)
    found = validate(KINDS[kind], value)
    assert found == whole
    assert orjson.dumps(to_json_in_pieces(found)) == orjson.dumps(to_json(whole))
    assert orjson.dumps(to_json_in_pieces(whole)) == orjson.dumps(to_json(whole))


@pytest.mark.parametrize(
    ("field", "key", "wrong", "told"),
    [
        ("fills", f"f{PIECE + 1}", {"ts": at(1)}, rf"field fills\.f{PIECE + 1}\.symbol: Field required"),
        ("bars", "S1", {at(9): [1.0]}, r"field bars\.S1\..*\.1: Field required"),
        ("equity_curve", "monday", 1.0, r"field equity_curve: .*'monday' is not an ISO 8601 time"),
    ],
)
def test_large_document_when_one_item_is_wrong_then_that_one_is_named(
    field: str, key: str, wrong: Any, told: str
) -> None:
    value = large()["sim_log"]
    value[field] = {**value[field], key: wrong}
    with pytest.raises(StateError, match=told):
        check_document(value, "sim_log", "a.json")


def test_document_when_everything_is_wrong_then_one_fault_is_named_and_the_rest_counted() -> None:
    value = swing_rolling("b", fills={f"f{number}": {} for number in range(50_000)})
    with pytest.raises(StateError, match=r"field fills\.f0\.ts: Field required \(and [0-9]+ more\)"):
        check_document(value, "swing_rolling", "a.json")
    fees = {f"k{number}": "x" for number in range(PART_ITEMS + 1)}
    with pytest.raises(StateError, match=rf"fills\.f\.fees: .*holds {PART_ITEMS + 1} items; at most {PART_ITEMS}"):
        check_document(swing_rolling("b", fills={"f": fill(1) | {"fees": fees}}), "swing_rolling", "a.json")


def test_text_when_it_is_endless_then_it_does_not_reach_the_page() -> None:
    for field, value in (("rules", {"a": "x" * 10_000}), ("control_id", "x" * 10_000)):
        with pytest.raises(StateError, match=f"field {field}"):
            check_document(swing_rolling("b", **{field: value}), "swing_rolling", "a.json")


def test_day_when_its_files_are_too_much_together_then_some_are_left_out_and_named(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.sim_logs.mkdir(parents=True)
    each = orjson.dumps(sim_log("b0", 3, extra="x" * (15 << 20)))
    count = MAX_TOGETHER_BYTES // len(each) + 1
    for number in range(count):
        layout.sim_log("2022-05-19", f"b{number}").write_bytes(each.replace(b'"b0"', b'"b%d"' % number))
    docs, errors = FileReader(layout).read_all(
        {f"b{number}": f"intraday/sim_logs/2022-05-19_b{number}.json" for number in range(count)}, SimLog
    )
    assert len(docs) == count - 1 and list(errors) == [f"b{count - 1}"]
    assert "ask for it alone" in errors[f"b{count - 1}"].reason
