"""What a bot did, over HTTP: days that add up, pages without a gap or a repeat, and the chain behind a row."""

from typing import Any
from urllib.parse import quote

import pytest

from aion.store.file import write_json

from .conftest import RunningDesk
from .sample import at, envelope, fill

Json = dict[str, Any]


def order(minute: int, side: str = "buy", **more: Any) -> Json:
    return {"ts": at(minute), "symbol": "MSFT", "side": side, "quantity": 10, "status": "filled",
            "filled_quantity": 10, "reason": "above the range"} | more  # fmt: skip


def decision(minute: int, order_id: str, action: str = "buy") -> Json:
    return {"ts": at(minute), "symbol": "MSFT", "action": action, "reason": "close above", "order_id": order_id}


def traded_day(desk: RunningDesk, day: str = "2022-05-19") -> None:
    """One round trip of two buys and a sell, another trade's fill at the very moment it closed, and one behind it."""
    fills = {
        "fa": fill(2) | {"order_id": "oa", "fee": 1.0, "slippage": 0.5},
        "fb": fill(3) | {"order_id": "oa", "fee": 1.0, "slippage": 0.5},
        "fc": fill(9)
        | {"order_id": "ob", "side": "sell", "quantity": 20, "price": 251.5, "fee": 2.0, "slippage": 0.5},
        "fd": fill(9) | {"order_id": "oc"},
        "fe": fill(9, "AAPL") | {"order_id": "od"},
    }
    trade = {"symbol": "MSFT", "side": "buy", "quantity": 20, "entry_price": 250.5, "exit_price": 251.5,
             "opened_at": at(2), "ts": at(9), "fees": 4.0, "slippage": 1.5, "realized_pnl": 16.0,
             "reason": "stop"}  # fmt: skip
    desk.write.day(
        "orb_ny", 10, day=day, fills=fills, trades={"tc": trade},
        orders={"oa": order(1), "ob": order(8, "sell", quantity=20), "oc": order(8), "od": order(8, symbol="AAPL")},
        decisions={"da": decision(1, "oa"), "db": decision(8, "ob", "exit"), "dh": decision(5, "none", "hold")},
    )  # fmt: skip


def test_chain_when_a_trade_is_asked_for_then_its_fills_add_up_to_it(desk: RunningDesk) -> None:
    traded_day(desk)
    found = desk.get("/api/bots/orb_ny/history/trades/tc?day=2022-05-19").raise_for_status().json()
    assert list(found["fills"]) == ["fa", "fb", "fc"], "neither another symbol's nor the next trade's"
    assert list(found["orders"]) == ["oa", "ob"] and list(found["decisions"]) == ["da", "db"]
    trade = found["trades"]["tc"]
    assert sum(each["fee"] for each in found["fills"].values()) == trade["fees"]
    assert sum(each["slippage"] for each in found["fills"].values()) == trade["slippage"]
    paid = sum(
        each["price"] * each["quantity"] * (-1 if each["side"] == "buy" else 1) for each in found["fills"].values()
    )
    assert paid - trade["fees"] == pytest.approx(trade["realized_pnl"])
    assert found["fills"]["fa"]["bar"]["open"] == 250.4 and found["missing"] == []


@pytest.mark.parametrize(("part", "row"), [("fills", "fb"), ("orders", "oa"), ("decisions", "da")])
def test_chain_when_any_link_is_asked_for_then_the_others_come_with_it(
    desk: RunningDesk, part: str, row: str
) -> None:
    traded_day(desk)
    found = desk.get(f"/api/bots/orb_ny/history/{part}/{row}?day=2022-05-19").raise_for_status().json()
    assert list(found["fills"]) == ["fa", "fb"] and list(found["orders"]) == ["oa"]
    assert list(found["decisions"]) == ["da"] and found["trades"] == {}


def test_chain_when_an_id_has_a_slash_or_markup_then_it_is_found(desk: RunningDesk) -> None:
    name = "f</b>/\u202e?day=#%"
    desk.write.day("orb_ny", 10, fills={name: fill(2)})
    found = desk.get(f"/api/bots/orb_ny/history/fills/{quote(name, safe='')}?day=2022-05-19").raise_for_status()
    assert list(found.json()["fills"]) == [name]


def test_chain_when_nothing_or_nobody_has_the_row_then_404(desk: RunningDesk) -> None:
    traded_day(desk)
    for path, status in (
        ("orb_ny/history/fills/zz?day=2022-05-19", 404), ("orb_ny/history/fills/fa?day=2022-05-20", 404),
        ("orb_ny/history/fills/fa?day=never", 400), ("orb_ny/history/fills/fa", 422),
        ("orb_ny/history/secrets", 422), ("nobody/history/fills", 404), ("..%2f/days", 404), ("nobody/days", 404),
        ("orb_ny/history/fills?before=x", 400), ("orb_ny/history/fills?limit=0", 422),
    ):  # fmt: skip
        answer = desk.get(f"/api/bots/{path}")
        assert answer.status_code == status and answer.json()["detail"], path


def test_chain_when_the_order_is_not_kept_then_it_is_said(desk: RunningDesk) -> None:
    desk.write.day("orb_ny", 10, fills={"fa": fill(2) | {"order_id": "gone"}})
    found = desk.get("/api/bots/orb_ny/history/fills/fa?day=2022-05-19").json()
    assert found["orders"] == {} and "1 of its orders" in found["missing"][0]


def test_rows_when_paged_then_every_row_comes_once_the_newest_first(desk: RunningDesk) -> None:
    for day in ("2022-05-17", "2022-05-18", "2022-05-19"):
        ids = [f"f{day[-2:]}-{number}" for number in range(5)]
        fills = {each: fill(number, "MSFT" if number else "AAPL") for number, each in enumerate(ids)}
        desk.write.day("orb_ny", 10, day=day, fills=fills)
    seen: list[str] = []
    before, pages = "", 0
    while True:
        page = desk.get("/api/bots/orb_ny/history/fills", params={"limit": 4, "before": before}).json()
        seen += page["fills"]
        pages += 1
        if "next" not in page:
            break
        before = page["next"]
    wanted = [f"f{day}-{number}" for day in (19, 18, 17) for number in (4, 3, 2, 1, 0)]
    assert seen == wanted and pages == 4
    of_day = desk.get("/api/bots/orb_ny/history/fills?day=2022-05-18&symbol=AAPL").json()
    assert list(of_day["fills"]) == ["f18-0"] and of_day["days"] == {"f18-0": "2022-05-18"}


def test_rows_when_a_day_is_broken_then_it_is_named_and_the_others_come(desk: RunningDesk) -> None:
    traded_day(desk)
    traded_day(desk, "2022-05-18")
    desk.write.layout.sim_log("2022-05-18", "orb_ny").write_text("{")
    found = desk.get("/api/bots/orb_ny/history/orders").json()
    assert len(found["orders"]) == 4 and "2022-05-18_orb_ny.json" in found["errors"]["2022-05-18"]
    days = desk.get("/api/bots/orb_ny/days").json()["days"]
    assert "incomplete JSON" in days["2022-05-18"]["error"] and "equity" not in days["2022-05-18"]


def test_days_of_an_intraday_bot_are_those_of_its_files(desk: RunningDesk) -> None:
    traded_day(desk)
    desk.write.day("orb_ny", 4, day="2022-05-18", hold_equity=99_000.0)
    found = desk.get("/api/bots/orb_ny/days?limit=1").json()
    assert found["total"] == 2 and list(found["days"]) == ["2022-05-19"]
    assert found["days"]["2022-05-19"] == {
        "equity": 100_120.0, "fills": 5, "trades": 1, "error": "",
        "pnl": {"gross": 150.0, "fees": 20.0, "slippage": 10.0, "net": 120.0},
    }  # fmt: skip
    assert desk.get("/api/bots/orb_ny/days").json()["days"]["2022-05-18"]["hold_equity"] == 99_000.0


def test_days_of_a_swing_bot_add_up_to_its_result(desk: RunningDesk) -> None:
    curve = {"2022-05-16T20:00:00Z": 100_500.0, "2022-05-17T20:00:00Z": 99_000.0, "2022-05-18T20:00:00Z": 101_000.0}
    desk.write.swing("swing_1w", equity_curve=curve, hold_curve=curve)
    desk.write.activity("1w", "2022-05-17", "swing_1w")
    found = desk.get("/api/bots/swing_1w/days").json()
    assert list(found["days"]) == ["2022-05-18", "2022-05-17", "2022-05-16"]
    assert [day["pnl"]["net"] for day in found["days"].values()] == [2000.0, -1500.0, 500.0]
    middle = found["days"]["2022-05-17"]
    assert middle["pnl"] == {"gross": -1498.25, "fees": 1.25, "slippage": 0.5, "net": -1500.0,
                             "net_return": -0.01492537} and middle["fills"] == 1  # fmt: skip


def test_night_of_a_swing_bot_is_a_cost_of_its_day_and_no_part_of_the_gross(desk: RunningDesk) -> None:
    curve = {f"2022-05-{day}T20:00:00Z": value for day, value in ((17, 1000.0), (18, 990.0))}
    desk.write.swing("swing_1w", start_equity=1000.0, equity_curve=curve)
    about = envelope("bot_activity", 0) | {"bot": "swing_1w", "currency": "USD", "horizon": "1w"}
    path = desk.write.layout.bot_activity("1w", "2022-05-18", "swing_1w")
    write_json(path, about | {"day": "2022-05-18", "borrow": 2.5})
    found = desk.get("/api/bots/swing_1w/days").json()["days"]["2022-05-18"]["pnl"]
    assert (found["gross"], found["borrow"], found["net"]) == (-7.5, 2.5, -10.0)


def test_chain_of_a_swing_fill_finds_the_decision_of_the_day_before(desk: RunningDesk) -> None:
    desk.write.swing("swing_1w")
    path = desk.write.layout.bot_activity
    about = envelope("bot_activity", 0) | {"bot": "swing_1w", "currency": "USD", "horizon": "1w"}
    decided = {"ts": "2022-05-17T20:00:00Z", "symbol": "MSFT"}
    asked = order(0) | decided | {"status": "open", "filled_quantity": 0}
    write_json(
        path("1w", "2022-05-17", "swing_1w"),
        about | {"day": "2022-05-17", "orders": {"oa": asked}, "decisions": {"da": decision(0, "oa") | decided}},
    )
    filled = fill(0) | {"ts": "2022-05-18T13:30:00Z", "decided_at": decided["ts"], "order_id": "oa"}
    write_json(
        path("1w", "2022-05-18", "swing_1w"),
        about | {"day": "2022-05-18", "orders": {"oa": order(0) | decided}, "fills": {"fa": filled}},
    )
    for query in ("fills/fa?day=2022-05-18", "orders/oa?day=2022-05-17", "decisions/da?day=2022-05-17"):
        found = desk.get(f"/api/bots/swing_1w/history/{query}").raise_for_status().json()
        assert found["orders"]["oa"]["status"] == "filled", query
        assert list(found["fills"]) == ["fa"] and list(found["decisions"]) == ["da"], query


def swing_trade(day: str, symbol: str = "MSFT") -> Json:
    return {"symbol": symbol, "side": "buy", "quantity": 10, "entry_price": 250.0, "exit_price": 251.0,
            "opened_at": "2022-05-02T13:30:00Z", "ts": f"{day}T13:30:00Z", "realized_pnl": 9.0}  # fmt: skip


def test_trades_of_a_swing_bot_when_paged_then_all_days_come_and_none_twice(desk: RunningDesk) -> None:
    days = [f"2022-05-{day}" for day in range(10, 20)]
    about = envelope("bot_activity", 0) | {"bot": "swing_1w", "currency": "USD", "horizon": "1w"}
    trades = {f"t{day}-{number}": swing_trade(day) for day in days for number in (1, 2, 3)}
    for day in days:
        of_day = {name: trade for name, trade in trades.items() if trade["ts"].startswith(day)}
        write_json(
            desk.write.layout.bot_activity("1w", day, "swing_1w"),
            about | {"day": day, "trades": {} if day == days[-1] else of_day},
        )
    newest = {name: trade for name, trade in trades.items() if trade["ts"][:10] >= days[-2]}
    desk.write.swing("swing_1w", trades=newest)
    seen: list[str] = []
    before = ""
    while True:
        page = desk.get("/api/bots/swing_1w/history/trades", params={"limit": 4, "before": before}).json()
        seen += page["trades"]
        if "next" not in page:
            break
        before = page["next"]
    assert seen == [f"t{day}-{number}" for day in reversed(days) for number in (3, 2, 1)]
    old = desk.get("/api/bots/swing_1w/history/trades?day=2022-05-11").json()
    assert list(old["trades"]) == [f"t2022-05-11-{number}" for number in (3, 2, 1)]
    for name in (seen[0], seen[-1]):  # of the account's own file, of a day's
        found = desk.get(f"/api/bots/swing_1w/history/trades/{name}?day={name[1:11]}").raise_for_status().json()
        assert list(found["trades"]) == [name]


def test_trades_of_a_bot_that_writes_no_day_files_are_those_of_its_own_file(desk: RunningDesk) -> None:
    desk.write.swing("theirs", trades={"tx": swing_trade("2022-05-18"), "ty": swing_trade("2022-05-17")})
    assert list(desk.get("/api/bots/theirs/history/trades").json()["trades"]) == ["tx", "ty"]
    assert list(desk.get("/api/bots/theirs/history/trades/ty?day=2022-05-17").json()["trades"]) == ["ty"]
