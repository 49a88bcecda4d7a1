"""A document that is read beside its earlier version is the one that is read alone, message by message."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.errors import StateError
from aion.store.document.base import Document, to_json
from aion.store.document.known import KnownMap, fresh_since
from aion.store.document_file import read_sound
from aion.store.file import gzip_bytes

NUMBERS: list[Any] = [1, 2.5, -3, 1e-9, 1e30, 0, None, "x", 1e300]


def position(rng: random.Random) -> Any:
    if rng.random() < 0.03:
        return rng.choice([None, 7, "text", [], {"quantity": 1}])
    found: dict[str, Any] = {"quantity": rng.choice([1, -2, 3.5]), "average_price": rng.choice([10, 20.25])}
    for name in ("last_price", "market_value", "weight", "stop_loss", "symbol", "carried", "unknown"):
        if rng.random() < 0.2:
            found[name] = "S" if name in ("symbol", "carried") else rng.choice(NUMBERS[:5])
    if rng.random() < 0.03:
        found["margin"] = -1
    return found


def fill(rng: random.Random) -> dict[str, Any]:
    return {
        "ts": f"2022-05-19T13:{rng.randrange(60):02}Z", "symbol": "SYN", "side": rng.choice(["buy", "sell"]),
        "quantity": rng.choice([1, 2]), "price": rng.choice([10.5, 11]),
    }  # fmt: skip


def changed(rng: random.Random, state: dict[str, Any]) -> dict[str, Any]:
    """Return another version: some entries are others, some come, some go, some are wrong."""
    found = {**state, "seq": state["seq"] + 1, "equity": rng.choice([100.5, 101, 99])}
    for name, make in (("positions", position), ("fills", fill)):
        entries = dict(found[name])
        for _ in range(rng.randrange(6)):
            key = rng.choice(["A", "B", "C", "D", "caf\u00e9", 'q"', "b\\", "7" if rng.random() < 0.1 else "E"])
            if rng.random() < 0.2:
                entries.pop(key, None)
            else:
                entries[key] = make(rng)
        items = list(entries.items())
        if rng.random() < 0.2:
            rng.shuffle(items)
        found[name] = dict(items)
    if rng.random() < 0.5:
        at = f"2022-05-19T14:{rng.randrange(60):02}{rng.choice(['Z', '+00:00', ':30.5Z'] * 5 + [''])}"
        found["equity_curve"] = {**found["equity_curve"], at: rng.choice(NUMBERS[:5])}
    for name, value in (("note", "said\nso"), ("note", "null"), ("fills", []), ("rules", {"x": 1.5}), ("cash", "y")):
        if rng.random() < 0.04:
            found[name] = value
    return found


def written(rng: random.Random, state: dict[str, Any]) -> bytes:
    text = orjson.dumps(state, option=orjson.OPT_INDENT_2 if rng.random() < 0.2 else 0)
    odd = rng.random()
    if odd < 0.03:
        return text[:-5]
    if odd < 0.06:
        return text.replace(b"100.5", b"NaN")
    if odd < 0.09:
        return text.replace(b'"A"', b'"\\u0041"')
    if odd < 0.12:
        return text.replace(b'"positions":{', b'"positions":{"A":{"quantity":1,"average_price":2},', 1)
    if odd < 0.13:
        return text.replace(b'"S"', b'"\xff"')
    return text + b" " if odd < 0.16 else text


def read(path: Path, kind: str, before: Document | None = None) -> tuple[Document | None, str]:
    try:
        found = read_sound(path, kind, before=before)
    except StateError as error:
        return None, str(error)
    return found, str(to_json(found))


@pytest.mark.parametrize("kind", ["sim_log", "swing_rolling"])
@pytest.mark.parametrize("seed", range(4))
def test_read_beside_the_version_before_then_it_is_what_a_reader_without_one_finds(
    tmp_path: Path, kind: str, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / ("x.json.gz" if kind == "swing_rolling" else "x.json")
    original: dict[str, Any] = {
        "schema": f"aion/{kind}/1", "bot": "b", "currency": "USD", "exchange": "XNYS", "as_of": "2022-05-19T15:00Z",
        "day": "2022-05-19", "equity": 100.5, "seq": 0,
        "positions": {key: {"quantity": 1, "average_price": 2} for key in "ABCDE"}, "fills": {}, "equity_curve": {},
    }  # fmt: skip
    state, before, shared, failed, told = original, None, 0, 0, 0
    for _ in range(150):
        state = changed(rng, state if rng.random() < 0.8 else original)
        text = written(rng, state)
        path.write_bytes(gzip_bytes(text) if path.suffix == ".gz" else text)
        earlier = str(to_json(before)) if before is not None else ""
        found, said = read(path, kind, before)
        assert said == read(path, kind)[1]
        assert before is None or str(to_json(before)) == earlier, "what was read before is not changed"
        failed += found is None
        if found is None:
            continue
        held, now = (getattr(each, "positions", {}) for each in (before, found))
        shared += sum(now.get(key) is each for key, each in held.items())
        if (fresh := fresh_since(held, now)) is not None:
            told += 1
            assert list(held) == list(now) and {key for key in now if now[key] is not held[key]} <= set(fresh)
        before = found
    assert shared > 50, "entries that are the same are taken over"
    assert failed and told


def test_read_alone_then_a_document_without_faults_is_known_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(
        b'{"schema":"aion/sim_log/1","bot":"b","currency":"USD","as_of":"2022-05-19T15:00Z","day":"2022-05-19",'
        b'"equity":1,"positions":{"A": {"quantity":1,"average_price":2}}}'
    )
    positions = getattr(read_sound(path, "sim_log"), "positions", None)
    assert isinstance(positions, KnownMap)
    assert positions.texts == {"A": b'{"quantity":1,"average_price":2}'}
