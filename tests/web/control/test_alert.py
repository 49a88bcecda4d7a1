"""Alert rules over HTTP: saved by whoever edited the newest version, refused with a sentence beside the field."""

from typing import Any

from aion.store.document.alert import AlertRules
from aion.store.document_file import read_document
from tests.web.conftest import RunningDesk
from tests.web.control.asking import Json, audit, watched

PATH = "/api/alerts"
LOSS = {"kind": "day_loss", "limit": 100, "unit": "money"}


def save(desk: RunningDesk, rules: Any, version: int, **plan: Any) -> Any:
    return desk.client.put(f"{desk.url}{PATH}", json={"version": version, "rules": rules, "plan": plan})


def test_rules_when_saved_then_they_stand_on_the_disk_in_the_answer_and_in_the_audit(desk: RunningDesk) -> None:
    assert desk.get(PATH).json() == {
        "version": 0, "saved_by": "", "rules": {}, "plan": {"zone": "UTC", "most_an_hour": 30}, "test_by": "",
        "error": "", "in_force": 0, "watch_error": "", "is_watched": False, "services": 0, "sent": {},
    }  # fmt: skip
    found = save(desk, {"r1": LOSS, "r2": {"kind": "fill", "bot": "orb_ny"}}, 0, quiet_from="22:00", quiet_to="07:00")
    assert found.status_code == 200 and found.json()["version"] == 1
    saved, _ = read_document(desk.write.layout.alert_rules, "alert_rules")
    assert isinstance(saved, AlertRules)
    assert saved.rules["r1"].limit == 100 and saved.plan.quiet_to == "07:00" and saved.saved_by == "local"
    assert audit(desk)[0]["after"]["r1"]["limit"] == 100
    assert save(desk, {"r1": {**LOSS, "limit": 50}}, 1).json()["version"] == 2
    line = audit(desk)[0]
    assert set(line["before"]) == {"r1", "r2", "plan"} and set(line["after"]) == {"r1", "plan"}


def test_rules_when_two_people_edit_them_then_the_second_is_told_and_nothing_is_lost(desk: RunningDesk) -> None:
    version = save(desk, {"r1": LOSS}, desk.get(PATH).json()["version"]).json()["version"]
    found = save(desk, {}, version - 1)
    assert found.status_code == 409 and f"saved version {version} of the alert rules" in found.json()["detail"]
    assert desk.get(PATH).json()["rules"] == {"r1": {**LOSS, "bot": "*", "is_on": True, "note": ""}}


BAD_RULES: tuple[tuple[Json, str, str], ...] = (
    ({"kind": "day_loss", "unit": "money"}, "rules.r1.limit", "is missing"),
    ({"kind": "fill", "limit": 3}, "rules.r1.limit", "is not for fill"),
    ({"kind": "drawdown", "limit": 100}, "rules.r1.limit", "a drawdown is below 100 per cent"),
    ({"kind": "drawdown", "limit": -1}, "rules.r1.limit", "greater than 0"),
    ({"kind": "no_fill", "minutes": 0}, "rules.r1.minutes", "greater than or equal to 1"),
    ({"kind": "fills"}, "rules.r1.kind", "Input should be 'fill'"),
    ({"kind": "fill", "botname": "x"}, "rules.r1.botname", "there is no such field"),
    ({"kind": "fill", "bot": "x" * 100}, "rules.r1.bot", "at most 97"),
)
BAD_PLANS: tuple[tuple[Json, str, str], ...] = (
    ({"quiet_from": "22:00"}, "plan.quiet_to", "a beginning and an end"),
    ({"quiet_from": "25:00", "quiet_to": "07:00"}, "plan.quiet_from", "is not a time of day such as 22:30"),
    ({"zone": "Mars/Olympus"}, "plan.zone", "there is no time zone 'Mars/Olympus'"),
    ({"zone": "../etc/passwd"}, "plan.zone", "there is no time zone"),
    ({"most_an_hour": 0}, "plan.most_an_hour", "greater than or equal to 1"),
    ({"weekly_on": "someday"}, "plan.weekly_on", "Input should be 'monday'"),
    ({"loud": True}, "plan.loud", "there is no such field"),
)


def test_rules_and_plan_when_they_cannot_be_then_each_field_says_why_and_nothing_is_saved(desk: RunningDesk) -> None:
    for rule, field, why in BAD_RULES:
        found = save(desk, {"r1": rule, "r2": {"kind": "fill"}}, 0)
        assert found.status_code == 422 and why in found.json()["fields"][field], rule
    for plan, field, why in BAD_PLANS:
        found = save(desk, {}, 0, **plan)
        assert found.status_code == 422 and why in found.json()["fields"][field], plan
    assert desk.get(PATH).json()["version"] == 0


def test_test_when_nobody_could_send_it_then_it_is_refused_and_else_left_for_the_watchdog(desk: RunningDesk) -> None:
    def ask() -> Any:
        return desk.client.post(f"{desk.url}{PATH}/test")

    assert ask().status_code == 409 and "no watchdog runs" in ask().json()["detail"]
    watched(desk, 0)
    assert "no service is set" in ask().json()["detail"]
    watched(desk, 2)
    before = desk.get(PATH).json()
    found = ask().json()
    assert (
        found["test_by"] == "local" and found["version"] == before["version"] and list(found["sent"]) == ["a2", "a1"]
    )
    line = audit(desk)[0]
    assert (line["what"], line["after"]) == ("test alert asked for", {"services": 2})


def test_rules_when_their_file_is_broken_then_it_is_said_and_the_next_save_replaces_it(desk: RunningDesk) -> None:
    desk.write.layout.alert_rules.parent.mkdir(exist_ok=True)
    desk.write.layout.alert_rules.write_bytes(b"{")
    assert "is incomplete JSON" in desk.get(PATH).json()["error"]
    assert save(desk, {"r1": LOSS}, 0).status_code == 200 and desk.get(PATH).json()["error"] == ""
