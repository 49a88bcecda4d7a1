"""Databases and settings that are no files: refused at once, by name; nothing is waited for and nothing followed."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aion.errors import AionError, ConfigError
from aion.ledger.ledger import Ledger
from aion.ledger.query import read_ledger
from aion.secret import read_secret
from aion.store.database import check_database
from aion.web.security.lockout import read_lockouts
from aion.web.security.store import DeskStore
from tests.holder import STRANGE

ROOT = Path(__file__).parents[2]
SOON_S = 100
KINDS = pytest.mark.parametrize("kind", STRANGE)


def put(kind: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    STRANGE[kind][0](path)


@KINDS
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_database_when_a_part_of_it_is_no_file_then_it_is_refused_by_name(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    check_database(path)
    sqlite3.connect(path).close()
    path.unlink(missing_ok=True)
    put(kind, tmp_path / f"ledger.sqlite{suffix}")
    with pytest.raises(sqlite3.OperationalError, match=f"^ledger.sqlite{suffix} is (a link|not a regular file)"):
        check_database(path)


@KINDS
def test_ledger_and_logins_when_they_are_no_files_then_nobody_opens_them(kind: str, tmp_path: Path) -> None:
    for name in ("ledger.sqlite", "desk.sqlite"):
        put(kind, tmp_path / name)
        (tmp_path / "target").unlink(missing_ok=True)
    with pytest.raises(AionError, match=r"ledger\.sqlite is (a link|not a regular file)"):
        Ledger(tmp_path / "ledger.sqlite", mode="replay", run="1")
    with (
        pytest.raises(AionError, match=r"ledger\.sqlite is (a link|not a regular file)"),
        read_ledger(tmp_path / "ledger.sqlite"),
    ):
        pass
    with pytest.raises(AionError, match=r"desk\.sqlite is (a link|not a regular file)"):
        DeskStore(tmp_path / "desk.sqlite")
    assert read_lockouts(tmp_path / "desk.sqlite", 0) == []
    assert not (tmp_path / "target").exists() and not (tmp_path / "nowhere").exists(), "nothing is made elsewhere"


def aion(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AION_DATA": str(data), "AION_PORT": "0"}
    return subprocess.run(
        [sys.executable, "-m", "aion", *words], cwd=data.parent, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SOON_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "dangling link"])
@pytest.mark.parametrize(
    ("name", "words"),
    [("desk.sqlite", ("serve",)), ("ledger.sqlite", ("run",)), ("ledger.sqlite", ("trades",)),
     ("desk.sqlite", ("token", "list"))],
    ids=str,
)  # fmt: skip
def test_command_when_a_database_is_no_file_then_it_ends_with_one_sentence(
    kind: str, name: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    put(kind, tmp_path / "data" / name)
    done = aion(*words, data=tmp_path / "data")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"{name} is" in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["given.toml", "aion.toml"])
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_settings_when_their_file_is_none_then_it_is_refused_at_once(kind: str, name: str, tmp_path: Path) -> None:
    put(kind, tmp_path / name)
    words = ("status", "--config", name) if name == "given.toml" else ("status",)
    done = aion(*words, data=tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.strip() == f"aion: {name}: it is not a regular file"


def test_settings_when_they_are_a_link_that_somebody_named_then_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("speed = -1\n")
    (tmp_path / "aion.toml").symlink_to("real.toml")
    done = aion("status", data=tmp_path / "data")
    assert "speed = -1 cannot work" in done.stderr


def test_secret_when_its_file_is_a_pipe_then_it_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "word")
    with pytest.raises(ConfigError, match="word cannot be read: it is not a regular file"):
        read_secret("password", {"AION_PASSWORD_FILE": str(tmp_path / "word")})
