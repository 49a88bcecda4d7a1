"""Commits to `desk.sqlite` of whatever process are seen at the next request, without asking SQLite each time."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import inotify_simple
import pytest

from aion.web.security.store import DeskStore, hash_key

ELSEWHERE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=5)
db.execute(sys.argv[2])
db.commit()
db.close()
"""

CONNECTED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=5)
for statement in sys.stdin:
    db.execute(statement)
    db.commit()
    print("committed", flush=True)
"""

LOCK = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)"
"""Takes the byte that SQLite's connections share while they use a WAL index (`UNIX_SHM_DMS`)."""


def elsewhere(path: Path, statement: str) -> None:
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(path), statement], check=True, timeout=60)


class Looked(DeskStore):
    """Counts how often it reads the file."""

    looks = 0

    def read(self) -> None:
        self.looks += 1
        return super().read()


def test_commits_when_another_process_writes_then_they_are_seen_at_once_and_else_nothing_is_asked(
    tmp_path: Path,
) -> None:
    store = Looked(tmp_path / "desk.sqlite")
    key = store.open_session("admin", "127.0.0.1")
    assert store.identify(key) is not None
    store.looks = 0
    for _ in range(100):
        assert store.identify(key) is not None
    assert store.looks == 0
    elsewhere(tmp_path / "desk.sqlite", f"delete from session where id = '{hash_key(key)}'")
    assert store.identify(key) is None
    assert store.looks == 1
    store.close()


def test_commits_when_sessions_come_and_go_through_other_connections_then_no_answer_is_stale(tmp_path: Path) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    other = DeskStore(tmp_path / "desk.sqlite")
    for number in range(300):
        key = other.open_session("viewer", "127.0.0.1")
        identity = store.identify(key)
        assert identity is not None
        other.end_session(identity, "127.0.0.1", everywhere=False)
        assert store.identify(key) is None
        if number % 50 == 0:  # the index begins anew
            sqlite3.connect(tmp_path / "desk.sqlite").execute("pragma wal_checkpoint(truncate)")
    other.close()
    store.close()


def test_index_when_one_of_two_stores_is_closed_then_the_other_keeps_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    store, other = DeskStore(path), DeskStore(path)
    other.close()
    found = subprocess.run([sys.executable, "-c", LOCK, f"{path}-shm"], check=False, timeout=60, capture_output=True)
    # whoever got it would take itself for the first, and begin the index anew
    assert b"BlockingIOError" in found.stderr
    store.close()


def test_commits_when_the_kernel_tells_of_none_then_the_file_is_asked_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no instance is left")

    monkeypatch.setattr(inotify_simple, "INotify", refuse)
    store = Looked(tmp_path / "desk.sqlite")
    key = store.open_session("admin", "127.0.0.1")
    store.looks = 0
    assert store.identify(key) is not None and store.identify(key) is not None
    assert store.looks == 2
    elsewhere(tmp_path / "desk.sqlite", "delete from session")
    assert store.identify(key) is None
    store.close()


def test_commits_when_a_program_of_others_stays_connected_then_no_look_during_its_commit_hides_it(
    tmp_path: Path,
) -> None:
    """Its log is written, and told of, before what it says can be read; it touches nothing afterwards."""
    path = tmp_path / "desk.sqlite"
    store = DeskStore(path)
    is_over = threading.Event()
    looker = threading.Thread(target=lambda: [store.look() for _ in iter(is_over.is_set, True)])
    looker.start()
    process = subprocess.Popen([sys.executable, "-c", CONNECTED, str(path)], stdin=-1, stdout=-1, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        for _ in range(300):
            key = store.open_session("viewer", "127.0.0.1")
            assert store.identify(key) is not None
            print(f"delete from session where id = '{hash_key(key)}'", file=process.stdin, flush=True)
            assert process.stdout.readline() == "committed\n"
            assert store.identify(key) is None
    finally:
        is_over.set()
        looker.join()
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
    store.close()


def test_commits_when_a_transaction_is_open_elsewhere_then_the_file_is_asked_until_it_is_done(
    tmp_path: Path,
) -> None:
    path = tmp_path / "desk.sqlite"
    store = Looked(path)
    key = store.open_session("admin", "127.0.0.1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("pragma cache_size = 1")  # what is not committed goes to the log too
    other.execute("begin immediate")
    other.execute("delete from session")
    other.executemany("insert into tried values (?, 1, 1)", [(f"{number:0500}",) for number in range(200)])
    assert store.identify(key) is not None and store.is_unsure
    store.looks = 0
    assert store.identify(key) is not None and store.looks == 1
    other.execute("commit")
    assert store.identify(key) is None and not store.is_unsure
    other.close()
    store.close()


def test_look_when_it_fails_then_the_next_request_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    key = store.open_session("admin", "127.0.0.1")
    assert store.identify(key) is not None
    elsewhere(tmp_path / "desk.sqlite", "delete from session")

    def fail() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(store, "read", fail)
        with pytest.raises(sqlite3.OperationalError):
            store.identify(key)
    assert store.identify(key) is None
    store.close()


def test_descriptors_when_stores_are_closed_then_all_are_given_back(tmp_path: Path) -> None:
    DeskStore(tmp_path / "desk.sqlite").close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        first, second = DeskStore(tmp_path / "desk.sqlite"), DeskStore(tmp_path / "desk.sqlite")
        first.close()
        second.close()
    assert len(os.listdir("/proc/self/fd")) == before
