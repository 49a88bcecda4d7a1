"""The whole of what a bundle cut short: the routes that `more` names."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from aion.errors import NotFoundError
from aion.scalar import BotKind
from aion.store.document.base import made, shown_as
from aion.store.layout import check_name, sim_log, swing_rolling
from aion.store.machine import bot_id, folder_of
from aion.web.bundle.document import BotLine, BotList, BotPart, BotView
from aion.web.bundle.view import Card
from aion.web.control.folder import Folder
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, whole

Part = Literal["positions", "fills", "trades", "signals", "targets", "open_orders", "rules", "symbols", "curve"]

_ABOUT = ("bot", "kind", "file", "as_of", "currency", "decimals")

bot_parts_router = APIRouter(prefix="/api", tags=["bots"], responses=NOT_FOUND)


@bot_parts_router.get("/intraday/bots", response_model=BotList)
def intraday_bots(request: Request) -> Response:
    """Return all intraday bots that have a day file, and their newest."""
    found: dict[str, BotLine] = {}
    for folder, id_of in _folders(request):
        for day, bots in folder.files.intraday_days().items():
            for bot in bots:
                file = folder_of(folder.machine) + sim_log(day, bot)
                found.setdefault(id_of(bot), made(BotLine)(file=file, day=day))
    return answer(request, made(BotList)(bots=dict(sorted(found.items()))))


@bot_parts_router.get("/swing/bots", response_model=BotList)
def swing_bots(request: Request) -> Response:
    """Return all swing bots that have a state file."""
    found = {
        id_of(bot): made(BotLine)(file=folder_of(folder.machine) + swing_rolling(bot))
        for folder, id_of in _folders(request)
        for bot in folder.files.swing_bots()
    }
    return answer(request, made(BotList)(bots=dict(sorted(found.items()))))


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


def _folders(request: Request) -> Iterator[tuple[Folder, Callable[[str], str]]]:
    """Yield each folder of the desk, and what gives the ids of its bots."""
    folders = desk_of(request).folders.all()
    names = [{place.bot for place in each.layout.states()} for each in folders] if len(folders) > 1 else []
    counts = Counter(name for found in names for name in found)

    def id_of(machine: str, bot: str) -> str:
        return bot_id(machine, bot) if counts[bot] > 1 else bot

    for each in folders:
        yield each, partial(id_of, each.machine)


def _card(request: Request, kind: BotKind, bot: str) -> Card:
    desk = desk_of(request)
    folder, name = desk.folders.of(bot)
    check_name("bot", name)
    missing = f"there is no {kind} bot {bot!r}: it has written no state file"
    file = folder.files.newest_state(name, {name: kind})
    if file is None:
        raise NotFoundError(missing)
    settings = desk.settings.bots.get(name)
    foreign = (settings is None or settings.kind != kind) and not (folder.machine and folder.requests.is_own(name))
    shown = folder_of(folder.machine) + file
    card = Card(folder.files.read_state(file, missing), kind, shown, folder.requests.asked(name), foreign=foreign)
    if folder.machine:
        card.place(folder.machine, bot)
    return card
