"""From what was asked for to what is run: bots, span and folder, each refused by name when it cannot work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aion.bot.settings_check import check_bot
from aion.clock import iso, parse_iso
from aion.config import MOST_CASH, BotSettings, Rules, Settings, with_costs
from aion.engine.backtest import Plan
from aion.errors import ConfigError
from aion.market.exchange import ALWAYS
from aion.market.feed import Feed, Kind
from aion.model import Instrument
from aion.scalar import BotKind
from aion.strategy.builtin.trend import EqualWeight
from aion.strategy.registry import make_strategy, strategy_kind

CASH = Decimal(100_000)  # start money of a bot that is made for the backtest, in the currency of its symbols
HORIZON = "1w"
_INSTANT = timedelta(microseconds=1)
_COSTS = {"XNYS": "us-equity", "XNAS": "us-equity", "XLON": "uk-cfd", "XHKG": "hk-share", ALWAYS: "crypto-bps"}

Parameter = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; what is left out is taken from the settings, the feed or the defaults here."""

    bots: tuple[str, ...] = ()
    """Names of bots of the settings."""
    strategy: str = ""
    """Instead of the bots' own; without `bots` a bot is made for it."""
    symbols: tuple[str, ...] = ()
    first: datetime | None = None
    """Trade from the bars that close after it."""
    last: datetime | None = None
    """Close of the last bar."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Of the strategy."""
    rules: Mapping[str, Parameter] = field(default_factory=dict)
    """Of the bot."""
    cash: Decimal | None = None
    cost: str = ""
    horizon: str = ""
    sizing: str = ""
    is_deterministic: bool = False
    is_closed_at_end: bool = False


def make_plan(settings: Settings, options: Options, feed: Feed, folder: Path) -> Plan:
    """Return the plan of a backtest.

    Args:
        settings: where the bots come from.
        options: what was asked for.
        feed: where the bars come from.
        folder: of its ledger, state files and report.

    Raises:
        ConfigError: a bot, symbol, parameter or span that cannot work.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty: choose another folder with --out")
    bots = make_bots(settings, options, feed)
    first, last = _span(bots, options, feed)
    return Plan(
        bots,
        feed,
        first,
        last,
        folder,
        options.is_deterministic,
        risk=settings.risk,
        is_closed_at_end=options.is_closed_at_end,
    )


def make_bots(settings: Settings, options: Options, feed: Feed) -> dict[str, BotSettings]:
    """Return the settings of the bots of a backtest, checked, by name.

    Raises:
        ConfigError: a bot, symbol or parameter that cannot work.
    """
    bots = {name: _changed(name, bot, options) for name, bot in _chosen(settings, options, feed).items()}
    bots = with_costs(bots, settings.costs)
    for name, bot in bots.items():
        _check_symbols(name, bot, feed)
        check_bot(name, bot)
    return bots


def _chosen(settings: Settings, options: Options, feed: Feed) -> dict[str, BotSettings]:
    if options.strategy and not options.bots:
        return {options.strategy: _made(options, feed)}
    unknown = [name for name in options.bots if name not in settings.bots]
    if unknown:
        raise ConfigError(f"there is no bot {unknown[0]!r}; known: {', '.join(sorted(settings.bots))}")
    return {name: settings.bots[name] for name in options.bots or settings.bots}


def _made(options: Options, feed: Feed) -> BotSettings:
    """Return a bot for a strategy alone; its market is that of its symbols."""
    kind = strategy_kind(options.strategy)
    offered = feed.instruments(_bars_of(kind))
    if not offered:
        raise ConfigError(f"the {feed.name} feed has no {_bars_of(kind)} bars, which {options.strategy!r} needs")
    symbols = options.symbols or _of_one_market(offered)
    found = offered.get(symbols[0])
    if found is None:
        raise _no_bars(options.strategy, symbols[0], kind, feed)
    is_baseline = options.strategy == EqualWeight.name
    return _bot(
        options.strategy,
        {
            "kind": kind,
            "strategy": options.strategy,
            "symbols": symbols,
            "exchange": found.exchange,
            "currency": found.currency,
            "cash": options.cash or CASH,
            "cost": options.cost or _cost_of(found),
            "horizon": HORIZON if kind == "swing" else "",
            "sizing": options.sizing or BotSettings.model_fields["sizing"].default,
            # the baseline is all names; with fewer positions it would be a choice
            "rules": {
                "max_positions": len(symbols) if is_baseline else min(Rules().max_positions, len(symbols)),
                "stop_loss": 0 if is_baseline else Rules().stop_loss,
            },
        },
    )


def _of_one_market(offered: Mapping[str, Instrument]) -> tuple[str, ...]:
    """Return all symbols of the exchange and currency that has most of them, by name."""
    markets: dict[tuple[str, str], list[str]] = {}
    for symbol, each in sorted(offered.items()):
        markets.setdefault((each.exchange, each.currency), []).append(symbol)
    largest: list[str] = max(markets.values(), key=len)
    return tuple(largest)


def _cost_of(instrument: Instrument) -> str:
    if instrument.price_basis == "adjusted":
        return "us-equity-bps"
    found = _COSTS.get(instrument.exchange)
    if found is None:
        raise ConfigError(f"no cost model is known for {instrument.exchange}: name one with --cost")
    return found


def _changed(name: str, bot: BotSettings, options: Options) -> BotSettings:
    changes: dict[str, Any] = {}
    if options.strategy and options.strategy != bot.strategy:
        changes |= {"strategy": options.strategy, "parameters": {}}
    if options.symbols:
        changes["symbols"] = options.symbols
    if options.parameters:
        changes["parameters"] = {**changes.get("parameters", bot.parameters), **options.parameters}
    if options.rules:
        changes["rules"] = {**bot.rules.model_dump(exclude_unset=True), **options.rules}
    for field_name in ("cash", "cost", "horizon", "sizing"):
        if getattr(options, field_name):
            changes[field_name] = getattr(options, field_name)
    return _bot(name, {**bot.model_dump(exclude_unset=True), **changes}) if changes else bot


def _bot(name: str, values: dict[str, Any]) -> BotSettings:
    try:
        return BotSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(piece) for piece in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(Rules.model_fields)
            raise ConfigError(f"bots.{name}: there is no {where!r}; known rules: {known}") from None
        shown = f" {where} = {first['input']!r} cannot work:" if where else ""
        raise ConfigError(f"bots.{name}:{shown} {first['msg'].removeprefix('Value error, ')}") from None


def _check_symbols(name: str, bot: BotSettings, feed: Feed) -> None:
    offered = feed.instruments(_bars_of(bot.kind))
    for symbol in bot.symbols:
        if symbol not in offered:
            raise _no_bars(name, symbol, bot.kind, feed)
        if offered[symbol].currency != bot.currency:
            raise ConfigError(
                f"bots.{name}: {symbol} trades in {offered[symbol].currency}, the account is in {bot.currency}: "
                "choose symbols of one currency with --symbols"
            )


def _no_bars(name: str, symbol: str, kind: BotKind, feed: Feed) -> ConfigError:
    offered = ", ".join(sorted(feed.instruments(_bars_of(kind)))) or "none"
    return ConfigError(
        f"bots.{name}: the {feed.name} feed has no {_bars_of(kind)} bars of {symbol!r}; it has {offered}"
    )


def _bars_of(kind: BotKind) -> Kind:
    return "minute" if kind == "intraday" else "day"


def _span(bots: Mapping[str, BotSettings], options: Options, feed: Feed) -> tuple[datetime, datetime]:
    kinds = {_bars_of(bot.kind) for bot in bots.values()}
    spans = [feed.span(kind) for kind in sorted(kinds)]
    begins, ends = min(span[0] for span in spans), max(span[1] for span in spans)
    if options.first is not None:
        first = options.first
    else:
        first = min(_warm(kind, [bot for bot in bots.values() if _bars_of(bot.kind) == kind], feed) for kind in kinds)
    last = options.last if options.last is not None else ends
    if first >= last:
        raise ConfigError(f"--from {iso(first)} is not before --to {iso(last)}")
    if last < begins or first >= ends:
        raise ConfigError(
            f"the {feed.name} feed has bars from {iso(begins)} to {iso(ends)}, none from {iso(first)} to {iso(last)}"
        )
    return first, last


def _warm(kind: Kind, bots: Iterable[BotSettings], feed: Feed) -> datetime:
    """Return the moment after which all strategies have the bars that they look back at."""
    bots = list(bots)
    needed = max(make_strategy(bot.strategy, bot.kind, bot.symbols, bot.parameters).look_back for bot in bots)
    begins = feed.span(kind)[0] - _INSTANT
    if not needed:
        return begins
    symbols = frozenset(symbol for bot in bots for symbol in bot.symbols)
    for number, batch in enumerate(feed.batches(kind, symbols, begins), start=1):
        if number > needed:
            return batch.ts - _INSTANT
    raise ConfigError(
        f"{bots[0].strategy} looks back {needed} {kind} bars and the {feed.name} feed has no more than that: "
        "shorten the look-back with --param look_back=N, or use a series with more bars"
    )


# what is typed


def parse_moment(text: str, *, is_end: bool) -> datetime:
    """Return the moment that `text` names: a time with a zone, or a whole UTC day.

    Args:
        text: as typed.
        is_end: True for the last bar, which a day includes; False for the moment after which bars count.

    Raises:
        ConfigError: it is neither.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            return parse_iso(text) if is_end else parse_iso(text) - _INSTANT
        except ValueError:
            raise ConfigError(f"{text!r} is neither a day (2022-05-19) nor a time with a zone") from None
    midnight = datetime.combine(day, time(), UTC)
    return midnight + timedelta(days=1) if is_end else midnight


def parse_values(pairs: Iterable[str], option: str) -> dict[str, Parameter]:
    """Return `name=value` pairs; a value that reads as a number or as true or false is one.

    Raises:
        ConfigError: a pair without `=`.
    """
    found: dict[str, Parameter] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"{option} {pair!r} is not name=value")
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Parameter:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def parse_money(text: str) -> Decimal:
    """Return an amount of money above 0, at most `MOST_CASH`.

    Raises:
        ConfigError: it is none.
    """
    try:
        value = Decimal(text.replace(",", "").replace("_", ""))
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or not 0 < value <= MOST_CASH:
        raise ConfigError(f"--cash {text!r} is not an amount above 0 and up to {MOST_CASH:,}")
    return value
