"""lumibot: a backtest over bars of its own, with fees, parts, and a position at the end."""

import os
import sys
from pathlib import Path

os.environ.update(
    {"IS_BACKTESTING": "true", "SHOW_PLOT": "false", "SHOW_TEARSHEET": "false", "BACKTESTING_QUIET_LOGS": "true"}
)
import pandas as pd
from aion_client.adapter.lumibot import AionMixin
from compare import read_state, report, rows_of, walk
from lumibot.backtesting import PandasDataBacktesting
from lumibot.entities import Asset, Data, TradingFee
from lumibot.strategies import Strategy

ACME = Asset("ACME")


class Mine(AionMixin, Strategy):
    """Buys on one day, sells parts on others."""

    def initialize(self) -> None:
        self.sleeptime = "1D"
        self.count = 0

    def on_trading_iteration(self) -> None:
        self.count += 1
        size = {1: 30, 4: -10, 7: 20, 12: -40, 15: 25}.get(self.count % 17, 0)
        if size:
            self.submit_order(self.create_order(ACME, abs(size), "buy" if size > 0 else "sell"))


if __name__ == "__main__":
    data = Path(sys.argv[1])
    Mine.aion = {"name": "mine", "data": data}
    prices = walk(120)
    index = pd.bdate_range("2024-01-02", periods=len(prices), tz="America/New_York")
    bars = pd.DataFrame({"open": prices, "high": prices, "low": prices, "close": prices, "volume": 1e6}, index=index)
    fee = TradingFee(flat_fee=1.0, percent_fee=0.001)
    _, strategy = Mine.run_backtest(
        PandasDataBacktesting, index[0].to_pydatetime(), index[-10].to_pydatetime(), budget=100_000,
        pandas_data={ACME: Data(ACME, bars, timestep="day")}, benchmark_asset=None, risk_free_rate=0.0,
        buy_trading_fees=[fee], sell_trading_fees=[fee],
        save_tearsheet=False, show_plot=False, show_tearsheet=False, save_stats_file=False,
        show_indicators=False, show_progress_bar=False, save_logfile=False, analyze_backtest=False,
    )  # fmt: skip
    values = strategy.stats["portfolio_value"]
    state, fills = read_state(data, "mine"), rows_of(data, "mine", "fills")
    assert state["kind"] == "finished"
    report(
        "lumibot",
        {
            "cash": (float(strategy.get_cash()), state["cash"]),
            "value": (float(strategy.get_portfolio_value()), state["equity"]),
            "held": (float(strategy.get_position(ACME).quantity), state["positions"]["ACME"]["quantity"]),
            "lowest value": (float(values.min()), min(state["equity_curve"].values())),
            "highest value": (float(values.max()), max(state["equity_curve"].values())),
            "filled orders": (sum(1 for each in strategy.get_orders() if each.is_filled()), len(fills)),
        },
    )
