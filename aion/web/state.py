"""State files as the bundles see them: checked documents, indexed by what their names say.

Nothing here looks at a clock or keeps anything; what a file held before it broke comes with its `Entry`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from aion.errors import StateError
from aion.live.disk.source import Entry
from aion.store.document.base import Document, Envelope, share_names
from aion.store.document.known import KnownMap
from aion.store.document.state import SimLog, SwingRolling
from aion.store.document_file import read_sound
from aion.store.layout import Layout, Place, is_meant_as_state, sim_log
from aion.store.newest import newest_first
from aion.web.problem import Problem, left_out, unreadable

Json = dict[str, Any]
BotState = SimLog | SwingRolling
Told = TypeVar("Told", bound=Envelope)
Doc = TypeVar("Doc", bound=Document)

MAX_OLDER_DAYS = 3  # day files looked at behind a broken one; each costs a read after a restart only


Files = Mapping[str, Entry[Any]]
"""Entry by path below the data folder; looking an entry up may read the file, listing the names does not."""


@dataclass(frozen=True, slots=True)
class Index:
    """Which state files there are."""

    days: dict[str, list[str]]
    """Days of each intraday bot, newest first."""
    swing: list[str]
    """Swing bots with a state file, by name."""
    strange: list[str]
    """JSON files in the bots' folders whose names no bot can have."""


@dataclass(frozen=True, slots=True)
class Shown(Generic[Told]):
    """What is shown of one file and what is wrong with it."""

    file: str
    doc: Told | None
    problem: Problem | None = None


def load(path: Path, relative: str, before: Document | None = None) -> Document:
    """Return what is intact of the state file `path`, `relative` to the data folder.

    Its `left_out` says what is not. What is as in the version `before`, which is not changed, is shared with it.

    Raises:
        FileNotFoundError: there is none.
        StateError: it cannot be trusted, or says another bot or day than its name.
    """
    place = Layout.place(relative)
    if place is None:
        raise StateError(relative, "has a name that no state file has")
    doc = read_sound(path, place.kind, name=relative, before=before)
    for what, said, named in place.contradicted_by(doc.__dict__):
        raise StateError(relative, f"says {what} {said}, but its name says {named!r}")
    if isinstance(doc, SimLog | SwingRolling) and not isinstance(doc.positions, KnownMap):
        share_names(doc.positions.values())
    return doc


def index(places: Mapping[str, Place | None]) -> Index:
    """Return which state files there are, given what the names of all files below the data folder are."""
    logs = newest_first(place for place in places.values() if place is not None and place.kind == "sim_log")
    days = {bot: [place.day for place in files] for bot, files in sorted(logs.items())}
    swing = [place.bot for place in places.values() if place is not None and place.kind == "swing_rolling"]
    strange = [name for name, place in places.items() if place is None and is_meant_as_state(name)]
    return Index(days, sorted(swing), sorted(strange))


def of_kind(kind: type[Doc], value: object) -> Doc | None:
    """Return the content of a file as what its name says that it is; None where there is none."""
    return value if isinstance(value, kind) else None


def look(files: Files, file: str, kind: type[Told], bot: str | None = None) -> Shown[Told] | None:
    """Return what to show of `file`: its content, or its last good content and the problem; None if there is none."""
    entry = files.get(file)
    if entry is None:
        return None
    if entry.error is None:
        doc = of_kind(kind, entry.value)
        return Shown(file, doc, left_out(file, doc, bot))
    doc = of_kind(kind, entry.last_good)
    return Shown(file, doc, unreadable(file, entry, doc, bot))


def is_read(shown: Shown[Any]) -> bool:
    """Return True where the file itself is shown, be it without some of its entries, and not what it held before."""
    return shown.problem is None or shown.problem.kind == "left_out"


def look_newest(files: Files, days: list[str], bot: str) -> Shown[SimLog] | None:
    """Return what to show of a bot's day files: the newest, or what stands behind it when that one is broken."""
    first: Shown[SimLog] | None = None
    for day in days[: 1 + MAX_OLDER_DAYS]:
        shown = look(files, sim_log(day, bot), SimLog, bot)
        if shown is None:
            continue
        if first is None:
            first = shown
            if shown.doc is not None:
                return shown
        elif shown.doc is not None:
            before = first.problem
            told = before.model_copy(update={"shown_as_of": shown.doc.as_of}) if before is not None else None
            return Shown(shown.file, shown.doc, told)
    return first


def moment(text: str) -> datetime:
    """Return the time that a document's ISO 8601 text says; two of them compare as times, their texts do not."""
    return datetime.fromisoformat(text)
