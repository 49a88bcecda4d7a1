"""The alert rules: read, saved by whoever edited the newest version, and what was sent by them."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from aion.clock import iso
from aion.errors import AionError, ConflictError, StateError
from aion.scalar import Key, Text
from aion.store.document.alert import AlertHistory, AlertPlan, AlertRule, AlertRules, SentAlert
from aion.store.document.base import Document, made, to_json
from aion.store.document.kind import schema_name
from aion.store.document_file import read_document, write_document
from aion.store.layout import Layout
from aion.store.lock import alone
from aion.web.control.change import changed

Audited = Callable[[Any, Any], AbstractContextManager[None]]
SHOWN = 200
"""Newest entries of the history that an answer has."""


class AlertsAnswer(Document):
    """The alert rules, when alerts are sent, and what was sent."""

    version: int = Field(0, description="Of the saved rules, 0 for none; a save names the version that it edited.")
    saved_at: AwareDatetime | None = None
    saved_by: str = ""
    rules: dict[Key, AlertRule] = Field(default_factory=dict)
    plan: AlertPlan = Field(default_factory=AlertPlan)
    test_at: AwareDatetime | None = Field(None, description="When somebody asked for a test message last.")
    test_by: str = ""
    error: Text = Field("", description="Why the saved rules cannot be read; the next save replaces them.")
    in_force: int = Field(0, description="Version that the watchdog goes by; 0 where none has read any.")
    watch_error: Text = Field("", description="Why the watchdog does not go by the newest version.")
    is_watched: bool = Field(False, description="False where no watchdog runs, so that nothing is sent.")
    services: int = Field(0, description="Services of `[alerts]` that messages go to.")
    sent: dict[Key, SentAlert] = Field(default_factory=dict, description="What was found, the newest first.")


class BadAlertsError(AionError):
    """Rules that cannot be."""

    status = 422

    def __init__(self, fields: dict[str, str]) -> None:
        """Args: fields: what is wrong, by the path of its field, such as `rules.r1.limit`."""
        self.fields = fields
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()))


class AlertBook:
    """Reads and saves the alert rules of one data folder."""

    def __init__(self, layout: Layout) -> None:
        """Args: layout: of the data folder."""
        self._layout = layout

    def read(self) -> AlertsAnswer:
        """Return the rules and the history as they are on the disk."""
        found = made(AlertsAnswer)()
        try:
            saved, _ = read_document(self._layout.alert_rules, "alert_rules")
            assert isinstance(saved, AlertRules)
            found.version, found.saved_at, found.saved_by = saved.version, saved.saved_at, saved.saved_by
            found.rules, found.plan = saved.rules, saved.plan
            found.test_at, found.test_by = saved.test_at, saved.test_by
        except FileNotFoundError:
            pass
        except StateError as error:
            found.error = str(error)
        try:
            history, _ = read_document(self._layout.alerts_sent, "alert_history")
            assert isinstance(history, AlertHistory)
            found.in_force, found.watch_error, found.services = history.version, history.error, history.services
            found.sent = dict(list(reversed(history.sent.items()))[:SHOWN])
        except FileNotFoundError:
            pass
        except StateError as error:
            found.watch_error = str(error)
        found.is_watched = _is_watched(self._layout)
        return found

    def save(self, rules: Any, plan: Any, version: int, who: str, audited: Audited) -> None:
        """Save all rules and the plan.

        Args:
            rules: as JSON, by name.
            plan: as JSON.
            version: the version that was edited.
            who: saves.
            audited: writes the audit's line, given rules and plan before and after.

        Raises:
            BadAlertsError: they cannot be.
            ConflictError: somebody saved another version meanwhile.
            OSError: they cannot be written; what was saved stands.
            DeskStoreError: the audit cannot be written; what was saved stands.
        """
        checked = _checked(rules, plan)
        with alone(self._layout.alert_rules.parent):
            before = self.read()
            if before.version != version:
                raise ConflictError(
                    f"{before.saved_by or 'somebody'} saved version {before.version} of the alert rules at "
                    f"{iso(before.saved_at) if before.saved_at else 'an unknown time'}; you edited version {version}"
                )
            found = AlertRules(
                schema_=schema_name("alert_rules"), version=max(version, before.in_force) + 1,
                saved_at=datetime.now(UTC), saved_by=who[:64], rules=checked.rules, plan=checked.plan,
                test_at=before.test_at, test_by=before.test_by,
            )  # fmt: skip
            old, new = _of_audit(before), _of_audit(checked)
            path = self._layout.alert_rules
            with changed(path, lambda: audited(*_differing(old, new))):
                write_document(path, to_json(found), durable=True)

    def ask_test(self, who: str, audited: Callable[[int], AbstractContextManager[None]]) -> None:
        """Ask the watchdog, which alone knows the services, for a test message.

        Args:
            who: asks.
            audited: writes the audit's line, given the number of services.

        Raises:
            ConflictError: no watchdog runs, no service is set, or the saved rules cannot be read.
            OSError, DeskStoreError: as `save`.
        """
        with alone(self._layout.alert_rules.parent):
            before = self.read()
            if not before.is_watched:
                raise ConflictError("no watchdog runs: start `aion up`, or `aion watch` beside a desk of its own")
            if not before.services:
                raise ConflictError("no service is set: name one in urls of [alerts], or in AION_ALERT_URLS")
            if before.error:
                raise ConflictError(f"the saved rules cannot be read, save them again first: {before.error}")
            found = AlertRules(
                schema_=schema_name("alert_rules"), version=before.version, saved_at=before.saved_at,
                saved_by=before.saved_by, rules=before.rules, plan=before.plan,
                test_at=datetime.now(UTC), test_by=who[:64],
            )  # fmt: skip
            with changed(self._layout.alert_rules, lambda: audited(before.services)):
                write_document(self._layout.alert_rules, to_json(found), durable=True)


class _Checked(Document):
    rules: dict[Key, AlertRule] = Field(default_factory=dict, max_length=2_000)
    plan: AlertPlan = Field(default_factory=AlertPlan)


def _checked(rules: Any, plan: Any) -> _Checked:
    try:
        found = _Checked.model_validate_json(json.dumps({"rules": rules, "plan": plan}))
    except ValidationError as error:
        raise BadAlertsError(_complaints(error)) from None
    if unknown := _unknown(rules, AlertRule) | _unknown({"plan": plan}, AlertPlan, "plan"):
        raise BadAlertsError(unknown)
    return found


def _unknown(given: Any, kind: type[Document], below: str = "rules") -> dict[str, str]:
    """Return fields that no document of `kind` has: a slip of the pen must not be a rule without a limit."""
    found = {}
    for name, each in given.items() if isinstance(given, dict) else ():
        for key in each if isinstance(each, dict) else ():
            if key not in kind.model_fields:
                where = f"{below}.{name}.{key}" if below == "rules" else f"{name}.{key}"
                found[where[:200]] = "there is no such field"
    return found


def _complaints(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where, why = ".".join(map(str, each["loc"])), str(each["msg"]).removeprefix("Value error, ")
        field, colon, rest = why.partition(": ")
        if colon and field.isidentifier():  # a field that is wrong beside another one
            where, why = f"{where}.{field}", rest
        found.setdefault(where[:200], why[:500])
    return found


def _of_audit(found: AlertsAnswer | _Checked) -> dict[str, Any]:
    return {**{name: to_json(rule) for name, rule in found.rules.items()}, "plan": to_json(found.plan)}


def _differing(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: old[name] for name in names if name in old}, {name: new[name] for name in names if name in new}


def _is_watched(layout: Layout) -> bool:
    try:
        found, _ = read_document(layout.watch, "watch")
    except (FileNotFoundError, StateError):
        return False
    return getattr(found, "state", "") == "running"
