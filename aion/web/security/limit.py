"""How often a password may be tried: a few times at once, then slowly, by address and in all."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

TRIES = 5
REFILL_S = 10.0
"""Seconds after which an address has one try more."""
ALL_TRIES = 60
ALL_REFILL_S = 1.0
MAX_ADDRESSES = 4096  # beyond it the one that was quiet longest is forgotten


class TryLimit:
    """Token buckets by address, and one over all of them."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: now_s: a clock in seconds that never goes back."""
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._all = (float(ALL_TRIES), now_s())
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Take one try of `address`; return 0, or the seconds to wait when there is none."""
        key = _network(address)
        now = self._now_s()
        with self._lock:
            left, wait_s = _refilled(self._buckets.get(key, (float(TRIES), now)), now, TRIES, REFILL_S)
            all_left, all_wait_s = _refilled(self._all, now, ALL_TRIES, ALL_REFILL_S)
            wait_s = max(wait_s, all_wait_s)
            taken = 0.0 if wait_s else 1.0
            self._buckets[key] = (left - taken, now)
            self._buckets.move_to_end(key)
            self._all = (all_left - taken, now)
            while len(self._buckets) > MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        return wait_s

    def forgive(self, address: str) -> None:
        """Give `address` all its tries back: it knew the password."""
        with self._lock:
            self._buckets.pop(_network(address), None)


def _refilled(bucket: tuple[float, float], now: float, size: int, refill_s: float) -> tuple[float, float]:
    left, at = bucket
    left = min(float(size), left + (now - at) / refill_s)
    return left, 0.0 if left >= 1 else (1 - left) * refill_s


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    # whoever has one IPv6 address has 2^64 of them
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
