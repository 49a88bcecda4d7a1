"""What `make quick` runs: the test files that take little, those that concern what changed first.

A file is left out when its tests take more than `LEFT_OUT_S` seconds of processor together, as measured by
`tests/duration.py`; the browser's tests are left out without a measurement. What was not measured is new, and runs.
"""

import subprocess
from pathlib import Path

import pytest

from tests.duration import ROOT, durations_s

LEFT_OUT_S = 1.0
BROWSER = "tests/e2e"


def left_out() -> set[str]:
    """Return the files that are left out, as paths from the root."""
    return {path for path, spent in durations_s().items() if spent > LEFT_OUT_S}


def changed() -> set[str]:
    """Return what differs from the last commit, or what that one changed when nothing does; paths from the root."""

    def ask(*command: str) -> list[str]:
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.splitlines() if done.returncode == 0 else []  # not a clone, or the first commit

    now = {*ask("diff", "--name-only", "HEAD"), *ask("ls-files", "--others", "--exclude-standard")}
    return now or set(ask("diff", "--name-only", "HEAD~1"))


def nearness(path: str, names: set[str]) -> int:
    """Return 0 for a test file that changed, 1 for one that is named after what changed, 2 for one in its folder."""
    if path in names:
        return 0
    file = Path(path)
    stems = {Path(name).stem for name in names if name.endswith(".py")}
    if file.stem.removeprefix("test_") in stems:
        return 1
    folders = {Path(name).parent.name for name in names if name.endswith(".py")}
    return 2 if file.parent.name in folders else 3


class Quick:
    """The plugin of `--quick`."""

    def __init__(self) -> None:
        self._left_out = left_out()
        self._changed = changed()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        path = collection_path.relative_to(ROOT).as_posix()
        return True if path in self._left_out or path == BROWSER else None

    @pytest.hookimpl(tryfirst=True)  # what failed last comes first all the same: --ff sorts after this
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: nearness(item.path.relative_to(ROOT).as_posix(), self._changed))
