"""Every parser under arbitrary input: it returns something sound or says what is wrong in its own error, soon."""

import gzip
import json
import random
import sqlite3
import string
import tempfile
import tomllib
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aion import config
from aion.adapter.freqtrade import Attached, attach
from aion.clock import FixedClock
from aion.errors import AionError, StateError
from aion.live.snapshot import accepts_gzip, matches, parse_have
from aion.market.importing.reader import Import, import_files
from aion.store.document.kind import KINDS
from aion.store.document_file import check_document
from aion.store.file import MAX_INFLATED_BYTES, gzip_bytes, parse_object, read_bytes, read_json
from aion.store.layout import Layout, check_day, check_horizon, check_name
from aion.web.http.middleware import host_name
from aion.web.log.tail import parse_line, read_from, read_tail
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.login import bearer_of, needed_role
from aion.web.security.page import safe_next
from aion.web.state import load as load_state
from tests.adapter.freqtrade_file import TRADES, make
from tests.bot.desk import WALL
from tests.web.sample import rolling, sim_log, summary, swing_rolling

FEW = settings(max_examples=60)
SAMPLES = {"sim_log": sim_log("b", 3), "swing_rolling": swing_rolling("b"), "rolling": rolling(3),
           "sim_summary": summary(3, ["b"])}  # fmt: skip
NASTY = (
    "\x1b[31m", "\x00", "\u202e", "\ud800", "a" * 5_000, "<script>", "../..", "NaN", "1e999", "\r\n", "🧨", "", " ",
    "'",
    10**400, -(10**19), 2**63, 1e308, -0.0, float("inf"), float("nan"), True, None, [], {}, [[]], {"": {"": {}}},
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NASTY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    for key, each in value.items() if isinstance(value, dict) else ():
        found += places(each, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    return {key: changed(each, path[1:], new) if key == path[0] else each for key, each in value.items()}


@FEW
@given(st.binary(max_size=400))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"a": NaN}')
@example(b'{"a": 1e999}')
@example(b'{"a": "\\ud800"}')
@example(b'{"a": %s}' % (b"9" * 5_000))
def test_state_file_when_it_holds_any_bytes_then_it_is_an_object_or_refused(data: bytes) -> None:
    for content in (data, gzip_bytes(data)[: len(data)]):
        try:
            assert isinstance(parse_object(content, "a.json"), dict)
        except StateError as error:
            assert str(error).startswith("a.json") and len(str(error)) < 500 and str(error).isprintable()


@FEW
@given(st.data())
def test_document_when_any_field_is_anything_then_it_is_sound_or_the_field_is_named(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(SAMPLES)))
    path = data.draw(st.sampled_from(places(SAMPLES[kind])))
    value = changed(SAMPLES[kind], path, data.draw(json_values))
    try:
        raw = json.dumps(value).encode("utf-8", "surrogatepass")
        document = check_document(parse_object(raw, "a.json"), kind, "a.json")
        orjson.dumps(document.model_dump(mode="json", exclude_none=True))
    except StateError as error:
        assert str(error).startswith("a.json")


@FEW
@given(st.sampled_from(sorted(KINDS)), json_values)
def test_document_when_it_is_anything_of_any_kind_then_only_a_state_error(kind: str, value: Any) -> None:
    if isinstance(value, dict):
        with suppress(StateError):
            check_document({"schema": f"aion/{kind}/1", **value}, kind, "a.json")


@FEW
@given(st.binary(max_size=3_000), st.integers(0, 3_000), st.integers(1, 3))
def test_gzip_when_packed_cut_or_doubled_then_it_is_whole_or_refused(data: bytes, cut: int, level: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json.gz"
        path.write_bytes(gzip_bytes(data, level))
        assert read_bytes(path)[0] == data
        path.write_bytes(gzip.compress(data))
        assert read_bytes(path)[0] == data
        for bad in (gzip_bytes(data)[: -1 - cut % (len(gzip_bytes(data)) - 1)], gzip_bytes(data) + b"x"):
            path.write_bytes(bad)
            with pytest.raises(StateError):
                read_bytes(path)


@pytest.mark.parametrize("size", [(256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 * (256 << 10), MAX_INFLATED_BYTES])
@pytest.mark.parametrize("byte", [b"x", b"\0"])
def test_gzip_when_it_inflates_to_a_whole_number_of_steps_then_it_is_whole(
    size: int, byte: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.json.gz"
    # state files are never packed to a two-hundredth
    data = (byte * 900 + random.Random(size).randbytes(100)) * (size // 1000) + byte * (size % 1000)
    path.write_bytes(gzip_bytes(data, 1))
    assert read_bytes(path)[0] == data


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_bomb_when_packed_again_and_again_then_little_is_inflated(layers: int, tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data, 9)
    path = tmp_path / "rolling_a.json.gz"
    path.write_bytes(data)
    with pytest.raises(StateError, match="inflates to over" if layers == 1 else "gzip, but|incomplete JSON|is gzip"):
        read_json(path)


@FEW
@given(st.text() | st.sampled_from([each for each in NASTY if isinstance(each, str)]))
@example("aux.json")
@example("COM1")
@example("a..b")
def test_name_when_it_is_anything_then_it_stays_in_its_folder_or_is_refused(name: str) -> None:
    layout = Layout(Path("/data"))
    for make_path in (
        lambda: layout.sim_log("2022-05-19", name), lambda: layout.swing_rolling(name), lambda: layout.config(name),
        lambda: layout.control(name, "c1"), lambda: layout.control("b", name), lambda: layout.kill(name),
        lambda: layout.log(name), lambda: layout.bot_activity(name, "2022-05-19", "b"),
        lambda: layout.sim_log(name, "b"),
    ):  # fmt: skip
        try:
            path = make_path()
        except AionError as error:
            assert str(error).isprintable()
        else:
            assert ".." not in path.parts and path.is_relative_to("/data") and path.as_posix().isascii()
    for check in (check_day, check_horizon, lambda text: check_name("bot", text)):
        try:
            assert check(name) == name
        except AionError:
            continue


@FEW
@given(st.text(max_size=300), st.text(max_size=60))
@example('"' * 20_000, '"a"')
@example('W/"' * 9_000, "x")
@example("gzip;q=" + "0" * 50_000, "bots")
@example("bots:" * 9_000, "bots")
def test_header_when_it_is_anything_then_its_parser_answers(text: str, other: str) -> None:
    assert matches(text, 'W/"0123456789abcdef"') in (True, False)
    assert accepts_gzip(text) in (True, False)
    assert set(parse_have(text, ("bots", "logs"))) <= {"bots", "logs"}
    assert isinstance(host_name(text), str)
    after = safe_next(text)
    assert after.startswith("/") and not after.startswith("//") and "\\" not in after and "\n" not in after
    raw = text.encode("utf-8", "replace")
    assert isinstance(bearer_of(b"Bearer " + raw), str)
    jar = CookieJar("desk", "")
    assert isinstance(jar.value(jar.session, {"headers": [(b"cookie", raw), (b"cookie", b"x=1; " + raw)]}), str)
    assert needed_role("GET", "/api/events", raw) in ("viewer", "admin")
    assert needed_role("GET", "/api/" + text, raw) in ("viewer", "admin")


LINES = st.binary(max_size=120) | json_values.map(
    lambda value: json.dumps({"ts": value, "event": value, "level": value, "x": value}).encode("utf-8", "replace")
)


@FEW
@given(st.lists(LINES, max_size=6), st.integers(0, 600))
def test_log_when_its_lines_are_anything_then_they_are_lines(lines: list[bytes], start: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bots.jsonl"
        path.write_bytes(b"\n".join(lines))
        for span in (read_tail(path), read_from(path, start), read_tail(path, window=64)):
            assert orjson.loads(orjson.dumps(span.lines)) is not None
            assert all(isinstance(line.event, str) for line in span.lines)
    for line in lines:
        orjson.dumps(parse_line("bots", 0, line))


@FEW
@given(st.dictionaries(st.sampled_from([*config.Settings.model_fields, "other", ""]), json_values, max_size=3))
def test_settings_when_a_file_says_anything_then_they_are_sound_or_the_key_is_named(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "aion.toml"
        text = "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in values.items())
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            config.load(file, {})
        except AionError as error:
            assert "aion.toml" in str(error)
        try:
            config.load(None, {f"AION_{key.upper()}": str(value) for key, value in values.items() if key})
        except AionError as error:
            assert "AION_" in str(error) or "bots" in str(error) or "risk" in str(error)
    with pytest.raises((tomllib.TOMLDecodeError, UnicodeDecodeError)):
        tomllib.loads(b"\xff".decode())


@FEW
@given(
    st.lists(
        st.lists(
            st.text(max_size=12)
            | st.sampled_from(
                [
                    "1",
                    "-1",
                    "1e999",
                    "nan",
                    "2022-05-19",
                    "2022-05-19T13:31Z",
                    "99999999999999999999",
                    "0",
                    "1652967060",
                    "\x00",
                ]
            ),
            min_size=1,
            max_size=8,
        ),
        max_size=5,
    ),
    st.sampled_from(
        ["ts,open,high,low,close,volume", "Date,Open,High,Low,Close,Volume", "a,b", "", "\ufeffts,close"]
    ),
)
def test_csv_when_its_rows_are_anything_then_bars_or_a_reason(rows: list[list[str]], head: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "AAA.csv"
        text = "\n".join([head, *(",".join(row) for row in rows)])
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            done = import_files([file], Path(folder) / "bars", Import("24/7", currency="USD"), datetime.now(UTC))
        except AionError as error:
            assert str(error)
        else:
            assert all(each.refused or each.report for each in done)


CELLS = (*NASTY[:14], 10**18, -1, 1e308, float("inf"), None, b"\xff\xfe", b"", "2022-05-19", "0001-01-01 00:00:00")


@settings(max_examples=40)
@given(st.sampled_from(["trades", "orders"]), st.integers(0, 24), st.sampled_from(CELLS))
def test_foreign_database_when_a_cell_is_anything_then_a_state_or_a_reason(
    table: str, column: int, cell: Any
) -> None:
    if isinstance(cell, str) and "\ud800" in cell:
        return  # SQLite's own text cannot be that
    with tempfile.TemporaryDirectory() as folder:
        database = make(Path(folder) / "trades.sqlite", TRADES)
        connection = sqlite3.connect(database)
        names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        try:
            connection.execute(f"update {table} set {names[column % len(names)]} = ? where id = 1", (cell,))
            connection.commit()
        except sqlite3.Error:
            return  # the column itself refuses it
        finally:
            connection.close()
        layout = Layout(Path(folder) / "data")
        try:
            attach(Attached(database, "ft", 1_000.0), layout, FixedClock(WALL), None, lambda line: None)
        except AionError as error:
            assert str(error).isprintable() and len(str(error)) < 1_000
        else:
            load_state(layout.swing_rolling("ft"), layout.relative(layout.swing_rolling("ft")))


def test_alphabet_of_names_is_that_of_files() -> None:
    for character in map(chr, range(0x2FF)):
        try:
            check_name("bot", f"a{character}b")
        except AionError:
            continue
        assert character in string.ascii_letters + string.digits + "._-"
