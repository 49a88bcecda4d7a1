"""The streams: Server-Sent Events with the newest version of what a page shows, sent when its files change.

Events are named after their topic; `hello` opens a stream, `hb` comes every heartbeat with the ETag of every topic,
`bye` closes it with the time after which to come back.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from aion.web.router.common import STREAM_ANSWERS, desk_of
from aion.web.router.raw import raw_route

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
_PATCHES = _query("patches", "Topics of which the page understands events `patch` in place of whole ones.")
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
