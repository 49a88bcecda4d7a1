"""Bots for a feed that nobody has configured any for, so that a new desk shows something at work.

They are examples, not advice: one intraday bot an exchange and currency, and for daily bars a swing bot with the
equal-weight baseline beside it.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from aion.config import BotSettings, Rules, Settings
from aion.errors import ConfigError
from aion.market import calendar
from aion.market.feed import Feed, FolderFeed, Kind
from aion.model import Instrument

CASH = Decimal(100_000)
MOST = 50  # symbols of one bot that was made; more are for whoever knows what for
_COSTS = {"XNYS": "us-equity", "XNAS": "us-equity", "XLON": "uk-cfd", "XHKG": "hk-share"}


def fitted(settings: Settings, feed: Feed) -> Settings:
    """Return `settings` with what follows from the feed where nobody said otherwise: bots, and the start of a replay.

    Raises:
        ConfigError: no bot can be made of the feed's symbols.
    """
    changes: dict[str, object] = {}
    if not settings.bots:
        changes["bots"] = bots_for(feed)
    if feed.name == FolderFeed.name and "start" not in settings.model_fields_set:
        kind: Kind = "minute" if feed.instruments("minute") else "day"
        changes["start"] = feed.span(kind)[0]
    return settings.model_copy(update=changes) if changes else settings


def bots_for(feed: Feed) -> dict[str, BotSettings]:
    """Return bots by name for all that `feed` has.

    Raises:
        ConfigError: it has nothing that a bot can trade.
    """
    bots: dict[str, BotSettings] = {}
    for (exchange, currency), symbols in _groups(feed.instruments("minute")).items():
        name = _name("vwap", exchange, currency)
        bots[name] = _bot("intraday", "vwap_trend", symbols, exchange, currency, _cost(exchange, is_adjusted=False))
    for (exchange, currency), symbols in _groups(feed.instruments("day")).items():
        offered = feed.instruments("day")
        if any(offered[symbol].price_basis is None for symbol in symbols):
            continue
        cost = _cost(exchange, is_adjusted=any(offered[each].price_basis == "adjusted" for each in symbols))
        rule = "cross_sectional_momentum" if len(symbols) >= 4 else "time_series_momentum"
        short = "xsmom" if len(symbols) >= 4 else "tsmom"
        bots[_name(f"{short}_1w", exchange, currency)] = _bot("swing", rule, symbols, exchange, currency, cost)
        bots[_name("equal_4w", exchange, currency)] = _bot(
            "swing", "equal_weight", symbols, exchange, currency, cost, horizon="4w"
        )
    if not bots:
        raise ConfigError(
            f"no bot can be made for the {feed.name} feed: it has no minute bars, and its daily bars do not say "
            "whether they are raw or adjusted"
        )
    return bots


def _groups(offered: Mapping[str, Instrument]) -> dict[tuple[str, str], tuple[str, ...]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for symbol, instrument in sorted(offered.items()):
        groups[instrument.exchange, instrument.currency].append(symbol)
    return {key: tuple(symbols[:MOST]) for key, symbols in sorted(groups.items())}


def _name(rule: str, exchange: str, currency: str) -> str:
    return f"{rule}_{currency.lower() if exchange == calendar.ALWAYS else exchange.lower()}"


def _cost(exchange: str, *, is_adjusted: bool) -> str:
    if exchange == calendar.ALWAYS:
        return "crypto-bps"
    return "us-equity-bps" if is_adjusted else _COSTS[exchange]


def _bot(
    kind: str, strategy: str, symbols: tuple[str, ...], exchange: str, currency: str, cost: str, horizon: str = "1w"
) -> BotSettings:
    positions = len(symbols) if strategy == "equal_weight" else min(5, len(symbols))
    stop = Decimal("0.01") if kind == "intraday" else Decimal("0.12") if strategy != "equal_weight" else Decimal(0)
    return BotSettings.model_validate(
        {
            "kind": kind,
            "strategy": strategy,
            "symbols": symbols,
            "exchange": exchange,
            "currency": currency,
            "cash": CASH,
            "cost": cost,
            "horizon": horizon if kind == "swing" else "",
            "parameters": {"look_back": 63} if strategy.endswith("_momentum") else {},
            "rules": Rules(max_positions=positions, max_alloc=Decimal("0.5"), stop_loss=stop),
        }
    )
