"""Strategies by name."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from aion.bot.strategy.base import Strategy
from aion.bot.strategy.intraday_momentum import IntradayMomentum
from aion.bot.strategy.opening_range_breakout import OpeningRangeBreakout
from aion.bot.strategy.ranking import CrossSectionalMomentum, ShortTermReversal
from aion.bot.strategy.trend import EqualWeight, TimeSeriesMomentum
from aion.bot.strategy.vwap import VwapReversion, VwapTrend
from aion.errors import ConfigError

Maker = Callable[[tuple[str, ...], Mapping[str, Any]], Strategy]

_KINDS: dict[str, tuple[Literal["intraday", "swing"], Maker]] = {
    OpeningRangeBreakout.name: ("intraday", OpeningRangeBreakout),
    VwapReversion.name: ("intraday", VwapReversion),
    VwapTrend.name: ("intraday", VwapTrend),
    IntradayMomentum.name: ("intraday", IntradayMomentum),
    CrossSectionalMomentum.name: ("swing", CrossSectionalMomentum),
    ShortTermReversal.name: ("swing", ShortTermReversal),
    TimeSeriesMomentum.name: ("swing", TimeSeriesMomentum),
    EqualWeight.name: ("swing", EqualWeight),
}


def strategy_names(kind: Literal["intraday", "swing"]) -> list[str]:
    """Return the names of the strategies of a kind, sorted."""
    return sorted(name for name, (its_kind, _) in _KINDS.items() if its_kind == kind)


def make_strategy(
    name: str, kind: Literal["intraday", "swing"], symbols: tuple[str, ...], parameters: Mapping[str, Any]
) -> Strategy:
    """Return a new strategy.

    Args:
        name: e.g. `opening_range_breakout`.
        kind: of the bot that it is for.
        symbols: of the bot.
        parameters: of the strategy; those left out have their defaults.

    Raises:
        ConfigError: no such strategy, one of the other kind, or a parameter that it refuses.
    """
    if name not in _KINDS:
        raise ConfigError(f"there is no strategy {name!r}; known for {kind} bots: {', '.join(strategy_names(kind))}")
    its_kind, maker = _KINDS[name]
    if its_kind != kind:
        raise ConfigError(
            f"strategy {name!r} is for {its_kind} bots; known for {kind} bots: {', '.join(strategy_names(kind))}"
        )
    return maker(symbols, parameters)
