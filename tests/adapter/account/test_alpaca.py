"""An account at Alpaca: answers in the form of its API reference (https://docs.alpaca.markets/reference)."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aion.adapter import rest
from tests.adapter.account.looking import Desk
from tests.adapter.account.server import FAULTS, Server, serving

KEYS = {"KEY": "PKTEST", "SECRET": "hidden"}
ORDER = "61e69015-8549-4bfd-b9c3-01e75843f47d"


def fill(number: int, side: str, quantity: str, price: str, symbol: str = "AAPL") -> dict[str, Any]:
    return {
        "activity_type": "FILL", "cum_qty": quantity, "id": f"202611{number:02}143000000::{ORDER}", "leaves_qty": "0",
        "price": price, "qty": quantity, "side": side, "symbol": symbol, "order_id": ORDER, "type": "fill",
        "transaction_time": f"2026-11-{number:02}T14:30:00.123456Z", "order_status": "filled",
    }  # fmt: skip


def other(number: int, kind: str, net: str, **more: str) -> dict[str, Any]:
    return {
        "activity_type": kind, "id": f"202611{number:02}000000000::{kind}", "date": f"2026-11-{number:02}",
        "net_amount": net, "status": "executed", **more,
    }  # fmt: skip


def moment() -> dict[str, Any]:
    """An account of 10,000: AAPL bought twice and sold in part, MSFT sold short, a dividend, fees, 500 paid in."""
    activities = [
        other(1, "JNLC", "10000"),
        fill(2, "buy", "10", "200.50"),
        fill(3, "buy", "10", "201.25"),
        other(4, "CSD", "500"),
        fill(5, "sell", "5", "210"),
        other(5, "FEE", "-0.03", description="TAF fee"),
        fill(6, "sell_short", "3", "400", "MSFT"),
        other(7, "DIV", "3.75", symbol="AAPL", qty="15"),
    ]
    cash = Decimal(10000) - 2005 - Decimal("2012.5") + 500 + 1050 - Decimal("0.03") + 1200 + Decimal("3.75")
    positions = [
        {"symbol": "AAPL", "qty": "15", "side": "long", "avg_entry_price": "200.875", "current_price": "212.10",
         "market_value": "3181.5", "unrealized_pl": "168.375", "asset_class": "us_equity"},
        {"symbol": "MSFT", "qty": "-3", "side": "short", "avg_entry_price": "400", "current_price": "390.5",
         "market_value": "-1171.5", "unrealized_pl": "28.5", "asset_class": "us_equity"},
    ]  # fmt: skip
    equity = cash + Decimal("3181.5") - Decimal("1171.5")

    def page(query: dict[str, str]) -> list[dict[str, Any]]:
        assert query["direction"] == "asc"
        ids = [each["id"] for each in activities]
        begin = ids.index(query["page_token"]) + 1 if "page_token" in query else 0
        return activities[begin : begin + int(query["page_size"])]

    return {
        "/v2/account": {"account_number": "PA1", "currency": "USD", "cash": str(cash), "equity": str(equity)},
        "/v2/positions": positions,
        "/v2/orders": [
            {"id": "904837e3", "submitted_at": "2026-11-29T16:00:00Z", "created_at": "2026-11-29T16:00:00Z",
             "symbol": "AAPL", "qty": "15", "filled_qty": "0", "type": "stop", "side": "sell", "status": "new",
             "limit_price": None, "stop_price": "190"},
        ],
        "/v2/account/activities": page,
        "/v2/account/portfolio/history": {
            "timestamp": [1793664000, 1793750400], "equity": [10000.0, 9990.0], "base_value": 10000, "timeframe": "1D"
        },
        "activities": activities,
    }  # fmt: skip


def refuse(request: web.Request) -> web.Response | None:
    if request.headers.get("APCA-API-KEY-ID") == "PKTEST" and request.headers["APCA-API-SECRET-KEY"] == "hidden":
        return None
    return web.json_response({"code": 40110000, "message": "request is not authorized"}, status=401)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(rest, "LIMIT_S", 0.3)
    with serving(moment(), refuse) as found:
        yield found


def table(api: Server) -> dict[str, Any]:
    return {"kind": "alpaca", "url": api.url}


def test_figures_are_alpacas_own_and_its_fills_come_to_them(tmp_path: Path, api: Server) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    state = desk.look()
    account = api.answers["/v2/account"]
    assert state["equity"] == account["equity"].rstrip("0").rstrip(".") and state["cash"] == account["cash"]
    assert state["positions"]["AAPL"]["average_price"] == "200.875"
    assert state["positions"]["AAPL"]["unrealized_pnl"] == "168.375"
    assert state["positions"]["MSFT"]["quantity"] == "-3"
    assert state["start_equity"] == "10000" and [each["amount"] for each in state["flows"].values()] == ["500"]
    net = Decimal(account["equity"]) - 10500
    assert Decimal(state["total_pnl"]["net"]) == net and state["total_pnl"]["fees"] == "0.03"
    sold = next(each for each in state["fills"].values() if each["side"] == "sell" and each["symbol"] == "AAPL")
    assert sold["realized_pnl"] == "45.625"  # 5 x (210 - 200.875)
    income = Decimal("45.625") + Decimal("168.375") + Decimal("28.5") + Decimal("3.75") - Decimal("0.03")
    assert net == income
    assert all(said == found for _, said, found in desk.source.compared())
    assert state["open_orders"]["o-904837e3"]["stop_price"] == "190"
    assert {method for method, _, _ in api.asked} == {"GET"} and "actions" not in state


def test_restart_reads_on_where_it_was_and_doubles_nothing(tmp_path: Path, api: Server) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    before = desk.look()["fills"]
    api.asked.clear()
    api.answers["activities"].append(fill(8, "buy", "1", "100"))
    desk.begin()
    after = desk.look()["fills"]
    assert set(after) - set(before) == {f"f-20261108143000000::{ORDER}"} and len(after) == len(before) + 1
    asked = [query for _, path, query in api.asked if path.endswith("activities")]
    assert asked[0]["page_token"] == "20261107000000000::DIV"


def test_split_takes_its_symbol_out_of_the_trades(tmp_path: Path, api: Server) -> None:
    api.answers["activities"].append({**other(8, "SSP", "0", symbol="AAPL", qty="45")})
    state = Desk(tmp_path, table(api), KEYS).look()
    assert "changed AAPL" in state["note"] and len(state["fills"]) == 4
    assert not any("realized_pnl" in each for each in state["fills"].values())


def test_activities_that_do_not_come_to_the_cash_are_not_the_start(tmp_path: Path, api: Server) -> None:
    del api.answers["activities"][1]
    state = Desk(tmp_path, table(api), KEYS).look()
    assert "do not come to its cash" in state["note"] and state["start_equity"] == "10000"


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_keeps_the_last_good_state_and_is_said(tmp_path: Path, api: Server, fault: str) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    good = desk.look()
    api.fault = fault
    state = desk.look()
    assert state["state"] == "error" and FAULTS[fault] in state["state_reason"]
    assert (state["equity"], state["as_of"]) == (good["equity"], good["as_of"])
    api.fault = ""
    assert desk.look()["state"] == "active" and desk.said[-1] == ("info", "mine: answers again")


@pytest.mark.parametrize("wrong", [{"equity": "many"}, {"equity": "NaN"}, {"cash": None}])
def test_value_that_is_no_number_is_never_shown(tmp_path: Path, api: Server, wrong: dict[str, Any]) -> None:
    api.answers["/v2/account"] |= wrong
    state = Desk(tmp_path, table(api), KEYS).look()
    assert "equity" not in state and next(iter(wrong)) in state["problem"] and "no number" in state["problem"]


def test_wrong_key_and_foreign_store_are_said(tmp_path: Path, api: Server) -> None:
    state = Desk(tmp_path, table(api), KEYS | {"SECRET": "old"}).look()
    assert "does not accept the keys" in state["problem"]
    assert "give them in AION_ATTACH_MINE_KEY" in Desk(tmp_path, table(api)).look()["problem"]
    assert "hidden" not in str(state)
    good = Desk(tmp_path, table(api), KEYS).look()
    desk = Desk(tmp_path, table(api) | {"url": f"http://localhost:{api.port}"}, KEYS)
    state = desk.look()
    assert state["state"] == "error" and state["equity"] == good["equity"]
    assert "attach/mine.sqlite keeps the fills of alpaca http://127.0.0.1" in state["state_reason"]
