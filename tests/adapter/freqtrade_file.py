"""A database of freqtrade as a test wants it."""

import sqlite3
from pathlib import Path

TRADES = """
CREATE TABLE trades (
    id INTEGER PRIMARY KEY, exchange VARCHAR(25) NOT NULL, pair VARCHAR(25) NOT NULL, base_currency VARCHAR(25),
    stake_currency VARCHAR(25), is_open BOOLEAN NOT NULL, fee_open FLOAT NOT NULL, fee_open_cost FLOAT,
    fee_close FLOAT NOT NULL, fee_close_cost FLOAT, open_rate FLOAT, close_rate FLOAT, close_profit FLOAT,
    close_profit_abs FLOAT, stake_amount FLOAT NOT NULL, amount FLOAT, open_date DATETIME NOT NULL,
    close_date DATETIME, stop_loss FLOAT, exit_reason VARCHAR(100), strategy VARCHAR(100), enter_tag VARCHAR(100),
    leverage FLOAT, is_short BOOLEAN NOT NULL
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, ft_trade_id INTEGER, ft_order_side VARCHAR(25) NOT NULL, ft_pair VARCHAR(25) NOT NULL,
    ft_is_open BOOLEAN NOT NULL, order_id VARCHAR(255) NOT NULL, status VARCHAR(255), side VARCHAR(25), price FLOAT,
    average FLOAT, amount FLOAT, filled FLOAT, order_date DATETIME, order_filled_date DATETIME
);
INSERT INTO trades VALUES
    (1, 'kraken', 'BTC/USDT', 'BTC', 'USDT', 0, 0.001, NULL, 0.001, NULL, 20000, 21000, 0.0479, 95.9, 2000, 0.1,
     '2022-05-19 10:00:00.000000', '2022-05-19 12:30:00.000000', 18000, 'roi', 'Sample', 'dip', 1, 0),
    (2, 'kraken', 'ETH/USDT', 'ETH', 'USDT', 0, 0.001, NULL, 0.001, NULL, 1900, 2000, -0.0546, -103.9, 1900, 1,
     '2022-05-19 11:00:00', '2022-05-20 08:00:00', 2100, 'stop_loss', 'Sample', NULL, 1, 1),
    (3, 'kraken', 'BTC/USDT', 'BTC', 'USDT', 1, 0.001, NULL, 0.001, NULL, 22000, NULL, NULL, NULL, 2200, 0.1,
     '2022-05-20 09:00:00', NULL, 19800, NULL, 'Sample', 'dip', 1, 0);
INSERT INTO orders VALUES
    (1, 1, 'buy', 'BTC/USDT', 0, 'dry_run_b1', 'closed', 'buy', 20000, 20000, 0.1, 0.1, '2022-05-19 10:00:00', NULL),
    (2, 1, 'sell', 'BTC/USDT', 0, 'dry_run_s1', 'closed', 'sell', 21000, NULL, 0.1, 0.1, '2022-05-19 12:29:00',
     '2022-05-19 12:30:00'),
    (3, 2, 'sell', 'ETH/USDT', 0, 'dry_run_s2', 'closed', 'sell', 1900, 1900, 1, 1, '2022-05-19 11:00:00', NULL),
    (4, 2, 'stoploss', 'ETH/USDT', 0, 'dry_run_b2', 'closed', 'buy', 2000, 2000, 1, 1, '2022-05-20 08:00:00', NULL),
    (5, 3, 'buy', 'BTC/USDT', 0, 'dry_run_b3', 'closed', 'buy', 22000, 22000, 0.1, 0.1, '2022-05-20 09:00:00', NULL),
    (6, 3, 'sell', 'BTC/USDT', 1, 'dry_run_s3', 'open', 'sell', 25000, NULL, 0.1, 0, '2022-05-20 09:01:00', NULL);
"""


def make(path: Path, script: str = TRADES) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path
