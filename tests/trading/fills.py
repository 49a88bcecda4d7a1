"""Fills."""

from decimal import Decimal

from aion.model import Fill, Side
from tests.trading.paper import at, bar


def fill(number: int, side: Side, quantity: str, price: str, fee: str = "0") -> Fill:
    fees = {"commission": Decimal(fee)} if Decimal(fee) else {}
    return Fill(
        id=f"f{number}",
        order_id=f"o{number}",
        bot="orb",
        symbol="MSFT",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fees=fees,
        slippage=Decimal(0),
        decided_at=at(number),
        filled_at=at(number),
        known_at=at(number + 1),
        reason="because",
        bar=bar(number + 1, price, price, price, price),
        price_source="open",
    )
