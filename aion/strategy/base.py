"""What a strategy is: a rule that is handed closed bars and says what it thinks of each symbol.

This module is the interface for packages of others: what stands in it stays as it is within a major version.

A strategy is a deterministic function of the bars and moments it was handed, in their order. It does no I/O, asks no
clock and keeps bounded state, so that the cost of a bar stays flat and a restart that hands it the same bars brings
it back to the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from aion.errors import ConfigError
from aion.model import Bar, Signal


@dataclass(frozen=True, slots=True)
class Moment:
    """What a strategy may know beside the bars; nothing in it lies after `ts`, schedules of sessions apart."""

    ts: datetime
    """Close of the bars, market time."""
    day: str
    """Session day, e.g. `2022-05-19`."""
    opens_at: datetime
    """Open of the session."""
    closes_at: datetime
    """Scheduled close of the session."""
    positions: Mapping[str, Decimal]
    """Signed quantity held after the fills of these bars; a symbol that is not held is absent."""
    bar_minutes: int = 1
    """Length of an intraday bar that no end of a session cuts, minutes."""


class Strategy(Protocol):
    """A decision rule for one bot; the name, parameters and formula of each are in its own docstring."""

    name: ClassVar[str]
    kind: ClassVar[Literal["intraday", "swing"]]
    rule: str
    """The rule in one line, for people, with its parameters in it."""
    look_back: int
    """Bars of each symbol, before the present one, that its view depends on; an intraday rule that needs no more than
    its session and the close before it says 0."""

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take the bars that closed at `moment.ts` and return a signal for each symbol that the rule has a view on.

        Args:
            bars: by symbol, all with the same `ts`, later than those of the call before.
            moment: session and holdings at that time.
        """
        ...


class StrategyClass(Protocol):
    """What makes a strategy: the class itself, called once for each bot."""

    name: str
    kind: Literal["intraday", "swing"]

    def __call__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> Strategy:
        """Return a new strategy.

        Args:
            symbols: of the bot; `on_bars` is handed bars of these alone.
            parameters: of the bot's settings; those left out have their defaults.

        Raises:
            ConfigError: a parameter that cannot work, see `read_parameters`.
        """
        ...


class Parameters(BaseModel):
    """Base of a strategy's parameters: frozen, and a name that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


P = TypeVar("P", bound=Parameters)


def read_parameters(kind: type[P], strategy: str, values: Mapping[str, Any]) -> P:
    """Return the checked parameters of a strategy.

    Raises:
        ConfigError: an unknown parameter or a value that cannot work; the message names strategy and parameter.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(piece) for piece in first["loc"]) or "parameters"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(kind.model_fields)) or "none"
            raise ConfigError(f"strategy {strategy} has no parameter {name!r}; known: {known}") from None
        raise ConfigError(f"strategy {strategy}: {name} = {first['input']!r} cannot work: {first['msg']}") from None


def unit(value: float) -> float:
    """Return `value` held within 0..1, rounded to four decimals, as a strength is written."""
    return round(min(1.0, max(0.0, value)), 4)
