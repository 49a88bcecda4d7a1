"""Each kind of broken input: a clear problem in its own section, everything else goes on."""

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.store.file import MAX_FILE_BYTES, gzip_bytes
from aion.web.bundle.document import BotsPageBundle

from .conftest import RunningDesk
from .sample import sim_log, swing_rolling

GOOD_SWING = orjson.dumps(swing_rolling("mine"))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(".broken")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def _fifo(path: Path) -> None:
    os.mkfifo(path.with_name(".fifo"))
    os.replace(path.with_name(".fifo"), path)


def _link(path: Path) -> None:
    path.with_name(".target").write_bytes(path.read_bytes())
    path.with_name(".link").symlink_to(path.with_name(".target"))
    os.replace(path.with_name(".link"), path)


def _bomb(path: Path) -> None:
    packer = gzip.GzipFile(path, "wb")
    for _ in range(80):
        packer.write(b" " * (1 << 20))
    packer.close()


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


BROKEN_SWING: dict[str, tuple[Callable[[Path], None], str]] = {
    "torn": (lambda path: _replace(path, gzip_bytes(GOOD_SWING)[:-20]), "truncated gzip"),
    "corrupt": (lambda path: _replace(path, b"\x1f\x8b\x08\x00 nothing of the kind"), "corrupt gzip"),
    "plain": (lambda path: _replace(path, GOOD_SWING), "is not gzip at byte 0"),
    "empty": (lambda path: _replace(path, b""), "is empty"),
    "trailing": (lambda path: _replace(path, gzip_bytes(GOOD_SWING) + b"more"), "after its gzip member"),
    "bomb": (_bomb, "inflates to over"),
    "huge": (_huge, "over the limit"),
    "wrong kind": (lambda path: _replace(path, gzip_bytes(orjson.dumps(sim_log("mine", 1)))), "of schema"),
    "newer": (lambda path: _replace(path, gzip_bytes(GOOD_SWING.replace(b"rolling/1", b"rolling/3"))), "update this"),
    "array": (lambda path: _replace(path, gzip_bytes(b"[1]")), "not an object"),
    "latin-1": (lambda path: _replace(path, gzip_bytes(GOOD_SWING.replace(b"mine", b"m\xefne"))), "byte"),
    "null": (lambda path: _replace(path, gzip_bytes(GOOD_SWING.replace(b"101000.0", b"null"))), "equity"),
    "bad time": (lambda path: _replace(path, gzip_bytes(GOOD_SWING.replace(b"2022-05-19T13:30Z", b"soon"))), "field"),
    "another bot": (lambda path: _replace(path, gzip_bytes(GOOD_SWING.replace(b"mine", b"ours"))), "says bot 'ours'"),
    "fifo": (_fifo, "not a regular file"),
    "link": (_link, "regular file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN_SWING)
def test_swing_file_when_broken_then_its_section_says_so_and_last_good_stays(desk: RunningDesk, kind: str) -> None:
    break_it, reason = BROKEN_SWING[kind]
    path = desk.write.swing("mine", equity=101_000.0)
    desk.write.swing("other")
    desk.write.cycle(5, ["orb_ny"])
    good = desk.bots()
    assert good["errors"] == {}
    break_it(path)
    found = desk.bots()
    BotsPageBundle.model_validate(found)
    (key,) = found["errors"]
    problem = found["errors"][key]
    assert key == "swing.mine" and problem["kind"] == "unreadable" and problem["bot"] == "mine"
    assert problem["file"] == "swing/rolling_mine.json.gz" and reason in problem["reason"], problem["reason"]
    assert problem["file_time"].startswith("20") and problem["shown_as_of"] == "2022-05-19T13:30:00Z"
    assert found["swing"] == good["swing"], "the last good content stays, the others too"
    assert found["intraday"] == good["intraday"]
    if path.is_symlink() or kind == "fifo":
        path.unlink()
    desk.write.swing("mine", equity=5.0)
    found = desk.bots()
    assert found["errors"] == {} and found["swing"]["bots"]["mine"]["equity"] == 5.0


@pytest.mark.parametrize("kind", ["torn", "empty", "deep", "not utf-8", "another day"])
def test_day_file_when_broken_then_the_job_and_the_others_go_on(desk: RunningDesk, kind: str) -> None:
    desk.write.cycle(5, ["orb_ny", "vwap"])
    good = desk.bots()
    document = orjson.dumps(sim_log("orb_ny", 6))
    data = {
        "torn": document[:-100],
        "empty": b"",
        "deep": b'{"a":' * 100_000,
        "not utf-8": document.replace(b"replay", b"repl\xe4y"),
        "another day": document.replace(b'"2022-05-19"', b'"2022-05-18"'),
    }[kind]
    _replace(desk.write.layout.sim_log("2022-05-19", "orb_ny"), data)
    found = desk.bots()
    assert list(found["errors"]) == ["intraday.orb_ny"]
    assert found["intraday"]["bots"] == good["intraday"]["bots"]
    desk.write.day("vwap", 6)
    desk.write.day("late_comer", 6)
    found = desk.bots()
    assert found["intraday"]["bots"]["late_comer"]["foreign"] is True


@pytest.mark.parametrize("file", ["sim_summary.json", "rolling.json.gz"])
def test_job_file_when_broken_then_its_section_says_so_and_the_bots_stay(desk: RunningDesk, file: str) -> None:
    desk.write.cycle(5, ["orb_ny"])
    good = desk.bots()
    (desk.write.layout.intraday / file).write_bytes(b"{")
    found = desk.bots()
    section = "intraday.summary" if file == "sim_summary.json" else "intraday.signals"
    assert list(found["errors"]) == [section]
    assert found["intraday"] == good["intraday"]
    desk.write.cycle(6, ["orb_ny"])
    assert desk.bots()["errors"] == {}


def test_day_file_when_broken_at_the_start_then_the_day_before_is_shown(
    start_desk: Callable[..., RunningDesk], tmp_path: Path
) -> None:
    writer_root = tmp_path / "data"
    desk = start_desk()
    desk.write.day("theirs", 2, day="2022-05-18", equity=2.0)
    desk.write.layout.sim_log("2022-05-19", "theirs").write_bytes(b"torn")
    found = desk.bots()
    assert found["intraday"]["bots"]["theirs"]["equity"] == 2.0
    assert found["errors"]["intraday.theirs"]["file"] == "intraday/sim_logs/2022-05-19_theirs.json"
    assert found["errors"]["intraday.theirs"]["shown_as_of"] == "2022-05-19T13:32:00Z"
    assert writer_root.exists()


def test_file_when_deleted_then_the_bot_is_gone(desk: RunningDesk) -> None:
    path = desk.write.swing("mine")
    assert "mine" in desk.bots()["swing"]["bots"]
    path.unlink()
    assert desk.bots()["swing"]["bots"] == {}


def test_file_route_when_the_file_is_broken_then_it_says_where(desk: RunningDesk) -> None:
    desk.write.day("orb_ny", 5)
    path = desk.write.day("vwap", 5)
    path.write_bytes(path.read_bytes()[:50])
    one = desk.get("/api/intraday/logs/2022-05-19/vwap")
    assert one.status_code == 409 and one.json()["error"] == "UnreadableState"
    assert "intraday/sim_logs/2022-05-19_vwap.json" in one.json()["detail"] and "byte" in one.json()["detail"]
    day = desk.get("/api/intraday/logs/2022-05-19").json()
    assert list(day["bots"]) == ["orb_ny"] and list(day["errors"]) == ["vwap"]


def test_data_folder_when_missing_then_the_page_is_empty_until_it_appears(
    start_desk: Callable[..., RunningDesk],
) -> None:
    desk = start_desk(make_folder=False, rescan_interval_s=0.1, log_level="error")
    assert not desk.write.layout.root.exists()
    assert desk.bots()["swing"]["bots"] == {} and desk.bots()["errors"] == {}
    assert desk.get("/api/intraday/logs/days").json() == {"days": {}}
    assert desk.get("/api/logs").json()["lines"] == []
    desk.write.swing("mine")
    assert "mine" in desk.bots()["swing"]["bots"]


def test_data_folder_when_it_vanishes_and_comes_back_then_the_desk_follows(desk: RunningDesk) -> None:
    desk.write.swing("mine", equity=1.0)
    assert "mine" in desk.bots()["swing"]["bots"]
    root = desk.write.layout.root
    os.replace(root, root.with_name("away"))
    until = time.monotonic() + 60
    while desk.bots()["swing"]["bots"]:
        assert time.monotonic() < until, "the desk shows bots of a folder that is gone"
        time.sleep(0.02)
    os.replace(root.with_name("away"), root)
    desk.write.swing("mine", equity=2.0)
    assert desk.bots()["swing"]["bots"]["mine"]["equity"] == 2.0


def test_data_folder_when_read_only_then_the_desk_still_shows_it(
    start_desk: Callable[..., RunningDesk], tmp_path: Path
) -> None:
    first = start_desk()
    first.write.swing("mine")
    for folder in (tmp_path / "data/swing", tmp_path / "data"):
        folder.chmod(0o555)
    try:
        desk = start_desk()
        assert "mine" in desk.bots()["swing"]["bots"]
        assert desk.get("/readyz").status_code == 200
    finally:
        for folder in (tmp_path / "data", tmp_path / "data/swing"):
            folder.chmod(0o755)


def test_clock_when_it_goes_back_then_the_newest_content_is_shown_and_the_version_grows(desk: RunningDesk) -> None:
    path = desk.write.swing("mine", equity=1.0)
    before = desk.bots()
    desk.write.swing("mine", equity=2.0)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    after = desk.bots()
    assert after["swing"]["bots"]["mine"]["equity"] == 2.0
    assert after["version"] > before["version"]
    desk.write.swing("mine", equity=3.0, as_of="2021-01-01T00:00Z")
    assert desk.bots()["as_of"] == "2021-01-01T00:00:00Z", "market time is what the newest file says"


def test_file_when_its_time_is_in_the_future_then_its_age_is_not_below_zero(desk: RunningDesk) -> None:
    path = desk.write.swing("mine")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    desk.bots()
    assert desk.get("/api/metrics").json()["topics"]["bots"]["age_s"] >= 0


@pytest.mark.parametrize("name", ["a\nb", "..", "con", "x" * 65, "a b", "ünï"])
def test_file_name_when_no_bot_can_have_it_then_it_is_a_problem_and_no_bot(desk: RunningDesk, name: str) -> None:
    desk.write.swing("mine")
    path = desk.write.layout.sim_logs / f"2022-05-19_{name}.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(orjson.dumps(sim_log("mine", 1)))
    found = desk.bots()
    assert found["intraday"]["bots"] == {} and "mine" in found["swing"]["bots"]
    (problem,) = found["errors"].values()
    assert problem["reason"].startswith("is named like no state file")


def test_logs_when_a_log_is_no_file_then_the_others_are_shown(desk: RunningDesk) -> None:
    desk.get("/healthz")
    desk.app.desk.log.info("hello")
    os.mkfifo(desk.write.layout.logs / "evil.jsonl")
    found: dict[str, Any] = desk.get("/api/logs").json()
    assert any(line["event"] == "hello" for line in found["lines"])
    assert found["errors"]["evil"]["reason"] == "is not a regular file"


def test_day_folder_when_it_is_a_link_then_the_page_says_that_it_is_not_followed(desk: RunningDesk) -> None:
    desk.write.swing("mine")
    folder = desk.write.layout.sim_logs
    elsewhere = folder.parents[1] / "elsewhere"
    desk.write.day("vwap", 6)
    os.replace(folder, elsewhere)
    folder.symlink_to(elsewhere)
    found = desk.bots()
    problem = found["errors"]["intraday/sim_logs"]
    assert "no link is followed" in problem["reason"] and list(found["swing"]["bots"]) == ["mine"]
    folder.unlink()
    os.replace(elsewhere, folder)
    found = desk.bots()
    assert found["errors"] == {} and list(found["intraday"]["bots"]) == ["vwap"]


def test_position_that_lacks_a_corporate_action_then_the_page_says_which_and_why(desk: RunningDesk) -> None:
    why = "not booked: spin-off of GE into GEV (1 for 4), 2024-04-02: GEV has no price yet"
    held = {"quantity": 5, "average_price": 10, "last_price": 10}
    desk.write.swing("mine", positions={"GE": held | {"not_booked": why}, "B": held, "C": held | {"not_booked": "x"}})
    desk.write.swing("well", positions={"B": held})
    found = desk.bots()
    assert (
        list(found["errors"]) == ["swing.mine"]
        and found["swing"]["bots"]["mine"]["positions"]["GE"]["not_booked"] == why
    )
    assert (found["errors"]["swing.mine"]["kind"], found["errors"]["swing.mine"]["reason"]) == (
        "not_booked", "spin-off of GE into GEV (1 for 4), 2024-04-02: GEV has no price yet (and 1 more)"
    )  # fmt: skip


def test_bots_of_one_name_when_both_write_then_the_page_says_so(desk: RunningDesk) -> None:
    desk.write.swing("same")
    desk.write.day("same", 6)
    desk.write.swing("other")
    problems = desk.bots()["errors"]
    assert list(problems) == ["swing.same"]
    assert (
        problems["swing.same"]["kind"] == "same_name" and "both read its requests" in problems["swing.same"]["reason"]
    )
