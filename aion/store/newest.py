"""Finds the file with the newest state of a bot; one rule for pages, command line, watchdog and archive."""

from collections.abc import Iterable, Mapping

from aion.store.layout import Place

_KINDS = {"sim_log": "intraday", "swing_rolling": "swing"}


def newest_first(places: Iterable[Place]) -> dict[str, list[Place]]:
    """Return the files of each bot, newest market day first; files of one day keep their order."""
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place.bot, []).append(place)
    for files in found.values():
        files.sort(key=lambda place: place.day, reverse=True)
    return found


def newest_states(places: Iterable[Place], kinds: Mapping[str, str]) -> dict[str, Place]:
    """Return the file with the newest state of each bot: its swing file, else the day file of its newest day.

    Args:
        places: files below the data folder; those that are not a bot's state are ignored.
        kinds: `intraday` or `swing` by bot, where known: files of the other kind then count as older.
    """
    of_bots = (place for place in places if (kind := _KINDS.get(place.kind)) and kinds.get(place.bot, kind) == kind)
    return {
        bot: next((each for each in files if each.kind == "swing_rolling"), files[0])
        for bot, files in sorted(newest_first(of_bots).items())
    }
