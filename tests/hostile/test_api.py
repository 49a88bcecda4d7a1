"""Every route of the OpenAPI description, asked rightly and wrongly, by everybody there is."""

from pathlib import Path

import pytest

from .api import STREAMS, attack, operations
from .desk import PEOPLE, check_log, hostile_desk

EXAMPLES = 4


@pytest.mark.parametrize("who", PEOPLE)
def test_routes_when_asked_for_anything_then_they_answer_as_described(who: str, tmp_path: Path) -> None:
    with hostile_desk(tmp_path, who) as (desk, headers):
        seen = attack(desk.url, desk.app.routes.openapi(), EXAMPLES, headers)
    assert seen.operations > 25 and seen.requests > seen.operations
    wanted = {"local": 200, "nobody": 401, "viewer": 403, "admin": 200}[who]
    assert seen.statuses[wanted], seen.line()
    check_log(tmp_path)


def test_description_when_a_route_is_new_then_it_is_asked_too(tmp_path: Path) -> None:
    with hostile_desk(tmp_path, "local") as (desk, _):
        description = desk.app.routes.openapi()
    asked = {operation.path for operation in operations(description)}
    assert asked | set(STREAMS) == set(description["paths"])
