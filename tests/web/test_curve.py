"""Short curves keep their ends and extremes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aion.clock import iso
from aion.web import curve

START = datetime(2022, 5, 19, tzinfo=UTC)


def make(values: list[float]) -> dict[str, float]:
    return {iso(START + timedelta(minutes=i)): value for i, value in enumerate(values)}


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=1500), st.integers(2, 400))
def test_shorten_when_any_curve_then_ends_and_extremes_stay(values: list[float], points: int) -> None:
    whole = make(values)
    short = curve.shorten(whole, points)
    assert len(short) <= points or len(short) == len(whole) <= points
    assert list(short) == sorted(short, key=datetime.fromisoformat)
    assert short.items() <= whole.items()
    assert next(iter(short)) == next(iter(whole)) and list(short)[-1] == list(whole)[-1]
    if points >= 4:
        assert max(short.values()) == max(values) and min(short.values()) == min(values)


def test_shorten_beside_when_hold_has_gaps_then_its_times_are_those_of_the_equity() -> None:
    equity, hold = make([float(i) for i in range(100)]), make([float(-i) for i in range(100)])
    del hold[next(iter(hold))]
    short, beside = curve.shorten_beside(equity, hold, 10)
    assert set(beside) == set(short) - {next(iter(equity))}


def test_in_order_when_times_are_of_different_length_then_order_is_that_of_time() -> None:
    mixed = {"2022-05-19T13:31Z": 2.0, "2022-05-19T13:30:30Z": 1.0, "2022-05-19T15:31:01+02:00": 3.0}
    assert list(curve.in_order(mixed).values()) == [1.0, 2.0, 3.0]


def test_drawdown_when_curve_falls_from_its_peak_then_fraction_and_peak_are_given() -> None:
    found = curve.drawdown(make([100, 120, 90, 108]))
    assert found == {"drawdown": 0.1, "max_drawdown": 0.25, "peak_at": "2022-05-19T00:01Z"}


def test_drawdown_when_there_is_no_curve_then_nothing_is_said() -> None:
    assert curve.drawdown(make([100])) == {}
    assert curve.drawdown(make([-5, -6])) == {}
