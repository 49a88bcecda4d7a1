"""A hummingbot's database: tables as its model has them (TradeFill, Order, Metadata), and what may be wrong in them.

Source: hummingbot/model/{trade_fill,order,metadata,decimal_type_decorator}.py of https://github.com/hummingbot/hummingbot.
"""

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.adapter.account.looking import NOW, Desk

FILL = """CREATE TABLE "TradeFill" (
    config_file_path TEXT NOT NULL, strategy TEXT NOT NULL, market TEXT NOT NULL, symbol TEXT NOT NULL,
    base_asset TEXT NOT NULL, quote_asset TEXT NOT NULL, timestamp BIGINT NOT NULL, order_id TEXT NOT NULL,
    trade_type TEXT NOT NULL, order_type TEXT NOT NULL, price BIGINT NOT NULL, amount BIGINT NOT NULL,
    leverage INTEGER NOT NULL, trade_fee JSON NOT NULL, trade_fee_in_quote BIGINT, exchange_trade_id TEXT NOT NULL,
    position TEXT, PRIMARY KEY (market, order_id, exchange_trade_id))"""
ORDER = """CREATE TABLE "Order" (
    id TEXT NOT NULL PRIMARY KEY, config_file_path TEXT NOT NULL, strategy TEXT NOT NULL, market TEXT NOT NULL,
    symbol TEXT NOT NULL, base_asset TEXT NOT NULL, quote_asset TEXT NOT NULL, creation_timestamp BIGINT NOT NULL,
    order_type TEXT NOT NULL, amount BIGINT NOT NULL, leverage INTEGER NOT NULL, price BIGINT NOT NULL,
    last_status TEXT NOT NULL, last_update_timestamp BIGINT NOT NULL, exchange_order_id TEXT, position TEXT)"""
FEE = {"fee_type": "AddedToCost", "percent": "0", "percent_token": None, "flat_fees": []}


class Bot:
    """A database that a hummingbot writes."""

    def __init__(self, path: Path, version: str = "20230516") -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        for text in (FILL, ORDER, 'CREATE TABLE "Metadata" (key TEXT PRIMARY KEY, value TEXT NOT NULL)'):
            self.connection.execute(text)
        self.connection.execute("INSERT INTO Metadata VALUES ('local_db_version', ?)", (version,))

    def fill(self, number: int, side: str, size: str, at: str, fee: str | None = "0", **more: Any) -> None:
        row = {
            "config_file_path": "pmm.yml", "strategy": "pure_market_making", "market": "binance",
            "symbol": "BTC-USDT", "base_asset": "BTC", "quote_asset": "USDT",
            "timestamp": int(NOW.timestamp() * 1000) - 3_600_000 + number * 1000, "order_id": f"o{number}",
            "trade_type": side, "order_type": "LIMIT", "price": millionths(at), "amount": millionths(size),
            "leverage": 1, "trade_fee": json.dumps(FEE),
            "trade_fee_in_quote": None if fee is None else millionths(fee), "exchange_trade_id": f"x{number}",
            "position": "NIL",
        } | more  # fmt: skip
        self._insert("TradeFill", row)

    def order(self, number: int, amount: str, price: str, status: str) -> None:
        at = int(NOW.timestamp() * 1000) - 60_000
        self._insert("Order", {
            "id": f"o{number}", "config_file_path": "pmm.yml", "strategy": "pure_market_making", "market": "binance",
            "symbol": "BTC-USDT", "base_asset": "BTC", "quote_asset": "USDT", "creation_timestamp": at,
            "order_type": "LIMIT", "amount": millionths(amount), "leverage": 1, "price": millionths(price),
            "last_status": status, "last_update_timestamp": at, "exchange_order_id": "e", "position": "NIL",
        })  # fmt: skip

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        self.connection.execute(f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})', tuple(row.values()))


def millionths(value: str) -> int:
    return int(Decimal(value) * 1_000_000)


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(tmp_path / "pmm.sqlite")


def desk(bot: Bot, tmp_path: Path, **more: Any) -> Desk:
    return Desk(tmp_path, {"kind": "hummingbot", "database": str(bot.path), "wallet": "10000"} | more)


def test_fills_come_to_positions_trades_and_results(bot: Bot, tmp_path: Path) -> None:
    bot.fill(1, "BUY", "0.5", "60000", "30")
    bot.fill(2, "SELL", "0.5", "61000", "30.5")
    bot.fill(3, "BUY", "0.25", "60400.5", "15.100125")
    state = desk(bot, tmp_path).look()
    assert [each["realized_pnl"] for each in state["trades"].values()] == ["439.5"]  # 500 - 30 - 30.5
    position = state["positions"]["BTC-USDT"]
    assert (position["quantity"], position["average_price"], position["last_price"]) == ("0.25", "60400.5", "60400.5")
    assert state["total_pnl"]["fees"] == "75.600125" and state["total_pnl"]["net"] == "424.399875"
    assert state["equity"] == "10424.399875" and state["currency"] == "USDT" and state["mode"] == "live"
    assert state["strategy"] == "pure_market_making" and "actions" not in state


def test_database_in_use_is_read_while_it_is_written_and_nothing_is_put_beside_it(bot: Bot, tmp_path: Path) -> None:
    bot.connection.execute("PRAGMA journal_mode=wal")
    bot.fill(1, "BUY", "1", "100")
    own = desk(bot, tmp_path)
    assert own.look()["positions"]["BTC-USDT"]["quantity"] == "1"
    bot.connection.execute("BEGIN IMMEDIATE")
    bot.fill(2, "BUY", "1", "100")
    assert own.look()["positions"]["BTC-USDT"]["quantity"] == "1", "what is not committed is not there"
    bot.connection.execute("COMMIT")
    assert own.look()["positions"]["BTC-USDT"]["quantity"] == "2"
    before = {each.name: each.read_bytes() for each in tmp_path.glob("pmm.sqlite*") if each.suffix != ".sqlite-shm"}
    own.look()
    assert before == {
        each.name: each.read_bytes() for each in tmp_path.glob("pmm.sqlite*") if each.suffix != ".sqlite-shm"
    }


@pytest.mark.parametrize(
    ("fee", "said", "net"),
    [
        ({"percent": "0.001", "flat_fees": []}, "0.1", "-0.1"),
        ({"percent": "0", "flat_fees": [{"token": "USDT", "amount": "0.3"}]}, "0.3", "-0.3"),
        ({"percent": "0", "flat_fees": [{"token": "BNB", "amount": "0.0002"}]}, "0.0002", None),
    ],
)
def test_fee_that_hummingbot_did_not_value_is_taken_from_its_words(
    bot: Bot, tmp_path: Path, fee: dict[str, Any], said: str, net: str | None
) -> None:
    bot.fill(1, "BUY", "1", "100", None, trade_fee=json.dumps(FEE | fee))
    state = desk(bot, tmp_path).look()
    (found,) = state["fills"].values()
    assert found["fee"] == said
    if net is None:
        assert found["fee_currency"] == "BNB" and "total_pnl" not in state
        assert "Fees of 0.0002 BNB have no known value" in state["note"]
    else:
        assert state["total_pnl"]["net"] == net


def test_orders_that_rest_are_shown_with_what_is_filled(bot: Bot, tmp_path: Path) -> None:
    bot.order(1, "2", "100", "BuyOrderCreated")
    bot.order(2, "1", "120", "SellOrderCreated")
    bot.order(3, "1", "90", "OrderCancelled")
    bot.fill(1, "BUY", "0.5", "100")
    orders = desk(bot, tmp_path).look()["open_orders"]
    assert set(orders) == {"o-o1", "o-o2"}
    assert orders["o-o1"]["filled_quantity"] == "0.5" and orders["o-o1"]["status"] == "partially_filled"
    assert orders["o-o2"]["side"] == "sell" and orders["o-o2"]["limit_price"] == "120"


def test_paper_trades_are_paper_and_two_currencies_are_asked_for(bot: Bot, tmp_path: Path) -> None:
    bot.fill(1, "BUY", "1", "100", market="binance_paper_trade")
    assert desk(bot, tmp_path).look()["mode"] == "paper"
    bot.fill(2, "BUY", "1", "100", quote_asset="EUR", symbol="BTC-EUR", market="binance_paper_trade")
    own = desk(bot, tmp_path / "again")
    assert "fills in EUR, USDT: one bot has one currency" in own.look()["problem"]
    state = desk(bot, tmp_path / "euro", currency="EUR").look()
    assert list(state["positions"]) == ["BTC-EUR"] and "also trades in USDT" in state["note"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"amount": 0}, "its amount is 0"), ({"price": "much"}, "its price"), ({"trade_type": "RANGE"}, "its side is"),
     ({"trade_fee_in_quote": None, "trade_fee": "{"}, "unexpected end")],
)  # fmt: skip
def test_bad_row_costs_itself_and_is_named(bot: Bot, tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    bot.fill(1, "BUY", "1", "100")
    bot.fill(2, "SELL", "1", "101", **wrong)
    state = desk(bot, tmp_path).look()
    assert state["positions"]["BTC-USDT"]["quantity"] == "1"
    assert "Fills left out: x2" in state["note"] and why in state["note"]


def test_newer_version_foreign_tables_and_a_file_that_goes_keep_the_last_good_state(bot: Bot, tmp_path: Path) -> None:
    bot.fill(1, "BUY", "1", "100")
    own = desk(bot, tmp_path)
    good = own.look()
    bot.connection.execute("UPDATE Metadata SET value = '20300101'")
    state = own.look()
    assert "has version 20300101, of a newer hummingbot" in state["state_reason"]
    assert state["equity"] == good["equity"] and state["state"] == "error"
    bot.connection.execute("UPDATE Metadata SET value = '20230516'")
    assert own.look()["state"] == "active"
    bot.connection.close()
    bot.path.unlink()
    assert str(bot.path) in own.look()["state_reason"]
    bot.path.write_bytes(b"not a database at all, but a text of some length" * 20)
    assert "not a database" in own.look()["state_reason"]
    bot.path.unlink()
    foreign = sqlite3.connect(bot.path)
    foreign.execute("CREATE TABLE trades (id INTEGER)")
    foreign.close()
    assert "is not a hummingbot trades database" in own.look()["state_reason"]
