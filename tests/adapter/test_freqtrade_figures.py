"""The reader's figures beside those of freqtrade 2026.9 itself, on databases made with its own models.

`freqtrade_figures.json` holds the rows and what freqtrade's `/profit`, `/balance` and wallet said of them. It was
written by `tools/freqtrade_figures.py` in an environment of freqtrade's own; here its rows are a database again.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from aion import performance
from aion.adapter.freqtrade import Attached, attach
from aion.clock import FixedClock
from aion.errors import ConfigError
from aion.store.layout import Layout
from tests.adapter import freqtrade_db
from tests.bot.desk import WALL, document

MADE = json.loads(Path(__file__).with_name("freqtrade_figures.json").read_text())["databases"]
AS_SAID = ["spot", "futures", "btc", "sixty"]


def shown(tmp_path: Path, rows: dict[str, Any], wallet: float | None, tradable: float = 0.99) -> dict:
    database = freqtrade_db.write(
        tmp_path / "t.sqlite", "record version 2", rows["trades"], rows["orders"], history=rows["wallet_history"]
    )
    layout = Layout(tmp_path / "data")
    attached = Attached(database, "ft", wallet, tradable=tradable)
    attach(attached, layout, FixedClock(WALL), None, lambda line: None)
    return document(layout.swing_rolling("ft"))


def rows_of(name: str) -> dict[str, Any]:
    return json.loads(json.dumps(MADE[name]["rows"]))


def same(value: float) -> Any:
    """To the last of the digits that freqtrade shows."""
    return pytest.approx(value, rel=0, abs=5.1e-9)


@pytest.mark.parametrize("name", AS_SAID)
def test_figures_are_those_of_freqtrade_to_the_last_digit(tmp_path: Path, name: str) -> None:
    said = MADE[name]["figures"]
    value = shown(tmp_path, rows_of(name), said["start"])
    assert value["cash"] == same(said["free"])
    assert value["equity"] == same(said["balance"])
    assert next(iter(value["equity_curve"].values())) == said["start"]
    *before, newest = value["equity_curve"].values()
    closed = newest
    if value["positions"]:  # then the account as it is now comes last
        assert newest == value["equity"]
        closed = before[-1]
    assert closed - said["start"] == same(said["closed_profit"])
    stats = value["stats"]
    assert (stats["closed_trades"], stats["wins"]) == (said["closed"], said["wins"])
    assert stats["max_drawdown"] == same(said["max_drawdown"])
    assert stats["drawdown"] == same(said["current_drawdown"])
    if said["closed"] >= performance.MIN_TRADES:
        assert (stats["win_rate"], stats["profit_factor"]) == (same(said["winrate"]), same(said["profit_factor"]))
    assert {key: trade["return"] for key, trade in value["trades"].items()} == pytest.approx(said["returns"])
    assert {key: trade["realized_pnl"] for key, trade in value["trades"].items()} == {
        key: same(profit) for key, profit in said["profits"].items()
    }


@pytest.mark.parametrize("name", AS_SAID)
def test_a_trade_agrees_with_its_parts(tmp_path: Path, name: str) -> None:
    value = shown(tmp_path, rows_of(name), 1000.0)
    trades = value["trades"]
    assert trades
    for key, each in trades.items():
        assert each["return"] == pytest.approx(each["realized_pnl"] / each["stake"], abs=1e-6), key
        way = 1 if each["side"] == "buy" else -1
        funding = next(row.get("funding_fees", 0.0) for row in MADE[name]["rows"]["trades"] if f"t{row['id']}" == key)
        gross = way * each["quantity"] * (each["exit_price"] - each["entry_price"])
        # freqtrade rounds each profit; a stop that leaves dust counts what was sold
        assert gross - each["fees"] + funding == pytest.approx(each["realized_pnl"], abs=2e-3 * each["stake"]), key


def test_money_of_an_order_that_rests_counts_as_in_freqtrade(tmp_path: Path) -> None:
    """Its dry run takes it for a part of the balance beside the money that it is to be paid of."""
    said = MADE["resting"]["figures"]
    value = shown(tmp_path, rows_of("resting"), 1000.0)
    assert value["cash"] == same(said["free"]) == 680.0
    assert value["equity"] == same(said["balance"]) == pytest.approx(1000 + 45 - 0.0002)
    assert {(each["symbol"], each["quantity"], each["limit_price"]) for each in value["open_orders"].values()} == {
        ("XRP/USDT", 100.0, 0.45), ("BTC/USDT", 0.00333333, 60000.0)
    }  # fmt: skip
    assert list(value["positions"]) == ["XRP/USDT"]


@pytest.mark.parametrize(
    ("change", "price", "day"),
    [
        ({}, 141.5, "2026-03-01"),
        ({"balance": 2.5}, 155.0, "2026-03-01"),  # on the day of the fill, and not what is held since
        ({"timestamp": "2026-03-02 00:00:00.000000"}, 141.5, "2026-03-02"),
        ({"timestamp": "2026-02-28 00:00:00.000000"}, 155.0, "2026-03-01"),
        ({"timestamp": "2026-03-05 00:00:00.000000", "quote_currency": "EUR"}, 155.0, "2026-03-01"),
    ],
)
def test_price_is_of_the_days_record_or_of_the_fill_whichever_is_newer(
    tmp_path: Path, change: dict[str, Any], price: float, day: str
) -> None:
    rows = rows_of("futures")
    next(each for each in rows["wallet_history"] if each["currency"].startswith("SOL")).update(change)
    value = shown(tmp_path, rows, 1000.0)
    position = value["positions"]["SOL/USDT:USDT"]
    assert (position["last_price"], position["marked_at"][:10]) == (price, day)
    assert ("recorded on" if price == 141.5 else "the newest fill") in value["note"]


def test_share_that_the_bot_may_use_is_what_a_fall_is_counted_from(tmp_path: Path) -> None:
    half, whole = (tmp_path / name for name in ("half", "whole"))
    half.mkdir()
    whole.mkdir()
    assert shown(half, rows_of("btc"), 0.05, 0.5)["stats"]["max_drawdown"] > (
        1.9 * shown(whole, rows_of("btc"), 0.05, 1.0)["stats"]["max_drawdown"]
    )


@pytest.mark.parametrize("share", [0.0, -1.0, 1.01, float("nan")])
def test_share_that_is_none_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(ConfigError, match=r"--tradable-balance-ratio .* is not a share above 0 and up to 1"):
        shown(tmp_path, rows_of("btc"), 0.05, share)


def test_without_start_money_no_fall_is_made_up(tmp_path: Path) -> None:
    value = shown(tmp_path, rows_of("spot"), None)
    assert "max_drawdown" not in value["stats"] and "drawdown" not in value["stats"]
    assert "start money is not known" in value["note"] and "cash" not in value


def test_table_in_the_documents_is_of_this_run(tmp_path: Path) -> None:
    lines = (Path(__file__).parents[2] / "docs" / "attach.md").read_text().splitlines()
    told = [tuple(cell.strip() for cell in line.split("|")[2:5]) for line in lines if line.startswith("| ")]
    names = {
        "closed profit": "closed_profit",
        "free money": "free",
        "balance": "balance",
        "max drawdown": "max_drawdown",
    }
    rows = [row for row in told if row[0] in names]
    expected = [
        (figure, f"{MADE[name]['figures'][names[figure]]:.8f}")
        for name in MADE
        for figure in names
        if name != "resting" or figure in ("free money", "balance")
    ]
    assert [row[:2] for row in rows] == expected
    assert all(row[1] == row[2] for row in rows)
