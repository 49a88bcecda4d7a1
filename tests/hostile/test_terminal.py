"""Escapes in what others named: no command prints one, and there is one place that prints."""

import io
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aion.command import app
from aion.terminal import clean, say, take_tracebacks
from tests.adapter.freqtrade_file import TRADES

ROOT = Path(__file__).parents[2]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066\u200f"
OWN = {"aion/terminal.py", "aion/store/log/process_log.py", "aion/watch/deliver.py"}
"""What writes by itself: the logs, which clean each line, and one that speaks JSON to its parent."""


def test_terminal_when_anything_is_said_then_one_module_writes_it() -> None:
    writes = re.compile(r"typer\.(echo|secho)\(|(?<![\w.])print\(|click\.echo|std(out|err)\.write\((?!said\()")
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "aion").rglob("*.py")
        if str(path.relative_to(ROOT)) not in OWN
        for line in path.read_text("utf-8").splitlines()
        if writes.search(line)
    }
    assert found == set()


def is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_text_when_evil_then_nothing_is_left_that_a_terminal_obeys() -> None:
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x2000, 0x2070), 0xFEFF, 0xE0001]))
    assert is_plain(clean(every)) and clean("a\tb\nc") == "a    b\nc"
    assert clean("ü 漢 🧨 |") == "ü 漢 🧨 |"


def test_text_when_the_terminal_cannot_show_it_then_it_is_written_in_other_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", console)
    say("漢 \ud800")
    console.seek(0)
    assert console.read() == "\\u6f22 ?\n"


COMMANDS: list[list[str]] = [
    ["import", "{0}/{1}.csv", "--exchange", "24/7", "--to", "{0}/bars", "--currency", "USDT", "--format", "csv"],
    ["import", "{0}/{1}.csv", "--exchange", "{1}", "--to", "{0}/bars"],
    ["import", "{0}/none{1}.csv", "--exchange", "24/7", "--format", "csv"],
    ["declare", "{0}/bars{1}", "--jump", "{1}:2022-05-19"],
    ["attach", "freqtrade", "--db", "{0}/{1}.sqlite", "--data", "{0}/data{1}", "--name", "ft"],
    ["attach", "freqtrade", "--db", "{0}/{1}.csv", "--name", "ft"],
    ["init", "{0}/{1}.toml"],
    ["init", "{0}/none{1}/a.toml"],
    ["status", "--config", "{0}/evil.toml"],
    ["backtest", "--strategy", "{1}"],
    ["backup", "{0}/copy{1}", "--data", "{0}/data{1}"],
    ["trades", "--data", "{0}/data{1}"],
    ["export", "{0}/out{1}", "--data", "{0}/{1}"],
    ["schema", "--check", "{0}/{1}.csv"],
    ["schema", "{1}"],
    ["admit", "{1}", "--data", "{0}/data{1}"],
    ["up", "--{1}"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=[" ".join(each[:2])[:30] for each in COMMANDS])
def test_command_when_names_are_evil_then_what_it_prints_is_plain(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    row = f"2022-05-19T13:31:00Z,1,2,0,1,5,{EVIL}\n"
    (tmp_path / f"{EVIL}.csv").write_text(f"ts,open,high,low,close,volume,symbol\n{row}")
    (tmp_path / "evil.toml").write_text('[bots."\\u001b[2J"]\nkind = "\\u001b[2J"\n')
    connection = sqlite3.connect(tmp_path / f"{EVIL}.sqlite")
    connection.executescript(
        TRADES.replace("kraken", EVIL).replace("Sample", EVIL).replace("BTC/USDT", f"{EVIL}/USDT")
    )
    connection.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["aion", *(each.format(tmp_path, EVIL) for each in arguments)])
    app.main()
    said = capfd.readouterr()  # a backtest prints in a process of its own
    assert (said.out + said.err).strip()
    assert is_plain(said.out) and is_plain(said.err), (said.out, said.err)


def test_traceback_when_nobody_caught_it_then_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.excepthook
    try:
        take_tracebacks()
        error = ValueError(EVIL)
        sys.excepthook(ValueError, error, None)
    finally:
        sys.excepthook = before
    said = capsys.readouterr().err
    assert "ValueError" in said and is_plain(said)


def test_command_when_its_arguments_are_bytes_of_no_text_then_it_says_so_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "status", "--data", b"/nowhere/\xff\x1b[2J"], capture_output=True, cwd=ROOT,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and b"Traceback" not in done.stderr and b"\x1b" not in done.stderr, done.stderr
