import io
import json
import sys
import threading
from pathlib import Path

import pytest

from aion.clock import FixedClock
from aion.store.document.state import LogLine
from aion.store.layout import Layout
from aion.store.log import rotate
from aion.store.log.process_log import ProcessLog
from tests.bot.desk import at


def made(folder: Path, **options: object) -> tuple[ProcessLog, io.StringIO, Path]:
    console = io.StringIO()
    layout = Layout(folder)
    return (
        ProcessLog(layout, "bots", clock=FixedClock(at("2030-01-01T00:00Z")), console=console, **options),
        console,
        (layout.log("bots")),
    )


def test_line_is_valid_and_carries_its_fields(tmp_path: Path) -> None:
    log, console, path = made(tmp_path)
    log.info("hello", bot="orb", cycle_id="c1", market_time=at("2022-05-19T13:31Z"), extra=None)
    value = json.loads(path.read_text())
    assert value == {
        "ts": "2030-01-01T00:00Z",
        "level": "info",
        "process": "bots",
        "event": "hello",
        "bot": "orb",
        "cycle_id": "c1",
        "market_time": "2022-05-19T13:31Z",
    }
    LogLine.model_validate(value)
    assert console.getvalue() == "bots 2022-05-19T13:31Z [orb] hello\n"


def test_error_carries_the_traceback(tmp_path: Path) -> None:
    log, console, path = made(tmp_path)
    try:
        raise ValueError("no")
    except ValueError as error:
        log.error("it failed", error=error)
    assert "ValueError: no" in json.loads(path.read_text())["traceback"]
    assert console.getvalue() == "bots error: it failed\n"


def test_line_below_the_level_is_left_out_and_a_quiet_one_stays_off_the_console(tmp_path: Path) -> None:
    log, console, path = made(tmp_path, level="info")
    log.debug("nothing")
    log.info("quiet", is_quiet=True)
    log.warning("loud")
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["quiet", "loud"]
    assert console.getvalue() == "bots warning: loud\n"


def test_log_that_cannot_be_written_says_so_once_and_goes_on(tmp_path: Path) -> None:
    log, console, path = made(tmp_path)
    path.mkdir(parents=True)  # a folder stands where the file should be
    log.info("one")
    log.info("two")
    assert console.getvalue() == "bots warning: the log cannot be written: Is a directory\nbots one\nbots two\n"


def test_full_log_is_kept_once_beside_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate, "MAX_LOG_BYTES", 200)
    log, _, path = made(tmp_path)
    for number in range(4):
        log.info(f"line {number} of some length")
    older = path.with_name("bots.1.jsonl")
    assert older.stat().st_size <= 300
    lines = older.read_text().splitlines() + (path.read_text().splitlines() if path.exists() else [])
    assert json.loads(lines[-1])["event"] == "line 3 of some length"


def test_lines_of_many_threads_are_whole_while_the_log_is_rotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "MAX_LOG_BYTES", 20_000)
    log, console, path = made(tmp_path)

    def write(thread: int) -> None:
        for number in range(200):
            log.warning(f"{thread} {number}", thread=thread)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # else a thread is hardly ever interrupted within a line
    try:
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(usual)
    kept = [json.loads(line) for file in path.parent.iterdir() for line in file.read_text().splitlines()]
    assert len(kept) == len(console.getvalue().splitlines()) == 800, "warnings outlive two rotations"
