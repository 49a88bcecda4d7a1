"""Broadcast with sse-starlette: a queue a client, filled by POST /publish."""

import asyncio
import sys

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

queues: set[asyncio.Queue] = set()


async def events(_request: Request) -> EventSourceResponse:
    queue: asyncio.Queue = asyncio.Queue()

    async def messages():
        queues.add(queue)
        try:
            yield {"event": "hello", "data": "{}"}
            while True:
                yield {"event": "bots", "data": await queue.get()}
        finally:
            queues.discard(queue)

    return EventSourceResponse(messages(), ping=3600)


async def publish(request: Request) -> Response:
    text = (await request.body()).decode()
    for queue in queues:
        queue.put_nowait(text)
    return Response()


app = Starlette(routes=[Route("/events", events), Route("/publish", publish, methods=["POST"])])
uvicorn.run(
    app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error", access_log=False, backlog=4096
)
