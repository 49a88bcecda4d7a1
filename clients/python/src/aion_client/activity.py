"""Files of what a bot did on each day: all fills and trades, where the state has the newest alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable

from aion_client.errors import ClientError
from aion_client.record import Record
from aion_client.store import activity_path, read_json, write_json

Json = dict[str, Any]
EVERY_S = 5.0
"""Between two writes, and a fiftieth of the time at most: a day of many fills is a large file."""
MANY = 100
"""So many entries are written at once: half of what the state keeps."""
MOST_OF_DAY = 20_000
"""Newest entries of a part that a day's file holds."""
_CACHED_DAYS = 3


class Activity:
    """Writes the files of the days of one bot."""

    def __init__(self, root: Path, bot: str, say: Callable[[str, str], None]) -> None:
        """Args: root: the desk's data folder; say: tells of a file that cannot be read."""
        self._root = root
        self._bot = bot
        self._say = say
        self._days: dict[str, Json] = {}
        self._next = 0.0

    def is_due(self, count: int, *, is_last: bool) -> bool:
        """Tell whether `count` entries are to be written now."""
        return count > 0 and (is_last or count >= MANY or time.monotonic() >= self._next)

    def write(self, entries: list[tuple[str, str, str, Json]], envelope: Json, record_days: dict[str, Json]) -> None:
        """Add `entries` (day, part, id, entry) to the files of their days.

        Raises:
            OSError: as `write_json`; what was not written can be given again.
        """
        began = time.monotonic()
        by_day: dict[str, list[tuple[str, str, Json]]] = {}
        for day, part, name, entry in entries:
            by_day.setdefault(day, []).append((part, name, entry))
        for day, found in by_day.items():
            value = {**self._day(day), **envelope, "day": day}
            for part, name, entry in found:
                if part == "funding":
                    value["funding"] = record_days.get(day, {}).get("funding", value.get("funding", 0.0))
                    continue
                kept = value.setdefault(part, {})
                kept[name] = entry
                while len(kept) > MOST_OF_DAY:
                    del kept[next(iter(kept))]
            self._days[day] = value
            write_json(activity_path(self._root, self._bot, day), value)
        for day in sorted(self._days)[:-_CACHED_DAYS]:
            del self._days[day]
        self._next = time.monotonic() + max(EVERY_S, 50 * (time.monotonic() - began))

    def _day(self, day: str) -> Json:
        if day in self._days:
            return self._days[day]
        try:
            value = read_json(activity_path(self._root, self._bot, day)) or {}
        except ClientError as error:
            self._say(f"day {day}", f"the file of {day} is written anew: {error}")
            return {}
        return {part: each for part, each in value.items() if part in ("fills", "trades", "funding")}


def entries_of(record: Record) -> list[tuple[str, str, str, Json]]:
    """Return what is to be written, and let the record forget it."""
    found, record.unfiled = record.unfiled, []
    return found
