"""Sums of money."""

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from aion.web.bundle.exact import EXACT, decimal, total

cents = st.integers(-(10**16), 10**16).map(lambda number: number / 100)


@given(st.lists(st.one_of(cents, cents, st.floats(-1e100, 1e100), st.sampled_from((-0.0, 0.1, 0.29, 1e15, 1e-9)))))
@example([0.1, 0.2])
@example([9_999_999_999_999.99] * 3)
@example([10_000_000_000_000.01] * 3)
def test_total_of_any_amounts_then_it_is_what_their_decimals_come_to(values: list[float]) -> None:
    exact = Decimal(0)
    for value in values:
        exact = EXACT.add(exact, decimal(value))
    assert total(values) == float(exact)
