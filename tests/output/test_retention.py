"""Old day files are packed, old logs and runs removed; nothing else is touched."""

import gzip
import os
from datetime import timedelta
from pathlib import Path

from aion.clock import SystemClock
from aion.config import default_bots
from aion.output.retention import packed, tidy
from aion.store.file import write_json
from aion.store.layout import Layout
from tests.bot.desk import at, log_events, recorded, replay, settings

NOW = SystemClock().now()  # files are dated by the machine
OLD = (NOW - timedelta(days=200)).timestamp()


def age(path: Path) -> Path:
    os.utime(path, (OLD, OLD))
    return path


def test_old_day_files_are_packed_whole_and_the_newest_of_a_bot_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for day in ("2022-05-18", "2022-05-19", "2022-05-20"):
        write_json(layout.sim_log(day, "mine"), {"day": day})
        age(layout.sim_log(day, "mine"))
    write_json(layout.bot_activity("1w", "2022-05-18", "mine"), {"day": "2022-05-18"})
    write_json(layout.bot_activity("1w", "2022-05-19", "mine"), {"day": "2022-05-19"})
    age(layout.bot_activity("1w", "2022-05-18", "mine"))
    foreign = layout.sim_log("2022-05-18", "other")
    write_json(foreign, {})
    write_json(layout.sim_log("2022-05-19", "other"), {})
    age(foreign)
    assert str(tidy(layout, {"mine"}, 180, NOW)) == "3 day files packed"
    first = layout.sim_log("2022-05-18", "mine")
    assert not first.exists() and gzip.decompress(packed(first).read_bytes()) == b'{"day":"2022-05-18"}'
    assert Layout.place(layout.relative(packed(first))) is None  # the desk does not read it any more
    assert layout.sim_log("2022-05-20", "mine").exists() and foreign.exists()
    assert str(tidy(layout, {"mine"}, 180, NOW)) == ""


def test_old_logs_and_runs_are_removed_and_a_run_that_is_being_moved_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir(parents=True)
    for name in ("bots.1.jsonl", "bots.jsonl"):
        (layout.logs / name).write_text("{}\n")
    age(layout.logs / "bots.1.jsonl")
    for run, is_done in (("1", True), ("2", False), ("3", True)):
        write_json(layout.runs / run / "archive.json", {"run": run, "bots": [], "done": is_done})
    age(layout.runs / "1" / "archive.json")
    age(layout.runs / "2" / "archive.json")
    assert str(tidy(layout, (), 180, NOW)) == "1 logs removed, 1 runs removed"
    assert sorted(path.name for path in layout.runs.iterdir()) == ["2", "3"]
    assert [path.name for path in layout.logs.iterdir()] == ["bots.jsonl"]


def test_start_says_what_it_packed_and_does_not_write_it_again(tmp_path: Path) -> None:
    bots = {"swing_1w": default_bots()["swing_1w"]}
    made = settings(tmp_path, bots=bots, run_pause_s=0)
    replay(made, recorded(at("2022-05-19T21:00Z")))
    files = sorted(Layout(tmp_path).bot_logs.rglob("*.json"))
    age(files[0])
    replay(made, recorded(at("2022-05-19T21:00Z")))
    assert not files[0].exists() and packed(files[0]).exists()
    assert "older than 180 days: 1 day files packed" in [each["event"] for each in log_events(tmp_path)]
