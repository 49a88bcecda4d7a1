"""Limits on the cost of reading a file from outside: its values are counted before it is parsed.

A parsed value takes up to forty times its bytes, and a parser holds the interpreter lock until it is done. The number
of commas, colons and opening brackets is an upper bound of the number of values and is cheap to count.
"""

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aion.errors import StateError

MAX_VALUES = 750_000
"""Commas, colons and opening brackets in a document; a day of minutes takes 12,000 of a symbol that never closes."""
MAX_CONTAINERS = 100_000
"""Objects and lists in it: each takes as much as twenty numbers."""
MAX_DEPTH = 1024
"""Of objects and lists in one another: the parser's own limit."""
MAX_RATIO = 200
"""Bytes inflated of a packed one, from `FREE_BYTES` on: state files come to 5 to 40."""
FREE_BYTES = 1 << 20
HEAVY_BYTES = 1 << 20
"""A document of more is read while no other such one is."""
_OPENINGS = (b"[", b"{")
_SEPARATORS = (b",", b":")
_STEP = 256 << 10

_heavy = threading.Lock()


class Budget:
    """Counts the values of one document that arrives in parts."""

    def __init__(self, name: str) -> None:
        """Args: name: the file's name in messages."""
        self._name = name
        self._containers = self._separators = self.parts = 0
        """`parts`: how many were counted."""

    def take(self, part: bytes) -> None:
        """Count another part.

        Raises:
            StateError: together they contain too many values.
        """
        self.parts += 1
        self._containers += sum(map(part.count, _OPENINGS))
        self._separators += sum(map(part.count, _SEPARATORS))
        if self._containers > MAX_CONTAINERS:
            self._refuse(f"{MAX_CONTAINERS} objects and lists")
        if self._containers + self._separators > MAX_VALUES:
            self._refuse(f"{MAX_VALUES} values (commas, colons and opening brackets)")

    def _refuse(self, what: str) -> None:
        raise StateError(self._name, f"holds over {what}: leave out what the desk does not read, or split it")


def check_values(data: bytes, name: str) -> None:
    """Check that `data` (JSON) does not contain too many values to be parsed.

    Raises:
        StateError: it does.
    """
    if len(data) <= MAX_CONTAINERS:
        return
    budget = Budget(name)
    for start in range(0, len(data), _STEP):
        budget.take(data[start : start + _STEP])


def check_ratio(packed: int, inflated: int, name: str) -> None:
    """Check that `packed` bytes may become `inflated` ones.

    Raises:
        StateError: the ratio is higher than any real document's.
    """
    if inflated > FREE_BYTES and inflated > packed * MAX_RATIO:
        raise StateError(name, f"inflates to over {MAX_RATIO} times its {packed} bytes")


def _give_back() -> None:
    """Return freed memory to the system; the C library would keep it for each thread that has read a large file."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # a C library of another kind
            ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def one_at_a_time(size: int) -> Iterator[None]:
    """Let only one thread at a time read a large document; small ones do not wait."""
    if size <= HEAVY_BYTES:
        yield
        return
    with _heavy:
        was_enabled = gc.isenabled()
        gc.disable()  # a collection would go over all that is being made, again and again, with everybody held up
        try:
            yield
        finally:
            if was_enabled:
                gc.enable()
            _give_back()
