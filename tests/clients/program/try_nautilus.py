"""nautilus_trader: a cash account of shares, and a margin account of a currency pair with commissions."""

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
from aion_client.adapter.nautilus import Aion, AionConfig
from compare import Rows, read_state, report, rows_of, walk
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy


class Turns(Strategy):
    """Buys and sells by the number of the bar; turns where the account may be short; flat in the end."""

    def __init__(self, bar_type: BarType, sizes: list[int]) -> None:
        super().__init__(StrategyConfig())
        self.bar_type, self.sizes, self.count = bar_type, sizes, 0

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.bar_type.instrument_id)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        size = self.sizes[self.count] if self.count < len(self.sizes) else 0
        self.count += 1
        if size:
            side = OrderSide.BUY if size > 0 else OrderSide.SELL
            quantity = self.instrument.make_qty(Decimal(abs(size)))
            self.submit_order(self.order_factory.market(self.bar_type.instrument_id, side, quantity))


def run(data: Path, bot: str, kind: AccountType, instrument: object, sizes: list[int], scale: float) -> Rows:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    venue = Venue(str(instrument.id.venue))
    engine.add_venue(venue, OmsType.NETTING, kind, [Money(1_000_000, USD)], base_currency=USD)
    engine.add_instrument(instrument)
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    prices = [round(price * scale, instrument.price_precision) for price in walk(120)]
    index = pd.date_range("2024-01-02 15:00", periods=len(prices), freq="min", tz="UTC")
    frame = pd.DataFrame({"open": prices, "high": prices, "low": prices, "close": prices, "volume": 1e6}, index=index)
    engine.add_data(BarDataWrangler(bar_type, instrument).process(frame))
    engine.add_strategy(Turns(bar_type, sizes))
    engine.add_actor(Aion(AionConfig(bot=bot, data=str(data))))
    engine.run()
    account = engine.cache.account_for_venue(venue)
    positions = engine.cache.positions_closed() + engine.cache.position_snapshots()
    state, closed = read_state(data, bot), rows_of(data, bot, "trades")
    orders = {each["order_id"] for each in rows_of(data, bot, "fills")}
    fees = sum(float(each.as_decimal()) for each in account.commissions().values())
    rows = {
        f"{bot}: final balance": (float(account.balance_total(USD).as_decimal()), state["equity"]),
        f"{bot}: filled orders": (len(engine.cache.orders_closed()), len(orders)),
        f"{bot}: commissions": (fees, state["total_pnl"]["fees"]),
    }
    if kind == AccountType.CASH:  # of positions that turned, a netting engine keeps no snapshot
        results = [float(each.realized_pnl.as_decimal()) for each in positions]
        rows[f"{bot}: closed positions"] = (len(positions), state["stats"]["closed_trades"])
        rows[f"{bot}: their result"] = (sum(results), sum(each["realized_pnl"] for each in closed))
    engine.dispose()
    return rows


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    shares = TestInstrumentProvider.equity("AAPL", "XNAS")
    pair = TestInstrumentProvider.default_fx_ccy("EUR/USD", Venue("SIM"))
    up, turns = [0, 100, 0, 0, 50, 0, -30, 0, -120] * 5, [0, 10_000, 0, -25_000, 0, 5_000, 0, 30_000, 0, -20_000] * 4
    report(
        "nautilus",
        {
            **run(folder, "shares", AccountType.CASH, shares, up, 1.0),
            **run(folder, "pair", AccountType.MARGIN, pair, turns, 0.01),
        },
    )
