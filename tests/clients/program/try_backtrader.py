"""backtrader: a strategy that turns, sells parts and pays commissions, and one of a future with a multiplier."""

import datetime
import sys
from pathlib import Path

import backtrader as bt
from aion_client.adapter.backtrader import Aion
from compare import Rows, read_state, report, rows_of, walk


class Bars(bt.feed.DataBase):
    """A random walk by the day."""

    def start(self) -> None:
        super().start()
        self.prices = iter(enumerate(walk(300)))

    def _load(self) -> bool:
        day, price = next(self.prices, (0, None))
        if price is None:
            return False
        began = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=day)
        self.lines.datetime[0] = bt.date2num(began)
        self.lines.open[0], self.lines.close[0] = price - 0.1, price
        self.lines.high[0], self.lines.low[0] = price + 0.5, price - 0.5
        self.lines.volume[0] = self.lines.openinterest[0] = 0
        return True


class Turns(bt.Strategy):
    """Long 37 above an average, short 21 below it, and sells parts in between."""

    def __init__(self) -> None:
        self.fast, self.slow = bt.ind.SMA(period=4), bt.ind.SMA(period=15)

    def next(self) -> None:
        size = self.position.size
        if self.fast[0] > self.slow[0] and size <= 0:
            self.order_target_size(target=37)
        elif self.fast[0] < self.slow[0] and size >= 0:
            self.order_target_size(target=-21)
        elif len(self) % 7 == 0 and size > 10:
            self.sell(size=5)


def run(data: Path, bot: str, **commission: float) -> Rows:
    cerebro = bt.Cerebro()
    cerebro.adddata(Bars(), name="ACME")
    cerebro.addstrategy(Turns)
    cerebro.broker.setcash(100_000)
    cerebro.broker.setcommission(**commission)
    cerebro.addanalyzer(Aion, bot=bot, data=data)
    cerebro.addanalyzer(bt.analyzers.TradeAnalyzer, _name="trades")
    [strategy] = cerebro.run()
    trades = strategy.analyzers.trades.get_analysis()
    state, closed = read_state(data, bot), rows_of(data, bot, "trades")
    assert state["kind"] == "finished" and "note" not in state
    return {
        f"{bot}: final value": (cerebro.broker.getvalue(), state["equity"]),
        f"{bot}: closed trades": (trades.total.closed, state["stats"]["closed_trades"]),
        f"{bot}: won": (trades.won.total, state["stats"]["wins"]),
        f"{bot}: result of closed trades": (trades.pnl.net.total, sum(each["realized_pnl"] for each in closed)),
        f"{bot}: fees of closed trades": (
            trades.pnl.gross.total - trades.pnl.net.total,
            sum(each["fees"] for each in closed),
        ),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    share = run(folder, "share", commission=0.001)
    future = run(folder, "future", commission=2.0, margin=500.0, mult=10.0)
    report("backtrader", {**share, **future})
