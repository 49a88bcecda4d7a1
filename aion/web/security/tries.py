"""How often a password may be tried, by address and in all, over all workers of a desk: `desk.sqlite` remembers.

Only a try that is let through is written, so that no flood writes more than `ALL_TRIES` lines at once and then one in
`ALL_REFILL_S`; what is full again is forgotten.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from aion.web.security.limit import MAX_ADDRESSES, network_of, refilled
from aion.web.security.store import DeskStore, Role

TRIES = 5
REFILL_S = 10.0
"""Seconds after which an address has one try more."""
ALL_TRIES = 60
ALL_REFILL_S = 1.0
FULL_S = max(TRIES * REFILL_S, ALL_TRIES * ALL_REFILL_S)
"""Seconds after which everything is full again, whatever was taken."""
_ALL = ""  # stands for all addresses together


class TryLimit:
    """Tries of a password that are left."""

    def __init__(self, store: DeskStore, now_s: Callable[[], float] = time.time) -> None:
        """Go on with what is known.

        Args:
            store: what all workers share.
            now_s: a clock in seconds that all workers and the next start share.
        """
        self._store = store
        self._now_s = now_s
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Take one try of `address`; return 0, or the seconds to wait when there is none.

        Raises:
            DeskStoreError: it cannot be written down: nobody may try.
        """
        key = network_of(address)
        now = self._now_s()
        with self._store.write() as write:
            write(
                "update tried set at = ? where at > ?", now, now
            )  # the clock went back: nobody waits for it to come again
            known = {
                name: (left, at) for name, left, at in write("select * from tried where name in (?, ?)", _ALL, key)
            }
            all_left, all_wait_s = refilled(known.get(_ALL, (ALL_TRIES, now)), now, ALL_TRIES, ALL_REFILL_S)
            left, wait_s = refilled(known.get(key, (TRIES, now)), now, TRIES, REFILL_S)
            if all_wait_s or wait_s:
                return max(all_wait_s, wait_s)
            write("delete from tried where at <= ?", now - FULL_S)
            write(
                "insert or replace into tried values (?, ?, ?), (?, ?, ?)",
                _ALL,
                all_left - 1,
                now,
                key,
                left - 1,
                now,
            )
        with self._lock:
            self._refused.pop(key, None)
        return 0.0

    def is_news(self, address: str) -> bool:
        """Tell whether this worker now refuses `address` for the first time since a try: the audit hears of it."""
        key = network_of(address)
        with self._lock:
            is_first = key not in self._refused
            self._refused[key] = None
            while len(self._refused) > MAX_ADDRESSES:
                self._refused.popitem(last=False)
        return is_first

    def forgive(self, address: str, role: Role) -> None:
        """Give `address` back what it took, for it knew a password.

        An admin gets all tries back, a viewer the last one alone: its password must not buy tries of the admin's.
        """
        key = network_of(address)
        with self._store.write() as write:
            if role == "admin":
                write("delete from tried where name = ?", key)
            else:
                write("update tried set left = min(?, left + 1) where name = ?", TRIES, key)
