"""Money of one account: into how many decimals it is divided, and the one rule by which it is rounded.

Costs are rounded up, income down, and marks and sums half to even, each once and to the account's smallest amount.
"""

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DefaultContext, getcontext

from aion.currency import decimals_of

DIGITS = 38  # 20 before the point of a coin of 18 decimals; the library reckons with them as fast as with its own 28
_EXACT = Context(prec=200)

# two places: the prototype of what threads get from now on, and what this thread has already
for _context in (DefaultContext, getcontext()):
    _context.prec = max(_context.prec, DIGITS)


@dataclass(frozen=True, slots=True)
class MoneyUnit:
    """The smallest amount that an account keeps, and rounding to it."""

    currency: str
    """ISO 4217, or the name of a coin."""
    decimals: int
    """0..18."""
    step: Decimal = field(init=False)
    """The smallest amount: 0.01 of dollars, 1 of yen, 0.00000001 of Bitcoin."""
    zero: Decimal = field(init=False)
    """Nothing, with its decimals: sums that begin with it are written alike."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", Decimal(1).scaleb(-self.decimals))
        object.__setattr__(self, "zero", 0 * self.step)

    def round(self, amount: Decimal) -> Decimal:
        """Round a mark or a sum half to even, where no side is favoured."""
        return amount.quantize(self.step, ROUND_HALF_EVEN)

    def cost(self, amount: Decimal) -> Decimal:
        """Round what is paid up: a rounding is never in our favour."""
        return amount.quantize(self.step, ROUND_CEILING)

    def income(self, amount: Decimal) -> Decimal:
        """Round what is received down: a rounding is never in our favour."""
        return amount.quantize(self.step, ROUND_FLOOR)


def unit_of(currency: str, decimals: int | None = None) -> MoneyUnit:
    """Return the unit of an account in `currency`: of ISO 4217, or 8 decimals of a coin, unless others are given."""
    return MoneyUnit(currency, decimals_of(currency) if decimals is None else decimals)


def unit_json(unit: MoneyUnit) -> dict[str, str | int]:
    """Return what documents say of an account's money: its currency, and its decimals if they are unusual."""
    usual = unit.decimals == decimals_of(unit.currency)
    return {"currency": unit.currency} if usual else {"currency": unit.currency, "decimals": unit.decimals}


def value_of(price: Decimal, units: Decimal) -> Decimal:
    """Return price x units with every digit: a product that is rounded before it is rounded up could come out low."""
    return _EXACT.multiply(price, units)


def plain_text(value: Decimal) -> str:
    """Return a number in plain digits, all that it has: `0.00000005` and `500`, never `5E-8` or `5.0E+2`."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def decimals_in(value: Decimal) -> int:
    """Return how many decimals a finite number is written with, 0 at least."""
    return max(0, -int(value.as_tuple().exponent))
