"""Documents that the desk writes for the bots: rules, requests, kill switches."""

from pydantic import Field

from aion.scalar import Key, Name, Number, Text, UtcTime
from aion.store.document.action import Action
from aion.store.document.base import Document


class BotConfig(Document):
    """`config/<bot>.json`: rules saved on the desk."""

    schema_: str = Field(alias="schema")
    bot: Name
    version: int = Field(ge=1, description="Grows by one each save; a save names the version it edited.")
    saved_at: UtcTime
    saved_by: str = Field("", max_length=64)
    rules: dict[Key, Number | Text | bool] = Field(default_factory=dict)


class Control(Document):
    """`control/<bot>/<id>.json`: a request to a bot; answered under its id in the bot's next state.

    Requests to the bots' process as a whole (`speed`, `jump`, `admit`, and those for all bots) are in
    `control/desk/` and are answered by the clock in `sim_summary.json`. Speed 0 pauses a replay.
    """

    schema_: str = Field(alias="schema")
    id: Key = Field(description="As its file is named: `c<date>T<time>-<letters or digits>`, UTC, when it was asked.")
    bot: Name
    action: Action
    requested_at: UtcTime
    requested_by: str = Field("", max_length=64)
    reason: Text = ""
    value: Number | Text | None = Field(
        None,
        description="Speed (market s / wall s), day to jump to, symbol to admit; of resume and clear `keep`, to let "
        "the exits fill that a flatten or kill switch ordered; of force_exit, cancel_order and delete_lock the "
        "key of the position, order or lock.",
    )
    due_at: UtcTime | None = Field(None, description="Wall time by which an answer is expected.")
    request_id: str = Field("", max_length=64, description="Of the HTTP request; the bots' log repeats it.")


class Kill(Document):
    """`control/<bot>/kill.json`, `control/desk/kill.json`: the kill switch of a bot, or of all.

    While the file exists, the bot closes its positions and opens nothing. It runs only if the file does not exist: an
    unreadable one stops it too.
    """

    schema_: str = Field(alias="schema")
    bot: Name
    killed_at: UtcTime
    killed_by: str = Field("", max_length=64)
    reason: Text = ""
    due_at: UtcTime | None = Field(None, description="Wall time by which the bot is expected to have stopped.")
