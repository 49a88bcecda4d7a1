"""Shows a run of backtesting.py: `from_backtesting(bt.run(), "mine", symbol="GOOG")`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aion_client.finished import write_finished
from aion_client.record import Json


def from_backtesting(stats: Any, name: str, *, symbol: str, **options: Any) -> Path:
    """Write what `Backtest.run()` returned as a finished run.

    Args:
        stats: the series of figures.
        name: of the bot on the desk.
        symbol: what the data is of; backtesting.py does not know.
        options: of `write_finished`: currency, data, mode, strategy, note.

    Returns:
        Path of the state file.
    """
    equity = stats["_equity_curve"]["Equity"]
    trades, fills = [], []
    for each in stats["_trades"].sort_values("ExitTime", kind="stable").to_dict("records"):
        trades.append(_trade(each, symbol))
        fills += _fills(each, symbol)
    fills.sort(key=lambda each: each["ts"])
    # a trade that is open at the end is in no list unless `finalize_trades` is set; its value is in the curve
    return write_finished(
        name,
        list(zip(equity.index, equity.to_numpy())),
        start=float(equity.iloc[0]),
        trades=trades,
        fills=fills,
        fees=float(stats.get("Commissions [$]", 0.0) or 0.0),
        **{"strategy": type(stats["_strategy"]).__name__, **options},
    )


def _trade(each: Json, symbol: str) -> Json:
    return {
        "symbol": symbol,
        "side": "buy" if each["Size"] > 0 else "sell",
        "quantity": abs(each["Size"]),
        "entry_price": each["EntryPrice"],
        "exit_price": each["ExitPrice"],
        "opened_at": each["EntryTime"],
        "ts": each["ExitTime"],
        "fees": each.get("Commission", 0.0),
        "realized_pnl": each["PnL"],
        "reason": each.get("Tag") if isinstance(each.get("Tag"), str) else "",
    }


def _fills(each: Json, symbol: str) -> list[Json]:
    sides = ("buy", "sell") if each["Size"] > 0 else ("sell", "buy")
    shared = {"symbol": symbol, "quantity": abs(each["Size"])}
    return [
        {**shared, "ts": each["EntryTime"], "side": sides[0], "price": each["EntryPrice"]},
        {**shared, "ts": each["ExitTime"], "side": sides[1], "price": each["ExitPrice"]},
    ]
