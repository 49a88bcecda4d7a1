"""Day files: each state comes back as it was, and what is damaged is a hole that costs nothing else."""

import json
import os
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion.errors import NotFoundError, StateError
from aion.past.day import RecordedDay, ms_of
from aion.past.folder import DayFile, PastFolder, tidy
from aion.past.frame import SIZE, Frame, FrameKind, encode, frames
from aion.past.writer import MOST_CHANGES, BotWriter

DAY = "2026-11-30"
START = datetime(2026, 11, 30, 14, tzinfo=UTC)
FILE = DayFile("intraday", "orb", DAY)
Json = dict[str, Any]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def state(number: int) -> Json:
    curve = {str(at(60 * i)): 1000 + i * 0.25 for i in range(number + 1)}
    return {"schema": "aion/sim_log/1", "as_of": at(60 * number).isoformat(), "equity": 1000 + number, "curve": curve,
            "memo": "x" * 1000, "bars": {"A": [1, 2, 3]}}  # fmt: skip


def kept(number: int) -> Json:
    return {name: value for name, value in state(number).items() if name not in ("memo", "bars")}


def recorded(root: Path, file: DayFile = FILE) -> RecordedDay:
    return RecordedDay.read(PastFolder(root).path(file), file.day, file.relative)


def written(root: Path, count: int) -> BotWriter:
    writer = BotWriter(PastFolder(root), "intraday", "orb")
    for number in range(count):
        assert writer.write(state(number), at(number))
    return writer


def test_each_state_comes_back_as_it_was_and_one_that_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    writer = written(tmp_path, 2 * MOST_CHANGES)
    assert not writer.write(state(2 * MOST_CHANGES - 1), at(900))
    day = recorded(tmp_path)
    assert len(day.states) == 2 * MOST_CHANGES and day.damaged_bytes == 0 and day.holes == []
    assert [day.document(index) for index in range(len(day.states))] == list(map(kept, range(len(day.states))))
    assert sum(frame.kind == FrameKind.WHOLE for frame in day.states) > 1, "a document follows now and then"
    assert day.states[5].market_s == int(at(300).timestamp())
    assert os.stat(PastFolder(tmp_path).path(FILE)).st_size == writer.bytes < 400 * len(day.states)


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(st.text(max_size=3), documents, max_size=5), min_size=1, max_size=6))
def test_any_documents_come_back_whatever_changes_between_them(
    tmp_path_factory: pytest.TempPathFactory, values: list[Json]
) -> None:
    root = tmp_path_factory.mktemp("past")
    writer = BotWriter(PastFolder(root), "swing", "any")
    given = [{name: value for name, value in each.items() if name not in ("memo", "bars")} for each in values]
    told = [each for number, each in enumerate(given) if writer.write(each, at(number))]
    day = recorded(root, DayFile("swing", "any", DAY))
    assert [day.document(index) for index in range(len(day.states))] == told


def test_a_moment_has_the_state_before_it_and_one_outside_says_what_is_recorded(tmp_path: Path) -> None:
    written(tmp_path, 10)
    day = recorded(tmp_path)
    assert [day.index_at(ms_of(DAY, at(second))) for second in (0, 0.9, 1, 5.5, 9)] == [0, 0, 1, 5, 9]
    for second in (-1, 9.5, 86_400):
        with pytest.raises(NotFoundError, match="outside of what is recorded on 2026-11-30: use 14:00:00 to"):
            day.index_at(ms_of(DAY, at(second)))


def test_a_tail_that_a_crash_cut_is_left_out_and_the_next_recorder_goes_on_behind_it(tmp_path: Path) -> None:
    written(tmp_path, 10)
    path = PastFolder(tmp_path).path(FILE)
    whole = path.read_bytes()
    last = list(frames(whole))[-1]
    for cut in range(last.offset + 1, len(whole)):
        path.write_bytes(whole[:cut])
        assert len(recorded(tmp_path).states) == 9
    writer = BotWriter(PastFolder(tmp_path), "intraday", "orb")
    writer.resume(state(20), at(12), at(20), "no recorder was running")
    day = recorded(tmp_path)
    assert len(day.states) == 10 and day.document(9) == kept(20)
    assert [(hole.start_ms, hole.end_ms) for hole in day.holes] == [(ms_of(DAY, at(12)), ms_of(DAY, at(20)))]
    assert day.index_at(ms_of(DAY, at(12))) == 8, "until then it was at work"
    with pytest.raises(NotFoundError, match="from 14:00:12 to 14:00:20, no recorder was running"):
        day.index_at(ms_of(DAY, at(15)))
    assert day.index_at(ms_of(DAY, at(20))) == 9


def test_a_byte_that_turned_costs_the_states_that_build_on_it_and_no_others(tmp_path: Path) -> None:
    written(tmp_path, 10).forget()
    writer = BotWriter(PastFolder(tmp_path), "intraday", "orb")
    writer.write(state(50), at(50))
    path = PastFolder(tmp_path).path(FILE)
    text = bytearray(path.read_bytes())
    broken = list(frames(bytes(text)))[4]
    text[broken.offset + SIZE + 1] ^= 0xFF
    path.write_bytes(text)
    day = recorded(tmp_path)
    assert [frame.wall_ms for frame in day.states] == [ms_of(DAY, at(s)) for s in (0, 1, 2, 3, 50)]
    assert day.document(4) == kept(50) and day.damaged_bytes > 0
    with pytest.raises(NotFoundError, match="from 14:00:03 to 14:00:50, the file is damaged there"):
        day.index_at(ms_of(DAY, at(7)))


def test_frames_of_a_newer_version_are_a_hole_that_says_so(tmp_path: Path) -> None:
    written(tmp_path, 3)
    path = PastFolder(tmp_path).path(FILE)
    with path.open("ab") as file:
        file.write(encode(Frame(FrameKind.WHOLE, 2, 3, ms_of(DAY, at(4)), 0, b"?")))
    BotWriter(PastFolder(tmp_path), "intraday", "orb").write(state(9), at(9))
    day = recorded(tmp_path)
    assert len(day.states) == 4 and day.damaged_bytes == 0
    with pytest.raises(NotFoundError, match="a newer Aion recorded it: update this desk"):
        day.index_at(ms_of(DAY, at(5)))


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "words": lambda _: b"this is no recording",
    "marks alone": lambda _: b"\x93\xa1" * 500,
    "no beginning": lambda text: text[7:],
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_file_that_is_no_recording_is_no_crash(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    written(tmp_path, 2)
    path = PastFolder(tmp_path).path(FILE)
    path.write_bytes(spoil(path.read_bytes()))
    day = recorded(tmp_path)
    assert day.states == []
    with pytest.raises(NotFoundError, match="has no state that can be read"):
        day.index_at(0)
    writer = BotWriter(PastFolder(tmp_path), "intraday", "orb")
    writer.resume(state(3), at(2), at(3), "no recorder was running")
    assert recorded(tmp_path).document(0) == kept(3)


def test_a_frame_that_unpacks_to_no_document_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = PastFolder(tmp_path).path(FILE)
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(Frame(FrameKind.WHOLE, 1, 0, 5, 0, b"no deflate")))
    with pytest.raises(StateError, match=r"past/intraday/orb/2026-11-30\.rec: cannot be unpacked"):
        recorded(tmp_path).document(0)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(StateError, match="it is a link"):
        recorded(tmp_path)


def test_changes_that_are_nested_too_deep_are_an_error_and_no_crash(tmp_path: Path) -> None:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    deep = b'[{"a":' + b'{"a":' * 990 + b"1" + b"}" * 991 + b"]"
    texts = [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in (b"{}", deep)]
    kinds = (FrameKind.WHOLE, FrameKind.CHANGE)
    path = PastFolder(tmp_path).path(FILE)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(encode(Frame(kinds[n], 1, n, n, 0, texts[n][:-4])) for n in (0, 1)))
    day = recorded(tmp_path)
    assert day.document(0) == {}
    with pytest.raises(StateError, match="cannot be unpacked"):
        day.document(1)


def test_a_clock_that_goes_back_never_puts_a_state_before_the_last_one(tmp_path: Path) -> None:
    writer = written(tmp_path, 5)
    writer.write(state(6), at(-3600))
    writer.write(state(7), at(-86_400))
    assert recorded(tmp_path).walls[4:] == [ms_of(DAY, at(4))] * 3
    writer.write(state(8), at(86_400))
    assert PastFolder(tmp_path).days("intraday", "orb") == [DAY, "2026-12-01"]


def test_a_quiet_day_is_not_begun_by_a_start_and_a_changed_one_is(tmp_path: Path) -> None:
    written(tmp_path, 5)
    writer = BotWriter(PastFolder(tmp_path), "intraday", "orb")
    writer.resume(state(4), at(10), at(90_000), "away")
    assert PastFolder(tmp_path).days("intraday", "orb") == [DAY]
    writer.resume(state(5), at(10), at(90_000), "away")
    assert PastFolder(tmp_path).days("intraday", "orb") == [DAY, "2026-12-01"]
    assert recorded(tmp_path, DayFile("intraday", "orb", "2026-12-01")).holes == []


def test_tidy_removes_what_is_old_then_what_is_too_much_and_never_today(tmp_path: Path) -> None:
    folder = PastFolder(tmp_path)
    days = ["2025-01-01", "2026-11-28", "2026-11-29", DAY]
    for day in days:
        for bot in ("a", "b"):
            path = folder.path(DayFile("swing", bot, day))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 1000)
    (folder.folder / "swing" / "a" / "notes.txt").write_text("not a day")
    assert tidy(folder, START.date(), 365, 10**9).days == 2
    assert folder.days("swing", "a") == days[1:]
    assert tidy(folder, START.date(), 365, 4000).bytes == 2000
    assert folder.days("swing", "a") == days[2:]
    assert tidy(folder, START.date(), 1, 1).days == 2
    assert folder.days("swing", "a") == folder.days("swing", "b") == [DAY]
    assert json.dumps(sorted(os.listdir(folder.folder / "swing" / "a"))) == '["2026-11-30.rec", "notes.txt"]'
