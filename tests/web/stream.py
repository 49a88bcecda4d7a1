"""A stream of a running desk, event by event."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.web.conftest import RunningDesk

Event = tuple[str, dict[str, Any]]


@contextmanager
def events(desk: RunningDesk, query: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[Event]]:
    """Yield the events of a stream, as name and data."""
    with (
        httpx.Client(base_url=desk.url, timeout=60, trust_env=False) as client,
        client.stream("GET", f"/api/events?{query}", headers=headers) as answer,
    ):

        def read() -> Iterator[Event]:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    yield name, json.loads(line[6:])

        yield read()
