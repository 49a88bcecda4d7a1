"""Sums of each currency."""

from datetime import datetime
from typing import Any

from aion.web.total import Member, totals

PNL = {"gross": 10.1, "fees": 1.0, "slippage": 0.5, "net": 8.6}


def member(bot: str, currency: str = "USD", curve: dict[str, float] | None = None, **more: Any) -> Member:
    positions = more.pop("positions", [])
    view = {"bot": bot, "currency": currency, "equity": 100.1, **more}
    moments = {datetime.fromisoformat(ts): value for ts, value in (curve or {}).items()}
    return Member(view, moments, positions)


def test_totals_when_currencies_differ_then_each_has_its_own() -> None:
    found = totals([member("a"), member("b", "GBP"), member("c")], {})
    assert {currency: total["bots"] for currency, total in found.items()} == {"GBP": ["b"], "USD": ["a", "c"]}
    assert found["USD"]["equity"] == 200.2


def test_totals_when_one_bot_does_not_say_its_cash_then_there_is_no_cash() -> None:
    found = totals([member("a", cash=50.0), member("b")], {})["USD"]
    assert "cash" not in found and "net" not in found and "start_equity" not in found


def test_totals_when_all_say_it_then_cash_and_positions_add_up_to_equity() -> None:
    held = [{"quantity": 2, "market_value": 50.1}]
    found = totals([member("a", cash=50.0, positions=held), member("b", cash=100.1)], {})["USD"]
    assert found["cash"] == 150.1 and found["positions_value"] == 50.1 and found["open_positions"] == 1
    assert round(found["cash"] + found["positions_value"], 6) == found["equity"]


def test_totals_when_a_bot_has_no_mark_for_a_day_then_it_is_named_and_left_out() -> None:
    days = {"2022-05-19": {"a": PNL, "b": PNL}, "2022-05-18": {"a": PNL}, "2022-05-17": {"b": PNL}}
    found = totals([member("a"), member("b"), member("c")], days)["USD"]["days"]
    assert list(found) == ["2022-05-19", "2022-05-18"], "the newest two"
    assert found["2022-05-19"] | {"bots": 0} == {
        "gross": 20.2, "fees": 2.0, "slippage": 1.0, "net": 17.2, "bots": 0, "missing": ["c"],
    }  # fmt: skip
    assert found["2022-05-18"]["bots"] == ["a"] and found["2022-05-18"]["missing"] == ["b", "c"]


def test_totals_when_curves_share_times_then_drawdown_is_of_their_sum() -> None:
    one = {"2022-05-18T20:00Z": 100.0, "2022-05-19T20:00:00Z": 80.0, "2022-05-20T20:00Z": 1.0}
    two = {"2022-05-18T20:00:00Z": 100.0, "2022-05-19T22:00:00+02:00": 110.0}
    found = totals([member("a", curve=one), member("b", curve=two)], {})["USD"]
    assert found["drawdown"] == 0.05
    assert found["peak_at"].startswith("2022-05-18T20:00")


def test_totals_when_curves_share_no_two_times_then_there_is_no_drawdown() -> None:
    one, two = {"2022-05-18T20:00Z": 100.0}, {"2022-05-19T20:00Z": 110.0}
    assert "drawdown" not in totals([member("a", curve=one), member("b", curve=two)], {})["USD"]


def test_totals_when_result_is_only_in_equities_then_net_is_their_difference() -> None:
    found = totals([member("a", start_equity=90.1), member("b", total_pnl=PNL, start_equity=90.0)], {})["USD"]
    assert found["net"] == 18.6


def test_totals_when_a_bot_was_charged_for_a_night_then_borrow_is_in_the_sum() -> None:
    charged = {"gross": 10.0, "fees": 1.0, "slippage": 0.5, "borrow": 0.3, "net": 8.2}
    day = totals([member("a"), member("b")], {"2022-05-19": {"a": PNL, "b": charged}})["USD"]["days"]["2022-05-19"]
    assert day["borrow"] == 0.3
    assert round(day["gross"] - day["fees"] - day["slippage"] - day["borrow"], 6) == day["net"]
