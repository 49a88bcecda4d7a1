"""What is asked of bots of other machines: written where their relays find it, and never done unheard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aion.config import Settings
from aion.store.document_file import write_document
from aion.store.layout import KILL, Layout
from aion.web.http.static_files import STATIC
from tests.cluster.machine import until
from tests.web.conftest import RunningDesk, running
from tests.web.sample import Writer


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    data = tmp_path_factory.mktemp("machines") / "data"
    for machine in ("a", "b"):
        write = Writer(data / "machines" / machine)
        write.cycle(5, ["orb"])
        write.swing(f"trend_{machine}")
        proof = Layout(data / "machines" / machine).proof
        proof.parent.mkdir(parents=True, exist_ok=True)
        write_document(proof, {"schema": "aion/proof/1", "epoch": machine, "n": 1})
    with running(Settings(data=data), STATIC) as found:
        yield found


def folder(desk: RunningDesk, machine: str) -> Path:
    return desk.app.desk.layout.root / "machines" / machine


def asked(desk: RunningDesk, machine: str, bot: str) -> list[dict[str, Any]]:
    found = sorted(each for each in (folder(desk, machine) / "control" / bot).glob("*.json") if each.name != KILL)
    return [json.loads(each.read_text()) for each in found]


def test_request_is_written_in_the_folder_of_the_bots_machine_and_says_that_it_is_not_heard_of(
    desk: RunningDesk,
) -> None:
    answer = desk.client.post("/api/bots/a~orb/control", json={"action": "pause", "reason": "now"}).json()
    assert answer["state"] == "requested"
    assert answer["detail"] == (
        "Machine a has not been heard of since this desk started. "
        "No relay fills machines/a/: check that something takes requests there."
    )
    assert [each["action"] for each in asked(desk, "a", "orb")] == ["pause"] and asked(desk, "b", "orb") == []
    state = desk.get("/api/bots/a~orb/control").json()
    assert state["requests"][answer["id"]]["detail"] == answer["detail"]
    card = desk.get("/api/bots/card/intraday/a~orb").json()["bot"]
    assert card["asked"]["request"]["id"] == answer["id"] and card["foreign"] is False


def test_name_of_two_machines_needs_one_of_them_and_a_name_of_one_does_not(desk: RunningDesk) -> None:
    found = desk.get("/api/bots/orb/control")
    assert found.status_code == 409 and "a~orb, b~orb" in found.json()["detail"]
    for bot in ("trend_b", "b~trend_b"):
        assert desk.get(f"/api/swing/bots/{bot}").json()["file"] == "machines/b/swing/rolling_trend_b.json.gz"
    assert desk.get("/api/bots/c~orb/control").status_code == 404
    assert desk.get("/api/bots/a~nobody/control").status_code == 404
    assert desk.get("/api/bots/a~..%2F..%2Fx/control").status_code in (400, 404)
    bots = desk.get("/api/intraday/bots").json()["bots"]
    assert sorted(bots) == ["a~orb", "b~orb"] and bots["a~orb"]["file"].startswith("machines/a/intraday/")
    assert desk.get("/api/bots/b~orb/days").json()["bot"] == "orb"


def test_what_is_asked_of_all_reaches_each_machine(desk: RunningDesk) -> None:
    assert desk.client.post("/api/control", json={"action": "pause"}).json()["state"] == "requested"
    assert [len(asked(desk, machine, "desk")) for machine in ("a", "b")] == [1, 1]
    assert desk.client.put("/api/bots/desk/kill", json={"reason": "stop"}).status_code == 200
    switches = [folder(desk, machine) / "control" / "desk" / "kill.json" for machine in ("a", "b")]
    assert all(each.exists() for each in switches), "also while their machines are silent"
    lines = desk.get("/api/bots/index").json()["machines"]
    assert all(lines[machine]["asked"]["kill"]["reason"] == "stop" for machine in ("a", "b"))
    assert desk.client.delete("/api/bots/desk/kill").status_code == 200
    assert not any(each.exists() for each in switches)


def test_all_bots_of_one_machine_can_be_stopped_alone(desk: RunningDesk) -> None:
    assert desk.client.put("/api/bots/b~desk/kill", json={"reason": "b"}).status_code == 200
    switches = [folder(desk, machine) / "control" / "desk" / "kill.json" for machine in ("a", "b")]
    assert [each.exists() for each in switches] == [False, True]
    assert desk.client.delete("/api/bots/b~desk/kill").status_code == 200
    assert not any(each.exists() for each in switches)


def test_kill_switch_of_all_is_thrown_where_it_can_be_and_says_where_not(desk: RunningDesk) -> None:
    blocked = folder(desk, "a") / "control" / "desk"
    kept = blocked.with_name("kept")
    blocked.rename(kept)
    blocked.write_text("in the way")
    try:
        found = desk.client.put("/api/bots/desk/kill", json={"reason": "stop"})
        assert found.status_code == 503 and "a: the kill switch of a~desk could not be set" in found.json()["detail"]
        assert (folder(desk, "b") / "control" / "desk" / "kill.json").exists()
    finally:
        blocked.unlink()
        kept.rename(blocked)
        assert desk.client.delete("/api/bots/desk/kill").status_code == 200


def test_answers_name_the_proof_of_each_machine(desk: RunningDesk) -> None:
    assert desk.get("/api/bots/index").headers["aion-proved-age"] == "a=?0;limit=3.0, b=?0;limit=3.0"


def test_figures_say_of_each_machine_how_it_is(desk: RunningDesk) -> None:
    root = folder(desk, "a")
    (root / ".relay-report.json").write_text(
        json.dumps(
            {"machine": "a", "at": 1e9, "said": "nobody publishes as a", "clock_offset_s": 61.5, "lag_s": 0.02}
        )
    )
    (root.parent / "C!").mkdir()
    try:
        until(lambda: "C!" in desk.get("/api/metrics").json()["machines"])
        found = desk.get("/api/metrics").json()["machines"]
        assert found["a"]["held"] and found["a"]["bots"] == 2 and found["a"]["lag_s"] == 0.02
        said = found["a"]["sentence"]
        assert "not heard of since this desk started; nobody publishes as a; its clock is 61.5 s ahead" in said
        assert "lower-case letters" in found["C!"]["sentence"] and "relay" not in found["b"]
    finally:
        (root.parent / "C!").rmdir()
