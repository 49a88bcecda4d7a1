"""quantstats: a series of daily returns."""

import sys
from pathlib import Path

import pandas as pd
import quantstats as qs
from aion_client.adapter.quantstats import from_quantstats
from compare import read_state, report, walk

if __name__ == "__main__":
    prices = pd.Series(walk(300), index=pd.date_range("2024-01-01", periods=300, freq="D"))
    returns = prices.pct_change()
    data = Path(sys.argv[1])
    from_quantstats(returns, "mine", start=10_000, data=data)
    state = read_state(data, "mine")
    report(
        "quantstats",
        {
            "return": (float(qs.stats.comp(returns)), state["total_pnl"]["net_return"]),
            "final value": (10_000 * (1 + float(qs.stats.comp(returns))), state["equity"]),
            "largest drawdown": (-float(qs.stats.max_drawdown(returns.dropna())), state["stats"]["max_drawdown"]),
        },
    )
