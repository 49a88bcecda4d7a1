"""The Bots page: one bundle, always as the state files are now."""

from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from aion.web.bundle.document import BotsPageBundle
from aion.web.router.common import SNAPSHOT_ANSWERS, desk_of
from aion.web.router.raw import raw_route

bots_page_router = APIRouter()


@raw_route(
    bots_page_router, "/api/bots/page", response_model=BotsPageBundle, tags=["bots"], responses=SNAPSHOT_ANSWERS
)
async def bots_page_bundle(request: Request) -> ASGIApp:
    """Return all that the Bots page shows: swing and intraday bots, totals per currency, signals, problems.

    No cache stands behind it: what is answered is what is on disk at the time of the request. Send `If-None-Match` to
    get 304 while nothing changed.
    """
    return desk_of(request).snapshots["bots"]
