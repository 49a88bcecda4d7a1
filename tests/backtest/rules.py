"""The same rules twice: as strategies of Aion, and written anew for backtesting.py. Nothing of the engines is shared.

backtesting.py is AGPL: it is imported here, in tests and measurements, and never by `aion`.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pandas
from backtesting import Backtest as Backtest
from backtesting import Strategy as Theirs

from aion.market import calendar
from aion.model import Bar, Signal
from aion.strategy.base import Moment

EXPOSURE = 0.5
FLAT_MINUTES = 5


class Cross:
    """Aion: long while the mean close of the last `fast` bars of the session is above that of the last `slow`."""

    name: ClassVar[str] = "cross"
    kind: ClassVar[str] = "intraday"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self._fast, self._slow = parameters["fast"], parameters["slow"]
        self.look_back = 0
        self.rule = f"Long while the mean of {self._fast} closes is above that of {self._slow}."
        self._day = ""
        self._closes: deque[int] = deque(maxlen=self._slow)

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        if moment.day != self._day:
            self._day = moment.day
            self._closes.clear()
        ((symbol, bar),) = bars.items()
        closes = self._closes
        closes.append(int(bar.close * 100))
        action, reason = "hold", "too few bars"
        if len(closes) == self._slow:
            # in whole cents: a tie of two means must not depend on how an engine adds up floats
            is_above = sum(list(closes)[-self._fast :]) * self._slow > sum(closes) * self._fast
            action, reason = ("buy", "above") if is_above else ("exit", "below")
        return {symbol: Signal(symbol, moment.ts, action, 1.0, 0.5, reason, self.name)}


class TheirBase(Theirs):
    """backtesting.py: sizes and the way out at the end of a session, as the bots of Aion have them."""

    def init(self) -> None:
        self.day = None

    def session(self, ts: datetime) -> calendar.MarketSession:
        return calendar.session_at("XNAS", ts)

    def size(self) -> int:
        return int(self.equity * EXPOSURE / self.data.Close[-1])

    def next(self) -> None:
        ts = self.data.index[-1].to_pydatetime()
        session = self.session(ts)
        if session.day != self.day:
            self.day = session.day
            self.begin(session)
        wanted = self.decide(ts, session)
        if session.minutes_left(ts) <= FLAT_MINUTES:
            if self.position:
                self.position.close()
            return
        wanted()


class TheirCross(TheirBase):
    """backtesting.py: the same as `Cross`."""

    fast = 10
    slow = 30

    def begin(self, session: calendar.MarketSession) -> None:
        # backtesting.py calls `next` from the second bar on
        self.first = 0 if len(self.data) == 2 else len(self.data) - 1

    def decide(self, ts: datetime, session: calendar.MarketSession):
        closes = self.data.Close
        if len(closes) - self.first < self.slow:
            return lambda: None
        newest = [round(close * 100) for close in closes[-self.slow :]]
        is_above = sum(newest[-self.fast :]) * self.slow > sum(newest) * self.fast
        if is_above and not self.position:
            return lambda: self.buy(size=self.size())
        if not is_above and self.position:
            return self.position.close
        return lambda: None


class TheirBreakout(TheirBase):
    """backtesting.py: the opening-range breakout, long and short, with the other edge as the stop."""

    minutes = 5

    def begin(self, session: calendar.MarketSession) -> None:
        self.high, self.low, self.entries = 0.0, 0.0, 0
        self.was_held = False

    def decide(self, ts: datetime, session: calendar.MarketSession):
        if self.position and not self.was_held:
            self.entries += 1
        self.was_held = bool(self.position)
        if (ts - session.open) // timedelta(minutes=1) <= self.minutes:
            self.high = max(self.high, self.data.High[-1])
            self.low = min(self.low or self.data.Low[-1], self.data.Low[-1])
            return lambda: None
        close = self.data.Close[-1]
        if self.position or self.entries or self.high <= self.low or self.low <= close <= self.high:
            return lambda: None
        if close > self.high:
            return lambda: self.buy(size=self.size(), sl=self.low)
        return lambda: self.sell(size=self.size(), sl=self.high)


def on_the_tick(bar: Bar) -> Bar:
    """The bar in whole cents: half a tick less would be paid up by Aion and not by backtesting.py."""
    return Bar(
        bar.symbol, bar.ts, *(round(price, 2) for price in (bar.open, bar.high, bar.low, bar.close)), bar.volume
    )


def frame(bars: list[Bar]) -> pandas.DataFrame:
    """The bars as backtesting.py wants them."""
    names = ("open", "high", "low", "close", "volume")
    columns = {name.title(): [float(getattr(bar, name)) for bar in bars] for name in names}
    return pandas.DataFrame(columns, index=pandas.DatetimeIndex([bar.ts for bar in bars]))


CENT = Decimal("0.01")
