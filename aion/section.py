"""Parts of the settings: what all have in common, and the costs of one's own broker or exchange."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Part = Decimal
"""Fraction: 0.001 is 0.1 %."""


class Section(BaseModel):
    """A frozen part of the settings that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)


class CostSettings(Section):
    """A cost model of your own; `cost = "<name>"` of a bot uses it. Rates are fractions: 0.001 is 0.1 %."""

    title: str = Field("", max_length=120)
    """What it is of, for the report; empty for its name."""
    currency: str = Field("", pattern=r"^([A-Z0-9]{3,10})?$")
    """Currency of `per_unit`, `per_order`, `minimum` and `maximum`, which need it; that of the bots that use it."""
    rate: Part = Field(Decimal(0), ge=0, lt=1)
    """Commission each side, fraction of the value."""
    per_unit: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Commission a share, coin or contract, money; it is added to `rate`."""
    per_order: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Commission an order and day, money; it is added too."""
    minimum: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Least commission of an order and day, money."""
    maximum: Decimal | None = Field(None, gt=0, le=1_000_000_000)
    """Most commission of an order and day, money; leave it out for no limit."""
    maximum_rate: Part | None = Field(None, gt=0, lt=1)
    """Most commission of an order and day, fraction of its value; it beats the minimum."""
    taker: Part = Field(Decimal(0), ge=0, lt=1)
    """Fee of fills that took a price of the market (market and stop orders), fraction of the value."""
    maker: Part = Field(Decimal(0), ge=0, lt=1)
    """Fee of fills that waited at their own price, fraction of the value."""
    buy_tax: Part = Field(Decimal(0), ge=0, lt=1)
    """Tax on buys, such as a stamp duty, fraction of the value."""
    sell_tax: Part = Field(Decimal(0), ge=0, lt=1)
    """Tax on sales, fraction of the value."""
    spread_bps: Decimal = Field(Decimal(2), ge=0, le=10_000)
    """Whole quoted spread, basis points of the price; a market order pays half of it, and half a tick at least."""
    impact: bool = True
    """Let large orders pay for moving the price, by the bar's volume and range."""
    borrow: Part = Field(Decimal(0), ge=0, lt=10)
    """Cost of holding a short position for a year, fraction of its value."""
    financing: Part = Field(Decimal(0), ge=0, lt=10)
    """Cost of holding a long position for a year, fraction of its value; for contracts for difference and margin."""

    @model_validator(mode="after")
    def _check(self) -> "CostSettings":
        if not self.currency and (self.per_unit or self.per_order or self.minimum or self.maximum is not None):
            raise ValueError("per_unit, per_order, minimum and maximum are money: say in which currency")
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum {self.maximum} is below minimum {self.minimum}")
        return self
