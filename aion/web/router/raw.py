"""Routes that choose an ASGI app to answer, documented in OpenAPI like any other.

A bundle is ready bytes and a stream hands its connection over: what FastAPI does around a function (solving its
parameters, checking and encoding the result) would cost more than the answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

Choose = Callable[[Request], Awaitable[ASGIApp]]


class RawRoute(APIRoute):
    """A route whose endpoint returns the ASGI app that answers; for GET, unless it is made for another method."""

    def __init__(self, path: str, endpoint: Choose, **options: Any) -> None:
        """Args: path, endpoint, options: as of `APIRoute`; the endpoint takes the request and nothing else."""
        super().__init__(path, endpoint, **{"methods": ["GET"], "response_model": None, **options})

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            app = await endpoint(Request(scope))
            if scope.get("aion.is_head"):
                scope["method"] = "HEAD"
            await app(scope, receive, send)

        self.app = answer


def raw_route(router: APIRouter, path: str, **options: Any) -> Callable[[Choose], Choose]:
    """Return a decorator that adds a raw route to `router`."""

    def add(endpoint: Choose) -> Choose:
        router.routes.append(RawRoute(path, endpoint, **options))
        return endpoint

    return add
