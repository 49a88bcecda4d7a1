"""What others wrote, on the terminal of whoever looks: no escape, no second line, no bell."""

import io
from pathlib import Path

import orjson
import pytest

from aion.clock import FixedClock
from aion.command import app
from aion.command.inspect import audit_lines, log_lines, status_lines, trade_lines
from aion.store.file import gzip_bytes
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from tests.bot.desk import ask, at, recorded, replay, save_rules, settings
from tests.web.sample import Writer, sim_log, swing_rolling

EVIL = "\x1b[2J\x1b]0;owned\x07\r\n2026-01-01T00:00:00Z  error   up     all positions are sold\x9b31m\u202e\u2028x"


def is_plain(line: str) -> bool:
    return line.isprintable()


def test_status_when_a_state_file_is_evil_then_its_lines_are_plain(tmp_path: Path) -> None:
    layout = Writer(tmp_path).layout
    bad = [
        sim_log("b1", 1) | {"currency": EVIL}, sim_log("b2", 1) | {"schema": EVIL}, sim_log("b3", 1) | {EVIL: None},
        sim_log("b4", 1) | {"positions": {EVIL: {EVIL: EVIL}}}, sim_log("b5", 1) | {"equity": EVIL},
        sim_log("b6", 1) | {"as_of": EVIL},
    ]  # fmt: skip
    layout.sim_logs.mkdir(parents=True)
    for document in bad:
        (layout.sim_logs / f"2022-05-19_{document['bot']}.json").write_bytes(orjson.dumps(document))
    layout.swing.mkdir()
    layout.swing_rolling("s1").write_bytes(gzip_bytes(orjson.dumps(swing_rolling("s1") | {"currency": EVIL})))
    lines = status_lines(tmp_path)
    assert len(lines) == 8 and all(map(is_plain, lines)), lines  # b4 is shown without its position


def test_logs_when_a_line_is_evil_then_it_is_one_plain_line(tmp_path: Path) -> None:
    logs = Layout(tmp_path).logs
    logs.mkdir(parents=True)
    names = ("ts", "level", "process", "event", "bot")
    lines = [{"ts": "2026-01-01T00:00:00Z", "level": "error", "event": "x"} | {name: EVIL} for name in names]
    lines += [
        {"ts": 5, "level": ["error"], "event": {"a": EVIL}},
        {"level": "error", "process": [EVIL], "event": None},
    ]
    (logs / "evil.jsonl").write_bytes(
        b"".join(orjson.dumps(line) + b"\n" for line in lines) + b"\x1b[2J\n\xff\n[1]\n"
    )
    found = log_lines(tmp_path, 100, "debug")
    assert len(found) >= 4 and all(map(is_plain, found)), found


def test_books_when_a_person_wrote_evil_then_tables_are_plain(tmp_path: Path) -> None:
    ask(tmp_path, "orb_ny", "pause", 1, reason=EVIL)
    save_rules(tmp_path, "orb_ny", 1, max_alloc=0.4)
    replay(settings(tmp_path, start=at("2022-05-19T13:25Z")), recorded(at("2022-05-19T13:40Z")))
    for is_csv in (True, False):
        audit = audit_lines(tmp_path, None, is_csv=is_csv)
        assert len(audit) == 3 and all(map(is_plain, audit)), audit
        trades = trade_lines(tmp_path, None, None, is_fills=True, is_csv=is_csv)
        assert all(map(is_plain, trades))


def test_console_when_an_event_is_evil_then_it_is_one_plain_line(tmp_path: Path) -> None:
    desk, bots = io.StringIO(), io.StringIO()
    log = ProcessLog(Layout(tmp_path), "web", "info", console=desk)
    log.warning(f"kill switch of x thrown by {EVIL}", reason=EVIL)
    ProcessLog(Layout(tmp_path), "bots", clock=FixedClock(at("2022-05-19T13:25Z")), console=bots).error(
        EVIL, bot=EVIL
    )
    for console in (desk, bots):
        text = console.getvalue()
        assert text.endswith("\n") and text.count("\n") == 1 and is_plain(text[:-1]), text
    for name in ("web", "bots"):
        raw = Layout(tmp_path).log(name).read_bytes()
        assert raw.count(b"\n") == 1 and b"\x1b" not in raw and b"\r" not in raw


@pytest.mark.parametrize(
    "arguments",
    [["schema", "--check", "{}/evil.json"], ["status", "--data", "{}/" + EVIL], ["logs", "--level", EVIL],
     ["attach", "freqtrade", "--db", "x", "--name", EVIL], ["token", "make", EVIL, "--data", "{}"], [EVIL],
     ["serve", "--data", "{}", "--host", EVIL]],
)  # fmt: skip
def test_command_when_its_input_is_evil_then_what_it_says_is_plain(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "evil.json").write_bytes(orjson.dumps({"schema": EVIL, EVIL: EVIL}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["aion", *(each.format(tmp_path) for each in arguments)])
    assert app.main() in (1, 2)
    said = capsys.readouterr()
    assert (said.out + said.err).strip(), "it says why"
    for line in (said.out + said.err).split("\n"):
        assert is_plain(line), repr(line)
