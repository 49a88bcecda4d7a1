"""A freqtrade database, made here with its columns, on the desk: read only, followed, and bad ones named."""

import math
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aion.adapter.freqtrade import Attached, attach, bot_name
from aion.clock import FixedClock
from aion.errors import ConfigError
from aion.store.layout import Layout
from tests.adapter import freqtrade_db
from tests.adapter.freqtrade_file import TRADES, make
from tests.bot.desk import WALL, VirtualWaiter, at, document


def shown(tmp_path: Path, wallet: float | None = 10_000.0, script: str = TRADES) -> dict:
    database = make(tmp_path / "tradesv3.sqlite", script)
    before = database.read_bytes()
    layout = Layout(tmp_path / "data")
    attach(Attached(database, "ft", wallet), layout, FixedClock(WALL), None, lambda line: None)
    assert database.read_bytes() == before
    return document(layout.swing_rolling("ft"))


def test_database_is_shown_with_its_trades_positions_and_fills(tmp_path: Path) -> None:
    value = shown(tmp_path)
    assert (value["bot"], value["currency"], value["strategy"], value["mode"]) == ("ft", "USDT", "Sample", "paper")
    assert value["equity"] == pytest.approx(10_000 + 95.9 - 103.9) and value["start_equity"] == 10_000
    assert value["cash"] == pytest.approx(value["equity"] - 2200)
    assert value["positions"]["BTC/USDT"] == {
        "quantity": 0.1,
        "average_price": 22000,
        "last_price": 22000,
        "marked_at": "2022-05-20T09:00Z",
        "market_value": 2200,
        "unrealized_pnl": -4.4,  # both fees
        "opened_at": "2022-05-20T09:00Z",
        "stop_loss": 19800,
        "stake": 2200,
    }
    first, second = value["trades"]["t1"], value["trades"]["t2"]
    assert (first["side"], first["realized_pnl"], first["fees"], first["reason"]) == ("buy", 95.9, 4.1, "roi")
    assert (second["side"], second["realized_pnl"]) == ("sell", -103.9)
    assert list(value["fills"]) == ["f1", "f3", "f2", "f4", "f5"]  # by time; what was not filled is none
    assert value["open_orders"] == {
        "o6": {
            "ts": "2022-05-20T09:01Z",
            "symbol": "BTC/USDT",
            "side": "sell",
            "quantity": 0.1,
            "type": "limit",
            "status": "open",
            "filled_quantity": 0,
            "reason": "",
            "limit_price": 25000,
        }
    }
    assert value["fills"]["f4"]["side"] == "buy" and value["fills"]["f4"]["reason"] == "stop_loss"
    assert value["fills"]["f1"]["fee"] == 2 and value["fills"]["f1"]["reason"] == "dip"
    assert value["equity_curve"] == {
        "2022-05-19T10:00Z": 10_000.0,
        "2022-05-19T12:30Z": 10_095.9,
        "2022-05-20T08:00Z": 9_992.0,
        "2022-05-20T09:00Z": 9_992.0,  # now, with the open position
    }
    fall = pytest.approx(103.9 / (9_900 + 95.9))  # freqtrade counts from the tradable 99 %
    assert value["stats"] == {"closed_trades": 2, "wins": 1, "max_drawdown": fall, "drawdown": fall}
    pnl = value["total_pnl"]
    assert pnl["gross"] - pnl["fees"] == pytest.approx(pnl["net"]) and pnl["net"] == pytest.approx(-8.0)
    assert "the newest fill" in value["note"] and "due_at" not in value


def test_start_money_that_is_not_known_is_not_invented(tmp_path: Path) -> None:
    value = shown(tmp_path, wallet=None)
    assert value["equity"] == pytest.approx(-8.0) and "start_equity" not in value and "cash" not in value
    assert "equity is the profit so far" in value["note"]


def test_older_database_without_orders_and_newer_columns_is_read_too(tmp_path: Path) -> None:
    old = """
    CREATE TABLE trades (id INTEGER PRIMARY KEY, pair TEXT, is_open BOOLEAN, open_rate FLOAT, close_rate FLOAT,
        close_profit_abs FLOAT, amount FLOAT, open_date DATETIME, close_date DATETIME, sell_reason TEXT);
    INSERT INTO trades VALUES (1, 'BTC/EUR', 0, 10, 11, 1, 1, '2020-01-01 00:00:00', '2020-01-02 00:00:00', 'roi');
    """
    value = shown(tmp_path, script=old)
    assert value["currency"] == "EUR" and value["fills"] == {} and value["trades"]["t1"]["reason"] == "roi"


def test_follower_writes_again_when_the_database_changes_and_to_show_it_lives(tmp_path: Path) -> None:
    database = make(tmp_path / "tradesv3.sqlite")
    layout = Layout(tmp_path / "data")
    seen, said = [], []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        seen.append(document(layout.swing_rolling("ft")))
        if len(waiter.waits) == 3:
            with sqlite3.connect(database) as writer:
                writer.execute(
                    "UPDATE trades SET is_open = 0, close_date = '2022-05-21 00:00:00', close_rate = 23000, "
                    "close_profit_abs = 95.5 WHERE id = 3"
                )
            writer.close()
        waiter.is_stopped = len(waiter.waits) == 20

    waiter = VirtualWaiter(look)
    attach(Attached(database, "ft", None), layout, waiter.wall, waiter, said.append)
    assert said == ["ft: 1 open, 2 closed", "ft: 0 open, 3 closed"]
    assert [len(each["trades"]) for each in seen[:5]] == [2, 2, 2, 3, 3]
    written = sorted({at(each["written_at"]) for each in seen})
    assert len(written) == 3 and written[2] - written[1] == timedelta(seconds=60)
    assert all(at(each["due_at"]) > at(each["written_at"]) for each in seen)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("CREATE TABLE other (id INTEGER);", "is not a freqtrade trades database: it has no amount, close_date"),
        (TRADES + "UPDATE trades SET stake_currency = 'EUR' WHERE id = 1;", "trades in EUR, USDT: one bot has one"),
        (TRADES + "DELETE FROM trades;", "give it with --currency"),
    ],
)
def test_database_that_cannot_be_shown_is_refused_in_a_sentence(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        shown(tmp_path, script=script)


def test_file_that_is_missing_or_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("not a database, but long enough to be looked at" * 50)
    for name, why in (("none.sqlite", "file not found"), ("text.sqlite", "is not a database")):
        with pytest.raises(ConfigError, match=why):
            attach(Attached(tmp_path / name, "ft", None), Layout(tmp_path), FixedClock(WALL), None, print)


def test_name_of_a_bot_comes_from_the_file() -> None:
    assert bot_name(Path("/x/trades v3.dryrun.sqlite")) == "trades-v3.dryrun"


def attached_to(tmp_path: Path, database: Path) -> dict:
    layout = Layout(tmp_path / "data")
    attach(Attached(database, "ft", 1000.0), layout, FixedClock(WALL), None, lambda line: None)
    return document(layout.swing_rolling("ft"))


@pytest.mark.parametrize("schema", freqtrade_db.SCHEMAS)
def test_database_of_each_schema_is_read(tmp_path: Path, schema: str) -> None:
    trades = [freqtrade_db.trade(1), freqtrade_db.trade(2, is_open=1, close_rate=None, close_date=None)]
    trades[1]["close_profit_abs"] = None
    orders = [freqtrade_db.order(1, 1, "buy", 100, 1), freqtrade_db.order(2, 1, "sell", 110, 1)]
    value = attached_to(tmp_path, freqtrade_db.write(tmp_path / "t.sqlite", schema, trades, orders))
    assert value["currency"] == "USDT" and value["mode"] == "paper"
    assert value["equity"] == pytest.approx(1009.79) and value["trades"]["t1"]["fees"] == pytest.approx(0.21)
    assert value["positions"]["BTC/USDT"]["quantity"] == 1 and list(value["fills"]) == ["f1", "f2"]
    assert value["stats"]["closed_trades"] == 1


def test_partial_exits_leverage_shorts_and_funding_are_counted(tmp_path: Path) -> None:
    futures = {"pair": "BTC/USDT:USDT", "stake_currency": "USDT", "trading_mode": "FUTURES", "leverage": 3.0}
    trades = [
        freqtrade_db.trade(1, **futures, is_short=1, funding_fees=-2.5, close_profit_abs=-12.7),
        freqtrade_db.trade(2, **futures, funding_fees=0.5, close_profit_abs=10.29),
        freqtrade_db.trade(
            3, **futures, is_open=1, close_rate=None, close_date=None, close_profit_abs=None, amount=0.5,
            stake_amount=50 / 3, realized_profit=4.0, record_version=2,
        ),
        freqtrade_db.trade(
            4, is_open=1, close_rate=None, close_date=None, close_profit_abs=None, amount=0.0, pair="E/USDT"
        ),
    ]  # fmt: skip
    orders = [
        freqtrade_db.order(1, 1, "sell", 100, 1),
        freqtrade_db.order(2, 1, "buy", 110, 1),
        freqtrade_db.order(3, 3, "buy", 100, 1, ft_fee_base=0.002),
        freqtrade_db.order(4, 3, "sell", 110, 0.5, ft_order_tag="half"),
        freqtrade_db.order(5, 4, "buy", 100, 1, filled=0, ft_is_open=1, status="open"),
    ]
    value = attached_to(tmp_path, freqtrade_db.write(tmp_path / "t.sqlite", "record version 2", trades, orders))
    assert value["equity"] == pytest.approx(1000 - 12.7 + 10.29 + 4.0 + 0.5 * (110 - 100))
    assert value["trades"]["t1"]["side"] == "sell" and value["trades"]["t1"]["fees"] == pytest.approx(0.21)
    assert value["trades"]["t1"]["funding"] == -2.5 and value["trades"]["t2"]["funding"] == 0.5
    assert value["trades"]["t2"]["fees"] == pytest.approx(0.21)  # it has no order: by its rates
    assert list(value["positions"]) == ["BTC/USDT:USDT"] and value["positions"]["BTC/USDT:USDT"]["quantity"] == 0.5
    assert value["fills"]["f3"]["fee"] == pytest.approx(0.2) and value["fills"]["f4"]["reason"] == "half"
    pnl = value["total_pnl"]
    assert pnl["funding"] == pytest.approx(-2.0) and pnl["fees"] == pytest.approx(
        0.21 + 0.21 + 0.2 * 0.5 / 0.998 + 0.055
    )
    assert pnl["gross"] - pnl["fees"] + pnl["funding"] == pytest.approx(pnl["net"])
    assert value["cash"] == pytest.approx(1000 - 12.7 + 10.29 + 4.0 - 50 / 3 - 100)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"record_version": 3}, "trade 1 has record version 3, of a newer freqtrade: this reader knows 1 and 2"),
        (
            {"trading_mode": "OPTIONS"},
            "trade 1 has the trading mode 'options': this reader knows spot, margin",
        ),
    ],
)
def test_version_that_is_not_known_is_refused_and_nothing_is_written(tmp_path: Path, change: dict, said: str) -> None:
    database = freqtrade_db.write(tmp_path / "t.sqlite", "record version 2", [freqtrade_db.trade(1, **change)], [])
    with pytest.raises(ConfigError, match=said):
        attached_to(tmp_path, database)
    assert not Layout(tmp_path / "data").swing_rolling("ft").exists()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_nothing_is_written_to_a_database_or_beside_it(tmp_path: Path, mode: str) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    database = freqtrade_db.write(folder / "t.sqlite", "2023", [freqtrade_db.trade(1)], [], mode)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert len(attached_to(tmp_path, database)["trades"]) == 1
    assert (
        {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
        == before
        == {"t.sqlite": before["t.sqlite"]}
    )


def test_bot_that_starts_and_writes_while_it_is_followed_is_seen(tmp_path: Path) -> None:
    database = freqtrade_db.write(tmp_path / "t.sqlite", "2023", [freqtrade_db.trade(1)], [], "wal")
    layout, said = Layout(tmp_path / "data"), []
    bots: list[sqlite3.Connection] = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        if len(waiter.waits) == 2:  # the bot starts, and keeps its log open
            bots.append(sqlite3.connect(database))
        if len(waiter.waits) in (3, 5):
            number = len(waiter.waits)
            row = freqtrade_db.trade(number)
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            bots[0].execute(f"INSERT INTO trades ({names}) VALUES ({marks})", list(row.values()))
            bots[0].commit()
        if len(waiter.waits) == 6:  # it ends, and its log goes with it
            bots[0].close()
        waiter.is_stopped = len(waiter.waits) == 9

    waiter = VirtualWaiter(look)
    attach(Attached(database, "ft", None), layout, waiter.wall, waiter, said.append)
    closed = [line.split(", ")[1] for line in said]
    assert sorted(set(closed), key=closed.index) == ["1 closed", "2 closed", "3 closed"]
    assert [path.name for path in tmp_path.glob("t.sqlite*")] == ["t.sqlite"]


@pytest.mark.parametrize("wallet", [-4.0, math.nan, math.inf])
def test_wallet_that_is_no_amount_is_refused_and_nothing_is_written(tmp_path: Path, wallet: float) -> None:
    with pytest.raises(ConfigError, match=r"--wallet .* is not an amount of money from 0 to 1,000,000,000,000"):
        shown(tmp_path, wallet=wallet)
    assert not list(tmp_path.rglob("*.json.gz"))


def test_database_of_two_stakes_is_two_bots(tmp_path: Path) -> None:
    trades = [
        freqtrade_db.trade(1, stake_currency="USDT"),
        freqtrade_db.trade(2, stake_currency="BTC", pair="ETH/BTC", close_profit_abs=0.002),
        freqtrade_db.trade(3, stake_currency="BTC", pair="LTC/BTC", close_profit_abs=-0.001),
    ]
    database = freqtrade_db.write(tmp_path / "t.sqlite", "2023", trades, [])
    layout = Layout(tmp_path / "data")
    found = {}
    for currency in ("USDT", "BTC"):
        bot = Attached(database, currency.lower(), 10.0, currency)
        attach(bot, layout, FixedClock(WALL), None, lambda line: None)
        found[currency] = document(layout.swing_rolling(currency.lower()))
    assert {each: value["symbols"] for each, value in found.items()} == {
        "USDT": ["BTC/USDT"], "BTC": ["ETH/BTC", "LTC/BTC"]
    }  # fmt: skip
    assert found["USDT"]["equity"] == 19.79 and found["BTC"]["equity"] == 10.001
    with pytest.raises(ConfigError, match=r"trades in BTC, USDT, none in EUR|one bot has one currency"):
        attach(Attached(database, "eur", 10.0, "EUR"), layout, FixedClock(WALL), None, print)
