"""What trading costs: models made of dated fees; `cost` has them by name with their sources.

A fee is due on the whole of an order's day: a minimum is paid once, however many fills the order took. Each is money
in the account's currency, rounded up to its smallest amount or to what its source says. A day before the first rate
of a fee uses the first one, a day after the newest the newest; `CostModel.valid_from` says from when all are real.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from aion.model import ZERO, Side
from aion.money import MoneyUnit, unit_of
from aion.trading.slippage import SlippageModel

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Rate:
    """What a fee amounts to from one day on: max(minimum, per_value x value + per_unit x quantity), capped."""

    valid_from: date
    per_value: Decimal = ZERO
    """Fraction of price x quantity."""
    per_unit: Decimal = ZERO
    """Money a unit."""
    flat: Decimal = ZERO
    """Money an order, due when its value is above `above`."""
    above: Decimal = ZERO
    """Value up to which nothing is due, money."""
    minimum: Decimal = ZERO
    """Least an order, money."""
    maximum: Decimal | None = None
    """Most an order, money."""
    maximum_part: Decimal | None = None
    """Most an order, fraction of its value; it beats the minimum."""
    step: Decimal | None = None
    """Money step that it is rounded up to, where that is another one than its fee's."""


@dataclass(frozen=True, slots=True)
class Fee:
    """One named fee and its history."""

    name: str
    source: str
    rates: tuple[Rate, ...]
    """Oldest first."""
    side: Side | None = None
    """None for both sides."""
    step: Decimal | None = None
    """Money step that it is rounded up to; None for every digit, until an account gives its own (`CostModel.of`)."""
    liquidity: Literal["", "taker", "maker"] = ""
    """Due on fills that took a price of the market, or on those that waited at their own; empty for both."""

    def rate(self, day: date) -> Rate:
        """Return the rate of `day`; the first one for days before it."""
        found = self.rates[0]
        for rate in self.rates[1:]:
            if rate.valid_from > day:
                break
            found = rate
        return found

    def amount(self, side: Side, quantity: Decimal, value: Decimal, day: date) -> Decimal:
        """Return what an order owes on `day`, money, rounded up to `step`; a rebate is below 0.

        Args:
            side: of the order.
            quantity: units filled that day, > 0.
            value: sum of price x quantity of them, money.
            day: market day.
        """
        if self.side not in (None, side):
            return ZERO
        rate = self.rate(day)
        if not quantity or (rate.above and value <= rate.above):
            return ZERO
        due = rate.flat + rate.per_value * value + rate.per_unit * quantity
        if rate.minimum:
            due = max(due, rate.minimum)
        if rate.maximum is not None:
            due = min(due, rate.maximum)
        if rate.maximum_part is not None:
            due = min(due, rate.maximum_part * value)
        if self.step is None:
            return due
        step = self.step if rate.step is None else max(rate.step, self.step)
        return ((due / step).to_integral_value(ROUND_CEILING) * step).quantize(self.step, ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Overnight:
    """What holding a position over nights costs, by year."""

    name: str
    source: str
    rates: tuple[tuple[date, Decimal], ...]
    """Annual fraction of the position's value from each day on, oldest first."""
    longs: bool
    """True when long positions pay it."""
    shorts: bool
    """True when short positions pay it."""

    def rate(self, day: date) -> Decimal:
        """Return the annual rate of `day`."""
        found = self.rates[0][1]
        for since, rate in self.rates[1:]:
            if since > day:
                break
            found = rate
        return found


@dataclass(frozen=True, slots=True)
class CostModel:
    """A named set of fees, what holding costs, and the slippage that goes with it."""

    name: str
    title: str
    currency: str
    """ISO 4217 currency of flat amounts; empty when it has none."""
    valid_from: date
    """From this day on all rates are those that were due."""
    slippage: SlippageModel
    fee_list: tuple[Fee, ...] = ()
    overnights: tuple[Overnight, ...] = ()
    currency_symbol: str = ""
    """Symbol whose price is that of 1 `currency` in the account's, where they differ; empty where they do not."""
    tiers: tuple[tuple[Decimal, "CostModel"], ...] = ()
    """Volume from which another model applies, ascending."""
    tier_by: Literal["value", "units"] = "value"
    tier_days: int = 30
    """Calendar days before a market day whose volume counts; 0 for those of its month."""

    def of(self, unit: MoneyUnit) -> "CostModel":
        """Return the model for an account of `unit`: no fee is rounded to less than its smallest amount."""
        symbol = self.currency_symbol if self.currency != unit.currency else ""
        least = (unit_of(self.currency) if symbol else unit).step
        fees = (replace(each, step=max(each.step or least, least)) for each in self.fee_list)
        tiers = tuple((above, each.of(unit)) for above, each in self.tiers)
        return replace(self, fee_list=tuple(fees), tiers=tiers, currency_symbol=symbol)

    def at(self, traded: Decimal) -> "CostModel":
        """Return the model of a market day before which `traded` was traded: value in money, or units."""
        found = self
        for above, model in self.tiers:
            if traded >= above:
                found = model
        return found

    @property
    def is_by_value(self) -> bool:
        """Tell whether all fees are parts of the value: fees a share or an order mean nothing on adjusted prices."""
        models = (self, *(model for _, model in self.tiers))
        rates = [rate for model in models for fee in model.fee_list for rate in fee.rates]
        money = (each for rate in rates for each in (rate.per_unit, rate.flat, rate.minimum, rate.maximum, rate.step))
        return not any(money)

    def fees(
        self, side: Side, quantity: Decimal, value: Decimal, day: date, made: tuple[Decimal, Decimal] = (ZERO, ZERO)
    ) -> dict[str, Decimal]:
        """Return each fee of an order's day that is not zero by name; a rebate is below 0.

        Args:
            side: as `Fee.amount`.
            quantity: as `Fee.amount`.
            value: as `Fee.amount`.
            day: as `Fee.amount`.
            made: quantity and value among them of fills that waited at their own price.
        """
        parts = {"": (quantity, value), "maker": made, "taker": (quantity - made[0], value - made[1])}
        due = ((fee.name, fee.amount(side, *parts[fee.liquidity], day)) for fee in self.fee_list)
        found: dict[str, Decimal] = {}
        for name, amount in due:
            if amount:
                found[name] = found[name] + amount if name in found else amount
        return found

    def overnight(self, value: Decimal, nights: int, day: date) -> tuple[str, Decimal] | None:
        """Return name and amount (money > 0, not yet rounded) of holding a position, or None when it is free.

        Args:
            value: size of the market value, money, negative when short.
            nights: calendar days held.
            day: market day on which the nights began.
        """
        found = [each for each in self.overnights if (each.longs if value > 0 else each.shorts)]
        amount = sum((abs(value) * each.rate(day) * nights / DAYS_A_YEAR for each in found), ZERO)
        return (" + ".join(each.name for each in found), amount) if amount > 0 else None
