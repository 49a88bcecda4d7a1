"""All bots together: sums by span against figures by hand, and pages of rows over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.web.conftest import RunningDesk
from tests.web.sample import at

Json = dict[str, Any]
NONE: Json = {"gross": 0, "fees": 0, "slippage": 0, "net": 0}


def noon(day: str) -> str:
    return f"{day}T20:00:00Z"


def days(**closes: float) -> Json:
    return {noon("2022-05-" + name.removeprefix("d")): value for name, value in closes.items()}


def spans(desk: RunningDesk, currency: str = "USD") -> Json:
    totals = desk.get("/api/portfolio").raise_for_status().json()["totals"]
    found: Json = next(each for each in totals if each["currency"] == currency)
    return found


def test_spans_are_from_the_close_before_them_and_deposits_are_no_result(desk: RunningDesk) -> None:
    # 19 May 2022 is a Thursday
    desk.write.swing(
        "trend", day="2022-05-19", as_of=noon("2022-05-19"), equity=130.0, start_equity=100.0,
        day_pnl=NONE | {"net": 4.0}, total_pnl=NONE | {"net": 20.0, "since": noon("2022-04-20")},
        equity_curve=days(d02=104.0, d13=110.0, d18=126.0, d19=130.0), positions={},
        flows={"a": {"ts": noon("2022-05-17"), "amount": 10.0}},
    )  # fmt: skip
    found = spans(desk)
    assert found["bots"] == 1 and found["equity"] == 130 and found["day"] == "2022-05-19"
    today, week, month, start = (found["spans"][name] for name in ("today", "week", "month", "start"))
    assert (today["net"], today["first"]) == (4, "2022-05-19") and today["net_return"] == pytest.approx(4 / 126)
    assert (week["net"], week["first"]) == (10, "2022-05-16"), "130 - 110, of which 10 were paid in"
    assert "net_return" not in week, "a return over a deposit would not be one"
    assert "partial" not in week or week["partial"] == {}
    assert month["net"] == 16 and month["since"] == noon("2022-05-02"), "nothing is known of 1 May"
    assert list(month["partial"]) == ["trend"] and month["partial_total"] == 1
    assert start["net"] == 20


def test_a_bot_that_has_not_reported_is_named_and_currencies_and_modes_are_apart(desk: RunningDesk) -> None:
    desk.write.day("early", 5, equity=101.0, start_equity=100.0)
    desk.write.day("late", 5, equity=50.0, day="2022-05-17", as_of=noon("2022-05-17"))
    desk.write.day("yen", 5, equity=900.0, currency="JPY")
    desk.write.day("real", 5, equity=7.0, mode="live")
    shown = desk.get("/api/portfolio").json()["totals"]
    assert {(each["mode"], each["currency"], each["bots"]) for each in shown} == {
        ("replay", "USD", 2), ("replay", "JPY", 1), ("live", "USD", 1)
    }  # fmt: skip
    today = shown[0]["spans"]["today"]
    assert today["missing"] == ["late"] and today["missing_total"] == 1 and today["bots"] == 1


def test_exposure_says_who_holds_a_symbol_and_what_has_no_value(desk: RunningDesk) -> None:
    long = {"XOM": {"quantity": 10, "average_price": 80.0, "last_price": 90.0}}
    short = {"s": {"symbol": "XOM", "quantity": -2, "average_price": 80.0, "last_price": 90.0}}
    desk.write.day("one", 5, positions=long)
    desk.write.day("two", 5, positions=short | {"DARK": {"quantity": 1, "average_price": 80.0}})
    desk.write.day("yen", 5, positions=long, currency="JPY")
    found = desk.get("/api/portfolio").json()
    assert found["exposure_total"] == 3
    lines = {(each["currency"], each["symbol"]): each for each in found["exposure"]}
    xom = lines["USD", "XOM"]
    assert (xom["long"], xom["short"], xom["net"], xom["gross"]) == (900, 180, 720, 1080)
    assert xom["bots"] == ["one", "two"] and xom["bots_total"] == 2
    assert lines["JPY", "XOM"]["bots"] == ["yen"]
    assert lines["USD", "DARK"]["unvalued"] == 1 and lines["USD", "DARK"]["gross"] == 0


def test_pages_of_positions_are_sorted_filtered_and_cut_on_the_desk(desk: RunningDesk) -> None:
    for number in range(7):
        held = {
            f"S{each}": {"quantity": each + 1, "average_price": 1.0, "last_price": 1.0 + number} for each in range(50)
        }
        desk.write.day(f"b{number}", 5, positions=held | {"OPEN": {"quantity": 1, "average_price": 1.0}})
    path = "/api/portfolio/positions"
    pages = [desk.get(path, params={"offset": offset, "limit": 100}).json() for offset in range(0, 400, 100)]
    assert {page["total"] for page in pages} == {357}
    rows = [row for page in pages for row in page["rows"]]
    assert len({(row["bot"], row["key"]) for row in rows}) == 357, "each once, none left out"
    values = [row["position"].get("market_value") for row in rows]
    assert values[-7:] == [None] * 7, "what has no value is last"
    assert values[:-7] == sorted(values[:-7], reverse=True)
    few = desk.get(path, params={"filter": "s1 B3", "sort": "symbol", "down": False}).json()
    assert [row["symbol"] for row in few["rows"]] == ["S1", *(f"S{each}" for each in range(10, 20))]
    assert {row["bot"] for row in few["rows"]} == {"b3"} and few["total"] == 11
    assert desk.get(path, params={"filter": "short"}).json()["total"] == 0
    first = desk.get(path)
    assert desk.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    desk.write.day("b0", 6, positions={})
    assert desk.get(path, headers={"if-none-match": first.headers["etag"]}).json()["total"] == 306


def test_trades_of_all_bots_are_newest_first(desk: RunningDesk) -> None:
    def trade(minute: int, result: float) -> Json:
        return {"symbol": "MSFT", "side": "buy", "quantity": 1, "entry_price": 1.0,
                "exit_price": 2.0, "opened_at": at(0), "ts": at(minute), "fees": 0, "realized_pnl": result,
                "reason": "stop"}  # fmt: skip

    desk.write.day("one", 5, trades={"t1": trade(1, 5.0), "t3": trade(3, -1.0)})
    desk.write.day("yen", 5, trades={"t2": trade(2, 900.0)}, currency="JPY")
    found = desk.get("/api/portfolio/trades").json()
    assert [row["key"] for row in found["rows"]] == ["t3", "t2", "t1"] and found["total"] == 3
    assert datetime.fromisoformat(found["oldest"]) == datetime(2022, 5, 19, 13, 31, tzinfo=UTC)
    by_result = desk.get("/api/portfolio/trades", params={"sort": "result"}).json()["rows"]
    assert [row["key"] for row in by_result] == ["t2", "t1", "t3"], "yen and dollars are not compared"
    assert desk.get("/api/portfolio/trades", params={"filter": "yen"}).json()["total"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "secret"},
        {"limit": "0"},
        {"limit": "501"},
        {"offset": "-1"},
        {"filter": "x" * 61},
        {"down": "no way"},
    ],
)
def test_a_page_that_cannot_be_is_refused(shared_desk: RunningDesk, query: dict[str, str]) -> None:
    answer = shared_desk.get("/api/portfolio/positions", params=query)
    assert answer.status_code == 422 and next(iter(query)) in answer.json()["detail"]


def test_a_filter_of_any_characters_is_a_filter(shared_desk: RunningDesk) -> None:
    for text in ("a,b:c", "%2F&sort=x", "?", "\u00e9\u4e2d", "a\nb"):
        assert shared_desk.get("/api/portfolio/trades", params={"filter": text}).json()["total"] == 0
    assert shared_desk.get("/api/portfolio/trades", params={"filter": "\u4e2d" * 60}).status_code == 400
    assert shared_desk.get("/api/portfolio").json()["totals"] == []
