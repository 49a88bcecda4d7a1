"""The adapters of small programs, with the real ones; `make adapters` tries them all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.books import check_files
from tests.docs.text import ROOT


@pytest.mark.parametrize("program", ["backtrader", "backtesting"])
def test_figures_equal_those_of_the_program(program: str, tmp_path: Path) -> None:
    trial = ROOT / f"tests/clients/program/try_{program}.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(trial), str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"{program} | ") >= 7
    check_files(tmp_path)
