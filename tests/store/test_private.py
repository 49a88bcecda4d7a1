"""Another user of the machine: he may neither read the data folder nor block its locks."""

import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aion.command.backup import back_up
from aion.command.doctor import checks
from aion.config import Settings
from aion.ledger.ledger import Ledger
from aion.process.supervisor import take_folder
from aion.store.layout import FOLDERS, Layout
from aion.store.private import keep_private, open_to_others
from aion.web.security import command
from aion.web.security.store import DeskStore

ROOT = Path(__file__).parents[2]
NEIGHBOUR = 65_534  # nobody
LOOK = """
import fcntl, json, os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))
seen = []
def look(path):
    try:
        with open(path, "rb") as file:
            seen.append([path, "read"])
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen.append([path, "held"])
            except OSError:
                pass
    except OSError:
        pass
top = sys.argv[1]
for folder, folders, files in os.walk(top):
    for name in files:
        look(os.path.join(folder, name))
for line in sys.stdin.read().split("\\n"):  # names that it knows without being shown them
    if line:
        look(line)
print(json.dumps(seen))
"""

needs_root = pytest.mark.usefixtures("_root")


@pytest.fixture
def _root() -> None:
    assert os.geteuid() == 0, "run as root, as in a container: nobody else becomes another user"


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data folder that a neighbour gets to, if it lets him."""
    for parent in (tmp_path, *tmp_path.parents):
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path / "data"


def neighbour(folder: Path, gid: int = NEIGHBOUR) -> list[list[str]]:
    """Return what another user reads, and which locks he holds for a moment."""
    names = "\n".join(str(path) for path in folder.rglob("*"))
    script = [sys.executable, "-c", LOOK, str(folder), str(gid), str(NEIGHBOUR)]
    done = subprocess.run(script, input=names, capture_output=True, text=True, check=True)
    found: list[list[str]] = json.loads(done.stdout)
    return found


def aion(folder: Path, *arguments: str, given: str = "") -> None:
    environment = {**os.environ, "AION_DATA": str(folder), "PYTHONPATH": str(ROOT)}
    command_line = [sys.executable, "-m", "aion", *arguments]
    done = subprocess.run(
        command_line, env=environment, input=given, text=True, capture_output=True, cwd=folder.parent
    )
    assert done.returncode == 0, done.stderr


def legacy(folder: Path) -> None:
    """Make a folder as older versions left it, with the umask that most systems have."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    (folder / "logs" / "bots.jsonl").write_text("{}\n")
    for name in ("up.lock", "ledger.lock"):
        (folder / name).touch()
    with DeskStore(folder / "desk.sqlite").write():
        pass
    for name in ("desk.sqlite", "desk.sqlite-wal", "desk.sqlite-shm"):
        (folder / name).chmod(0o644)


@needs_root
def test_new_folder_when_a_command_makes_it_then_a_neighbour_reads_nothing(place: Path) -> None:
    aion(place, "password", "set", given="a sentence that nobody guesses\n")
    aion(place, "token", "make", "script")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.iterdir())[0] == "desk.sqlite"
    assert all(not path.stat().st_mode & 0o077 for path in place.rglob("*"))
    assert neighbour(place) == []


@needs_root
def test_old_folder_when_started_then_a_neighbour_reads_and_blocks_nothing_any_more(place: Path) -> None:
    legacy(place)
    assert {what for _, what in neighbour(place)} == {"read", "held"}, "he did before"
    check = next(each for each in checks(Settings(data=place, port=0)) if each.name == "permissions")
    assert "up.lock" in check.text and "desk.sqlite" in check.text
    os.close(take_folder(place))
    assert neighbour(place) == []
    assert not open_to_others(place)
    assert all(not path.stat().st_mode & 0o077 for path in place.iterdir())


@needs_root
def test_lock_when_the_folder_is_open_then_a_neighbour_cannot_hold_it(place: Path) -> None:
    place.mkdir()
    (place / "something of others").touch()  # not ours alone: the folder stays as it is
    place.chmod(0o755)
    os.close(take_folder(place))
    Ledger(place / "ledger.sqlite", "replay", "1").close()
    assert place.stat().st_mode & 0o005
    assert {Path(path).name for path, _ in neighbour(place)} == {"something of others"}


def test_folder_of_other_things_when_used_then_its_own_mode_and_theirs_stay(place: Path) -> None:
    legacy(place)
    theirs = place / "photos"
    theirs.mkdir(mode=0o755)
    place.chmod(0o755)
    keep_private(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o755 and stat.S_IMODE(theirs.stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "logs").stat().st_mode) == 0o700


def test_folder_of_everybody_when_used_then_it_stays_so(place: Path) -> None:
    place.mkdir()
    place.chmod(0o1777)
    keep_private(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o1777


@needs_root
def test_shared_folder_when_the_group_was_meant_then_it_reads_states_and_no_secret(place: Path) -> None:
    legacy(place)
    place.chmod(0o2770)
    os.chown(place, 0, 12_345)
    for name in FOLDERS:
        os.chown(place / name, 0, 12_345)
        (place / name).chmod(0o2775)
    lock = take_folder(place)
    try:
        (place / "intraday" / "new.json").write_text("{}")
        seen = {str(Path(path).relative_to(place)) for path, _ in neighbour(place, gid=12_345)}
        assert "intraday/new.json" in seen
        assert not {name for name in seen if name.startswith(("desk.sqlite", "up.lock"))}
        assert neighbour(place) == [], "others stay out"
    finally:
        os.close(lock)


@needs_root
def test_copies_when_made_then_they_are_private(place: Path, tmp_path: Path) -> None:
    command.set_password(Settings(data=place), "admin", "a sentence that nobody guesses")
    Ledger(place / "ledger.sqlite", "replay", "1").close()
    list(back_up(Layout(place), tmp_path / "copy"))
    aion(place, "export", str(tmp_path / "export"))
    aion(place, "init", str(tmp_path / "aion.toml"))
    assert neighbour(tmp_path / "copy") == [] and neighbour(tmp_path / "export") == []
    assert stat.S_IMODE((tmp_path / "aion.toml").stat().st_mode) == 0o600


def test_lock_when_another_up_holds_it_then_it_is_still_refused(place: Path) -> None:
    held = take_folder(place)
    other = os.open(place / "up.lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
    os.close(held)
