"""What the desk asks for: carried out once, within a cycle, answered in the state, written down in the ledger."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aion.control.inbox import TO_BE_SAFE, Inbox
from aion.store.file import write_json
from aion.store.layout import DESK, Layout
from tests.bot.desk import (
    VirtualWaiter,
    ask,
    at,
    audits,
    document,
    id_of,
    kill_switch,
    ledger_rows,
    recorded,
    replay,
    save_rules,
    settings,
    sim_logs,
)
from tests.control.play import DAY, END, INTRADAY, SOON, Person, Step, orb, play, when
from tests.ledger.old_ledger import make_version_3

POLL_S = 0.2


def after_looks(count: int, act: Callable[[], object]) -> Step:
    looked = []

    def step(summary: dict) -> bool:
        looked.append(summary)
        if len(looked) <= count:
            return False
        act()
        return True

    return step


def decided(data: Path, action: str, bot: str = "orb_ny") -> list[dict]:
    return [each for each in sim_logs(data, bot)[DAY]["decisions"].values() if each["action"] == action]


def test_pause_when_asked_then_entries_are_refused_until_resume(tmp_path: Path) -> None:
    seen = []
    play(
        tmp_path,
        when("2022-05-19T13:27Z", lambda: ask(tmp_path, "orb_ny", "pause", 1, reason="news at ten")),
        when("2022-05-19T15:00Z", lambda: seen.append(orb(tmp_path))),
        when("2022-05-19T15:00Z", lambda: ask(tmp_path, "orb_ny", "resume", 2)),
    )
    assert seen[0]["state"] == "paused" and seen[0]["control_id"] == id_of(1)
    assert seen[0]["state_reason"] == "paused by ana, 00:00 UTC: news at ten"
    assert not seen[0]["fills"]
    assert any("paused by ana" in each["reason"] for each in decided(tmp_path, "refused"))
    assert orb(tmp_path)["state"] == "active" and orb(tmp_path)["control_id"] == id_of(2)
    rows = [(row.target, row.id, row.action, row.outcome, row.by) for row in audits(Layout(tmp_path).ledger)]
    assert rows == [("orb_ny", id_of(1), "pause", "done", "ana"), ("orb_ny", id_of(2), "resume", "done", "ana")]


def test_flatten_when_a_position_is_held_then_it_is_closed_at_the_next_open_and_stays_flat(tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    play(undisturbed)
    entry = min(orb(undisturbed)["fills"].values(), key=lambda fill: fill["known_at"])
    data = tmp_path / "flattened"
    play(data, when(entry["known_at"], lambda: ask(data, "orb_ny", "flatten")))
    day = orb(data)
    assert day["positions"] == {} and len(day["fills"]) == 2
    last = max(day["fills"].values(), key=lambda fill: fill["known_at"])
    assert last["reason"] == "flatten, asked by ana" and last["decided_at"] <= last["ts"]
    assert day["state"] == "paused"
    assert decided(data, "flatten") and decided(data, "exit")
    assert audits(Layout(data).ledger)[0].action == "flatten"


def test_pause_of_all_bots_when_asked_then_the_clock_answers(tmp_path: Path) -> None:
    play(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "pause")), end=SOON)
    clock = document(Layout(tmp_path).sim_summary)["clock"]
    assert clock["control_id"] == id_of(1)
    for name in ("orb_ny", "vwap_ldn"):
        day = sim_logs(tmp_path, name)[DAY]
        assert day["state"] == "paused" and "control_id" not in day


def test_request_that_cannot_be_read_then_it_is_left_aside_by_name_and_the_others_go_on(tmp_path: Path) -> None:
    torn, short = id_of(1), id_of(2)

    def write() -> None:
        Layout(tmp_path).control("orb_ny", torn).parent.mkdir(parents=True)
        Layout(tmp_path).control("orb_ny", torn).write_text('{"schema": "aion/con')
        write_json(Layout(tmp_path).control("orb_ny", short), {"schema": "aion/control/1", "id": short})
        Layout(tmp_path).control("orb_ny", id_of(4)).with_suffix("").write_text("{}")
        ask(tmp_path, "orb_ny", "pause", 3)

    play(tmp_path, when("2022-05-19T13:40Z", write), end=SOON)
    aside = document(Layout(tmp_path).sim_summary)["clock"]["left_aside"]
    assert "is incomplete JSON" in aside[f"control/orb_ny/{torn}.json"]
    assert "field bot" in aside[f"control/orb_ny/{short}.json"]
    assert aside[f"control/orb_ny/{id_of(4)}"] == "is not a request: its name lacks .json"
    assert [row.outcome for row in audits(Layout(tmp_path).ledger)] == ["done"]
    assert orb(tmp_path)["state"] == "paused" and orb(tmp_path)["control_answers"] == {id_of(3): "done"}


def test_speed_for_one_bot_is_refused(tmp_path: Path) -> None:
    play(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, "orb_ny", "speed", 1, 300)), end=SOON)
    assert orb(tmp_path)["control_error"] == "speed is for all bots together, not for one"


# speed and jumps


def test_run_held_still_answers_within_half_a_second_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    person = Person(tmp_path)
    times = {}

    def note(name: str) -> Step:
        def step(summary: dict) -> bool:
            clock = summary["clock"]
            if name == "held" and clock["state"] != "paused":
                return False
            if name == "flattened" and orb(tmp_path).get("control_id") != id_of(2):
                return False
            times[name] = (waiter.elapsed, clock)
            return True

        return step

    person.steps = [
        when("2022-05-19T14:00Z", lambda: ask(tmp_path, DESK, "speed", 1, 0)),
        note("held"),
        after_looks(60, lambda: times.update(asked=(waiter.elapsed, {}))),
        after_looks(0, lambda: ask(tmp_path, "orb_ny", "flatten", 2)),
        note("flattened"),
        after_looks(0, lambda: ask(tmp_path, DESK, "speed", 3, 300)),
    ]
    waiter = VirtualWaiter(person)
    replay(settings(tmp_path, bots=INTRADAY, run_pause_s=1), recorded(END), waiter)
    assert not person.steps
    held = times["held"][1]
    assert held["speed"] == 0 and held["market_time"] == times["flattened"][1]["market_time"]
    assert times["asked"][0] - times["held"][0] > 10  # it really stood still
    assert times["flattened"][0] - times["asked"][0] <= 2 * POLL_S + 0.1
    assert document(Layout(tmp_path).sim_summary)["clock"]["speed"] == 300
    assert waiter.elapsed < 75  # 35 minutes at 60, a pause of 12 s, 90 minutes at 300


def test_speed_when_changed_holds_over_a_restart_until_the_settings_name_another(tmp_path: Path) -> None:
    def stop(summary: dict) -> bool:
        if summary["clock"]["speed"] != 300:
            return False
        waiter.is_stopped = True
        return True

    person = Person(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "speed", 1, 300)), stop)
    waiter = VirtualWaiter(person)
    made = settings(tmp_path, bots=INTRADAY, run_pause_s=1)
    replay(made, recorded(END), waiter)
    for speed, expected in ((60, 300), (10, 10)):
        seen: list[dict] = []
        waiter = VirtualWaiter(lambda each, _, seen=seen: seen.append(document(Layout(tmp_path).sim_summary)))
        waiter_stop = when("2022-05-19T13:45Z" if speed == 60 else "2022-05-19T13:50Z", lambda: None)

        def look(each: VirtualWaiter, _: float, seen: list[dict] = seen, done: Step = waiter_stop) -> None:
            seen.append(document(Layout(tmp_path).sim_summary))
            each.is_stopped = bool(done(seen[-1]))

        replay(made.model_copy(update={"speed": float(speed)}), recorded(END), VirtualWaiter(look))
        assert {each["clock"]["speed"] for each in seen} == {expected}


@pytest.mark.parametrize("value", ["fast", -1, 1e9, "nan"])
def test_speed_that_is_none_is_refused_and_nothing_changes(tmp_path: Path, value: object) -> None:
    play(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "speed", 1, value)), end=SOON)
    clock = document(Layout(tmp_path).sim_summary)["clock"]
    assert clock["speed"] == 60 and clock["control_id"] == id_of(1)
    assert "is not 0 or a number up to 36000" in clock["control_error"]
    assert decided(tmp_path, "refused")[-1]["reason"].startswith("speed ")


def test_jump_forward_runs_the_skipped_bars_through_the_same_code(tmp_path: Path) -> None:
    end = at("2022-05-20T03:00Z")
    plain, jumped = tmp_path / "plain", tmp_path / "jumped"
    play(plain, end=end)
    person = play(jumped, when("2022-05-19T13:40Z", lambda: ask(jumped, DESK, "jump", 1, "2022-05-20")), end=end)
    first, second = ledger_rows(plain / "ledger.sqlite"), ledger_rows(jumped / "ledger.sqlite")
    for table in ("fills", "trades", "orders", "movements", "equity"):
        assert first[table] == second[table] and first[table]
    states = [(each["clock"]["state"], each["clock"]["market_time"]) for each in person.seen]
    assert not [
        time for state, time in states if "2022-05-19T13:45Z" < time < "2022-05-19T20:00Z" and state == "running"
    ]
    assert [state for state, time in states if time > "2022-05-20T01:31Z"]


def test_jump_back_starts_another_run_at_that_day(tmp_path: Path) -> None:
    person = play(
        tmp_path,
        when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "jump", 1, "2022-05-18")),
        end=at("2022-05-19T13:50Z"),
        runs=2,
        speed=600,
    )
    summary = document(Layout(tmp_path).sim_summary)
    assert summary["run"] == "2" and summary["clock"]["control_id"] == id_of(1)
    assert (tmp_path / "runs/1/ledger.sqlite").exists()
    last = document(Layout(tmp_path / "runs/1").sim_summary)["clock"]["control_answers"][id_of(1)]
    assert last == "accepted: another run begins there", "the next one alone says done"
    assert summary["clock"]["control_answers"][id_of(1)] == "done"
    seen = [each for each in person.seen if each["run"] == "2" and each["clock"]["state"] == "running"]
    assert seen[0]["clock"]["market_time"] < "2022-05-19T08:00Z"
    assert sorted(sim_logs(tmp_path, "orb_ny")) == ["2022-05-18", "2022-05-19"]


def test_jump_back_when_the_bots_are_restarted_before_the_other_run_is_not_called_done(tmp_path: Path) -> None:
    step = when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "jump", 1, "2022-05-18"))
    play(tmp_path, step, end=at("2022-05-19T13:50Z"), runs=1)
    play(tmp_path, end=at("2022-05-19T13:50Z"), runs=1)
    summary = document(Layout(tmp_path).sim_summary)
    refused = "refused: the bots were restarted before the other run began; ask again"
    assert summary["run"] == "1" and summary["clock"]["control_answers"][id_of(1)] == refused
    assert [row.outcome for row in audits(Layout(tmp_path).ledger)] == [refused]


@pytest.mark.parametrize(("day", "why"), [("1999-01-04", "the tape has "), ("soon", "is not a date such as")])
def test_jump_to_a_day_that_is_not_on_the_tape_is_refused(tmp_path: Path, day: str, why: str) -> None:
    play(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "jump", 1, day)), end=SOON)
    assert why in document(Layout(tmp_path).sim_summary)["clock"]["control_error"]
    assert any(why in each["reason"] for each in decided(tmp_path, "refused"))


def test_live_feed_refuses_speed_and_jump_in_a_recorded_decision(tmp_path: Path) -> None:
    feed = recorded(SOON)
    feed.real_time = True
    person = Person(
        tmp_path,
        when("2022-05-19T13:40Z", lambda: ask(tmp_path, DESK, "speed", 1, 10)),
        when("2022-05-19T13:42Z", lambda: ask(tmp_path, DESK, "jump", 2, "2022-05-20")),
    )
    replay(settings(tmp_path, bots=INTRADAY, run_pause_s=1), feed, VirtualWaiter(person))
    outcomes = [row.outcome for row in audits(Layout(tmp_path).ledger)]
    assert outcomes == ["refused: a live feed has the speed of the market", "refused: a live feed cannot jump"]


# once, and for the right run


def test_request_that_was_carried_out_is_not_repeated_by_a_restart(tmp_path: Path) -> None:
    person = Person(tmp_path, when("2022-05-19T13:40Z", lambda: ask(tmp_path, "orb_ny", "flatten")))

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        person(waiter, seconds)
        waiter.is_stopped = waiter.elapsed > 30

    made = settings(tmp_path, bots=INTRADAY, run_pause_s=1)
    for _ in range(2):
        replay(made, recorded(END), VirtualWaiter(look))
    replay(made, recorded(END))
    assert len(audits(Layout(tmp_path).ledger)) == 1 and len(decided(tmp_path, "flatten")) == 1
    assert orb(tmp_path)["state"] == "paused"


def test_requests_of_before_a_ledger_that_was_lost_are_of_no_run(tmp_path: Path) -> None:
    old = ask(tmp_path, "orb_ny", "pause", -60)
    play(tmp_path)
    assert audits(Layout(tmp_path).ledger) == [] and orb(tmp_path)["state"] == "active"
    assert orb(tmp_path)["control_answers"] == {old: "superseded: it was asked before this ledger was made"}


# kill switches


def test_kill_switch_when_on_then_flat_and_stopped_and_when_off_then_active(tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    play(undisturbed)
    entry = min(orb(undisturbed)["fills"].values(), key=lambda fill: fill["known_at"])
    data = tmp_path / "killed"
    seen = []
    play(
        data,
        when(entry["known_at"], lambda: kill_switch(data, "orb_ny", "wrong prices")),
        when("2022-05-19T15:00Z", lambda: seen.append(orb(data))),
        when("2022-05-19T15:00Z", lambda: Layout(data).kill("orb_ny").unlink()),
        when("2022-05-19T15:02Z", lambda: seen.append(orb(data))),
    )
    assert (
        seen[0]["state"] == "stopped" and seen[0]["state_reason"] == "stopped by kill switch, 00:00 UTC: wrong prices"
    )
    assert seen[0]["positions"] == {} and len(seen[0]["fills"]) == 2
    assert seen[1]["state"] == "active" and "state_reason" not in seen[1]
    assert [row.action for row in audits(Layout(data).ledger)] == ["kill", "clear"]
    assert sim_logs(data, "vwap_ldn")[DAY]["state"] == "active"


def test_kill_switch_of_all_stops_every_bot_and_is_said_by_the_clock(tmp_path: Path) -> None:
    play(tmp_path, when("2022-05-19T13:40Z", lambda: kill_switch(tmp_path, DESK)), end=SOON)
    assert (
        document(Layout(tmp_path).sim_summary)["clock"]["killed"] == "stopped by kill switch of all bots, 00:00 UTC"
    )
    assert {sim_logs(tmp_path, name)[DAY]["state"] for name in ("orb_ny", "vwap_ldn")} == {"stopped"}


def test_kill_switch_of_before_the_start_stops_before_the_first_bar(tmp_path: Path) -> None:
    kill_switch(tmp_path, "orb_ny")
    play(tmp_path)
    assert orb(tmp_path)["fills"] == {} and orb(tmp_path)["orders"] == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text(""),
        lambda path: path.write_text("{}"),
        lambda path: path.write_bytes(b"\xff\x00"),
        Path.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("nowhere"),
    ],
)
def test_kill_switch_that_cannot_be_read_stops(tmp_path: Path, make: Callable[[Path], object]) -> None:
    layout = Layout(tmp_path)
    inbox = Inbox(layout, ["a"])
    assert inbox.killed("a") == "" == inbox.killed(DESK)
    layout.kill("a").parent.mkdir(parents=True)
    make(layout.kill("a"))
    assert TO_BE_SAFE in inbox.killed("a") and len(inbox.killed("a")) < 400
    assert inbox.killed(DESK) == ""


def test_kill_switches_when_their_folder_is_no_folder_then_stop(tmp_path: Path) -> None:
    Layout(tmp_path).controls.write_text("")
    assert TO_BE_SAFE in Inbox(Layout(tmp_path), ["a"]).killed(DESK)


# rules


def test_rules_saved_on_the_desk_are_taken_and_said(tmp_path: Path) -> None:
    play(
        tmp_path,
        when("2022-05-19T13:40Z", lambda: save_rules(tmp_path, "orb_ny", 3, stop_loss=0.02, allow_short=False)),
        end=SOON,
    )
    day = orb(tmp_path)
    assert day["config_version"] == 3 and day["rules"]["stop_loss"] == 0.02 and day["rules"]["allow_short"] is False
    assert decided(tmp_path, "rules")[0]["reason"] == (
        "rules of version 3: stop_loss 0.01 -> 0.02, allow_short True -> False"
    )
    record = audits(Layout(tmp_path).ledger)[0]
    assert (record.action, record.value, record.by, record.outcome) == ("rules", "3", "ana", "done")


def test_rules_that_cannot_work_are_refused_and_the_old_ones_stay(tmp_path: Path) -> None:
    play(
        tmp_path,
        when("2022-05-19T13:40Z", lambda: save_rules(tmp_path, "orb_ny", 1, max_alloc=0.25)),
        when("2022-05-19T13:42Z", lambda: save_rules(tmp_path, "orb_ny", 2, stop_loss=7)),
        when("2022-05-19T13:44Z", lambda: save_rules(tmp_path, "vwap_ldn", 1, stop_los=0.1)),
        end=SOON,
    )
    day = orb(tmp_path)
    assert day["config_version"] == 1 and day["rules"]["max_alloc"] == 0.25 and day["rules"]["stop_loss"] == 0.01
    assert day["config_error"].startswith("version 2: stop_loss = 7") and "less than 1" in day["config_error"]
    assert "there is no rule 'stop_los'; known: " in sim_logs(tmp_path, "vwap_ldn")[DAY]["config_error"]
    assert [row.outcome[:7] for row in audits(Layout(tmp_path).ledger)] == ["done", "refused", "refused"]


def test_rules_survive_a_restart_and_go_with_their_file(tmp_path: Path) -> None:
    made = settings(tmp_path, bots=INTRADAY, run_pause_s=1)

    def stop(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = waiter.elapsed > 30

    save_rules(tmp_path, "orb_ny", 1, max_alloc=0.25)
    replay(made, recorded(END), VirtualWaiter(stop))
    Layout(tmp_path).config("orb_ny").write_text("{")
    replay(made, recorded(END), VirtualWaiter(stop))
    day = orb(tmp_path)
    assert day["rules"]["max_alloc"] == 0.25 and day["config_version"] == 1
    assert "is incomplete JSON" in day["config_error"]
    Layout(tmp_path).config("orb_ny").unlink()
    replay(made, recorded(END))
    day = orb(tmp_path)
    assert day["rules"]["max_alloc"] == 0.5 and day["config_version"] == 0 and "config_error" not in day
    assert [row.action for row in audits(Layout(tmp_path).ledger)] == ["rules", "rules", "rules"]


def by_name(rows: list[tuple]) -> list[dict]:
    """Rows of a table that was made at once are those of one that got its columns one after the other."""
    return sorted((dict(sorted(row._asdict().items())) for row in rows), key=repr)


def test_ledger_of_before_controls_is_brought_up_to_date_and_goes_on(tmp_path: Path) -> None:
    expected, data = tmp_path / "expected", tmp_path / "old"
    play(expected)
    middle = at("2022-05-19T14:20Z")

    def stop(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = at(document(Layout(data).sim_summary)["clock"]["market_time"]) >= middle

    made = settings(data, bots=INTRADAY, run_pause_s=1)
    replay(made, recorded(END), VirtualWaiter(stop))
    connection = sqlite3.connect(Layout(data).ledger)
    with connection:  # as version 1 wrote it
        connection.execute("DROP TABLE audit")
        make_version_3(connection)
        connection.execute("ALTER TABLE trades DROP COLUMN borrow_cents")
        for bot, state in connection.execute("SELECT bot, state FROM accounts").fetchall():
            older = json.loads(state)
            for name in ("control", "standing", "config", "gate", "jumped"):
                older.pop(name)
            older["control_id"] = id_of(1)
            connection.execute("UPDATE accounts SET state = ? WHERE bot = ?", (json.dumps(older), bot))
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    replay(made, recorded(END))
    rows, others = ledger_rows(expected / "ledger.sqlite"), ledger_rows(data / "ledger.sqlite")
    for table in ("fills", "trades", "orders", "movements", "equity"):
        assert by_name(rows[table]) == by_name(others[table]), table
    assert orb(data)["control_id"] == id_of(1) and audits(Layout(data).ledger) == []
