"""The bots' files of market days as they are on disk at the time of the request: intraday days, swing activity."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.store.document.base import made, shown_as
from aion.store.document.state import BotActivity, SimLog, TradingDay
from aion.store.layout import bot_activity, check_day, check_horizon, check_name, sim_log
from aion.web.bundle.document import DayList, HorizonList, IntradayDay, SwingDay
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, whole

intraday_logs_router = APIRouter(prefix="/api/intraday/logs", tags=["logs"], responses=NOT_FOUND)
swing_logs_router = APIRouter(prefix="/api/swing/logs", tags=["logs"], responses=NOT_FOUND)


@intraday_logs_router.get("/days", response_model=DayList)
def intraday_log_days(request: Request) -> Response:
    """Return the market days of which there are day files, newest first, and the bots of each."""
    return answer(request, made(DayList)(days=desk_of(request).folders.own.files.intraday_days()))


@intraday_logs_router.get("/last-day", response_model=IntradayDay)
@whole
def intraday_log_last_intraday_day(request: Request) -> Response:
    """Return the newest market day of which there is any day file."""
    days = desk_of(request).folders.own.files.intraday_days()
    if not days:
        raise NotFoundError("there is no intraday log yet: no bot has written intraday/sim_logs/<day>_<bot>.json")
    day, bots = next(iter(days.items()))
    return answer(request, _intraday_day(request, day, bots))


@intraday_logs_router.get("/{day}", response_model=IntradayDay)
@whole
def intraday_log_intraday_day(request: Request, day: str) -> Response:
    """Return one market day of all its bots, without the bars."""
    bots = desk_of(request).folders.own.files.intraday_days().get(check_day(day))
    if not bots:
        raise NotFoundError(f"there is no intraday log of {day}")
    return answer(request, _intraday_day(request, day, bots))


@intraday_logs_router.get("/{day}/{bot}", response_model=SimLog)
@whole
def intraday_log(request: Request, day: str, bot: str) -> Response:
    """Return one bot's whole day file, bars included."""
    folder, name = desk_of(request).folders.of(bot)
    file = sim_log(check_day(day), check_name("bot", name))
    return answer(request, folder.files.read(file, SimLog, f"there is no intraday log of {bot} on {day}"))


def _intraday_day(request: Request, day: str, bots: list[str]) -> IntradayDay:
    docs, errors = desk_of(request).folders.own.files.read_all({bot: sim_log(day, bot) for bot in bots}, SimLog)
    return made(IntradayDay)(
        day=day, bots={bot: shown_as(TradingDay, doc) for bot, doc in docs.items()}, errors=errors
    )


@swing_logs_router.get("/horizons", response_model=HorizonList)
def swing_log_horizons(request: Request) -> Response:
    """Return the horizons of which there are logs, with the days and bots of each."""
    horizons = desk_of(request).folders.own.files.swing_days()
    return answer(
        request, made(HorizonList)(horizons={horizon: made(DayList)(days=days) for horizon, days in horizons.items()})
    )


@swing_logs_router.get("/{horizon}/days", response_model=DayList)
def swing_log_days(request: Request, horizon: str) -> Response:
    """Return the market days of one horizon, newest first, and the bots of each."""
    return answer(request, made(DayList)(days=_days(request, horizon)))


@swing_logs_router.get("/{horizon}/last-day", response_model=SwingDay)
@whole
def swing_log_last_day(request: Request, horizon: str) -> Response:
    """Return the newest market day of one horizon."""
    return _answer_day(request, horizon, next(iter(_days(request, horizon))))


@swing_logs_router.get("/{horizon}/{day}", response_model=SwingDay)
@whole
def swing_log_day(request: Request, horizon: str, day: str) -> Response:
    """Return one market day of all swing bots of a horizon."""
    if check_day(day) not in _days(request, horizon):
        raise NotFoundError(f"there is no swing log of horizon {horizon} on {day}")
    return _answer_day(request, horizon, day)


@swing_logs_router.get("/{horizon}/{day}/{bot}", response_model=BotActivity)
@whole
def swing_log(request: Request, horizon: str, day: str, bot: str) -> Response:
    """Return one bot's whole activity file."""
    folder, name = desk_of(request).folders.of(bot)
    file = bot_activity(check_horizon(horizon), check_day(day), check_name("bot", name))
    missing = f"there is no swing log of {bot}, horizon {horizon}, on {day}"
    return answer(request, folder.files.read(file, BotActivity, missing))


def _days(request: Request, horizon: str) -> dict[str, list[str]]:
    days = desk_of(request).folders.own.files.swing_days().get(check_horizon(horizon))
    if not days:
        raise NotFoundError(f"there is no swing log of horizon {horizon}")
    return days


def _answer_day(request: Request, horizon: str, day: str) -> Response:
    bots = _days(request, horizon)[day]
    docs, errors = desk_of(request).folders.own.files.read_all(
        {bot: bot_activity(horizon, day, bot) for bot in bots}, BotActivity
    )
    return answer(request, made(SwingDay)(horizon=horizon, day=day, bots=docs, errors=errors))
