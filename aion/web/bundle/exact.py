"""Sums and products of money without the noise of binary fractions: what the decimals in the files come to.

A file's number is the shortest decimal that reads as the same float. That decimal is what is added and multiplied,
so that 0.1 + 0.2 is 0.3, and a coin's eighteenth decimal is not rounded away.
"""

from collections.abc import Iterable
from decimal import Context, Decimal
from functools import reduce

_EXACT = Context(prec=80)


def total(values: Iterable[float]) -> float:
    """Return the sum of `values`, 0 of none."""
    return float(reduce(_EXACT.add, map(_decimal, values), Decimal(0)))


def product(*values: float) -> float:
    """Return the product of `values`, 1 of none."""
    return float(reduce(_EXACT.multiply, map(_decimal, values), Decimal(1)))


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))
