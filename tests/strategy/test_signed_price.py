"""Aion's own rules on prices that fall through 0 and come back: none may raise, and no ratio across 0 is a view."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.model import Bar, Signal
from aion.strategy.base import Moment
from aion.strategy.registry import BUILT_IN, make_strategy, strategy_names

OPEN = datetime(2020, 4, 20, 14, 30, tzinfo=UTC)
SYMBOLS = ("CL", "BZ", "NG")
PARAMETERS = {
    "time_series_momentum": {"look_back": 3, "volatility_days": 5},
    "cross_sectional_momentum": {"look_back": 3, "skip": 1},
    "short_term_reversal": {"look_back": 3},
}
MOVE = st.tuples(st.integers(-400, 400), st.integers(0, 100), st.integers(0, 100))
MOVES = st.lists(MOVE, min_size=30, max_size=90)


def signals_of(name: str, moves: list[tuple[int, int, int]]) -> list[Signal]:
    kind = BUILT_IN[name].kind
    symbols = SYMBOLS if kind == "swing" else SYMBOLS[:1]
    rule = make_strategy(name, kind, symbols, PARAMETERS.get(name, {}))
    found, last = [], 100
    for number, (change, up, down) in enumerate(moves):
        opened, last = last, last + change
        day, minute = (number, 390) if kind == "swing" else divmod(number * 5, 390)
        opens_at = OPEN + timedelta(days=day)
        ts = opens_at + timedelta(minutes=minute or 1)
        prices = (Decimal(each) / 100 for each in (opened, max(opened, last) + up, min(opened, last) - down, last))
        bars = {symbol: Bar(symbol, ts, *each, Decimal(1000)) for symbol, each in
                zip(symbols, [tuple(prices)] * len(symbols), strict=True)}  # fmt: skip
        moment = Moment(ts, f"{opens_at:%F}", opens_at, opens_at + timedelta(minutes=390), {}, 5)
        found += rule.on_bars(bars, moment).values()
    return found


@pytest.mark.parametrize("name", [*strategy_names("intraday"), *strategy_names("swing")])
@given(moves=MOVES)
def test_rule_when_prices_cross_0_then_says_finite_figures(name: str, moves: list[tuple[int, int, int]]) -> None:
    for signal in signals_of(name, moves):
        assert math.isfinite(signal.confidence) and 0 <= signal.confidence <= 1
        assert all(math.isfinite(each) for each in signal.features.values()), signal.features


@pytest.mark.parametrize("name", ["time_series_momentum", "cross_sectional_momentum", "short_term_reversal"])
def test_rule_when_a_price_was_0_or_less_then_has_no_view_until_it_has_a_past_again(name: str) -> None:
    up = [(10, 1, 1), (20, 1, 1)] * 4
    found = signals_of(name, [*up, (-600, 1, 1), (700, 1, 1), *up])
    by_step = [found[number : number + 3] for number in range(0, len(found), 3)]
    has_view = ["no view yet" not in each[0].reason for each in by_step]
    fell = len(up)
    assert has_view[fell - 1] and not any(has_view[fell : fell + 4]) and has_view[-1]
