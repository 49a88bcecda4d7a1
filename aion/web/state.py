"""State files as the bundles see them: checked JSON objects, indexed by what their names say.

Nothing here looks at a clock or keeps anything; what a file held before it broke comes with its `Entry`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from aion.clock import iso
from aion.errors import StateError
from aion.store.document.left_out import lines
from aion.store.document.piece import to_json_in_pieces
from aion.store.document_file import read_sound
from aion.store.layout import Layout, Place, is_meant_as_state, sim_log
from aion.store.newest import newest_first

Json = dict[str, Any]

MAX_OLDER_DAYS = 3  # day files looked at behind a broken one; each costs a read after a restart only


class Entry(Protocol):
    """One file below the data folder, as the live library hands it to a build."""

    @property
    def value(self) -> Json | None:
        """Its content, None while it cannot be read."""

    @property
    def error(self) -> Exception | None:
        """Why it cannot be read."""

    @property
    def last_good(self) -> Json | None:
        """Its content when it could last be read."""

    @property
    def mtime_ns(self) -> int:
        """Its modification time, nanoseconds since 1970."""


Files = Mapping[str, Entry]
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
class Shown:
    """What is shown of one file and what is wrong with it."""

    file: str
    doc: Json | None
    problem: Json | None = field(default=None)


def load(path: Path, relative: str) -> Json:
    """Return what is intact of the state file `path`, `relative` to the data folder, JSON types only.

    Its `left_out` says what is not.

    Raises:
        FileNotFoundError: there is none.
        StateError: it cannot be trusted, or says another bot or day than its name.
    """
    place = Layout.place(relative)
    if place is None:
        raise StateError(relative, "has a name that no state file has")
    doc = to_json_in_pieces(read_sound(path, place.kind, name=relative))
    for what in ("bot", "day", "horizon"):
        named = getattr(place, what)
        said = doc.get(what)
        if named and said is not None and said != named:
            raise StateError(relative, f"says {what} {said!r}, but its name says {named!r}")
    return doc


def index(places: Mapping[str, Place | None]) -> Index:
    """Return which state files there are, given what the names of all files below the data folder are."""
    logs = newest_first(place for place in places.values() if place is not None and place.kind == "sim_log")
    days = {bot: [place.day for place in files] for bot, files in sorted(logs.items())}
    swing = [place.bot for place in places.values() if place is not None and place.kind == "swing_rolling"]
    strange = [name for name, place in places.items() if place is None and is_meant_as_state(name)]
    return Index(days, sorted(swing), sorted(strange))


def look(files: Files, file: str, bot: str | None = None) -> Shown | None:
    """Return what to show of `file`: its content, or its last good content and the problem; None if there is none."""
    entry = files.get(file)
    if entry is None:
        return None
    if entry.error is None:
        return Shown(file, entry.value, left_out(file, entry.value, bot))
    doc = entry.last_good
    return Shown(file, doc, unreadable(file, entry, doc, bot))


def is_read(shown: Shown) -> bool:
    """Return True where the file itself is shown, be it without some of its entries, and not what it held before."""
    return shown.problem is None or shown.problem["kind"] == "left_out"


def look_newest(files: Files, days: list[str], bot: str) -> Shown | None:
    """Return what to show of a bot's day files: the newest, or what stands behind it when that one is broken."""
    first: Shown | None = None
    for day in days[: 1 + MAX_OLDER_DAYS]:
        shown = look(files, sim_log(day, bot), bot)
        if shown is None:
            continue
        if first is None:
            first = shown
            if shown.doc is not None:
                return shown
        elif shown.doc is not None:
            problem = dict(first.problem or {})
            problem["shown_as_of"] = shown.doc["as_of"]
            return Shown(shown.file, shown.doc, problem)
    return first


def unreadable(file: str, entry: Entry, shown: Json | None, bot: str | None) -> Json:
    """Return the `Problem` of a broken file."""
    error = entry.error
    if isinstance(error, StateError):
        where = f" at byte {error.byte}" if error.byte is not None else ""
        reason = f"{error.reason}{where}"
    else:
        reason = f"cannot be read: {error}"
    since = shown["as_of"] if shown else None
    return problem(
        "unreadable", file, reason, bot=bot, file_time=file_time(entry.mtime_ns), since=since, shown_as_of=since
    )


def left_out(file: str, doc: Json | None, bot: str | None = None) -> Json | None:
    """Return the `Problem` of a document that is shown without some of its entries; None of one that is whole."""
    if doc is None or "left_out" not in doc:
        return None
    count = doc["left_out"]["count"]
    said = f"{count} {'entry is' if count == 1 else 'entries are'} left out: " + "; ".join(lines(doc["left_out"]))
    return problem("left_out", file, said, bot=bot, shown_as_of=doc["as_of"])


def problem(kind: str, file: str, reason: str, **more: str | None) -> Json:
    """Return a `Problem` without what is None; `reason` is cut to what the model takes."""
    found: Json = {"kind": kind, "file": file, "reason": reason[:2000]}
    found.update({name: value for name, value in more.items() if value is not None})
    return found


def add(errors: dict[str, Json], section: str, found: Json | None) -> None:
    """Put a problem under its section; a second one of the same section gets a number."""
    if found is None:
        return
    key, count = section, 1
    while key in errors:
        count += 1
        key = f"{section}.{count}"
    errors[key] = found


def amount(value: float) -> float:
    """Return `value`, money, without what floats add: eight decimals hold cents and a satoshi."""
    return round(value, 8)


def file_time(mtime_ns: int) -> str:
    """Return a file's time as ISO 8601 UTC, to the second."""
    return iso(datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC))


def moment(text: str) -> datetime:
    """Return the time that a document's ISO 8601 text says; two of them compare as times, their texts do not."""
    return datetime.fromisoformat(text)
