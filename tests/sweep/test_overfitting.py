"""Deflated Sharpe ratio against the figures of its source, and the walk-forward test against counting by hand."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.sweep.overfitting import (
    deflated_sharpe,
    luckiest_sharpe,
    moments,
    probabilistic_sharpe,
    sharpe,
    walk_forward,
)


def ratios_of(count: int, variance: float) -> list[float]:
    """Return as many numbers of that sample variance."""
    half = math.sqrt(variance * (count - 1) / count)
    return [half, -half] * (count // 2)


@pytest.mark.parametrize(("trials", "deflated"), [(100, 0.9004), (46, 0.9505)])
def test_figures_of_the_source(trials: int, deflated: float) -> None:
    """Bailey and Lopez de Prado (2014), numerical example: 5 years of 250 days, annual Sharpe ratio 2.5, variance of
    the trials' annual ratios 1/2, skewness -3, kurtosis 10."""
    luck = luckiest_sharpe(ratios_of(trials, 0.5 / 250))
    if trials == 100:
        assert luck == pytest.approx(0.1132, abs=5e-5)
    found = probabilistic_sharpe(2.5 / math.sqrt(250), luck, 1250, -3, 10)
    assert found == pytest.approx(deflated, abs=5e-5)


def test_moments_of_known_distributions() -> None:
    assert moments([-1.0, 1.0] * 10) == (0.0, 1.0)
    dice = [float(number) for number in range(1, 7)]
    skewness, kurtosis = moments(dice)
    assert skewness == pytest.approx(0) and kurtosis == pytest.approx(3 - 6 / 5 * (6**2 + 1) / (6**2 - 1))


def test_best_of_many_without_skill_is_not_called_skill() -> None:
    """Of 40 searches among 50 rules of pure chance few may pass; by its own ratio the best would pass often."""
    chance = random.Random(7)
    passed, naive = 0, 0
    for _ in range(40):
        trials = [[chance.gauss(0, 0.01) for _ in range(250)] for _ in range(50)]
        ratios = [sharpe(trial) or 0.0 for trial in trials]
        best = trials[max(range(50), key=ratios.__getitem__)]
        passed += (deflated_sharpe(best, ratios) or 0) >= 0.95
        naive += (probabilistic_sharpe(max(ratios), 0.0, 250, *moments(best)) or 0) >= 0.95
    assert passed <= 4 and naive >= 30


def test_real_skill_is_seen_among_chance() -> None:
    chance = random.Random(8)
    trials = [[chance.gauss(0, 0.01) for _ in range(1000)] for _ in range(20)]
    trials.append([chance.gauss(0.003, 0.01) for _ in range(1000)])
    ratios = [sharpe(trial) or 0.0 for trial in trials]
    assert (deflated_sharpe(trials[-1], ratios) or 0) > 0.95


@pytest.mark.parametrize("returns", [[], [0.01], [0.01] * 100, [0.01, -0.01] * 10])
def test_what_cannot_be_measured_is_not_given(returns: list[float]) -> None:
    assert deflated_sharpe(returns, [0.1, 0.2]) is None


def test_single_trial_was_not_chosen_from_many() -> None:
    assert luckiest_sharpe([0.1]) == 0 and deflated_sharpe([0.01, -0.02] * 50, [0.1]) is None


def test_walk_forward_chooses_by_the_past_alone() -> None:
    """One rule earns in the first half of the sessions, the other in the second."""
    early = [0.02, 0.01] * 90 + [-0.01, -0.02] * 90
    late = [-0.01, -0.02] * 90 + [0.02, 0.01] * 90
    folds = walk_forward([early, late], folds=5)
    assert [(fold.first, fold.last) for fold in folds] == [(60, 120), (120, 180), (180, 240), (240, 300), (300, 360)]
    assert [fold.chosen for fold in folds][:4] == [0, 0, 0, 0]
    assert folds[2].growth == pytest.approx(math.prod(1 + each for each in early[180:240]) - 1)
    assert folds[2].growth < 0 < folds[1].growth
    assert (folds[1].after or 0) > 0 > (folds[2].after or 0)


@given(
    st.lists(st.floats(-0.05, 0.05), min_size=186, max_size=400),
    st.integers(2, 5),
    st.integers(0, 1000),
)
def test_the_future_changes_no_choice(returns: list[float], folds: int, seed: int) -> None:
    chance = random.Random(seed)
    other = [chance.uniform(-0.05, 0.05) for _ in returns]
    before = walk_forward([returns, other], folds)
    assert len(before) == folds
    changed = [*returns[: before[-1].first], *(0.5 for _ in returns[before[-1].first :])]
    after = walk_forward([changed, other], folds)
    assert [fold.chosen for fold in after] == [fold.chosen for fold in before]
    assert after[:-1] == before[:-1]


@pytest.mark.parametrize("trials", [[], [[]], [[0.01] * 100], [[0.0] * 400]])
def test_too_little_for_a_walk_gives_none(trials: list[list[float]]) -> None:
    assert walk_forward(trials) == []
