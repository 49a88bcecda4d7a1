"""Requests made of the OpenAPI description, right ones and wrong ones, to every route of a running desk."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests.structures import CaseInsensitiveDict
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

STREAMS = {
    "/api/events": "never ends; test_stream.py reads its head and first events",
    "/api/events/bots": "the same",
    "/api/events/intraday": "the same",
    "/api/events/admin/logs": "the same",
}
"""Routes that are left out, with the reason."""
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
MAX_ANSWER_BYTES = 4 << 20


@dataclass
class Seen:
    """What a run of requests met with."""

    requests: int = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def line(self) -> str:
        named = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.requests} requests of {self.operations} operations: {named}"


def operations(description: dict[str, Any]) -> Iterator[Any]:
    """Yield every operation of the description that ends."""
    # a time to the minute (2022-05-19T13:31Z) is ISO 8601, which is what is promised; `date-time` would want seconds
    plain = re.sub(rb'"format":"date-time",?', b"", orjson.dumps(description)).replace(b",}", b"}")
    for found in schemathesis.openapi.from_dict(orjson.loads(plain)).get_all_operations():
        operation = found.ok()
        if operation.path not in STREAMS:
            yield operation


def can_be_wrong(operation: dict[str, Any]) -> bool:
    """Return False for a route that takes texts in its path alone: a thousand tries would find no wrong one."""
    return "requestBody" in operation or not all(
        each["in"] == "path" and each["schema"].keys() <= {"type", "title"} and each["schema"]["type"] == "string"
        for each in operation.get("parameters", ())
    )


def attack(
    url: str, description: dict[str, Any], examples: int, headers: dict[str, str] | None = None, number: int = 0
) -> Seen:
    """Send `examples` requests of each kind to each operation; what breaks a promise of the description is raised.

    Args:
        url: of the desk.
        description: its OpenAPI document.
        examples: requests that fit the description and as many that do not, of each operation.
        headers: who asks.
        number: seed.
    """
    seen = Seen()
    for operation in operations(description):
        seen.operations += 1
        for mode in GenerationMode if can_be_wrong(operation.definition.raw) else (GenerationMode.POSITIVE,):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what a strategy is made
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    _send(url, strategy, examples, headers, number, seen)()
                except Unsatisfiable:  # a route that takes nothing cannot be asked wrongly
                    if mode is GenerationMode.POSITIVE:
                        raise
    return seen


def _send(
    url: str, strategy: st.SearchStrategy[Any], examples: int, headers: dict[str, str] | None, number: int, seen: Seen
) -> Callable[[], None]:
    @seed(number)
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    @given(case=strategy)
    def send(case: Any) -> None:
        case.headers = CaseInsensitiveDict(
            {name: value for name, value in (case.headers or {}).items() if name.lower() not in ("host", "origin")}
        )
        answer = case.call(base_url=url, headers=headers, timeout=30, allow_redirects=False)
        seen.requests += 1
        seen.statuses[answer.status_code] += 1
        text = answer.content[:MAX_ANSWER_BYTES]
        assert b"Traceback" not in text, (case.as_curl_command(), text[:500])
        if answer.status_code >= 400:
            assert set(orjson.loads(text)) >= {"error", "detail"}, (case.as_curl_command(), text[:500])
        case.validate_response(answer, checks=list(CHECKS))

    return send
