"""How often something may be done by one worker: a few times at once, then slowly, by address and in all."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

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
        all_left, wait_s = refilled(self._all, now, self._all_size, self._all_refill_s)
        left = self._size
        if key is not None:
            left, own_s = refilled(self._buckets.get(key, (left, now)), now, self._size, self._refill_s)
            wait_s = max(wait_s, own_s)
        taken = 0.0 if wait_s else 1.0
        self._all = (all_left - taken, now)
        if key is not None:
            self._buckets[key] = (left - taken, now)
            self._buckets.move_to_end(key)
            while len(self._buckets) > MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        return wait_s


def refilled(bucket: tuple[float, float], now: float, size: float, refill_s: float) -> tuple[float, float]:
    """Return what is left in a bucket at `now`, and the seconds until one may be taken, 0 when it may be now.

    Args:
        bucket: what was left, and when.
        now: seconds, not before that.
        size: what it holds at most.
        refill_s: seconds after which it has one more.
    """
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
