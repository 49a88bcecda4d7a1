"""The interface of a strategy: a rule that gets closed bars and returns a signal for each symbol.

This module is for packages of others: it does not change within a major version.

A strategy is a deterministic function of the bars and moments that it gets, in their order. It does no I/O, reads no
clock and keeps bounded state, so that the cost per bar stays constant and a restart with the same bars leads to the
same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from aion.errors import ConfigError
from aion.fact import quickly_made
from aion.model import Bar, Signal
from aion.scalar import BotKind


@quickly_made
@dataclass(frozen=True, slots=True)
class Moment:
    """What a strategy may know besides the bars; nothing in it is later than `ts`, except session schedules."""

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
    """Length of an intraday bar that is not cut by the end of a session, minutes."""


class Strategy(Protocol):
    """A decision rule for one bot; the name, parameters and formula of each are in its own docstring."""

    name: ClassVar[str]
    kind: ClassVar[BotKind]
    rule: str
    """The rule in one line, for people, with its parameters in it."""
    look_back: int
    """Number of bars of each symbol, before the present one, that its signals depend on; 0 for an intraday rule that
    needs only its session and the close before it."""

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Process the bars that closed at `moment.ts`; return a signal for each symbol on which the rule has a view.

        Args:
            bars: by symbol, at least one, all with the same `ts`, later than those of the call before.
            moment: session and holdings at that time.
        """
        ...


class StrategyClass(Protocol):
    """The class of a strategy, called once for each bot."""

    name: str
    kind: BotKind

    def __call__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> Strategy:
        """Return a new strategy.

        Args:
            symbols: the bot's symbols; `on_bars` gets bars of these only.
            parameters: from the bot's settings; missing ones have their defaults.

        Raises:
            ConfigError: an invalid parameter, see `read_parameters`.
        """
        ...


class Parameters(BaseModel):
    """Base class of a strategy's parameters: frozen; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


P = TypeVar("P", bound=Parameters)


def read_parameters(kind: type[P], strategy: str, values: Mapping[str, Any]) -> P:
    """Return the checked parameters of a strategy.

    Raises:
        ConfigError: an unknown parameter or an invalid value; the message names strategy and parameter.
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
    """Return `value` clamped to 0..1 and rounded to four decimals, the form of a strength."""
    return round(min(1.0, max(0.0, value)), 4)
