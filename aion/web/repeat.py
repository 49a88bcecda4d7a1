"""What may come without end, such as a client's mistakes, is said once a minute with a count."""

import threading
import time
from collections.abc import Callable, Hashable

EVERY_S = 60.0
MAX_KINDS = 256  # more at a time are said as one


class Repeats:
    """Tells whether something is to be said now. Safe to ask from any thread."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: now_s: a clock in seconds that never goes back."""
        self._now_s = now_s
        self._said: dict[Hashable, tuple[float, int]] = {}
        """When each kind was said last, and how often it came since."""
        self._lock = threading.Lock()

    def count(self, kind: Hashable) -> int | None:
        """Count one of `kind`.

        Returns:
            How many came since it was said last, for who says it now; None where it was said within a minute.
        """
        now = self._now_s()
        with self._lock:
            said_at, unsaid = self._said.get(kind, (-EVERY_S, 0))
            if now - said_at < EVERY_S:
                self._said[kind] = (said_at, unsaid + 1)
                return None
            if kind not in self._said and len(self._said) >= MAX_KINDS:
                self._said = {each: found for each, found in self._said.items() if now - found[0] < EVERY_S}
                if len(self._said) >= MAX_KINDS:
                    return None
            self._said[kind] = (now, 0)
            return unsaid


def also(unsaid: int) -> dict[str, int]:
    """Return the field of a line that says how many more of its kind came since the line before it."""
    return {"not_said_since": unsaid} if unsaid else {}
