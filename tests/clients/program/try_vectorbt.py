"""vectorbt: two columns that share their cash, with fees."""

import sys
from pathlib import Path

import pandas as pd
import vectorbt as vbt
from aion_client.adapter.vectorbt import from_vectorbt
from compare import read_state, report, rows_of, walk

if __name__ == "__main__":
    index = pd.date_range("2024-01-01", periods=300, freq="D", tz="UTC")
    close = pd.DataFrame({"AAA": walk(300), "BBB": walk(300, seed=8)}, index=index)
    fast, slow = close.rolling(4).mean(), close.rolling(15).mean()
    portfolio = vbt.Portfolio.from_signals(
        close, fast > slow, fast < slow, size=20, fees=0.001, init_cash=10_000, freq="1D",
        cash_sharing=True, group_by=True,
    )  # fmt: skip
    data = Path(sys.argv[1])
    from_vectorbt(portfolio, "mine", data=data)
    state, closed = read_state(data, "mine"), rows_of(data, "mine", "trades")
    own = portfolio.trades.closed
    report(
        "vectorbt",
        {
            "final value": (float(portfolio.final_value()), state["equity"]),
            "profit": (float(portfolio.total_profit()), state["total_pnl"]["net"]),
            "closed trades": (int(own.count()), state["stats"]["closed_trades"]),
            "won": (int(own.winning.count()), state["stats"]["wins"]),
            "result of closed trades": (float(own.pnl.sum()), sum(each["realized_pnl"] for each in closed)),
            "fees": (float(portfolio.orders.fees.sum()), state["total_pnl"]["fees"]),
            "largest drawdown": (-float(portfolio.max_drawdown()), state["stats"]["max_drawdown"]),
        },
    )
