"""A server of recorded answers for accounts of all kinds, with faults on demand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from tests.adapter.freqtrade_api import broken, in_thread

FAULTS = {
    "hang": "did not answer within",
    "drip": "did not answer within",
    "cut": "broke off its answer",
    "html": "answered a web page",
    "half": "that is not JSON",
    "500": "answered 500",
}
"""What a server may do, and what is said of it."""


class Server:
    """Answers by path; a test changes `answers` and `fault`, and looks at what was `asked`."""

    def __init__(self, answers: dict[str, Any], refuse: Callable[[web.Request], web.Response | None]) -> None:
        self.answers, self.refuse = answers, refuse
        self.fault = ""
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query) | (dict(await request.post()) if request.can_read_body else {})
        self.asked.append((request.method, request.path, query))
        if self.fault:
            return await broken(self.fault, request)
        if (refusal := self.refuse(request)) is not None:
            return refusal
        if request.path not in self.answers:
            return web.json_response({"message": "endpoint not found."}, status=404)
        value = self.answers[request.path]
        return web.json_response(value(query) if callable(value) else value)


@contextmanager
def serving(
    answers: dict[str, Any], refuse: Callable[[web.Request], web.Response | None] = lambda request: None
) -> Iterator[Server]:
    """Serve answers on a free port in a thread."""
    server = Server(answers, refuse)

    def make() -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", server.answer)
        return application

    with in_thread(make) as server.port:
        yield server
