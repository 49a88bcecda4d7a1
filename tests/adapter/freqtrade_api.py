"""An API that answers as a freqtrade did when `tools/freqtrade_answers.py` recorded it, and faults on demand."""

import asyncio
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiohttp import web

MOMENTS = json.loads(Path(__file__).with_name("freqtrade_answers.json").read_text())
"""By name: `answers` by path, and `rows` of the database at the same moment."""
USER, PASSWORD = "aion", "secret"
STATES = {"/start": "running", "/stop": "stopped", "/stopentry": "paused", "/reload_config": "running"}


class Api:
    """One bot; a test changes its `answers`, `fault` and `refusal`, and looks at what it was `told`."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.answers: dict[str, Any] = {}
        self.fault, self.refusal, self.is_deaf = "", "", False
        self.ahead_s = 0.0
        """Seconds that its clock is ahead."""
        self.told: list[tuple[str, str, Any]] = []
        self.port = 0
        self.become(moment)

    def become(self, moment: str) -> None:
        """Answer as at another moment, in the same state."""
        state = self.answers.get("/show_config", {}).get("state")
        self.answers = json.loads(json.dumps(MOMENTS[moment]["answers"]))
        if state:
            self.answers["/show_config"]["state"] = state

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.fault:
            return await broken(self.fault, request)
        path = request.path.removeprefix("/api/v1")
        if request.headers.get("Authorization") != f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}":
            return web.json_response({"detail": "Unauthorized"}, status=401)
        if request.method == "GET":
            if path not in self.answers:
                return web.json_response({"detail": "Not Found"}, status=404)
            return web.json_response(self.answers[path])
        body = await request.json() if request.can_read_body else None
        self.told.append((request.method, path, body))
        if self.refusal:
            error = f"Error querying {request.path}: {self.refusal}"
            return web.json_response({"error": error}, status=502)
        if self.is_deaf:
            return web.json_response({"status": "as told"})
        if path in STATES:
            self.answers["/show_config"]["state"] = STATES[path]
        elif path == "/forceexit" or request.method == "DELETE":
            self.become("spot after")
        return web.json_response({"status": "as told"})


async def broken(fault: str, request: web.Request) -> web.StreamResponse:
    """Answer as an API does that is not well."""
    if fault == "hang":
        await asyncio.sleep(3600)
    if fault == "drip":  # a byte now and then: no single read takes long
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    if fault == "cut":
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        request.transport.close()
        return response
    if fault == "html":
        return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
    if fault == "half":
        return web.Response(text='{"currencies": [', content_type="application/json")
    return web.Response(status=500, text="Internal Server Error")


@contextmanager
def in_thread(make: Callable[[], web.Application]) -> Iterator[int]:
    """Serve what `make` makes on a free port in a thread; yield the port."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ports: list[int] = []

    async def begin() -> web.AppRunner:
        runner = web.AppRunner(make(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        for task in (tasks := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(runner.cleanup())
        loop.run_until_complete(asyncio.sleep(0.01))  # a connection that is closed ends in a round of the loop
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def serving(moment: str = "spot") -> Iterator[Api]:
    """Serve a moment on a free port in a thread."""
    api = Api(moment)

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(time.time() + api.ahead_s, usegmt=True)

    def make() -> web.Application:
        application = web.Application()
        application.on_response_prepare.append(date)
        application.router.add_route("*", "/{path:.*}", api.answer)
        return application

    with in_thread(make) as api.port:
        yield api
