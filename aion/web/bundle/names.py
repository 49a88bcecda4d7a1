"""Which state files there are, kept from change to change: what the name of each says is taken apart once."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from aion.store.layout import Layout, Place, is_meant_as_state
from aion.web.state import Index

ASKING = ("control", "kill", "bot_config")
"""Kinds of files by which something is asked of a bot."""


@dataclass(slots=True)
class Touched:
    """What some changed files concern."""

    intraday: set[str] = field(default_factory=set)
    """Bots with such a day file."""
    swing: set[str] = field(default_factory=set)
    """Bots with such a rolling file."""
    asked: set[str] = field(default_factory=set)
    """Bots of which something is asked by such a file."""
    files: set[str] = field(default_factory=set)
    """All others."""


class Names:
    """The names of all state files, by what they say."""

    def __init__(self) -> None:
        """Begin without a file."""
        self.asking: dict[str, dict[str, Place]] = {}
        """By bot: files by which something is asked of it."""
        self.strange: set[str] = set()
        """JSON files in the bots' folders whose names no bot can have."""
        self._places: dict[str, Place | None] = {}
        self._days: dict[str, set[str]] = {}
        self._swing: set[str] = set()
        self._index: Index | None = None

    @property
    def index(self) -> Index:
        """All of it as the cycle's reader takes it."""
        if self._index is None:
            days = {bot: self.days(bot) for bot in sorted(self._days)}
            self._index = Index(days, sorted(self._swing), sorted(self.strange))
        return self._index

    def place(self, path: str) -> Place | None:
        """Return what the name of a file says."""
        return self._places.get(path) or Layout.place(path)  # in one step: other threads ask too

    def days(self, bot: str) -> list[str]:
        """Return the days of an intraday bot, newest first."""
        return sorted(self._days.get(bot, ()), reverse=True)

    def take(self, changed: Iterable[str], files: Container[str]) -> Touched:
        """Take in that files came, changed or went; those that are there are in `files`."""
        touched = Touched()
        for path in changed:
            is_there = path in files
            is_known = path in self._places
            place = self.place(path)
            if is_there:
                self._places[path] = place
            else:
                self._places.pop(path, None)
            self._note(path, place, touched)
            if is_there != is_known:
                self._index = None
                self._move(path, place, is_there=is_there)
        return touched

    @staticmethod
    def _note(path: str, place: Place | None, touched: Touched) -> None:
        kind = place.kind if place is not None else ""
        if place is not None and kind == "sim_log":
            touched.intraday.add(place.bot)
        elif place is not None and kind == "swing_rolling":
            touched.swing.add(place.bot)
        elif place is not None and kind in ASKING:
            touched.asked.add(place.bot)
        else:
            touched.files.add(path)

    def _move(self, path: str, place: Place | None, *, is_there: bool) -> None:
        if place is None:
            if is_meant_as_state(path):
                _put(self.strange, path, is_there=is_there)
        elif place.kind == "sim_log":
            days = self._days.setdefault(place.bot, set())
            _put(days, place.day, is_there=is_there)
            if not days:
                del self._days[place.bot]
        elif place.kind == "swing_rolling":
            _put(self._swing, place.bot, is_there=is_there)
        elif place.kind in ASKING:
            asking = self.asking.setdefault(place.bot, {})
            asking.pop(path, None)
            if is_there:
                asking[path] = place
            elif not asking:
                del self.asking[place.bot]


def _put(names: set[str], name: str, *, is_there: bool) -> None:
    if is_there:
        names.add(name)
    else:
        names.discard(name)
