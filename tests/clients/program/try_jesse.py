"""jesse: a backtest of futures in both directions with fees, by its research module."""

import os
import sys
from pathlib import Path

SETTINGS = (
    "PASSWORD", "POSTGRES_HOST", "POSTGRES_NAME", "POSTGRES_PORT", "POSTGRES_USERNAME", "POSTGRES_PASSWORD",
    "REDIS_HOST", "REDIS_PORT", "APP_PORT",
)  # fmt: skip
Path(".env").write_text(
    "".join(f"{name}=1\n" for name in SETTINGS)
)  # it does not start without; it uses none of them
os.makedirs("storage/logs", exist_ok=True)

import numpy as np  # noqa: E402
from aion_client.adapter.jesse import from_jesse  # noqa: E402
from compare import read_state, report, rows_of, walk  # noqa: E402
from jesse import research  # noqa: E402
from jesse.strategies import Strategy  # noqa: E402


class Mine(Strategy):
    """Long and short in turn, by the number of the candle."""

    def should_long(self) -> bool:
        return self.index % 10 == 3

    def should_short(self) -> bool:
        return self.index % 10 == 8

    def go_long(self) -> None:
        self.buy = 2, self.price

    def go_short(self) -> None:
        self.sell = 1, self.price

    def should_cancel_entry(self) -> bool:
        return True

    def update_position(self) -> None:
        if self.index % 10 in (6, 0):
            self.liquidate()


if __name__ == "__main__":
    began = 1_609_459_080_000
    candles = np.array(
        [
            [began + number * 60_000, price, price, price + 0.1, price - 0.1, 10]
            for number, price in enumerate(walk(3000))
        ]
    )
    config = {
        "starting_balance": 10_000, "fee": 0.001, "type": "futures", "futures_leverage": 2, "exchange": "Sandbox",
        "futures_leverage_mode": "cross", "warm_up_candles": 0,
    }  # fmt: skip
    route = {"exchange": "Sandbox", "strategy": Mine, "symbol": "BTC-USDT", "timeframe": "5m"}
    source = {"Sandbox-BTC-USDT": {"exchange": "Sandbox", "symbol": "BTC-USDT", "candles": candles}}
    result = research.backtest(config, [route], [], source, generate_equity_curve=True)
    data = Path(sys.argv[1])
    from_jesse(result, "mine", data=data)
    metrics, state, closed = result["metrics"], read_state(data, "mine"), rows_of(data, "mine", "trades")
    report(
        "jesse",
        {
            "final balance": (metrics["finishing_balance"], state["equity"]),
            "net profit": (metrics["net_profit"], state["total_pnl"]["net"]),
            "trades": (metrics["total"], state["stats"]["closed_trades"]),
            "won": (metrics["total_winning_trades"], state["stats"]["wins"]),
            "result of trades": (
                metrics["gross_profit"] + metrics["gross_loss"],
                sum(each["realized_pnl"] for each in closed),
            ),
            "fees": (metrics["fee"], state["total_pnl"]["fees"]),
            "largest drawdown": (-metrics["max_drawdown"] / 100, state["stats"]["max_drawdown"]),
        },
    )
