"""What is asked of a bot: the newest request, the kill switch and the saved rules, as the pages show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from pydantic import AwareDatetime, Field

from aion.scalar import Key, Name, Text
from aion.store.control_id import SUFFIX, order_of, why_not
from aion.store.document.base import Document, made, shown_as
from aion.store.document.clock import ClockState
from aion.store.document.request import BotConfig, Control, Kill
from aion.store.document.state import Account
from aion.store.layout import Place
from aion.web.problem import Problems, add, unreadable
from aion.web.state import Doc, Files, of_kind

Became = Literal["accepted", "done", "refused", "superseded"]
NAMED = 6  # symbols in a sentence
MOST_LOOKED_AT = 100  # of the files of a folder, until one of them is a request


class ControlLine(Document, showing=(Control,), without=frozenset({"schema_", "bot", "request_id"})):
    """One request, and what became of it as far as the bot's state names its id."""

    state: Became | None = Field(
        None,
        description="Absent until the bot's state names the id. accepted: begun, and what it asks for has not come "
        "about yet; superseded: another request came before it could.",
    )
    detail: Text | None = Field(None, description="What is left to do, or why it was refused or superseded.")


class KillLine(Document, showing=(Kill,), without=frozenset({"schema_", "bot"})):
    """A kill switch that is thrown."""

    killed_at: AwareDatetime | None = Field(None, description="Absent when its file cannot be read.")


class SavedRules(Document, showing=(BotConfig,), without=frozenset({"schema_", "bot", "rules"})):
    """Which version of a bot's rules was saved last; in force once the bot's `config_version` is the same."""


class Asked(Document):
    """What is asked of one bot, or of all of them."""

    request: ControlLine | None = Field(None, description="The newest one.")
    kill: KillLine | None = None
    saved: SavedRules | None = None


UNREADABLE = "the switch's file cannot be read, which stops the bot as if it were thrown"


def kill_line(kill: Kill | None) -> KillLine:
    """Return what the pages show of a kill switch that is thrown, None where its file cannot be read."""
    found = shown_as(KillLine, kill) if kill is not None else made(KillLine)()
    if kill is None:
        found.reason = UNREADABLE
    return found


def read_asked(files: Files, places: Mapping[str, Place | None], errors: Problems) -> dict[str, Asked]:
    """Return what is asked by bot (and under `desk`), of those of which anything is.

    Args:
        files: all state files of the data folder.
        places: what their names say.
        errors: gets a problem for each file that cannot be trusted.
    """
    lying: dict[str, list[str]] = {}
    asked: dict[str, Asked] = {}
    for file, place in places.items():
        if place is None:
            continue
        if place.kind == "control":
            lying.setdefault(place.bot, []).append(file)
        elif place.kind == "kill":
            kill = _read(files, file, Kill, place.bot, errors)
            if kill is not None or file in files:  # gone since the listing is clear
                asked.setdefault(place.bot, Asked()).kill = kill_line(kill)
        elif place.kind == "bot_config":
            saved = _read(files, file, BotConfig, place.bot, errors)
            if saved is not None:
                asked.setdefault(place.bot, Asked()).saved = shown_as(SavedRules, saved)
    for bot, found in lying.items():
        line = _newest(files, found, bot, errors)
        if line is not None:
            asked.setdefault(bot, Asked()).request = shown_as(ControlLine, line)
    return asked


def _newest(files: Files, found: list[str], bot: str, errors: Problems) -> Control | None:
    """Return the newest request among files named by ids; one that is none costs itself alone."""
    found.sort(key=lambda file: order_of(_id_of(file)), reverse=True)
    for file in found[:MOST_LOOKED_AT]:
        entry = files.get(file)
        if entry is None or why_not(_id_of(file), datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC)):
            continue  # of another time than its file: the bots leave it aside, and say so
        line = _read(files, file, Control, bot, errors)
        if line is not None:
            return line
    return None


def _id_of(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(SUFFIX)


def became(line: ControlLine, shown: Account | ClockState, *, is_own: bool) -> tuple[Became, str] | None:
    """Return state and detail of a request; None when the state document of the bot does not name its id.

    A bot's word that it is done is taken where it says so for each request; else the rest of its state must bear it
    out: positions that are gone, a state that is `paused`.

    Args:
        line: the request.
        shown: state document of the bot; of all bots, that of their clock.
        is_own: True for Aion's own bots.
    """
    said = shown.control_answers.get(line.id)
    is_newest = shown.control_id == line.id
    has_own_word = said is not None and (is_own or not is_newest)
    if said is None:
        if not is_newest:
            return None
        said = f"refused: {shown.control_error}" if shown.control_error else "done"
    word, _, detail = (part.strip() for part in said.partition(":"))
    if word not in _WORDS:
        word, detail = "accepted", said
    left = "" if word != "done" or has_own_word else _left(line.action, shown)
    return "accepted" if left else _WORDS[word], (left or detail)[:2000]


_WORDS: dict[str, Became] = {word: word for word in get_args(Became)}


def _left(action: str, shown: Account | ClockState) -> str:
    """Return what is missing before the state of a bot bears out that an action is done; empty for nothing."""
    positions = shown.positions if isinstance(shown, Account) else {}
    if action == "flatten" and (held := [name for name, each in positions.items() if each.quantity]):
        more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
        count = f"{len(held)} position{'' if len(held) == 1 else 's'}"
        return f"{count} ({', '.join(held[:NAMED])}{more}) still open"
    if (action == "pause" and shown.state == "active") or (action == "resume" and shown.state == "paused"):
        return f"its state says {shown.state}"
    return ""


def add_outcome(asked: Asked | None, shown: Account | ClockState | None, *, is_own: bool) -> None:
    """Put into `asked` what became of its request, given the state document of the bot; None where there is none."""
    if asked is None or asked.request is None or shown is None:
        return
    if (found := became(asked.request, shown, is_own=is_own)) is not None:
        asked.request = asked.request.model_copy(update=outcome(*found))


def outcome(state: str, detail: str) -> dict[str, Any]:
    """Return the fields of a request that say what became of it."""
    return {"state": state, "detail": detail or None}


def _read(files: Files, file: str, kind: type[Doc], bot: str, errors: Problems) -> Doc | None:
    entry = files.get(file)
    if entry is not None and entry.error is not None:
        add(errors, f"control.{bot}", unreadable(file, entry))
    return of_kind(kind, entry.value) if entry is not None else None


class ControlAnswer(ControlLine):
    """One request and what became of it."""

    state: Literal["requested", "accepted", "done", "refused", "superseded", "not_answered"]  # type: ignore[assignment]


class ControlState(Document):
    """What was asked of a bot (or of `desk`, for all of them) and what it answered."""

    bot: Name
    answers: bool = Field(description="False for a foreign bot whose state carries no `control_id`.")
    state: str = Field("", description="active, paused, stopped or error; of the desk, the state of its clock.")
    control_id: str | None = Field(None, description="The last request that was answered.")
    control_error: Text = Field("", description="Why that one was refused.")
    requests: dict[Key, ControlAnswer] = Field(default_factory=dict, description="Newest first, 50 at most.")
    left_aside: dict[str, Text] = Field(
        default_factory=dict, description="Files in its folder that are no requests, by path, and why; a few of them."
    )
    kill: KillLine | None = None
