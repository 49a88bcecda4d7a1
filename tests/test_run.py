"""Habits of a test run itself: `tests/conftest.py` and what it registers, tried on runs of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import duration, machine
from tests.quick import left_out

ROOT = Path(__file__).parents[1]
LEAKING = """
import socket
import sqlite3

def test_first():
    link = socket.socket()
    cycle = [link]
    cycle.append(cycle)
    assert link.fileno() < 0

def test_next():
    import gc
    gc.collect()

def test_own():
    socket.socket()
"""


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest over the tests in `folder` with the plugins and settings of this one."""
    (folder / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.conftest import *\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", folder, "-p", "no:cacheprovider",
         *words, folder],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_failed_test_when_it_leaves_a_socket_open_then_the_next_one_is_not_told_off(tmp_path: Path) -> None:
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    done = run(tmp_path, "--tb", "line", "-rfE")
    assert "FAILED test_leaking.py::test_first - " in done.stdout and "::test_next" not in done.stdout, done.stdout
    assert "::test_own" in done.stdout, "a test that passes has to close what it opens"


def test_run_when_compiled_modules_may_not_be_kept_then_tests_and_what_they_start_keep_them(tmp_path: Path) -> None:
    (tmp_path / "test_module.py").write_text("import os, other\n\ndef test_it():\n    assert os.environ\n")
    (tmp_path / "other.py").write_text("")
    assert run(tmp_path, PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")} >= {"test_module", "other"}


def test_folders_when_somebody_says_where_then_they_are_there(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "test_it.py").write_text(
        f"def test_it(tmp_path):\n    assert str(tmp_path).startswith({str(place)!r})\n"
    )
    done = run(tmp_path, PYTEST_DEBUG_TEMPROOT=str(place))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("flags", "free", "available", "is_used"),
    [
        (0, 8 << 30, 8 << 30, True), (os.ST_NOEXEC, 8 << 30, 8 << 30, False),  # as in a container
        (0, 64 << 20, 8 << 30, False), (0, 8 << 30, 64 << 20, False),
    ],
)  # fmt: skip
def test_memory_when_there_is_room_and_programs_may_start_then_folders_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: int, free: int, available: int, is_used: bool
) -> None:
    monkeypatch.setenv(machine.TEMPORARY, "")  # so that it is as before afterwards
    monkeypatch.delenv(machine.TEMPORARY)
    monkeypatch.setattr(machine, "SHARED_MEMORY", str(tmp_path))
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_flag=flags, f_bavail=free >> 12, f_frsize=4096))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=available))
    machine.keep_files_in_memory()
    assert os.environ.get(machine.TEMPORARY) == (str(tmp_path) if is_used else None)


def test_files_when_some_are_long_then_they_come_first_and_quick_leaves_them_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measured = tmp_path / "duration.json"
    measured.write_text(json.dumps({"tests/a.py": 0.1, "tests/b.py": 9.5, "tests/c.py": 2.5}))
    monkeypatch.setattr(duration, "DURATIONS", measured)
    items = [SimpleNamespace(nodeid=f"tests/{name}::test") for name in ("a.py", "new.py", "b.py", "c.py")]
    duration.LongestFirst().pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [item.nodeid[6:] for item in items] == ["b.py::test", "c.py::test", "a.py::test", "new.py::test"]
    assert left_out() == {"tests/b.py", "tests/c.py"}


def test_each_measured_file_is_there() -> None:
    assert [path for path in duration.durations_s() if not (ROOT / path).is_file()] == []


def test_example_when_it_is_slow_then_it_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(
        "import time\nfrom hypothesis import given, settings, strategies as st\n\n"
        "@settings(max_examples=2)\n@given(st.integers())\ndef test_it(_):\n    time.sleep(0.3)\n"
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
