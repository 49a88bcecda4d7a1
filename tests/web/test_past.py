"""The recorded past over HTTP: days, moments, and the card of any moment as the page had it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aion.past.folder import DayFile, PastFolder
from aion.past.writer import BotWriter

from .conftest import RunningDesk
from .sample import sim_log, swing_rolling

DAY = "2026-11-30"
START = datetime(2026, 11, 30, 14, tzinfo=UTC)


def record(desk: RunningDesk, minutes: int = 5, bot: str = "orb_ny") -> BotWriter:
    writer = BotWriter(PastFolder(desk.write.layout.root), "intraday", bot)
    for minute in range(minutes):
        writer.write(sim_log(bot, minute, equity=100_000.0 + minute), START + timedelta(minutes=minute))
    return writer


def state(desk: RunningDesk, at: str, bot: str = "orb_ny", day: str = DAY) -> Any:
    return desk.get(f"/api/bots/{bot}/past/{day}/state", params={"at": at})


def test_past_when_states_are_recorded_then_days_and_moments_say_which(desk: RunningDesk) -> None:
    writer = record(desk)
    writer.hole(5 * 60_000 + 14 * 3_600_000, START + timedelta(minutes=10), "no recorder was running")
    writer.write(sim_log("orb_ny", 10), START + timedelta(minutes=10))
    found = desk.get("/api/bots/orb_ny/past").raise_for_status().json()
    assert found["kind"] == "intraday" and found["total"] == 1 and list(found["days"]) == [DAY]
    day = found["days"][DAY]
    assert (day["first"], day["last"], day["states"]) == ("2026-11-30T14:00:00Z", "2026-11-30T14:10:00Z", 6)
    assert day["holes"] == [
        {"start": "2026-11-30T14:05:00Z", "end": "2026-11-30T14:10:00Z", "why": "no recorder was running"}
    ]
    moments = desk.get(f"/api/bots/orb_ny/past/{DAY}").raise_for_status().json()
    assert moments["start"] == "2026-11-30T00:00:00Z" and moments["about"] == day
    assert [each - 14 * 3_600_000 for each in moments["moments"]] == [0, 60_000, 120_000, 180_000, 240_000, 600_000]
    assert moments["market"][1] - moments["market"][0] == 60


def test_past_when_a_moment_is_asked_for_then_the_card_is_that_of_the_page_at_that_time(desk: RunningDesk) -> None:
    live: dict[int, Any] = {}
    writer = BotWriter(PastFolder(desk.write.layout.root), "intraday", "orb_ny")
    for minute in range(3):
        desk.write.cycle(minute, ["orb_ny"])
        live[minute] = desk.get("/api/bots/card/intraday/orb_ny").raise_for_status().json()["bot"]
        writer.write(sim_log("orb_ny", minute), START + timedelta(minutes=minute))
    for minute in range(3):
        answer = state(desk, f"2026-11-30T14:0{minute}:30Z" if minute < 2 else "2026-11-30T14:02:00Z")
        found = answer.raise_for_status().json()
        assert found["bot"] == live[minute] and found["number"] == minute
        assert found["at"] == f"2026-11-30T14:0{minute}:00Z"
    again = desk.get(answer.request.url.path, params={"at": "2026-11-30T14:02:00Z"},
                     headers={"if-none-match": answer.headers["etag"]})  # fmt: skip
    assert again.status_code == 304


def test_past_when_nothing_is_known_then_the_answer_says_why_and_what_to_use(desk: RunningDesk) -> None:
    writer = record(desk)
    writer.hole(14 * 3_600_000 + 300_000, START + timedelta(minutes=9), "no recorder was running")
    writer.write(sim_log("orb_ny", 9), START + timedelta(minutes=9))
    cases = {
        "2026-11-30T14:07:00Z": "from 14:05:00 to 14:09:00, no recorder was running",
        "2026-11-30T13:59:59Z": "outside of what is recorded on 2026-11-30: use 14:00:00 to 14:09:00 (UTC)",
        "2026-12-01T00:00:00Z": "2026-12-01 00:00:00 is outside",
    }
    for at, why in cases.items():
        answer = state(desk, at)
        assert answer.status_code == 404 and why in answer.json()["detail"], answer.text
    for at in ("", "yesterday", "2026-11-30T14:03:00", "9" * 30):
        assert state(desk, at).status_code == 422
    assert (
        state(desk, "2026-11-30T14:03:00Z", day="2026-11-29")
        .json()["detail"]
        .startswith("nothing is recorded on 2026-11-29")
    )
    assert state(desk, "2026-11-30T14:03:00Z", day="tomorrow").status_code == 400
    assert desk.get("/api/bots/nobody/past").status_code == 404
    assert desk.get("/api/bots/desk/past").status_code == 404, "what all bots are asked by is no bot"
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert state(desk, at).status_code == 404
    assert desk.get("/api/bots/..%2f..%2fetc/past").status_code in (400, 404)


def test_past_when_the_version_of_states_changes_within_a_day_then_only_those_are_refused(desk: RunningDesk) -> None:
    writer = record(desk, 2)
    writer.write(sim_log("orb_ny", 2) | {"schema": "aion/sim_log/99"}, START + timedelta(minutes=2))
    writer.write(sim_log("orb_ny", 3), START + timedelta(minutes=3))
    answer = state(desk, "2026-11-30T14:02:10Z")
    assert answer.status_code == 409
    assert "past/intraday/orb_ny/2026-11-30.rec, 14:02:00: has schema version 99" in answer.json()["detail"]
    for at in ("2026-11-30T14:01:00Z", "2026-11-30T14:03:00Z"):
        assert state(desk, at).status_code == 200


def test_past_when_an_entry_of_a_state_is_bad_then_it_alone_is_left_out(desk: RunningDesk) -> None:
    bad = sim_log("orb_ny", 1)
    bad["fills"]["f-a"]["price"] = "dear"
    BotWriter(PastFolder(desk.write.layout.root), "intraday", "orb_ny").write(bad, START)
    found = state(desk, "2026-11-30T14:00:00Z").raise_for_status().json()
    assert list(found["bot"]["fills"]) == ["f-b"] and "fills.f-a.price" in found["problem"]["reason"]


def test_past_when_a_bot_is_gone_or_has_no_record_or_two_kinds_then_each_is_answered(desk: RunningDesk) -> None:
    record(desk, bot="gone")
    desk.write.day("fresh", 1)
    assert desk.get("/api/bots/gone/past").json()["total"] == 1
    assert desk.get("/api/bots/fresh/past").json() | {"recorder_seen_at": None} == {
        "bot": "fresh", "kind": "intraday", "total": 0, "days": {}, "recorder_seen_at": None,
    }  # fmt: skip
    BotWriter(PastFolder(desk.write.layout.root), "swing", "gone").write(swing_rolling("gone"), START)
    assert desk.get("/api/bots/gone/past?kind=swing").json()["kind"] == "swing"
    assert desk.get("/api/bots/gone/past?kind=intraday").json()["kind"] == "intraday"
    found = desk.get(f"/api/bots/gone/past/{DAY}/state?kind=swing&at=2026-11-30T14:00:00Z").raise_for_status().json()
    assert found["bot"]["kind"] == "swing" and found["bot"]["foreign"]


def test_past_when_a_file_is_damaged_then_its_day_says_so_and_the_others_stay(desk: RunningDesk) -> None:
    record(desk)
    folder = PastFolder(desk.write.layout.root)
    (folder.path(DayFile("intraday", "orb_ny", "2026-11-29"))).write_bytes(b"\x00" * 5000)
    (folder.path(DayFile("intraday", "orb_ny", "2026-11-28"))).symlink_to("/etc/passwd")
    days = desk.get("/api/bots/orb_ny/past").raise_for_status().json()["days"]
    assert days[DAY]["states"] == 5 and days[DAY]["error"] == ""
    assert "holds no state that can be read" in days["2026-11-29"]["error"]
    assert "it is a link" in days["2026-11-28"]["error"]
    assert desk.get("/api/bots/orb_ny/past/2026-11-28").status_code == 409
