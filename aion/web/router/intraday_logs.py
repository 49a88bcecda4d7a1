"""The intraday bots' day files as they are on disk at the time of the request."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.store.document.base import made, shown_as
from aion.store.document.state import SimLog, TradingDay
from aion.store.layout import check_day, check_name, sim_log
from aion.web.bundle.document import DayList, IntradayDay
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, whole

intraday_logs_router = APIRouter(prefix="/api/intraday/logs", tags=["logs"], responses=NOT_FOUND)


@intraday_logs_router.get("/days", response_model=DayList)
def intraday_log_days(request: Request) -> Response:
    """Return the market days of which there are day files, newest first, and the bots of each."""
    return answer(request, made(DayList)(days=desk_of(request).folders.own.files.intraday_days()))


@intraday_logs_router.get("/last-day", response_model=IntradayDay)
@whole
def intraday_log_last_day(request: Request) -> Response:
    """Return the newest market day of which there is any day file."""
    days = desk_of(request).folders.own.files.intraday_days()
    if not days:
        raise NotFoundError("there is no intraday log yet: no bot has written intraday/sim_logs/<day>_<bot>.json")
    day, bots = next(iter(days.items()))
    return answer(request, _day(request, day, bots))


@intraday_logs_router.get("/{day}", response_model=IntradayDay)
@whole
def intraday_log_day(request: Request, day: str) -> Response:
    """Return one market day of all its bots, without the bars."""
    bots = desk_of(request).folders.own.files.intraday_days().get(check_day(day))
    if not bots:
        raise NotFoundError(f"there is no intraday log of {day}")
    return answer(request, _day(request, day, bots))


@intraday_logs_router.get("/{day}/{bot}", response_model=SimLog)
@whole
def intraday_log(request: Request, day: str, bot: str) -> Response:
    """Return one bot's whole day file, bars included."""
    folder, name = desk_of(request).folders.of(bot)
    file = sim_log(check_day(day), check_name("bot", name))
    return answer(request, folder.files.read(file, SimLog, f"there is no intraday log of {bot} on {day}"))


def _day(request: Request, day: str, bots: list[str]) -> IntradayDay:
    docs, errors = desk_of(request).folders.own.files.read_all({bot: sim_log(day, bot) for bot in bots}, SimLog)
    return made(IntradayDay)(
        day=day, bots={bot: shown_as(TradingDay, doc) for bot, doc in docs.items()}, errors=errors
    )
