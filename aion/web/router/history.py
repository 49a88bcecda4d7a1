"""What one bot did, of any day that is kept: results, pages of rows, and what stands behind a row."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aion.web.analysis import Analysis, analyse, zone_of
from aion.web.history import BotDays, BotRows, Chain, History
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of
from aion.web.rows import Part

history_router = APIRouter(prefix="/api/bots/{bot}", tags=["bots"], responses=NOT_FOUND)


@history_router.get("/days", response_model=BotDays)
def bot_days(request: Request, bot: str, limit: Annotated[int, Query(ge=1, le=1000)] = 120) -> Response:
    """Return the results of a bot's market days, the newest first."""
    history, name = _history(request, bot)
    return answer(request, history.days(name, limit))


@history_router.get("/analysis", response_model=Analysis)
def bot_analysis(
    request: Request,
    bot: str,
    limit: Annotated[int, Query(ge=2, le=1000, description="Newest days that are looked at.")] = 500,
    window: Annotated[int, Query(ge=20, le=252, description="Returns in each value of `rolling_sharpe`.")] = 63,
    zone: Annotated[str, Query(max_length=64, description="IANA zone of hours and weekdays.")] = "UTC",
) -> Response:
    """Return what the days and closed trades that are kept say of a bot: ratios, when it wins, why it closes."""
    history, name = _history(request, bot)
    return answer(request, analyse(history.closed(name, limit), window, zone_of(zone)))


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
