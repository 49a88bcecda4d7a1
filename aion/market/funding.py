"""Funding rates of perpetuals, from a table beside the bars.

`funding.csv` in a folder of bars has the columns `symbol`, `time` and `rate`, and optionally `price`, the mark price
that the exchange took. Times are ISO 8601 with a zone, rates fractions: 0.0001 is 0.01 %. At a rate above 0 whoever
is long pays whoever is short.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aion.clock import iso, parse_iso
from aion.market.line_table import Row, read_rows

FILE = "funding.csv"
MAX_BYTES = 64 << 20
_NEEDED = ("symbol", "time", "rate")
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What a perpetual pays at one time."""

    symbol: str
    at: datetime
    rate: Decimal
    """Fraction of the position's value; above 0 longs pay, below 0 shorts do."""
    price: Decimal | None = None
    """Mark price that its value is reckoned at; None for the newest close."""


def read_funding(path: Path) -> tuple[list[FundingRate], list[str]]:
    """Return the rates of a file in order of time, and what is wrong with the lines that were left out.

    No file means no rates. Of two lines of one symbol and time that differ neither is taken.

    Raises:
        FeedError: the file cannot be read at all.
    """
    complaints: list[str] = []
    found: dict[tuple[str, datetime], FundingRate | None] = {}
    try:
        for where, row in read_rows(path, _NEEDED, MAX_BYTES):
            try:
                rate = _rate(row)
            except ValueError as error:
                complaints.append(f"{where} is left out: {error}")
                continue
            key = rate.symbol, rate.at
            if key in found and found[key] != rate:
                which = f"the rate of {rate.symbol} at {iso(rate.at)}"
                complaints.append(f"{where} and one before it differ in {which}: neither is taken")
                found[key] = None
            else:
                found[key] = rate
    except FileNotFoundError:
        return [], []
    if len(complaints) > _EXAMPLES:
        complaints = [*complaints[:_EXAMPLES], f"{path}: {len(complaints) - _EXAMPLES} more lines are left out"]
    rates = [each for each in found.values() if each is not None]
    return sorted(rates, key=lambda each: (each.at, each.symbol)), complaints


def _rate(row: Row) -> FundingRate:
    symbol, time, rate = ((row.get(name) or "").strip() for name in _NEEDED)
    if not symbol:
        raise ValueError("it has no symbol")
    try:
        at = parse_iso(time)
    except ValueError:
        raise ValueError(f"{time[:40]!r} is not a time with a zone, such as 2024-01-01T08:00Z") from None
    value = _number("rate", rate)
    if abs(value) >= 1:
        raise ValueError(f"rate {rate[:40]} is {value:.0%}: rates are fractions, 0.0001 is 0.01 %")
    price = (row.get("price") or "").strip()
    mark = _number("price", price) if price else None
    if mark is not None and mark <= 0:
        raise ValueError(f"price {price[:40]} is not above 0")
    return FundingRate(symbol, at, value, mark)


def _number(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or len(text) > 60 or not -40 < value.adjusted() < 20:
        raise ValueError(f"{name} {text[:40]!r} is not a number")
    return value
