"""The Intraday page: symbols, signals and sessions of the newest whole cycle."""

from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from aion.web.bundle.document import IntradaySnapshot
from aion.web.router.common import SNAPSHOT_ANSWERS, desk_of
from aion.web.router.raw import raw_route

intraday_router = APIRouter()


@raw_route(
    intraday_router,
    "/api/intraday/snapshot",
    response_model=IntradaySnapshot,
    tags=["intraday"],
    responses=SNAPSHOT_ANSWERS,
)
async def intraday_snapshot(request: Request) -> ASGIApp:
    """Return all that the Intraday page shows, as the state files are now; conditional like the Bots page."""
    return desk_of(request).snapshots["intraday"]
