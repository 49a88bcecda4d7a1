"""Make databases with freqtrade's own models, and write down what freqtrade itself says of them.

Run with the Python of an environment that has freqtrade, which Aion does not depend on:

    python -m venv scratch && scratch/bin/pip install freqtrade==2026.9
    scratch/bin/python tools/freqtrade_figures.py > tests/bot/freqtrade_figures.json
    scratch/bin/python tools/freqtrade_figures.py DATABASE START_MONEY    # the figures of one that exists

The figures are those of `/profit` and `/balance` (freqtrade/rpc/rpc.py) and of a dry run's wallet
(freqtrade/wallets.py), with the settings that freqtrade starts with; the exchange is a stand-in with fixed prices.
"""

import json
import random
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import freqtrade
import freqtrade.wallets
from freqtrade.enums import RunMode, TradingMode
from freqtrade.exceptions import PricingError
from freqtrade.persistence import Order, Trade, init_db
from freqtrade.rpc.rpc import RPC
from freqtrade.wallets import Wallets

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
TICK_SIZE = 4  # of ccxt's modes of precision
Rates = dict[str, float]


class Bot:
    """A dry run without a network: trades are given, prices are fixed."""

    def __init__(self, path: Path, stake: str, start: float, mode: TradingMode) -> None:
        init_db(f"sqlite:///{path}")
        self.stake, self.start, self.trading_mode = stake, start, mode
        self.path, self.rates, self.now, self.count = path, Rates(), START, 0
        self.config = {
            "dry_run": True, "runmode": RunMode.DRY_RUN, "dry_run_wallet": start, "stake_currency": stake,
            "trading_mode": mode, "margin_mode": "isolated", "tradable_balance_ratio": 0.99,
            "fiat_display_currency": "",
        }  # fmt: skip
        self.exchange = SimpleNamespace(
            get_proxy_coin=lambda: stake,
            get_pair_base_currency=lambda pair: pair.partition("/")[0],
            get_conversion_rate=self._conversion,
            get_rate=self._rate,
        )

    def _conversion(self, coin: str, stake: str) -> float | None:
        return 1.0 if coin == stake else self.rates.get(coin)

    def _rate(self, pair: str, **_: Any) -> float:
        coin = pair.partition("/")[0]
        if coin not in self.rates:
            raise PricingError(coin)
        return self.rates[coin]

    def open(self, coin: str, price: float, amount: float, **values: Any) -> Trade:
        """Return a new trade with its first entry filled; `values` are columns of it."""
        is_futures = self.trading_mode == TradingMode.FUTURES
        pair = f"{coin}/{self.stake}" + (f":{self.stake}" if is_futures else "")
        fee = 0.0005 if is_futures else 0.001
        given = {
            "pair": pair, "base_currency": coin, "stake_currency": self.stake, "stake_amount": price * amount,
            "amount": 0, "amount_requested": amount, "timeframe": 60, "is_open": True, "fee_open": fee,
            "fee_close": fee, "open_rate": price, "open_date": self.now,
            "exchange": "binance", "strategy": "Made", "leverage": 1.0, "is_short": False,
            "trading_mode": self.trading_mode, "funding_fees": 0.0, "amount_precision": 1e-8,
            "price_precision": 1e-8, "precision_mode": TICK_SIZE, "precision_mode_price": TICK_SIZE,
            "contract_size": 1.0,
        } | values  # fmt: skip
        trade = Trade(**given)
        trade.adjust_stop_loss(price, -0.1, initial=True)
        self.fill(trade, trade.entry_side, price, amount)
        return trade

    def fill(
        self, trade: Trade, side: str, price: float, amount: float, *,
        funding: float = 0.0, fee_base: float | None = None, filled: float | None = None, why: str = "",
    ) -> None:  # fmt: skip
        """Give an order and let it be filled, all of it or `filled`."""
        self.count += 1
        self.now += timedelta(minutes=37)
        done = amount if filled is None else filled
        at = int(self.now.timestamp() * 1000)
        order = Order.parse_from_ccxt_object(
            {
                "id": f"dry_run_{side}_{self.count}", "status": "closed" if done == amount else "open",
                "symbol": trade.pair, "type": "limit", "side": "buy" if side == "stoploss" else side,
                "price": price, "average": price, "amount": amount, "filled": done, "remaining": amount - done,
                "cost": done * price, "timestamp": at, "lastTradeTimestamp": at,
            },
            trade.pair, side, amount, price,
        )  # fmt: skip
        order.order_update_date, order.ft_order_tag, order.ft_fee_base = self.now, why or None, fee_base
        trade.orders.append(order)
        if done == amount:
            trade.set_funding_fees(funding)
        trade.recalc_trade_from_orders()
        Trade.session.add(trade)
        if why and side != trade.entry_side:
            trade.exit_reason = why
        trade.update_trade(order)
        Trade.commit()

    def exit(self, trade: Trade, price: float, amount: float | None = None, **values: Any) -> None:
        """Leave `amount` of a trade, or all of it."""
        self.fill(trade, trade.exit_side, price, trade.amount if amount is None else amount, **values)

    def record(self) -> None:
        """Let freqtrade write its daily line of each holding."""
        freqtrade.wallets.dt_now = lambda: self.now
        Wallets(self.config, self.exchange).record_wallet_state()

    def figures(self) -> dict[str, Any]:
        """Return what freqtrade says."""
        wallets = Wallets(self.config, self.exchange)
        rpc = RPC.__new__(RPC)
        rpc._freqtrade = SimpleNamespace(
            wallets=wallets, exchange=self.exchange, config=self.config, trading_mode=self.trading_mode
        )
        rpc._config, rpc._fiat_converter = self.config, None
        said = rpc._rpc_trade_statistics(self.stake, "")
        balance = rpc._rpc_balance(self.stake, "")
        trades = Trade.get_trades().all()
        return {
            "start": self.start,
            "closed_profit": said["profit_closed_coin"],
            "free": wallets.get_free(self.stake),
            "balance": balance["total"],
            "max_drawdown": said["max_drawdown"],
            "current_drawdown": said["current_drawdown"],
            "wins": said["winning_trades"],
            "closed": said["closed_trade_count"],
            "winrate": said["winrate"],
            "profit_factor": said["profit_factor"],
            "returns": {f"t{each.id}": each.close_profit for each in trades if not each.is_open},
            "profits": {f"t{each.id}": each.close_profit_abs for each in trades if not each.is_open},
        }


def spot(bot: Bot) -> None:
    """Averaging down, partial exits, a fee taken in the coin, one of BNB's rate, a stop."""
    a = bot.open("BTC", 60000.0, 0.00333333)
    bot.exit(a, 54000.0, why="exit_signal")
    b = bot.open("ETH", 3000.0, 0.03333333)
    bot.fill(b, "buy", 2700.0, 0.03703703)
    bot.exit(b, 3100.0, 0.03518518, why="partial_exit")
    bot.fill(b, "buy", 2950.0, 0.02)
    bot.exit(b, 3300.0, why="roi")
    c = bot.open("SHIB", 0.00001234, 8103727.71, fee_open=0.00075, fee_close=0.00075, fee_open_currency="BNB")
    bot.exit(c, 0.000014, 4051863.85, why="partial_exit")
    d = bot.open("SOL", 150.0, 1.0)
    bot.fill(d, "buy", 140.0, 1.0, fee_base=0.001)
    bot.fill(d, "stoploss", 135.0, d.amount, why="stoploss_on_exchange")
    bot.open("XRP", 0.5, 240.0)
    bot.rates = {"SHIB": 0.0000139, "XRP": 0.42}
    bot.now += timedelta(days=1)
    bot.record()


def futures(bot: Bot) -> None:
    """Five times leverage, both ways, with funding, averaging and partial exits."""
    a = bot.open("BTC", 60000.0, 0.00833333, leverage=5.0, is_short=True, liquidation_price=70800.0)
    bot.exit(a, 62000.0, funding=-1.25, why="exit_signal")
    b = bot.open("ETH", 3000.0, 0.16666666, leverage=5.0)
    bot.exit(b, 3150.0, 0.08333333, funding=0.75, why="partial_exit")
    bot.fill(b, "buy", 3050.0, 0.05, funding=-0.2)
    bot.exit(b, 3200.0, funding=0.75, why="exit_signal")
    c = bot.open("SOL", 150.0, 3.33333333, leverage=5.0, is_short=True)
    bot.exit(c, 140.0, 0.83333333, funding=-0.4, why="partial_exit")
    bot.fill(c, "sell", 155.0, 1.0, funding=-0.1)
    d = bot.open("XRP", 0.5, 1000.0, leverage=5.0)
    d.set_funding_fees(-0.3)
    bot.rates = {"SOL": 141.5, "XRP": 0.47}
    bot.record()


def stake_in_btc(bot: Bot) -> None:
    """Eight decimals throughout, and open trades at a price that freqtrade recorded nowhere: that of their entry."""
    a = bot.open("ETH", 0.05, 0.19999999)
    bot.exit(a, 0.0512, why="exit_signal")
    b = bot.open("LTC", 0.00123457, 3.7)
    bot.exit(b, 0.00119, why="stop_loss")
    bot.open("XRP", 0.00001234, 324.14910858)
    bot.open("SHIB", 0.00000001, 200000.0)
    bot.rates = {"XRP": 0.00001234, "SHIB": 0.00000001}


def sixty(bot: Bot) -> None:
    """Sixty closed trades, the deepest fall in money when the account is large, in per cent when it is small."""
    chance = random.Random(14)
    for number in range(60):
        drift = -0.03 if number < 8 or number > 50 else 0.03
        price = round(chance.uniform(10, 400), 2)
        trade = bot.open(f"C{number % 7}", price, round((40 + 8 * number) / price, 8))
        if number % 5 == 0:
            bot.fill(trade, "buy", round(price * 0.97, 2), round(trade.amount / 2, 8))
        if number % 4 == 0:
            bot.exit(trade, round(price * 1.02, 2), round(trade.amount / 3, 8), why="partial_exit")
        bot.exit(trade, round(price * (1 + drift + chance.gauss(0, 0.04)), 2), why="roi")
        bot.now += timedelta(hours=9)


def resting(bot: Bot) -> None:
    """An entry and a second part of a trade that rest unfilled: freqtrade adds orders that rest to the balance."""
    bot.rates = {"BTC": 61000.0, "XRP": 0.5}
    held = bot.open("XRP", 0.5, 240.0)
    bot.fill(held, "buy", 0.45, 100.0, filled=0.0)
    trade = Trade(
        pair="BTC/USDT", base_currency="BTC", stake_currency="USDT", stake_amount=200.0, amount=0, is_open=True,
        amount_requested=0.00333333, timeframe=60,
        fee_open=0.001, fee_close=0.001, open_rate=60000.0, open_date=bot.now, exchange="binance", strategy="Made",
        leverage=1.0, is_short=False, trading_mode=bot.trading_mode, amount_precision=1e-8, price_precision=1e-8,
        precision_mode=TICK_SIZE, precision_mode_price=TICK_SIZE, contract_size=1.0,
    )  # fmt: skip
    bot.fill(trade, "buy", 60000.0, 0.00333333, filled=0.0)


MADE = {
    "spot": (spot, "USDT", 1000.0, TradingMode.SPOT),
    "futures": (futures, "USDT", 1000.0, TradingMode.FUTURES),
    "btc": (stake_in_btc, "BTC", 0.05, TradingMode.SPOT),
    "sixty": (sixty, "USDT", 1000.0, TradingMode.SPOT),
    "resting": (resting, "USDT", 1000.0, TradingMode.SPOT),
}
TABLES = {
    "trades": "id exchange pair base_currency stake_currency is_open fee_open fee_close open_rate close_rate "
    "realized_profit close_profit close_profit_abs stake_amount amount open_date close_date stop_loss exit_reason "
    "strategy trading_mode leverage is_short liquidation_price funding_fees record_version",
    "orders": "id ft_trade_id ft_order_side ft_pair ft_is_open order_id status average price amount filled "
    "order_date order_filled_date funding_fee ft_fee_base ft_order_tag",
    "wallet_history": "id timestamp currency rate quote_currency balance total_quote collateral leverage",
}
"""The columns that are kept: what is read of them, and what tells a reader of the file about them."""


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the tables as rows without what is empty."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = {
        table: [
            {name: row[name] for name in names.split() if row[name] is not None}
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")
        ]
        for table, names in TABLES.items()
    }
    connection.close()
    return found


def existing(path: Path, start: float) -> None:
    """Print the figures of a database that exists; open positions at the prices that freqtrade recorded in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        copy.write_bytes(path.read_bytes())
        held = rows(copy)
        first = held["trades"][0]
        bot = Bot(copy, first["stake_currency"], start, TradingMode(first["trading_mode"].lower()))
        bot.rates = {each["base_currency"]: each["open_rate"] for each in held["trades"] if each["is_open"]}
        bot.rates |= {each["currency"].partition("/")[0]: each["rate"] for each in held["wallet_history"]}
        print(json.dumps(bot.figures(), indent=1))


def main() -> None:
    """Print the databases and figures as JSON."""
    made: dict[str, Any] = {"freqtrade": freqtrade.__version__, "databases": {}}
    for name, (make, stake, start, mode) in MADE.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "made.sqlite"
            bot = Bot(path, stake, start, mode)
            make(bot)
            made["databases"][name] = {"about": make.__doc__, "figures": bot.figures(), "rows": rows(path)}
            Trade.session.remove()
    print(json.dumps(made, separators=(",", ":")).replace('{"about"', '\n{"about"').replace('{"id"', '\n{"id"'))


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else existing(Path(sys.argv[1]), float(sys.argv[2]))
