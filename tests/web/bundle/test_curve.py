"""Order of a curve, and the fall within it."""

from datetime import UTC, datetime, timedelta

from aion.clock import iso
from aion.web.bundle import curve

START = datetime(2022, 5, 19, tzinfo=UTC)


def make(values: list[float]) -> dict[str, float]:
    return {iso(START + timedelta(minutes=i)): value for i, value in enumerate(values)}


def test_in_order_when_times_are_of_different_length_then_order_is_that_of_time() -> None:
    mixed = {"2022-05-19T13:31Z": 2.0, "2022-05-19T13:30:30Z": 1.0, "2022-05-19T15:31:01+02:00": 3.0}
    assert list(curve.in_order(mixed).values()) == [1.0, 2.0, 3.0]


def test_drawdown_when_curve_falls_from_its_peak_then_fraction_and_peak_are_given() -> None:
    found = curve.drawdown(make([100, 120, 90, 108]))
    assert found == curve.Fall(0.1, 0.25, START + timedelta(minutes=1))


def test_drawdown_when_there_is_no_curve_then_nothing_is_said() -> None:
    assert curve.drawdown(make([100])) is None
    assert curve.drawdown(make([-5, -6])) is None
