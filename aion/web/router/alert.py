"""Alert rules: read with what was sent, saved as a whole, tried."""

from contextlib import AbstractContextManager
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from aion.errors import ConflictError
from aion.web.control.alert import AlertBook, AlertsAnswer, BadAlertsError
from aion.web.control.kill import UnwrittenError
from aion.web.http.answer import answer, told
from aion.web.router.common import CHANGES, actor_of, desk_of
from aion.web.status.document import ErrorAnswer

alert_router = APIRouter(
    prefix="/api/alerts",
    tags=["alerts"],
    responses={**CHANGES, 422: {"model": ErrorAnswer, "description": "Rules that cannot be; `fields` says why."}},
)


class AlertsChange(BaseModel):
    """Rules and plan to be saved."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=0, description="The version that was edited, 0 where none was saved.")
    rules: dict[str, dict[str, Any]] = Field(max_length=2_000, description="All rules, by name: see `AlertRule`.")
    plan: dict[str, Any] = Field(default_factory=dict, max_length=20, description="See `AlertPlan`.")


@alert_router.get("", response_model=AlertsAnswer)
def alerts(request: Request) -> Response:
    """Return the alert rules, when alerts are sent, and the newest 200 of what was sent."""
    return answer(request, _book(request).read())


@alert_router.put("", response_model=AlertsAnswer)
def save_alerts(request: Request, given: AlertsChange) -> Response:
    """Save all alert rules and when alerts are sent; the watchdog goes by them within a second.

    409 when somebody saved another version than the one edited: the detail says who and when.
    """
    desk, actor, book = desk_of(request), actor_of(request), _book(request)

    def audited(before: Any, after: Any) -> AbstractContextManager[None]:
        return actor.recorded("alert rules saved", before, after)

    try:
        book.save(given.rules, given.plan, given.version, actor.who, audited)
    except BadAlertsError as error:
        refused = {"error": "BadAlerts", "detail": str(error)[:2000], "fields": error.fields}
        return JSONResponse(refused, status_code=error.status)
    except ConflictError as error:
        actor.record(f"alert rules not saved: {error}", None, None)
        raise
    except OSError as error:
        raise UnwrittenError(f"the alert rules could not be written: {error.strerror}; nothing changed") from None
    desk.log.info(f"alert rules saved by {actor.who}", rules=len(given.rules))
    return told(book.read())


@alert_router.post("/test", response_model=AlertsAnswer)
def try_alerts(request: Request) -> Response:
    """Ask for a test message to all services of `[alerts]`; the history says within seconds what became of it."""
    actor, book = actor_of(request), _book(request)
    try:
        book.ask_test(actor.who, lambda count: actor.recorded("test alert asked for", None, {"services": count}))
    except OSError as error:
        raise UnwrittenError(f"the test could not be asked for: {error.strerror}; nothing changed") from None
    return told(book.read())


def _book(request: Request) -> AlertBook:
    return AlertBook(desk_of(request).layout)
