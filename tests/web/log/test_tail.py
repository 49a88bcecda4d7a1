"""Log lines by byte offset."""

import os
import time
from pathlib import Path

import orjson
import pytest

from aion.errors import StateError
from aion.store.document.base import to_json
from aion.web.log import tail as logtail
from aion.web.log.document import LogTail


def line(event: str, ts: str = "2026-11-23T08:00:00Z", **more: object) -> bytes:
    return orjson.dumps({"ts": ts, "level": "info", "process": "web", "event": event, **more}) + b"\n"


def test_read_tail_when_last_line_is_torn_then_it_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(line("one") + line("two")[:-9])
    span = logtail.read_tail(path)
    assert [each.event for each in span.lines] == ["one"]
    assert span.stop == len(line("one"))
    path.write_bytes(line("one") + line("two"))
    assert [each.event for each in logtail.read_from(path, span.stop).lines] == ["two"]


def test_read_tail_when_window_starts_inside_a_line_then_that_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(line("one") + line("two"))
    span = logtail.read_tail(path, window=len(line("two")) + 3)
    assert [(each.event, each.offset) for each in span.lines] == [("two", len(line("one")))]


def test_read_when_pages_are_chained_then_every_line_comes_once(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    events = [f"event {i}" for i in range(500)]
    path.write_bytes(b"".join(line(event) for event in events))
    back: list[str] = []
    stop: int | None = None
    while stop is None or stop > 0:
        span = logtail.read_tail(path, stop=stop, window=4096)
        back = [each.event for each in span.lines] + back
        stop = span.start
    assert back == events
    forward: list[str] = []
    start = 0
    while start < path.stat().st_size:
        tail = to_json(logtail.merge([logtail.read_from(path, start, window=4096)], 20, oldest=True))
        forward += [each["event"] for each in tail["lines"]]
        start = tail["parts"]["web"]["to"]
    assert forward == events


def test_merge_when_processes_write_in_turn_then_lines_are_in_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "web.jsonl").write_bytes(line("b", "2026-11-23T08:00:00.5Z") + line("d", "2026-11-23T08:01Z"))
    (tmp_path / "bots.jsonl").write_bytes(
        line("a", "2026-11-23T08:00Z") + b"not json\n" + line("c", "2026-11-23T08:00:59Z")
    )
    spans = [logtail.read_tail(tmp_path / f"{name}.jsonl") for name in logtail.names(tmp_path)]
    found = to_json(logtail.merge(spans, 50))
    assert [each["event"] for each in found["lines"]] == ["a", "not json", "b", "c", "d"]
    assert "ts" not in found["lines"][1], "no time is invented"
    LogTail.model_validate(found)
    newest = to_json(logtail.merge(spans, 2))
    assert [each["event"] for each in newest["lines"]] == ["c", "d"]
    assert newest["parts"]["bots"]["from"] == newest["lines"][0]["offset"]


def test_merge_when_a_clock_goes_back_then_a_files_own_order_stays(tmp_path: Path) -> None:
    (tmp_path / "web.jsonl").write_bytes(line("first", "2026-11-23T09:00Z") + line("second", "2026-11-23T08:00Z"))
    found = to_json(logtail.merge([logtail.read_tail(tmp_path / "web.jsonl")], 10))
    assert [each["event"] for each in found["lines"]] == ["first", "second"]


def test_read_from_when_file_was_rotated_then_the_tail_comes_with_another_inode(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(line("old") * 100)
    before = logtail.read_tail(path)
    os.replace(path, tmp_path / "web.1.jsonl")
    path.write_bytes(line("new"))
    after = logtail.read_from(path, before.stop)
    assert [each.event for each in after.lines] == ["new"] and after.inode != before.inode


def test_read_from_when_a_line_is_longer_than_the_window_then_it_is_cut_and_passed(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(b"x" * 10_000 + b"\n" + line("after"))
    start, events = 0, []
    for _ in range(5):
        span = logtail.read_from(path, start, window=4096)
        events += [each.event for each in span.lines]
        start = span.stop
    assert events[-1] == "after" and start == path.stat().st_size


def test_read_tail_when_file_is_a_gigabyte_then_only_its_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line("newest"))
    started = time.process_time()
    span = logtail.read_tail(path)
    assert [each.event for each in span.lines] == ["newest"]
    assert time.process_time() - started < 15
    assert span.size == path.stat().st_size


@pytest.mark.parametrize("make", ["fifo", "link", "folder"])
def test_read_tail_when_it_is_no_regular_file_then_it_is_refused_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / "web.jsonl"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "link":
        path.symlink_to("/etc/passwd")
    else:
        path.mkdir()
    with pytest.raises(StateError):
        logtail.read_tail(path)


def test_read_tail_when_line_holds_escapes_then_they_are_only_text(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(line("\x1b[2J<script>", nested={"a": [1]}) + b"\xff\xfe\r\n")
    lines = logtail.read_tail(path).lines
    assert lines[0].event == "\x1b[2J<script>" and lines[0].more == {"nested": '{"a":[1]}'}
    assert lines[1].event == "\ufffd\ufffd"
