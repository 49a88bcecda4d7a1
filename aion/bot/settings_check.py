"""Settings as a feed makes them possible, and rules as the desk changes them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from aion.bot.price import FeedPrices
from aion.config import BotSettings, Rules, Settings
from aion.errors import ConfigError
from aion.market.exchange import exchange_of
from aion.market.feed import Feed, FolderFeed, Kind
from aion.model import Instrument
from aion.strategy.registry import make_strategy
from aion.trading.cost import cost_model
from aion.trading.fee import CostModel


def fitted(settings: Settings, feed: Feed) -> Settings:
    """Return `settings` with the start that follows from a folder of bars where nobody said another.

    Raises:
        ConfigError: there is no bot.
    """
    if not settings.bots:
        raise ConfigError(
            f"there is no bot, and none can be made for the {feed.name} feed: its daily bars do not say whether they "
            "are raw or adjusted; add a [bots.<name>] table to aion.toml"
        )
    if isinstance(feed, FolderFeed) and "start" not in settings.model_fields_set:
        kind: Kind = "minute" if feed.instruments("minute") else "day"
        return settings.model_copy(update={"start": feed.span(kind)[0]})
    return settings


def check_bot(name: str, settings: BotSettings) -> None:
    """See that the strategy, its parameters, the cost model and the exchange of a bot are known.

    Raises:
        ConfigError: one is not; the message names bot and value.
    """
    try:
        exchange_of(settings.exchange)
        make_strategy(settings.strategy, settings.kind, settings.symbols, settings.parameters)
        cost_model(settings.cost, settings.own_cost)
    except ConfigError as error:
        raise ConfigError(f"bots.{name}: {error}") from None


def instruments_of(name: str, settings: BotSettings, feed: Feed, kind: Kind) -> dict[str, Instrument]:
    """Return the instruments of a bot by symbol.

    Args:
        name: of the bot.
        settings: of it.
        feed: where its bars come from.
        kind: of its bars.

    Raises:
        ConfigError: a symbol that the feed has not got, or that the bot cannot trade.
    """
    offered = feed.instruments(kind)
    found: dict[str, Instrument] = {}
    for symbol in settings.symbols:
        instrument = offered.get(symbol)
        if instrument is None:
            raise ConfigError(
                f"bots.{name}: the {feed.name} feed has no {kind} bars of {symbol!r}; "
                f"it has {', '.join(sorted(offered))}"
            )
        if instrument.currency != settings.currency:
            raise ConfigError(
                f"bots.{name}: {symbol} trades in {instrument.currency}, the account is in {settings.currency}"
            )
        if (instrument.settlement or settings.currency) != settings.currency:
            raise ConfigError(
                f"bots.{name}: {symbol} is paid in {instrument.settlement}, the account is in {settings.currency}: "
                "trade one that is paid in the currency of its prices"
            )
        if exchange_of(instrument.exchange).hours != exchange_of(settings.exchange).hours:
            raise ConfigError(
                f"bots.{name}: {symbol} trades on {instrument.exchange}, whose sessions are not those of "
                f"{settings.exchange}"
            )
        if settings.kind == "swing" and instrument.price_basis is None:
            raise ConfigError(
                f"bots.{name}: the {feed.name} feed does not say whether {symbol} is raw or adjusted for splits and "
                "dividends, and this bot holds overnight: say it where the bars come from (aion import --price-basis)"
            )
        found[symbol] = instrument
    _check_cost(name, settings, found, feed)
    return found


def _check_cost(name: str, settings: BotSettings, instruments: Mapping[str, Instrument], feed: Feed) -> None:
    model = cost_model(settings.cost, settings.own_cost)
    adjusted = next((symbol for symbol, each in instruments.items() if each.price_basis == "adjusted"), "")
    if adjusted and not model.is_by_value:
        raise ConfigError(
            f"bots.{name}: the prices of {adjusted} are adjusted, and cost model {model.name!r} charges by the share "
            "or the order, which means nothing on them: name one in per cent, such as us-equity-bps"
        )
    if model.currency_symbol and model.currency != settings.currency:
        _check_rate(name, settings, model, FeedPrices(feed).instrument(model.currency_symbol))
    elif model.currency and model.currency != settings.currency:
        raise ConfigError(
            f"bots.{name}: cost model {model.name!r} charges in {model.currency}, the account is in "
            f"{settings.currency}"
        )


def _check_rate(name: str, settings: BotSettings, model: CostModel, priced: Instrument | None) -> None:
    """See that the price by which the costs are converted is one of the feed, in the account's currency."""
    charges = f"bots.{name}: cost model {model.name!r} charges in {model.currency} at the price of"
    if priced is None:
        raise ConfigError(
            f"{charges} {model.currency_symbol}, and the feed has no past of it: import its bars into the folder of "
            "the others; with a live feed state the amounts in the currency of the account"
        )
    if priced.currency != settings.currency:
        raise ConfigError(
            f"{charges} {model.currency_symbol}, which is in {priced.currency}, and the account is in "
            f"{settings.currency}"
        )


def merged_rules(settings: BotSettings, own: Mapping[str, Any]) -> Rules:
    """Return the rules of `settings` with those of `own` in their place.

    Raises:
        ConfigError: a rule that is not known or cannot work, alone or with the bot's other settings.
    """
    try:
        rules = Rules.model_validate({**settings.rules.model_dump(), **own})
        BotSettings.model_validate({**settings.model_dump(), "rules": rules})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(piece) for piece in first["loc"] if piece != "rules") or "rules"
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"there is no rule {name!r}; known: {', '.join(Rules.model_fields)}") from None
        shown = f" = {first['input']!r}" if first["loc"] else ""
        raise ConfigError(f"{name}{shown} cannot work: {first['msg'].removeprefix('Value error, ')}") from None
    return rules
