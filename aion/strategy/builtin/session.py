"""Running figures of one symbol's session, updated per bar at constant cost."""

import math
from datetime import datetime, timedelta

from aion.model import Bar

MINUTE = timedelta(minutes=1)


class SessionFigures:
    """Open, range, VWAP with its deviation, and spread of one-minute returns since the session's open.

    VWAP weights the typical price (high + low + close) / 3 by volume; its deviation is the volume-weighted standard
    deviation around it. Prices are floats here: they lead to decisions, never to money.
    """

    __slots__ = (
        "_anchor",
        "_return_square",
        "_return_sum",
        "_returns",
        "_weighted",
        "_weighted_square",
        "bars",
        "close",
        "day",
        "deviation",
        "high",
        "low",
        "minute_volatility",
        "open",
        "previous_close",
        "volume",
        "vwap",
    )

    def __init__(self) -> None:
        self.day = ""
        self.previous_close: float | None = None
        """Last close of the session before; None until one was seen."""
        self._reset()

    def _reset(self) -> None:
        self.open = 0.0
        self.high = 0.0
        self.low = 0.0
        self.close = 0.0
        self.bars = 0
        self.volume = 0.0
        self.vwap = 0.0
        """Volume-weighted average price of the session; the last close while nothing traded."""
        self.deviation = 0.0
        """Volume-weighted standard deviation around the VWAP, price units, >= 0."""
        self.minute_volatility = 0.0
        """Standard deviation of log returns in this session, a minute, fraction; 0 below three bars."""
        self._weighted = 0.0
        self._weighted_square = 0.0
        self._anchor = 0.0
        self._returns = 0
        self._return_sum = 0.0
        self._return_square = 0.0

    def update(self, bar: Bar, day: str, minutes: int = 1) -> None:
        """Add the next bar, `minutes` long; a new `day` starts a new session."""
        if day != self.day:
            if self.bars:
                self.previous_close = self.close
            self._reset()
            self.day = day
        high, low, close, volume = float(bar.high), float(bar.low), float(bar.close), float(bar.volume)
        if not self.bars:
            self.open = self._anchor = float(bar.open)
            self.high, self.low = high, low
        else:
            if close > 0 < self.close:  # there is no return across 0
                self._step(math.log(close / self.close), minutes)
            if high > self.high:
                self.high = high
            if low < self.low:
                self.low = low
        self.close = close
        # sums are taken from the open, so that squares of large prices do not swallow the deviation
        typical = (high + low + close) / 3 - self._anchor
        weight = typical * volume
        self.volume += volume
        self._weighted += weight
        self._weighted_square += typical * weight
        self.bars += 1
        if self.volume > 0:
            mean = self._weighted / self.volume
            self.vwap = self._anchor + mean
            self.deviation = math.sqrt(max(0.0, self._weighted_square / self.volume - mean * mean))
        else:
            self.vwap = close

    def _step(self, change: float, minutes: int) -> None:
        """Add the log return from the previous bar, scaled to one minute for longer bars, as in a random walk."""
        self._returns += 1
        self._return_sum += change
        self._return_square += change * change
        if self._returns >= 2:
            mean = self._return_sum / self._returns
            self.minute_volatility = math.sqrt(max(0.0, self._return_square / self._returns - mean * mean) / minutes)

    def features(self) -> dict[str, float]:
        """Return the figures of every intraday signal; ratios are fractions, rounded only in documents."""
        figures = {"return_since_open": self.close / self.open - 1} if self.open > 0 else {}
        figures["session_open"] = self.open
        figures["session_high"] = self.high
        figures["session_low"] = self.low
        figures["vwap"] = self.vwap
        figures["vwap_deviation"] = self.deviation
        figures["minute_volatility"] = self.minute_volatility
        figures["session_volume"] = self.volume
        return figures


def minutes_between(start: datetime, end: datetime) -> int:
    """Return the whole minutes from `start` to `end`, negative when `end` is earlier."""
    return (end - start) // MINUTE
