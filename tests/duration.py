"""What each test file takes, as measured in `tests/duration.json`: what is long begins first, what is quick is told.

The figures are seconds of processor of a file's tests together, with all processes that they start:

    .venv/bin/pytest --measure -n 4 --dist loadfile --ignore tests/e2e
    .venv/bin/pytest --measure -n 4 --dist loadfile tests/e2e

Each replaces the figures of the files that it runs. A file that is not in there is new, and counts as quick.
"""

import json
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
DURATIONS = ROOT / "tests" / "duration.json"


def durations_s() -> dict[str, float]:
    """Return the seconds of processor of each measured file, by its path from the root."""
    found: dict[str, float] = json.loads(DURATIONS.read_text())
    return found


class LongestFirst:
    """The plugin of every run with several workers: each takes a file at a time, and at the end none waits for one.

    Works with `--dist loadfile --no-loadscope-reorder`; what a file starts for its tests is started once.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        took = durations_s()
        items.sort(key=lambda item: -took.get(item.nodeid.partition("::")[0], 0.0))


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
        spent = dict(report.user_properties).get("cpu_s", 0.0)
        self._spent[report.nodeid.split("::")[0]] += max(0.0, spent)  # less, when a process with children was killed

    def pytest_sessionfinish(self) -> None:
        if not self._is_worker:
            found = durations_s() | {path: round(spent, 1) for path, spent in self._spent.items()}
            there = {path: found[path] for path in sorted(found) if (ROOT / path).is_file()}
            DURATIONS.write_text(json.dumps(there, indent=1) + "\n")

    @staticmethod
    def _cpu_s() -> float:
        """Seconds of processor of this process and all that it has started, whether it has ended or not."""
        total = 0.0
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
        return total
