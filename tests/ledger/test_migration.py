"""A ledger of an earlier version opens as it is, whole, whenever the process that brings it up to date dies."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from aion.ledger.ledger import Ledger
from aion.ledger.query import read_ledger
from aion.ledger.schema import MIGRATIONS, migrate
from aion.store.layout import Layout
from tests.kept.keep import unpack
from tests.ledger.old_ledger import CENTS

DIE = """
import os, signal, sqlite3, sys
from pathlib import Path
from aion.ledger.schema import connect, migrate
path = Path(sys.argv[1])
connection = connect(path)
connection.execute("PRAGMA cache_size = 4")  # pages go to disk in the middle, as of a large ledger
left = int(sys.argv[2])

def step():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

connection.set_progress_handler(step, 500)
migrate(connection, path)
print(int(sys.argv[2]) - left)
"""


def migrated(path: Path, steps: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DIE, str(path), str(steps)], capture_output=True, text=True, check=False
    )


def money(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """What a reader finds, whatever the version of the file."""
    with read_ledger(path) as ledger:
        return {
            table: [tuple(row[name] for name in names) for row in ledger.table(table)[1]]
            for table, names in CENTS.items()
        }


def test_migration_when_killed_at_any_moment_then_the_ledger_is_whole_and_goes_on(tmp_path: Path) -> None:
    unpack(tmp_path)
    path = Layout(tmp_path).ledger
    old = path.read_bytes()
    expected = money(path)
    assert path.read_bytes() == old, "a reader changes nothing"
    whole = migrated(path, 10**9)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    assert steps > 20
    versions = set()
    for part in (0, 0.1, 0.35, 0.6, 0.85, 0.97):
        for each in tmp_path.glob("ledger.sqlite*"):
            each.unlink()
        path.write_bytes(old)
        died = migrated(path, int(steps * part))
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert os.path.getsize(path) >= len(old)
        with closing(sqlite3.connect(path)) as connection:
            versions.add(connection.execute("PRAGMA user_version").fetchone()[0])
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert money(path) == expected, "as it was, or as it will be"
        with Ledger(path, "replay", "1") as ledger:
            saved = ledger.load_account("swing_4w")
            assert saved is not None and saved.cash == Decimal(saved.state["portfolio"]["cash"])
        assert money(path) == expected
    assert versions == {len(MIGRATIONS) - 1}


def test_ledger_when_its_disk_is_full_in_the_middle_then_it_stays_at_its_version(tmp_path: Path) -> None:
    unpack(tmp_path)
    path = Layout(tmp_path).ledger
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            migrate(connection, path)
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("SELECT sum(amount_cents) IS NOT NULL FROM movements").fetchone() == (1,)
    Ledger(path, "replay", "1").close()
