"""What one bot did, of any day that is kept: results, pages of rows, and what stands behind a row."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aion.web.history import BotDays, BotRows, Chain, History, Part
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of

history_router = APIRouter(prefix="/api/bots/{bot}", tags=["bots"], responses=NOT_FOUND)


@history_router.get("/days", response_model=BotDays)
def bot_days(request: Request, bot: str, limit: Annotated[int, Query(ge=1, le=1000)] = 120) -> Response:
    """Return the results of a bot's market days, the newest first."""
    history, name = _history(request, bot)
    return answer(request, history.days(name, limit))


@history_router.get("/history/{part}", response_model=BotRows)
def bot_rows(
    request: Request,
    bot: str,
    part: Part,
    day: Annotated[str, Query(description="Only of that market day.")] = "",
    symbol: Annotated[str, Query(max_length=128, description="Only of that symbol.")] = "",
    before: Annotated[str, Query(max_length=200, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return a page of a bot's trades, orders, fills or decisions of all days that are kept, the newest first."""
    history, name = _history(request, bot)
    return answer(request, history.rows(name, part, day=day, symbol=symbol, before=before, limit=limit))


@history_router.get("/history/{part}/{row:path}", response_model=Chain)
def bot_chain(
    request: Request,
    bot: str,
    part: Part,
    row: str,
    day: Annotated[str, Query(description="Market day of the row, as `days` of a page says it.")],
) -> Response:
    """Return what stands behind a row: orders, fills with their bar and each fee, and the decisions."""
    history, name = _history(request, bot)
    return answer(request, history.chain(name, part, row, day))


def _history(request: Request, bot: str) -> tuple[History, str]:
    """Return what reads the days of a bot, and its name there."""
    folder, name = desk_of(request).folders.of(bot)
    return History(folder.layout, folder.files, folder.requests), name
