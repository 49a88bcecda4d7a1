"""What is asked of a bot: the newest request, the kill switch and the saved rules, as the pages show them."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from aion.store.document import Document, Key, Name, Number, Text
from aion.store.layout import Place
from aion.web.state import Files, Json, add, unreadable

Action = Literal["pause", "resume", "flatten", "speed", "jump", "admit"]


class ControlLine(Document):
    """One request; it is done once the bot's `control_id` is not before `id`."""

    id: Key
    action: Action
    requested_at: AwareDatetime
    requested_by: str = ""
    reason: Text = ""
    value: Number | str | None = None
    due_at: AwareDatetime | None = Field(None, description="Not answered when the wall time is past this.")


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


LINE_FIELDS = tuple(ControlLine.model_fields)
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
    newest: dict[str, str] = {}
    asked: dict[str, Json] = {}
    for file, place in places.items():
        if place is None:
            continue
        if place.kind == "control":
            newest[place.bot] = max(newest.get(place.bot, ""), file)
        elif place.kind == "kill":
            kill = _read(files, file, place.bot, errors)
            if kill is not None or file in files:  # gone since the listing is clear
                asked.setdefault(place.bot, {})["kill"] = take(kill, KILL_FIELDS) if kill else {"reason": UNREADABLE}
        elif place.kind == "bot_config":
            saved = _read(files, file, place.bot, errors)
            if saved:
                asked.setdefault(place.bot, {})["saved"] = take(saved, SAVED_FIELDS)
    for bot, file in newest.items():
        line = _read(files, file, bot, errors)
        if line:
            asked.setdefault(bot, {})["request"] = take(line, LINE_FIELDS)
    return asked


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

    state: Literal["requested", "done", "refused", "not_answered"]


class ControlState(Document):
    """What was asked of a bot (or of `desk`, for all of them) and what it answered."""

    bot: Name
    answers: bool = Field(description="False for a foreign bot whose state carries no `control_id`.")
    state: str = Field("", description="active, paused, stopped or error; of the desk, the state of its clock.")
    control_id: str | None = Field(None, description="The last request that was carried out.")
    control_error: Text = Field("", description="Why that one was refused.")
    requests: dict[Key, ControlAnswer] = Field(default_factory=dict, description="Newest first, 50 at most.")
    kill: KillLine | None = None
