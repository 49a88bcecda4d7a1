"""A paper bot on each kind of instrument, from the bars to the ledger and the files: every figure by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion.command.app import app
from aion.config import BotSettings, Rules
from aion.errors import ConfigError
from aion.ledger.query import read_ledger
from aion.live.disk.source import Tree, scan
from aion.model import ZERO, Bar, Instrument
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.strategy.registry import BUILT_IN
from aion.web.bundle.pages import Page, bots_bundle
from aion.web.bundle.topic import TreeFiles, accepts, load_file
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed, document
from tests.bot.told import OneTrip

OPEN = datetime(2024, 3, 4, 0, 1, tzinfo=UTC)
COIN = Decimal("0.00000001")


@dataclass(frozen=True)
class Case:
    instrument: Instrument
    prices: tuple[str, ...]
    """Of its bars; it enters at the third and leaves at the fifth."""
    cash: str
    side: str
    quantity: str
    realized: str
    held_cash: str
    """While it is held."""
    held_equity: str
    volume: int = 10**12
    decimals: int | None = None


CASES = {
    "a coin quoted in Bitcoin": Case(
        Instrument("SHIB/BTC", "24/7", "BTC", COIN / 100, Decimal(1), Decimal(1), kind="coin"),
        ("0.0000000004", "0.0000000004", "0.0000000004", "0.0000000005", "0.0000000005", "0.0000000005"),
        "0.05", "buy", "125000000", "0.01250000", "0", "0.0625",
    ),
    "a share in yen": Case(
        Instrument("7203.T", "24/7", "JPY", Decimal(1), Decimal(100)),
        ("2500", "2500", "2500", "2510", "2513", "2513"),
        "1000000", "buy", "400", "5200", "0", "1004000",
    ),
    "a future of 50 units": Case(
        Instrument("ES", "24/7", "USD", Decimal("0.25"), kind="future", multiplier=Decimal(50),
                   margin=Decimal("0.1")),
        ("4000", "4000", "4000", "3990.25", "3990.25", "3990.25"),
        "1000000", "buy", "5", "-2437.50", "1000000", "997562.5",
    ),
    "a perpetual sold short": Case(
        Instrument("BTC/USDT:USDT", "24/7", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"),
                   kind="perpetual", settlement="USDT"),
        ("50000", "50000", "50000", "49000.3", "49000.3", "49000.3"),
        "1000", "sell", "0.02", "19.99400000", "1000", "1019.994",
    ),
    "an option of 100 shares": Case(
        Instrument("SPY 240315C500", "24/7", "USD", kind="option", multiplier=Decimal(100)),
        ("1.25", "1.25", "1.25", "1.40", "1.40", "1.40"),
        "10000", "buy", "80", "1200.00", "0", "11200",
    ),
    "a currency without a volume": Case(
        Instrument("EURUSD", "24/7", "USD", Decimal("0.00001"), Decimal(1000), kind="fx", has_volume=False),
        ("1.08", "1.08", "1.08", "1.08123", "1.08123", "1.08123"),
        "100000", "buy", "92000", "113.16", "640", "100113.16", 0,
    ),
    "a coin of 18 decimals": Case(
        Instrument("X/WAD", "24/7", "WAD", Decimal("1e-18"), Decimal(1), Decimal(1), kind="coin"),
        ("0.000000000000000003", "0.000000000000000003", "0.000000000000000003",
         "0.000000000000000004", "0.000000000000000004", "0.000000000000000004"),
        "0.000000000000000010", "buy", "3", "0.000000000000000003", "0.000000000000000001", "0.000000000000000013",
        10**12, 18,
    ),
}  # fmt: skip


def bundle_of(data: Path) -> dict:
    """What the Bots page shows of a folder."""
    tree: Tree = Tree(data, load_file)
    tree.update(scan(data, ("intraday", "swing"), accepts), set())
    return bots_bundle(Page().read(TreeFiles(tree)))


@pytest.mark.parametrize("name", CASES)
def test_bot_when_it_trades_a_kind_then_ledger_files_and_lists_have_each_digit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    monkeypatch.setitem(BUILT_IN, "one_trip", OneTrip)
    instrument, symbol = case.instrument, case.instrument.symbol
    bars = [
        Bar(symbol, OPEN + number * timedelta(minutes=1), *[Decimal(price)] * 4, Decimal(case.volume))
        for number, price in enumerate(case.prices)
    ]
    rules = Rules(max_positions=1, max_alloc=Decimal(1), stop_loss=ZERO, daily_loss=ZERO, allow_short=True)
    more = {} if case.decimals is None else {"decimals": case.decimals}
    bot = BotSettings(kind="intraday", strategy="one_trip", symbols=(symbol,), exchange="24/7",
                      currency=instrument.currency, cash=Decimal(case.cash), cost="zero",
                      parameters={"side": case.side}, rules=rules, **more)  # fmt: skip
    feed = ListFeed({symbol: instrument}, minute=bars)
    held, whole = tmp_path / "held", tmp_path / "whole"
    run_plan(held, {"b": bot}, feed, OPEN - INSTANT, bars[3].ts)
    with read_ledger(Layout(held).ledger) as ledger:
        (fill,) = ledger.changes("b").fills
        assert (fill.quantity, fill.price) == (Decimal(case.quantity), Decimal(case.prices[2]))
        assert ledger.equity("b")[-1].equity == Decimal(case.held_equity)
        assert sum(each.amount for each in ledger.changes("b").movements) == Decimal(case.held_cash)
    path = next(Layout(held).sim_logs.iterdir())
    day = document(path)
    assert check_file(path) == ([], [])
    position = day["positions"][symbol]
    (sum_of_all,) = bundle_of(held)["totals"].values()
    assert day.get("decimals") == sum_of_all.get("decimals") == case.decimals, "where they are not the usual ones"
    assert sum_of_all["cash"] + sum_of_all["positions_value"] == pytest.approx(sum_of_all["equity"], rel=1e-12)
    assert ("margin" in position) == instrument.is_settled
    assert day["cash"] == float(case.held_cash) and day["equity"] == float(case.held_equity)
    units = Decimal(case.quantity) * (1 if case.side == "buy" else -1) * instrument.multiplier
    assert position["market_value"] == pytest.approx(float(units * Decimal(case.prices[3])), rel=1e-9)
    assert position["unrealized_pnl"] == float(Decimal(case.held_equity) - Decimal(case.cash))
    assert position.get("multiplier", 1) == day["fills"][fill.id].get("multiplier", 1) == instrument.multiplier

    run_plan(whole, {"b": bot}, feed, OPEN - INSTANT, bars[-1].ts)
    with read_ledger(Layout(whole).ledger) as ledger:
        (trade,) = ledger.changes("b").trades
        assert trade.realized_pnl == Decimal(case.realized)
        assert ledger.equity("b")[-1].equity == Decimal(case.cash) + Decimal(case.realized)
        (row,) = ledger.trades("b")
    assert row["realized_pnl"] == case.realized, "all digits that the currency has, in plain ones"
    listed = CliRunner().invoke(app, ["trades", "--data", str(whole), "--csv"]).stdout
    assert case.realized in listed.splitlines()[1].split(",") and "E-" not in listed and "E+" not in listed


def test_bot_when_its_contract_is_paid_in_another_currency_then_it_is_refused_by_name(tmp_path: Path) -> None:
    inverse = Instrument("BTC/USD:BTC", "24/7", "USD", Decimal("0.5"), kind="perpetual", settlement="BTC")
    bot = BotSettings(kind="intraday", strategy="vwap_reversion", symbols=("BTC/USD:BTC",), exchange="24/7",
                      currency="USD", cash=Decimal(1000), cost="zero")  # fmt: skip
    bars = [Bar("BTC/USD:BTC", OPEN, *[Decimal(50_000)] * 4, Decimal(1))]
    with pytest.raises(ConfigError, match="BTC/USD:BTC is paid in BTC, the account is in USD"):
        run_plan(tmp_path, {"b": bot}, ListFeed({"BTC/USD:BTC": inverse}, minute=bars), OPEN - INSTANT, OPEN)


def test_account_when_its_cash_is_less_than_its_smallest_amount_then_it_is_refused_by_its_value() -> None:
    with pytest.raises(ValueError, match=r"cash 0\.4 is less than the smallest amount of JPY, 1"):
        BotSettings(kind="intraday", strategy="vwap_reversion", symbols=("X",), exchange="24/7", currency="JPY",
                    cash=Decimal("0.4"), cost="zero")  # fmt: skip
