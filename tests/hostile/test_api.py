"""Every route of the OpenAPI description, asked rightly and wrongly, with login and without."""

from pathlib import Path

import pytest

from aion.config import Settings
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.app import App

from .desk import check_log, hostile_desk

EXAMPLES = 2  # `python -m tests.hostile` sends more, as everybody


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", ["local", "viewer"])
def test_routes_when_asked_for_anything_then_they_answer_as_described(who: str, tmp_path: Path) -> None:
    from .api import attack  # here, since schemathesis takes half a second of each worker

    with hostile_desk(tmp_path, who) as (desk, headers):
        seen = attack(desk.url, desk.app.routes.openapi(), EXAMPLES, headers)
    assert seen.operations > 25 and seen.requests > seen.operations
    assert seen.statuses[200] and (who == "local" or seen.statuses[403]), seen.line()
    check_log(tmp_path)


def test_description_when_a_route_is_new_then_it_is_asked_too(tmp_path: Path) -> None:
    from .api import STREAMS, operations

    layout = Layout(tmp_path)
    description = App(Settings(data=tmp_path), log=ProcessLog(layout, "web", "error")).routes.openapi()
    asked = {operation.path for operation in operations(description)}
    assert asked | set(STREAMS) == set(description["paths"])


def test_route_when_it_takes_more_than_texts_in_its_path_then_it_can_be_asked_wrongly() -> None:
    from .api import can_be_wrong

    text = {"name": "bot", "in": "path", "schema": {"type": "string", "title": "Bot"}}
    assert not can_be_wrong({}) and not can_be_wrong({"parameters": [text]})
    assert can_be_wrong({"requestBody": {}}) and can_be_wrong({"parameters": [text, text | {"in": "query"}]})
    assert can_be_wrong({"parameters": [text | {"schema": {"type": "string", "enum": ["a"]}}]})
