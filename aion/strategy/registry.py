"""Strategies by name: Aion's own, and entry points `aion.strategies` of installed packages.

A module in `builtin` needs no registration: every class in it that is a strategy is found under its name.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any, get_args

from aion.errors import ConfigError
from aion.extras import offered, open_offered
from aion.scalar import BotKind
from aion.strategy import builtin
from aion.strategy.base import Strategy, StrategyClass

GROUP = "aion.strategies"
KINDS: tuple[BotKind, ...] = get_args(BotKind)


def strategy_names(kind: BotKind) -> list[str]:
    """Return the names of Aion's own strategies of a kind, sorted."""
    return sorted(name for name, found in BUILT_IN.items() if found.kind == kind)


def strategy_class(name: str) -> StrategyClass:
    """Return the strategy named `name`; one of Aion's own cannot be replaced.

    Raises:
        ConfigError: no such strategy, or an entry point that cannot be imported or is not a strategy.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    others = offered(GROUP)
    if name not in others:
        known = ", ".join([*sorted(BUILT_IN), *sorted(others)])
        raise ConfigError(f"there is no strategy {name!r}; known: {known}")
    made: StrategyClass = open_offered(others[name], "strategy", what_is_wrong)
    return made


def what_is_wrong(found: Any) -> str:
    """Return why `found` is not a strategy class; `""` if it is one."""
    if not inspect.isclass(found):
        return f"{type(found).__name__} is not a class"
    name = getattr(found, "name", "")
    if not isinstance(name, str) or not name:
        return "it has no name"
    if getattr(found, "kind", None) not in KINDS:
        return f"its kind is {getattr(found, 'kind', None)!r}, not one of {', '.join(KINDS)}"
    if not callable(getattr(found, "on_bars", None)):
        return "it has no on_bars"
    return ""


def _built_in() -> dict[str, StrategyClass]:
    """Return the strategies of `aion/strategy/builtin` by name, sorted by module."""
    found: dict[str, StrategyClass] = {}
    for module in pkgutil.iter_modules(builtin.__path__, f"{builtin.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if getattr(value, "__module__", "") != module.name or what_is_wrong(value):
                continue
            if value.name in found:
                raise ConfigError(f"two strategies are called {value.name!r}: rename the one in {module.name}")
            found[value.name] = value
    return found


BUILT_IN = _built_in()
"""Aion's own, by name."""


def strategy_kind(name: str) -> BotKind:
    """Return the kind of bot that a strategy is for.

    Raises:
        ConfigError: as `strategy_class`.
    """
    return strategy_class(name).kind


def make_strategy(name: str, kind: BotKind, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> Strategy:
    """Return a new strategy.

    Args:
        name: e.g. `opening_range_breakout`.
        kind: kind of the bot.
        symbols: symbols of the bot.
        parameters: parameters of the strategy; missing ones have their defaults.

    Raises:
        ConfigError: no such strategy, one of the other kind, or an invalid parameter.
    """
    maker = strategy_class(name)
    if maker.kind != kind:
        raise ConfigError(
            f"strategy {name!r} is for {maker.kind} bots; known for {kind} bots: {', '.join(strategy_names(kind))}"
        )
    try:
        made = maker(symbols, parameters)
        look_back, rule = made.look_back, made.rule
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - code of somebody else: whatever it raises is named, not passed on
        raise ConfigError(f"strategy {name!r} cannot be made: {type(error).__name__}: {error}") from None
    if not isinstance(look_back, int) or look_back < 0 or not isinstance(rule, str) or not rule:
        raise ConfigError(f"strategy {name!r} has look_back {look_back!r} and rule {rule!r}: a number and a sentence")
    return made
