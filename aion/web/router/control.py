"""Pause, resume, flatten, kill switch, speed and day of the replay: requests to the bots, each in the audit."""

from contextlib import suppress
from typing import Annotated, get_args

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from aion.clock import iso
from aion.errors import AionError, ConfigError, ConflictError, StateError
from aion.store.document.action import (
    WITH_EXITS,
    WITH_KEY,
    Action,
    AttachedAction,
    BotAction,
    DeskAction,
    Exits,
    RunAction,
)
from aion.store.document.base import to_json
from aion.store.document.state import SimSummary
from aion.store.layout import DESK, check_day
from aion.store.machine import RELAY_REPORT, bot_id
from aion.web.bundle.controls import ControlAnswer, ControlState
from aion.web.control.folder import Folder
from aion.web.control.kill import UnwrittenError
from aion.web.desk import Desk
from aion.web.http.answer import answer, told
from aion.web.router.common import CHANGES, Actor, actor_of, desk_of
from aion.web.security.login import address_of
from aion.web.security.store import Identity
from aion.web.state import Json

MAX_SPEED = 36_000  # as the setting of that name
MAX_REASON = 500
MAX_SYMBOL = 64

control_router = APIRouter(prefix="/api", tags=["control"], responses=CHANGES)


class ControlRequest(BaseModel):
    """What a bot is asked to do."""

    model_config = ConfigDict(extra="forbid")
    action: BotAction | AttachedAction = Field(
        description="pause: open nothing new; resume: the end of a pause; flatten: close all positions. Of a bot of "
        "another program that offers them in its `actions`: stop, reload (its settings), force_exit, cancel_order, "
        "delete_lock."
    )
    value: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="Of force_exit: key of the position, absent for all; of cancel_order and delete_lock: key of the "
        "order or lock.",
    )
    exits: Exits | None = Field(
        None, description="Of resume: what becomes of exits that a flatten ordered; cancelled where it is not said."
    )
    reason: str = Field("", max_length=MAX_REASON, description="For the audit and the bot's state line.")


class DeskRequest(BaseModel):
    """What all bots, or their replay, are asked to do."""

    model_config = ConfigDict(extra="forbid")
    action: DeskAction
    value: float | str | None = Field(
        None,
        description="Of speed: market seconds per real second, 0 pauses; of jump: the market day; of admit: the "
        "symbol that is left out although its price is real; of resume: keep, to let exits of a flatten fill.",
    )
    reason: str = Field("", max_length=MAX_REASON)


class KillRequest(BaseModel):
    """Why a kill switch is thrown."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=MAX_REASON)


@control_router.get("/control", response_model=ControlState)
def desk_control(request: Request) -> Response:
    """Return what was asked of all bots and of the replay, and what became of it."""
    folder = desk_of(request).folders.first()
    return answer(request, _noted(request, folder, folder.requests.read(DESK)))


@control_router.post("/control", response_model=ControlAnswer)
def ask_desk(request: Request, given: DeskRequest) -> Response:
    """Ask all bots to pause, resume or flatten, to let a symbol in, or the replay for another speed or day."""
    try:
        summary = desk_of(request).folders.first().requests.summary()
    except StateError:
        summary = None  # the page says what is wrong with it
    return _ask_all(request, given.action, given.reason, _value_of(given, summary))


@control_router.get("/bots/{bot}/control", response_model=ControlState)
def bot_control(request: Request, bot: str) -> Response:
    """Return what was asked of a bot (of all, for `desk`), and what became of each request by its id."""
    folder, name = desk_of(request).folders.of(bot)
    return answer(request, _noted(request, folder, folder.requests.read(name)))


@control_router.post("/bots/{bot}/control", response_model=ControlAnswer)
def ask_bot(request: Request, bot: str, given: ControlRequest) -> Response:
    """Ask a bot to pause, resume or flatten; it is done once the bot's state says so of the answered id."""
    folder, name = desk_of(request).folders.of(bot)
    folder.requests.check(name, given.action)
    if given.exits is not None and given.action != "resume":
        raise ConfigError(f"exits is for resume, not for {given.action}")
    if given.value is not None and given.action not in WITH_KEY:
        raise ConfigError(f"value is for {', '.join(WITH_KEY)}, not for {given.action}")
    if given.value is None and given.action in WITH_KEY and given.action != "force_exit":
        raise ConfigError(f"{given.action} needs the key of what it is for as its value")
    return told(_ask(request, folder, name, given.action, given.reason, given.exits or given.value))


@control_router.put("/bots/{bot}/kill", response_model=ControlState)
async def throw_kill(request: Request, bot: str, given: Annotated[KillRequest | None, Body()] = None) -> Response:
    """Throw the kill switch of a bot, or of all with `desk`: it flattens, enters nothing and stays stopped.

    Waits for no lock and no other request. Throwing it again is harmless.
    """
    identity: Identity = request.scope["aion.identity"]
    reason = given.reason if given is not None else ""
    return told(await desk_of(request).kill.throw(bot, identity.who, address_of(request.scope), reason))


@control_router.delete("/bots/{bot}/kill", response_model=ControlState)
def clear_kill(
    request: Request,
    bot: str,
    exits: Annotated[
        Exits, Query(description="What becomes of exits that it ordered and that are not filled.")
    ] = "cancel",
) -> Response:
    """Clear the kill switch of a bot, or the one of all with `desk`; that of a bot alone stays as it is.

    The bots cancel the exits that it ordered and that are not filled, or keep them where `exits` says so.
    """
    desk, actor = desk_of(request), actor_of(request)
    folder, name = desk.folders.of(bot)
    folder.requests.check(name)
    for each in desk.folders.all() if bot == DESK else [folder]:
        _clear(desk, actor, each, name, is_kept=exits == "keep")
    return told(_noted(request, folder, folder.requests.read(name)))


def _clear(desk: Desk, actor: Actor, folder: Folder, bot: str, *, is_kept: bool) -> None:
    thrown = folder.requests.kill_of(bot)
    if thrown is None:
        return
    before, shown = to_json(thrown), bot_id(folder.machine, bot)
    desk.kill.wait_for_record()
    what = f"kill switch of {shown} cleared" + (", its exits kept" if is_kept else "")
    try:
        folder.requests.clear(bot, actor.who, is_kept=is_kept, audited=lambda: actor.recorded(what, before, None))
    except OSError as error:
        _tell(actor, f"kill switch of {shown}: could not be cleared: {error.strerror}", {})
        raise UnwrittenError(f"the kill switch of {shown} could not be cleared: {error.strerror}") from None
    desk.log.warning(f"kill switch of {shown} cleared by {actor.who}")


def _ask_all(request: Request, action: Action, reason: str, value: float | str | None) -> Response:
    """Ask the bots of the own folder and of all machines; one that cannot be asked keeps no other from it."""
    folders = desk_of(request).folders
    first, found, failed = folders.first(), dict[str, ControlAnswer](), list[str]()
    for each in folders.all():
        if each is folders.own and each is not first:
            continue  # the desk has no bots of its own
        try:
            found[each.machine] = _ask(request, each, DESK, action, reason, value)
        except UnwrittenError as error:
            if each is first and len(folders.all()) == 1:
                raise
            failed.append(str(error))
    if failed:
        raise UnwrittenError(f"{action} was not asked of all: {'; '.join(failed)}")
    return told(found[first.machine])


def _ask(
    request: Request, folder: Folder, bot: str, action: Action, reason: str, value: float | str | None
) -> ControlAnswer:
    desk, actor = desk_of(request), actor_of(request)
    asked: Json = (
        {"action": action} | ({} if value is None else {"value": value}) | ({"reason": reason} if reason else {})
    )
    shown = bot_id(folder.machine, bot)
    what = f"{action} asked of {shown}"
    try:
        line = folder.requests.ask(
            bot, action, actor.who, reason, value, audited=lambda: actor.recorded(what, None, asked)
        )
    except OSError as error:
        _tell(actor, f"{action} of {shown}: could not be written: {error.strerror}", asked)
        raise UnwrittenError(
            f"{action} of {shown} could not be written: {error.strerror}; nothing was asked"
        ) from None
    desk.log.info(f"{action} asked of {shown} by {actor.who}", request=line.id)
    return _note(line, _silence(desk, folder))


def _noted(request: Request, folder: Folder, state: ControlState) -> ControlState:
    """Return what was asked, with why a machine that is not heard of has not answered."""
    silence = _silence(desk_of(request), folder)
    if silence:
        state.requests = {each: _note(line, silence) for each, line in state.requests.items()}
    return state


def _note(line: ControlAnswer, silence: str) -> ControlAnswer:
    if not silence or line.state not in ("requested", "not_answered"):
        return line
    return line.model_copy(update={"detail": f"{line.detail} {silence}" if line.detail else silence})


def _silence(desk: Desk, folder: Folder) -> str:
    """Return in sentences why a machine may not get what is asked of it; an empty text where it does."""
    if not folder.machine:
        return ""
    said: list[str] = []
    is_held, at = desk.proofs.held_since(folder.machine)
    if is_held:
        since = f"since {iso(at.replace(microsecond=0))}" if at is not None else "since this desk started"
        said.append(f"Machine {folder.machine} has not been heard of {since}.")
    if not (folder.layout.root / RELAY_REPORT).exists():
        said.append(f"No relay fills machines/{folder.machine}/: check that something takes requests there.")
    elif is_held:
        said.append("Its relay takes the request there once it is.")
    return " ".join(said)


def _tell(actor: Actor, what: str, asked: Json) -> None:
    """Add what failed to the audit, which may be on the same full disk."""
    with suppress(AionError):  # the answer says what failed
        actor.record(what, None, asked)


def _value_of(given: DeskRequest, summary: SimSummary | None) -> float | str | None:
    """Return the checked value of a request to the replay, or of one to let a symbol in.

    Raises:
        ConfigError: it is none.
        ConflictError: the desk does not replay.
    """
    if given.action == "admit":
        if not isinstance(given.value, str) or not 0 < len(given.value.strip()) <= MAX_SYMBOL:
            raise ConfigError("admit takes a symbol as its value, such as BTC/USDT")
        return given.value.strip()
    if given.action in WITH_EXITS and given.value in get_args(Exits):
        return given.value
    if given.action not in get_args(RunAction):
        if given.value is not None:
            raise ConfigError(f"{given.action} takes no value")
        return None
    if summary is None or summary.mode != "replay":
        raise ConflictError(f"{given.action} is for a replay; this desk has none")
    if given.action == "speed":
        if not isinstance(given.value, float) or not 0 <= given.value <= MAX_SPEED:
            raise ConfigError(f"speed takes a value from 0 (hold still) to {MAX_SPEED} market seconds a second")
        return given.value
    day = check_day(given.value if isinstance(given.value, str) else "")
    clock = summary.clock
    ends = (clock.data_from, clock.data_to) if clock is not None else (None, None)
    first, last = (str(at.date()) if at is not None else "" for at in ends)
    if (first and day < first) or (last and day > last):
        raise ConfigError(f"day {day} is not in the data, which reaches from {first} to {last}")
    return day
