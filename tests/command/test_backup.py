"""A backup taken while the bots trade, restored into an empty folder, goes on with the same account."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aion.command.backup import back_up
from aion.errors import ConfigError, NotFoundError
from aion.store.file import write_json
from aion.store.layout import Layout
from tests.process.command import running, up
from tests.process.wait import wait_for

ROOT = Path(__file__).parents[2]


def rows(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "trades", "--fills", "--csv", "--data", str(folder)], cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=110, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_backup_of_a_running_desk_is_restored_and_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    with up(tmp_path / "live") as (_, url):
        wait_for(lambda: running(url, "bots"))
        layout = Layout(tmp_path / "live/data")
        wait_for(lambda: layout.ledger.exists() and len(rows(layout.root)) > 20)
        write_json(
            layout.kill("orb_ny"), {"schema": "aion/kill/1", "bot": "orb_ny", "killed_at": "2026-11-24T00:00Z"}
        )
        said = list(back_up(layout, tmp_path / "copy"))
    assert any("ledger.sqlite" in line and "checked OK" in line for line in said)
    kept = rows(tmp_path / "copy")
    (tmp_path / "other").mkdir()
    shutil.copytree(tmp_path / "copy", tmp_path / "other/data")
    with up(tmp_path / "other") as (_, url):
        wait_for(lambda: running(url, "bots"))
        wait_for(lambda: Layout(tmp_path / "other/data").sim_summary.exists())
        wait_for(lambda: len(list(Layout(tmp_path / "other/data").swing.glob("rolling_*"))) == 3)
        assert rows(tmp_path / "other/data")[: len(kept)] == kept
        assert (tmp_path / "other/data/control/orb_ny/kill.json").exists()


def test_backup_refuses_what_would_be_half_done(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    with pytest.raises(NotFoundError, match="nothing to back up"):
        list(back_up(layout, tmp_path / "copy"))
    layout.root.mkdir()
    layout.desk.write_bytes(b"this is no database, but longer than its header" * 100)
    with pytest.raises(ConfigError, match="copy"):
        list(back_up(layout, tmp_path / "copy"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"], "nothing half-done stays"
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match="already exists"):
        list(back_up(layout, tmp_path / "there"))
