"""Feeds: sources of bars behind one protocol."""

from aion.config import Settings
from aion.errors import ConfigError
from aion.market.feed.ccxt import CcxtProvider
from aion.market.feed.folder import FolderFeed
from aion.market.feed.online import OnlineFeed
from aion.market.feed.protocol import Batch, Feed, Kind
from aion.market.feed.recorded import RecordedFeed

__all__ = ["FEEDS", "Batch", "Feed", "FolderFeed", "Kind", "RecordedFeed", "open_feed"]

FEEDS = ("recorded", "folder", "ccxt")
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
    if name == "ccxt":
        return OnlineFeed(CcxtProvider(settings.venue), settings.symbols)
    raise ConfigError(f"feed {name!r} is not known; known: {', '.join(FEEDS)}")
