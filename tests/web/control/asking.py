"""Asking a desk, and what it has kept of that."""

from typing import Any

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
