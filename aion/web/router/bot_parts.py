"""The whole of what a bundle cut short: the routes that `more` names."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.store.layout import check_name
from aion.web.answer import answer
from aion.web.document import BotPart, BotView
from aion.web.router.common import NOT_FOUND, desk_of
from aion.web.state import sim_log, swing_rolling
from aion.web.view import Card

Kind = Literal["intraday", "swing"]
Part = Literal["positions", "fills", "trades", "signals", "targets", "rules", "symbols", "curve"]

bot_parts_router = APIRouter(prefix="/api", tags=["bots"], responses=NOT_FOUND)


@bot_parts_router.get("/{kind}/bots/{bot}", response_model=BotView)
def bot_view(request: Request, kind: Kind, bot: str) -> Response:
    """Return one bot with everything in its newest state file."""
    return answer(request, _card(request, kind, bot).whole)


@bot_parts_router.get("/{kind}/bots/{bot}/{part}", response_model=BotPart)
def bot_part(request: Request, kind: Kind, bot: str, part: Part) -> Response:
    """Return the whole of one part of a bot's newest state file; `curve` is both curves."""
    whole = _card(request, kind, bot).whole
    names = ("equity_curve", "hold_curve") if part == "curve" else (part,)
    head = {name: whole[name] for name in ("bot", "kind", "file", "as_of", "currency")}
    return answer(request, head | {name: whole[name] for name in names})


def _card(request: Request, kind: Kind, bot: str) -> Card:
    desk = desk_of(request)
    check_name("bot", bot)
    missing = f"there is no {kind} bot {bot!r}: it has written no state file"
    if kind == "swing":
        file = swing_rolling(bot)
        settings = desk.settings.bots.get(bot)
        foreign = settings is None or settings.kind != "swing"
    else:
        day = desk.files.newest_day(bot)
        if day is None:
            raise NotFoundError(missing)
        file = sim_log(day, bot)
        settings = desk.settings.bots.get(bot)
        foreign = settings is None or settings.kind != "intraday"
    return Card(desk.files.read(file, missing), kind, file, foreign=foreign)
