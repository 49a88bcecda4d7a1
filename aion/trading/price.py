"""Newest prices of what an account does not trade itself: a currency of its costs, the underlying of an option."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

PriceOf = Callable[[str, datetime], Decimal | None]
"""Symbol and market time -> price per unit of the newest bar that had closed by then; None where none is known."""


def unpriced(symbol: str, at: datetime) -> Decimal | None:
    """Return no price: of an account that is made without a feed."""
    return None
