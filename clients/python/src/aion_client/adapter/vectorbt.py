"""Shows a portfolio of vectorbt: `from_vectorbt(portfolio, "mine")`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aion_client.finished import write_finished


def from_vectorbt(portfolio: Any, name: str, *, symbol: str = "", **options: Any) -> Path:
    """Write a portfolio as a finished run; several columns are shown together, as one account.

    Args:
        portfolio: a `vectorbt.Portfolio`, of one column, or grouped so that its columns share their cash.
        name: of the bot on the desk.
        symbol: name of a single column that has none.
        options: of `write_finished`: currency, data, mode, strategy, note.

    Returns:
        Path of the state file.
    """
    value = portfolio.value()
    start = portfolio.init_cash
    if getattr(value, "ndim", 1) > 1:
        value, start = value.sum(axis=1), start.sum()
    trades, fills = [], []
    for each in portfolio.exit_trades.records_readable.sort_values("Exit Timestamp", kind="stable").to_dict(
        "records"
    ):
        if each["Status"] != "Closed":
            continue  # what is open at the end is in the curve
        trades.append(
            {
                "symbol": _named(each["Column"], symbol),
                "side": "buy" if each["Direction"] == "Long" else "sell",
                "quantity": each["Size"],
                "entry_price": each["Avg Entry Price"],
                "exit_price": each["Avg Exit Price"],
                "opened_at": each["Entry Timestamp"],
                "ts": each["Exit Timestamp"],
                "fees": each["Entry Fees"] + each["Exit Fees"],
                "realized_pnl": each["PnL"],
                "return": each["Return"],
            }
        )
    for each in portfolio.orders.records_readable.sort_values("Timestamp", kind="stable").to_dict("records"):
        fills.append(
            {
                "ts": each["Timestamp"],
                "symbol": _named(each["Column"], symbol),
                "side": each["Side"].lower(),
                "quantity": each["Size"],
                "price": each["Price"],
                "fee": each["Fees"],
            }
        )
    return write_finished(
        name,
        list(zip(value.index, value.to_numpy())),
        start=float(start),
        trades=trades,
        fills=fills,
        fees=float(sum(each["fee"] for each in fills)),
        **options,
    )


def _named(column: Any, symbol: str) -> str:
    """Return the symbol of a column, of several levels the last; a column without a name is a number."""
    label = str(column[-1] if isinstance(column, tuple) else column)
    return (symbol or f"column {label}") if label.isdecimal() or not label else label
