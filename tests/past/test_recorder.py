"""The recorder over real files: what it records, when, and what it says of what it could not see."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from aion.config import Settings
from aion.live.disk.watcher import Changes
from aion.past.day import RecordedDay
from aion.past.folder import DayFile, PastFolder
from aion.past.recorder import Recorder, is_state
from aion.store.file import write_json
from aion.store.layout import Layout
from tests.process.wait import wait_for
from tests.web.sample import Writer, sim_log

ROOT = Path(__file__).parents[2]


class Clock:
    """A wall clock and a monotonic one that a test moves."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 30, 14, tzinfo=UTC)
        self.mono = 100.0

    def pass_s(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


class Desk:
    """A data folder with a recorder."""

    def __init__(self, root: Path, **more: object) -> None:
        self.root, self.clock, self.said = root, Clock(), list[str]()
        self.write = Writer(root)
        self.settings = Settings.model_validate({"data": root, **more})
        self.recorder = self.start()

    def start(self) -> Recorder:
        self.recorder = Recorder(
            self.settings, lambda _, text: self.said.append(text), lambda: self.clock.wall, lambda: self.clock.mono
        )
        return self.recorder

    def begin(self) -> None:
        (self.root / "past").mkdir(parents=True, exist_ok=True)
        self.recorder.begin()

    def told(self, *paths: Path) -> None:
        changes = Changes()
        changes.paths = {self.write.layout.relative(path) for path in paths}
        self.recorder.take(changes)
        self.recorder.rest()

    def day(self, bot: str, kind: str = "intraday") -> RecordedDay:
        file = DayFile("swing" if kind == "swing" else "intraday", bot, self.clock.wall.date().isoformat())
        return RecordedDay.read(PastFolder(self.root).path(file), file.day, file.relative)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data")


def test_each_bot_is_recorded_at_the_start_and_then_what_changes(desk: Desk) -> None:
    paths = [desk.write.day("orb", 1), desk.write.swing("slow")]
    desk.begin()
    for minute in (2, 3):
        desk.clock.pass_s(60)
        desk.told(desk.write.day("orb", minute))
    day = desk.day("orb")
    assert [day.document(i)["cycle_id"] for i in range(3)] == ["c1", "c2", "c3"] and len(day.states) == 3
    assert "bars" not in day.document(2)
    assert len(desk.day("slow", "swing").states) == 1 and not desk.said
    desk.told(*paths)
    assert len(desk.day("slow", "swing").states) == 1, "what is the same is not recorded again"


def test_of_what_comes_fast_the_newest_is_recorded_once_an_interval(desk: Desk) -> None:
    desk.begin()
    for minute in range(1, 60):
        desk.clock.pass_s(1)
        desk.told(desk.write.day("orb", minute))
    desk.recorder.end()
    found = [desk.day("orb").document(i)["cycle_id"] for i in range(len(desk.day("orb").states))]
    assert found == ["c1", "c11", "c21", "c31", "c41", "c51", "c59"]


def test_a_file_of_an_older_day_is_not_the_state_and_a_new_run_begins_again(desk: Desk) -> None:
    desk.write.day("orb", 1, day="2022-05-18")
    newest = desk.write.day("orb", 2)
    desk.begin()
    desk.clock.pass_s(60)
    desk.told(desk.write.day("orb", 9, day="2022-05-18"))
    assert len(desk.day("orb").states) == 1
    newest.unlink()
    desk.clock.pass_s(60)
    desk.told(newest)
    assert [desk.day("orb").document(i)["cycle_id"] for i in (0, 1)] == ["c2", "c9"]


def test_a_file_that_cannot_be_read_is_a_hole_and_said_once(desk: Desk) -> None:
    path = desk.write.day("orb", 1)
    other = desk.write.day("vwap", 1)
    desk.begin()
    for _ in range(3):
        desk.clock.pass_s(20)
        path.write_text("{")
        desk.told(path, other)
    desk.clock.pass_s(20)
    desk.told(desk.write.day("orb", 2))
    day = desk.day("orb")
    (hole,) = day.holes
    assert hole.why == "the bot's file could not be read" and hole.end_ms - hole.start_ms == 60_000
    assert day.document(1)["cycle_id"] == "c2"
    assert len(desk.said) == 1 and "not recorded until it can be read" in desk.said[0]
    assert desk.day("vwap").holes == []


def test_a_time_without_a_recorder_is_a_hole_from_when_it_was_last_at_work(desk: Desk) -> None:
    desk.write.day("orb", 1)
    desk.begin()
    desk.clock.pass_s(60)
    desk.recorder.rest()
    desk.clock.pass_s(600)
    desk.write.day("orb", 9)
    desk.start()
    desk.begin()
    (hole,) = desk.day("orb").holes
    assert hole.end_ms - hole.start_ms == 600_000 and hole.why == "no recorder was running"
    assert len(desk.day("orb").states) == 2


def test_a_disk_that_refuses_is_said_once_and_recorded_whole_when_it_takes_again(desk: Desk) -> None:
    path = desk.write.day("orb", 1)
    desk.begin()
    folder = desk.root / "past" / "intraday" / "orb"
    folder.rename(folder.with_name("away"))
    folder.write_text("a file in its place")
    for minute in (2, 3):
        desk.clock.pass_s(60)
        desk.told(desk.write.day("orb", minute))
    assert len(desk.said) == 1 and "orb cannot be recorded" in desk.said[0]
    folder.unlink()
    folder.with_name("away").rename(folder)
    desk.clock.pass_s(60)
    desk.told(desk.write.day("orb", 4))
    day = desk.day("orb")
    assert [day.document(i)["cycle_id"] for i in range(len(day.states))] == ["c1", "c4"] and path.exists()


def test_where_no_events_come_files_are_compared(desk: Desk) -> None:
    desk.write.day("orb", 1)
    desk.begin()
    desk.clock.pass_s(60)
    desk.write.day("orb", 22)
    desk.recorder.compare()
    desk.recorder.rest()
    assert len(desk.day("orb").states) == 2


def test_only_states_are_watched() -> None:
    told = ["intraday/sim_logs/2022-05-19_orb.json", "swing/rolling_a.json.gz", "intraday/rolling.json.gz",
            "control/orb/kill.json", "swing/rolling_../x.json.gz"]  # fmt: skip
    assert [is_state(path) for path in told] == [True, True, False, False, False]


def test_record_as_a_process_records_what_is_written_and_is_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    command = [sys.executable, "-m", "aion", "record", "--data", str(layout.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AION_PAST_INTERVAL_S": "0.1"}
    first = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        folder = PastFolder(layout.root)
        wait_for(folder.seen.exists)
        second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert second.returncode == 2 and "another recorder is at work" in second.stderr
        for minute in (1, 2):
            write_json(layout.sim_log("2022-05-19", "orb"), sim_log("orb", minute))
            wait_for(partial(_has_cycle, folder, f"c{minute}"))
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
        assert first.stderr is not None and "2 states recorded" in first.stderr.read()
    finally:
        first.kill()
        first.wait(30)
        assert first.stderr is not None
        first.stderr.close()


def _has_cycle(folder: PastFolder, cycle: str) -> bool:
    days = [RecordedDay.read(folder.path(file), file.day, file.relative) for file in folder.files()]
    return any(day.document(i)["cycle_id"] == cycle for day in days for i in range(len(day.states)))
