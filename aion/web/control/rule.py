"""A bot's rules: what each means, which values can work, and the file in which the desk saves them.

A save names the version that it edited; one that is based on an older version is refused with who saved since.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PlainSerializer, ValidationError

from aion.clock import iso
from aion.config import BotSettings, Rules, Settings
from aion.errors import AionError, ConflictError, NotFoundError, StateError
from aion.scalar import Key, Name, Number, Text
from aion.store.document.base import Document, made
from aion.store.document.kind import schema_name
from aion.store.document.request import BotConfig
from aion.store.document_file import write_document
from aion.store.layout import Layout, check_name, config
from aion.store.lock import alone
from aion.web.control.change import changed
from aion.web.control.request import Requests
from aion.web.reader import FileReader

RuleValue = float | bool | str
RuleValues = dict[str, RuleValue]
_AS_IS = PlainSerializer(lambda value: value)  # a count stays a whole number
Shown = Annotated[Number | bool | str, _AS_IS]
RuleType = Literal["integer", "number", "boolean"]
Unit = Literal["percent", "strength", "count", "bars", "switch"]

UNITS: dict[str, Unit] = {
    "max_positions": "count", "max_alloc": "percent", "stop_loss": "percent", "take_profit": "percent",
    "min_confidence": "strength", "aggression": "strength", "allow_short": "switch", "daily_loss": "percent",
    "flat_before_close": "bars", "max_exposure": "percent", "max_drawdown": "percent", "orders_a_cycle": "count",
    "cool_down_minutes": "count",
}  # fmt: skip
"""How a value is shown and entered; one that is missing here by its type, where a number is a fraction."""
ONLY_INTRADAY = frozenset({"flat_before_close"})


class RuleField(Document):
    """One rule: its meaning and the values that can work."""

    description: Text
    type: RuleType
    unit: Unit
    minimum: Number | None = None
    maximum: Number | None = None
    above: Number | None = Field(None, description="The value must be greater than this.")
    below: Number | None = Field(None, description="The value must be less than this.")
    default: Annotated[Number | bool, _AS_IS] = Field(description="Of the bot's settings: what a reset saves.")


class RulesAnswer(Document):
    """A bot's rules: saved, in force, and what each means."""

    bot: Name
    editable: bool = Field(description="False for a foreign bot, whose rules are where it runs.")
    version: int = Field(0, description="Of the saved rules, 0 for none; a save names the version that it edited.")
    saved_at: AwareDatetime | None = None
    saved_by: str = ""
    rules: dict[Key, Shown] = Field(
        default_factory=dict, description="Saved rules, or those of the settings where none are saved."
    )
    in_force: dict[Key, Shown] = Field(
        default_factory=dict, description="What the bot's state says that it goes by; empty where it does not say."
    )
    config_version: int = Field(0, description="Version in force.")
    config_error: Text = Field("", description="Why the bot did not take the newest saved rules.")
    error: Text = Field("", description="Why the saved rules cannot be read; the next save replaces them.")
    fields: dict[Key, RuleField] = Field(default_factory=dict)


class BadRulesError(AionError):
    """Rules that cannot work."""

    status = 422

    def __init__(self, fields: dict[str, str]) -> None:
        """Args: fields: what is wrong, by rule."""
        self.fields = fields
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()))


class RuleBook:
    """Reads and saves the rules of all bots."""

    def __init__(self, layout: Layout, files: FileReader, settings: Settings, requests: Requests) -> None:
        """Args: layout: of the data folder; files: reads it; settings: of the desk; requests: reads a bot's state."""
        self._layout = layout
        self._files = files
        self._settings = settings
        self._requests = requests

    def read(self, bot: str) -> RulesAnswer:
        """Return the rules of `bot`.

        Raises:
            NotFoundError: nobody of that name is known.
        """
        check_name("bot", bot)
        try:
            state = self._requests.state(bot)
        except StateError:
            state = None  # the bot's card says what is wrong with it
        settings = self._settings.bots.get(bot)
        found = made(RulesAnswer)(bot=bot, editable=settings is not None)
        if state is not None:
            found.in_force = found.rules = state.rules
            found.config_version, found.config_error = state.config_version, state.config_error
        if settings is None:
            return found
        saved, found.error = self._saved(bot)
        # a rule that came after the save is at its setting
        found.rules = {**settings.rules.as_json()}
        if saved is not None:
            found.version, found.saved_at, found.saved_by = saved.version, saved.saved_at, saved.saved_by
            found.rules |= _whole(saved.rules)
        found.in_force, found.fields = _whole(found.in_force), describe(settings)
        return found

    def save(
        self,
        bot: str,
        rules: RuleValues | None,
        version: int,
        who: str,
        audited: Callable[[RuleValues, RuleValues], AbstractContextManager[None]] = lambda _before, _after: (
            nullcontext()
        ),
    ) -> tuple[RuleValues, RuleValues]:
        """Save the rules of `bot`; None saves those of its settings again.

        Args:
            bot: one of Aion's own.
            rules: all of them, or those that are to differ from what is saved.
            version: the version that was edited.
            who: saves.
            audited: writes the audit's line, given the rules before and after.

        Returns:
            Rules before and after.

        Raises:
            BadRulesError: they cannot work.
            ConflictError: somebody saved another version meanwhile, or the bot is a foreign one.
            OSError: they cannot be written; what was saved stands.
            DeskStoreError: the audit cannot be written; what was saved stands.
        """
        settings = self._settings.bots.get(check_name("bot", bot))
        if settings is None:
            self._requests.state(bot)
            raise ConflictError(f"{bot} belongs to another program: change its rules there")
        with alone(self._layout.configs):
            before = self.read(bot)
            if before.version != version:
                raise ConflictError(
                    f"{before.saved_by or 'somebody'} saved version {before.version} of the rules of {bot} at "
                    f"{iso(before.saved_at) if before.saved_at else 'an unknown time'}; you edited version {version}"
                )
            after: RuleValues = (
                {**settings.rules.as_json()} if rules is None else checked(settings, before.rules | rules)
            )
            document = {
                "schema": schema_name("bot_config"),
                "bot": bot,
                "version": max(version, before.config_version) + 1,
                "saved_at": iso(datetime.now(UTC)),
                "saved_by": who[:64],
                "rules": after,
            }
            path = self._layout.config(bot)
            with changed(path, lambda: audited(before.rules, after)):
                write_document(path, document, durable=True)
        return before.rules, after

    def _saved(self, bot: str) -> tuple[BotConfig | None, str]:
        try:
            return self._files.read(config(bot), BotConfig), ""
        except NotFoundError:
            return None, ""
        except StateError as error:
            return None, str(error)


def checked(settings: BotSettings, rules: RuleValues) -> RuleValues:
    """Return `rules` as JSON types if a bot with these settings can work by them.

    Raises:
        BadRulesError: it cannot.
    """
    try:
        # strict JSON: true is no number, and "5" is no 5; numbers of any length, which orjson does not write
        found = Rules.model_validate_json(json.dumps(rules), strict=True)
    except ValidationError as error:
        raise BadRulesError(_complaints(error)) from None
    try:
        BotSettings.model_validate(settings.model_dump() | {"rules": found.model_dump()})
    except ValidationError as error:
        why = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        name = next((name for name in Rules.model_fields if why.startswith(name)), "rules")
        raise BadRulesError({name: why}) from None
    return {**found.as_json()}


def describe(settings: BotSettings) -> dict[str, RuleField]:
    """Return each rule that has effect on a bot of that kind, read off the model."""
    schema = Rules.model_json_schema(mode="validation")["properties"]
    defaults = settings.rules.as_json()
    fields: dict[str, RuleField] = {}
    for name, field in Rules.model_fields.items():
        if settings.kind == "swing" and name in ONLY_INTRADAY:
            continue
        said = schema[name]
        kind = _TYPES.get(str(said.get("type")), "number")
        limits = next((each for each in said.get("anyOf", [said]) if each.get("type") != "string"), said)
        fields[name] = made(RuleField)(
            description=field.description or "",
            type=kind,
            unit=UNITS.get(name, _UNIT_OF_TYPE[kind]),
            minimum=limits.get("minimum"),
            maximum=limits.get("maximum"),
            above=limits.get("exclusiveMinimum"),
            below=limits.get("exclusiveMaximum"),
            default=defaults[name],
        )
    return fields


def _whole(rules: RuleValues) -> RuleValues:
    """Return rules of a document with counts as whole numbers: a document has but one kind of number."""
    counts = {name for name, field in Rules.model_fields.items() if field.annotation is int}
    return {
        name: int(value) if name in counts and isinstance(value, float) and value.is_integer() else value
        for name, value in rules.items()
    }


_TYPES: dict[str, RuleType] = {"boolean": "boolean", "integer": "integer"}
_UNIT_OF_TYPE: dict[RuleType, Unit] = {"boolean": "switch", "integer": "count", "number": "percent"}


def _complaints(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(each["loc"][0]) if each["loc"] else "rules"
        why = "there is no such rule" if each["type"] == "extra_forbidden" else each["msg"]
        found.setdefault(name[:128], why)
    return found
