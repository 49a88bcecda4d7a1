"""What is held of one symbol, and what its round trip has cost and brought."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, ClassVar

from aion.clock import iso, parse_iso
from aion.model import ONE, ZERO, Side, Trade
from aion.money import plain_text

LEAST_DECIMALS = 4  # of an average price
MOST_DIGITS = 18  # of an average that is shown: a mark that a ratio divided has as many as numbers can have

Valued = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal]
"""The newest market value: mark, quantity and multiplier that it was reckoned of, and the value."""


class Holding:
    """The open side of one symbol, with what its round trip has cost and brought so far."""

    __slots__: ClassVar[tuple[str, ...]] = (
        "average_price",
        "basis",
        "borrow",
        "carried",
        "decimals",
        "entry_quantity",
        "entry_value",
        "exit_quantity",
        "exit_value",
        "fees",
        "funding",
        "is_settled",
        "margin",
        "multiplier",
        "opened_at",
        "quantity",
        "realized",
        "slippage",
        "valued",
    )

    def __init__(self, opened_at: datetime, nothing: Decimal = ZERO) -> None:
        """Args: opened_at: market time; nothing: 0 with the decimals of the account's money."""
        self.opened_at = opened_at
        self.quantity = ZERO  # signed
        self.average_price = ZERO  # exact, fees left out
        self.basis = nothing  # money paid (+) or got (-) for what is still held, fees left out
        self.realized = nothing
        self.fees = nothing
        self.borrow = nothing
        self.funding = nothing  # received (+) or paid (-)
        self.slippage = nothing
        self.entry_quantity = ZERO
        self.entry_value = ZERO
        self.exit_quantity = ZERO
        self.exit_value = ZERO
        self.carried = ""
        self.multiplier = ONE
        self.margin = ONE
        self.is_settled = False  # only its results are paid
        self.decimals = LEAST_DECIMALS  # of its average prices
        self.valued: Valued = (None, None, None, ZERO)

    def state(self) -> dict[str, Any]:
        """Return it as JSON types."""
        values: dict[str, Any] = {name: plain_text(getattr(self, name)) for name in _HOLDING_NUMBERS}
        if self.multiplier != ONE or self.is_settled:
            values |= {"multiplier": plain_text(self.multiplier), "margin": plain_text(self.margin)}
            values["is_settled"] = self.is_settled
        if self.decimals != LEAST_DECIMALS:
            values["decimals"] = self.decimals
        if self.funding:
            values["funding"] = plain_text(self.funding)
        return {**values, "opened_at": iso(self.opened_at), "carried": self.carried}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Holding":
        """Return what `state` described."""
        holding = cls(parse_iso(state["opened_at"]))
        holding.carried = state["carried"]
        holding.decimals = state.get("decimals", LEAST_DECIMALS)
        holding.is_settled = state.get("is_settled", False)
        holding.funding = Decimal(state.get("funding", 0))
        if "multiplier" in state:
            holding.multiplier, holding.margin = Decimal(state["multiplier"]), Decimal(state["margin"])
        for name in _HOLDING_NUMBERS:
            setattr(holding, name, Decimal(state.get(name, "0") if name == "borrow" else state[name]))
        return holding

    def average(self) -> Decimal:
        """Return the average price as it is shown."""
        return self._rounded(self.average_price)

    def entry_and_exit(self) -> tuple[Decimal, Decimal]:
        """Return the average prices at which it was entered and left, of a position that is closed."""
        entry, out = self.entry_value / self.entry_quantity, self.exit_value / self.exit_quantity
        return self._rounded(entry), self._rounded(out)

    def trade(self, trade_id: str, bot: str, symbol: str, side: Side, closed_at: datetime, reason: str) -> Trade:
        """Return its round trip, now that it is closed; `side` is that of the entry."""
        entry_price, exit_price = self.entry_and_exit()
        return Trade(
            id=trade_id,
            bot=bot,
            symbol=symbol,
            side=side,
            quantity=self.exit_quantity,
            entry_price=entry_price,
            exit_price=exit_price,
            opened_at=self.opened_at,
            closed_at=closed_at,
            fees=self.fees,
            slippage=self.slippage,
            realized_pnl=self.realized,
            reason=reason,
            borrow=self.borrow,
            funding=self.funding or None,
            multiplier=self.multiplier if self.multiplier != ONE else None,
        )

    def _rounded(self, price: Decimal) -> Decimal:
        places = max(LEAST_DECIMALS, MOST_DIGITS - 1 - price.adjusted())
        return price.quantize(ONE.scaleb(-min(self.decimals, places)), ROUND_HALF_EVEN)


_NO_NUMBER = ("carried", "decimals", "funding", "is_settled", "margin", "multiplier", "opened_at", "valued")
_HOLDING_NUMBERS = tuple(name for name in Holding.__slots__ if name not in _NO_NUMBER)
