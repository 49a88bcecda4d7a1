"""How far prices that may be 0 and below move: ratios mean nothing there, so distances are compared."""

from collections import deque
from decimal import Decimal

REMEMBERED = 400  # closes: a session of minutes, or a year and a half of days
REACH = 3
"""Times the distance between the highest and the lowest close remembered that a price may move at once."""
LEAST_TICKS = 100  # that any price may move, so that one that stood still is believed when it goes on


class Level:
    """The newest closes of what may be priced at 0 and below."""

    def __init__(self, tick: Decimal) -> None:
        """Args: tick: price step."""
        self._least = LEAST_TICKS * tick
        self._closes: deque[Decimal] = deque(maxlen=REMEMBERED)

    def see(self, close: Decimal) -> None:
        """Take the next close."""
        self._closes.append(close)

    def follows(self, price: Decimal, other: Decimal) -> bool:
        """Tell whether one of two prices, of which one is 0 or below, may follow on the other by their distance."""
        if not self._closes or min(price, other) > 0:
            return False
        reach = max(REACH * (max(self._closes) - min(self._closes)), self._least)
        return abs(price - other) <= reach
