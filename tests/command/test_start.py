"""What the command line imports before it knows which command is asked for."""

import subprocess
import sys

import pytest

SLOW = {"pydantic", "fastapi", "numpy", "sqlite3", "httpx", "asyncio"}
"""What takes tens of milliseconds to import."""
TOLD = "import sys\nfrom aion.command.app import app\nprint(*{name.partition('.')[0] for name in sys.modules})"


@pytest.fixture(scope="module")
def imported() -> set[str]:
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_command_line_when_no_command_is_known_yet_then_nothing_slow_is_imported(imported: set[str]) -> None:
    assert "typer" in imported
    assert imported & SLOW == set()
