"""Run the real freqtrade in dry run against an exchange that is a file on this machine.

    python -m venv scratch && scratch/bin/pip install freqtrade==2026.9
    scratch/bin/python tools/freqtrade_dry_run.py FOLDER SITUATION PORT

It makes FOLDER with the database of a SITUATION of `tools/freqtrade_figures.py` (or `empty`), a strategy and a
config, and starts freqtrade on it; its API listens on 127.0.0.1:PORT for the user `aion` with the password `secret`.
Prices are those of FOLDER/prices.json (coin -> price), read anew at each question: write it to move the market.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import ccxt
import ccxt.pro

sys.path.insert(0, str(Path(__file__).parent))
from freqtrade.enums import TradingMode
from freqtrade.main import main as freqtrade_main
from freqtrade.persistence import Trade
from freqtrade_figures import MADE, Bot

COINS = ("BTC", "ETH", "SOL", "XRP", "SHIB", "LTC", *(f"C{number}" for number in range(7)))
PRICES = {"BTC": 60000.0, "ETH": 3000.0, "SOL": 141.5, "XRP": 0.47, "SHIB": 0.0000139, "LTC": 80.0}
IN_BTC = {"ETH": 0.05, "XRP": 0.00001234, "SHIB": 0.00000001, "LTC": 0.00123457}
HOUR_MS = 3_600_000
STRATEGY = '''
from freqtrade.strategy import IStrategy


class Still(IStrategy):
    """Decides nothing: its trades are forced over the API."""

    timeframe = "1h"
    stoploss = -0.9
    minimal_roi = {"0": 100}
    can_short = %s
    position_adjustment_enable = True
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 0
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe

    def leverage(self, **_):
        return %s
'''


class FileExchange:
    """The answers of an exchange, made of a file of prices; the classes below hand them to ccxt."""

    folder: Path
    stake: str
    is_futures: bool

    @classmethod
    def prices(cls) -> dict[str, float]:
        """Return the price by coin, in the stake currency."""
        return {**json.loads((cls.folder / "prices.json").read_text())}

    @classmethod
    def price(cls, symbol: str) -> float:
        """Return the price of a pair."""
        return cls.prices()[symbol.partition("/")[0]]

    @classmethod
    def markets(cls, make: Any) -> list[dict[str, Any]]:
        """Return the markets, made by `make`, which is ccxt's `safe_market_structure`."""
        tail = f":{cls.stake}" if cls.is_futures else ""
        return [
            make(
                {
                    "id": f"{coin}{cls.stake}",
                    "symbol": f"{coin}/{cls.stake}{tail}",
                    "base": coin,
                    "quote": cls.stake,
                    "baseId": coin,
                    "quoteId": cls.stake,
                    "active": True,
                    "taker": 0.001,
                    "maker": 0.001,
                    "type": "swap" if cls.is_futures else "spot",
                    "spot": not cls.is_futures,
                    "swap": cls.is_futures,
                    "linear": cls.is_futures or None,
                    "contract": cls.is_futures,
                    "margin": False,
                    "future": False,
                    "option": False,
                    "settle": cls.stake if cls.is_futures else None,
                    "contractSize": 1.0 if cls.is_futures else None,
                    "precision": {"amount": 1e-8, "price": 1e-8},
                    "limits": {
                        "amount": {"min": 1e-8, "max": 1e9},
                        "price": {"min": 1e-8, "max": 1e9},
                        "cost": {"min": 1e-6, "max": 1e9},
                        "leverage": {"min": 1, "max": 100},
                    },
                    "info": {"status": "TRADING"},
                }
            )
            for coin in cls.prices()
        ]

    @classmethod
    def bars(cls, symbol: str, since: int | None, every_ms: int) -> list[list[float]]:
        """Return a bar an interval from `since` to now, all at the present price."""
        now, price = int(time.time() * 1000), cls.price(symbol)
        first = since - since % every_ms if since else now - now % every_ms - 100 * every_ms
        return [[at, price, price, price, price, 1.0] for at in range(first, now, every_ms)][:1000]

    @classmethod
    def ticker(cls, symbol: str) -> dict[str, Any]:
        """Return the newest price of a pair as ccxt says it."""
        price = cls.price(symbol)
        return {
            "symbol": symbol, "last": price, "bid": price, "ask": price, "close": price, "quoteVolume": 1e9,
            "baseVolume": 1e6, "timestamp": int(time.time() * 1000), "percentage": 0.0, "info": {},
        }  # fmt: skip

    @classmethod
    def book(cls, symbol: str) -> dict[str, Any]:
        """Return an order book that fills any order at the price."""
        price = cls.price(symbol)
        return {"symbol": symbol, "bids": [[price, 1e9]], "asks": [[price, 1e9]], "timestamp": None, "nonce": None}


def answers(base: type, *, is_async: bool) -> type:
    """Return ccxt's class `base` with each request of the network answered by the file."""
    made: dict[str, Any] = {
        "fetch_markets": lambda self, params=None: FileExchange.markets(self.safe_market_structure),
        "fetch_currencies": lambda self, params=None: {},
        "fetch_ticker": lambda self, symbol, params=None: FileExchange.ticker(symbol),
        "fetch_tickers": lambda self, symbols=None, params=None: {
            each: FileExchange.ticker(each) for each in self.markets
        },
        "fetch_bids_asks": lambda self, symbols=None, params=None: {
            each: FileExchange.ticker(each) for each in self.markets
        },
        "fetch_order_book": lambda self, symbol, limit=None, params=None: FileExchange.book(symbol),
        "fetch_l2_order_book": lambda self, symbol, limit=None, params=None: FileExchange.book(symbol),
        "fetch_ohlcv": lambda self, symbol, timeframe="1h", since=None, limit=None, params=None: FileExchange.bars(
            symbol, since, self.parse_timeframe(timeframe) * 1000
        ),
        "fetch_funding_rate_history": lambda self, symbol=None, since=None, limit=None, params=None: [
            {"symbol": symbol, "fundingRate": 0.0001, "timestamp": at, "info": {}}
            for at, *_ in FileExchange.bars(symbol, since, 8 * HOUR_MS)
        ],
        "fetch_leverage_tiers": lambda self, symbols=None, params=None: {},
        "fetch_trading_fees": lambda self, params=None: {},
    }  # fmt: skip

    def later(answer: Any) -> Any:
        async def given(*arguments: Any, **named: Any) -> Any:
            return answer(*arguments, **named)

        return given

    return type(base.__name__, (base,), {name: later(each) if is_async else each for name, each in made.items()})


def seed(folder: Path, situation: str) -> tuple[str, float, TradingMode]:
    """Make the database of a situation; return the stake currency, the start money and the mode."""
    database = folder / "trades.sqlite"
    if situation in MADE:
        make, stake, start, mode = MADE[situation]
        bot = Bot(database, stake, start, mode)
        make(bot)
        Trade.session.remove()
        return stake, start, mode
    is_futures = situation.startswith("futures")
    return "USDT", 1000.0, TradingMode.FUTURES if is_futures else TradingMode.SPOT


def main(folder: Path, situation: str, port: int) -> None:
    """Run it until it is stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    is_new = not (folder / "config.json").exists()
    if is_new:
        stake, start, mode = seed(folder, situation)
        in_stake = IN_BTC if stake == "BTC" else PRICES
        prices = {coin: in_stake.get(coin, 100.0) for coin in COINS if coin != stake}
        is_futures = mode == TradingMode.FUTURES
        pricing = {"price_side": "same", "use_order_book": is_futures, "order_book_top": 1}
        config = {
            "bot_name": situation, "dry_run": True, "dry_run_wallet": start, "stake_currency": stake,
            "stake_amount": 100 if stake == "USDT" else 0.005, "max_open_trades": 50, "trading_mode": mode.value,
            "margin_mode": "isolated" if is_futures else "", "cancel_open_orders_on_exit": False, "strategy": "Still",
            "initial_state": "running",
            "entry_pricing": pricing, "exit_pricing": pricing,
            "exchange": {"name": "binance", "key": "", "secret": "", "pair_whitelist": [".*"], "pair_blacklist": [],
                         "enable_ws": False},
            "pairlists": [{"method": "StaticPairList", "allow_inactive": True}], "force_entry_enable": True,
            "internals": {"process_throttle_secs": 1}, "fiat_display_currency": "",
            "unfilledtimeout": {"entry": 1000000, "exit": 1000000, "unit": "minutes"},
            "api_server": {"enabled": True, "listen_ip_address": "127.0.0.1", "listen_port": port,
                           "verbosity": "error", "jwt_secret_key": "k" * 40, "username": "aion",
                           "password": "secret", "CORS_origins": []},
        }  # fmt: skip
        (folder / "prices.json").write_text(json.dumps(prices))
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        (folder / "strategies").mkdir(exist_ok=True)
        leverage = "5.0" if is_futures else "1.0"
        (folder / "strategies" / "still.py").write_text(STRATEGY % (is_futures, leverage))
    config = json.loads((folder / "config.json").read_text())
    config["api_server"]["listen_port"] = port
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    FileExchange.folder, FileExchange.stake = folder, config["stake_currency"]
    FileExchange.is_futures = config["trading_mode"] == "futures"
    ccxt.binance = answers(ccxt.binance, is_async=False)
    ccxt.pro.binance = answers(ccxt.pro.binance, is_async=True)
    freqtrade_main([
        "trade", "--config", str(folder / "config.json"), "--strategy-path", str(folder / "strategies"),
        "--userdir", str(folder), "--db-url", f"sqlite:///{folder / 'trades.sqlite'}",
    ])  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2], int(sys.argv[3]))
