"""Settings as a feed makes them possible."""

from aion.config import Settings
from aion.errors import ConfigError
from aion.market.feed import Feed, FolderFeed, Kind


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
