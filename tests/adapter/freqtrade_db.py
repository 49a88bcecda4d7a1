"""Databases with the columns of freqtrade's published models, from before shorts to record version 2.

Column names and types are those of freqtrade/persistence (models.py, trade_model.py, migrations.py) of
https://github.com/freqtrade/freqtrade at the time that each name says.
"""

import sqlite3
from pathlib import Path
from typing import Any

_BASE = (
    "id INTEGER PRIMARY KEY, exchange VARCHAR(25) NOT NULL, pair VARCHAR(25) NOT NULL, is_open BOOLEAN NOT NULL, "
    "fee_open FLOAT NOT NULL, fee_open_cost FLOAT, fee_open_currency VARCHAR, fee_close FLOAT NOT NULL, "
    "fee_close_cost FLOAT, fee_close_currency VARCHAR, open_rate FLOAT, open_rate_requested FLOAT, "
    "open_trade_value FLOAT, close_rate FLOAT, close_rate_requested FLOAT, close_profit FLOAT, "
    "close_profit_abs FLOAT, stake_amount FLOAT NOT NULL, amount FLOAT, amount_requested FLOAT, "
    "open_date DATETIME NOT NULL, "
    "close_date DATETIME, stop_loss FLOAT, stop_loss_pct FLOAT, initial_stop_loss FLOAT, "
    "initial_stop_loss_pct FLOAT, stoploss_order_id VARCHAR(255), stoploss_last_update DATETIME, "
    "max_rate FLOAT, min_rate FLOAT, "
    "strategy VARCHAR(100), timeframe INTEGER"
)
_OLD = (
    f"{_BASE}, open_order_id VARCHAR(255), sell_reason VARCHAR(100), sell_order_status VARCHAR(100), buy_tag VARCHAR"
)
_FUTURES = (
    f"{_BASE}, base_currency VARCHAR(25), stake_currency VARCHAR(25), exit_reason VARCHAR(100), "
    "exit_order_status VARCHAR(100), enter_tag VARCHAR(100), trading_mode VARCHAR(7), leverage FLOAT, "
    "is_short BOOLEAN NOT NULL DEFAULT 0, liquidation_price FLOAT, interest_rate FLOAT NOT NULL DEFAULT 0, "
    "funding_fees FLOAT"
)
_PARTIAL = (
    f"{_FUTURES}, realized_profit FLOAT, amount_precision FLOAT, price_precision FLOAT, precision_mode INTEGER, "
    "contract_size FLOAT, max_stake_amount FLOAT"
)
_NEWEST = (
    f"{_PARTIAL}, precision_mode_price INTEGER, funding_fee_running FLOAT, record_version INTEGER NOT NULL DEFAULT 2"
)
_ORDER = (
    "id INTEGER PRIMARY KEY, ft_trade_id INTEGER, ft_order_side VARCHAR(25) NOT NULL, ft_pair VARCHAR(25) NOT NULL, "
    "ft_is_open BOOLEAN NOT NULL, order_id VARCHAR(255) NOT NULL, status VARCHAR(255), symbol VARCHAR(25), "
    "order_type VARCHAR(50), side VARCHAR(25), price FLOAT, amount FLOAT, filled FLOAT, remaining FLOAT, cost FLOAT, "
    "order_date DATETIME, order_filled_date DATETIME, order_update_date DATETIME"
)
_ORDER_2022 = f"{_ORDER}, average FLOAT, ft_fee_base FLOAT"
_ORDER_2023 = f"{_ORDER_2022}, stop_price FLOAT, funding_fee FLOAT, ft_amount FLOAT, ft_price FLOAT"
_ORDER_NEWEST = f"{_ORDER_2023}, ft_cancel_reason VARCHAR(255), ft_order_tag VARCHAR(255)"

Row = dict[str, Any]
_HISTORY = (
    "id INTEGER PRIMARY KEY, timestamp DATETIME NOT NULL, currency VARCHAR(25) NOT NULL, rate FLOAT, "
    "quote_currency VARCHAR(25) NOT NULL, balance FLOAT NOT NULL, total_quote FLOAT, total_position_value FLOAT, "
    "collateral FLOAT, leverage FLOAT NOT NULL, bot_managed BOOLEAN NOT NULL DEFAULT 1"
)  # freqtrade/persistence/wallet_history.py
_LOCKS = (
    "id INTEGER PRIMARY KEY, pair VARCHAR(25) NOT NULL, side VARCHAR(25) NOT NULL, reason VARCHAR(255), "
    "lock_time DATETIME NOT NULL, lock_end_time DATETIME NOT NULL, active BOOLEAN NOT NULL"
)  # freqtrade/persistence/pairlock.py
SCHEMAS = {
    "2021": (_OLD, _ORDER),
    "2022": (_FUTURES, _ORDER_2022),
    "2023": (_PARTIAL, _ORDER_2023),
    "record version 2": (_NEWEST, _ORDER_NEWEST),
}


def trade(number: int, **values: Any) -> dict[str, Any]:
    """A closed long trade of one coin, bought at 100 and sold at 110, with `values` in place of that."""
    made = {
        "id": number, "exchange": "binance", "pair": "BTC/USDT", "is_open": 0, "fee_open": 0.001, "fee_close": 0.001,
        "open_rate": 100.0, "close_rate": 110.0, "close_profit_abs": 9.79, "stake_amount": 100.0, "amount": 1.0,
        "open_date": "2023-05-01 10:00:00.000000", "close_date": "2023-05-01 12:00:00.000000", "strategy": "S",
    }  # fmt: skip
    return made | values


def order(number: int, of: int, side: str, price: float, amount: float, **values: Any) -> dict[str, Any]:
    made = {
        "id": number, "ft_trade_id": of, "ft_order_side": side, "ft_pair": "BTC/USDT", "ft_is_open": 0,
        "order_id": f"dry_run_{number}", "status": "closed", "price": price, "amount": amount, "filled": amount,
        "order_date": f"2023-05-01 10:{number:02}:00", "order_filled_date": f"2023-05-01 10:{number:02}:30",
    }  # fmt: skip
    return made | values


def write(
    path: Path,
    schema: str,
    trades: list[Row],
    orders: list[Row],
    mode: str = "",
    history: list[Row] | None = None,
    locks: list[Row] | None = None,
) -> Path:
    """Make a database; `mode` is a journal mode, such as `wal`; `history` are rows of daily holdings."""
    connection = sqlite3.connect(path)
    if mode:
        connection.execute(f"PRAGMA journal_mode={mode}")
    tables = [*zip(("trades", "orders"), SCHEMAS[schema], (trades, orders), strict=True)]
    if history is not None:
        tables.append(("wallet_history", _HISTORY, history))
    if locks is not None:
        tables.append(("pairlocks", _LOCKS, locks))
    for table, columns, rows in tables:
        connection.execute(f"CREATE TABLE {table} ({columns})")
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
    connection.commit()
    connection.close()
    return path
