"""`make cluster`: each of its commands is one, and Ctrl-C leaves nothing behind; clusters are tested beside."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from aion.command.app import app
from tools.cluster import DESKS, STARTS, commands, stop


def parse(words: list[str]) -> Any:
    """Return what the command line makes of these words."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    return command.make_context("aion", words).params


def test_machines_push_desks_pull_and_each_has_a_folder_of_its_own(tmp_path: Path) -> None:
    found = {name: parse(command[1:]) for name, command in commands(tmp_path, 3000).items()}
    assert set(found) == {f"{what}-{m}" for m in STARTS for what in ("bots", "relay")} | {
        f"{what}-{desk}" for desk in DESKS for what in ("desk", "relay", "share")
    }
    for name in (*STARTS, *DESKS):
        assert found[f"relay-{name}"]["member"] == tmp_path / "cluster" / "members" / name
        beside = f"bots-{name}" if name in STARTS else f"desk-{name}"
        assert found[f"relay-{name}"]["data"] == found[beside]["data"] == tmp_path / name
    for desk in DESKS:
        assert found[f"relay-{desk}"]["machines"] == "all"
        assert found[f"share-{desk}"]["data"] == tmp_path / desk
    assert [found[f"desk-{desk}"]["port"] for desk in DESKS] == [3000, 3001]


def test_all_processes_are_ended_the_servers_last() -> None:
    sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
    running = {name: subprocess.Popen(sleeper, stdout=subprocess.PIPE) for name in ("server-1", "bots-m1")}
    for process in running.values():
        assert process.stdout is not None
        process.stdout.readline()
    stop(running)
    assert {process.returncode for process in running.values()} == {-15}
    for process in running.values():
        process.stdout.close()  # type: ignore[union-attr]
