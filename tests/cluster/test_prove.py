"""`aion prove`: a proof only where a copy succeeded, with how long that took."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aion.cluster.prove import Feed, Prover, command_of, prove_once
from aion.errors import ConfigError


class Clock:
    """Steady seconds that move when told to."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_each_proof_has_the_next_number_of_one_epoch_and_says_how_far_it_is_behind(tmp_path: Path) -> None:
    path, clock = tmp_path / "proof.json", Clock()
    prover = Prover(path, 2.0, clock)
    prover.write(clock.now_s)
    first = read(path)
    clock.now_s += 0.75
    prover.write(50.0)
    second = read(path)
    assert first | {"n": 2, "behind_s": 0.75} == second
    Prover(path, 2.0, clock).write(50.0)
    assert read(path)["epoch"] != first["epoch"]


def test_copy_that_fails_proves_nothing_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    bad = (sys.executable, "-c", "import sys; sys.exit('no route to desk')")
    assert prove_once(Prover(path, 1.0), Feed(copy=bad)).endswith("ended with status 1: no route to desk")
    assert not path.exists()
    assert prove_once(Prover(path, 1.0), Feed(copy=("no-such-program",))).startswith(
        "no-such-program cannot be started"
    )
    (tmp_path / "file").touch()
    assert "cannot be written" in prove_once(Prover(tmp_path / "file" / "proof.json", 1.0), Feed())


def test_copy_comes_before_the_proof_and_its_delivery_after(tmp_path: Path) -> None:
    path, desk = tmp_path / "proof.json", tmp_path / "desk.json"
    copy = f"import pathlib; assert not pathlib.Path({str(path)!r}).exists()"
    deliver = f"import shutil; shutil.copy({str(path)!r}, {str(desk)!r})"
    feed = Feed((sys.executable, "-c", copy), (sys.executable, "-c", deliver))
    assert prove_once(Prover(path, 1.0), feed) == ""
    assert read(desk)["n"] == 1 and 0 < read(desk)["behind_s"] < 30


def test_runs_of_cron_go_on_with_one_epoch(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    command = [sys.executable, "-m", "aion", "prove", str(path), "--every", "60", "--once"]
    numbers = []
    for _ in range(2):
        subprocess.run(command, check=True, timeout=60)
        numbers.append((read(path)["epoch"], read(path)["n"], read(path)["every_s"]))
    assert numbers == [(numbers[0][0], n, 60) for n in (1, 2)]
    failing = [*command, "--copy", shlex.join([sys.executable, "-c", "exit(3)"])]
    done = subprocess.run(failing, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "ended with status 3" in done.stderr and read(path)["n"] == 2


def test_command_that_is_none_and_a_period_out_of_bounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--copy .* is no command"):
        command_of("rsync 'half", "--copy")
    command = [sys.executable, "-m", "aion", "prove", str(tmp_path / "p.json"), "--every", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "outside 0.2 to 1200 seconds" in done.stderr
