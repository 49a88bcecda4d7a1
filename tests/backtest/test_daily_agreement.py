"""Years of daily bars with commission, sized at the fill: an independent engine makes the same trades and equity.

What the engines do differently is set by public settings here: an account of ten decimals rounds nothing that shows,
`[costs.relative]` has a commission and no spread, a tick of 1e-10 leaves prices as they are, quantities are whole.
"""

import warnings
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from aion.config import BotSettings, CostSettings, Rules
from aion.engine.backtest import Run
from aion.ledger.query import read_ledger
from aion.market.feed import RecordedFeed
from aion.model import Bar, Instrument, Trade
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed

CASH = 100_000
COMMISSION = "0.002"
CLOSE_ENOUGH = 1e-6  # money: a ten-thousandth of a cent, which the floats of the other engine need
RULE_OF = {
    "AAPL": "Hold",
    "AMZN": "Daily", "GOOGL": "Daily", "JPM": "Daily",
    "AVGO": "Turn", "META": "Turn", "XOM": "Turn",
    "MSFT": "Levels", "NVDA": "Levels", "TSLA": "Levels",
}  # fmt: skip
"""What each series is traded by: long and out, long and short, the same with stop and target, or bought and held."""
LEAST_TRADES = {"Hold": 0, "Daily": 5, "Turn": 6, "Levels": 60}
WHOLE = frozenset(("AAPL", "AMZN", "AVGO", "TSLA"))
"""One a rule is run over all ten years, the others over the last five: they take half the time."""
YEARS, HALF = 2516, 1258  # sessions of 2015 to 2024, and of 2020 to 2024


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    """The same rules for both engines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that backtesting.py imports
        from tests.backtest import daily_rules
    return daily_rules


def bot(rules: ModuleType, symbol: str, rule: str, **changes: object) -> BotSettings:
    has_levels = rule == "Levels"
    made = Rules(
        max_positions=1,
        max_alloc=1,
        daily_loss=0,
        allow_short=rule in ("Turn", "Levels"),
        stop_loss=Decimal(str(rules.STOP)) if has_levels else 0,
        take_profit=Decimal(str(rules.TARGET)) if has_levels else 0,
    )
    values = {
        "kind": "swing",
        "strategy": rule,
        "symbols": (symbol,),
        "exchange": "XNYS",
        "currency": "USD",
        "cash": CASH,
        "cost": "relative",
        "own_cost": CostSettings(rate=COMMISSION, spread_bps=0, impact=False),
        "horizon": "1d",
        "decimals": 10,
        "sizing": "fill",
        "rules": made,
    }
    return BotSettings(**{**values, **changes})


def run(folder: Path, bots: Mapping[str, BotSettings], bars: Mapping[str, list[Bar]], **more: object) -> Run:
    """Run `bots` over the bars of their symbols."""
    tick = Decimal("0.0000000001")
    feed = ListFeed(
        {symbol: Instrument(symbol, "XNYS", "USD", tick, price_basis="adjusted") for symbol in bars},
        day=[each for series in bars.values() for each in series],
    )
    first = min(series[0].ts for series in bars.values())
    last = max(series[-1].ts for series in bars.values())
    return run_plan(folder, bots, feed, first - INSTANT, last, **more)


def known(rules: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"Hold": "DailyHold", "Daily": "Daily", "Turn": "DailyTurn", "Levels": "DailyTurn"}
    for rule, name in names.items():
        monkeypatch.setitem(BUILT_IN, rule, type(rule, (getattr(rules, name),), {"name": rule}))


@pytest.fixture(scope="module")
def bars() -> dict[str, list[Bar]]:
    feed = RecordedFeed()
    last = feed.span("day")[1]
    return {symbol: feed.history("day", symbol, last, YEARS if symbol in WHOLE else HALF) for symbol in RULE_OF}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, rules: ModuleType, bars: dict[str, list[Bar]]) -> Path:
    folder = tmp_path_factory.mktemp("daily")
    with pytest.MonkeyPatch.context() as patch:
        known(rules, patch)
        run(folder, {symbol: bot(rules, symbol, rule) for symbol, rule in RULE_OF.items()}, bars)
    return folder


def theirs(rules: ModuleType, bars: list[Bar], rule: str, **more: object):
    their = {"Hold": rules.TheirHold, "Daily": rules.TheirDaily}.get(rule, rules.TheirTurn)
    levels = {"stop": rules.STOP, "target": rules.TARGET} if rule == "Levels" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = rules.Backtest(rules.frame(bars), their, cash=CASH, commission=float(COMMISSION), **more)
        return test.run(**levels)


def rows(trades: list[Trade]) -> list[tuple]:
    return [
        (each.opened_at.date(), each.closed_at.date(), int(each.quantity * each.side.sign), float(each.entry_price),
         float(each.exit_price), float(each.realized_pnl))
        for each in trades
    ]  # fmt: skip


def their_rows(result) -> list[tuple]:
    return [
        (each.EntryTime.date(), each.ExitTime.date(), each.Size, each.EntryPrice, each.ExitPrice, each.PnL)
        for each in result["_trades"].sort_values("ExitTime", kind="stable").itertuples()
    ]


def same(one: list[tuple], other: list[tuple]) -> None:
    assert len(one) == len(other)
    for mine, their in zip(one, other, strict=True):
        assert mine[:3] == their[:3]
        assert mine[3:] == pytest.approx(their[3:], rel=0, abs=CLOSE_ENOUGH)


@pytest.mark.parametrize("symbol", RULE_OF)
def test_years_with_commission_agree_at_every_bar(
    symbol: str, rules: ModuleType, bars: dict[str, list[Bar]], ours: Path
) -> None:
    result = theirs(rules, bars[symbol], RULE_OF[symbol])
    with read_ledger(Layout(ours).ledger) as ledger:
        trades, curve = ledger.changes(symbol).trades, ledger.equity(symbol)
    assert len(trades) >= LEAST_TRADES[RULE_OF[symbol]]
    same(rows(trades), their_rows(result))
    equity = result["_equity_curve"]["Equity"]
    assert [point.ts for point in curve] == [ts.to_pydatetime() for ts in equity.index]
    assert len(curve) == (YEARS if symbol in WHOLE else HALF)
    assert [float(point.equity) for point in curve] == pytest.approx(list(equity), rel=0, abs=CLOSE_ENOUGH)
    assert float(curve[-1].equity) != CASH


def one_price(bar: Bar) -> Bar:
    return Bar(bar.symbol, bar.ts, bar.close, bar.close, bar.close, bar.close, bar.volume)


@pytest.mark.parametrize(("symbol", "rule"), [("AAPL", "Hold"), ("XOM", "Turn")])
def test_what_is_held_at_the_end_is_closed_as_finalize_trades_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: ModuleType,
    bars: dict[str, list[Bar]],
    symbol: str,
    rule: str,
) -> None:
    known(rules, monkeypatch)
    # the other engine closes at the open of the last bar, which it has passed: a last bar of one price is the same
    series = [*bars[symbol][-400:-1], one_price(bars[symbol][-1])]
    done = run(tmp_path, {"b": bot(rules, symbol, rule)}, {symbol: series}, is_closed_at_end=True)
    result = theirs(rules, series, rule, finalize_trades=True)
    with read_ledger(Layout(tmp_path).ledger) as ledger:
        trades, curve = ledger.changes("b").trades, ledger.equity("b")
    assert done.closed == {"b": (symbol,)} and trades[-1].reason == "the backtest ends: closed at the last close"
    same(rows(trades), their_rows(result))
    assert [float(point.equity) for point in curve] == pytest.approx(
        list(result["_equity_curve"]["Equity"]), rel=0, abs=CLOSE_ENOUGH
    )
    # without the option it stays open, and the last equity is before the cost of closing it
    run(tmp_path / "open", {"b": bot(rules, symbol, rule)}, {symbol: series})
    with read_ledger(Layout(tmp_path / "open").ledger) as ledger:
        assert len(ledger.changes("b").trades) == len(trades) - 1
        assert ledger.equity("b")[-1].equity > curve[-1].equity and ledger.equity("b")[:-1] == curve[:-1]
