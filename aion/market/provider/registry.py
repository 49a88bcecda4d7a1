"""Data providers by name: Aion's own, and entry points `aion.providers` of installed packages."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from aion.config import Settings
from aion.errors import ConfigError
from aion.extras import offered, open_offered
from aion.market.provider.alpaca import AlpacaProvider
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.protocol import Provider
from aion.market.provider.yahoo import YahooProvider

GROUP = "aion.providers"
KINDS = ("minute", "day")
MAX_PARALLEL = 64


def _text(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


BUILT_IN: Mapping[str, Callable[[Settings], Provider]] = {
    "ccxt": lambda settings: CcxtProvider(settings.venue),
    "alpaca": lambda settings: AlpacaProvider(_text(settings.alpaca_key), _text(settings.alpaca_secret)),
    "yahoo": lambda _: YahooProvider(),
}
"""How each of Aion's own providers is opened; one of these names is never replaced by a package."""


def is_online(name: str) -> bool:
    """Return True if the feed named `name` uses a provider."""
    return name in BUILT_IN or name in offered(GROUP)


def provider_names() -> list[str]:
    """Return the names that `open_provider` knows, Aion's own first."""
    return [*BUILT_IN, *sorted(offered(GROUP).keys() - BUILT_IN.keys())]


def open_provider(name: str, settings: Settings) -> Provider:
    """Return the provider named `name`.

    Args:
        name: one of `provider_names()`.
        settings: passed to the provider: venue, keys, symbols.

    Raises:
        ConfigError: no such provider, an entry point that cannot be imported or called, or one that does not return a
            provider.
    """
    if name in BUILT_IN:
        return BUILT_IN[name](settings)
    point = offered(GROUP).get(name)
    if point is None:
        raise ConfigError(f"there is no data provider {name!r}; known: {', '.join(provider_names())}")
    made: Provider = open_offered(point, "data provider", what_is_wrong, lambda found: found(settings))
    return made


def what_is_wrong(found: Any) -> str:
    """Return why `found` does not implement `Provider`; `""` if it does."""
    for name in ("instruments", "bars", "actions", "reset"):
        if not callable(getattr(found, name, None)):
            return f"it has no method {name}"
    for name in ("name", "provenance", "timezone"):
        value = getattr(found, name, None)
        if not isinstance(value, str) or not value:
            return f"{name} is {value!r}, not a text"
    for name in ("asks_each", "is_history_adjusted"):
        if not isinstance(getattr(found, name, None), bool):
            return f"{name} is {getattr(found, name, None)!r}, not True or False"
    for name in ("delay_s", "pace_s"):
        value = getattr(found, name, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            return f"{name} is {value!r}, not a number of seconds from 0 up"
    parallel = getattr(found, "parallel", None)
    if isinstance(parallel, bool) or not isinstance(parallel, int) or not 1 <= parallel <= MAX_PARALLEL:
        return f"parallel is {parallel!r}, not a whole number from 1 to {MAX_PARALLEL}"
    chunk = getattr(found, "chunk", None)
    if not isinstance(chunk, Mapping) or any(
        not isinstance(chunk.get(kind), timedelta) or chunk[kind] <= timedelta(0) for kind in KINDS
    ):
        return f"chunk is {chunk!r}, not a positive timedelta for each of {' and '.join(KINDS)}"
    return ""
