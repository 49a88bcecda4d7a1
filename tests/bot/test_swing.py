"""Each rule of a swing bot has effect. Synthetic tapes: they test the code, not a strategy."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN
from tests.bot.decided import decisions
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    at,
    daily,
    document,
    instrument,
    ledger_rows,
    replay,
    settings,
    swing_bot,
)

START = "2021-06-01"
NAMES = ("AAA", "BBB", "CCC", "DDD")


def flat(days: int, price: float = 100.0) -> list[float]:
    return [price] * days


def run(data: Path, prices: dict[str, list[float]], start: str = "2021-07-20", **bot: object) -> dict:
    """Run one swing bot called `s` over daily `prices` and return its rolling file."""
    feed = ListFeed(
        {symbol: instrument(symbol) for symbol in prices},
        day=[bar for symbol, values in prices.items() for bar in daily(symbol, START, values)],
    )
    made = settings(data, start=at(f"{start}T21:00Z"), bots={"s": swing_bot(tuple(prices), **bot)}, run_pause_s=0)
    replay(made, feed)
    return document(Layout(data).swing_rolling("s"))


def fills(data: Path) -> list[tuple]:
    return sorted(ledger_rows(data / "ledger.sqlite")["fills"], key=lambda row: row.filled_at)


def test_order_decided_at_a_close_is_booked_at_the_next_open(tmp_path: Path) -> None:
    value = run(tmp_path, {"AAA": [100, 101, 102, 103]}, rules={"max_alloc": 1})
    fill = next(iter(value["fills"].values()))
    assert fill["decided_at"] == "2021-06-01T20:00Z"
    assert fill["ts"] == "2021-06-02T13:30Z" and fill["known_at"] == "2021-06-02T20:00Z"
    assert fill["price"] == 100  # the open of the second day is the close of the first
    assert fill["price_source"] == "open"


@pytest.mark.parametrize(("horizon", "count"), [("1w", 13), ("2w", 7), ("4w", 4)])
def test_rebalance_comes_in_the_first_session_of_each_period(tmp_path: Path, horizon: str, count: int) -> None:
    run(tmp_path, {"AAA": flat(60)}, horizon=horizon, start="2021-08-20")
    found = [each["day"] for each in decisions(tmp_path, horizon) if each["action"] == "rebalance"]
    assert found[0] == "2021-06-01"
    assert all(at(f"{day}T00:00Z").weekday() == 1 for day in found)  # counted from a Tuesday, which are all open here
    assert len(found) == count


def test_orders_that_wait_for_the_open_are_told_until_they_fill(tmp_path: Path) -> None:
    value = run(tmp_path / "a", {"AAA": flat(1), "BBB": flat(1)}, rules={"max_positions": 2})
    assert value["tick"] == 0.0001
    waiting = value["open_orders"]
    assert [(each["symbol"], each["side"], each["ts"], each["status"]) for each in waiting.values()] == [
        ("AAA", "buy", "2021-06-01T20:00Z", "open"), ("BBB", "buy", "2021-06-01T20:00Z", "open")
    ]  # fmt: skip
    value = run(tmp_path / "b", {"AAA": flat(2), "BBB": flat(2)}, rules={"max_positions": 2, "stop_loss": 0.1})
    assert {(each["symbol"], each["type"]) for each in value["open_orders"].values()} == {
        ("AAA", "stop"), ("BBB", "stop")
    }, "filled at the open; only their stops rest"  # fmt: skip


def test_trades_that_the_rolling_file_forgot_stand_in_the_files_of_their_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.bot.swing.KEPT", 2)
    falls = [100, 100, 90, 90, 90, 90, 90, 90, 80, 80, 80, 80, 80, 80, 80, 70, 70, 70, 70, 70, 70, 70, 60, 60, 60]
    value = run(tmp_path, {"AAA": [float(each) for each in falls]}, rules={"stop_loss": 0.05, "max_alloc": 1})
    kept = {
        name: (trade, found["day"])
        for path in sorted((Layout(tmp_path).bot_logs / "1w").glob("*.json"))
        for found in [document(path)]
        for name, trade in found["trades"].items()
    }
    rows = ledger_rows(tmp_path / "ledger.sqlite")["trades"]
    assert len(kept) == len(rows) > len(value["trades"]) == 2
    assert all(trade["ts"].startswith(day) for trade, day in kept.values())
    assert all(kept[name][0] == trade for name, trade in value["trades"].items())


def test_max_positions_limits_the_names_held(tmp_path: Path) -> None:
    prices = {symbol: flat(10) for symbol in NAMES}
    assert len(run(tmp_path / "a", prices, rules={"max_positions": 2})["positions"]) == 2
    assert len(run(tmp_path / "b", prices, rules={"max_positions": 4})["positions"]) == 4


def test_max_alloc_limits_the_weight_of_a_name(tmp_path: Path) -> None:
    value = run(tmp_path, {symbol: flat(10) for symbol in NAMES}, rules={"max_alloc": 0.1, "max_positions": 4})
    assert {round(each["weight"], 3) for each in value["positions"].values()} == {0.1}
    assert {each["weight"] for each in value["targets"].values()} == {0.1}


def test_aggression_scales_exposure(tmp_path: Path) -> None:
    exposures = {}
    for aggression in (0, 0.25, 0.5):
        rules = {"aggression": aggression, "max_positions": 4, "max_alloc": 1}
        value = run(tmp_path / str(aggression), {symbol: flat(10) for symbol in NAMES}, rules=rules)
        exposures[aggression] = value["stats"]["exposure"]
    assert exposures == {0: pytest.approx(0.5), 0.25: pytest.approx(0.75), 0.5: pytest.approx(0.99)}


def test_min_confidence_keeps_weak_names_out(tmp_path: Path) -> None:
    prices = {name: [100 * (1 + step * 0.01) ** day for day in range(20)] for step, name in enumerate(NAMES)}
    bot = {"strategy": "cross_sectional_momentum", "parameters": {"look_back": 3, "skip": 0}}
    rules = {"max_positions": 4}
    assert set(run(tmp_path / "a", prices, rules=rules, **bot)["targets"]) == {"CCC", "DDD"}
    rules["min_confidence"] = 0.9
    assert set(run(tmp_path / "b", prices, rules=rules, **bot)["targets"]) == {"DDD"}


def test_stop_loss_sells_at_the_level_under_the_entry_price(tmp_path: Path) -> None:
    prices = {"AAA": [100, 100, 99, 94, 94, 94]}
    value = run(tmp_path / "a", prices, rules={"stop_loss": 0.05, "max_alloc": 1})
    sale = list(value["fills"].values())[-1]
    assert (sale["side"], sale["price"], sale["price_source"]) == ("sell", 95, "stop")
    assert value["positions"] == {} and value["stats"]["closed_trades"] == 1
    assert run(tmp_path / "b", prices, rules={"stop_loss": 0, "max_alloc": 1})["positions"]


def test_stop_that_the_open_has_passed_fills_at_the_open(tmp_path: Path) -> None:
    feed_prices = {"AAA": [100, 100, 100, 100]}
    bars = daily("AAA", START, feed_prices["AAA"])
    gap = [*bars[:3], daily("AAA", START, [90, 90, 90, 90])[3]]
    feed = ListFeed({"AAA": instrument("AAA")}, day=gap)
    rules = {"stop_loss": 0.05, "max_alloc": 1}
    made = settings(
        tmp_path, start=at("2021-07-01T00:00Z"), bots={"s": swing_bot(("AAA",), rules=rules)}, run_pause_s=0
    )
    replay(made, feed)
    sale = list(document(Layout(tmp_path).swing_rolling("s"))["fills"].values())[-1]
    assert (sale["price"], sale["price_source"]) == (90, "gap")


def test_take_profit_sells_at_the_target(tmp_path: Path) -> None:
    value = run(tmp_path, {"AAA": [100, 100, 104, 112, 112]}, rules={"take_profit": 0.1, "max_alloc": 1})
    sale = list(value["fills"].values())[-1]
    assert (sale["side"], sale["price"], sale["price_source"]) == ("sell", 110, "target")


def test_daily_loss_refuses_new_positions_with_the_reason(tmp_path: Path) -> None:
    prices = {"AAA": [100] * 5 + [80, 80], "BBB": [100] * 5 + [100, 100]}
    rules = {"max_positions": 2, "max_alloc": 0.5, "daily_loss": 0.05}
    run(tmp_path, prices, rules=rules)
    refused = [each for each in decisions(tmp_path) if each["action"] == "refused"]
    assert [each["day"] for each in refused] == ["2021-06-08"]
    assert "daily_loss 5" in refused[0]["reason"]


def test_name_out_of_the_targets_is_sold_with_its_rank(tmp_path: Path) -> None:
    up, down = [100 * 1.01**day for day in range(20)], [100 * 0.99**day for day in range(20)]
    prices = {
        "AAA": up[:10] + [up[9] * 0.95**day for day in range(1, 11)],
        "BBB": down[:10] + [down[9] * 1.05**day for day in range(1, 11)],
    }
    bot = {"strategy": "cross_sectional_momentum", "parameters": {"look_back": 3, "skip": 0}}
    run(tmp_path, prices, rules={"max_positions": 1, "max_alloc": 1}, **bot)
    exits = [each for each in decisions(tmp_path) if each["action"] == "exit"]
    assert exits[0]["symbol"] == "AAA" and "Rank 2 of 2" in exits[0]["reason"]


def test_hold_line_buys_equal_parts_at_the_first_open(tmp_path: Path) -> None:
    value = run(tmp_path, {"AAA": [100, 110, 120], "BBB": [100, 100, 80]}, rules={"max_positions": 1})
    assert value["hold_equity"] == 100_000 / 2 * 1.2 + 100_000 / 2 * 0.8
    assert value["hold_name"] == "2 names"


def test_fractional_units_are_kept_to_four_decimals(tmp_path: Path) -> None:
    value = run(tmp_path, {"AAA": [333.33] * 4}, rules={"max_alloc": 1})
    quantity = value["positions"]["AAA"]["quantity"]
    assert quantity == round(quantity, 4) != round(quantity)


def test_next_mark_and_rebalance_are_told_in_market_and_wall_time(tmp_path: Path) -> None:
    seen = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        seen.append(document(Layout(tmp_path).swing_rolling("s")))

    feed = ListFeed({"AAA": instrument("AAA")}, day=daily("AAA", START, flat(40)))
    made = settings(tmp_path, start=at("2021-06-29T21:00Z"), bots={"s": swing_bot(("AAA",))}, run_pause_s=0)
    replay(made, feed, VirtualWaiter(look))
    first = next(value for value in seen if value["day"] == "2021-06-30")
    assert first["next_open_at"] == "2021-07-01T13:30Z"
    assert first["next_mark_at"] == "2021-07-01T20:00Z"
    assert first["next_rebalance_at"] == "2021-07-06T20:00Z"
    # each session of a swing desk alone passes in closed_gap_s, 2 s: the next one, and the third after it
    assert first["next_mark_wall_at"] == "2021-06-30T20:00:02Z"
    assert first["next_rebalance_wall_at"] == "2021-06-30T20:00:06Z"
    assert first["due_at"] == "2021-06-30T20:00:03Z"


def test_preview_says_what_a_rebalance_would_do_at_the_mark(tmp_path: Path) -> None:
    prices = {"AAA": [100.0, 100.0, 100.0, 150.0], "BBB": flat(4)}
    value = run(tmp_path, prices, rules={"max_alloc": 0.5, "max_positions": 2, "stop_loss": 0}, cost="us-equity-bps")
    preview = value["preview"]
    assert preview["as_of"] == value["as_of"]
    sell, buy = preview["orders"]["AAA"], preview["orders"]["BBB"]
    assert (sell["side"], buy["side"]) == ("sell", "buy")
    for symbol, order in preview["orders"].items():
        held = value["positions"][symbol]
        signed = order["quantity"] if order["side"] == "buy" else -order["quantity"]
        assert (held["quantity"] + signed) * order["price"] == pytest.approx(
            order["weight"] * value["equity"], abs=0.02
        )
        assert order["value"] == pytest.approx(order["quantity"] * order["price"], abs=0.01)
        assert order["cost"] > 0
    assert preview["turnover"] == pytest.approx((sell["value"] + buy["value"]) / value["equity"], abs=1e-5)
    assert preview["cost"] == pytest.approx(sell["cost"] + buy["cost"], abs=0.005)


def test_preview_after_a_rebalance_plans_nothing_twice(tmp_path: Path) -> None:
    value = run(tmp_path, {"AAA": flat(1), "BBB": flat(1)}, rules={"max_positions": 2, "stop_loss": 0})
    assert value["last_rebalance_at"] == value["as_of"] and value["preview"]["orders"] == {}


def test_preview_of_a_name_that_fell_out_of_the_targets_sells_it(tmp_path: Path) -> None:
    value = run(
        tmp_path,
        {"AAA": [100, 101, 102, 103, 104, 104, 104, 104], "BBB": [100, 100, 100, 100, 100, 100, 130, 140]},
        strategy="cross_sectional_momentum",
        parameters={"look_back": 2, "skip": 0},
        horizon="5d",
        rules={"max_positions": 1, "max_alloc": 1, "stop_loss": 0},
    )
    orders = value["preview"]["orders"]
    assert orders["AAA"]["side"] == "sell" and orders["AAA"]["weight"] == 0
    assert orders["AAA"]["quantity"] == value["positions"]["AAA"]["quantity"]
    assert orders["AAA"]["reason"].startswith("no longer a target: ")
    assert orders["BBB"]["side"] == "buy" and orders["BBB"]["weight"] > 0.9


class Chosen:
    """Buys on the first day what its parameter names, and from then on says of each name what another one says."""

    name = "chosen"
    kind = "swing"
    look_back = 0
    rule = "Does what it is told."

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self._first = str(parameters["first"]).split()
        self._then = dict(each.split("=") for each in str(parameters["then"]).split())
        self._days = 0

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        self._days += 1
        acts = {symbol: "buy" if symbol in self._first else "exit" for symbol in bars}
        acts = acts if self._days == 1 else {symbol: self._then[symbol] for symbol in bars}
        return {symbol: Signal(symbol, moment.ts, act, 1.0, 0.0, "told", self.name) for symbol, act in acts.items()}


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "chosen", Chosen)


def test_hold_keeps_what_is_held_as_it_is_and_buys_nothing(tmp_path: Path, chosen: None) -> None:
    rises = [100.0, 100, 110, 121, 133, 146, 161, 177, 195, 214]
    value = run(
        tmp_path,
        {"AAA": rises, "BBB": flat(10), "CCC": flat(10)},
        horizon="1d",
        strategy="chosen",
        parameters={"first": "AAA", "then": "AAA=hold BBB=hold CCC=hold"},
        rules={"max_alloc": 0.3},
    )
    assert [(each["symbol"], each["side"]) for each in value["fills"].values()] == [("AAA", "buy")]
    assert set(value["positions"]) == {"AAA"} and not value["open_orders"] and not value["preview"]["orders"]
    held = [each for each in decisions(tmp_path, "1d") if each["action"] == "hold" and each["symbol"] == "AAA"]
    assert len(held) >= 7 and all(each["reason"] == "held: told" for each in held)


def test_hold_takes_its_place_and_its_part_of_the_exposure_from_new_entries(tmp_path: Path, chosen: None) -> None:
    value = run(
        tmp_path,
        {name: flat(6) for name in ("AAA", "BBB", "CCC")},
        horizon="1d",
        strategy="chosen",
        parameters={"first": "AAA", "then": "AAA=hold BBB=buy CCC=buy"},
        rules={"max_positions": 2, "max_alloc": 0.6, "max_exposure": 0.8, "aggression": 1},
    )
    assert set(value["positions"]) == {"AAA", "BBB"}, "two places, of which one is taken"
    assert value["positions"]["AAA"]["weight"] == pytest.approx(0.6, abs=0.001)
    assert value["positions"]["BBB"]["weight"] == pytest.approx(0.2, abs=0.001), "what is left of four fifths"


@pytest.mark.parametrize("word", ["exit", "sell"])
def test_position_when_its_rule_leaves_it_then_it_is_sold(tmp_path: Path, chosen: None, word: str) -> None:
    value = run(
        tmp_path,
        {"AAA": flat(5), "BBB": flat(5)},
        horizon="1d",
        strategy="chosen",
        parameters={"first": "AAA", "then": f"AAA={word} BBB=hold"},
        rules={"max_positions": 1, "max_alloc": 0.5},
    )
    assert not value["positions"] and len(value["trades"]) == 1
