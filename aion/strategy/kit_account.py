"""The paper account of the test kit: it follows the signals of one strategy through the paper broker, as a bot does.

So what a rule is told it holds is what an account would hold: filled at the next open, cut by volume and cash, closed
by stops and at the end of a session, and not always what the rule asked for.
"""

from collections.abc import Mapping
from decimal import Decimal

from aion.market.calendar import MarketSession
from aion.market.grid import Grid
from aion.model import ZERO, Bar, Instrument, Side, Signal
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio

CASH = Decimal(1_000_000)
STOP = Decimal("0.03")  # of the entry price: near enough that some positions are closed without the rule's doing
FLAT_BARS = 5  # before the end of a session


class KitAccount:
    """An account that may be long and short, with an equal part of its equity in each symbol."""

    def __init__(self, instruments: Mapping[str, Instrument], grid: Grid | None) -> None:
        """Args: instruments: of the strategy's symbols; grid: of intraday bars, None for daily ones."""
        currency = next(iter(instruments.values())).currency
        cost = cost_model("us-equity-bps" if grid is None else "us-equity")
        self._grid = grid
        self._part = (1 / Decimal(len(instruments))).quantize(Decimal("0.0001"))
        self._broker = PaperBroker(
            "kit", "1", Portfolio(currency, CASH), instruments, cost, grid=grid, allow_short=True
        )

    def see(self, bars: Mapping[str, Bar], session: MarketSession) -> dict[str, Decimal]:
        """Fill what rests in `bars` and return what is held after them, signed quantities."""
        self._broker.on_bars(bars, session)
        self._broker.take_changes()
        return self._broker.portfolio.quantities()

    def follow(self, signals: Mapping[str, Signal], bars: Mapping[str, Bar], session: MarketSession) -> None:
        """Order what `signals` ask for: entries from flat, exits, and nothing while an order rests."""
        ts = next(iter(bars.values())).ts
        grid = self._grid
        if grid is not None and session.minutes_left(ts) <= FLAT_BARS * grid.minutes:
            for symbol in self._broker.portfolio.symbols:
                self._broker.flatten(symbol, ts, "flat for the day")
            return
        for signal in signals.values():
            self._follow(signal, bars[signal.symbol])

    def _follow(self, signal: Signal, bar: Bar) -> None:
        sign = {"buy": 1, "sell": -1}.get(signal.action, 0)
        held = self._broker.portfolio.quantity(signal.symbol)
        if signal.action == "hold" or held * sign > 0:
            return
        if held:
            self._broker.flatten(signal.symbol, bar.ts, "exit")
        elif sign and not self._broker.open_orders(signal.symbol) and signal.confidence >= signal.threshold:
            side = Side.BUY if sign > 0 else Side.SELL
            stop = bar.close * (1 - sign * STOP)
            order = self._broker.order(
                signal.symbol, side, ZERO, bar.ts, "entry", weight=self._part * sign, stop_loss=stop
            )
            self._broker.submit(order)
