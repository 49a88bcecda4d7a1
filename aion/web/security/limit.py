"""How often something may be done: a few times at once, then slowly, by address and in all."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

TRIES = 5
REFILL_S = 10.0
"""Seconds after which an address has one try of a password more."""
ALL_TRIES = 60
ALL_REFILL_S = 1.0
MAX_ADDRESSES = 4096  # beyond it the one that was quiet longest is forgotten


class Buckets:
    """Token buckets by address, and one over all of them."""

    def __init__(
        self, size: float, refill_s: float, all_size: float, all_refill_s: float, now_s: Callable[[], float]
    ) -> None:
        """Make them full.

        Args:
            size: takes at once of one address.
            refill_s: seconds after which it has one more.
            all_size: takes at once of all addresses together.
            all_refill_s: seconds after which there is one more for all of them.
            now_s: a clock in seconds that never goes back.
        """
        self._size, self._refill_s = float(size), refill_s
        self._all_size, self._all_refill_s = float(all_size), all_refill_s
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._all = (self._all_size, now_s())

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str | None) -> float:
        """Take one; return 0, or the seconds to wait when there is none.

        Args:
            key: whose; None for somebody whom only the limit over all concerns.
        """
        now = self._now_s()
        all_left, wait_s = _refilled(self._all, now, self._all_size, self._all_refill_s)
        left = self._size
        if key is not None:
            left, own_s = _refilled(self._buckets.get(key, (left, now)), now, self._size, self._refill_s)
            wait_s = max(wait_s, own_s)
        taken = 0.0 if wait_s else 1.0
        self._all = (all_left - taken, now)
        if key is not None:
            self._buckets[key] = (left - taken, now)
            self._buckets.move_to_end(key)
            while len(self._buckets) > MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        return wait_s

    def fill(self, key: str) -> None:
        """Give `key` all that it may take."""
        self._buckets.pop(key, None)


class TryLimit:
    """How often a password may be tried."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: now_s: a clock in seconds that never goes back."""
        self._buckets = Buckets(TRIES, REFILL_S, ALL_TRIES, ALL_REFILL_S, now_s)
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Take one try of `address`; return 0, or the seconds to wait when there is none."""
        key = network_of(address)
        with self._lock:
            wait_s = self._buckets.take(key)
            if not wait_s:
                self._refused.pop(key, None)
        return wait_s

    def is_news(self, address: str) -> bool:
        """Tell whether this is the first refusal of `address` since it was let try: the audit hears of it."""
        key = network_of(address)
        with self._lock:
            is_first = key not in self._refused
            self._refused[key] = None
            while len(self._refused) > MAX_ADDRESSES:
                self._refused.popitem(last=False)
        return is_first

    def forgive(self, address: str) -> None:
        """Give `address` all its tries back: it knew the password."""
        with self._lock:
            self._buckets.fill(network_of(address))


def _refilled(bucket: tuple[float, float], now: float, size: float, refill_s: float) -> tuple[float, float]:
    left, at = bucket
    left = min(size, left + (now - at) / refill_s)
    return left, 0.0 if left >= 1 else (1 - left) * refill_s


def network_of(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 of an IPv6 one; whoever has one has 2^64."""
    if ":" not in address:
        return address if address.count(".") == 3 else "unknown"
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
