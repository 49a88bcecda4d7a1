"""Lock files: what they may be, and how long somebody waits for one."""

import os
import stat
import threading
from pathlib import Path

import pytest

from aion.store import lock
from aion.store.lock import alone, open_lock
from tests.holder import STRANGE, held


@pytest.mark.parametrize("what", STRANGE)
def test_lock_when_it_is_no_regular_file_then_it_is_refused_and_nothing_is_touched(tmp_path: Path, what: str) -> None:
    make, said = STRANGE[what]
    folder = tmp_path / "control"
    folder.mkdir()
    make(folder / ".lock")
    with pytest.raises(OSError, match=rf"control/\.lock {said}"), alone(folder):
        pass
    assert not (folder / "nowhere").exists()
    if what == "link":
        assert (folder / "target").read_text() == "somebody's"


def test_lock_when_another_program_holds_it_then_waiting_ends_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_WAIT_S", 0.2)
    said = pytest.raises(TimeoutError, match=r"has held .*/\.lock for over 0\.2 s")
    with held(tmp_path / ".lock"), said, alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_lock_when_many_threads_ask_then_one_at_a_time_is_in(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with alone(tmp_path):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


def test_lock_when_it_was_made_open_to_others_then_it_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.touch(0o644)
    os.close(open_lock(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
