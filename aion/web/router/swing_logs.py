"""The swing bots' activity files as they are on disk at the time of the request."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.store.document.base import made
from aion.store.document.state import BotActivity
from aion.store.layout import bot_activity, check_day, check_horizon, check_name
from aion.web.bundle.document import DayList, HorizonList, SwingDay
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, whole

swing_logs_router = APIRouter(prefix="/api/swing/logs", tags=["logs"], responses=NOT_FOUND)


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
