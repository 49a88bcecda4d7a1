"""The application over HTTP: headers, aliases, conditional GETs, fresh answers, errors."""

import gzip
import re
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aion.past.folder import PastFolder
from aion.past.writer import BotWriter
from aion.web.bundle.document import BotPart, BotsPageBundle, BotView, IntradayDay, IntradaySnapshot, SwingDay
from aion.web.status.document import SystemMetrics

from .conftest import RunningDesk
from .sample import sim_log

NO_STORE = {
    "cache-control": "no-store, no-cache, must-revalidate, max-age=0, no-transform",
    "pragma": "no-cache",
    "expires": "0",
}
STREAMS = ("/api/events/bots", "/api/events/intraday", "/api/events/admin/logs", "/api/events")
GONE = frozenset({"date", "server-timing", "content-length", "x-request-id"})


MOMENT = datetime(2022, 5, 19, 14, 0, tzinfo=UTC)


def fill(desk: RunningDesk) -> None:
    desk.write.cycle(5, ["orb_ny"])
    desk.write.swing("swing_1w")
    desk.write.activity("1w", "2022-05-18", "swing_1w")
    past = BotWriter(PastFolder(desk.write.layout.root), "intraday", "orb_ny")
    past.write(sim_log("orb_ny", 5), MOMENT)


def paths_of(desk: RunningDesk) -> list[str]:
    """Return every path of the OpenAPI description with names that exist."""
    rows = {"kind": "intraday", "day": "2022-05-19", "bot": "orb_ny", "part": "fills", "row": "f-a", "process": "web"}
    swing = {"day": "2022-05-18", "bot": "swing_1w", "part": "fills", "horizon": "1w"}
    found = []
    for template, operations in desk.get("/api/openapi.json").json()["paths"].items():
        if "get" not in operations:
            continue
        chosen = swing if template.startswith("/api/swing/") else rows
        template += "?day=2022-05-19" if template.endswith("{row}") else ""
        found.append(re.sub(r"\{(\w+)\}", lambda match, chosen=chosen: chosen[match[1]], template))
    return found


def start_of(desk: RunningDesk, path: str, **options: Any) -> httpx.Response:
    """Return status and headers of an answer that may never end."""
    with desk.client.stream("GET", path, **options) as answer:
        return answer


def test_every_route_when_asked_then_it_answers_with_no_store_headers(desk: RunningDesk) -> None:
    fill(desk)
    paths = paths_of(desk)
    assert len(paths) > 20
    needed = {"events": {"topics": "bots"}, "compare": {"bot": "orb_ny"}, "state": {"at": f"{MOMENT:%FT%TZ}"}}
    for path in paths:
        options = {"params": needed[last]} if (last := path.rpartition("/")[2]) in needed else {}
        answer = start_of(desk, path, **options)
        assert answer.status_code == 200, path
        assert NO_STORE.items() <= dict(answer.headers).items(), path
        assert "dur=" in answer.headers["server-timing"], path
        assert answer.headers.get_list("cache-control") == [NO_STORE["cache-control"]], path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api", 404),
        ("GET", "/api/backend/nothing", 404),
        ("GET", "/events/nothing", 404),
        ("GET", "/api/backend/backend/bots/page", 404),
        ("POST", "/api/bots/page", 405),
        ("DELETE", "/api/events/bots", 405),
        ("GET", "/api/events?topics=nothing", 404),
        ("GET", "/api/events", 404),
        ("GET", "/api/intraday/logs/2022-05-32", 400),
        ("GET", "/api/intraday/logs/2021-01-01", 404),
        ("GET", "/api/intraday/logs/2022-05-19/nobody", 404),
        ("GET", "/api/intraday/logs/2022-05-19/a%00b", 400),
        ("GET", "/api/intraday/logs/2022-05-19/%2e%2e", 400),
        ("GET", "/api/swing/logs/9q/days", 400),
        ("GET", "/api/swing/logs/4w/days", 404),
        ("GET", "/api/swing/bots/con", 400),
        ("GET", "/api/swing/bots/nobody", 404),
        ("GET", "/api/intraday/bots/nobody/fills", 404),
        ("GET", "/api/intraday/bots/orb_ny/secrets", 422),
        ("GET", "/api/logs?limit=0", 422),
        ("GET", "/api/logs?after=web:-1", 400),
        ("GET", "/api/logs?process=nobody", 404),
        ("GET", "/api/logs?process=../../etc", 400),
    ],
)
def test_error_when_something_is_wrong_then_it_is_a_sentence_nobody_keeps(
    shared_desk: RunningDesk, method: str, path: str, status: int
) -> None:
    answer = shared_desk.client.request(method, path)
    assert answer.status_code == status
    assert NO_STORE.items() <= dict(answer.headers).items()
    assert set(answer.json()) == {"error", "detail"}
    assert len(answer.json()["detail"]) > 10


def test_alias_when_asked_for_any_route_then_it_answers_like_the_canonical_path(desk: RunningDesk) -> None:
    fill(desk)
    changing = {"/api/metrics"}  # each answer counts itself; those about logs come from a log that grows with each
    compared = 0
    for path in [*paths_of(desk), "/api/nothing"]:
        if not path.startswith("/api/"):
            continue
        params = {"topics": "bots,intraday"} if path == "/api/events" else {}
        aliases = [path.replace("/api/", "/api/backend/", 1)]
        if path.startswith("/api/events"):
            aliases.append(path.removeprefix("/api"))
        for alias in aliases:
            if path in STREAMS:
                one, two = start_of(desk, path, params=params), start_of(desk, alias, params=params)
            else:
                one, two = desk.get(path), desk.get(alias)
                is_log = path.startswith("/api/logs")
                assert path in changing or is_log or path == "/api/nothing" or one.content == two.content, alias
            assert one.status_code == two.status_code, alias
            ignored = GONE | ({"etag"} if path in changing or path.startswith("/api/logs") else set())
            assert {k: v for k, v in one.headers.items() if k not in ignored} == {
                k: v for k, v in two.headers.items() if k not in ignored
            }, alias
            compared += 1
    assert compared > 22


def test_get_when_etag_matches_then_304_without_body(desk: RunningDesk) -> None:
    fill(desk)
    for path in ("/api/bots/page", "/api/intraday/snapshot", "/api/intraday/logs/2022-05-19/orb_ny"):
        tag = desk.get(path).headers["etag"]
        assert tag.startswith('W/"')
        for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            answer = desk.get(path, headers={"if-none-match": sent})
            assert answer.status_code == 304 and answer.content == b"" and answer.headers["etag"] == tag
            assert NO_STORE.items() <= dict(answer.headers).items()
        assert desk.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_get_when_gzip_is_not_accepted_then_the_body_is_plain(desk: RunningDesk) -> None:
    fill(desk)
    for path in ("/api/bots/page", "/api/intraday/logs/2022-05-19"):
        with desk.client.stream("GET", path, headers={"accept-encoding": "identity"}) as plain:
            body = b"".join(plain.iter_raw())
            assert "content-encoding" not in plain.headers
        with desk.client.stream("GET", path, headers={"accept-encoding": "gzip"}) as packed:
            raw = b"".join(packed.iter_raw())
            assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == body


def test_head_when_asked_then_headers_are_those_of_get(desk: RunningDesk) -> None:
    fill(desk)
    for path in ("/api/bots/page", "/api/intraday/logs/days", "/api/events/bots"):
        head = desk.client.head(path)
        assert head.status_code == 200 and head.content == b""
        assert head.headers["content-type"] == start_of(desk, path).headers["content-type"]


def test_answers_when_decoded_then_they_are_of_their_models(desk: RunningDesk) -> None:
    fill(desk)
    for path, model in (
        ("/api/bots/page", BotsPageBundle),
        ("/api/intraday/snapshot", IntradaySnapshot),
        ("/api/intraday/logs/last-day", IntradayDay),
        ("/api/swing/logs/1w/last-day", SwingDay),
        ("/api/intraday/bots/orb_ny", BotView),
        ("/api/swing/bots/swing_1w/curve", BotPart),
        ("/api/metrics", SystemMetrics),
    ):
        model.model_validate_json(desk.get(path).raise_for_status().content)
    assert desk.get("/api/intraday/logs/days").json() == {"days": {"2022-05-19": ["orb_ny"]}}
    assert desk.get("/api/swing/logs/horizons").json() == {"horizons": {"1w": {"days": {"2022-05-18": ["swing_1w"]}}}}
    assert list(desk.get("/api/intraday/bots/orb_ny/fills").json()["fills"]) == ["f-b", "f-a"]
    assert "bars" in desk.get("/api/intraday/logs/2022-05-19/orb_ny").json()


def test_get_when_a_file_changes_then_two_gets_within_a_second_differ(desk: RunningDesk) -> None:
    desk.write.swing("mine", equity=1.0)
    started = time.monotonic()
    first = desk.bots()["swing"]["bots"]["mine"]["equity"]
    desk.write.swing("mine", equity=2.0)
    second = desk.bots()["swing"]["bots"]["mine"]["equity"]
    assert (first, second) == (1.0, 2.0)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("trust_events", [True, False])
def test_get_when_it_starts_after_a_write_then_it_sees_it_every_time(
    start_desk: Callable[..., RunningDesk], trust_events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not trust_events:
        monkeypatch.setattr("aion.live.disk.file_events.open_watcher", lambda *_: None)
    desk = start_desk()
    assert desk.app.desk.live.trusts_events is trust_events
    for i in range(150):
        desk.write.swing("mine", equity=float(i))
        assert desk.bots()["swing"]["bots"]["mine"]["equity"] == i
    for minute in range(1, 40):
        desk.write.cycle(minute, ["a", "b", "c"])
        shown = desk.bots()["intraday"]
        assert {bot["cycle_id"] for bot in shown["bots"].values()} == {f"c{minute}"}
        assert shown["summary"]["cycle_id"] == f"c{minute}"


def test_stream_when_a_file_is_written_then_the_event_follows_at_once(desk: RunningDesk) -> None:
    desk.write.swing("mine", equity=1.0)
    with desk.client.stream("GET", "/events/bots", headers={"accept-encoding": "identity"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        _until(lines, '"equity":1.0')
        started = time.monotonic()
        desk.write.swing("mine", equity=2.0)
        _until(lines, '"equity":2.0')
        assert time.monotonic() - started < 20


def _until(lines: Any, text: str) -> None:
    for line in lines:
        if text in line:
            return
    raise AssertionError(f"the stream ended without {text}")


def test_torn_cycle_when_it_lasts_beyond_the_grace_then_the_page_says_so_without_a_write(
    start_desk: Callable[..., RunningDesk],
) -> None:
    desk = start_desk(cycle_grace_s=2.0)
    desk.write.cycle(5, ["orb_ny"])
    assert desk.bots()["errors"] == {}
    desk.write.day("orb_ny", 6)
    assert desk.bots()["intraday"]["bots"]["orb_ny"]["cycle_id"] == "c5"
    until = time.monotonic() + 60
    while not desk.bots()["errors"]:
        assert time.monotonic() < until, "the problem never appeared"
        time.sleep(0.02)
    found = desk.bots()
    assert found["errors"]["intraday.summary"]["kind"] == "incomplete"
    assert found["intraday"]["bots"]["orb_ny"]["cycle_id"] == "c6"
    desk.write.cycle(7, ["orb_ny"])
    assert desk.bots()["errors"] == {}


def test_parallel_refresh_when_twenty_curls_run_then_all_succeed(desk: RunningDesk) -> None:
    fill(desk)
    script = f"""
    for i in {{1..20}}; do
      curl -s -o /dev/null -w '%{{http_code}}\\n' {desk.url}/api/backend/bots/page &
    done
    wait
    """
    for _ in range(3):
        codes = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout
        assert codes.split() == ["200"] * 20


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:x", "[::1", "", "2130706433"])
def test_host_when_it_is_not_the_desks_then_the_request_is_refused(shared_desk: RunningDesk, host: str) -> None:
    for path in ("/api/bots/page", "/bots", "/events/bots"):
        answer = shared_desk.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert answer.json()["error"] == "WrongHost"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3000", "127.0.0.1", "[::1]:3000"])
def test_host_when_it_is_this_machine_then_the_desk_answers(shared_desk: RunningDesk, host: str) -> None:
    assert shared_desk.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({}, 405),
        ({"sec-fetch-site": "same-origin"}, 405),
    ],
)
def test_change_when_another_sites_page_asks_then_it_is_refused(
    shared_desk: RunningDesk, headers: dict[str, str], status: int
) -> None:
    assert shared_desk.client.post("/api/bots/page", headers=headers).status_code == status


def test_change_when_the_desks_own_page_asks_then_it_gets_through(shared_desk: RunningDesk) -> None:
    assert shared_desk.client.post("/api/bots/page", headers={"origin": shared_desk.url}).status_code == 405


def test_metrics_when_answers_were_given_then_they_are_counted_by_route(desk: RunningDesk) -> None:
    fill(desk)
    for _ in range(3):
        tag = desk.get("/api/bots/page").headers["etag"]
    desk.get("/api/backend/bots/page", headers={"if-none-match": tag})
    desk.get("/api/intraday/logs/2022-05-19/orb_ny")
    found = desk.get("/api/metrics").json()
    assert found["routes"]["/api/bots/page"]["count"] == 4
    assert found["routes"]["/api/bots/page"]["not_modified"] == 1
    assert found["topics"]["bots"]["etag"] == tag and 0 <= found["topics"]["bots"]["age_s"] < 60
    text = desk.get("/metrics").text
    assert 'aion_answers_total{route="/api/bots/page",status="304"} 1.0' in text
    assert 'aion_response_seconds_count{route="/api/intraday/logs/{day}/{bot}"} 1.0' in text
    assert "2022-05-19" not in text, "names from paths are no labels"


def test_log_when_level_is_debug_then_each_answer_has_the_documents_line(desk: RunningDesk) -> None:
    desk.get("/api/backend/bots/page")
    text = (desk.write.layout.logs / "web.jsonl").read_text()
    assert re.search(r"\[bots_page_bundle\] Response time: 0\.\d{3}s", text)


def test_logs_when_lines_are_appended_then_the_tail_goes_on_from_its_offset(desk: RunningDesk) -> None:
    path = desk.write.layout.log("bots")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"ts":"2026-11-23T08:00:00Z","level":"info","process":"bots","event":"one"}\n')
    first = desk.get("/api/logs", params={"process": "bots"}).json()
    assert [line["event"] for line in first["lines"]] == ["one"]
    with path.open("a") as file:
        file.write('{"ts":"2026-11-23T08:00:01Z","level":"info","process":"bots","event":"two"}\n{"ts":"2026')
    after = desk.get("/api/logs", params={"after": f"bots:{first['parts']['bots']['to']}"}).json()
    assert [line["event"] for line in after["lines"]] == ["two"]
    assert list(after["parts"]) == ["bots"]


def test_log_stream_when_a_line_is_written_then_it_is_pushed(desk: RunningDesk) -> None:
    with desk.client.stream("GET", "/events/admin/logs", headers={"accept-encoding": "identity"}) as stream:
        lines = stream.iter_lines()
        _until(lines, "event: logs")
        desk.app.desk.log.warning("a line nobody has seen")
        _until(lines, "a line nobody has seen")
