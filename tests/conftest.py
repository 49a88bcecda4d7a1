"""What holds for every test."""

import signal

import pytest

from tests import machine
from tests.duration import LongestFirst, Measure
from tests.leftover import Leftover
from tests.quick import Quick

# A test run that was started with `nohup` ignores SIGHUP, and so would every desk that it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
machine.keep_compiled_modules()
machine.keep_files_in_memory()
machine.let_examples_take_their_time()
machine.trust_one_authority()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="leave out browsers and what tests/duration.json has as long"
    )
    parser.addoption("--measure", action="store_true", help="write tests/duration.json")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Leftover())
    if config.getoption("--quick"):
        config.pluginmanager.register(Quick())
    elif hasattr(config, "workerinput"):
        config.pluginmanager.register(LongestFirst())
    if config.getoption("--measure"):
        config.pluginmanager.register(Measure(config))


def pytest_collection_finish() -> None:
    machine.leave_modules_alone()
