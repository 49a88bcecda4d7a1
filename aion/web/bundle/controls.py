"""What is asked of a bot: the newest request, the kill switch and the saved rules, as the pages show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

from pydantic import AwareDatetime, Field

from aion.scalar import Key, Name, Number, Text
from aion.store.control_id import SUFFIX, order_of, why_not
from aion.store.document.action import Action
from aion.store.document.base import Document
from aion.store.layout import Place
from aion.web.state import Files, Json, add, unreadable

Became = Literal["accepted", "done", "refused", "superseded"]
NAMED = 6  # symbols in a sentence
MOST_LOOKED_AT = 100  # of the files of a folder, until one of them is a request


class ControlLine(Document):
    """One request, and what became of it as far as the bot's state names its id."""

    id: Key
    action: Action
    requested_at: AwareDatetime
    requested_by: str = ""
    reason: Text = ""
    value: Number | str | None = None
    due_at: AwareDatetime | None = Field(None, description="Not answered when the wall time is past this.")
    state: Became | None = Field(
        None,
        description="Absent until the bot's state names the id. accepted: begun, and what it asks for has not come "
        "about yet; superseded: another request came before it could.",
    )
    detail: Text | None = Field(None, description="What is left to do, or why it was refused or superseded.")


class KillLine(Document):
    """A kill switch that is thrown."""

    killed_at: AwareDatetime | None = Field(None, description="Absent when its file cannot be read.")
    killed_by: str = ""
    reason: Text = ""
    due_at: AwareDatetime | None = Field(None, description="Not answered when it has not stopped by then.")


class SavedRules(Document):
    """Which version of a bot's rules was saved last; in force once the bot's `config_version` is the same."""

    version: int
    saved_at: AwareDatetime
    saved_by: str = ""


class Asked(Document):
    """What is asked of one bot, or of all of them."""

    request: ControlLine | None = Field(None, description="The newest one.")
    kill: KillLine | None = None
    saved: SavedRules | None = None


LINE_FIELDS = tuple(name for name in ControlLine.model_fields if name not in ("state", "detail"))
KILL_FIELDS = tuple(KillLine.model_fields)
SAVED_FIELDS = tuple(SavedRules.model_fields)
UNREADABLE = "the switch's file cannot be read, which stops the bot as if it were thrown"


def take(doc: Json, fields: tuple[str, ...]) -> Json:
    """Return those of `fields` that the document carries."""
    return {name: doc[name] for name in fields if name in doc}


def read_asked(files: Files, places: Mapping[str, Place | None], errors: dict[str, Json]) -> dict[str, Json]:
    """Return `Asked` by bot (and under `desk`), of those of which anything is asked.

    Args:
        files: all state files of the data folder.
        places: what their names say.
        errors: gets a problem for each file that cannot be trusted.
    """
    lying: dict[str, list[str]] = {}
    asked: dict[str, Json] = {}
    for file, place in places.items():
        if place is None:
            continue
        if place.kind == "control":
            lying.setdefault(place.bot, []).append(file)
        elif place.kind == "kill":
            kill = _read(files, file, place.bot, errors)
            if kill is not None or file in files:  # gone since the listing is clear
                asked.setdefault(place.bot, {})["kill"] = take(kill, KILL_FIELDS) if kill else {"reason": UNREADABLE}
        elif place.kind == "bot_config":
            saved = _read(files, file, place.bot, errors)
            if saved:
                asked.setdefault(place.bot, {})["saved"] = take(saved, SAVED_FIELDS)
    for bot, found in lying.items():
        line = _newest(files, found, bot, errors)
        if line:
            asked.setdefault(bot, {})["request"] = take(line, LINE_FIELDS)
    return asked


def _newest(files: Files, found: list[str], bot: str, errors: dict[str, Json]) -> Json | None:
    """Return the newest request among files named by ids; one that is none costs itself alone."""
    found.sort(key=lambda file: order_of(_id_of(file)), reverse=True)
    for file in found[:MOST_LOOKED_AT]:
        entry = files.get(file)
        if entry is None or why_not(_id_of(file), datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC)):
            continue  # of another time than its file: the bots leave it aside, and say so
        line = _read(files, file, bot, errors)
        if line:
            return line
    return None


def _id_of(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(SUFFIX)


def became(line: Json, shown: Json, *, is_own: bool) -> Json:
    """Return `state` and `detail` of a request; empty when the state document of the bot does not name its id.

    A bot's word that it is done is taken where it says so for each request; else the rest of its state must bear it
    out: positions that are gone, a state that is `paused`.

    Args:
        line: the request.
        shown: state document of the bot; of all bots, that of their clock.
        is_own: True for Aion's own bots.
    """
    said = shown.get("control_answers", {}).get(line["id"])
    is_newest = shown.get("control_id") == line["id"]
    has_own_word = said is not None and (is_own or not is_newest)
    if said is None:
        if not is_newest:
            return {}
        error = shown.get("control_error", "")
        said = f"refused: {error}" if error else "done"
    word, _, detail = (part.strip() for part in said.partition(":"))
    if word not in _WORDS:
        word, detail = "accepted", said
    left = "" if word != "done" or has_own_word else _left(line["action"], shown)
    found: Json = {"state": "accepted" if left else word}
    return found | ({"detail": (left or detail)[:2000]} if left or detail else {})


_WORDS = frozenset(get_args(Became))


def _left(action: str, shown: Json) -> str:
    """Return what is missing before the state of a bot bears out that an action is done; empty for nothing."""
    state = shown.get("state", "")
    if action == "flatten" and (held := [name for name, each in _positions(shown).items() if each["quantity"]]):
        more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
        count = f"{len(held)} position{'' if len(held) == 1 else 's'}"
        return f"{count} ({', '.join(held[:NAMED])}{more}) still open"
    if (action == "pause" and state == "active") or (action == "resume" and state == "paused"):
        return f"its state says {state}"
    return ""


def _positions(shown: Json) -> Json:
    found: Json = shown.get("positions", {})
    return found


def add_outcome(asked: Json | None, shown: Json | None, *, is_own: bool) -> None:
    """Put into `Asked` what became of its request, given the state document of the bot; None where there is none."""
    if asked and shown and "request" in asked:
        asked["request"] = asked["request"] | became(asked["request"], shown, is_own=is_own)


def _read(files: Files, file: str, bot: str, errors: dict[str, Json]) -> Json | None:
    entry = files.get(file)
    if entry is None:
        return None
    if entry.error is None:
        return entry.value
    add(errors, f"control.{bot}", unreadable(file, entry, None, None))
    return None


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
