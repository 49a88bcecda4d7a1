"""Search of log files: what is found, where it goes on, and that a large file stays cheap."""

import os
import random
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.store.document.base import to_json
from aion.web.log.document import LogSearch
from aion.web.log.search import MAX_BYTES, Query, offset_at, search
from tests.web.conftest import RunningDesk

LINES = 3000


def line(second: int, event: str, level: str = "info", **more: object) -> bytes:
    ts = f"2026-11-23T{8 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.5Z"
    return orjson.dumps({"ts": ts, "level": level, "process": "bots", "event": event, **more}) + b"\n"


def at(second: int) -> str:
    return f"2026-11-23T{8 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one line a second; each 100th warns, each 7th is of one bot and each 500th says so in a field."""
    path = tmp_path / "bots.jsonl"
    with path.open("wb") as file:
        for second in range(LINES):
            more: dict[str, Any] = {"bot": "orb_ny"} if second % 7 == 0 else {}
            if second % 500 == 0:
                more["trigger"] = "Close"
            file.write(line(second, f"cycle {second} complete", "warning" if second % 100 == 0 else "debug", **more))
    return path


def seconds(found: dict[str, Any]) -> list[int]:
    return [int(each["event"].split()[1]) for each in found["lines"]]


@pytest.mark.parametrize(
    ("query", "step"),
    [(Query(level="warning"), 100), (Query(bot="orb_ny"), 7), (Query(text="TRIGGER=close"), 500),
     (Query(text="bots complete", bot="orb_ny", level="warning"), 700), (Query(text="complete"), 1)],
)  # fmt: skip
def test_search_when_pages_are_chained_then_each_line_asked_for_comes_once(
    log: Path, query: Query, step: int
) -> None:
    found: list[int] = []
    stops: dict[str, int] = {}
    for _ in range(100):
        page = to_json(search([log], query, stops, 40, max_bytes=1))
        LogSearch.model_validate(page)
        assert len(page["lines"]) <= 40
        found = seconds(page) + found
        stops = {"bots": page["parts"]["bots"]["from"]}
        if page["left"] == 0:
            break
    assert found == list(range(0, LINES, step))


def test_search_when_range_is_given_then_only_its_lines_are_read(log: Path) -> None:
    found = to_json(search([log], Query(since=at(1000), until=at(1200)), {}, 1000))
    assert seconds(found) == list(range(1000, 1200))
    assert found["scanned"] == sum(len(row) for row in log.read_bytes().splitlines(keepends=True)[1000:1200])
    assert found["left"] == 0


def test_search_when_range_holds_nothing_then_it_says_so(log: Path) -> None:
    assert to_json(search([log], Query(since=at(LINES + 9)), {}, 10))["lines"] == []
    assert to_json(search([log], Query(until="2020-01-01T00:00Z"), {}, 10))["left"] == 0


def test_search_when_limit_cuts_two_files_then_nothing_is_lost(log: Path) -> None:
    other = log.with_name("web.jsonl")
    other.write_bytes(b"".join(line(second, f"cycle {second} other") for second in range(0, 200)))
    found: list[int] = []
    stops: dict[str, int] = {}
    for _ in range(400):
        page = to_json(search([log, other], Query(until=at(200)), stops, 30))
        found = seconds(page) + found
        stops = {name: part["from"] for name, part in page["parts"].items()}
        if page["left"] == 0:
            break
    assert found == sorted([*range(200), *range(200)])


@pytest.mark.parametrize("limit", [1, 3, 10, 50])
@pytest.mark.parametrize("strange", ["no time", "a clock that goes back"])
def test_search_when_lines_of_several_files_are_out_of_order_then_each_comes_once(
    tmp_path: Path, strange: str, limit: int
) -> None:
    chance = random.Random(limit)
    written: dict[str, bytes] = {"bots": b"", "web": b"", "up": b""}
    wanted = set()
    for second in range(300):
        name = chance.choice(list(written))
        wanted.add((name, len(written[name])))
        if chance.random() < 0.7:
            written[name] += line(second, f"cycle {second}")
        else:
            written[name] += b"Traceback, line %d\n" % second if strange == "no time" else line(0, f"{second} late")
    for name, data in written.items():
        (tmp_path / f"{name}.jsonl").write_bytes(data)
    paths = [tmp_path / f"{name}.jsonl" for name in written]
    found: list[tuple[str, int]] = []
    stops: dict[str, int] = {}
    for _ in range(1000):
        page = to_json(search(paths, Query(), stops, limit))
        found += [(each["file"], each["offset"]) for each in page["lines"]]
        stops = {name: part["from"] for name, part in page["parts"].items()}
        if page["left"] == 0:
            break
    assert len(found) == len(set(found)) == 300 and set(found) == wanted


def test_offset_at_when_lines_have_no_time_then_the_next_that_has_counts(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    path.write_bytes(line(0, "a") + b"not json\n" * 20_000 + line(9, "b"))
    with path.open("rb") as file:
        size = path.stat().st_size
        assert offset_at(file.fileno(), size, at(5)) == size - len(line(9, "b"))
        assert offset_at(file.fileno(), size, at(0)) == 0
        assert offset_at(file.fileno(), size, at(60)) == size
    with path.open("wb") as file:
        file.write(line(0, "a") + b"not json\n")
        file.truncate(1 << 24)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line(9, "b"))
    with path.open("rb") as file:
        size = path.stat().st_size
        assert offset_at(file.fileno(), size, at(0)) == 0, "a range never starts too late"
        assert offset_at(file.fileno(), size, at(9), is_start=False) >= size - len(line(9, "b"))


def test_search_when_file_is_a_gigabyte_then_a_step_is_bounded_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "web.jsonl"
    with path.open("wb") as file:
        file.write(line(1, "cycle 1 needle"))
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line(2, "cycle 2 hay"))
    started = time.process_time()
    found = to_json(search([path], Query(text="needle"), {}, 10))
    assert time.process_time() - started < 20
    assert found["lines"] == [] and 0 < found["scanned"] <= MAX_BYTES + (1 << 20) and found["left"] > 0
    scanned = 0
    for _ in range(200):  # from the very end of the long line, too
        scanned += found["scanned"]
        if found["left"] == 0:
            break
        found = to_json(search([path], Query(text="needle"), {"web": found["parts"]["web"]["from"]}, 10))
    assert seconds(found) == [1] and scanned == path.stat().st_size
    stops = {"web": len(line(1, "cycle 1 needle")) + 1000}
    assert seconds(to_json(search([path], Query(text="needle"), stops, 10))) == [1]


def test_search_route_when_asked_wrongly_then_it_says_what(shared_desk: RunningDesk) -> None:
    assert shared_desk.get("/api/logs/search?level=loud").status_code == 422
    assert shared_desk.get("/api/logs/search?since=yesterday").status_code == 422
    assert shared_desk.get("/api/logs/search?process=nobody").status_code == 404


def test_files_when_there_are_logs_then_each_can_be_had_whole(desk: RunningDesk) -> None:
    desk.app.desk.log.info("started")
    body = b"".join(line(second, f"cycle {second}") for second in range(9000))
    (desk.write.layout.logs / "bots.jsonl").write_bytes(body)
    files = desk.get("/api/logs/files").json()["files"]
    assert files["bots"]["size"] == len(body) and "web" in files
    whole = desk.get("/api/logs/files/bots")
    assert whole.content == body and "bots.jsonl" in whole.headers["content-disposition"]
    assert "no-store" in whole.headers["cache-control"]
    found = desk.get(
        "/api/logs/search", params={"process": "bots", "text": "cycle", "since": at(1700), "until": at(1800)}
    )
    assert seconds(found.json()) == list(range(1700, 1800))
    assert desk.get("/api/logs/files/nobody").status_code == 404
    assert desk.get("/api/logs/files/..%2fdesk").status_code in (400, 404)
