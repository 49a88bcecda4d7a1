"""Accounts at exchanges by the real ccxt: answers in the form of Binance's spot and Bybit's v5 API references.

Source: https://developers.binance.com/docs/binance-spot-api-docs (exchangeInfo, account, myTrades, openOrders,
ticker/24hr) and https://bybit-exchange.github.io/docs/v5 (instruments-info, wallet-balance and others).
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ccxt.async_support.base.throttler import Throttler

from aion.adapter.account import exchange
from tests.adapter.account.looking import NOW, Desk
from tests.adapter.account.server import FAULTS, Server, serving

KEYS = {"KEY": "mine", "SECRET": "hidden"}
NOW_MS = int(NOW.timestamp() * 1000)
HOUR = 3_600_000
PRICES = {"BTCUSDT": "61000.00", "ETHUSDT": "2000.00", "BNBUSDT": "600.00"}


def pair(base: str) -> dict[str, Any]:
    return {
        "symbol": f"{base}USDT", "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT",
        "orderTypes": ["LIMIT"], "baseAssetPrecision": 8, "quotePrecision": 8, "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"], "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        ],
    }  # fmt: skip


def traded(number: int, hours: float, side: str, size: str, price: str, fee: str, coin: str) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "id": number, "orderId": 100 + number, "orderListId": -1, "price": price, "qty": size,
        "quoteQty": str(Decimal(price) * Decimal(size)), "commission": fee, "commissionAsset": coin,
        "time": NOW_MS - int(hours * HOUR), "isBuyer": side == "buy", "isMaker": False, "isBestMatch": True,
    }  # fmt: skip


def binance() -> dict[str, Any]:
    trades = [
        traded(1, 50, "buy", "0.50000000", "60000.00", "0.00050000", "BTC"),
        traded(2, 30, "sell", "0.24950000", "62000.00", "15.46900000", "USDT"),
        traded(3, 2, "buy", "0.10000000", "60500.00", "0.01000000", "BNB"),
    ]
    balances = {"USDT": "5000.5", "BTC": "0.35", "ETH": "2", "XYZ": "7", "BNB": "0"}

    def my_trades(query: dict[str, str]) -> list[dict[str, Any]]:
        begin, end = int(query["startTime"]), int(query["endTime"])
        assert end - begin <= 24 * HOUR, "Binance refuses more than a day"
        found = [each for each in trades if each["symbol"] == query["symbol"] and begin <= each["time"] <= end]
        return found[: int(query["limit"])]

    def ticker(symbol: str) -> dict[str, str]:
        return {"symbol": symbol, "lastPrice": PRICES[symbol], "closeTime": str(NOW_MS)}

    def tickers(query: dict[str, str]) -> Any:
        if "symbol" in query:
            return ticker(query["symbol"])
        return [ticker(symbol) for symbol in PRICES if f'"{symbol}"' in query["symbols"]]

    return {
        "/api/v3/exchangeInfo": {"symbols": [pair("BTC"), pair("ETH"), pair("BNB")]},
        "/api/v3/account": lambda query: {
            "balances": [{"asset": coin, "free": total, "locked": "0"} for coin, total in balances.items()]
        },
        "/api/v3/myTrades": my_trades,
        "/api/v3/openOrders": [
            {"symbol": "BTCUSDT", "orderId": 9, "clientOrderId": "c", "price": "70000.00", "origQty": "0.1",
             "executedQty": "0.02", "cummulativeQuoteQty": "0", "status": "PARTIALLY_FILLED", "timeInForce": "GTC",
             "type": "LIMIT", "side": "SELL", "stopPrice": "0.0", "time": NOW_MS - HOUR, "updateTime": NOW_MS},
        ],
        "/api/v3/ticker/24hr": tickers,
        "trades": trades, "balances": balances,
    }  # fmt: skip


def refuse(request: web.Request) -> web.Response | None:
    if (
        request.path in ("/api/v3/exchangeInfo", "/api/v3/ticker/24hr")
        or request.headers.get("X-MBX-APIKEY") == "mine"
    ):
        return None
    return web.json_response({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, status=401)


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange's rate limit is ccxt's own affair, and takes seconds."""

    async def at_once(self: Throttler, cost: float | None = None) -> None:
        pass

    monkeypatch.setattr(Throttler, "__call__", at_once)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(exchange, "MOST_SPANS", 40)
    with serving(binance(), refuse) as found:
        yield found


def table(api: Server, **more: Any) -> dict[str, Any]:
    return {"kind": "ccxt", "exchange": "binance", "url": api.url, "currency": "USDT",
            "since": "2026-11-28"} | more  # fmt: skip


def test_spot_account_is_its_balances_at_the_newest_prices_and_its_fills(tmp_path: Path, api: Server) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    state = desk.look()
    assert state["cash"] == "5000.5" and state["mode"] == "live" and state["account"] == "binance"
    # 0.5 bought, of which 0.0005 went as fee, 0.2495 sold, 0.1 bought: 0.35 are there
    position = state["positions"]["BTC/USDT"]
    assert position["quantity"] == "0.35" and position["last_price"] == "61000"
    assert Decimal(state["equity"]) == Decimal("5000.5") + Decimal("0.35") * 61000 + 2 * 2000
    assert "2 ETH, which its fills do not explain" in state["note"]
    assert "7 XYZ has no market in USDT: in no sum" in state["note"]
    fills = list(state["fills"].values())
    assert [each["side"] for each in fills] == ["buy", "sell", "buy"]
    assert fills[2]["fee_currency"] == "BNB" and fills[2]["fee_value"] == "6", "0.01 BNB at 600"
    assert "total_pnl" not in state, "of 2 ETH it is not known what they cost"
    assert all(said == found for _, said, found in desk.source.compared())
    order = state["open_orders"]["o-9"]
    assert (order["limit_price"], order["quantity"], order["filled_quantity"]) == ("70000", "0.1", "0.02")
    assert {method for method, _, _ in api.asked} == {"GET"} and "actions" not in state


def test_result_is_that_of_the_fills_where_they_explain_all_that_is_held(tmp_path: Path, api: Server) -> None:
    api.answers["balances"] |= {"ETH": "0", "XYZ": "0"}
    state = Desk(tmp_path, table(api, cost_basis="fifo"), KEYS).look()
    # fifo: 0.4995 BTC cost 29,970 without the fee, which is a fee of 30 beside; what was sold cost 14,970
    sold = Decimal("0.2495") * 62000 - Decimal("0.2495") * 60000
    held = (Decimal("0.25") * 61000 - Decimal("0.25") * 60000) + (Decimal("0.1") * 61000 - Decimal("0.1") * 60500)
    fees = Decimal(30) + Decimal("15.469") + 6
    assert Decimal(state["total_pnl"]["fees"]) == fees
    assert Decimal(state["total_pnl"]["net"]) == sold + held - fees


def test_restart_and_new_fill_lose_and_double_nothing(tmp_path: Path, api: Server) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    before = desk.look()["fills"]
    api.asked.clear()
    api.answers["trades"].append(traded(4, -0.0001, "buy", "0.01", "61000", "0", "USDT"))
    desk.begin()
    after = desk.look()["fills"]
    assert len(after) == len(before) + 1 and set(before) < set(after)
    asked = [query for _, path, query in api.asked if path == "/api/v3/myTrades" and query["symbol"] == "BTCUSDT"]
    assert len(asked) == 1, "it goes on where it was"
    assert after["f-BTC/USDT 3"]["fee_value"] == before["f-BTC/USDT 3"]["fee_value"] == "6"
    PRICES_BEFORE = PRICES["BNBUSDT"]
    try:
        PRICES["BNBUSDT"] = "700.00"
        desk.begin()
        assert desk.look()["fills"]["f-BTC/USDT 3"]["fee_value"] == "6", "a fee keeps the value that it had"
    finally:
        PRICES["BNBUSDT"] = PRICES_BEFORE


def test_more_fills_than_an_answer_holds_are_all_read(tmp_path: Path, api: Server) -> None:
    many = [traded(1000 + each, 20 - each / 1000, "buy", "0.001", "60000", "0", "USDT") for each in range(1500)]
    api.answers["trades"][:] = many
    desk = Desk(tmp_path, table(api, symbols=["BTC/USDT"]), KEYS)
    desk.look()
    assert len(desk.source.book.fills) == 1500
    assert desk.source.book.holdings["BTC/USDT"].quantity == Decimal("1.5")


def test_long_past_is_read_over_several_looks_and_said_until_then(
    tmp_path: Path, api: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MOST_SPANS", 3)
    desk = Desk(tmp_path, table(api, symbols=["BTC/USDT"]), KEYS)
    assert "not all fills are there yet" in desk.look()["note"]
    desk.begin()
    state = desk.look(6)
    assert "not all fills are there yet" not in state["note"] and len(state["fills"]) == 3


@pytest.mark.parametrize("fault", [each for each in FAULTS if each not in ("html", "half")])
def test_fault_keeps_the_last_good_state_and_is_said(
    tmp_path: Path, api: Server, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, table(api), KEYS)
    good = desk.look()
    monkeypatch.setattr(exchange, "LIMIT_S", 0.4)
    api.fault = fault
    desk.begin()
    state = desk.look()
    assert state["state"] == "error" and "binance" in state["state_reason"]
    assert (state["equity"], state["as_of"]) == (good["equity"], good["as_of"])
    monkeypatch.setattr(exchange, "LIMIT_S", 5.0)
    api.fault = ""
    desk.begin()
    assert desk.look()["state"] == "active"


def test_wrong_key_none_and_no_exchange_are_said(tmp_path: Path, api: Server) -> None:
    state = Desk(tmp_path, table(api), KEYS | {"KEY": "old"}).look()
    assert "does not accept the keys" in state["problem"] and "hidden" not in str(state)
    assert "give them in AION_ATTACH_MINE_KEY" in Desk(tmp_path, table(api)).look()["problem"]
    with pytest.raises(Exception, match="'nowhere' is none that ccxt knows"):
        Desk(tmp_path, table(api, exchange="nowhere"), KEYS)
    with pytest.raises(Exception, match="perpetuals of kraken cannot be shown"):
        Desk(tmp_path, table(api, exchange="kraken", market="swap"), KEYS)
    api.answers["balances"]["EUR"] = "3"
    api.answers["/api/v3/exchangeInfo"]["symbols"].append({**pair("BTC"), "symbol": "BTCEUR", "quoteAsset": "EUR"})
    state = Desk(tmp_path / "again", table(api, currency=""), KEYS).look()
    assert "it holds EUR, USDT: one bot has one currency" in state["problem"]


# perpetuals


def listed(category: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "time": NOW_MS,
            "result": {"category": category, "list": rows, "nextPageCursor": ""}}  # fmt: skip


def bybit() -> dict[str, Any]:
    executions = [
        {"symbol": "BTCUSDT", "execId": f"e{number}", "orderId": f"o{number}", "side": side, "execPrice": price,
         "execQty": size, "execFee": fee, "feeCurrency": "", "execType": "Trade",
         "execTime": str(NOW_MS - hours * HOUR), "isMaker": False, "orderType": "Market", "execValue": "1",
         "category": "linear"}
        for number, (hours, side, size, price, fee) in enumerate(
            [(60, "Buy", "0.2", "60000", "6.6"), (40, "Sell", "0.3", "61000", "10.065")]
        )
    ]  # fmt: skip

    def execution_list(query: dict[str, str]) -> dict[str, Any]:
        begin, end = int(query["startTime"]), int(query["endTime"])
        assert end - begin <= 7 * 24 * HOUR, "Bybit refuses more than a week"
        found = [each for each in executions if begin <= int(each["execTime"]) <= end]
        return listed("linear", found[::-1][: int(query["limit"])])

    instrument = {
        "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
        "quoteCoin": "USDT", "settleCoin": "USDT", "launchTime": "1585526400000", "deliveryTime": "0",
        "priceScale": "2", "leverageFilter": {"minLeverage": "1", "maxLeverage": "100", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.1", "maxPrice": "199999", "tickSize": "0.1"},
        "lotSizeFilter": {"maxOrderQty": "100", "minOrderQty": "0.001", "qtyStep": "0.001"},
    }  # fmt: skip
    position = {
        "symbol": "BTCUSDT", "side": "Sell", "size": "0.1", "avgPrice": "61000", "markPrice": "60500",
        "leverage": "5", "unrealisedPnl": "50", "liqPrice": "72000", "positionIM": "1220", "positionValue": "6100",
        "positionIdx": 0, "createdTime": str(NOW_MS - 40 * HOUR), "updatedTime": str(NOW_MS),
        "positionStatus": "Normal",
    }  # fmt: skip
    coin = {"coin": "USDT", "walletBalance": "1183.335", "equity": "1233.335", "locked": "0", "totalOrderIM": "0",
            "totalPositionIM": "1220", "unrealisedPnl": "50", "availableToWithdraw": "0"}  # fmt: skip
    return {
        "/v5/market/instruments-info": lambda query: listed(
            "linear", [] if query.get("status") == "PreLaunch" else [instrument]
        ),
        "/v5/user/query-api": {"retCode": 0, "result": {"unified": 0, "uta": 1}},
        "/v5/account/info": {"retCode": 0, "result": {"unifiedMarginStatus": 4, "marginMode": "REGULAR_MARGIN"}},
        "/v5/account/wallet-balance": {
            "retCode": 0, "result": {"list": [{"accountType": "UNIFIED", "coin": [coin]}]}, "time": NOW_MS,
        },
        "/v5/position/list": lambda query: listed("linear", [position]),
        "/v5/execution/list": execution_list,
        "/v5/order/realtime": listed("linear", []),
    }  # fmt: skip


def test_perpetual_account_is_the_exchanges_own_figures(tmp_path: Path) -> None:
    with serving(bybit()) as api:
        given = {"kind": "ccxt", "exchange": "bybit", "market": "swap", "url": api.url, "since": "2026-11-20"}
        desk = Desk(tmp_path, given, KEYS)
        state = desk.look()
        assert {method for method, _, _ in api.asked} == {"GET"}
    assert state["currency"] == "USDT" and state["cash"] == "1183.335" and state["equity"] == "1233.335"
    position = state["positions"]["BTC/USDT:USDT"]
    assert (position["quantity"], position["average_price"], position["unrealized_pnl"]) == ("-0.1", "61000", "50")
    assert (position["leverage"], position["liquidation_price"], position["margin"]) == ("5", "72000", "1220")
    (trade,) = state["trades"].values()
    # 0.2 x 1,000 less the fee of the entry and two thirds of that of the sale, which turned the position
    assert Decimal(trade["realized_pnl"]) == 200 - Decimal("6.6") - Decimal("6.71")
    assert all(said == found for _, said, found in desk.source.compared())
    assert "funding is in none of them" in state["note"]
