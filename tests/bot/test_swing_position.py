"""Swing bots that enter once, go short, turn, size at the fill, and leave when the volume lets them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN
from tests.bot.decided import decisions
from tests.bot.desk import ListFeed, at, daily, document, instrument, ledger_rows, replay, settings, swing_bot

START = "2021-06-01"


class Told:
    """Does each day what its parameter says: `buy sell` of all names, `buy!` once; the last word is repeated."""

    name = "told"
    kind = "swing"
    look_back = 0
    rule = "Does what it is told."

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self._words = str(parameters["say"]).split()
        self._weight = parameters.get("weight")
        self._days = 0

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        word = self._words[min(self._days, len(self._words) - 1)]
        self._days += 1
        features = {"weight": self._weight} if self._weight is not None else {}
        return {
            symbol: Signal(symbol, moment.ts, word.rstrip("!"), 1.0, 0.0, "told", self.name, features,
                           once=word.endswith("!"))
            for symbol in bars
        }  # fmt: skip


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "told", Told)


def run(data: Path, say: str, bars: list[Bar], end: str = "2021-08-20", **bot: object) -> dict:
    """Run one swing bot called `s` over `bars` and return its rolling file."""
    symbols = tuple(dict.fromkeys(each.symbol for each in bars))
    parameters = {"say": say, **bot.pop("parameters", {})}
    rules = {"max_alloc": 1, "daily_loss": 0, **bot.pop("rules", {})}
    made = swing_bot(symbols, strategy="told", horizon="1d", parameters=parameters, rules=rules, **bot)
    feed = ListFeed({symbol: instrument(symbol) for symbol in symbols}, day=bars)
    replay(settings(data, start=at(f"{end}T21:00Z"), bots={"s": made}, run_pause_s=0), feed)
    return document(Layout(data).swing_rolling("s"))


def sides(value: dict) -> list[tuple]:
    return [(each["side"], each["quantity"]) for each in value["fills"].values()]


def tape(*prices: float, symbol: str = "AAA") -> list[Bar]:
    return daily(symbol, START, list(prices))


def test_position_that_is_entered_once_is_left_alone(tmp_path: Path) -> None:
    prices = (100, 100, 110, 130, 170, 230)
    once = run(tmp_path / "once", "buy!", tape(*prices), rules={"max_alloc": 0.4})
    assert sides(once) == [("buy", 400)] and not once["preview"]["orders"]
    again = run(tmp_path / "again", "buy", tape(*prices), rules={"max_alloc": 0.4})
    assert len(again["fills"]) > 2, "without it each rebalance brings it to its weight"
    held = [each["reason"] for each in decisions(tmp_path / "once", "1d") if each["action"] == "hold"]
    assert held and set(held) == {"held: told"}


def test_position_that_is_entered_once_is_entered_again_after_its_stop(tmp_path: Path) -> None:
    value = run(
        tmp_path,
        "buy!",
        tape(100, 100, 90, 90, 90, 90),
        rules={"max_alloc": 0.4, "stop_loss": 0.05},
    )
    assert [side for side, _ in sides(value)] == ["buy", "sell", "buy"]


def test_sell_where_shorts_are_allowed_opens_one_with_stop_and_borrow_cost(tmp_path: Path) -> None:
    value = run(
        tmp_path,
        "sell!",
        tape(100, 100, 99, 98),
        rules={"allow_short": True, "max_alloc": 0.4, "stop_loss": 0.1, "take_profit": 0.2},
        cost="us-equity-bps",
    )
    held = value["positions"]["AAA"]
    assert held["quantity"] < 0 and held["weight"] == pytest.approx(-0.4, abs=0.02)
    assert held["stop_loss"] == pytest.approx(110, abs=0.1) and held["take_profit"] == pytest.approx(80, abs=0.1)
    assert value["targets"]["AAA"]["weight"] == pytest.approx(held["weight"], abs=1e-6), "left as it is"
    borrow = [row for row in ledger_rows(tmp_path / "ledger.sqlite")["movements"] if row.kind == "borrow"]
    assert len(borrow) == 2, "each night"
    assert value["total_pnl"]["borrow"] > 0


def test_short_is_stopped_above_its_entry(tmp_path: Path) -> None:
    rules = {"allow_short": True, "max_alloc": 0.4, "stop_loss": 0.05}
    value = run(tmp_path, "sell! hold", tape(100, 100, 103, 112, 112), rules=rules)
    (trade,) = value["trades"].values()
    assert (trade["side"], trade["exit_price"]) == ("sell", 105) and not value["positions"]


def test_sell_without_shorts_leaves_and_never_opens(tmp_path: Path) -> None:
    value = run(tmp_path, "buy sell", tape(100, 100, 100, 100, 100), rules={"max_alloc": 0.4})
    assert [side for side, _ in sides(value)] == ["buy", "sell"] and not value["positions"]


@pytest.mark.parametrize("sizing", ["decision", "fill"])
def test_turn_closes_by_an_order_of_its_own_and_opens_the_other_side(tmp_path: Path, sizing: str) -> None:
    value = run(
        tmp_path, "buy! sell!", tape(100, 100, 100, 100), rules={"allow_short": True, "max_alloc": 0.4}, sizing=sizing
    )
    assert sides(value) == [("buy", 400), ("sell", 400), ("sell", 400)]
    assert value["positions"]["AAA"]["quantity"] == -400 and not value["preview"]["orders"]
    exits = [each for each in decisions(tmp_path, "1d") if each["action"] == "exit"]
    assert [each["reason"] for each in exits] == ["turned: told"]
    assert len(value["trades"]) == 1


def test_longs_and_shorts_share_places_and_exposure(tmp_path: Path) -> None:
    bars = [bar for name in ("AAA", "BBB") for bar in tape(100, 100, 100, symbol=name)]
    rules = {"allow_short": True, "max_positions": 2, "max_exposure": 0.6}
    value = run(tmp_path, "sell", bars, rules=rules, parameters={"weight": 0.5})
    assert {name: held["weight"] for name, held in value["positions"].items()} == {
        "AAA": pytest.approx(-0.3), "BBB": pytest.approx(-0.3)
    }  # fmt: skip


def test_order_that_is_sized_at_the_fill_says_its_weight_until_then(tmp_path: Path) -> None:
    waiting = run(tmp_path / "a", "buy!", tape(100), sizing="fill", rules={"max_alloc": 0.1})
    (order,) = waiting["open_orders"].values()
    assert order["weight"] == 0.1 and "quantity" not in order
    assert not waiting["preview"]["orders"], "what waits is not planned again"
    # the open of the second day is a quarter above the close that decided: four fifths of the number
    bars = [tape(100)[0], replace(tape(100, 125)[1], open=Decimal(125), low=Decimal(125))]
    value = run(tmp_path / "b", "buy!", bars, sizing="fill", rules={"max_alloc": 0.1})
    assert sides(value) == [("buy", 80)]
    (row,) = ledger_rows(tmp_path / "b" / "ledger.sqlite")["orders"]
    assert [Decimal(each) for each in (row.quantity, row.weight, row.filled_quantity)] == [80, Decimal("0.1"), 80]


def test_all_of_equity_may_be_invested_when_the_fill_makes_the_quantity(tmp_path: Path) -> None:
    value = run(tmp_path / "fill", "buy!", tape(100, 100, 100), sizing="fill", cost="us-equity-bps")
    assert 0 <= value["cash"] < 0.02 and value["positions"]["AAA"]["weight"] > 0.9999
    value = run(tmp_path / "decision", "buy!", tape(100, 100, 100), cost="us-equity-bps")
    assert value["cash"] > 900


def thin(bars: list[Bar], first: int, volume: int) -> list[Bar]:
    """The bars, from number `first` on with little volume, of which a twentieth can be sold."""
    return [bar if number < first else replace(bar, volume=Decimal(volume)) for number, bar in enumerate(bars)]


def test_exit_that_volume_cuts_rests_on_for_the_next_sessions_until_it_is_done(tmp_path: Path) -> None:
    bars = thin(tape(*[100] * 9), 3, 3000)
    value = run(tmp_path, "buy! buy! exit", bars, rules={"max_alloc": 0.5})
    assert sides(value) == [("buy", 500), ("sell", 150), ("sell", 150), ("sell", 150), ("sell", 50)]
    assert not value["positions"] and not value["open_orders"]
    orders = ledger_rows(tmp_path / "ledger.sqlite")["orders"]
    assert [(row.side, row.status, row.filled_quantity) for row in orders] == [
        ("buy", "filled", "500.0000"), ("sell", "filled", "500.0000")
    ]  # fmt: skip
    exits = [each for each in decisions(tmp_path, "1d") if each["action"] == "exit"]
    assert len(exits) == 1, "decided once"


def test_exit_that_rests_is_shown_with_what_is_filled_and_is_not_planned_again(tmp_path: Path) -> None:
    bars = thin(tape(*[100] * 5), 3, 3000)
    value = run(tmp_path, "buy! buy! exit", bars, rules={"max_alloc": 0.5, "stop_loss": 0.1})
    (order,) = value["open_orders"].values()
    assert (order["side"], order["quantity"], order["filled_quantity"]) == ("sell", 500, 300)
    assert value["positions"]["AAA"]["quantity"] == 200 and not value["preview"]["orders"]


@pytest.mark.parametrize("word", ["buy", "buy!"])
def test_exit_that_rests_is_withdrawn_when_the_rule_wants_the_name_again(tmp_path: Path, word: str) -> None:
    bars = thin(tape(*[100] * 7), 3, 3000)
    value = run(tmp_path, f"buy! buy! exit exit {word}", bars, rules={"max_alloc": 0.5})
    sold = sum(quantity for side, quantity in sides(value) if side == "sell")
    assert sold == 300 and value["positions"]["AAA"]["quantity"] >= 200
    withdrawn = [row for row in ledger_rows(tmp_path / "ledger.sqlite")["orders"] if row.status == "cancelled"]
    assert "replaced by the rebalance" in [row.detail for row in withdrawn]


def test_exit_that_rests_goes_on_while_the_rule_says_hold(tmp_path: Path) -> None:
    bars = thin(tape(*[100] * 9), 3, 3000)
    value = run(tmp_path, "buy! buy! exit hold", bars, rules={"max_alloc": 0.5})
    assert not value["positions"]
    said = {each["reason"] for each in decisions(tmp_path, "1d") if each["action"] == "hold"}
    assert "its exit rests on: told" in said


def test_negative_weight_of_a_buy_stops_the_strategy_by_name(tmp_path: Path) -> None:
    value = run(tmp_path, "buy", tape(100, 100), parameters={"weight": -0.3})
    assert value["state"] == "error" and not value["positions"]
    assert "a buy with the weight -0.3: a short position is a sell" in value["state_reason"]


def test_momentum_with_a_short_leg_holds_the_best_and_sells_the_worst(tmp_path: Path) -> None:
    grows = {"AAA": 1.02, "BBB": 1.01, "CCC": 0.99, "DDD": 0.98}
    bars = [bar for name, rate in grows.items() for bar in tape(*(100 * rate**day for day in range(8)), symbol=name)]
    feed = ListFeed({name: instrument(name) for name in grows}, day=bars)
    rules = {"allow_short": True, "max_positions": 2, "max_alloc": 0.4, "daily_loss": 0}
    parameters = {"look_back": 3, "skip": 0, "short": True}
    made = swing_bot(
        tuple(grows), strategy="cross_sectional_momentum", horizon="1d", parameters=parameters, rules=rules
    )
    replay(settings(tmp_path, start=at("2021-08-20T21:00Z"), bots={"s": made}, run_pause_s=0), feed)
    value = document(Layout(tmp_path).swing_rolling("s"))
    assert {name: held["quantity"] > 0 for name, held in value["positions"].items()} == {"AAA": True, "DDD": False}
    assert value["signals"]["DDD"]["confidence"] == 1 and "short" in value["rule"]
