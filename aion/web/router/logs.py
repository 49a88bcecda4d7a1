"""Log lines of all processes by byte offset; the stream `/api/events/admin/logs` pushes the newest."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response, StreamingResponse

from aion.clock import iso
from aion.errors import ConfigError, NotFoundError, StateError
from aion.store.document.base import made
from aion.store.layout import check_name, log
from aion.web.http.answer import answer
from aion.web.log import search, tail
from aion.web.log.document import LogFile, LogFileList, LogSearch, LogTail
from aion.web.problem import Problems, problem
from aion.web.router.common import NOT_FOUND, desk_of

logs_router = APIRouter(prefix="/api/logs", tags=["logs"], responses=NOT_FOUND)

Offsets = Annotated[
    str, Query(max_length=2000, description="`<file>:<byte offset>,...`; a file that is not named is left out.")
]


@logs_router.get("", response_model=LogTail)
def log_tail(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=tail.MAX_LINES, description="Most lines given.")] = 200,
    process: Annotated[str, Query(max_length=64, description="Only this file; empty for all.")] = "",
    after: Offsets = "",
    before: Offsets = "",
) -> Response:
    """Return the newest log lines, merged by time.

    With `after`, the lines that follow those offsets (at most 256 KB a file; ask again from `to`); with `before`, the
    lines that end there. A file of any size costs one bounded read.
    """
    layout = desk_of(request).layout
    starts, stops = _offsets("after", after), _offsets("before", before)
    names = _names(request, process)
    if not process and (starts or stops):
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
    found = tail.merge(spans, limit, oldest=bool(starts))
    found.errors = errors
    return answer(request, found)


@logs_router.get("/search", response_model=LogSearch)
def log_search(
    request: Request,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"],
        Query(description="Minimum level; a line without one counts as info."),
    ] = "debug",
    bot: Annotated[str, Query(max_length=64)] = "",
    text: Annotated[str, Query(max_length=200, description="Words that a line must hold, in any case.")] = "",
    since: Annotated[AwareDatetime | None, Query(description="Wall time of the first line.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Wall time before which the last line lies.")] = None,
    process: Annotated[str, Query(max_length=64, description="Only this file; empty for all.")] = "",
    before: Offsets = "",
    limit: Annotated[int, Query(ge=1, le=tail.MAX_LINES, description="Most lines given.")] = 200,
) -> Response:
    """Search the logs backwards: 64 MB or a quarter of a second at a time; ask again from where it ended."""
    layout = desk_of(request).layout
    stops = _offsets("before", before)
    names = [name for name in _names(request, process) if not stops or name in stops]
    query = search.Query(level, bot, text, "" if since is None else iso(since), "" if until is None else iso(until))
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
    found = search.search(paths, query, stops, limit)
    found.errors = errors
    return answer(request, found)


@logs_router.get("/files", response_model=LogFileList)
def log_files(request: Request) -> Response:
    """Return all log files and their sizes."""
    layout = desk_of(request).layout
    files: dict[str, LogFile] = {}
    for name in tail.names(layout.logs):
        try:
            descriptor, status = tail.open_log(layout.log(name))
        except (FileNotFoundError, StateError):
            continue  # `/api/logs` says what is wrong with it
        os.close(descriptor)
        changed_at = datetime.fromtimestamp(int(status.st_mtime), UTC)
        files[name] = made(LogFile)(size=status.st_size, inode=str(status.st_ino), changed_at=changed_at)
    return answer(request, made(LogFileList)(files=files))


@logs_router.get(
    "/files/{process}",
    response_class=StreamingResponse,
    responses={200: {"description": "One JSON object a line.", "content": {"application/x-ndjson": {}}}},
)
def log_file(request: Request, process: str) -> Response:
    """Return one whole log file as it is now, as a download; what is appended meanwhile is left out."""
    path = desk_of(request).layout.log(process)
    try:
        descriptor, status = tail.open_log(path)
    except FileNotFoundError:
        raise NotFoundError(f"there is no log of a process {process!r}") from None
    os.close(descriptor)
    headers = {"content-disposition": f'attachment; filename="{path.name}"', "content-length": str(status.st_size)}
    return StreamingResponse(_bytes(path, status), headers=headers, media_type="application/x-ndjson")


def _bytes(path: Path, told: os.stat_result) -> Iterator[bytes]:
    descriptor, status = tail.open_log(path)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if status.st_ino != told.st_ino:
            raise StateError(log(path.stem), "was rotated while it was being read")
        left = told.st_size
        while left > 0 and (data := file.read(min(left, tail.WINDOW))):
            left -= len(data)
            yield data


def _names(request: Request, process: str) -> list[str]:
    names = tail.names(desk_of(request).layout.logs)
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
