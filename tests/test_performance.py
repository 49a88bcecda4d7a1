"""Figures of performance, worked out by hand and by laws."""

import random
from datetime import UTC, datetime, timedelta
from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion import performance

T0 = datetime(2026, 1, 1, tzinfo=UTC)

START = datetime(2022, 5, 19, tzinfo=UTC)
CURVES = st.lists(st.floats(0.01, 1e9), min_size=1, max_size=50)


def test_drawdown_when_below_the_peak_then_its_fraction() -> None:
    assert performance.drawdown([100, 120, 90]) == 0.25
    assert performance.drawdown([100, 120]) == 0
    assert performance.drawdown([]) == 0
    assert performance.max_drawdown([100, 50, 200, 150]) == 0.5
    assert performance.max_drawdown([]) == 0


@given(CURVES)
def test_drawdown_when_any_curve_then_within_its_maximum(curve: list[float]) -> None:
    assert 0 <= performance.drawdown(curve) <= performance.max_drawdown(curve) < 1
    assert performance.max_drawdown(sorted(curve)) == 0
    assert isclose(
        performance.max_drawdown([value * 4 for value in curve]), performance.max_drawdown(curve), abs_tol=1e-12
    )


def test_peak_when_reached_twice_then_the_newest() -> None:
    curve = [(START + timedelta(minutes=minute), value) for minute, value in enumerate((1.0, 3.0, 3.0, 2.0))]
    assert performance.peak_at(curve) == START + timedelta(minutes=2)
    assert performance.peak_at([]) is None


def test_exposure_when_long_and_short_then_the_sum_of_both() -> None:
    assert performance.exposure([300, -200], 1000) == 0.5
    assert performance.exposure([], 1000) == 0
    assert performance.exposure([300], 0) is None


@pytest.mark.parametrize("figure", [performance.win_rate, performance.profit_factor])
def test_ratio_of_trades_when_below_thirty_then_absent(figure) -> None:
    assert figure([1.0, -1.0] * 14 + [1.0]) is None
    assert figure([1.0, -1.0] * 15) is not None


def test_ratio_of_trades_when_enough_then_by_hand() -> None:
    results = [2.0] * 10 + [-1.0] * 15 + [0.0] * 5
    assert performance.win_rate(results) == 10 / 30
    assert performance.profit_factor(results) == 20 / 15
    assert performance.profit_factor([1.0] * 30) is None, "no loss: not a number"


def test_turnover_when_all_is_bought_and_sold_once_then_one() -> None:
    assert performance.turnover(2000, 1000) == 1
    assert performance.turnover(2000, 0) is None


def test_ratios_of_returns_when_known_then_by_hand() -> None:
    returns = [0.01, -0.01, 0.03]
    mean, deviation = 0.01, sqrt((0 + 0.0004 + 0.0004) / 2)
    assert isclose(performance.sharpe_ratio(returns, 252) or 0, mean / deviation * sqrt(252))
    assert isclose(performance.sortino_ratio(returns, 252) or 0, mean / sqrt(0.0001 / 3) * sqrt(252))


def test_ratios_of_returns_when_undefined_then_absent() -> None:
    assert performance.sharpe_ratio([0.01], 252) is None
    assert performance.sharpe_ratio([0.0, 0.0], 252) is None
    assert performance.sortino_ratio([0.01, 0.02], 252) is None
    assert performance.sortino_ratio([], 252) is None


@pytest.mark.parametrize("step", [1.01, 0.99, 1 + 1e-9])
def test_sharpe_when_returns_differ_by_rounding_alone_then_absent(step: float) -> None:
    returns = performance.period_returns([100 * step**i for i in range(60)])
    assert len(set(returns)) > 1
    assert performance.sharpe_ratio(returns, 252) is None
    assert (performance.sortino_ratio(returns, 252) is None) == (step > 1)


def test_ratios_when_a_curve_moves_by_its_last_digit_alone_then_absent() -> None:
    returns = performance.period_returns([100 + 1e-13 * (i % 2) for i in range(60)])
    assert any(returns)
    assert (performance.sharpe_ratio(returns, 252), performance.sortino_ratio(returns, 252)) == (None, None)


def test_growth_when_doubled_in_two_years_then_its_root() -> None:
    assert isclose(performance.annual_growth(100, 200, 2) or 0, sqrt(2) - 1)
    assert performance.annual_growth(0, 200, 2) is None
    assert performance.annual_growth(100, -5, 2) is None
    assert performance.annual_growth(100, 200, 0) is None


def test_returns_when_three_values_then_two() -> None:
    assert performance.period_returns([100, 110, 99]) == pytest.approx([0.1, -0.1])
    assert performance.period_returns([100, 0, 99]) == []
    assert performance.period_returns([100]) == []
    assert performance.total_return(80, 100) == 0.25
    assert performance.total_return(0, 100) is None


def test_volatility_when_known_then_by_hand() -> None:
    # mean 0.01, squares 0.0000, 0.0004, 0.0004 over 2 = 0.0004, root 0.02
    assert isclose(performance.volatility([0.01, -0.01, 0.03], 252) or 0, 0.02 * sqrt(252))
    assert performance.volatility([0.01], 252) is None


def test_calmar_when_growth_is_twice_the_drawdown_then_two() -> None:
    assert performance.calmar_ratio(0.2, 0.1) == 2
    assert performance.calmar_ratio(0.2, 0) is None
    assert performance.calmar_ratio(None, 0.1) is None


def test_longest_drawdown_when_one_is_made_good_and_one_is_not_then_the_longer() -> None:
    def curve(*values: float) -> list[tuple[datetime, float]]:
        return [(START + timedelta(days=day), value) for day, value in enumerate(values)]

    day = 86_400.0
    assert performance.longest_drawdown_s(curve(1, 2, 3)) == 0
    assert performance.longest_drawdown_s(curve(3, 2, 1, 3, 2)) == 3 * day, "back at the peak after three days"
    assert performance.longest_drawdown_s(curve(3, 4, 3, 3, 3, 3)) == 4 * day, "not made good at the end"
    assert performance.longest_drawdown_s(curve(3, 3, 3)) == 0, "level is not below"
    assert performance.longest_drawdown_s([]) == 0


def test_trade_figures_when_enough_then_by_hand() -> None:
    results = [2.0] * 10 + [-1.0] * 15 + [0.0] * 5
    assert isclose(performance.expectancy(results) or 0, 5 / 30)
    assert performance.payoff_ratio(results) == 2
    assert performance.payoff_ratio([1.0] * 30) is None
    assert performance.expectancy([1.0] * 29) is None
    assert performance.payoff_ratio([1.0, -1.0]) is None


def test_beta_when_twice_the_market_then_two() -> None:
    market = [0.01, -0.02, 0.03]
    assert isclose(performance.beta([2 * each for each in market], market) or 0, 2)
    assert performance.beta([0.01, 0.02], [0.01, 0.01]) is None
    assert performance.beta([0.01], [0.01]) is None
    with pytest.raises(ValueError):
        performance.beta([0.01], [])


def _curve(seed: int, size: int, mean: float, deviation: float) -> list[float]:
    chance = random.Random(seed)
    values = [1000.0]
    for _ in range(size):
        values.append(round(values[-1] * (1 + chance.gauss(mean, deviation)), 2))
    return values


@pytest.mark.parametrize(
    ("curve", "year", "sharpe", "sortino", "deepest", "calmar", "volatility"),
    [
        ((14, 400, 0.001, 0.03), 365, 2.0035009782, 3.0569046458, 0.3012489276, 5.5694193439, 0.5743589891),
        ((7, 252, 0.0004, 0.011), 252, 1.2153423779, 1.7212172718, 0.1183836305, 1.8749213808, 0.1780156691),
        ((3, 90, -0.002, 0.02), 365, -5.4026650210, -6.0899244525, 0.4974440511, -1.8247615879, 0.4230572019),
    ],
)
def test_figures_are_those_of_two_libraries(
    curve: tuple[int, int, float, float],
    year: int,
    sharpe: float,
    sortino: float,
    deepest: float,
    calmar: float,
    volatility: float,
) -> None:
    """quantstats 0.0.86 and empyrical-reloaded 0.7.1 give the same ten decimals on these curves, as hard-coded here.

    `sharpe(returns, periods=year)`, `sharpe_ratio(returns, annualization=year)` and so on, with daily returns.
    """
    values = _curve(*curve)
    returns = performance.period_returns(values)
    growth = performance.annual_growth(values[0], values[-1], len(returns) / year)
    assert performance.sharpe_ratio(returns, year) == pytest.approx(sharpe, abs=1e-9)
    assert performance.sortino_ratio(returns, year) == pytest.approx(sortino, abs=1e-9)
    assert performance.max_drawdown(values) == pytest.approx(deepest, abs=1e-9)
    assert performance.calmar_ratio(growth, performance.max_drawdown(values)) == pytest.approx(calmar, abs=1e-9)
    assert performance.volatility(returns, year) == pytest.approx(volatility, abs=1e-9)


def test_growth_when_money_is_paid_in_and_out_then_of_the_results_alone() -> None:
    days = [T0 + timedelta(days=number) for number in range(5)]
    # +10 %, then 1,000 are paid in and nothing else happens, -20 %, then 500 are taken out at +25 %
    curve = list(zip(days, [1000.0, 1100.0, 2100.0, 1680.0, 1600.0], strict=True))
    flows = [(days[2], 1000.0), (days[4], -500.0)]
    assert performance.growth_index(curve, flows) == pytest.approx([1, 1.1, 1.1, 0.88, 1.1])
    assert performance.growth_index(curve[:1], flows) == [1.0]
    assert performance.growth_index([], flows) is None
    assert performance.growth_index([(days[0], 0.0), (days[1], 5.0)], []) is None
    assert performance.growth_index([(days[0], 1.0), (days[1], 0.0), (days[2], 5.0)], [(days[2], 5.0)]) is None


@given(st.lists(st.tuples(st.floats(0.5, 2), st.floats(0, 5000)), min_size=1, max_size=20), st.floats(100, 1e6))
def test_growth_when_any_deposits_then_as_if_there_were_none(steps: list[tuple[float, float]], start: float) -> None:
    with_flows, flows, without, ts = [(T0, start)], [], [start], T0
    for factor, paid in steps:
        ts += timedelta(hours=1)
        with_flows.append((ts, with_flows[-1][1] * factor + paid))
        flows.append((ts, paid))
        without.append(without[-1] * factor)
    assert performance.growth_index(with_flows, flows) == pytest.approx(
        [value / start for value in without], rel=1e-6
    )
