"""Rules on daily bars twice: as swing strategies of Aion, and written anew for backtesting.py."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from aion.model import Bar, Signal
from aion.strategy.base import Moment
from tests.backtest.rules import Backtest as Backtest
from tests.backtest.rules import Theirs
from tests.backtest.rules import frame as frame

FAST, SLOW = 20, 100
STOP, TARGET = 0.04, 0.08
DIGITS = 10_000  # prices as whole numbers: a tie of two means must not depend on how an engine adds up floats


class Daily:
    """Aion: enters once and leaves alone, so that nothing is brought back to a weight."""

    name: ClassVar[str] = "daily"
    kind: ClassVar[Literal["swing"]] = "swing"
    below: ClassVar[Literal["exit", "sell"]] = "exit"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self.look_back, self.rule = 0, "Compares two means."
        self._closes: deque[int] = deque(maxlen=SLOW)

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        ((symbol, bar),) = bars.items()
        self._closes.append(int(bar.close * DIGITS))
        action = self.decide(list(self._closes))
        return {symbol: Signal(symbol, moment.ts, action, 1.0, 0.5, action, self.name, once=True)}

    def decide(self, closes: list[int]) -> Literal["buy", "sell", "exit", "hold"]:
        if len(closes) < SLOW:
            return "hold"
        return "buy" if sum(closes[-FAST:]) * SLOW > sum(closes) * FAST else self.below


class DailyTurn(Daily):
    below: ClassVar[Literal["exit", "sell"]] = "sell"


class DailyHold(Daily):
    def decide(self, closes: list[int]) -> Literal["buy", "sell", "exit", "hold"]:
        return "buy" if len(closes) > 1 else "hold"  # backtesting.py calls `next` from the second bar on


class TheirDaily(Theirs):
    """backtesting.py: the same as `Daily`, with all of the equity."""

    below = 0
    stop = 0.0
    target = 0.0
    entered = 0.0

    def init(self) -> None:
        pass

    def wanted(self) -> int | None:
        closes = self.data.Close
        if len(closes) < SLOW:
            return None
        whole = [round(close * DIGITS) for close in closes[-SLOW:]]
        return 1 if sum(whole[-FAST:]) * SLOW > sum(whole) * FAST else self.below

    def next(self) -> None:
        self.protect()
        wanted = self.wanted()
        held = int(math.copysign(1, self.position.size)) if self.position else 0
        if wanted is None or wanted == held:
            return
        if held:
            for trade in self.trades:
                trade.sl = trade.tp = None  # Aion withdraws them with the exit, which is at the open
            self.position.close()
        if wanted:
            close, way = self.data.Close[-1], wanted
            levels = {"sl": close * (1 - way * self.stop), "tp": close * (1 + way * self.target)} if self.stop else {}
            (self.buy if way > 0 else self.sell)(**levels)

    def protect(self) -> None:
        """Set stop and target anew by the entry price, as the bots of Aion do once it is known."""
        for trade in self.trades if self.stop else ():
            if trade.entry_bar == len(self.data) - 1:
                way = 1 if trade.is_long else -1
                trade.sl, trade.tp = (
                    trade.entry_price * (1 - way * self.stop), trade.entry_price * (1 + way * self.target)
                )  # fmt: skip


class TheirTurn(TheirDaily):
    below = -1


class TheirHold(TheirDaily):
    def wanted(self) -> int | None:
        return 1
