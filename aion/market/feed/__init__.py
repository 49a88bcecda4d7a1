"""Feeds: sources of bars behind one protocol."""

from aion.config import Settings
from aion.errors import ConfigError
from aion.market.feed.folder import FolderFeed
from aion.market.feed.online import OnlineFeed
from aion.market.feed.recorded import RecordedFeed
from aion.market.provider.alpaca import AlpacaProvider
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.protocol import Provider
from aion.market.provider.yahoo import YahooProvider
from aion.market.series import Batch, Feed, Kind

__all__ = ["FEEDS", "ONLINE", "Batch", "Feed", "FolderFeed", "Kind", "RecordedFeed", "open_feed", "open_provider"]

ONLINE = ("ccxt", "alpaca", "yahoo")
"""Names that `open_provider` knows."""
FEEDS = ("recorded", "folder", *ONLINE)
"""Names that `open_feed` knows."""


def open_feed(name: str, settings: Settings | None = None) -> Feed:
    """Return the feed called `name`.

    Args:
        name: one of `FEEDS`.
        settings: what the feed is asked for: symbols, folder, venue; None for their defaults.

    Raises:
        ConfigError: there is none of that name, or it cannot work as configured.
        FeedError: it cannot be read or reached.
    """
    settings = settings or Settings()
    if name == "recorded":
        return RecordedFeed()
    if name == "folder":
        return FolderFeed(settings.folder, settings.symbols)
    if name in ONLINE:
        return OnlineFeed(open_provider(name, settings), settings.symbols)
    raise ConfigError(f"feed {name!r} is not known; known: {', '.join(FEEDS)}")


def open_provider(name: str, settings: Settings) -> Provider:
    """Return the provider of the online feed called `name`.

    Raises:
        ConfigError: there is none of that name, or it cannot work as configured.
    """
    if name == "ccxt":
        return CcxtProvider(settings.venue)
    if name == "alpaca":
        secrets = (settings.alpaca_key, settings.alpaca_secret)
        key, secret = ("" if each is None else each.get_secret_value() for each in secrets)
        return AlpacaProvider(key, secret)
    if name == "yahoo":
        return YahooProvider()
    raise ConfigError(f"feed {name!r} is not online; known: {', '.join(ONLINE)}")
