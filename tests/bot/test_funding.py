"""Funding and expiry from a folder of bars to the ledger, the files, the pages and the report of a backtest."""

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion.command.app import app
from aion.config import BotSettings, Rules
from aion.ledger.query import read_ledger
from aion.market.feed import FolderFeed
from aion.model import ZERO
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import document
from tests.bot.told import OneTrip

START = datetime(2024, 3, 4, tzinfo=UTC)
SYMBOL = "BTC/USDT:USDT"
MINUTE = timedelta(minutes=1)
HEAD = ["ts", "open", "high", "low", "close", "volume"]


def folder_of(tmp_path: Path, *options: str, symbol: str = SYMBOL, prices: str = "50000 " * 8) -> Path:
    """Import bars of a minute each by the command line."""
    lines = [HEAD]
    for number, price in enumerate(prices.split()):
        lines.append([(START + number * MINUTE).isoformat(), price, price, price, price, "1000000"])
    with (tmp_path / "bars.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    folder = tmp_path / "bars"
    words = ["import", str(tmp_path / "bars.csv"), "--symbol", symbol, "--exchange", "24/7", "--to", str(folder)]
    done = CliRunner().invoke(app, [*words, "--price-basis", "raw", "--format", "csv", *options])
    assert done.exit_code == 0, done.output
    return folder


def bot_of(symbol: str = SYMBOL, side: str = "buy", currency: str = "USDT") -> BotSettings:
    rules = Rules(max_positions=1, max_alloc=Decimal(1), stop_loss=ZERO, daily_loss=ZERO, allow_short=True)
    return BotSettings(kind="intraday", strategy="one_trip", symbols=(symbol,), exchange="24/7", currency=currency,
                       cash=Decimal(100_000), cost="zero", parameters={"side": side}, rules=rules)  # fmt: skip


@pytest.fixture(autouse=True)
def one_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    """It enters at the open of the third bar and leaves at that of the fifth."""
    monkeypatch.setitem(BUILT_IN, "one_trip", OneTrip)


PERPETUAL = ("--kind", "perpetual", "--tick", "0.1", "--margin", "0.1", "--currency", "USDT")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_funding_when_it_stands_beside_the_bars_then_each_place_says_the_same(tmp_path: Path, side: str) -> None:
    folder = folder_of(tmp_path, *PERPETUAL)
    (folder / "funding.csv").write_text(
        f"symbol,time,rate,source\n{SYMBOL},2024-03-04T00:03Z,0.0001,Binance\n{SYMBOL},2024-03-04T00:04Z,0.0003,\n"
        f"{SYMBOL},2024-03-04T00:01Z,0.5,\nETH,2024-03-04T00:03Z,0.5,\n"
    )
    data, feed = tmp_path / "data", FolderFeed(folder)
    run_plan(data, {"b": bot_of(side=side)}, feed, START - INSTANT, START + 8 * MINUTE)
    with read_ledger(Layout(data).ledger) as ledger:
        changes, (row,) = ledger.changes("b"), ledger.trades("b")
        assert ledger.equity("b")[-1].equity == 100_000 + sum(
            each.amount for each in changes.movements if each.kind != "deposit"
        )
    first, last = changes.fills
    units = first.quantity * first.side.sign
    paid = [(each.ts, each.amount) for each in changes.movements if each.kind == "funding"]
    assert first.filled_at == START + 2 * MINUTE and last.filled_at == START + 4 * MINUTE
    # at the close of the third bar at 00:03 it is held; the fifth, in which it was left, opens at 00:04
    expected = [-units * 50_000 * Decimal("0.0001"), -units * 50_000 * Decimal("0.0003")]
    assert [amount for _, amount in paid] == expected
    assert [ts for ts, _ in paid] == [START + 3 * MINUTE, START + 4 * MINUTE]
    (trade,) = changes.trades
    assert trade.funding == trade.realized_pnl == sum(expected)
    assert Decimal(row["funding"]) == sum(expected)
    path = next(Layout(data).sim_logs.iterdir())
    day = document(path)
    assert check_file(path) == ([], [])
    for name in ("day_pnl", "total_pnl"):
        pnl = day[name]
        assert pnl["funding"] == pnl["net"] == float(sum(expected)) and pnl["gross"] == pnl["fees"] == 0
    assert day["trades"][trade.id]["funding"] == float(sum(expected))
    listed = CliRunner().invoke(app, ["trades", "--data", str(data), "--csv"]).stdout.splitlines()
    assert dict(zip(listed[0].split(","), listed[1].split(","), strict=True))["funding"] == row["funding"]


def test_funding_when_there_is_no_table_then_file_and_report_say_that_it_is_not_known(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, *PERPETUAL)
    data = tmp_path / "data"
    run_plan(data, {"b": bot_of()}, FolderFeed(folder), START - INSTANT, START + 4 * MINUTE)
    path = next(Layout(data).sim_logs.iterdir())
    day = document(path)
    said = f"Funding of {SYMBOL} is not known from 2024-03-04T00:02Z on; results leave it out."
    assert said in day["note"] and "funding" not in day["total_pnl"]
    assert [each["action"] for each in day["decisions"].values()].count("funding") == 1


def test_backtest_when_funding_was_paid_then_its_report_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, *PERPETUAL)
    (folder / "funding.csv").write_text(f"symbol,time,rate\n{SYMBOL},2024-03-04T00:03Z,0.0001\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aion.toml").write_text(
        f"""[bots.b]
kind = "intraday"
strategy = "one_trip"
symbols = ["{SYMBOL}"]
exchange = "24/7"
currency = "USDT"
cash = 100000
cost = "zero"
parameters = {{side = "buy"}}
rules = {{max_alloc = 1, stop_loss = 0, daily_loss = 0}}
"""
    )
    words = ["backtest", "--feed", "folder", "--folder", str(folder), "--bot", "b", "--out", "done"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "done" / "result.json").read_bytes())
    (found,) = result["bots"] if isinstance(result.get("bots"), list) else result["bots"].values()
    money = {name: Decimal(found[name]) for name in ("gross", "slippage", "borrow", "funding", "net")}
    fees = sum(map(Decimal, found["fees"].values()), ZERO)
    assert money["funding"] < 0
    assert money["gross"] - fees - money["slippage"] - money["borrow"] + money["funding"] == money["net"]
    report = (tmp_path / "done" / "report.html").read_text()
    assert "<span>Funding</span>" in report and '<th scope="col">Funding</th>' in report


def test_future_when_its_day_comes_then_the_bot_is_settled_and_enters_no_more(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, "--kind", "future", "--currency", "USD", "--multiplier", "5", "--margin", "0.1", "--tick", "0.25",
        "--expiry", "2024-03-04T00:04Z", "--final-price", "4012.5", symbol="ESH", prices="4000 " * 8,
    )  # fmt: skip
    data = tmp_path / "data"
    run_plan(data, {"b": bot_of("ESH", currency="USD")}, FolderFeed(folder), START - INSTANT, START + 8 * MINUTE)
    with read_ledger(Layout(data).ledger) as ledger:
        (trade,) = ledger.changes("b").trades
    assert trade.closed_at == START + 4 * MINUTE
    assert trade.reason == "expired: settled in cash at the settlement price"
    assert trade.realized_pnl == trade.quantity * 5 * Decimal("12.5")
    path = next(Layout(data).sim_logs.iterdir())
    assert check_file(path) == ([], []) and document(path)["positions"] == {}


def test_option_when_its_day_comes_then_its_underlying_says_what_it_is_worth(tmp_path: Path) -> None:
    folder_of(tmp_path, "--kind", "index", "--currency", "USD", symbol="SPX", prices="4000 4010 4020 4030 4040 4050")
    folder = folder_of(
        tmp_path, "--kind", "option", "--currency", "USD", "--multiplier", "50", "--expiry", "2024-03-04T00:04Z",
        "--strike", "4005", "--right", "call", "--underlying", "SPX", symbol="C4005", prices="12 " * 8,
    )  # fmt: skip
    data = tmp_path / "data"
    run_plan(data, {"b": bot_of("C4005", currency="USD")}, FolderFeed(folder), START - INSTANT, START + 8 * MINUTE)
    with read_ledger(Layout(data).ledger) as ledger:
        (trade,) = ledger.changes("b").trades
    assert trade.reason == "exercised: SPX at 4030, call at 4005"
    assert trade.realized_pnl == trade.quantity * 50 * (25 - 12)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--kind", "future", "--expiry", "soon"), "--expiry 'soon' is neither a market day, 2020-04-21, nor a time"),
        (("--kind", "share", "--expiry", "2024-03-04"), "a share has no expiry: futures and options have one"),
        (("--kind", "option", "--expiry", "2024-03-04"), "needs strike, right (call or put) and underlying"),
        (("--kind", "option", "--strike", "much"), "--strike 'much' is not a price"),
        (("--kind", "option", "--right", "left"), "--right 'left' cannot work; known: call, put"),
        (("--kind", "future", "--final-price", "nan"), "--final-price 'nan' is not a price"),
    ],
)
def test_contract_when_it_cannot_be_then_the_import_says_why(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "x.csv").write_text("ts,open,high,low,close,volume\n2024-03-04T00:00Z,1,1,1,1,5\n")
    words = [
        "import",
        str(tmp_path / "x.csv"),
        "--exchange",
        "24/7",
        "--currency",
        "USD",
        "--to",
        str(tmp_path / "b"),
    ]
    done = CliRunner().invoke(app, [*words, "--format", "csv", *options])
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
