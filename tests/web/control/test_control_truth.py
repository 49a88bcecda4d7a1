"""What the desk says of a request: by its exact id, done only when it has come about; audit and deed are one."""

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aion.command.app import main
from aion.store.control_id import ARRIVED_S, make_id
from aion.store.file import write_json
from aion.store.layout import Layout
from aion.web.security.store import DeskStore, DeskStoreError
from tests.web.conftest import RunningDesk
from tests.web.control.asking import ask, audit

Json = dict[str, Any]

HELD = {"MSFT": {"quantity": 10, "average_price": 250.0, "last_price": 250.5}}


def state_of(desk: RunningDesk, bot: str, control_id: str) -> Json:
    found: Json = desk.get(f"/api/bots/{bot}/control").raise_for_status().json()["requests"][control_id]
    return {name: found[name] for name in ("state", "detail") if name in found}


def shown(desk: RunningDesk, bot: str) -> Json:
    """The request on the page."""
    page = desk.bots()
    bots: Json = page["intraday"]["bots"] | page["swing"]["bots"]
    found: Json = bots[bot]["asked"]["request"]
    return found


# exact ids


@pytest.mark.parametrize("said", ["note", "zzzz", "c29991231T000000000000-ffff", "", "C20261124T225901-1"])
def test_request_when_the_state_names_another_id_then_it_is_not_done(kept: RunningDesk, said: str) -> None:
    line = ask(kept, "orb_ny", "flatten")
    kept.write.day("orb_ny", 5, control_id=said, positions={})
    assert state_of(kept, "orb_ny", line["id"])["state"] == "requested"
    assert "state" not in shown(kept, "orb_ny")
    kept.write.swing("theirs", control_id=said, positions={})
    line = ask(kept, "theirs", "flatten")
    assert state_of(kept, "theirs", line["id"])["state"] == "requested"


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("flatten", {"state": "paused", "positions": HELD},
         {"state": "accepted", "detail": "1 position (MSFT) still open"}),
        ("flatten", {"state": "paused", "positions": {"MSFT": HELD["MSFT"] | {"quantity": 0}}}, {"state": "done"}),
        ("flatten", {"state": "paused", "positions": {}}, {"state": "done"}),
        ("pause", {"state": "active"}, {"state": "accepted", "detail": "its state says active"}),
        ("pause", {"state": "paused"}, {"state": "done"}),
        ("pause", {"state": "stopped"}, {"state": "done"}),
        ("resume", {"state": "paused"}, {"state": "accepted", "detail": "its state says paused"}),
        ("resume", {"state": "active"}, {"state": "done"}),
        ("pause", {"control_error": "not now"}, {"state": "refused", "detail": "not now"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bot", ["orb_ny", "theirs"])
def test_request_when_named_then_it_is_done_only_when_it_has_come_about(
    kept: RunningDesk, bot: str, action: str, state: Json, expected: Json
) -> None:
    write = kept.write.swing if bot == "theirs" else lambda name, **more: kept.write.day(name, 5, **more)
    write(bot, control_id="")
    line = ask(kept, bot, action)
    write(bot, control_id=line["id"], **state)
    assert state_of(kept, bot, line["id"]) == expected
    page = shown(kept, bot)
    assert {name: page[name] for name in ("state", "detail") if page.get(name)} == expected


def test_requests_when_several_are_outstanding_then_each_has_what_the_state_says_of_its_id(kept: RunningDesk) -> None:
    kept.write.swing("theirs", control_id="")
    ids = [ask(kept, "theirs", action)["id"] for action in ("pause", "flatten", "resume", "flatten", "pause")]
    answers = {ids[0]: "done", ids[1]: "superseded: resume came first", ids[2]: "refused: it is late",
               ids[3]: "well, nearly", "arbitrary text": "done"}  # fmt: skip
    kept.write.swing("theirs", control_id=ids[3], control_answers=answers)
    found = [state_of(kept, "theirs", each) for each in ids]
    assert found == [
        {"state": "done"},
        {"state": "superseded", "detail": "resume came first"},
        {"state": "refused", "detail": "it is late"},
        {"state": "accepted", "detail": "well, nearly"},
        {"state": "requested"},
    ]


def test_request_when_a_foreign_bot_answers_only_a_later_one_then_it_is_not_called_done(kept: RunningDesk) -> None:
    kept.write.swing("theirs", control_id="")
    first, second = (ask(kept, "theirs", "pause") for _ in range(2))
    path = kept.write.layout.control("theirs", first["id"])
    due = {"due_at": "2020-01-01T00:00Z"}
    path.write_text(json.dumps(json.loads(path.read_text()) | due))
    kept.write.swing("theirs", control_id=second["id"], state="paused")
    assert state_of(kept, "theirs", second["id"]) == {"state": "done"}
    found = state_of(kept, "theirs", first["id"])
    assert found["state"] == "not_answered" and "does not say what became of this one" in found["detail"]


def test_flatten_of_an_own_bot_when_it_says_done_of_each_then_later_trades_do_not_take_it_back(
    kept: RunningDesk,
) -> None:
    line = ask(kept, "orb_ny", "flatten")
    kept.write.day("orb_ny", 5, control_id=line["id"], control_answers={line["id"]: "done"}, positions=HELD)
    assert state_of(kept, "orb_ny", line["id"]) == {"state": "done"}, "all bots were resumed meanwhile"


def test_flatten_of_all_when_the_clock_says_what_is_left_then_the_page_does(kept: RunningDesk) -> None:
    line = kept.client.post("/api/control", json={"action": "flatten"}).raise_for_status().json()
    summary = json.loads(kept.write.layout.sim_summary.read_text())
    answers = {line["id"]: "accepted: 5 positions (A, B) still open"}
    summary["clock"] |= {"control_id": line["id"], "control_answers": answers}
    write_json(kept.write.layout.sim_summary, summary)
    expected = {"state": "accepted", "detail": "5 positions (A, B) still open"}
    assert state_of(kept, "desk", line["id"]) == expected
    page = kept.bots()["asked"]["request"]
    assert {name: page[name] for name in expected} == expected


# files that are no requests


def put(folder: Path, name: str, make: Callable[[Path], object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    make(folder / name)
    return folder / name


def torn(path: Path) -> None:
    path.write_text("{")


FUTURE = "c99991231T235959999999-ffff"
AHEAD = make_id(datetime.now(UTC) + timedelta(hours=30), None, "0")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("note.json", torn), (f"{FUTURE}.json", torn), (f"{AHEAD}.json", torn), ("c20269999T000000-1.json", torn),
        (f"{FUTURE}.json", Path.mkdir), ("zz", os.mkfifo), (os.fsdecode(b"z\xff.json"), torn),
        (f"{make_id(datetime.now(UTC), None, '0')}.json", torn),
        (f"{make_id(datetime.now(UTC), None, '0')}.json", Path.mkdir),
        (f"{make_id(datetime.now(UTC), None, '0')}.json", os.mkfifo),
        (f"{make_id(datetime.now(UTC), None, '0')}.json", lambda path: path.symlink_to("/etc/passwd")),
        (make_id(datetime.now(UTC), None, "0"), torn), (FUTURE, torn),
    ],
    ids=["foreign name", "year 9999", "in 30 hours", "no such day", "folder of 9999", "pipe", "bytes", "torn",
         "folder", "pipe of an id", "link", "an id alone", "9999 alone"],
)  # fmt: skip
@pytest.mark.parametrize("bot", ["orb_ny", "desk", "theirs"])
def test_foreign_file_when_it_lies_there_then_it_is_named_and_costs_nothing(
    kept: RunningDesk, name: str, make: Callable[[Path], object], bot: str
) -> None:
    kept.write.swing("theirs", control_id="")
    before = len(audit(kept))
    put(kept.write.layout.controls / bot, name, make)
    line = (
        ask(kept, bot, "pause")
        if bot != "desk"
        else kept.client.post("/api/control", json={"action": "pause"}).raise_for_status().json()
    )
    found = kept.get(f"/api/bots/{bot}/control").raise_for_status().json()
    assert list(found["requests"]) == [line["id"]] and found["requests"][line["id"]]["state"] == "requested"
    assert len(found["left_aside"]) == 1 and next(iter(found["left_aside"])).startswith(f"control/{bot}/")
    assert next(iter(found["left_aside"].values()))
    page = kept.bots()
    asked = page["asked"] if bot == "desk" else (page["intraday"]["bots"] | page["swing"]["bots"])[bot]["asked"]
    assert asked["request"]["id"] == line["id"], "the newest real one is shown"
    assert len(audit(kept)) == before + 1


def test_request_when_many_of_a_wrong_clock_lie_ahead_of_it_then_it_stays(kept: RunningDesk) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=23, minutes=45)
    for number in range(60):
        put(kept.write.layout.controls / "orb_ny", f"{make_id(ahead, None, str(number))}.json", torn)
    line = ask(kept, "orb_ny", "flatten")
    assert kept.write.layout.control("orb_ny", line["id"]).is_file()
    for _ in range(60):
        newest = ask(kept, "orb_ny", "pause")
    assert kept.write.layout.control("orb_ny", newest["id"]).is_file()
    assert kept.write.layout.control("orb_ny", line["id"]).is_file(), "it may not have arrived everywhere yet"
    for path in (kept.write.layout.controls / "orb_ny").iterdir():
        os.utime(path, (0, time.time() - ARRIVED_S - 60))
    ask(kept, "orb_ny", "pause")
    assert not kept.write.layout.control("orb_ny", line["id"]).exists(), "of those before it the newest fifty stay"


def test_foreign_files_when_there_are_thousands_then_a_few_are_named(kept: RunningDesk) -> None:
    folder = kept.write.layout.controls / "orb_ny"
    for number in range(3000):
        put(folder, f"n{number}.json", torn)
    line = ask(kept, "orb_ny", "pause")
    found = kept.get("/api/bots/orb_ny/control").json()
    assert list(found["requests"]) == [line["id"]] and len(found["left_aside"]) == 5
    assert len(list(folder.iterdir())) == 3001, "nothing of somebody else is removed"


def test_files_that_the_bots_leave_aside_when_they_say_so_then_the_page_names_them(kept: RunningDesk) -> None:
    summary = json.loads(kept.write.layout.sim_summary.read_text())
    aside = {"control/orb_ny/note.json": "is not a request", "control/desk/x.json": "is not a request"}
    summary["clock"] |= {"left_aside": aside}
    write_json(kept.write.layout.sim_summary, summary)
    errors = kept.bots()["errors"]
    named = {each["file"]: each["kind"] for key, each in errors.items() if key.startswith("control")}
    assert named == dict.fromkeys(aside, "left_aside")


# audit and deed


def refuse_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the audit take each line and fail when it is to be kept."""
    real = DeskStore.write

    @contextmanager
    def write(self: DeskStore) -> Any:
        with real(self) as statement:
            yield statement
            raise DeskStoreError("desk.sqlite cannot be written: disk I/O error")

    monkeypatch.setattr(DeskStore, "write", write)


def test_change_when_the_audit_fails_after_it_then_it_is_taken_back(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout: Layout = kept.write.layout
    kept.client.put("/api/bots/orb_ny/kill", json={"reason": "x"}).raise_for_status()
    saved = kept.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": {"stop_loss": 0.02}})
    assert saved.status_code == 200
    before = {path: path.read_bytes() for path in (layout.kill("orb_ny"), layout.config("orb_ny"))}
    refuse_commit(monkeypatch)
    client = kept.client
    for answer in (
        client.post("/api/bots/orb_ny/control", json={"action": "pause"}),
        client.delete("/api/bots/orb_ny/kill"),
        client.delete("/api/bots/orb_ny/kill?exits=keep"),
        client.put("/api/bots/orb_ny/rules", json={"version": 1, "rules": {"stop_loss": 0.03}}),
    ):
        assert answer.status_code == 503, answer.url
    assert {path: path.read_bytes() for path in before} == before
    assert [path.name for path in (layout.controls / "orb_ny").iterdir()] == ["kill.json"]


def test_request_when_it_cannot_be_written_then_the_audit_has_no_line_that_it_was_asked(kept: RunningDesk) -> None:
    kept.write.layout.controls.mkdir(exist_ok=True)
    (kept.write.layout.controls / "orb_ny").write_text("a file where the folder should be")
    answer = kept.client.post("/api/bots/orb_ny/control", json={"action": "pause"})
    assert answer.status_code in (409, 503)
    assert not [line for line in audit(kept) if line["what"] == "pause asked of orb_ny"]


# clearing


def test_kill_when_cleared_to_keep_the_exits_then_a_request_says_so_before_the_switch_goes(kept: RunningDesk) -> None:
    kept.client.put("/api/bots/orb_ny/kill").raise_for_status()
    found = kept.client.delete("/api/bots/orb_ny/kill?exits=keep").raise_for_status().json()
    (line,) = found["requests"].values()
    assert (line["action"], line["value"], line["state"]) == ("clear", "keep", "requested") and "kill" not in found
    assert audit(kept)[0]["what"] == "kill switch of orb_ny cleared, its exits kept"
    kept.client.put("/api/bots/orb_ny/kill").raise_for_status()
    kept.client.delete("/api/bots/orb_ny/kill?exits=cancel").raise_for_status()
    assert len(kept.get("/api/bots/orb_ny/control").json()["requests"]) == 1
    assert kept.client.delete("/api/bots/orb_ny/kill?exits=sideways").status_code == 422


def test_resume_when_exits_are_to_be_kept_then_the_request_says_so(kept: RunningDesk) -> None:
    line = ask(kept, "orb_ny", "resume", exits="keep")
    assert json.loads(kept.write.layout.control("orb_ny", line["id"]).read_text())["value"] == "keep"
    bad = kept.client.post("/api/bots/orb_ny/control", json={"action": "pause", "exits": "keep"})
    assert bad.status_code == 400 and "exits is for resume" in bad.json()["detail"]
    desk = kept.client.post("/api/control", json={"action": "resume", "value": "keep"}).raise_for_status().json()
    assert desk["value"] == "keep"


# the command line


def run(monkeypatch: pytest.MonkeyPatch, desk: RunningDesk, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["aion", "control", *words, "--data", str(desk.write.layout.root)])
    return main()


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("accepted: 3 positions (A, B, C) still open", 0, "flatten of orb_ny accepted: 3 positions (A, B, C) still"),
        ("done", 0, "flatten of orb_ny done"),
        ("refused: not now", 2, "aion: flatten of orb_ny refused: not now"),
    ],
)
def test_command_to_control_a_bot_when_answered_then_it_says_what_came_of_it(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    answer: str, status: int, said: str,
) -> None:  # fmt: skip
    def reply() -> None:
        while not (found := list(kept.write.layout.controls.glob("orb_ny/c*.json"))):
            time.sleep(0.01)
        kept.write.day("orb_ny", 5, control_id=found[0].stem, control_answers={found[0].stem: answer})

    bots = threading.Thread(target=reply)
    bots.start()
    assert run(monkeypatch, kept, "orb_ny", "flatten", "--reason", "enough") == status
    bots.join()
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_command_to_kill_and_clear_when_given_then_the_switch_stands_and_goes(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = kept.write.layout
    assert run(monkeypatch, kept, "all", "kill", "--reason", "wrong prices") == 0
    assert json.loads(layout.kill("desk").read_text())["reason"] == "wrong prices"
    assert run(monkeypatch, kept, "all", "clear", "--keep-exits") == 0
    assert not layout.kill("desk").exists()
    (path,) = layout.controls.glob("desk/c*.json")
    assert (json.loads(path.read_text())["action"], json.loads(path.read_text())["value"]) == ("clear", "keep")
    assert run(monkeypatch, kept, "all", "clear") == 0
    assert "was not on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("orb_ny", "explode"), "'explode' is unknown; use one of pause, resume, flatten, kill, clear"),
        (("orb_ny", "pause", "--keep-exits"), "--keep-exits is for resume and clear, not for pause"),
        (("nobody", "pause"), "there is no bot 'nobody'"), (("theirs", "kill"), "has no control_id"),
    ],
)  # fmt: skip
def test_command_to_control_when_it_cannot_be_then_it_says_why_and_nothing_is_asked(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    assert run(monkeypatch, kept, *words) == 2
    assert said in capsys.readouterr().err
    assert not kept.write.layout.controls.exists()
