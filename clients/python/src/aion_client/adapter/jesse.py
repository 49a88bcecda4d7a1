"""Shows a backtest of jesse: `from_jesse(research.backtest(..., generate_equity_curve=True), "mine")`."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from aion_client.errors import ClientError
from aion_client.finished import write_finished
from aion_client.record import Json


def from_jesse(result: dict[str, Any], name: str, **options: Any) -> Path:
    """Write what `jesse.research.backtest` returned as a finished run.

    Args:
        result: with `generate_equity_curve=True`; the curve has a point a day, so falls within a day do not show.
        name: of the bot on the desk.
        options: of `write_finished`: currency, data, mode, strategy, note.

    Returns:
        Path of the state file.

    Raises:
        ClientError: the result has no curve.
    """
    if not result.get("equity_curve"):
        raise ClientError("result has no equity_curve: call backtest(..., generate_equity_curve=True)")
    metrics = result["metrics"]
    trades, fills = [], []
    for each in sorted(result["trades"], key=lambda each: float(each["closed_at"])):
        trades.append(_trade(each))
        fills += [_fill(order) for order in each["orders"] if order["status"] == "EXECUTED"]
    fills.sort(key=lambda each: each["ts"])
    return write_finished(
        name,
        [(_utc(1000 * point["time"]), point["value"]) for point in result["equity_curve"][0]["data"]],
        start=float(metrics["starting_balance"]),
        trades=trades,
        fills=fills,
        fees=float(metrics["fee"]),
        **{"currency": "USDT", "strategy": result["trades"][0]["strategy_name"] if trades else "", **options},
    )


def _trade(each: Json) -> Json:
    return {
        "symbol": each["symbol"],
        "side": "buy" if each["type"] == "long" else "sell",
        "quantity": each["qty"],
        "entry_price": each["entry_price"],
        "exit_price": each["exit_price"],
        "opened_at": _utc(each["opened_at"]),
        "ts": _utc(each["closed_at"]),
        "fees": each["fee"],
        "realized_pnl": each["PNL"],
    }


def _fill(order: Json) -> Json:
    return {
        "ts": _utc(order["executed_at"]),
        "symbol": order["symbol"],
        "side": order["side"],
        "quantity": abs(order["filled_qty"]),
        "price": order["price"],
        "order_id": order["id"],
        "reason": order["submitted_via"] or "",
    }


def _utc(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
