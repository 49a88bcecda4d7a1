"""What is asked of the logs below one data folder, by the desk's own routes or from another machine."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aion.clock import iso
from aion.errors import ConfigError, NotFoundError, StateError
from aion.store.document.base import made
from aion.store.layout import Layout, check_name
from aion.web.log import search, tail
from aion.web.log.document import LogFile, LogFileList, LogSearch, LogTail
from aion.web.problem import Problems, problem

MAX_OFFSETS = 2000  # characters
MAX_WORDS = 200
FOLLOW_S = 3.0  # that a question waits for lines to come
LOOK_S = 0.1  # between two looks for them


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked; a field that is empty asks for nothing.

    Raises:
        ConfigError: a value that cannot be one.
    """

    limit: int = 200
    """Most lines given."""
    process: str = ""
    """Only this file."""
    after: str = ""
    """`<file>:<byte offset>,...`: the lines from there on."""
    before: str = ""
    """The same: the lines that end there."""
    level: str = "debug"
    """Minimum level."""
    bot: str = ""
    text: str = ""
    """Words that a line must hold."""
    since: str = ""
    """Wall time of the first line, in ISO 8601, as `until`."""
    until: str = ""

    def __post_init__(self) -> None:
        """Refuse what no reader can take: it may have come from another machine."""
        if not 1 <= self.limit <= tail.MAX_LINES:
            raise ConfigError(f"limit {self.limit} is outside 1 to {tail.MAX_LINES} lines")
        if self.level not in search.LEVELS:
            raise ConfigError(f"level {self.level[:40]!r} is none of {', '.join(search.LEVELS)}")
        if max(len(self.after), len(self.before)) > MAX_OFFSETS or len(self.text) > MAX_WORDS or len(self.bot) > 64:
            raise ConfigError("a question of over 2000 characters of offsets, 200 of text or 64 of a bot's name")
        for each in (self.since, self.until):
            if each:
                _time(each)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "LogQuery":
        """Return the query of these values, which may be anything.

        Raises:
            ConfigError: it has a field that there is not, or a value that cannot be one.
        """
        kinds = {name: int if name == "limit" else str for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if type(value) is not kinds.get(name):
                raise ConfigError(f"{str(name)[:40]!r} of a question to the logs cannot be {str(value)[:40]!r}")
        return cls(**values)  # type: ignore[arg-type]  # each was looked at


def read_tail(layout: Layout, query: LogQuery, *, with_new: bool = False) -> LogTail:
    """Return the newest lines, or those `after` or `before` some offsets, merged by time.

    Args:
        layout: of the data folder.
        query: what is asked.
        with_new: True to give files too that `after` does not name, from their beginnings.

    Raises:
        ConfigError: an offset or a name cannot be one.
        NotFoundError: there is no log of that process.
    """
    starts, stops = _offsets("after", query.after), _offsets("before", query.before)
    names = _names(layout, query.process)
    if with_new:
        starts |= {name: 0 for name in names if name not in starts}
    elif not query.process and (starts or stops):
        names = [name for name in names if name in starts or name in stops]
    spans: list[tail.Span] = []
    errors: Problems = {}
    for name in names:
        path = layout.log(name)
        try:
            spans.append(
                tail.read_from(path, starts[name]) if name in starts else tail.read_tail(path, stop=stops.get(name))
            )
        except FileNotFoundError:
            continue
        except StateError as error:
            errors[name] = problem("unreadable", error.file, error.reason)
    found = tail.merge(spans, query.limit, oldest=bool(starts))
    found.errors = errors
    return found


def search_logs(layout: Layout, query: LogQuery) -> LogSearch:
    """Return the newest lines that a search finds; raises as `read_tail`."""
    stops = _offsets("before", query.before)
    names = [name for name in _names(layout, query.process) if not stops or name in stops]
    asked = search.Query(query.level, query.bot, query.text, *map(_utc, (query.since, query.until)))
    errors: Problems = {}
    paths = []
    for name in names:
        path = layout.log(name)
        try:
            os.close(tail.open_log(path)[0])
            paths.append(path)
        except FileNotFoundError:
            continue
        except StateError as error:
            errors[name] = problem("unreadable", error.file, error.reason)
    found = search.search(paths, asked, stops, query.limit)
    found.errors = errors
    return found


def list_logs(layout: Layout) -> LogFileList:
    """Return all log files and their sizes."""
    files: dict[str, LogFile] = {}
    for name in tail.names(layout.logs):
        try:
            descriptor, status = tail.open_log(layout.log(name))
        except (FileNotFoundError, StateError):
            continue  # `read_tail` says what is wrong with it
        os.close(descriptor)
        changed_at = datetime.fromtimestamp(int(status.st_mtime), UTC)
        files[name] = made(LogFile)(size=status.st_size, inode=str(status.st_ino), changed_at=changed_at)
    return made(LogFileList)(files=files)


def open_whole(layout: Layout, process: str) -> tuple[int, int]:
    """Return a descriptor of a whole log file, for the caller to close, and its size in bytes.

    Raises:
        NotFoundError: there is none.
        StateError: it is not a regular file.
    """
    try:
        descriptor, status = tail.open_log(layout.log(process))
    except FileNotFoundError:
        raise NotFoundError(f"there is no log of a process {process!r}") from None
    return descriptor, status.st_size


async def follow(layout: Layout, query: LogQuery, most_s: float = FOLLOW_S) -> LogTail:
    """Return what was written behind `query.after`, waiting for it at most `most_s` seconds; raises as `read_tail`.

    Files too that `after` does not name, from their beginnings.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + most_s
    before: dict[str, tuple[int, int]] | None = None
    found = made(LogTail)()
    while True:
        now = _ends(layout)
        if now != before:
            before = now
            found = await asyncio.to_thread(read_tail, layout, query, with_new=True)
        if found.lines or loop.time() >= end:
            return found
        await asyncio.sleep(LOOK_S)


def _ends(layout: Layout) -> dict[str, tuple[int, int]]:
    """Return inode and size of each log file: other ones where a line was written."""
    found: dict[str, tuple[int, int]] = {}
    for name in tail.names(layout.logs):
        try:
            status = os.lstat(layout.log(name))
        except (OSError, ConfigError):
            continue
        found[name] = status.st_ino, status.st_size
    return found


def _names(layout: Layout, process: str) -> list[str]:
    names = tail.names(layout.logs)
    if not process:
        return names
    if check_name("process", process) not in names:
        raise NotFoundError(f"there is no log of a process {process!r}")
    return [process]


def _offsets(what: str, text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in text.split(",") if text else ():
        name, _, offset = piece.rpartition(":")
        if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
            raise ConfigError(f"{what} {piece[:80]!r} is not <file>:<byte offset>")
        found[check_name("log", name)] = int(offset)
    return found


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text[:40]!r} is no time such as 2022-05-19T14:02:00Z") from None
    if found.tzinfo is None:
        raise ConfigError(f"{text[:40]!r} says no time zone: end it with Z for UTC")
    return found


def _utc(text: str) -> str:
    return iso(_time(text)) if text else ""
