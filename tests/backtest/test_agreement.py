"""The same rule on the same bars in an independent engine gives the same trades and the same equity, to the cent."""

import ast
import warnings
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

import aion
from aion.config import BotSettings, Rules
from aion.ledger.query import read_ledger
from aion.market.feed import RecordedFeed
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed, at

CASH = 100_000
SIDES = {"buy": 1, "sell": -1}


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    """The same rules for both engines; imported here, since the other one takes half a second of each worker."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that backtesting.py imports
        from tests.backtest import rules
    return rules


@pytest.fixture(scope="module")
def bars(rules: ModuleType) -> list:
    """Real minutes of MSFT in whole cents, up to the end of a session, where both are flat.

    Without those in which nobody traded: Aion marks nothing at them, backtesting.py does.
    """
    feed = RecordedFeed()
    found = feed.history("minute", "MSFT", at("2022-06-15T00:00Z"), 10_000)
    assert len(found) > 7000
    return [rules.on_the_tick(bar) for bar in found if bar.volume]


def ours(tmp_path: Path, bars: list, strategy: str, parameters: dict, *, allow_short: bool):
    made = Rules(
        max_positions=1,
        max_alloc=Decimal("0.5"),
        stop_loss=0,
        daily_loss=0,
        allow_short=allow_short,
        flat_before_close=5,
    )
    bot = BotSettings(
        kind="intraday",
        strategy=strategy,
        symbols=("MSFT",),
        exchange="XNAS",
        currency="USD",
        cash=CASH,
        cost="zero",
        parameters=parameters,
        rules=made,
    )
    feed = ListFeed(RecordedFeed().instruments("minute"), minute=bars)
    run_plan(tmp_path, {"b": bot}, feed, bars[0].ts - INSTANT, bars[-1].ts)
    with read_ledger(Layout(tmp_path).ledger) as ledger:
        trades = [
            (
                trade["opened_at"],
                trade["filled_at"],
                SIDES[trade["side"]] * int(Decimal(trade["quantity"])),
                Decimal(trade["entry_price"]),
                Decimal(trade["price"]),
                Decimal(trade["realized_pnl"]),
            )
            for trade in ledger.trades("b")
        ]
        return trades, {point.ts: point.equity for point in ledger.equity("b")}


def theirs(rules: ModuleType, bars: list, strategy: str, **parameters: object):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = rules.Backtest(
            rules.frame(bars),
            getattr(rules, strategy),
            cash=CASH,
            commission=0,
            trade_on_close=False,
            finalize_trades=True,
        )
        result = test.run(**parameters)
    trades = [
        (
            int(each.Size),
            Decimal(repr(float(each.EntryPrice))).quantize(rules.CENT),
            Decimal(repr(float(each.ExitPrice))).quantize(rules.CENT),
            Decimal(repr(round(float(each.PnL), 6))).quantize(rules.CENT),
        )
        for each in result["_trades"].sort_values("ExitTime", kind="stable").itertuples()
    ]
    curve = result["_equity_curve"]["Equity"]
    equity = {ts.to_pydatetime(): Decimal(repr(round(float(value), 6))) for ts, value in curve.items()}
    return trades, equity


@pytest.mark.parametrize(
    ("strategy", "parameters", "their_strategy", "allow_short", "least"),
    [
        ("cross", {"fast": 10, "slow": 30}, "TheirCross", False, 100),
        ("cross", {"fast": 5, "slow": 60}, "TheirCross", False, 50),
        ("opening_range_breakout", {"minutes": 5}, "TheirBreakout", True, 15),
        ("opening_range_breakout", {"minutes": 30}, "TheirBreakout", True, 10),
    ],
)
def test_trades_and_equity_agree_with_backtesting_py_to_the_cent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: ModuleType,
    bars: list,
    strategy: str,
    parameters: dict,
    their_strategy: str,
    allow_short: bool,
    least: int,
) -> None:
    monkeypatch.setitem(BUILT_IN, "cross", rules.Cross)
    our_trades, our_equity = ours(tmp_path, bars, strategy, parameters, allow_short=allow_short)
    their_trades, their_equity = theirs(rules, bars, their_strategy, **parameters)
    assert len(our_trades) >= least
    assert [trade[2:] for trade in our_trades] == their_trades
    differences = {ts: (value, their_equity[ts]) for ts, value in our_equity.items() if value != their_equity[ts]}
    assert differences == {} and len(our_equity) > 7000
    assert our_equity.keys() == their_equity.keys()


def test_product_never_imports_the_other_engine() -> None:
    """It is AGPL: a development dependency, to compare with."""
    for path in Path(aion.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "backtesting"], path
