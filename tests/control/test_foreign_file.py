"""Files in `control/` that are no requests: left aside by name, in nobody's way, over restarts and new runs too."""

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aion.clock import iso
from aion.control.inbox import MOST_NAMED, Inbox
from aion.store.control_id import asked_at, make_id, why_not
from aion.store.file import write_json
from aion.store.layout import DESK, Layout
from tests.bot.desk import WALL, VirtualWaiter, ask, audits, document, id_of, ledger_rows, recorded, replay, settings
from tests.control.play import END, INTRADAY, SOON, orb, play, when


def control(control_id: str, bot: str, action: str = "pause") -> dict[str, str]:
    made = {"schema": "aion/control/1", "id": control_id, "bot": bot, "action": action}
    return made | {"requested_at": iso(WALL), "requested_by": "somebody"}


def valid(path: Path) -> None:
    write_json(path, control(path.stem, path.parent.name))


FUTURE = "c99991231T235959999999-ffff"
HOURS_AHEAD = make_id(WALL + timedelta(hours=40), None, "0")
FOREIGN: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a note": ("note.json", lambda path: path.write_text("{}")),
    "a request by a foreign name": ("zzz.json", valid),
    "wrong case": (f"{id_of(1).upper()}.json", valid),
    "wrong length": (f"{id_of(1)}{'0' * 60}.json", valid),
    "no such day": ("c20301399T000000-1.json", valid),
    "other digits": ("c\u0662\u0660\u0663\u0660\u0660\u0661\u0660\u0661T000000-1.json", valid),
    "the year 9999": (f"{FUTURE}.json", valid),
    "hours in the future": (f"{HOURS_AHEAD}.json", valid),
    "last year": ("c20290101T000000000000-0.json", valid),
    "no JSON file": ("c20300101T000003-1.txt", lambda path: path.write_text("{}")),
    "not text": (os.fsdecode(b"z\xff\xfe.json"), lambda path: path.write_text("{}")),
    "a folder": (f"{id_of(2)}.json", Path.mkdir),
    "a FIFO": (f"{id_of(2)}.json", os.mkfifo),
    "a link": (f"{id_of(2)}.json", lambda path: path.symlink_to("nowhere")),
    "torn": (f"{id_of(2)}.json", lambda path: path.write_text('{"schema": "aion/cont')),
    "of another bot": (f"{id_of(2)}.json", lambda path: write_json(path, control(path.stem, "vwap_ldn"))),
    "an unknown action": (f"{id_of(2)}.json", lambda path: write_json(path, control(path.stem, "orb_ny", "explode"))),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("target", ["orb_ny", DESK])
def test_foreign_file_when_it_lies_there_then_it_is_named_and_each_request_beside_it_is_carried_out(
    tmp_path: Path, name: str, target: str
) -> None:
    file, make = FOREIGN[name]
    path = Layout(tmp_path).controls / target / file
    path.parent.mkdir(parents=True)
    make(path)
    seen: list[dict] = []
    play(
        tmp_path,
        when("2022-05-19T13:30Z", lambda: seen.append(document(Layout(tmp_path).sim_summary)["clock"])),
        when("2022-05-19T13:31Z", lambda: ask(tmp_path, target, "pause", 10)),
        when("2022-05-19T13:35Z", lambda: seen.append(orb(tmp_path))),
        when("2022-05-19T13:40Z", lambda: os.rename(path, path.with_name(".gone"))),
        end=SOON,
    )
    assert len(seen[0]["left_aside"]) == 1
    ((shown, why),) = seen[0]["left_aside"].items()
    assert shown.startswith(f"control/{target}/{file[:1]}") and why
    assert seen[1]["state"] == "paused"
    clock = document(Layout(tmp_path).sim_summary)["clock"]
    assert "left_aside" not in clock, "named as long as it lies there"
    answers = (clock if target == DESK else orb(tmp_path))["control_answers"]
    assert answers == {id_of(10): "done"}
    assert [row.id for row in audits(Layout(tmp_path).ledger)] == [id_of(10)], "nothing else was asked"


def test_foreign_file_when_it_lay_there_then_restart_and_new_run_carry_out_what_is_asked(tmp_path: Path) -> None:
    path = Layout(tmp_path).controls / "orb_ny" / "note.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    made = settings(tmp_path, bots=INTRADAY, run_pause_s=1)

    def stop(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = waiter.elapsed > 10

    for number, changes in enumerate(({}, {}, {"fresh": True}), start=1):
        action = ("pause", "resume", "pause")[number - 1]
        asked = ask(tmp_path, "orb_ny", action, number)
        replay(made.model_copy(update=changes), recorded(END), VirtualWaiter(stop))
        assert orb(tmp_path)["control_answers"][asked] == "done", changes
    assert orb(tmp_path)["state"] == "paused"


@pytest.mark.parametrize("poison", ["note", "zz-top", FUTURE])
@pytest.mark.parametrize("fresh", [False, True])
def test_ledger_that_an_older_version_poisoned_recovers(tmp_path: Path, poison: str, fresh: bool) -> None:
    made = settings(tmp_path, bots=INTRADAY, run_pause_s=1)

    def stop(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = waiter.elapsed > 10

    done = ask(tmp_path, "orb_ny", "resume", 1)
    replay(made, recorded(END), VirtualWaiter(stop))
    skipped = ask(tmp_path, "orb_ny", "flatten", 2)
    connection = sqlite3.connect(Layout(tmp_path).ledger)
    with connection:  # as the version before exact ids left it
        connection.execute("DELETE FROM meta WHERE key = 'note:controls_exact' OR key LIKE 'note:answered:%'")
        connection.execute("INSERT INTO meta VALUES ('note:answered:desk', ?)", (poison,))
        connection.execute(
            "INSERT INTO audit SELECT target, ?, ts, at, action, 'refused: x', value, by, reason FROM audit",
            (poison,),
        )
    connection.close()
    asked: list[str] = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        if waiter.elapsed > 2 and not asked:
            asked.extend((ask(tmp_path, "orb_ny", "pause", 20), ask(tmp_path, DESK, "speed", 21, 30)))
        waiter.is_stopped = waiter.elapsed > 10

    replay(made.model_copy(update={"fresh": fresh}), recorded(END), VirtualWaiter(look))
    answers = orb(tmp_path)["control_answers"]
    assert answers[asked[0]] == "done" and answers[done] == "done" and orb(tmp_path)["state"] == "paused"
    assert document(Layout(tmp_path).sim_summary)["clock"]["speed"] == 30
    assert answers[skipped].startswith("refused: an earlier version of Aion skipped it"), (
        "not carried out by surprise"
    )
    later = ask(tmp_path, "orb_ny", "resume", 30)
    replay(made, recorded(END), VirtualWaiter(stop))
    assert orb(tmp_path)["control_answers"][later] == "done" and orb(tmp_path)["state"] == "active"


def test_requests_when_their_ids_go_back_then_each_is_carried_out_by_its_exact_id(tmp_path: Path) -> None:
    play(
        tmp_path,
        when("2022-05-19T13:30Z", lambda: ask(tmp_path, "orb_ny", "pause", 5 * 3600)),  # a clock that was ahead
        when("2022-05-19T13:40Z", lambda: ask(tmp_path, "orb_ny", "resume", 60)),
        when("2022-05-19T13:50Z", lambda: ask(tmp_path, "orb_ny", "pause", 30)),
    )
    assert orb(tmp_path)["control_answers"] == dict.fromkeys((id_of(5 * 3600), id_of(60), id_of(30)), "done")
    assert orb(tmp_path)["state"] == "paused"


def test_inbox_when_a_folder_is_full_of_foreign_files_then_it_is_listed_once_and_a_few_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Layout(tmp_path).controls / "a"
    folder.mkdir(parents=True)
    for number in range(300):
        (folder / f"n{number:04d}.json").write_text("{}")
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1, 1))
    listed: list[object] = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    inbox = Inbox(Layout(tmp_path), ["a"])
    now = WALL + timedelta(days=3)
    inbox_clock = [now + timedelta(seconds=each / 10) for each in range(40)]
    for at in inbox_clock:
        assert inbox.requests({}, at) == []
    assert len(listed) == 1
    assert len(inbox.left_aside) == MOST_NAMED
    assert list(inbox.left_aside.values())[-1].endswith("(and 295 more like it)")
    asked = make_id(now, None, "0")
    write_json(folder / f"{asked}.json", control(asked, "a"))
    assert [each.id for each in inbox.requests({}, inbox_clock[-1])] == [asked], "a new name is seen at once"


def test_request_that_is_written_in_place_then_it_is_carried_out_once_it_is_whole(tmp_path: Path) -> None:
    path = Layout(tmp_path).control("orb_ny", id_of(1))
    path.parent.mkdir(parents=True)
    text = json.dumps(control(path.stem, "orb_ny"))
    play(
        tmp_path,
        when("2022-05-19T13:30Z", lambda: path.write_text(text[:40])),
        when("2022-05-19T13:31Z", lambda: path.write_text(text)),
    )
    assert orb(tmp_path)["state"] == "paused" and orb(tmp_path)["control_answers"] == {id_of(1): "done"}


def test_two_requests_of_one_microsecond_are_two(tmp_path: Path) -> None:
    one, other = (make_id(WALL, None, suffix) for suffix in "ab")
    for control_id, action in ((one, "pause"), (other, "resume")):
        write_json(Layout(tmp_path).control("orb_ny", control_id), control(control_id, "orb_ny", action))
    play(tmp_path)
    assert orb(tmp_path)["control_answers"] == {one: "superseded: resume was asked right after it", other: "done"}
    assert len(ledger_rows(Layout(tmp_path).ledger)["audit"]) == 2


@pytest.mark.parametrize(
    ("control_id", "is_one"),
    [
        ("c20261124T225901-1", True), ("c20261124T225901123456-0f0f", True), ("C20261124T225901-1", False),
        ("c20261124T225901", False), ("c20261124T225901-", False), ("c20261124T225961-1", False),
        ("c00000101T000000-1", False), ("c20261124T225901-1\n", False), ("", False), ("c20261124T225901-A", False),
    ],
)  # fmt: skip
def test_id_when_it_is_not_of_the_form_then_it_is_none(control_id: str, is_one: bool) -> None:
    assert (asked_at(control_id) is not None) is is_one
    assert (why_not(control_id, asked_at("c20261125T000000-1") or WALL) == "") is is_one


def test_ids_when_the_clock_goes_back_then_they_still_grow() -> None:
    first = make_id(WALL, None, "0")
    second = make_id(WALL - timedelta(hours=5), asked_at(first), "0")
    assert second > first and asked_at(second) == WALL + timedelta(microseconds=1)
