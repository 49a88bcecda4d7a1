"""Log lines of any length and content: shown cut, found by a search, and never in the way of what lies before."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.store.document.base import to_json
from aion.web.log import line as logline
from aion.web.log import tail as logtail
from aion.web.log.document import LogSearch, LogTail
from aion.web.log.line import MAX_TEXT
from aion.web.log.search import Query, search
from tests.web.conftest import RunningDesk


def line(event: str, **more: object) -> bytes:
    return (
        orjson.dumps({"ts": "2026-11-30T07:00:00Z", "level": "error", "process": "bots", "event": event, **more})
        + b"\n"
    )


KB, MB = 1 << 10, 1 << 20
LONG: dict[str, bytes] = {
    "300 KB of JSON": line("long " + "x" * 300 * KB),
    "300 KB of fields": line("long", traceback="y" * 300 * KB),
    "5 MB of JSON": line("long " + "é" * (5 * MB // 2)),
    "40 MB of JSON": line("long " + "x" * 40 * MB),
    "text without JSON": b"long " + b"z" * 700 * KB + b"\n",
    "invalid UTF-8": b"long " + b"\xff\xfe" * 400 * KB + b"\n",
    "binary": b"long " + bytes(range(11, 256)) * 4000 + b"\n",
    "carriage returns": b"long " + b"\r" * 400 * KB + b"\n",
    "NULs": b"long " + b"\0" * 600 * KB + b"\n",
}


@pytest.mark.parametrize("what", LONG)
def test_tail_when_a_line_is_longer_than_the_window_then_it_is_cut_and_hides_nothing(
    what: str, tmp_path: Path
) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(line("first") + line("before") + LONG[what] + line("after"))
    found: list[dict[str, Any]] = []
    stop: int | None = None
    for _ in range(20):
        page = to_json(logtail.merge([logtail.read_tail(path, stop=stop)], 1000))
        LogTail.model_validate(page | {"errors": {}})
        found = page["lines"] + found
        before, stop = stop, page["parts"]["bots"]["from"]
        assert before is None or stop < before, "before= always moves"
        if stop == 0:
            break
    assert stop == 0
    events = [each["event"] for each in found]
    assert events[:2] == ["first", "before"] and events[-1] == "after" and events[2].startswith("long")
    long = [each for each in found if each.get("size")]
    shown_whole = what == "carriage returns"  # but for the blanks at its end
    assert sum(each["size"] for each in long) == (0 if shown_whole else len(LONG[what]))
    assert all(len(each["event"]) <= MAX_TEXT for each in found)
    if "JSON" in what and "without" not in what and len(LONG[what]) < logline.REACH:
        assert long[0]["level"] == "error" and long[0]["ts"] == "2026-11-30T07:00:00Z"


@pytest.mark.parametrize("what", LONG)
def test_lines_when_read_forward_then_each_comes_once_and_the_offset_always_moves(what: str, tmp_path: Path) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(line("before") + LONG[what] + line("after"))
    start, events = 0, []
    while start < path.stat().st_size:
        page = to_json(logtail.merge([logtail.read_from(path, start)], 1000, oldest=True))
        events += [each["event"][:6] for each in page["lines"]]
        assert page["parts"]["bots"]["to"] > start
        start = page["parts"]["bots"]["to"]
    assert events[0] == "before" and events[-1] == "after" and events.count("after") == 1


@pytest.mark.parametrize("what", LONG)
def test_search_when_it_comes_across_a_long_line_then_it_looks_into_it_and_goes_on(what: str, tmp_path: Path) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(line("needle one") + LONG[what][:-3] + b" needle two " + LONG[what][-3:] + line("needle three"))

    def all_of(query: Query) -> list[str]:
        found: list[str] = []
        stops: dict[str, int] = {}
        for _ in range(50):
            page = to_json(search([path], query, stops, 100))
            LogSearch.model_validate(page | {"errors": {}})
            found = [each["event"] for each in page["lines"]] + found
            assert not stops or page["parts"]["bots"]["from"] < stops["bots"]
            stops = {"bots": page["parts"]["bots"]["from"]}
            if page["left"] == 0:
                break
        return found

    found = all_of(Query(text="needle"))
    assert len(found) == 3 and {"needle one", "needle three"} < set(found)
    assert len(all_of(Query(text="needle two"))) == 1, "what stands behind the cut is found too"
    assert all_of(Query(text="nowhere to be seen")) == []
    assert "needle one" in all_of(Query(level="error"))


@pytest.mark.parametrize("size", [100, 300 * KB, 20 * MB])
def test_file_without_any_line_end_is_shown_once_nobody_writes_it(size: int, tmp_path: Path) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(b"last words " + b"x" * size)
    os.utime(path, (1_000_000, 1_000_000))
    span = logtail.read_tail(path)
    assert span.lines[-1].unfinished is True
    stop, steps = span.start, 0
    first = span.lines[0].event
    while stop > 0:
        earlier = logtail.read_tail(path, stop=stop)
        assert earlier.start < stop
        stop, steps = earlier.start, steps + 1
        first = earlier.lines[0].event if earlier.lines else first
    assert first.startswith("last words") and steps < 5
    if size > logtail.WINDOW:
        assert [
            each["event"][:10] for each in to_json(search([path], Query(text="last words"), {}, 9))["lines"]
        ] or size > 16 * MB


def test_line_that_is_being_written_waits_for_its_end_and_then_comes_once(tmp_path: Path) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(line("whole") + line("half")[:-9])
    now = path.stat().st_mtime
    assert [each.event for each in logtail.read_tail(path, now_s=now + 1).lines] == ["whole"]
    span = logtail.read_tail(path, now_s=now + 60)
    assert [each.unfinished for each in span.lines] == [None, True] and span.stop == len(line("whole"))
    path.write_bytes(line("whole") + line("half"))
    assert [each.event for each in logtail.read_from(path, span.stop).lines] == ["half"]


def test_blank_lines_when_there_are_many_then_before_moves_over_them(tmp_path: Path) -> None:
    path = tmp_path / "bots.jsonl"
    path.write_bytes(line("before") + b"\n" * 900 * KB)
    stop: int | None = None
    for _ in range(9):
        page = to_json(logtail.merge([logtail.read_tail(path, stop=stop)], 100))
        stop = page["parts"]["bots"]["from"]
        if page["lines"]:
            break
    assert [each["event"] for each in page["lines"]] == ["before"]


def test_logs_page_and_search_when_the_newest_error_is_long_then_both_say_it(desk: RunningDesk) -> None:
    folder = desk.app.desk.layout.logs
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bots.jsonl").write_bytes(line("before") + line("the exchange answered " + "x" * 300_000))
    tail = desk.get("/api/logs?process=bots").json()["lines"]
    assert [each["event"][:21] for each in tail] == ["before", "the exchange answered"] and tail[1]["size"] > 300_000
    found = desk.get("/api/logs/search?text=exchange").json()["lines"]
    assert [each["event"][:12] for each in found] == ["the exchange"] and len(found[0]["event"]) == MAX_TEXT
    pushed = desk.get("/api/logs?limit=1&process=bots").json()
    older = desk.get(f"/api/logs?process=bots&before=bots:{pushed['parts']['bots']['from']}").json()
    assert [each["event"] for each in older["lines"]] == ["before"]
