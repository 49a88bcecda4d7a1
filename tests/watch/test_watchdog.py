"""What the watchdog finds, says and clears, by clocks that the test moves."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aion.clock import iso
from aion.config import Settings, default_bots
from aion.store.document.watch import Alarm, WatchedProcess
from aion.store.file import write_json
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.watch.machine import Clocks
from aion.watch.watchdog import START_S, Watchdog
from tests.web.sample import sim_log, summary, swing_rolling

TUESDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Post:
    """Keeps what was handed over."""

    opened: list[dict[str, Alarm]] = field(default_factory=list)
    cleared: list[dict[str, Alarm]] = field(default_factory=list)
    why: str = ""

    def hand_over(self, opened: Any, cleared: Any) -> None:
        self.opened.append(dict(opened))
        self.cleared.append(dict(cleared))

    def failure(self) -> str:
        return self.why


class World:
    """A data folder, clocks, and a watchdog over them."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root / "data")
        self.layout.root.mkdir()
        self.wall_s = TUESDAY.timestamp()
        self.steady_s = self.through_sleep_s = 1000.0
        self.processes: dict[str, WatchedProcess] = {}
        self.rounds = self.failing_rounds = 0
        self.said: list[str] = []
        self.post = Post()
        self.options: dict[str, Any] = {}
        self.dog = self.make()

    def make(self, **watch: Any) -> Watchdog:
        values = {"watch": watch, "alerts": {"repeat_minutes": 10}, "data": self.layout.root}
        clocks = Clocks(lambda: self.wall_s, lambda: self.steady_s, lambda: self.through_sleep_s)
        self.dog = Watchdog(
            Settings(**values), self.layout, self.look_at_processes, self._say, self.post, clocks=clocks
        )
        return self.dog

    def look_at_processes(self) -> dict[str, WatchedProcess]:
        self.rounds += 1
        if self.rounds <= self.failing_rounds:
            raise ValueError("year 11476 is out of range")
        return self.processes

    def _say(self, level: str, text: str, /) -> None:
        self.said.append(f"{level}: {text}")

    def pass_s(self, seconds: float) -> dict[str, Alarm]:
        self.wall_s += seconds
        self.steady_s += seconds
        self.through_sleep_s += seconds
        self.dog.look()
        return self.dog.alarms

    def bot(self, name: str, due_in: timedelta | None, *, written: timedelta = timedelta(), **more: Any) -> None:
        now = datetime.fromtimestamp(self.wall_s, UTC)
        times = {"written_at": iso(now + written)} | ({"due_at": iso(now + due_in)} if due_in is not None else {})
        if name.startswith("swing"):
            write_json(self.layout.swing_rolling(name), swing_rolling(name) | times | more)
        else:
            write_json(self.layout.sim_log("2022-05-19", name), sim_log(name, 1) | times | more)

    @property
    def file(self) -> dict[str, Any]:
        return dict(json.loads(self.layout.watch.read_text()))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield World(tmp_path)


def test_bot_when_past_its_due_time_then_missed_then_dead_then_clear(world: World) -> None:
    world.bot("orb_ny", timedelta(seconds=5))
    assert world.pass_s(14) == {}, "within the grace"
    missed = world.pass_s(2)["bot.orb_ny"]
    assert (missed.kind, missed.level, missed.bot) == ("missed_cycle", "warning", "orb_ny")
    assert missed.text == "orb_ny missed its cycle due at 2026-11-24T12:00:05Z"
    dead = world.pass_s(60)["bot.orb_ny"]
    assert (dead.kind, dead.level) == ("dead_bot", "error") and dead.since == missed.since
    world.bot("orb_ny", timedelta(seconds=5))
    assert world.pass_s(1) == {}
    over = world.dog.cleared["bot.orb_ny"]
    assert over.cleared_at == datetime.fromtimestamp(world.wall_s, UTC)
    assert [line.split(":")[0] for line in world.said] == ["warning", "error", "info"]
    assert world.said[-1].startswith("info: all clear: orb_ny has written nothing")
    assert [sorted(each) for each in world.post.opened] == [["bot.orb_ny"], ["bot.orb_ny"], []]
    assert world.post.opened[1]["bot.orb_ny"].kind == "dead_bot", "the graver one is told at once"
    assert list(world.post.cleared[-1]) == ["bot.orb_ny"]


def test_swing_bot_of_four_weeks_is_not_stale_on_a_tuesday(world: World) -> None:
    world.bot("swing_4w", timedelta(days=28))
    assert world.pass_s(20 * 86_400) == {}
    assert world.pass_s(8 * 86_400 + 11)["bot.swing_4w"].kind == "missed_cycle"
    assert world.pass_s(86_400)["bot.swing_4w"].kind == "dead_bot"


def test_bot_without_a_schedule_is_never_late_but_may_be_in_error(world: World) -> None:
    world.bot("mine", None)
    assert world.pass_s(86_400) == {}
    world.bot("mine", None, state="error", state_reason="the strategy raised KeyError")
    assert world.pass_s(1)["bot.mine"].text == "mine has stopped by itself: the strategy raised KeyError"


def test_bots_while_their_process_is_down_or_just_started_are_not_told_of_one_by_one(world: World) -> None:
    name = next(iter(default_bots()))
    world.bot(name, timedelta(seconds=5))
    world.bot("foreign", timedelta(seconds=5))
    down = WatchedProcess(state="waiting", ended="was killed by SIGKILL", ended_at=TUESDAY, starts_at=TUESDAY)
    world.processes = {"bots": down}
    found = world.pass_s(200)
    assert sorted(found) == ["bot.foreign", "process.bots"]
    now = datetime.fromtimestamp(world.wall_s, UTC)
    world.processes = {"bots": WatchedProcess(state="running", started_at=now)}
    assert f"bot.{name}" not in world.pass_s(START_S)
    assert world.pass_s(30)[f"bot.{name}"].kind == "missed_cycle"


def test_process_that_ended_is_an_alarm_until_it_has_run_for_a_healthy_spell(world: World) -> None:
    ended: dict[str, Any] = {"ended": "ended with status 1: no bars", "ended_at": TUESDAY, "restarts": 2}
    world.processes = {"bots": WatchedProcess(state="waiting", starts_at=TUESDAY + timedelta(seconds=5), **ended)}
    text = world.pass_s(1)["process.bots"].text
    ends = "the process bots ended with status 1: no bars at 12:00:00Z"
    assert text == f"{ends}; it is started again at 12:00:05Z, 2 restarts so far"
    started = TUESDAY + timedelta(seconds=5)
    world.processes = {"bots": WatchedProcess(state="running", started_at=started, **ended)}
    assert "it runs again" in world.pass_s(6)["process.bots"].text
    assert "process.bots" in world.pass_s(55)
    assert world.pass_s(10) == {}
    assert list(world.post.cleared[-1]) == ["process.bots"]


def test_feed_that_is_late_or_down_is_told_with_its_reason(world: World) -> None:
    world.processes = {"bots": WatchedProcess(state="running", started_at=TUESDAY)}
    for state, level in (("late", "warning"), ("down", "error"), ("ok", None)):
        feed = {"state": state, "text": "no answer for 3 min", "last_bar_at": "2026-11-24T11:55:00Z"}
        clock = {"state": "running", "market_time": iso(TUESDAY), "feed": "ccxt", "feed_state": feed}
        write_json(world.layout.sim_summary, summary(1, []) | {"clock": clock})
        found = world.pass_s(1)
        if level is None:
            assert found == {}
        else:
            assert found["feed"].level == level
            said = "feed ccxt: no answer for 3 min; the newest bar is of 2026-11-24T11:55Z"
            assert found["feed"].text == said


def test_disk_that_is_nearly_full_is_told_until_there_is_room_to_spare(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = {"bytes": 0}

    def statvfs(_path: Any) -> os.statvfs_result:
        blocks = room["bytes"] // 4096
        return os.statvfs_result((4096, 4096, 1 << 30, blocks, blocks, 1000, 500, 500, 0, 255))

    monkeypatch.setattr(os, "statvfs", statvfs)
    for megabytes, level in ((2000, None), (900, "warning"), (200, "error"), (1050, "warning"), (1200, None)):
        room["bytes"] = megabytes << 20
        found = world.pass_s(1)
        assert (found["disk.room"].level if found else None) == level, megabytes
    assert list(world.post.cleared[-1]) == ["disk.room"]


@pytest.mark.parametrize(
    ("wall", "steady", "through_sleep", "text"),
    [
        (3602.0, 2.0, 2.0, "the clock jumped forward by 1 h 0 min"),
        (-58.0, 2.0, 2.0, "the clock jumped back by 1 min 0 s"),
        (902.0, 2.0, 902.0, "the machine slept for 15 min 0 s"),
    ],
)
def test_clock_that_jumps_is_told_apart_from_a_machine_that_sleeps(
    world: World, wall: float, steady: float, through_sleep: float, text: str
) -> None:
    assert world.pass_s(2) == {}
    world.wall_s += wall
    world.steady_s += steady
    world.through_sleep_s += through_sleep
    world.dog.look()
    assert world.dog.alarms["clock.wall"].text.startswith(text)
    assert "clock.wall" in world.pass_s(30)
    assert world.pass_s(31) == {}


def test_clock_that_goes_back_does_not_silence_an_alarm(world: World) -> None:
    world.bot("mine", None, state="error", state_reason="x")
    world.pass_s(1)
    world.wall_s -= 3600
    world.dog.look()
    assert "bot.mine" in world.post.opened[-1]


def test_alarm_that_stays_is_handed_over_again_after_the_interval_only(world: World) -> None:
    world.bot("mine", None, state="error", state_reason="x")
    for _ in range(30):
        world.pass_s(30)
    told = [each for each in world.post.opened if each]
    assert len(told) == 2, "at once, and after ten of fifteen minutes"


def test_file_is_valid_written_on_change_only_and_taken_over_by_the_next(world: World) -> None:
    world.bot("mine", None, state="error", state_reason="x")
    world.pass_s(1)
    assert check_file(world.layout.watch) == ([], [])
    before = world.layout.watch.stat().st_mtime_ns, world.file
    world.pass_s(10)
    assert (world.layout.watch.stat().st_mtime_ns, world.file) == before
    since = world.dog.alarms["bot.mine"].since
    world.make()
    assert world.said[-1].startswith("warning: `aion up` did not shut down cleanly")
    world.pass_s(1)
    assert world.dog.alarms["bot.mine"].since == since
    assert len([each for each in world.post.opened if each]) == 1, "what was told is not told again by the next one"
    world.dog.close()
    assert world.file["state"] == "stopped"
    world.said.clear()
    world.make()
    assert world.said == []


def test_file_that_cannot_be_written_or_read_does_not_end_the_watchdog(world: World) -> None:
    world.layout.watch.parent.mkdir()
    world.layout.watch.parent.chmod(0o500)
    world.layout.watch.mkdir() if os.geteuid() == 0 else None  # root writes anywhere: a folder stands in the way
    world.bot("mine", None, state="error", state_reason="x")
    assert "bot.mine" in world.pass_s(1)
    world.pass_s(1)
    assert sum("cannot be written" in line for line in world.said) == 1


def test_broken_state_files_are_judged_by_what_they_said_before(world: World) -> None:
    world.bot("orb_ny", timedelta(seconds=5))
    world.pass_s(1)
    world.layout.sim_log("2022-05-19", "orb_ny").write_bytes(b'{"half')
    world.layout.sim_log("2022-05-19", "other").write_bytes(b"\xff")
    (world.layout.sim_logs / "not a state file").mkdir()
    assert sorted(world.pass_s(30)) == ["bot.orb_ny"]


def test_alert_that_does_not_get_out_is_told_on_the_page(world: World) -> None:
    world.post.why = "json://*** did not take it"
    assert world.pass_s(1)["alerts"].text == "an alert was not delivered: json://*** did not take it"
    world.post.why = ""
    assert world.pass_s(1) == {}


def test_round_that_fails_is_said_once_and_the_next_ones_come_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.watch.watchdog.CHECK_S", 0.01)
    world.failing_rounds = 5
    thread = world.dog.start()
    until = time.monotonic() + 60
    while not world.layout.watch.exists() and time.monotonic() < until:
        time.sleep(0.01)
    world.dog.stop()
    thread.join(20)
    assert world.layout.watch.exists() and world.rounds > 5
    failed = [text for text in world.said if "check failed" in text]
    assert failed == ["error: the watchdog check failed: ValueError: year 11476 is out of range"]
