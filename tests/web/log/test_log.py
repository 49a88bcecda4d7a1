"""The log of the web process."""

import io
import logging
from pathlib import Path

import orjson
import pytest

from aion.store.document.state import LogLine
from aion.store.layout import Layout
from aion.store.log import rotate
from aion.store.log.process_log import ProcessLog
from aion.web.log.repeat import MAX_KINDS, Repeats, StandardHandler, also


def lines(root: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (root / "logs/web.jsonl").read_bytes().splitlines()]


def test_log_when_an_event_is_written_then_it_is_a_log_line_in_the_file_and_a_line_on_the_console(
    tmp_path: Path,
) -> None:
    console = io.StringIO()
    log = ProcessLog(Layout(tmp_path), "web", "info", console=console)
    log.info("the desk has started", port=3000)
    log.debug("not wanted")
    (line,) = lines(tmp_path)
    LogLine.model_validate(line)
    assert line["port"] == 3000
    assert console.getvalue() == "web the desk has started\n"


def test_log_when_secrets_are_given_then_they_are_masked_everywhere(tmp_path: Path) -> None:
    console = io.StringIO()
    log = ProcessLog(Layout(tmp_path), "web", "info", console=console)
    log.info(
        "login with password=hunter2 and Bearer abc.def",
        cookie="s=hunter2",
        api_key="hunter2",
        url="/x?token=hunter2",
    )
    text = (tmp_path / "logs/web.jsonl").read_text() + console.getvalue()
    assert "hunter2" not in text and "abc.def" not in text and "***" in text


def test_log_when_text_holds_line_breaks_and_escapes_then_it_stays_one_plain_line(tmp_path: Path) -> None:
    console = io.StringIO()
    ProcessLog(Layout(tmp_path), "web", "info", console=console).info('x\n{"level":"error"}\x1b[31m')
    assert len(lines(tmp_path)) == 1
    assert console.getvalue().count("\n") == 1 and "\x1b" not in console.getvalue()


def test_log_when_the_disk_refuses_then_it_is_said_once_and_nothing_stops(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    console = io.StringIO()
    log = ProcessLog(Layout(tmp_path), "web", "info", console=console)
    log.info("one")
    log.info("two")
    assert console.getvalue().count("cannot be written") == 1
    assert console.getvalue().endswith("web two\n")


def test_standard_handler_when_a_library_fails_then_its_traceback_is_in_the_file(tmp_path: Path) -> None:
    logger = logging.getLogger("test.library")
    logger.propagate = False
    logger.handlers = [StandardHandler(ProcessLog(Layout(tmp_path), "web", "info", console=io.StringIO()))]
    try:
        raise ValueError("boom")
    except ValueError:
        logger.exception("it failed")
    (line,) = lines(tmp_path)
    assert line["level"] == "error" and "ValueError: boom" in str(line["traceback"])


def test_log_when_it_is_full_again_and_again_then_warnings_and_errors_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "MAX_LOG_BYTES", 4_000)
    log = ProcessLog(Layout(tmp_path), "web", "info", console=io.StringIO())
    log.error("the kill switch could not be written")
    log.warning("a login gave a wrong password")
    for number in range(500):
        log.info(f'asked {number} "level":"error"')
    files = {path.stem: path.read_text() for path in (tmp_path / "logs").glob("*.jsonl")}
    assert set(files) >= {"web.1", "web.error", "web.warning"}
    assert files["web.error"].count("\n") == 1 and "kill switch" in files["web.error"]
    assert files["web.warning"].count("\n") == 1 and "wrong password" in files["web.warning"]
    assert sum(map(len, files.values())) < 10_000


def test_log_when_warnings_come_without_end_then_errors_stay_and_the_newest_warnings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "MAX_LOG_BYTES", 4_000)
    monkeypatch.setattr(rotate, "MAX_KEPT_BYTES", 2_000)
    log = ProcessLog(Layout(tmp_path), "web", "info", console=io.StringIO())
    log.error("the kill switch could not be written")
    for number in range(500):
        log.warning(f"warning {number}")
    folder = tmp_path / "logs"
    kept = (folder / "web.warning.jsonl").read_text()
    assert "kill switch" in (folder / "web.error.jsonl").read_text()
    assert len(kept) <= 2_000 and "warning 438" in kept and '"warning 1"' not in kept
    assert [orjson.loads(line)["level"] for line in kept.splitlines()] == ["warning"] * kept.count("\n")


def test_library_when_it_says_the_same_without_end_then_it_is_said_once_a_minute_with_a_count() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    a, b = ("a",), ("b",)
    assert [repeats.count(a), repeats.count(a), repeats.count(b), repeats.count(a)] == [0, None, 0, None]
    now[0] = 61.0
    assert repeats.count(a) == 2 and also(2) == {"not_said_since": 2}
    assert sum(repeats.count((number,)) is not None for number in range(10_000)) <= MAX_KINDS
    counted = dict(repeats.unsaid(is_last=True))
    assert sum(counted.values()) == 10_000 - (MAX_KINDS - 1 - 1) - 1, "what is too much to tell apart counts as one"


def test_library_when_its_flood_has_ended_then_the_last_count_is_written_after_a_minute_and_at_the_stop(
    tmp_path: Path,
) -> None:
    now = [0.0]
    handler = StandardHandler(
        ProcessLog(Layout(tmp_path), "web", "info", console=io.StringIO()), now_s=lambda: now[0]
    )
    flood = [logging.LogRecord("lib", logging.ERROR, "x", 1, "lost %s", (number,), None) for number in range(100)]
    for record in flood:
        handler.emit(record)
    handler.say_unsaid()
    assert [line.get("not_said_since") for line in lines(tmp_path)] == [None], "its minute is not over"
    now[0] = 60.0
    handler.say_unsaid()
    handler.say_unsaid()
    assert [line.get("not_said_since") for line in lines(tmp_path)] == [None, 99]
    assert lines(tmp_path)[1]["event"] == "the same came again: lost %s" and lines(tmp_path)[1]["source"] == "lib"
    for record in flood[:7]:
        handler.emit(record)
    handler.say_unsaid(is_last=True)
    assert sum(int(str(line.get("not_said_since", 0))) for line in lines(tmp_path)) == 106
