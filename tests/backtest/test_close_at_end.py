"""The end of a backtest that closes what is held: costs, reasons, curve, report, and what cannot be closed."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from aion.backtest import command
from aion.command.app import main
from aion.config import default_bots
from aion.engine.backtest import AT_END, Plan
from aion.ledger.query import read_ledger
from aion.model import ZERO, Bar, Signal
from aion.store.layout import Layout
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT
from tests.bot.desk import ListFeed, at, daily, document, instrument, recorded, swing_bot

START = "2021-06-01"


class Shorts:
    """Sells all names short, once."""

    name = "shorts"
    kind = "swing"
    look_back = 0
    rule = "Sells short."

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        """Nothing to set."""

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        return {symbol: Signal(symbol, moment.ts, "sell", 1.0, 0.0, "short", self.name, once=True) for symbol in bars}


class Stays(Shorts):
    """Enters on the side that it is told, and never leaves."""

    name = "stays"
    kind = "intraday"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self._side = str(parameters["side"])

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        return {symbol: Signal(symbol, moment.ts, self._side, 1.0, 0.0, "in", self.name) for symbol in bars}


def closed(folder: Path, bars: list[Bar], **bot: object) -> command.Result:
    symbols = tuple(dict.fromkeys(each.symbol for each in bars))
    feed = ListFeed({symbol: instrument(symbol) for symbol in symbols}, day=bars)
    first, last = feed.span("day")
    rules = {"max_alloc": 1, "daily_loss": 0, **bot.pop("rules", {})}
    plan = Plan(
        {"b": swing_bot(symbols, rules=rules, **bot)}, feed, first - INSTANT, last, folder, is_closed_at_end=True
    )
    (result,) = command.run_plan(plan).results
    costs = result.costs
    assert costs.gross - sum(costs.fees.values(), ZERO) - costs.slippage - costs.borrow == costs.net
    assert result.end - result.start == costs.net == result.curve[-1].equity - result.start
    return result


def test_what_is_held_is_closed_at_the_last_close_with_its_costs(tmp_path: Path) -> None:
    bars = [bar for name in ("AAA", "BBB") for bar in daily(name, START, [100, 100, 101, 102])]
    result = closed(tmp_path, bars, cost="us-equity-bps", rules={"max_positions": 2, "stop_loss": 0.1})
    assert result.closed_at_end == ("AAA", "BBB")
    assert {(trade.symbol, trade.reason) for trade in result.trades} == {("AAA", AT_END), ("BBB", AT_END)}
    fill = result.fills[-1]
    assert fill.price_source == "close" and fill.filled_at == bars[-1].ts == fill.known_at
    assert fill.price < 102 and fill.fee > 0 and fill.slippage > 0
    assert sum((trade.realized_pnl for trade in result.trades), ZERO) == result.costs.net
    value = document(Layout(tmp_path).swing_rolling("b"))
    assert value["positions"] == {} and value["open_orders"] == {} and value["equity"] == value["cash"]
    assert list(value["equity_curve"].values())[-1] == value["equity"]
    with read_ledger(Layout(tmp_path).ledger) as ledger:
        stops = [record for record in ledger.orders("b") if record.order.type == "stop"]
    assert not [record for record in stops if record.status == "open"]
    assert {record.order.symbol for record in stops if AT_END in record.detail} == {"AAA", "BBB"}


def test_volume_of_the_last_bar_does_not_limit_it(tmp_path: Path) -> None:
    bars = daily("AAA", START, [100, 100, 100])
    last = Bar("AAA", bars[-1].ts, *(Decimal(100),) * 4, Decimal(10))
    assert closed(tmp_path, [*bars[:-1], last]).closed_at_end == ("AAA",)


def test_symbol_whose_bars_ended_earlier_is_closed_at_its_mark(tmp_path: Path) -> None:
    bars = [*daily("AAA", START, [100] * 6), *daily("BBB", START, [50, 50, 55])]
    result = closed(tmp_path, bars, horizon="4w", rules={"max_positions": 2})
    fill = next(each for each in result.fills if each.symbol == "BBB" and each.side == "sell")
    assert (fill.price, fill.bar.volume, fill.filled_at) == (55, 0, bars[5].ts)


def test_short_that_cash_cannot_buy_back_stays_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "shorts", Shorts)
    rises = [100.0, 100, 125, 150, 185, 220, 260]
    result = closed(tmp_path, daily("AAA", START, rises), strategy="shorts", rules={"allow_short": True})
    assert result.closed_at_end == () and result.end < 0
    assert any("cash" in reason for reason in result.refusals)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_intraday_bot_that_the_end_meets_in_a_session_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setitem(BUILT_IN, "stays", Stays)
    last = at("2022-05-19T13:33Z")  # the first minute decides, the second fills
    bot = default_bots()["orb_ny"].model_copy(update={"strategy": "stays", "parameters": {"side": side}})
    plan = Plan({"orb_ny": bot}, recorded(last), at("2022-05-19T13:00Z"), last, tmp_path, is_closed_at_end=True)
    (result,) = command.run_plan(plan).results
    assert result.closed_at_end == ("MSFT",) and [trade.reason for trade in result.trades] == [AT_END]
    assert result.fills[-1].filled_at == last and result.fills[-1].bar.ts == last
    day = document(Layout(tmp_path).sim_log("2022-05-19", "orb_ny"))
    assert day["positions"] == {} and day["cash"] == day["equity"] == float(result.end)


def test_command_says_what_was_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    call = ["backtest", "--strategy", "equal_weight", "--symbols", "AAPL,MSFT", "--from", "2024-11-01"]
    call += ["--sizing", "fill", "--close-at-end", "--out", str(tmp_path / "a")]
    monkeypatch.setattr("sys.argv", ["aion", *call])
    assert main() == 0
    printed = " ".join(capfd.readouterr().out.split())
    assert "What was held at the end was closed at the last close, costs included: AAPL, MSFT." in printed
    result = json.loads((tmp_path / "a" / "result.json").read_text("utf-8"))["bots"]["equal_weight"]
    assert result["closed_at_end"] == ["AAPL", "MSFT"] and result["sizing"] == "fill"
    page = (tmp_path / "a" / "report.html").read_text("utf-8")
    assert AT_END in page and "sized at the fill" in page
    monkeypatch.setattr("sys.argv", ["aion", *call[:-1], str(tmp_path / "b"), "--sizing", "later"])
    assert main() == 2
    assert "sizing = 'later' cannot work: Input should be 'decision' or 'fill'" in capfd.readouterr().err
    assert not (tmp_path / "b").exists()
