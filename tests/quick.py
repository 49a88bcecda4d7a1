"""What `make quick` runs: the test files that take little, those that concern what changed first.

A file is left out when its tests take more than `LEFT_OUT_S` seconds of processor together, as measured by

    .venv/bin/pytest --measure --ignore tests/e2e

which writes `tests/duration.json`; the browser's tests are left out without a measurement. What is not in there is
new, and runs.
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DURATIONS = ROOT / "tests" / "duration.json"
LEFT_OUT_S = 2.0
BROWSER = "tests/e2e"


def left_out() -> set[str]:
    """Return the files that are left out, as paths from the root."""
    return set(json.loads(DURATIONS.read_text()))


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


class Measure:
    """The plugin of `--measure`: seconds of processor of each test with all that it starts, added up by file."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")
        self._spent: dict[str, float] = defaultdict(float)
        self._started = 0.0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        self._started = self._cpu_s()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = self._cpu_s()
        report.user_properties = [*report.user_properties, ("cpu_s", now - self._started)]
        self._started = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._spent[report.nodeid.split("::")[0]] += dict(report.user_properties).get("cpu_s", 0.0)

    def pytest_sessionfinish(self) -> None:
        if not self._is_worker:
            much = {path: round(spent, 1) for path, spent in sorted(self._spent.items()) if spent > LEFT_OUT_S}
            DURATIONS.write_text(json.dumps(much, indent=1) + "\n")

    @staticmethod
    def _cpu_s() -> float:
        """Seconds of processor of this process and all that it has started, whether it has ended or not."""
        import psutil

        total = 0.0
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
        return total
