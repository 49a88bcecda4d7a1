"""What is wrong with the files of a section: each problem is named, and the section shows what is whole."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from aion.errors import StateError
from aion.live.disk.source import Entry
from aion.scalar import BotId, Text
from aion.store.document.base import Document, Envelope, made
from aion.store.document.left_out import lines

ProblemKind = Literal[
    "unreadable",
    "incomplete",
    "missing",
    "mixed_mode",
    "mixed_run",
    "left_aside",
    "left_out",
    "same_name",
    "not_booked",
]
"""unreadable: a file that cannot be trusted, the last good content is shown; incomplete: files of one cycle
that do not agree; missing: a file that is named but absent; left_aside: a file that is no request to the bots;
left_out: entries of a file that cannot be read, the rest of it is shown; same_name: two bots have one name;
not_booked: a position lacks a corporate action."""


class Problem(Document):
    """One thing that is wrong with the data of a section; the section still shows what is whole."""

    kind: ProblemKind
    bot: BotId | None = None
    file: str = Field(description="Path below the data folder.")
    reason: Text
    file_time: AwareDatetime | None = Field(None, description="Modification time of the file.")
    since: AwareDatetime | None = Field(None, description="Market time from which the shown part is behind.")
    shown_as_of: AwareDatetime | None = Field(None, description="Market time of what is shown instead.")


Problems = dict[str, Problem]
"""By section."""


def problem(
    kind: ProblemKind,
    file: str,
    reason: str,
    *,
    bot: str | None = None,
    file_time: datetime | None = None,
    since: datetime | None = None,
    shown_as_of: datetime | None = None,
) -> Problem:
    """Return a `Problem`; `reason` is cut to what the model takes."""
    return made(Problem)(
        kind=kind, bot=bot, file=file, reason=reason[:2000], file_time=file_time, since=since, shown_as_of=shown_as_of
    )


def unreadable(file: str, entry: Entry[Any], shown: Envelope | None = None, bot: str | None = None) -> Problem:
    """Return the problem of a broken file, of which `shown` is the last good content."""
    error = entry.error
    if isinstance(error, StateError):
        where = f" at byte {error.byte}" if error.byte is not None else ""
        reason = f"{error.reason}{where}"
    else:
        reason = f"cannot be read: {error}"
    since = shown.as_of if shown else None
    at = file_time(entry.mtime_ns)
    return problem("unreadable", file, reason, bot=bot, file_time=at, since=since, shown_as_of=since)


def left_out(file: str, doc: Envelope | None, bot: str | None = None) -> Problem | None:
    """Return the problem of a document that is shown without some of its entries; None of one that is whole."""
    if doc is None or doc.left_out is None:
        return None
    count = doc.left_out.count
    said = f"{count} {'entry is' if count == 1 else 'entries are'} left out: " + "; ".join(lines(doc.left_out))
    return problem("left_out", file, said, bot=bot, shown_as_of=doc.as_of)


def add(errors: Problems, section: str, found: Problem | None) -> None:
    """Put a problem under its section; a second one of the same section gets a number."""
    if found is None:
        return
    key, count = section, 1
    while key in errors:
        count += 1
        key = f"{section}.{count}"
    errors[key] = found


def file_time(mtime_ns: int) -> datetime:
    """Return a file's time, to the second."""
    return datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
