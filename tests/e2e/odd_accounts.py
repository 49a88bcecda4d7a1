"""Accounts of all kinds as programs of other people write them: files by the documented format, no code of Aion's."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 6, 50, tzinfo=UTC)


def at(minutes: int) -> str:
    """A time so many minutes before the newest one, as some programs write it: with an offset."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def curve(*values: float) -> Json:
    """A value each ten minutes, the last one now."""
    return {at(10 * (len(values) - 1 - number)): value for number, value in enumerate(values)}


ACCOUNTS: dict[str, Json] = {
    "btc": {
        "currency": "BTC", "equity": 0.05021976, "cash": 0.03021976, "start_equity": 0.05,
        "positions": {"ETH/BTC": {"quantity": 0.5, "average_price": 0.0399, "last_price": 0.04}},
        "fills": {"f1": {"ts": at(20), "symbol": "ETH/BTC", "side": "buy", "quantity": 0.5, "price": 0.0399,
                         "fee": 0.00001995}},
        "equity_curve": curve(0.05, 0.0501, 0.05021976), "tick": 0.00001,
    },
    "jpy": {
        "currency": "JPY", "equity": 12345678, "cash": 2345678, "start_equity": 12400000,
        "positions": {"7203.T": {"quantity": 4000, "average_price": 2513.5, "last_price": 2500}},
        "total_pnl": {"gross": -54000, "fees": 322, "slippage": 0, "net": -54322}, "tick": 0.5,
        "equity_curve": curve(12400000, 12390000.5, 12345678),
    },
    "kwd": {
        "currency": "KWD", "equity": 1234.5, "cash": 1234.5, "start_equity": 1234.567,
        "day": "2026-11-30", "day_pnl": {"gross": 0, "fees": 0.067, "net": -0.067},
    },
    "perp": {
        "currency": "USDT", "decimals": 2, "equity": 1008.506, "cash": 998.506, "start_equity": 1000, "margin": 121,
        "leverage": 0.6, "account": "usdm",
        "total_pnl": {"gross": 11.5, "fees": -0.006, "funding": -3, "net": 8.506},
        "positions": {"BTC/USDT:USDT": {
            "quantity": -0.01, "average_price": 61500, "last_price": 60500, "leverage": 5, "margin": 121,
            "liquidation_price": 73200.5, "funding": -3, "market_value": -605}},
        "fills": {"f1": {"ts": at(30), "symbol": "BTC/USDT:USDT", "side": "sell", "quantity": 0.01, "price": 61500,
                         "fee": -0.006}},
        "equity_curve": curve(1000, 1003, 1001, 1008.506), "tick": 0.1,
    },
    "option": {
        "currency": "USD", "equity": 10250, "cash": 8750, "start_equity": 10000,
        "positions": {"SPY 261218C600": {"quantity": 5, "average_price": 2.5, "last_price": 3.0, "multiplier": 100}},
        "open_orders": {"o1": {"ts": at(5), "symbol": "SPY 261218C600", "side": "sell", "quantity": 5,
                               "limit_price": 4, "type": "limit_if_touched", "status": "pending_cancel"}},
    },
    "future": {
        "currency": "EUR", "equity": 99250, "cash": 100000, "start_equity": 100000, "margin": 24500.5,
        "positions": {"FESX 202612": {"quantity": 50, "average_price": 4901.5, "last_price": 4900, "multiplier": 10,
                                      "margin": 24500.5, "unrealized_pnl": -750}},
        "tick": 0.5,
    },
    "wei": {
        "currency": "ETH", "decimals": 18, "equity": 1.500000000000000003, "cash": 1.1, "start_equity": 1.2,
        "flows": {"in": {"ts": at(15), "amount": 0.1}, "out": {"ts": at(5), "amount": -0.000000000000000001}},
        "positions": {"TINY/ETH": {"quantity": 32520.325203252, "average_price": 0.0000111, "last_price": 0.0000123}},
        "equity_curve": curve(1.2, 1.3, 1.5),
    },
    "hedge": {
        "currency": "USDC", "equity": 5000, "cash": 5000,
        "positions": {
            "eth-long": {"symbol": "ETH/USDC", "quantity": 2, "average_price": 3000, "last_price": 3010.25},
            "eth-short": {"symbol": "ETH/USDC", "quantity": -2, "average_price": 3020, "last_price": 3010.25},
        },
    },
    "ended": {
        "currency": "GBP", "equity": 0, "cash": 0, "start_equity": 0, "kind": "finished", "finished_at": at(60),
        "due_at": at(50),
    },
    "huge": {
        "currency": "PEPE", "equity": 123456789012.3, "cash": -1e15, "start_equity": None, "positions": {},
        "fills": {"f1": {"ts": at(1), "symbol": "PEPE/USDT", "side": "sell", "quantity": 1e12, "price": 1.2e-10},
                  "f2": {"ts": at(2), "symbol": "PEPE/USDT", "side": "hodl", "quantity": 1, "price": 1}},
        "trades": {"t1": {"symbol": "PEPE/USDT", "side": "buy", "quantity": 1, "entry_price": 1, "exit_price": 1,
                          "opened_at": at(9), "ts": at(1), "realized_pnl": float("nan")}},
    },
}  # fmt: skip
"""By bot; what a file lacks or says oddly is so on purpose."""


def write(root: Path) -> None:
    """Write all of them below a data folder, as Python's own JSON does, NaN included."""
    folder = root / "swing"
    folder.mkdir(parents=True)
    for bot, account in ACCOUNTS.items():
        value = {"schema": "aion/swing_rolling/2", "bot": bot, "as_of": at(0), "written_at": at(0)} | account
        partial, target = folder / f".{bot}.partial", folder / f"rolling_{bot}.json.gz"
        partial.write_bytes(gzip.compress(json.dumps(value).encode()))
        partial.rename(target)
