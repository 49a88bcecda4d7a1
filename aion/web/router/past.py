"""The past of one bot: the days that are recorded, their moments, and how it stood at any of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from aion.scalar import BotKind
from aion.store.layout import check_name
from aion.web.http.answer import answer
from aion.web.past import BotPast, Past, PastMoments, PastState
from aion.web.router.common import NOT_FOUND, desk_of, whole

past_router = APIRouter(prefix="/api/bots/{bot}/past", tags=["bots"], responses=NOT_FOUND)

Kind = Annotated[BotKind | None, Query(description="Of the bot, where both have one of its name.")]


@past_router.get("", response_model=BotPast)
def bot_past(
    request: Request, bot: str, *, kind: Kind = None, limit: Annotated[int, Query(ge=1, le=1000)] = 400
) -> Response:
    """Return the days that are recorded of a bot, each with its span and its holes."""
    past, name, _ = _past(request, bot)
    return answer(request, past.days(name, kind, limit))


@past_router.get("/{day}", response_model=PastMoments)
def bot_past_day(request: Request, bot: str, day: str, *, kind: Kind = None) -> Response:
    """Return when the states of a recorded day were recorded."""
    past, name, _ = _past(request, bot)
    return answer(request, past.moments(name, kind, day))


@past_router.get("/{day}/state", response_model=PastState)
@whole
def bot_past_state(
    request: Request,
    bot: str,
    day: str,
    at: Annotated[AwareDatetime, Query(description="A moment of that UTC day, such as 2026-11-30T14:03:20Z.")],
    *,
    kind: Kind = None,
) -> Response:
    """Return a bot as it stood at a moment: the card that its page showed."""
    past, name, foreign = _past(request, bot)
    return answer(request, past.state(name, kind, day, at, foreign=foreign))


def _past(request: Request, bot: str) -> tuple[Past, str, bool]:
    """Return what reads the past of a bot, its name there, and whether it is of another program."""
    desk = desk_of(request)
    folder, name = desk.folders.of(bot)
    check_name("bot", name)
    is_own = name in desk.settings.bots or (bool(folder.machine) and folder.requests.is_own(name))
    return Past(folder), name, not is_own
