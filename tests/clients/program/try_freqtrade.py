"""freqtrade: its own models fill orders, its own strategy class calls the callbacks; no exchange is asked."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aion_client.adapter.freqtrade import AionMixin
from compare import Rows, read_state, report, rows_of
from freqtrade.enums import RunMode, TradingMode
from freqtrade.persistence import Order, Trade, init_db
from freqtrade.strategy import IStrategy

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
TICK_SIZE = 4


class Mine(AionMixin, IStrategy):
    """A strategy as its author writes it, with two lines for the desk."""

    timeframe = "5m"
    stoploss = -0.1

    def populate_indicators(self, dataframe: Any, metadata: dict[str, Any]) -> Any:
        return dataframe

    populate_entry_trend = populate_exit_trend = populate_indicators


class Dry:
    """A dry run whose orders are filled at given prices."""

    def __init__(self, data: Path, bot: str, mode: TradingMode) -> None:
        init_db("sqlite://")
        self.mode, self.now, self.count, self.prices = mode, START, 0, {}
        Mine.aion = {"name": bot, "data": data}
        self.strategy = Mine({
            "stake_currency": "USDT", "dry_run": True, "runmode": RunMode.DRY_RUN, "trading_mode": mode,
            "candle_type_def": "spot",
        })  # fmt: skip
        self.strategy.wallets = SimpleNamespace(get_starting_balance=lambda: 1000.0)
        self.strategy.dp = SimpleNamespace(ticker=lambda pair: {"last": self.prices[pair]})
        self.strategy.bot_start()

    def open(self, coin: str, price: float, amount: float, **values: Any) -> Trade:
        is_futures = self.mode == TradingMode.FUTURES
        pair, fee = (f"{coin}/USDT:USDT", 0.0005) if is_futures else (f"{coin}/USDT", 0.001)
        given = {
            "pair": pair, "base_currency": coin, "stake_currency": "USDT", "stake_amount": price * amount,
            "amount": 0,
            "is_open": True, "fee_open": fee, "fee_close": fee, "open_rate": price, "open_date": self.now,
            "exchange": "binance", "strategy": "Mine", "leverage": 1.0, "is_short": False, "trading_mode": self.mode,
            "funding_fees": 0.0, "amount_precision": 1e-8, "price_precision": 1e-8, "precision_mode": TICK_SIZE,
            "precision_mode_price": TICK_SIZE, "contract_size": 1.0,
        }  # fmt: skip
        trade = Trade(**{**given, **values})
        trade.adjust_stop_loss(price, -0.1, initial=True)
        self.fill(trade, trade.entry_side, price, amount)
        return trade

    def fill(self, trade: Trade, side: str, price: float, amount: float, funding: float = 0.0) -> None:
        self.count += 1
        self.now += timedelta(minutes=37)
        at = int(self.now.timestamp() * 1000)
        order = Order.parse_from_ccxt_object(
            {
                "id": f"dry_run_{side}_{self.count}", "status": "closed", "symbol": trade.pair, "type": "limit",
                "side": side, "price": price, "average": price, "amount": amount, "filled": amount, "remaining": 0,
                "cost": amount * price, "timestamp": at, "lastTradeTimestamp": at,
            },
            trade.pair, side, amount, price,
        )  # fmt: skip
        order.order_filled_date = self.now
        trade.orders.append(order)
        trade.set_funding_fees(funding)
        trade.recalc_trade_from_orders()
        Trade.session.add(trade)
        trade.update_trade(order)
        Trade.commit()
        self.strategy.order_filled(trade.pair, trade, order, self.now)
        self.prices[trade.pair] = price
        self.strategy.bot_loop_start(self.now)

    def exit(self, trade: Trade, price: float, amount: float | None = None, **values: Any) -> None:
        self.fill(trade, trade.exit_side, price, trade.amount if amount is None else amount, **values)

    def rows(self, data: Path, bot: str) -> Rows:
        client = self.strategy.aion_bot
        client.close()
        state, closed = read_state(data, bot), rows_of(data, bot, "trades")
        own = [each for each in Trade.get_trades().all() if not each.is_open]
        return {
            f"{bot}: closed trades": (len(own), state["stats"]["closed_trades"]),
            f"{bot}: won": (sum(each.close_profit_abs > 0 for each in own), state["stats"]["wins"]),
            **{
                f"{bot}: profit of trade {number}": (each.close_profit_abs, round(found["realized_pnl"], 8))
                for number, (each, found) in enumerate(zip(own, closed, strict=True), start=1)
            },
            f"{bot}: money": (
                round(1000 + sum(each.close_profit_abs for each in own), 8),
                round(state["equity"], 8),
            ),
        }


def spot(data: Path) -> Rows:
    dry = Dry(data, "spot", TradingMode.SPOT)
    one = dry.open("BTC", 60000.0, 0.00333333)
    dry.exit(one, 54000.0)
    two = dry.open("ETH", 3000.0, 0.03333333)
    dry.fill(two, "buy", 2700.0, 0.03703703)
    dry.exit(two, 3100.0, 0.03518518)
    dry.fill(two, "buy", 2950.0, 0.02)
    dry.exit(two, 3300.0)
    return dry.rows(data, "spot")


def futures(data: Path) -> Rows:
    dry = Dry(data, "futures", TradingMode.FUTURES)
    one = dry.open("BTC", 60000.0, 0.00833333, leverage=5.0, is_short=True)
    dry.exit(one, 62000.0, funding=-1.25)
    two = dry.open("ETH", 3000.0, 0.16666666, leverage=5.0)
    dry.exit(two, 3150.0, 0.08333333, funding=0.75)
    dry.exit(two, 3200.0, funding=0.75)
    return dry.rows(data, "futures")


def controls(data: Path) -> Rows:
    """Throw the kill switch: nothing is opened, what is open is left."""
    dry = Dry(data, "killed", TradingMode.SPOT)
    trade = dry.open("BTC", 60000.0, 0.001)
    entry = ("BTC/USDT", "limit", 1.0, 1.0, "GTC", dry.now, None, "long")
    allowed = dry.strategy.confirm_trade_entry(*entry)
    switch = data / "control" / "killed" / "kill.json"
    switch.parent.mkdir(parents=True)
    switch.write_text("{}")
    dry.strategy.bot_loop_start(dry.now)
    refused = dry.strategy.confirm_trade_entry(*entry)
    reason = dry.strategy.custom_exit("BTC/USDT", trade, dry.now, 1.0, 0.0)
    dry.exit(trade, 61000.0)
    dry.strategy.bot_loop_start(dry.now)
    dry.strategy.aion_bot.close()
    return {
        "killed: entries before and after": (10, 10 * allowed + refused),
        "killed: leaves": (1, reason == "aion"),
        "killed: stopped when flat": (1, read_state(data, "killed")["state"] == "stopped"),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    report("freqtrade", {**spot(folder), **futures(folder), **controls(folder)})
