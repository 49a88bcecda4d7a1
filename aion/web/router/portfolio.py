"""All bots together: totals by span, exposure by symbol, and pages of their positions and trades."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aion.errors import NotFoundError, StateError
from aion.live import SnapshotApp
from aion.web.bundle.portfolio import row
from aion.web.bundle.portfolio.document import Portfolio, PositionPage, TradePage
from aion.web.bundle.portfolio.row import MOST_FILTER, MOST_ROWS, PositionSort, TradeSort
from aion.web.bundle.portfolio.topic import TOTALS
from aion.web.comparison import MOST_BOTS, Comparison, compare
from aion.web.history import Closed, History
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, SNAPSHOT_ANSWERS, desk_of
from aion.web.status.document import ErrorAnswer

portfolio_router = APIRouter(prefix="/api/portfolio", tags=["portfolio"], responses=SNAPSHOT_ANSWERS)

Down = Annotated[bool, Query(description="Largest first.")]
Filter = Annotated[
    str, Query(max_length=MOST_FILTER, description="Words that must all be in symbol, bot, currency, side or reason.")
]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Rows to leave out before the first.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


class _SnapshotResponse(Response):
    """Answers with a snapshot as the disk is now."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@portfolio_router.get("", response_model=Portfolio)
async def portfolio(request: Request) -> Response:
    """Return what all bots made today, this week, this month and since they began, and what they hold by symbol."""
    return _of_key(request, TOTALS)


@portfolio_router.get("/positions", response_model=PositionPage, responses={400: {"model": ErrorAnswer}})
async def portfolio_positions(
    request: Request,
    sort: PositionSort = "value",
    filter: Filter = "",
    *,
    down: Down = True,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Response:
    """Return a page of the open positions of all bots; by money they are sorted within their currency."""
    return _of_key(request, row.check(row.Query("positions", sort, down, filter.strip(), offset, limit)).key())


@portfolio_router.get("/trades", response_model=TradePage, responses={400: {"model": ErrorAnswer}})
async def portfolio_trades(
    request: Request,
    sort: TradeSort = "closed_at",
    filter: Filter = "",
    *,
    down: Down = True,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Response:
    """Return a page of the closed trades in the newest files of all bots; a bot's own routes have its older days."""
    return _of_key(request, row.check(row.Query("trades", sort, down, filter.strip(), offset, limit)).key())


@portfolio_router.get("/compare", response_model=Comparison, responses=NOT_FOUND)
def portfolio_compare(
    request: Request,
    bot: Annotated[
        list[str], Query(min_length=1, max_length=MOST_BOTS, description="Ids of bots; `bot=a&bot=b` for several.")
    ],
    limit: Annotated[int, Query(ge=2, le=1000, description="Newest days of each that are looked at.")] = 500,
) -> Response:
    """Return bots side by side: growth on their common span, what they make together, how their days correlate."""
    found: dict[str, Closed] = {}
    errors: dict[str, str] = {}
    for each in dict.fromkeys(bot):
        try:
            folder, name = desk_of(request).folders.of(each)
            found[each] = History(folder.layout, folder.files, folder.requests).closed(name, limit)
        except (NotFoundError, StateError) as error:
            errors[each] = str(error)
    return answer(request, compare(found, errors))


def _of_key(request: Request, key: str) -> Response:
    return _SnapshotResponse(SnapshotApp(desk_of(request).live, f"portfolio/{key}"))
