"""Requests to bots over HTTP: what they write, who may, what becomes of them, and what the pages are told."""

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aion.clock import iso
from aion.command.app import main
from aion.config import Settings
from aion.store.control_id import make_id
from aion.store.document.request import Control, Kill
from aion.store.document_file import read_document
from aion.store.file import write_json
from aion.store.layout import Layout
from aion.web.control import request
from aion.web.control.request import Requests
from aion.web.reader import FileReader
from aion.web.security.password import hash_password
from aion.web.security.store import DeskStore
from tests.web.conftest import RunningDesk, running
from tests.web.control.asking import Json, ask, audit


def wall(seconds: float) -> str:
    return iso(datetime.now(UTC) + timedelta(seconds=seconds))


def test_pause_when_asked_then_a_whole_file_and_an_audit_line_stand_there(kept: RunningDesk) -> None:
    line = ask(kept, "orb_ny", "pause", reason="lunch")
    assert line["state"] == "requested" and line["requested_by"] == "local"
    document, _ = read_document(kept.write.layout.control("orb_ny", line["id"]), "control")
    assert isinstance(document, Control)
    assert (document.bot, document.action, document.reason) == ("orb_ny", "pause", "lunch")
    newest = audit(kept)[0]
    assert (newest["what"], newest["who"], newest["address"]) == ("pause asked of orb_ny", "local", "127.0.0.1")
    assert newest["after"] == {"action": "pause", "reason": "lunch"}


def test_request_when_the_bot_answers_then_it_is_done_and_the_page_is_told(kept: RunningDesk) -> None:
    line = ask(kept, "orb_ny", "pause")
    view = kept.bots()["intraday"]["bots"]["orb_ny"]
    assert view["asked"]["request"]["id"] == line["id"] and "control_id" not in view
    kept.write.day("orb_ny", 5, control_id=line["id"], state="paused")
    found = kept.get("/api/bots/orb_ny/control").json()
    assert found["requests"][line["id"]]["state"] == "done" and found["state"] == "paused"
    assert kept.bots()["intraday"]["bots"]["orb_ny"]["control_id"] == line["id"]


def test_request_when_the_bot_refuses_then_its_reason_is_told(kept: RunningDesk) -> None:
    line = ask(kept, "orb_ny", "flatten")
    kept.write.day("orb_ny", 5, control_id=line["id"], control_error="it is flat")
    found = kept.get("/api/bots/orb_ny/control").json()
    assert found["requests"][line["id"]]["state"] == "refused" and found["control_error"] == "it is flat"


def test_request_to_a_foreign_bot_when_due_then_it_has_a_cycle_after_its_next_write(kept: RunningDesk) -> None:
    written, due = wall(-1), wall(2)
    kept.write.swing("theirs", control_id="", written_at=written, due_at=due)
    answered_by = datetime.fromisoformat(ask(kept, "theirs", "pause")["due_at"])
    assert answered_by - datetime.fromisoformat(due) == datetime.fromisoformat(due) - datetime.fromisoformat(written)


def test_request_when_its_time_is_over_without_an_answer_then_it_is_not_answered(kept: RunningDesk) -> None:
    line = ask(kept, "orb_ny", "pause")
    path = kept.write.layout.control("orb_ny", line["id"])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"due_at": wall(-5)}))
    assert kept.get("/api/bots/orb_ny/control").json()["requests"][line["id"]]["state"] == "not_answered"


def test_ids_when_many_ask_at_once_then_they_grow_and_the_newest_fifty_stay(kept: RunningDesk) -> None:
    ids = [ask(kept, "swing_1w", "pause")["id"] for _ in range(55)]
    assert ids == sorted(ids) and len(set(ids)) == 55
    assert list(kept.get("/api/bots/swing_1w/control").json()["requests"]) == ids[:4:-1]
    future = kept.write.layout.control("swing_1w", make_id(datetime.now(UTC) + timedelta(hours=5), None, "0000"))
    future.write_text((kept.write.layout.control("swing_1w", ids[-1])).read_text())
    assert ask(kept, "swing_1w", "resume")["id"] > future.stem, "also after a clock that went back"


def test_kill_when_thrown_then_the_file_stands_until_it_is_cleared(kept: RunningDesk) -> None:
    found = kept.client.put("/api/bots/orb_ny/kill", json={"reason": "wrong prices"}).raise_for_status().json()
    assert found["kill"]["reason"] == "wrong prices"
    document, _ = read_document(kept.write.layout.kill("orb_ny"), "kill")
    assert isinstance(document, Kill) and document.killed_by == "local"
    assert kept.bots()["intraday"]["bots"]["orb_ny"]["asked"]["kill"]["reason"] == "wrong prices"
    assert "kill" not in kept.client.delete("/api/bots/orb_ny/kill").raise_for_status().json()
    assert not kept.write.layout.kill("orb_ny").exists()
    assert [line["what"] for line in audit(kept)[:2]] == [
        "kill switch of orb_ny cleared", "kill switch of orb_ny thrown",
    ]  # fmt: skip
    assert kept.client.delete("/api/bots/orb_ny/kill").status_code == 200, "clear is clear"


def test_kill_when_for_all_then_the_page_is_told_without_a_body(kept: RunningDesk) -> None:
    kept.client.put("/api/bots/desk/kill").raise_for_status()
    assert kept.bots()["asked"]["kill"]["killed_by"] == "local"
    assert kept.get("/api/control").json()["kill"]["killed_by"] == "local"


def test_kill_when_its_file_cannot_be_read_then_it_counts_as_thrown_and_is_named(kept: RunningDesk) -> None:
    path = kept.write.layout.kill("orb_ny")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    bundle = kept.bots()
    assert "cannot be read" in bundle["intraday"]["bots"]["orb_ny"]["asked"]["kill"]["reason"]
    assert bundle["errors"]["control.orb_ny"]["file"] == "control/orb_ny/kill.json"
    assert "kill" not in kept.client.delete("/api/bots/orb_ny/kill").json()


def test_foreign_bot_when_it_does_not_answer_then_nothing_is_asked_of_it(kept: RunningDesk) -> None:
    refused = kept.client.post("/api/bots/theirs/control", json={"action": "flatten"})
    assert refused.status_code == 409 and "control_id" in refused.json()["detail"]
    assert kept.client.put("/api/bots/theirs/kill").status_code == 409
    assert kept.get("/api/bots/theirs/control").json()["answers"] is False
    assert not (kept.write.layout.controls / "theirs").exists()
    kept.write.swing("theirs", control_id="")
    assert ask(kept, "theirs", "pause")["state"] == "requested"


def test_symbol_to_let_in_when_asked_then_it_stands_in_the_request(kept: RunningDesk) -> None:
    def post(**more: Any) -> httpx.Response:
        return kept.client.post("/api/control", json={"action": "admit", **more})

    line = post(value=" BTC/USDT ", reason="seen").raise_for_status().json()
    document, _ = read_document(kept.write.layout.control("desk", line["id"]), "control")
    assert isinstance(document, Control) and (document.action, document.value) == ("admit", "BTC/USDT")
    for bad in ({}, {"value": ""}, {"value": 3}, {"value": "x" * 65}):
        assert post(**bad).status_code == 400, bad
    assert kept.client.post("/api/bots/orb_ny/control", json={"action": "admit"}).status_code == 422


@pytest.mark.parametrize(
    ("clock", "status", "said"),
    [
        ({}, 0, "BTC/USDT: the next bar is traded on"),
        ({"control_error": "BTC/USDT is not left out"}, 2, "aion: BTC/USDT is not left out"),
    ],
)
def test_command_to_let_a_symbol_in_when_answered_then_it_says_what_came_of_it(
    kept: RunningDesk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clock: Json,
    status: int,
    said: str,
) -> None:
    layout = kept.write.layout

    def answer() -> None:
        while not (found := list(layout.controls.glob("desk/c*.json"))):
            time.sleep(0.01)
        state = json.loads(layout.sim_summary.read_text())
        write_json(layout.sim_summary, state | {"clock": state["clock"] | {"control_id": found[0].stem, **clock}})

    bots = threading.Thread(target=answer)
    bots.start()
    monkeypatch.setattr("sys.argv", ["aion", "admit", "BTC/USDT", "--data", str(layout.root), "--reason", "seen"])
    assert main() == status
    bots.join()
    captured = capsys.readouterr()
    assert said in captured.out + captured.err
    (path,) = layout.controls.glob("desk/c*.json")
    asked = json.loads(path.read_text())
    assert (asked["action"], asked["value"], asked["reason"]) == ("admit", "BTC/USDT", "seen")
    assert asked["requested_by"] == "the command line"


def test_command_to_let_a_symbol_in_when_no_bots_answer_then_it_says_so_and_fails(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(request, "OWN_ANSWER_S", 0.3)
    monkeypatch.setattr("sys.argv", ["aion", "admit", "BTC/USDT", "--data", str(kept.write.layout.root)])
    assert main() == 1
    assert "the bots have not answered yet" in capsys.readouterr().err


def test_command_to_let_a_symbol_in_when_there_are_no_bots_then_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["aion", "admit", "BTC/USDT", "--data", str(tmp_path / "none")])
    assert main() == 2
    assert "has no bots of Aion" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_speed_and_jump_when_asked_then_their_values_are_checked(kept: RunningDesk) -> None:
    post = lambda **given: kept.client.post("/api/control", json=given)  # noqa: E731 - read below like the requests
    assert post(action="speed", value=300).json()["value"] == 300
    assert post(action="speed", value=0).status_code == 200
    assert post(action="jump", value="2022-05-25").json()["value"] == "2022-05-25"
    assert post(action="pause").json()["action"] == "pause"
    for bad in ({"action": "speed", "value": -1}, {"action": "speed"}, {"action": "jump", "value": "25 May"},
                {"action": "pause", "value": 3}, {"action": "speed", "value": 1e9}):  # fmt: skip
        assert post(**bad).status_code == 400, bad
    assert post(action="explode").status_code == 422
    path = kept.write.layout.sim_summary
    path.write_text(path.read_text().replace('"replay"', '"paper"'))
    assert post(action="speed", value=1).status_code == 409


@pytest.mark.parametrize(("bot", "status"), [("nobody", 404), ("a b", 400), ("con", 400), ("x" * 65, 400)])
def test_bot_when_it_cannot_be_then_a_sentence_says_so(kept: RunningDesk, bot: str, status: int) -> None:
    for answer in (
        kept.client.post(f"/api/bots/{bot}/control", json={"action": "pause"}),
        kept.client.put(f"/api/bots/{bot}/kill"),
        kept.get(f"/api/bots/{bot}/control"),
        kept.get(f"/api/bots/{bot}/rules"),
        kept.client.put(f"/api/bots/{bot}/rules", json={"version": 0, "rules": {}}),
    ):
        assert answer.status_code == status and answer.json()["detail"], answer.url


def test_request_when_the_disk_refuses_then_nothing_is_asked_and_the_answer_says_so(kept: RunningDesk) -> None:
    kept.write.layout.controls.write_text("a file where the folder should be")
    refused = kept.client.post("/api/bots/orb_ny/control", json={"action": "pause"})
    assert refused.status_code == 503 and "nothing was asked" in refused.json()["detail"]
    assert "could not be written" in audit(kept)[0]["what"]
    assert kept.client.put("/api/bots/orb_ny/kill").status_code == 503


def test_desk_without_an_audit_when_asked_then_nothing_is_changed(start_desk: Callable[..., RunningDesk]) -> None:
    desk = start_desk(make_folder=False)
    desk.write.cycle(5, ["orb_ny"])
    assert desk.client.post("/api/bots/orb_ny/control", json={"action": "pause"}).status_code == 503
    assert not desk.write.layout.controls.exists()


def test_viewer_when_asking_for_a_change_then_only_an_admin_may(tmp_path: Path) -> None:
    store = DeskStore(Layout(tmp_path / "data").desk)
    store.set_password("viewer", hash_password("looks only here"), "command", "test")
    store.close()
    with running(Settings(data=tmp_path / "data"), tmp_path / "static") as desk:
        desk.write.cycle(5, ["orb_ny"])
        desk.client.post("/api/session", json={"password": "looks only here"}).raise_for_status()
        assert desk.get("/api/bots/orb_ny/rules").status_code == 200
        for answer in (
            desk.client.post("/api/bots/orb_ny/control", json={"action": "pause"}),
            desk.client.put("/api/bots/desk/kill"),
            desk.client.delete("/api/bots/desk/kill"),
            desk.client.post("/api/control", json={"action": "speed", "value": 1}),
            desk.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": {}}),
        ):
            assert answer.status_code == 403


def test_body_when_it_is_huge_or_no_json_then_it_is_refused_at_once(kept: RunningDesk) -> None:
    path = "/api/bots/orb_ny/control"
    huge = b'{"action": "pause", "reason": "' + b"x" * (1 << 20) + b'"}'
    assert kept.client.post(path, content=huge).status_code == 413
    parts = (huge[start : start + 10_000] for start in range(0, len(huge), 10_000))
    with suppress(httpx.TransportError):  # the desk may hang up while the rest is being sent
        assert kept.client.post(path, content=parts).status_code == 413, "without a length"
    for bad in (b"", b"{", b"[]", b"null", b'{"action": "pause", "more": 1}', b'{"action": "pause", "reason": 5}'):
        assert kept.client.post(path, content=bad).status_code == 422, bad
    assert kept.get(path).json()["requests"] == {}


# rules


def test_rules_when_none_are_saved_then_those_of_the_settings_are_told_with_their_meaning(kept: RunningDesk) -> None:
    found = kept.get("/api/bots/orb_ny/rules").json()
    assert found["version"] == 0 and found["editable"] and found["rules"]["stop_loss"] == 0.01
    stop = found["fields"]["stop_loss"]
    assert (stop["unit"], stop["minimum"], stop["below"], stop["default"]) == ("percent", 0, 1, 0.01)
    assert "falls this far below entry" in stop["description"]
    assert found["fields"]["flat_before_close"]["unit"] == "bars"
    assert "flat_before_close" not in kept.get("/api/bots/swing_1w/rules").json()["fields"]
    assert kept.get("/api/bots/theirs/rules").json()["editable"] is False


def test_rules_when_saved_then_file_bundle_and_audit_say_what_changed(kept: RunningDesk) -> None:
    changed = {"stop_loss": 0.02, "allow_short": False}
    found = kept.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": changed}).raise_for_status().json()
    assert found["version"] == 1 and found["rules"]["stop_loss"] == 0.02 and found["rules"]["max_positions"] == 1
    saved = json.loads(kept.write.layout.config("orb_ny").read_text())
    assert saved["rules"] == found["rules"] and saved["rules"]["allow_short"] is False
    line = audit(kept)[0]
    assert line["before"] == {"stop_loss": 0.01, "allow_short": True}
    assert line["after"] == {"stop_loss": 0.02, "allow_short": False}
    assert kept.bots()["intraday"]["bots"]["orb_ny"]["asked"]["saved"]["version"] == 1


def test_rules_when_somebody_saved_meanwhile_then_the_conflict_names_who_and_when(kept: RunningDesk) -> None:
    put = lambda version, stop: kept.client.put(  # noqa: E731
        "/api/bots/orb_ny/rules", json={"version": version, "rules": {"stop_loss": stop}}
    )
    put(0, 0.02).raise_for_status()
    refused = put(0, 0.03)
    assert refused.status_code == 409
    assert re.search(r"local saved version 1 .* at 20\d\d-.*; you edited version 0", refused.json()["detail"])
    assert kept.get("/api/bots/orb_ny/rules").json()["rules"]["stop_loss"] == 0.02
    assert put(1, 0.03).raise_for_status().json()["version"] == 2


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"stop_loss": 1.0}, "stop_loss"), ({"stop_loss": -0.1}, "stop_loss"),
        ({"max_positions": 0}, "max_positions"),
        ({"max_positions": 2.5}, "max_positions"), ({"max_positions": True}, "max_positions"),
        ({"max_positions": 11}, "max_positions"), ({"allow_short": 1}, "allow_short"), ({"stop": 0.1}, "stop"),
        ({"max_alloc": "<b>"}, "max_alloc"), ({"min_confidence": 1.5}, "min_confidence"),
    ],
)  # fmt: skip
def test_rules_when_they_cannot_work_then_the_field_is_named_and_nothing_is_saved(
    kept: RunningDesk, rules: Json, field: str
) -> None:
    refused = kept.client.put("/api/bots/swing_1w/rules", json={"version": 0, "rules": rules})
    assert refused.status_code == 422 and refused.json()["fields"][field]
    assert not kept.write.layout.config("swing_1w").exists()


def test_rules_when_reset_then_those_of_the_settings_are_saved_as_a_new_version(kept: RunningDesk) -> None:
    kept.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": {"stop_loss": 0.2}}).raise_for_status()
    assert kept.client.delete("/api/bots/orb_ny/rules?version=0").status_code == 409
    found = kept.client.delete("/api/bots/orb_ny/rules?version=1").raise_for_status().json()
    assert found["version"] == 2 and found["rules"]["stop_loss"] == 0.01


def test_rules_when_two_save_at_once_then_one_of_them_is_told(kept: RunningDesk) -> None:
    statuses: list[int] = []

    def save(stop: float) -> None:
        with httpx.Client(base_url=kept.url, trust_env=False, timeout=60) as client:
            given = {"version": 0, "rules": {"stop_loss": stop}}
            statuses.append(client.put("/api/bots/orb_ny/rules", json=given).status_code)

    threads = [threading.Thread(target=save, args=(0.01 * number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7
    assert kept.get("/api/bots/orb_ny/rules").json()["version"] == 1


def test_rules_when_the_saved_file_is_broken_then_it_is_said_and_a_save_replaces_it(kept: RunningDesk) -> None:
    path = kept.write.layout.config("orb_ny")
    path.parent.mkdir(parents=True)
    path.write_text("{torn")
    kept.write.day("orb_ny", 5, config_version=4, config_error="incomplete JSON", rules={"stop_loss": 0.05})
    found = kept.get("/api/bots/orb_ny/rules").json()
    assert "incomplete JSON" in found["error"] and found["config_version"] == 4
    saved = kept.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": {}}).raise_for_status().json()
    assert saved["version"] == 5, "versions go on behind the one that the bot has seen"


def test_desk_when_files_of_control_change_then_only_those_asked_are_marked(kept: RunningDesk) -> None:
    start: Callable[[], Json] = lambda: kept.bots()["swing"]["bots"]["swing_1w"]  # noqa: E731
    before = start()
    ask(kept, "orb_ny", "flatten")
    assert start() == before and before["asked"] == {}


def test_requests_of_two_workers_when_one_is_slow_to_write_then_ids_appear_in_their_order(
    kept: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = kept.app.desk
    now = datetime.now(UTC)
    one, other = (Requests(desk.layout, FileReader(desk.layout), desk.settings, now=lambda: now) for _ in range(2))
    is_writing = threading.Event()
    written: list[str] = []

    def write_slowly(path: Path, document: Json, *, durable: bool) -> None:
        if not is_writing.is_set():
            is_writing.set()
            time.sleep(0.3)  # long enough for the other to overtake it
        write_json(path, document, durable=durable)
        written.append(document["id"])

    monkeypatch.setattr(request, "write_document", write_slowly)
    first = threading.Thread(target=one.ask, args=("orb_ny", "pause", "ana", "first"))
    first.start()
    assert is_writing.wait(20)
    other.ask("orb_ny", "resume", "ben", "second")
    first.join(20)
    assert written == sorted(written) and len(written) == 2, "a later id ends an earlier one"
    assert len({control_id.partition("-")[0] for control_id in written}) == 2, "not even in the same microsecond"
