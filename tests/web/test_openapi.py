"""The OpenAPI description says what the desk answers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("openapi")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "aion.web.openapi"],
        capture_output=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=True,
    )  # fmt: skip
    assert list(folder.iterdir()) == [], "describing writes nothing"
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def test_description_when_printed_then_every_route_says_what_it_answers(described: dict[str, Any]) -> None:
    paths = described["paths"]
    assert {"/api/bots/page", "/api/intraday/snapshot", "/api/events", "/api/metrics", "/healthz"} <= set(paths)
    for path, operations in paths.items():
        for operation in operations.values():
            assert operation["description"], path
            content = operation["responses"]["200"]["content"]
            if "application/json" in content:
                assert content["application/json"]["schema"], path
            else:
                assert {"text/event-stream", "text/plain", "application/x-ndjson"} & set(content), path


def test_schema_when_a_field_may_be_absent_then_it_is_optional_and_never_null(described: dict[str, Any]) -> None:
    bot = described["components"]["schemas"]["BotView"]
    assert "cash" not in bot["required"] and bot["properties"]["cash"]["type"] == "number"
    assert {"bot", "fills", "positions", "more", "foreign", "equity"} <= set(bot["required"])
    assert '"type":"null"' not in orjson.dumps(described["components"]["schemas"]).decode()


def test_schema_when_an_answer_is_an_error_then_it_is_the_one_model(described: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in described["components"]["schemas"]
    for operations in described["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status.startswith("4"):
                    reference = answer["content"]["application/json"]["schema"]["$ref"]
                    assert reference == "#/components/schemas/ErrorAnswer"


def test_operations_when_named_then_each_name_is_used_once(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
