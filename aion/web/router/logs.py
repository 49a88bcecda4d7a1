"""Log lines of all processes by byte offset; the stream `/api/events/admin/logs` pushes the newest."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aion.errors import ConfigError, NotFoundError, StateError
from aion.store.layout import check_name
from aion.web import logtail
from aion.web.answer import answer
from aion.web.document import LogTail
from aion.web.router.common import NOT_FOUND, desk_of
from aion.web.state import Json, problem

logs_router = APIRouter(prefix="/api/logs", tags=["logs"], responses=NOT_FOUND)

Offsets = Annotated[
    str, Query(max_length=2000, description="`<file>:<byte offset>,...`; a file that is not named is left out.")
]


@logs_router.get("", response_model=LogTail)
def log_tail(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=logtail.MAX_LINES, description="Most lines given.")] = 200,
    process: Annotated[str, Query(max_length=64, description="Only this file; empty for all.")] = "",
    after: Offsets = "",
    before: Offsets = "",
) -> Response:
    """Return the newest log lines, merged by time.

    With `after`, the lines that follow those offsets (at most 256 KB a file; ask again from `to`); with `before`, the
    lines that end there. A file of any size costs one bounded read.
    """
    folder = desk_of(request).layout.logs
    starts, stops = _offsets("after", after), _offsets("before", before)
    names = logtail.names(folder)
    if process:
        if check_name("process", process) not in names:
            raise NotFoundError(f"there is no log of a process {process!r}")
        names = [process]
    elif starts or stops:
        names = [name for name in names if name in starts or name in stops]
    spans: list[logtail.Span] = []
    errors: Json = {}
    for name in names:
        path = folder / f"{name}.jsonl"
        try:
            spans.append(
                logtail.read_from(path, starts[name])
                if name in starts
                else logtail.read_tail(path, stop=stops.get(name))
            )
        except FileNotFoundError:
            continue
        except StateError as error:
            errors[name] = problem("unreadable", error.file, error.reason)
    keep: dict[str, Any] = logtail.merge(spans, limit, oldest=bool(starts))
    return answer(request, keep | {"errors": errors})


def _offsets(what: str, text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in text.split(",") if text else ():
        name, _, offset = piece.rpartition(":")
        if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
            raise ConfigError(f"{what} {piece[:80]!r} is not <file>:<byte offset>")
        found[check_name("log", name)] = int(offset)
    return found
