"""The streams: Server-Sent Events with the newest version of what a page shows, sent when its files change.

Events are named after their topic; `hello` opens a stream, `hb` comes every heartbeat with the ETag of every topic,
`bye` closes it with the time after which to come back.
"""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import ASGIApp

from aion.live.change import MAX_PACE_S
from aion.web.router.common import STREAM_ANSWERS, desk_of
from aion.web.router.raw import raw_route
from aion.web.status.document import ErrorAnswer

events_router = APIRouter()


class EventStream(Response):
    """Names the media type of the streams in the description."""

    media_type = "text/event-stream"


def _query(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


_HAVE = _query("have", "`<topic>:<etag>,...` of what the page holds: that is not sent again.")
_LAST = _query("last_event_id", "Version of the last event, where the header `Last-Event-ID` cannot be sent.")
_TOPICS = _query(
    "topics",
    "`bots`, `index`, `totals`, `row/<kind>/<name>`, `bot/<kind>/<name>`, `intraday`, `logs`; commas between.",
    required=True,
)
_BEATS = _query("beats", "Any value: two heartbeats follow the greeting, which prove that nothing holds events back.")
_PATCHES = _query(
    "patches",
    "Topics of which the page understands events `patch` in place of whole ones; `bot/` for those of all bots.",
)
_ALONE = _query(
    "alone", "Any value: a window that cannot share a stream with others of its browser asks; two of those at most."
)
_ONE: dict[str, Any] = {
    "tags": ["events"],
    "responses": STREAM_ANSWERS,
    "response_class": EventStream,
    "openapi_extra": {"parameters": [_HAVE, _LAST, _BEATS]},
}
_MANY: dict[str, Any] = _ONE | {"openapi_extra": {"parameters": [_TOPICS, _HAVE, _BEATS, _PATCHES, _ALONE]}}


class StreamChange(BaseModel):
    """What an open stream is to have from now on; what is left out stays as it is."""

    stream: str = Field(description="The id that `hello` carried.")
    topics: list[str] | None = Field(None, description="All topics that it is to have.")
    have: dict[str, str] | None = Field(None, description="ETags of what the page holds of topics that are new.")
    patches: list[str] | None = Field(None, description="As of the stream; `bot/` for the topics of all bots.")
    pace: float | None = Field(
        None, ge=0, le=MAX_PACE_S, description="Seconds between two events of a topic, 0 for each change at once."
    )


class StreamChanged(BaseModel):
    """What came of a change; what the page lacks comes on the stream."""

    stream: str
    tags: dict[str, str] = Field(description="ETag by topic that is new, empty where there is nothing.")
    unknown: list[str] = Field(description="Names that no topic can have: the stream goes without them.")


_CHANGE: dict[str, Any] = {
    "tags": ["events"],
    "methods": ["POST"],
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": StreamChange.model_json_schema()}},
        }
    },
    "responses": {
        200: {"model": StreamChanged, "description": "The stream is changed."},
        400: {"model": ErrorAnswer, "description": "It is no change; the detail says why."},
        403: {"model": ErrorAnswer, "description": "It may not have one of the topics."},
        404: {"model": ErrorAnswer, "description": "Whoever asks has no such stream, or not any more."},
        409: {"model": ErrorAnswer, "description": "A later change took the place of this one."},
    },
}


@raw_route(events_router, "/api/events/bots", **_ONE)
async def bots_events(request: Request) -> ASGIApp:
    """Stream the bundle of the Bots page (event `bots`)."""
    return desk_of(request).streams["bots"]


@raw_route(events_router, "/api/events/intraday", **_ONE)
async def intraday_events(request: Request) -> ASGIApp:
    """Stream the snapshot of the Intraday page (event `intraday`)."""
    return desk_of(request).streams["intraday"]


@raw_route(events_router, "/api/events/admin/logs", **_ONE)
async def admin_log_events(request: Request) -> ASGIApp:
    """Stream the newest 100 log lines of all processes (event `logs`, a `LogTail`).

    Lines between two events are had from `/api/logs?after=<file>:<offset>`.
    """
    return desk_of(request).streams["logs"]


@raw_route(events_router, "/api/events", **_MANY)
async def events(request: Request) -> ASGIApp:
    """Stream several topics on one connection, each as an event of its name."""
    return desk_of(request).streams["*"]


@raw_route(events_router, "/api/events", **_CHANGE)
async def change_events(request: Request) -> ASGIApp:
    """Change the topics, patches or pace of an open stream, whichever worker has it."""
    return desk_of(request).streams["*"]
