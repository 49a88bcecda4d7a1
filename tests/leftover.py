"""What a failed test leaves open is its own: the next one is not told off for it."""

import gc
import sys
import warnings
from collections.abc import Generator

import pytest

KEPT = ("last_type", "last_value", "last_traceback", "last_exc")
"""Where Python keeps the last failure for a debugger, and so everything that the test held."""


class Leftover:
    """The plugin that lets go of what a failed test held: sockets, files and databases that it came not to close.

    Warnings are errors here, and one about a socket is said when the collector meets with it: in any later test.
    """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        result = yield
        if any(hasattr(sys, name) for name in KEPT):
            for name in KEPT:
                vars(sys).pop(name, None)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
        return result
