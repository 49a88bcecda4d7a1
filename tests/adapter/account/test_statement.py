"""Journals and statements of brokers as CSV: layouts as the brokers document them, and what may be wrong in a file.

Columns: Interactive Brokers, Flex Query reference, Trades; Degiro, Transactions.csv; Binance, spot trade history.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.adapter.account.statement import number, parse
from aion.section import AttachSettings
from tests.adapter.account.looking import NOW, Desk

PLAIN = {"time": "Date", "symbol": "Symbol", "side": "Side", "quantity": "Qty", "price": "Price", "fee": "Fee"}
HEAD = "Date,Symbol,Side,Qty,Price,Fee\n"
ROWS = HEAD + "2026-11-02 10:00,SAP,buy,10,100.5,1\n2026-11-03 10:00,SAP,sell,4,110,0.4\n"
IB = (
    '"Symbol","DateTime","Buy/Sell","Quantity","TradePrice","IBCommission","CurrencyPrimary","TradeID","Multiplier",'
    '"LevelOfDetail"\n'
    '"MSFT","20261102;103000","BUY","10","400.25","-1.005","USD","901","1","EXECUTION"\n'
    '"MSFT","20261102;103000","BUY","10","400.25","-1.005","USD","","1","ORDER"\n'
    '"MSFT","20261103;110000","SELL","-10","410.5","-1.0123","USD","902","1","EXECUTION"\n'
    '"ESZ6","20261104;090000","SELL","-1","5000","-2.25","USD","903","50","EXECUTION"\n'
    '"ESZ6","20261104;100000","BUY","1","4990","0.25","USD","904","50","EXECUTION"\n'
)
DEGIRO = (
    "Datum;Tijd;Product;ISIN;Aantal;Koers;;Waarde;;Kosten;;Order ID\n"
    "02-11-2026;10:15;ASML HOLDING;NL0010273215;3;1.650,50;EUR;-4.951,50;EUR;-2,00;EUR;\n"
    "03-11-2026;15:45;ASML HOLDING;NL0010273215;-3;1.700,00;EUR;5.100,00;EUR;-2,00;EUR;\n"
)
BINANCE = (
    "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
    "2026-11-02 10:00:00,BTCUSDT,BUY,60000,0.5000000000BTC,30000.00000000USDT,0.0005000000BTC\n"
    '2026-11-03 10:00:00,BTCUSDT,SELL,"61,000",0.4995000000BTC,30469.50000000USDT,30.46950000USDT\n'
    "2026-11-03 11:00:00,BTCEUR,BUY,56000,0.1000000000BTC,5600.00000000EUR,0.0001000000BTC\n"
)


def desk(folder: Path, data: bytes, **table: Any) -> Desk:
    path = folder / "mine.csv"
    path.write_bytes(data)
    os.utime(path, (1, 1))  # nobody writes to it now
    given = {"kind": "csv", "database": str(path), "columns": PLAIN, "currency": "EUR"} | table
    return Desk(folder, {name: each for name, each in given.items() if each})


def test_journal_is_paired_into_trades_with_its_fees(tmp_path: Path) -> None:
    state = desk(tmp_path, ROWS.encode(), wallet="5000").look()
    assert state["positions"]["SAP"]["quantity"] == "6" and state["positions"]["SAP"]["average_price"] == "100.5"
    sold = next(each for each in state["fills"].values() if each["side"] == "sell")
    assert sold["realized_pnl"] == "37.6"
    assert state["total_pnl"]["net"] == "93.6" and state["equity"] == "5093.6" and state["mode"] == "live"
    assert "newest fill" in state["note"] and "actions" not in state


def test_interactive_brokers_flex_query(tmp_path: Path) -> None:
    columns = {"time": "DateTime", "symbol": "Symbol", "side": "Buy/Sell", "quantity": "Quantity",
               "price": "TradePrice", "fee": "IBCommission", "currency": "CurrencyPrimary", "id": "TradeID",
               "multiplier": "Multiplier"}  # fmt: skip
    state = desk(
        tmp_path, IB.encode(), columns=columns, currency="", time_format="%Y%m%d;%H%M%S", timezone="America/New_York",
        is_fee_negative=True, cost_basis="fifo", keep={"LevelOfDetail": ["EXECUTION"]},
    ).look()  # fmt: skip
    assert state["currency"] == "USD" and len(state["fills"]) == 4
    results = [each["realized_pnl"] for each in state["trades"].values()]
    assert results == ["100.4827", "498"]  # 102.5 - 1.005 - 1.0123; 10 x 50 - 2.25 + a rebate of 0.25
    assert state["trades"]["t-f-902"]["opened_at"] == "2026-11-02T15:30Z"


def test_degiro_transactions(tmp_path: Path) -> None:
    columns = {"time": "Datum+Tijd", "symbol": "Product", "quantity": "Aantal", "price": "Koers", "fee": "Kosten"}
    table: dict[str, Any] = {
        "columns": columns, "time_format": "%d-%m-%Y %H:%M", "timezone": "Europe/Amsterdam", "decimal": ",",
        "is_fee_negative": True,
    }  # fmt: skip
    state = desk(tmp_path, DEGIRO.encode("cp1252"), encoding="cp1252", **table).look()
    assert [each["realized_pnl"] for each in state["trades"].values()] == ["144.5"]
    assert [each["side"] for each in state["fills"].values()] == ["buy", "sell"]


def test_binance_history_keeps_currencies_apart_and_values_fees_in_the_coin(tmp_path: Path) -> None:
    columns = {"time": "Date(UTC)", "symbol": "Pair", "side": "Side", "quantity": "Executed", "price": "Price",
               "fee": "Fee", "currency": "Amount"}  # fmt: skip
    state = desk(tmp_path, BINANCE.encode(), columns=columns, currency="").look()
    assert "fills in EUR, USDT: one bot has one currency" in state["problem"]
    state = desk(tmp_path, BINANCE.encode(), columns=columns, currency="USDT").look()
    assert [each["realized_pnl"] for each in state["trades"].values()] == ["439.0305"]  # 499.5 - 30 - 30.4695
    assert state["positions"] == {} and "It also has fills in EUR" in state["note"]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("", ROWS.encode("utf-8-sig")), ("", ROWS.encode("utf-16")), ("utf-16", ROWS.encode("utf-16-le")),
     ("", ROWS.replace(",", ";").encode()), ("", ROWS.replace(",", "\t").replace("\n", "\r\n").encode()),
     ("", b"My broker\nAccount 12\n\n" + ROWS.encode()), ("cp1252", ROWS.replace("SAP", "M\xfcRe").encode("cp1252"))],
)  # fmt: skip
def test_encodings_and_delimiters_give_the_same_figures(tmp_path: Path, encoding: str, data: bytes) -> None:
    table = {"encoding": encoding or "utf-8"} if encoding != "utf-16" else {"encoding": "utf-16"}
    if data.startswith(b"D\0"):
        data = b"\xff\xfe" + data
    assert desk(tmp_path, data, **table).look()["total_pnl"]["net"] == "93.6"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no line with the columns"),
        (b"a,b\n1,2\n", "has no line with the columns"),
        (ROWS.replace("SAP", "M\xfcRe").encode("cp1252"), 'is not utf-8 at byte.*encoding = "cp1252"'),
        (ROWS.replace("Side", "Side,Side").encode(), "has the column 'Side' twice"),
        (ROWS.encode("utf-16-le"), "NUL characters"),
    ],
)
def test_file_that_is_none_is_said(tmp_path: Path, data: bytes, why: str) -> None:
    import re

    assert re.search(why, desk(tmp_path, data).look()["problem"])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("yesterday,SAP,buy,1,1,0", "its time is 'yesterday'"),
        ("2026-11-05,SAP,hodl,1,1,0", "its side is 'hodl'"),
        ("2026-11-05,SAP,buy,many,1,0", "its quantity is 'many'"),
        ("2026-11-05,SAP,buy,1,NaN,0", "its price is 'NaN'"),
        ("2026-11-05,SAP,buy,0,1,0", "its quantity is 0"),
        ('2026-11-05,SAP,buy,"1,5",1,0', "that is no number"),
        ("2026-11-05,SAP,buy", "it has 3 of 6 columns"),
        ("2027-11-05,SAP,buy,1,1,0", "is in the future"),
    ],
)
def test_bad_row_costs_itself_and_is_named(tmp_path: Path, row: str, why: str) -> None:
    state = desk(tmp_path, f"{ROWS}{row}\n".encode()).look()
    assert state["total_pnl"]["net"] == "93.6" and why in state["note"] and "line 4" in state["note"]


def test_file_that_grows_is_replaced_or_cut(tmp_path: Path) -> None:
    own = desk(tmp_path, ROWS.encode())
    path = own.source.path
    assert own.look()["positions"]["SAP"]["quantity"] == "6"
    path.write_text(ROWS + "2026-11-04 10:00,SAP,sell,1,1")  # a line of which the price is half written
    assert own.look()["positions"]["SAP"]["quantity"] == "6"
    path.write_text(ROWS + "2026-11-04 10:00,SAP,sell,1,112,0\n")
    assert own.look()["positions"]["SAP"]["quantity"] == "5"
    path.write_text(HEAD + "2026-11-04 10:00,SAP,buy,1,112,0\n")
    state = own.look()
    assert state["positions"]["SAP"]["quantity"] == "1" and "It had 3 fills before and now has 1" in state["note"]
    path.unlink()
    state = own.look()
    assert state["state"] == "error" and "file not found" in state["state_reason"]
    assert state["positions"]["SAP"]["quantity"] == "1"


def test_rows_of_one_id_count_once_and_equal_rows_without_one_twice(tmp_path: Path) -> None:
    again = ROWS + ROWS.splitlines()[2] + "\n"
    assert desk(tmp_path, again.encode()).look()["positions"]["SAP"]["quantity"] == "2"
    with_id = again.replace("Fee\n", "Fee,Id\n").replace(",1\n", ",1,a\n").replace(",0.4\n", ",0.4,b\n")
    state = desk(tmp_path, with_id.encode(), columns=PLAIN | {"id": "Id"}).look()
    assert state["positions"]["SAP"]["quantity"] == "6" and "1 repeated rows" in state["note"]


@given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from([(".", ","), (",", ".")]))
def test_number_is_read_as_it_was_written(value: Decimal, points: tuple[str, str]) -> None:
    written = f"{value:,.4f}".translate(str.maketrans({".": points[0], ",": points[1]}))
    assert number(written, points[0], "price") == value


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    from aion.adapter.problem import WrongError

    settings = AttachSettings(kind="csv", database="x.csv", columns=PLAIN, currency="EUR")
    try:
        rows, _, _ = parse(HEAD.encode() + data, "x.csv", settings, NOW)
    except WrongError:
        return
    assert all(each.fill.quantity > 0 for each in rows)
