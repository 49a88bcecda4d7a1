"""Feeds: sources of bars behind one protocol."""

from pathlib import Path

from aion.config import Settings
from aion.errors import ConfigError
from aion.market import calendar
from aion.market.feed.folder import FolderFeed
from aion.market.feed.online import OnlineFeed
from aion.market.feed.recorded import RecordedFeed
from aion.market.own_day import read_own_days
from aion.market.provider.registry import is_online, open_provider, provider_names
from aion.market.series import Batch, Feed, Kind

__all__ = [
    "Batch", "Feed", "FolderFeed", "Kind", "OnlineFeed", "RecordedFeed", "is_online", "open_feed", "open_provider",
    "take_closures",
]  # fmt: skip

OFFLINE = ("recorded", "folder")
"""Feeds that need no network."""


def open_feed(name: str, settings: Settings | None = None) -> FolderFeed | RecordedFeed | OnlineFeed:
    """Return the feed named `name`.

    Args:
        name: `recorded`, `folder` or a data provider's.
        settings: symbols, folder and venue of the feed; None for the defaults.

    Raises:
        ConfigError: no feed has that name, or its settings are invalid.
        FeedError: it cannot be read or reached.
    """
    settings = settings or Settings()
    left_out = take_closures(settings)
    feed = _open(name, settings)
    feed.complaints += left_out
    return feed


def take_closures(settings: Settings) -> list[str]:
    """Trade by the user's own table of closures, if there is one; return what is wrong with lines left out.

    Raises:
        ConfigError: it cannot be read at all.
    """
    if not settings.closures:
        calendar.use_own_days(())
        return []
    days, wrong = read_own_days(Path(settings.closures).expanduser())
    return [*wrong, *(f"{settings.closures}: {each}" for each in calendar.use_own_days(days))]


def _open(name: str, settings: Settings) -> FolderFeed | RecordedFeed | OnlineFeed:
    if name == "recorded":
        return RecordedFeed()
    if name == "folder":
        return FolderFeed(settings.folder, settings.symbols)
    if is_online(name):
        return OnlineFeed(open_provider(name, settings), settings.symbols)
    raise ConfigError(f"feed {name!r} is unknown; use one of {', '.join([*OFFLINE, *provider_names()])}")
