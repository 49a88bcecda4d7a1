"""The moving-average rule of `bench.backtest` in nautilus_trader; runs in an environment of its own, which has it.

Run: python nautilus_rule.py BARS.csv REPEATS, with the lines `close of the bar in ns, open, high, low, close, volume,
session, minutes left`. Prints one line of JSON: trades, and the median processor and wall time of a run in seconds.
"""

import json
import sys
import time
from collections import deque
from decimal import Decimal
from pathlib import Path
from statistics import median

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

FAST, SLOW, EXPOSURE, FLAT_MINUTES, CASH = 10, 30, 0.5, 5, 1_000_000
VENUE = Venue("XNAS")
INSTRUMENT = Equity(
    InstrumentId(Symbol("MSFT"), VENUE), Symbol("MSFT"), USD, 2, Price.from_str("0.01"), Quantity.from_int(1), 0, 0
)
BAR_TYPE = BarType.from_str("MSFT.XNAS-1-MINUTE-LAST-EXTERNAL")


class Cross(Strategy):
    """Long while the mean close of the last `FAST` bars of the session is above that of the last `SLOW`."""

    def __init__(self, sessions: dict[int, tuple[str, float]]) -> None:
        """Args: sessions: day and minutes left by the time of the bar."""
        super().__init__()
        self._sessions, self._day = sessions, ""
        self._closes: deque[int] = deque(maxlen=SLOW)

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(BAR_TYPE)

    def on_bar(self, bar: Bar) -> None:
        """Trade as the rule says."""
        day, left = self._sessions[bar.ts_event]
        if day != self._day:
            self._day = day
            self._closes.clear()
        closes = self._closes
        closes.append(round(float(bar.close) * 100))
        is_flat = self.portfolio.is_flat(INSTRUMENT.id)
        if left <= FLAT_MINUTES:
            if not is_flat:
                self.close_all_positions(INSTRUMENT.id)
            return
        if len(closes) < SLOW:
            return
        is_above = sum(list(closes)[-FAST:]) * SLOW > sum(closes) * FAST
        if is_above and is_flat:
            cash = self.portfolio.account(VENUE).balance_total(USD).as_double()
            size = int(cash * EXPOSURE / float(bar.close))
            self.submit_order(self.order_factory.market(INSTRUMENT.id, OrderSide.BUY, Quantity.from_int(size)))
        elif not is_above and not is_flat:
            self.close_all_positions(INSTRUMENT.id)


def read(path: Path) -> tuple[list[Bar], dict[int, tuple[str, float]]]:
    """Return the bars, and day and minutes left by their time."""
    bars, sessions = [], {}
    for line in path.read_text("utf-8").splitlines():
        ts, *prices, volume, day, left = line.split(",")
        open_, high, low, close = (Price(Decimal(each), 2) for each in prices)
        bars.append(Bar(BAR_TYPE, open_, high, low, close, Quantity.from_int(int(volume)), int(ts), int(ts)))
        sessions[int(ts)] = (day, float(left))
    return bars, sessions


def run(bars: list[Bar], sessions: dict[int, tuple[str, float]]) -> tuple[int, float, float]:
    """Return closed positions, processor time and wall time of one backtest; bars are in memory."""
    wall, cpu = time.perf_counter(), time.process_time()
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.CASH, [Money(CASH, USD)], base_currency=USD)
    engine.add_instrument(INSTRUMENT)
    engine.add_data(bars)
    engine.add_strategy(Cross(sessions))
    engine.run()
    # NETTING keeps one position an instrument; each time it was closed is a snapshot or the last one
    trades = len(engine.cache.position_snapshots()) + len(engine.cache.positions_closed())
    engine.dispose()
    return trades, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Measure and print."""
    bars, sessions = read(Path(sys.argv[1]))
    found = [run(bars, sessions) for _ in range(int(sys.argv[2]))]
    figures = {
        "trades": found[0][0],
        "cpu_s": median(each[1] for each in found),
        "wall_s": median(each[2] for each in found),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
