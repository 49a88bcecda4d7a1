"""Creates bots for a feed without configured bots, so that a new desk shows something at work.

They are examples, not advice: an intraday bot for each exchange and currency, and for daily bars a swing bot with the
equal-weight baseline beside it. They depend only on the settings and, for a folder of bars, on its index, so that the
bots' process and the desk create the same ones without calling a provider.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aion.store.bar_index import check_entry
from aion.store.regular_file import read_regular

CASH = 100_000
MAX_INDEX_BYTES = 64 << 20
MOST = 50  # symbols of one bot that was made; more are for whoever knows what for
ALWAYS = "24/7"
_VENUE_COSTS = {
    "binance": "crypto-bps", "kraken": "kraken-spot", "coinbase": "coinbase-advanced", "bybit": "bybit-spot",
}  # fmt: skip
UNKNOWN_VENUE = "crypto-unknown"
"""Cost model of an exchange of coins whose fees are not known."""
_COSTS = {ALWAYS: "crypto-bps", "XNYS": "us-equity", "XNAS": "us-equity", "XLON": "uk-cfd", "XHKG": "hk-share"}
EXIT_MINUTES = 15  # before the close at which bars longer than 3 minutes are left, in whole bars
_YAHOO = {".L": ("XLON", "GBP"), ".HK": ("XHKG", "HKD")}
_RANKED = 4  # symbols from which a ranking says more than each on its own

Bots = dict[str, dict[str, Any]]
"""Settings of bots by name, as a settings file has them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One series that a bot could trade."""

    kind: str
    """minute or day."""
    symbol: str
    exchange: str
    currency: str
    price_basis: str | None = "raw"
    minutes: int = 1
    """Length of an intraday bar."""
    venue: str = ""
    """Exchange of coins that its bars come from, by its name in ccxt; empty when it is not known."""


def bots_for(feed: str, symbols: tuple[str, ...], folder: Path, venue: str = "") -> Bots:
    """Return bots by name; none if no known series can be traded.

    Args:
        feed: name of a feed other than the recorded one.
        symbols: what is traded; none for all that a folder has.
        folder: of the folder feed.
        venue: exchange of the ccxt feed.
    """
    offers = list(_of_folder(folder, symbols) if feed == "folder" else _of_symbols(feed, symbols))
    bots: Bots = {}
    for exchange, currency, found in _groups(each for each in offers if each.kind == "minute"):
        names = tuple(each.symbol for each in found)
        rules = {
            "max_positions": min(5, len(names)),
            "stop_loss": "0.01",
            "flat_before_close": min(5, -(-EXIT_MINUTES // found[0].minutes)),
        }
        bots[_name("vwap", exchange, currency)] = _bot(
            "intraday", "vwap_trend", names, exchange, currency, _cost(found[0], venue), rules=rules
        )
    for exchange, currency, found in _groups(each for each in offers if each.kind == "day"):
        if any(each.price_basis is None for each in found):
            continue  # it may not be held overnight
        names = tuple(each.symbol for each in found)
        is_adjusted = any(each.price_basis == "adjusted" for each in found)
        cost = "us-equity-bps" if is_adjusted and exchange != ALWAYS else _cost(found[0], venue)
        rule, short = "time_series_momentum", "tsmom_1w"
        if len(names) >= _RANKED:
            rule, short = "cross_sectional_momentum", "xsmom_1w"
        traded = (names, exchange, currency, cost)
        bots[_name(short, exchange, currency)] = _bot(
            "swing", rule, *traded, horizon="1w", parameters={"look_back": 63},
            rules={"max_positions": min(5, len(names)), "stop_loss": "0.12"},
        )  # fmt: skip
        baseline = {"max_positions": len(names), "stop_loss": 0}
        bots[_name("equal_4w", exchange, currency)] = _bot(
            "swing", "equal_weight", *traded, horizon="4w", rules=baseline
        )
    return bots


def _of_symbols(feed: str, symbols: tuple[str, ...]) -> Iterator[Offer]:
    for symbol in symbols:
        exchange, currency = "XNYS", "USD"  # for Nasdaq too: the sessions are the same
        if feed == "ccxt":
            exchange, currency = ALWAYS, symbol.rpartition("/")[2].split(":")[0]
        elif feed == "yahoo":
            exchange, currency = _YAHOO.get(f".{symbol.rpartition('.')[2]}", (exchange, currency))
            if "-" in symbol:
                exchange, currency = ALWAYS, symbol.rpartition("-")[2]
        yield Offer("minute", symbol, exchange, currency)
        yield Offer("day", symbol, exchange, currency)


def _of_folder(folder: Path, symbols: tuple[str, ...]) -> Iterator[Offer]:
    try:
        series = json.loads(read_regular(folder / "index.json", MAX_INDEX_BYTES))["series"].items()
        offers = list(_offers(series))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # the feed says what is wrong when it is opened
    yield from (each for each in offers if (not symbols or each.symbol in symbols) and each.exchange in _COSTS)


def _offers(series: Iterable[tuple[str, object]]) -> Iterator[Offer]:
    """Yield what the entries of an index offer; one that cannot be is left out, as the feed does, which says so."""
    for key, entry in series:
        with suppress(ValueError):
            each = check_entry(key, entry)
            minutes = each.get("interval_s", 60) // 60
            names = (each["kind"], each["symbol"], each["exchange"], each["currency"])
            yield Offer(*names, each["price_basis"], minutes, each.get("venue", ""))


def _cost(offer: Offer, venue: str) -> str:
    """Return the cost model of what is offered; that of coins depends on who sells them."""
    venue = offer.venue or venue
    return _VENUE_COSTS.get(venue, UNKNOWN_VENUE) if offer.exchange == ALWAYS and venue else _COSTS[offer.exchange]


def _groups(offers: Iterator[Offer]) -> list[tuple[str, str, list[Offer]]]:
    groups: dict[tuple[str, str], list[Offer]] = defaultdict(list)
    for offer in offers:
        groups[offer.exchange, offer.currency].append(offer)
    return [
        (exchange, currency, sorted(found, key=lambda each: each.symbol)[:MOST])
        for (exchange, currency), found in sorted(groups.items())
    ]


def _name(rule: str, exchange: str, currency: str) -> str:
    return f"{rule}_{currency.lower() if exchange == ALWAYS else exchange.lower()}"


def _bot(
    kind: str, strategy: str, symbols: tuple[str, ...], exchange: str, currency: str, cost: str, **more: Any
) -> dict[str, Any]:
    of_all = {"kind": kind, "strategy": strategy, "symbols": symbols, "exchange": exchange, "currency": currency}
    return of_all | {"cash": CASH, "cost": cost, **more}
