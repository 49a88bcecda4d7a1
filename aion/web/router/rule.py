"""A bot's rules: read, saved, reset; each change in the audit with what it changed."""

from contextlib import AbstractContextManager
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from aion.errors import ConflictError
from aion.web.control.kill import UnwrittenError
from aion.web.control.rule import BadRulesError, RulesAnswer, RuleValues
from aion.web.http.answer import answer, told
from aion.web.router.common import CHANGES, actor_of, desk_of
from aion.web.status.document import ErrorAnswer

rule_router = APIRouter(
    prefix="/api/bots/{bot}/rules",
    tags=["control"],
    responses={**CHANGES, 422: {"model": ErrorAnswer, "description": "Rules that cannot work; `fields` says why."}},
)


class RulesChange(BaseModel):
    """Rules to be saved."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=0, description="The version that was edited, 0 where none was saved.")
    rules: dict[str, bool | int | float | str] = Field(max_length=100, description="Those that change, or all.")


@rule_router.get("", response_model=RulesAnswer)
def bot_rules(request: Request, bot: str) -> Response:
    """Return a bot's rules: those saved, those in force, and what each means."""
    folder, name = desk_of(request).folders.of(bot)
    return answer(request, folder.rules.read(name))


@rule_router.put("", response_model=RulesAnswer)
def save_rules(request: Request, bot: str, given: RulesChange) -> Response:
    """Save a bot's rules; it takes them at its next cycle or mark.

    409 when somebody saved another version than the one edited: the detail says who and when.
    """
    return _save(request, bot, given.rules, given.version, "saved")


@rule_router.delete("", response_model=RulesAnswer)
def reset_rules(
    request: Request, bot: str, version: Annotated[int, Query(ge=0, description="The version that was seen.")]
) -> Response:
    """Save the rules of the bot's settings again, as a new version."""
    return _save(request, bot, None, version, "reset")


def _save(request: Request, bot: str, rules: RuleValues | None, version: int, verb: str) -> Response:
    desk, actor = desk_of(request), actor_of(request)
    folder, name = desk.folders.of(bot)

    def audited(before: RuleValues, after: RuleValues) -> AbstractContextManager[None]:
        changed = [name for name in after if before.get(name) != after[name]]
        old, new = ({name: values[name] for name in changed if name in values} for values in (before, after))
        return actor.recorded(f"rules of {bot} {verb}", old, new)

    try:
        before, after = folder.rules.save(name, rules, version, actor.who, audited)
    except BadRulesError as error:
        refused = {"error": "BadRules", "detail": str(error), "fields": error.fields}
        return JSONResponse(refused, status_code=error.status)
    except ConflictError as error:
        if rules is not None:
            actor.record(f"rules of {bot} not {verb}: {error}", None, None)
        raise
    except OSError as error:
        raise UnwrittenError(f"the rules of {bot} could not be written: {error.strerror}; nothing changed") from None
    changed = [name for name in after if before.get(name) != after[name]]
    desk.log.info(f"rules of {bot} {verb} by {actor.who}", changed=", ".join(changed))
    return told(folder.rules.read(name))
