"""The whole of what a bundle cut short: the routes that `more` names."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.scalar import BotKind
from aion.store.document.base import made, shown_as
from aion.store.layout import check_name, sim_log, swing_rolling
from aion.web.bundle.document import BotLine, BotList, BotPart, BotView
from aion.web.bundle.view import Card
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, whole

Part = Literal["positions", "fills", "trades", "signals", "targets", "open_orders", "rules", "symbols", "curve"]

_ABOUT = ("bot", "kind", "file", "as_of", "currency", "decimals")

bot_parts_router = APIRouter(prefix="/api", tags=["bots"], responses=NOT_FOUND)


@bot_parts_router.get("/intraday/bots", response_model=BotList)
def intraday_bots(request: Request) -> Response:
    """Return all intraday bots that have a day file, and their newest."""
    found: dict[str, BotLine] = {}
    for day, bots in desk_of(request).files.intraday_days().items():
        for bot in bots:
            found.setdefault(bot, made(BotLine)(file=sim_log(day, bot), day=day))
    return answer(request, made(BotList)(bots=dict(sorted(found.items()))))


@bot_parts_router.get("/swing/bots", response_model=BotList)
def swing_bots(request: Request) -> Response:
    """Return all swing bots that have a state file."""
    bots = desk_of(request).files.swing_bots()
    return answer(request, made(BotList)(bots={bot: made(BotLine)(file=swing_rolling(bot)) for bot in bots}))


@bot_parts_router.get("/intraday/bots/{bot}", response_model=BotView)
@whole
def intraday_bot(request: Request, bot: str) -> Response:
    """Return one intraday bot with everything in its newest day file."""
    return answer(request, _card(request, "intraday", bot).whole)


@bot_parts_router.get("/swing/bots/{bot}", response_model=BotView)
@whole
def swing_bot(request: Request, bot: str) -> Response:
    """Return one swing bot with everything in its state file."""
    return answer(request, _card(request, "swing", bot).whole)


@bot_parts_router.get("/intraday/bots/{bot}/{part}", response_model=BotPart)
@whole
def intraday_bot_part(request: Request, bot: str, part: Part) -> Response:
    """Return the whole of one part of an intraday bot's newest day file; `curve` is both curves."""
    return answer(request, _part(_card(request, "intraday", bot), part))


@bot_parts_router.get("/swing/bots/{bot}/{part}", response_model=BotPart)
@whole
def swing_bot_part(request: Request, bot: str, part: Part) -> Response:
    """Return the whole of one part of a swing bot's state file; `curve` is both curves."""
    return answer(request, _part(_card(request, "swing", bot), part))


def _part(card: Card, part: Part) -> BotPart:
    names = ("equity_curve", "hold_curve") if part == "curve" else (part,)
    left_out = {name: None for name in BotPart.model_fields if name not in (*_ABOUT, *names)}
    return shown_as(BotPart, card.whole).model_copy(update=left_out)


def _card(request: Request, kind: BotKind, bot: str) -> Card:
    desk = desk_of(request)
    check_name("bot", bot)
    missing = f"there is no {kind} bot {bot!r}: it has written no state file"
    file = desk.files.newest_state(bot, {bot: kind})
    if file is None:
        raise NotFoundError(missing)
    settings = desk.settings.bots.get(bot)
    foreign = settings is None or settings.kind != kind
    return Card(desk.files.read_state(file, missing), kind, file, desk.requests.asked(bot), foreign=foreign)
