"""Sums of each currency."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aion.store.document.base import to_json
from aion.store.document.part import Pnl
from aion.web.bundle.curve import in_order
from aion.web.bundle.document import BotView
from aion.web.bundle.fall import closes_of
from aion.web.bundle.total import Held, Holdings, Member
from aion.web.bundle.total import totals as total_of

PNL = {"gross": 10.1, "fees": 1.0, "slippage": 0.5, "net": 8.6}


def member(bot: str, currency: str = "USD", curve: dict[str, float] | None = None, **more: Any) -> Member:
    positions = more.pop("positions", [])
    earlier = more.pop("earlier", {})
    points = in_order(curve or {})
    view = BotView.model_validate(
        {"kind": "swing", "mode": "paper", "run": "1", "file": "f", "bot": bot, "currency": currency, "equity": 100.1,
         "as_of": "2022-05-20T20:00Z", **more}
    )  # fmt: skip
    held = [Held(each["quantity"], each.get("market_value"), each.get("unrealized_pnl")) for each in positions]
    return Member(view, closes_of(points), Holdings({str(key): each for key, each in enumerate(held)}), earlier)


def totals(members: list[Member], days: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return what the desk says of them, as it is sent."""
    results = {day: {bot: Pnl.model_validate(pnl) for bot, pnl in of.items()} for day, of in days.items()}
    return {currency: to_json(total) for currency, total in total_of(members, results).items()}


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


def test_totals_when_several_bots_then_drawdown_is_of_their_sum_at_shared_closes_and_now() -> None:
    one = {"2022-05-18T14:00Z": 1.0, "2022-05-18T20:00Z": 100.0, "2022-05-19T20:00:00Z": 80.0}
    two = {"2022-05-18T20:00:00Z": 100.0, "2022-05-19T22:00:00+02:00": 110.0}
    found = totals([member("a", curve=one, equity=70.0), member("b", curve=two, equity=100.0)], {})["USD"]
    assert found["max_drawdown"] == found["drawdown"] == 0.15, "200 at the close of 18 May, 170 now"
    assert found["peak_at"].startswith("2022-05-18T20:00") and found["is_at_closes"] is True
    assert found["drawdown_since"].startswith("2022-05-18T20:00")


def test_totals_when_one_bot_began_later_then_the_span_is_since_then_and_says_so() -> None:
    swing = {f"2022-05-{day:02}T20:00Z": value for day, value in ((16, 900.0), (17, 100.0), (18, 110.0))}
    day = {"2022-05-19T13:31Z": 100.0, "2022-05-19T13:32Z": 90.0}
    began = {"start_equity": 100.0, "total_pnl": PNL | {"since": "2022-05-18T13:30Z"}}
    intraday = member("b", curve=day, equity=90.0, earlier={"2022-05-18": 120.0}, **began)
    found = totals([member("a", curve=swing, equity=110.0), intraday], {})["USD"]
    assert found["drawdown_since"] == "2022-05-18T13:30:00Z", "the fall from 900 was before the second bot"
    assert found["max_drawdown"] == round(30 / 230, 6) and found["peak_at"].startswith("2022-05-18")


def test_totals_when_one_bot_then_its_drawdown_is_the_one_it_says_itself() -> None:
    stats = {"drawdown": 0.01, "max_drawdown": 0.2, "peak_at": "2022-05-02T20:00:00Z"}
    about = {"drawdown_of": {"source": "file", "since": "2022-05-01T13:30Z"}}
    found = totals([member("a", curve={"2022-05-20T13:31Z": 5.0}, stats=stats, **about)], {})["USD"]
    assert {name: found[name] for name in stats} == stats
    assert found["drawdown_since"] == "2022-05-01T13:30:00Z" and "is_at_closes" not in found


def test_totals_when_a_bot_says_neither_curve_nor_start_then_there_is_no_drawdown() -> None:
    found = totals([member("a", curve={"2022-05-18T20:00Z": 100.0}), member("b")], {})["USD"]
    assert "drawdown" not in found and "max_drawdown" not in found


def test_totals_when_the_sum_was_never_above_nothing_then_there_is_no_drawdown() -> None:
    curve = {"2022-05-18T20:00Z": -5.0, "2022-05-19T20:00Z": -9.0}
    assert "drawdown" not in totals([member(name, curve=curve, equity=-9.0) for name in "ab"], {})["USD"]


def test_totals_when_the_sum_is_known_at_one_moment_then_no_drawdown_of_nothing_is_said() -> None:
    curve = {"2022-05-20T19:00Z": 120.0, "2022-05-20T20:00Z": 100.1}
    found = totals([member(name, curve=curve, start_equity=120.0, net=-19.9) for name in "ab"], {})["USD"]
    assert found["net"] == -39.8 and "drawdown" not in found and "max_drawdown" not in found


def test_totals_when_it_is_a_coin_account_then_the_last_satoshi_is_there() -> None:
    found = totals([member("a", "BTC", equity=0.00012345, net=0.00002345)], {})["BTC"]
    assert (found["equity"], found["net"]) == (0.00012345, 0.00002345)


def test_totals_when_accounts_have_their_own_decimals_then_the_sum_has_the_most() -> None:
    own, usual, fine = member("a", "ETH", decimals=2), member("b", "ETH"), member("c", "ETH", decimals=18)
    assert totals([own], {})["ETH"]["decimals"] == 2
    assert "decimals" not in totals([own, usual], {})["ETH"], "8, as any coin"
    assert totals([own, usual, fine], {})["ETH"]["decimals"] == 18
    assert totals([member("a", "USD", decimals=4), member("b", "USD")], {})["USD"]["decimals"] == 4


def test_totals_when_every_bot_has_a_net_result_then_they_are_summed() -> None:
    found = totals([member("a", net=10.0), member("b", net=8.6)], {})["USD"]
    assert found["net"] == 18.6


def test_totals_when_a_bot_was_charged_for_a_night_then_borrow_is_in_the_sum() -> None:
    charged = {"gross": 10.0, "fees": 1.0, "slippage": 0.5, "borrow": 0.3, "net": 8.2}
    day = totals([member("a"), member("b")], {"2022-05-19": {"a": PNL, "b": charged}})["USD"]["days"]["2022-05-19"]
    assert day["borrow"] == 0.3
    assert round(day["gross"] - day["fees"] - day["slippage"] - day["borrow"], 6) == day["net"]


VALUES = (
    st.none() | st.integers(-10_000, 10_000).map(lambda cents: cents / 100) | st.sampled_from([1e15, 0.001, -3e-9])
)
HELD = st.builds(Held, st.sampled_from([0.0, -0.0, 2.0, -1.5]), VALUES, st.none())


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), HELD, min_size=1), min_size=2), st.sampled_from("bcd"))
def test_holdings_when_made_of_those_before_then_they_come_to_the_same(
    changes: list[dict[str, Held]], last: str
) -> None:
    names = [name for name in "abcd" if name <= last]
    held = Holdings(dict.fromkeys(names, Held(1.0, 2.5, None)))
    for change in changes:
        fresh = {name: each for name, each in change.items() if name in names}
        by_key = held.by_key | fresh
        held, whole = Holdings(by_key, held, fresh), Holdings(by_key)
        assert (held.open, held.value, held.gross) == (whole.open, whole.value, whole.gross)
