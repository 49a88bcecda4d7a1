"""Feeds: sources of bars behind one protocol."""

from aion.errors import ConfigError
from aion.market.feed.protocol import Batch, Feed, Kind
from aion.market.feed.recorded import RecordedFeed

__all__ = ["Batch", "Feed", "Kind", "RecordedFeed", "open_feed"]


def open_feed(name: str) -> Feed:
    """Return the feed called `name`.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == "recorded":
        return RecordedFeed()
    raise ConfigError(f"feed {name!r} is not known; known: recorded")
