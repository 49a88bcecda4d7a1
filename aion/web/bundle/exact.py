"""Sums and products of money without the noise of binary fractions: what the decimals in the files come to.

A file's number is the shortest decimal that reads as the same float. That decimal is what is added and multiplied,
so that 0.1 + 0.2 is 0.3, and a coin's eighteenth decimal is not rounded away.
"""

from collections.abc import Iterable
from decimal import Context, Decimal
from functools import reduce
from itertools import repeat
from operator import eq, truediv

from aion.scalar import MOST

EXACT = Context(prec=1100)
"""More digits than the sum of any two floats has: nothing is rounded, and its order does not matter."""

_MOST_CENTS = 10**15
"""Below it, two digits behind the point are the shortest decimal that reads as a float, as any fifteen digits are."""


def total(values: Iterable[float]) -> float:
    """Return the sum of `values`, 0 of none."""
    given = list(values)
    cents = [round(value * 100) for value in given]
    if all(map(eq, map(truediv, cents, repeat(100)), given)) and max(map(abs, cents), default=0) < _MOST_CENTS:
        return sum(cents) / 100
    return float(reduce(EXACT.add, map(decimal, given), Decimal(0)))


def whole_hundredths(value: float) -> int | None:
    """Return how many hundredths `value` is, None where that is no whole number that a float can tell."""
    cents = round(value * 100)
    return cents if cents / 100 == value and abs(cents) < _MOST_CENTS else None


def product(*values: float) -> float:
    """Return the product of `values`, 1 of none."""
    return float(reduce(EXACT.multiply, map(decimal, values), Decimal(1)))


def amount(value: float) -> float | None:
    """Return `value`; None where it is larger than any number of a document, as 1e60 times 1e60 is."""
    return value if abs(value) <= MOST else None


def fraction(value: float | None) -> float | None:
    """Return a ratio to six decimals; None of none, and of one that is no number of a document, as 1 to 1e-320."""
    return round(value, 6) if value is not None and abs(value) <= MOST else None


def decimal(value: float) -> Decimal:
    """Return the shortest decimal that reads as `value`."""
    return Decimal(repr(value))
