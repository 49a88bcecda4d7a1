"""backtesting.py: both directions with commissions, parts, and a trade that is open at the end."""

import sys
from pathlib import Path

import pandas as pd
from aion_client.adapter.backtesting import from_backtesting
from backtesting import Backtest, Strategy
from compare import read_state, report, rows_of, walk


class Turns(Strategy):
    """Long or short by an average; sells half now and then."""

    def init(self) -> None:
        self.slow = self.I(lambda close: pd.Series(close).rolling(15).mean(), self.data.Close)

    def next(self) -> None:
        price = self.data.Close[-1]
        if price > self.slow[-1] and not self.position.is_long:
            self.position.close()
            self.buy(size=0.4, tag="above")
        elif price < self.slow[-1] and not self.position.is_short:
            self.position.close()
            self.sell(size=0.3)
        elif len(self.data) % 9 == 0:
            self.position.close(0.5)


if __name__ == "__main__":
    prices = walk(300)
    index = pd.date_range("2024-01-01", periods=len(prices), freq="D")
    bars = pd.DataFrame({"Open": prices, "High": prices, "Low": prices, "Close": prices, "Volume": 1}, index=index)
    run = Backtest(bars, Turns, cash=10_000, commission=0.002, finalize_trades=len(sys.argv) > 2)
    stats = run.run()
    data = Path(sys.argv[1])
    from_backtesting(stats, "mine", symbol="ACME", data=data)
    state, closed = read_state(data, "mine"), rows_of(data, "mine", "trades")
    report(
        "backtesting",
        {
            "final value": (stats["Equity Final [$]"], state["equity"]),
            "return": (stats["Return [%]"] / 100, state["total_pnl"]["net_return"]),
            "trades": (stats["# Trades"], state["stats"]["closed_trades"]),
            "win rate": (stats["Win Rate [%]"] / 100, state["stats"]["wins"] / state["stats"]["closed_trades"]),
            "result of trades": (stats["_trades"]["PnL"].sum(), sum(each["realized_pnl"] for each in closed)),
            "commissions": (stats["Commissions [$]"], state["total_pnl"]["fees"]),
            "largest drawdown": (-stats["Max. Drawdown [%]"] / 100, state["stats"]["max_drawdown"]),
        },
    )
