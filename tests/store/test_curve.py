"""A short curve is the whole one in all that a trader looks for."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aion import performance
from aion.clock import iso
from aion.store import curve

START = datetime(2022, 5, 19, tzinfo=UTC)
VALUES = st.lists(st.floats(-1e9, 1e9) | st.integers(-3, 3).map(float), min_size=1, max_size=900)


def make(values: list[float]) -> dict[str, float]:
    return {iso(START + timedelta(minutes=index)): value for index, value in enumerate(values)}


@given(VALUES, st.integers(curve.FEWEST, 200), st.integers(0, 300))
def test_thin_when_any_curve_then_drawdown_and_ends_are_those_of_the_whole(
    values: list[float], points: int, newest: int
) -> None:
    whole = make(values)
    short = curve.thin(whole, points, newest)
    assert len(short) <= points
    assert list(short) == [ts for ts in whole if ts in short] and short.items() <= whole.items()
    found = list(short.values())
    assert (found[0], found[-1]) == (values[0], values[-1])
    assert performance.max_drawdown(found) >= performance.max_drawdown(values)
    if min(values) >= 0:  # below zero a fall is over 100 % of its peak, and more so of a lower peak
        assert performance.max_drawdown(found) == performance.max_drawdown(values)
    if points >= 6:
        assert (min(found), max(found)) == (min(values), max(values))
        assert performance.drawdown(found) == performance.drawdown(values)
    tail = min(newest, points * 3 // 4 - 6, len(values))
    assert tail < 0 or found[len(found) - tail :] == values[len(values) - tail :]


@given(VALUES, st.integers(12, 200), st.randoms(use_true_random=False))
def test_thin_beside_when_hold_has_holes_then_its_extremes_and_drawdown_stay_too(
    values: list[float], points: int, chance: object
) -> None:
    whole = make(values)
    draw = getattr(chance, "random")  # noqa: B009 - hypothesis gives a random.Random
    least = draw() * 30 - 20
    hold = {ts: draw() * 100 + least for ts in whole if draw() < 0.7}
    short, beside = curve.thin_beside(whole, hold, points)
    assert len(short) <= max(points, curve.FEWEST) and beside == {ts: hold[ts] for ts in short if ts in hold}
    assert performance.max_drawdown(short.values()) >= performance.max_drawdown(values)
    if min(values) >= 0:
        assert performance.max_drawdown(short.values()) == performance.max_drawdown(values)
    if hold:
        assert (min(beside.values()), max(beside.values())) == (min(hold.values()), max(hold.values()))
        assert performance.max_drawdown(beside.values()) >= performance.max_drawdown(hold.values())
        if min(hold.values()) >= 0:
            assert performance.max_drawdown(beside.values()) == performance.max_drawdown(hold.values())


def test_thin_when_a_fall_is_one_minute_long_then_it_stays_at_every_width() -> None:
    values = [1000.0 + index % 7 for index in range(5000)]
    values[3000] = 410.0
    for points in (4, 6, 12, 60, 300, 2000):
        kept = curve.thin(make(values), points)
        assert performance.max_drawdown(kept.values()) == performance.max_drawdown(values) > 0.59, points


def test_thin_when_the_peak_of_the_worst_fall_is_not_the_highest_point_then_both_stay() -> None:
    values = [100.0, 120.0, 50.0, *[90.0 + index for index in range(200)]]
    kept = list(curve.thin(make(values), 6).values())
    assert {120.0, 50.0, 289.0} <= set(kept)


def test_chosen_when_two_series_then_points_left_out_are_extremes_of_neither() -> None:
    values = [float(number % 100) for number in range(50_000)]
    values[31_415], values[27_182] = 1000.0, -1000.0
    other = list(reversed(values))
    kept = curve.chosen([values, other], 1200)
    assert len(kept) <= 1200
    assert {0, 49_999, 31_415, 27_182, 49_999 - 31_415, 49_999 - 27_182} <= set(kept)
    assert curve.chosen([[1.0, 2.0]], 1200) == [0, 1]
