"""Feeds: sources of bars behind one protocol."""

from aion.config import Settings
from aion.errors import ConfigError
from aion.market.feed.folder import FolderFeed
from aion.market.feed.online import OnlineFeed
from aion.market.feed.recorded import RecordedFeed
from aion.market.provider.registry import is_online, open_provider, provider_names
from aion.market.series import Batch, Feed, Kind

__all__ = ["Batch", "Feed", "FolderFeed", "Kind", "RecordedFeed", "is_online", "open_feed", "open_provider"]

OFFLINE = ("recorded", "folder")
"""Feeds that need no network."""


def open_feed(name: str, settings: Settings | None = None) -> Feed:
    """Return the feed named `name`.

    Args:
        name: `recorded`, `folder` or a data provider's.
        settings: symbols, folder and venue of the feed; None for the defaults.

    Raises:
        ConfigError: no feed has that name, or its settings are invalid.
        FeedError: it cannot be read or reached.
    """
    settings = settings or Settings()
    if name == "recorded":
        return RecordedFeed()
    if name == "folder":
        return FolderFeed(settings.folder, settings.symbols)
    if is_online(name):
        return OnlineFeed(open_provider(name, settings), settings.symbols)
    raise ConfigError(f"feed {name!r} is unknown; use one of {', '.join([*OFFLINE, *provider_names()])}")
