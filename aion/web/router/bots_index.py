"""All bots in a row each, what stands above them, the row and the card of one: what changes costs what changed."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from aion.live import SnapshotApp
from aion.web.bundle.document import BotCard, BotRowAlone, BotsIndex, BotsTotals
from aion.web.router.common import NOT_FOUND, SNAPSHOT_ANSWERS, desk_of
from aion.web.router.raw import raw_route

CARD = "/api/bots/card/{kind}/{bot}"
ROW = "/api/bots/row/{kind}/{bot}"
_OF_ONE: dict[str, Any] = {
    "tags": ["bots"],
    "responses": {404: NOT_FOUND[404], **SNAPSHOT_ANSWERS},
    "openapi_extra": {
        "parameters": [
            {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["intraday", "swing"]}},
            {"name": "bot", "in": "path", "required": True, "schema": {"type": "string"}},
        ]
    },
}

bots_index_router = APIRouter()


@raw_route(bots_index_router, "/api/bots/index", response_model=BotsIndex, tags=["bots"], responses=SNAPSHOT_ANSWERS)
async def bots_index(request: Request) -> ASGIApp:
    """Return a row for each bot, all of them, the totals by currency and the problems; no bot is left out."""
    return desk_of(request).snapshots["index"]


@raw_route(
    bots_index_router, "/api/bots/totals", response_model=BotsTotals, tags=["bots"], responses=SNAPSHOT_ANSWERS
)
async def bots_totals(request: Request) -> ASGIApp:
    """Return the index without its rows: the totals by currency, sessions, counts and problems."""
    return desk_of(request).snapshots["totals"]


@raw_route(bots_index_router, ROW, response_model=BotRowAlone, **_OF_ONE)
async def bot_row(request: Request) -> ASGIApp:
    """Return the row that the index has for one bot."""
    return _of_one(request, "row")


@raw_route(bots_index_router, CARD, response_model=BotCard, **_OF_ONE)
async def bot_card(request: Request) -> ASGIApp:
    """Return one bot as the Bots page shows it: 50 rows of a list and 300 points of a curve at most."""
    return _of_one(request, "bot")


def _of_one(request: Request, family: str) -> ASGIApp:
    found = request.path_params
    return SnapshotApp(desk_of(request).live, f"{family}/{found['kind']}/{found['bot']}")
