"""Log lines of all processes by byte offset; the stream `/api/events/admin/logs` pushes the newest.

Those of another machine are asked of it, in the same routes with `machine`, and passed on as they come.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from aion.clock import iso
from aion.errors import StateError
from aion.store.document.base import made
from aion.store.layout import log
from aion.web.http.answer import answer
from aion.web.log import read, tail
from aion.web.log.document import LogFileList, LogMachine, LogMachineList, LogSearch, LogTail
from aion.web.log.elsewhere import SilentMachineError
from aion.web.router.common import NOT_FOUND, desk_of
from aion.web.security.store import Identity, SessionEndedError
from aion.web.status.document import ErrorAnswer

logs_router = APIRouter(
    prefix="/api/logs",
    tags=["logs"],
    responses={
        **NOT_FOUND,
        503: {"model": ErrorAnswer, "description": "The machine is asked too much at once."},
        504: {"model": ErrorAnswer, "description": "The machine does not answer; the detail names it."},
    },
)

Offsets = Annotated[
    str, Query(max_length=2000, description="`<file>:<byte offset>,...`; a file that is not named is left out.")
]
Machine = Annotated[
    str, Query(max_length=64, description="Whose logs: a name of `/api/logs/machines`; empty for this desk's own.")
]


@logs_router.get("", response_model=LogTail)
async def log_tail(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=tail.MAX_LINES, description="Most lines given.")] = 200,
    process: Annotated[str, Query(max_length=64, description="Only this file; empty for all.")] = "",
    after: Offsets = "",
    before: Offsets = "",
    machine: Machine = "",
    wait: Annotated[
        bool,
        Query(
            description="True waits up to 3 s for lines behind `after`, and gives files too that it does not name."
        ),
    ] = False,
) -> Response:
    """Return the newest log lines, merged by time.

    With `after`, the lines that follow those offsets (at most 256 KB a file; ask again from `to`); with `before`, the
    lines that end there. A file of any size costs one bounded read.
    """
    query = read.LogQuery(limit, process, after, before)
    layout = desk_of(request).layout
    if machine:
        asked = {"limit": limit, "process": process, "after": after, "before": before, "wait": wait}
        return await _asked(request, machine, "tail", asked)
    if not wait:
        return await run_in_threadpool(lambda: answer(request, read.read_tail(layout, query)))
    found = await read.follow(layout, query)
    _still_in(request)
    return await run_in_threadpool(answer, request, found)


@logs_router.get("/search", response_model=LogSearch)
async def log_search(
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
    machine: Annotated[
        str, Query(max_length=64, description="Whose logs; empty for those of `bot`'s machine, else this desk's own.")
    ] = "",
) -> Response:
    """Search the logs backwards: 64 MB or a quarter of a second at a time; ask again from where it ended."""
    asked = {
        "level": level, "bot": bot, "text": text, "process": process, "before": before, "limit": limit,
        "since": "" if since is None else iso(since), "until": "" if until is None else iso(until),
    }  # fmt: skip
    if bot and not machine:
        machine, asked["bot"] = await run_in_threadpool(_machine_of, request, bot)
    query = read.LogQuery.of(asked)
    if machine:
        return await _asked(request, machine, "search", asked)
    layout = desk_of(request).layout
    return await run_in_threadpool(lambda: answer(request, read.search_logs(layout, query)))


@logs_router.get("/machines", response_model=LogMachineList)
def log_machines(request: Request) -> Response:
    """Return the other machines whose logs can be asked for, and the bots of each; none where bots run here."""
    elsewhere = desk_of(request).elsewhere
    found = {name: made(LogMachine)(bots=elsewhere.bots(folder)) for name, folder in elsewhere.machines().items()}
    return answer(request, made(LogMachineList)(machines=found))


@logs_router.get("/files", response_model=LogFileList)
async def log_files(request: Request, machine: Machine = "") -> Response:
    """Return all log files and their sizes."""
    if machine:
        return await _asked(request, machine, "files", {})
    layout = desk_of(request).layout
    return await run_in_threadpool(lambda: answer(request, read.list_logs(layout)))


@logs_router.get(
    "/files/{process}",
    response_class=StreamingResponse,
    responses={200: {"description": "One JSON object a line.", "content": {"application/x-ndjson": {}}}},
)
async def log_file(request: Request, process: str, machine: Machine = "") -> Response:
    """Return one whole log file as it is now, as a download; what is appended meanwhile is left out."""
    path = desk_of(request).layout.log(process)
    headers = {"content-disposition": f'attachment; filename="{path.name}"'}
    if machine:
        headers["content-disposition"] = f'attachment; filename="{machine}-{path.name}"'
        return await _asked(request, machine, "file", {"process": process}, "application/x-ndjson", headers)
    descriptor, size = await run_in_threadpool(read.open_whole, desk_of(request).layout, process)
    status = os.fstat(descriptor)
    os.close(descriptor)
    headers["content-length"] = str(size)
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


async def _asked(
    request: Request,
    machine: str,
    what: str,
    query: dict[str, object],
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """Return what another machine answers, passed on as it comes."""
    desk = desk_of(request)
    coming = await desk.elsewhere.ask(machine, what, query)

    async def parts() -> AsyncIterator[bytes]:
        try:
            async for part in coming.parts:
                yield part
        except SilentMachineError as error:
            desk.log.warning(str(error))
            raise  # the connection ends short of its length: nobody takes a part for the whole
        finally:
            await coming.parts.aclose()

    try:
        _still_in(request)
    except SessionEndedError:
        await coming.parts.aclose()
        raise
    headers = {"content-length": str(coming.size), "aion-machine": machine} | (headers or {})
    return StreamingResponse(parts(), headers=headers, media_type=media_type)


def _still_in(request: Request) -> None:
    """Refuse who was logged out while the answer was waited for.

    Raises:
        SessionEndedError: that is so.
    """
    identity: Identity = request.scope["aion.identity"]
    store = desk_of(request).store
    if identity.key and (store is None or store.identify_hash(identity.key) is None):
        raise SessionEndedError("you have been logged out: log in again")


def _machine_of(request: Request, bot: str) -> tuple[str, str]:
    """Return the machine that has the logs of a bot, empty for this desk's own, and the bot's name there.

    Raises:
        ConflictError: several machines have a bot of the name.
        NotFoundError: the id names a machine that is not there.
    """
    desk = desk_of(request)
    folder, name = desk.folders.of(bot)
    machines = desk.elsewhere.machines()
    if folder.machine:
        return (folder.machine if folder.machine in machines else ""), name
    return next((machine for machine, copy in machines.items() if bot in desk.elsewhere.bots(copy)), ""), bot
