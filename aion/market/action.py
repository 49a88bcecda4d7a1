"""Corporate actions as values: what changes a holding without an order."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from aion.model import ONE, ZERO

ActionKind = Literal[
    "split", "stock_dividend", "dividend", "spin_off", "merger", "rename", "delisting", "other", "jump"
]
ACTION_KINDS: tuple[ActionKind, ...] = get_args(ActionKind)
_BY_RATIO = ("split", "stock_dividend", "spin_off", "merger")


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What changes a holding without an order; or a jump: the price of that day is real, however far from before.

    Splits, dividends and spin-offs are those of series of raw prices alone: adjusted ones have them in their prices.

    Raises:
        ValueError: an amount that is not finite and positive, or that the kind cannot be without.
    """

    symbol: str
    ex_date: date
    """First session day whose prices are without the right: holders of the session before are meant."""
    kind: ActionKind
    amount: Decimal = ZERO
    """New units for `per` old ones: 20 of a 20:1 split; of a stock dividend and a spin-off what comes on top of the
    old ones. Money a unit before tax of a dividend; 1 of a jump; 0 where there are none, or nobody said."""
    per: Decimal = ONE
    """Old units for which there are `amount` new ones: a third has no end as a decimal number."""
    into: str = ""
    """Symbol of the new units, where it is another one."""
    cash: Decimal | None = None
    """Money a unit of a merger or delisting; None where there is none, or nobody said."""
    currency: str = ""
    """Of the money; empty for that of the prices."""
    note: str = ""
    """What it is, of the kind `other`."""
    problem: str = ""
    """Why it cannot be booked as it is declared, e.g. a line that cannot be read; empty when it can."""

    def __post_init__(self) -> None:
        where = f"{self.symbol} {self.ex_date}: {self.kind}"
        is_needed = self.kind in ("split", "dividend", "jump")
        if not self.amount.is_finite() or self.amount < 0 or (is_needed and not self.amount):
            raise ValueError(f"{where} of {self.amount} is not above 0")
        if not self.per.is_finite() or self.per <= 0:
            raise ValueError(f"{where} for {self.per} old units is not for more than 0")
        if self.cash is not None and (not self.cash.is_finite() or self.cash < 0):
            raise ValueError(f"{where} at {self.cash} in cash is below 0")
        if not self.into and (self.kind in ("spin_off", "rename") or (self.kind == "merger" and self.cash is None)):
            raise ValueError(f"{where} does not say into which symbol")
        if self.into == self.symbol:
            raise ValueError(f"{where} is into {self.into} itself")

    @property
    def ratio(self) -> Decimal:
        """New units for an old one; of a stock dividend with the old one itself."""
        return self.units(ONE)

    def units(self, held: Decimal) -> Decimal:
        """Return the new units for `held` old ones, all digits kept; of a stock dividend with the old ones."""
        new = self.amount + self.per if self.kind == "stock_dividend" else self.amount
        return held * new / self.per

    @property
    def is_of_raw_prices(self) -> bool:
        """Tell whether adjusted prices have it in them."""
        return self.kind in ("split", "stock_dividend", "dividend", "spin_off")

    @property
    def is_unit_change(self) -> bool:
        """Tell whether it changes the unit in which its symbol is counted and priced."""
        return self.kind == "split" or (self.kind == "stock_dividend" and self.amount > 0)

    @property
    def text(self) -> str:
        """What it is, for people: `spin-off of GE into GEV (1 for 4), 2024-04-02`."""
        what = [f"{self.note or self.kind.replace('spin_off', 'spin-off').replace('_', ' ')} of {self.symbol}"]
        what += [f"into {self.into}"] if self.into else []
        parts = [f"{self.amount:f} for {self.per:f}"] if self.kind in _BY_RATIO and self.amount else []
        money = self.amount if self.kind == "dividend" else self.cash
        parts += [f"{money:f} {self.currency}".strip() + " a unit"] if money is not None else []
        what += [f"({', '.join(parts)})"] if parts else []
        return f"{' '.join(what)}, {self.ex_date}"
