"""Known instruments by symbol: exchange, currency, tick, lot and quantity step.

Sources: Hong Kong spread table (HKEX Rules, Second Schedule) and board lot of 9988 (100); LSE tick size table for
AZN (0.02 GBP at this price); Regulation NMS Rule 612 (0.01 USD).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from aion.model import Instrument, InstrumentKind, PriceBasis

_TRADED = {
    "MSFT": Instrument("MSFT", "XNAS", "USD", name="Microsoft"),
    "AZN.L": Instrument("AZN.L", "XLON", "GBP", tick=Decimal("0.02"), name="AstraZeneca"),
    "9988.HK": Instrument("9988.HK", "XHKG", "HKD", tick=Decimal("0.05"), lot=Decimal(100), name="Alibaba Group"),
}
ADJUSTED_STEP = Decimal("0.0001")  # adjusted prices are not tradable prices, so shares come in fractions
UNCOUNTED: frozenset[InstrumentKind] = frozenset(("fx", "index"))
"""Kinds that are traded where nobody counts a volume."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What somebody says of an instrument beside its bars; None where nothing is said."""

    kind: InstrumentKind | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    step: Decimal | None = None
    """Smallest step of a quantity."""
    multiplier: Decimal | None = None
    margin: Decimal | None = None
    settlement: str | None = None
    expiry: str | None = None
    """A market day, at whose close it ends, or a time with a zone."""
    strike: Decimal | None = None
    right: Literal["call", "put"] | None = None
    underlying: str | None = None
    final_price: Decimal | None = None


def instrument(symbol: str, exchange: str, currency: str, basis: PriceBasis) -> Instrument:
    """Return the instrument of `symbol`.

    Adjusted series get a price step of 0.0001 and fractional shares; an unknown raw symbol gets a tick of 0.01 and
    whole shares.
    """
    if basis == "adjusted":
        return Instrument(
            symbol, exchange, currency, ADJUSTED_STEP, ADJUSTED_STEP, ADJUSTED_STEP, price_basis="adjusted"
        )
    return _TRADED.get(symbol) or Instrument(symbol, exchange, currency)
