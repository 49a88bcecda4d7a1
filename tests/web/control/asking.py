"""Asking a desk, and what it has kept of that."""

from datetime import UTC, datetime
from typing import Any

from aion.clock import iso
from aion.store.file import write_json
from tests.web.conftest import RunningDesk

Json = dict[str, Any]


def ask(desk: RunningDesk, bot: str, action: str, **more: Any) -> Json:
    found: Json = (
        desk.client.post(f"/api/bots/{bot}/control", json={"action": action, **more}).raise_for_status().json()
    )
    return found


def audit(desk: RunningDesk) -> list[Json]:
    found: list[Json] = desk.get("/api/audit").json()["lines"]
    return found


def watched(desk: RunningDesk, services: int) -> None:
    """Let a watchdog have run here."""
    now = iso(datetime.now(UTC))
    layout = desk.write.layout
    write_json(layout.watch, {"schema": "aion/watch/1", "written_at": now, "state": "running"})
    write_json(
        layout.alerts_sent,
        {"schema": "aion/alert_history/1", "written_at": now, "version": 1, "services": services, "latest": 2,
         "sent": {"a1": {"at": now, "kind": "fill", "rule": "r1", "text": "one", "became": "sent"},
                  "a2": {"at": now, "kind": "test", "text": "two", "became": "waiting"}}},
    )  # fmt: skip
