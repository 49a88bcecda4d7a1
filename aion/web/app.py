"""The desk as an ASGI application: routes, errors, and what stands around them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

import aion
from aion.config import Settings
from aion.errors import AionError, ConfigError, NotFoundError, StateError
from aion.live import Live, SnapshotApp, StreamApp, StreamRights
from aion.live.change import Answer, Json
from aion.live.push.bye import say_bye
from aion.live.push.lane import Subscriber
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.machine import OWN
from aion.web import openapi_schema
from aion.web.bundle.topic import accepts, load_file, make_topics, reload_file
from aion.web.control.folder import Folder, Folders
from aion.web.control.kill import KillSwitch
from aion.web.desk import Desk
from aion.web.http.gate import Gate
from aion.web.http.middleware import Alias, BasePath, Guard, Observe, error_body, is_data, route_of
from aion.web.http.static_files import STATIC, BuildWatch, Pages
from aion.web.log.elsewhere import Elsewhere
from aion.web.log.repeat import EVERY_S, also
from aion.web.metrics.metric import Metrics, TimedStats
from aion.web.proof import ProofWatch
from aion.web.router.alert import alert_router
from aion.web.router.bot_parts import bot_parts_router
from aion.web.router.bots_index import CARD, ROW, bots_index_router
from aion.web.router.bots_page import bots_page_router
from aion.web.router.control import control_router
from aion.web.router.day_logs import intraday_logs_router, swing_logs_router
from aion.web.router.events import events_router
from aion.web.router.history import history_router
from aion.web.router.intraday import intraday_router
from aion.web.router.logs import logs_router
from aion.web.router.past import past_router
from aion.web.router.portfolio import portfolio_router
from aion.web.router.raw import RawRoute
from aion.web.router.rule import rule_router
from aion.web.router.session import session_router
from aion.web.router.system import system_router
from aion.web.security import allowed_hosts, is_loopback
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.login import Login
from aion.web.security.page import LoginPage
from aion.web.security.store import DeskStore
from aion.web.security.stream import StreamLimit, StreamWatch
from aion.web.security.tries import TryLimit
from aion.web.status.exposition import Exposition

_OF_ONE = {route.partition("{")[0]: route for route in (CARD, ROW)}
"""Routes of one bot, by the beginnings of their paths."""
BYE_SPREAD_S = 0.5  # streams are ended over this time, so that pages do not come back in one moment
PATIENCE_S = 10.0  # for streams that have not drained when their worker is replaced
BYES_A_S = 500  # streams a second that a worker ends when its successor takes over


class App:
    """The whole application: `Alias(Observe(Guard(Login(routes and pages))))`, behind `BasePath` where it has one."""

    def __init__(
        self,
        settings: Settings,
        *,
        log: ProcessLog | None = None,
        static: Path = STATIC,
        store: DeskStore | None = None,
    ) -> None:
        """Make it; no state file is read before its lifespan starts.

        Args:
            settings: of the desk.
            log: of this process; default one in the data folder.
            static: folder of the built front end.
            store: passwords and sessions; None for a desk that everybody on this machine may use.
        """
        layout = Layout(settings.data)
        log = log or ProcessLog(layout, "web", settings.log_level, console_format=settings.log_format)
        live: Live[Any] = Live(
            settings.data,
            make_topics(settings, log),
            load_file,
            accepts=accepts,
            reload=reload_file,
            rescan_interval_s=settings.rescan_interval_s,
            heartbeat_s=settings.heartbeat_s,
            push_hz=settings.push_hz,
        )
        proofs = ProofWatch(layout, log)
        live.hub.proofs = proofs.read
        snapshots: dict[str, ASGIApp] = {name: SnapshotApp(live, name) for name in live.topics}
        watch = StreamWatch(store)
        gate = Gate(settings)

        def opened(scope: Scope, subscriber: Subscriber) -> None:
            watch.opened(scope, subscriber)
            gate.forget(scope)

        streams: dict[str, ASGIApp] = {name: StreamApp(live, (name,), opened) for name in live.topics}
        rights = StreamRights(
            owner=lambda scope: str(scope["aion.identity"].key),
            refusal=watch.refusal,
            elsewhere=self._change_elsewhere,
        )
        several = StreamApp(live, None, opened, max_topics=settings.stream_topics, rights=rights)
        self.change_stream = several.change
        """Makes a change of a stream that another worker was asked for."""
        streams["*"] = several
        streams = {name: StreamLimit(stream, watch, settings) for name, stream in streams.items()}
        folders = Folders(Folder.of(OWN, layout, settings), settings, lambda: proofs.machines)
        self.desk = Desk(
            settings, layout, folders, live, Metrics(), log, snapshots, streams, store, watch, gate,
            KillSwitch(folders, store, log), proofs, Elsewhere(layout),
        )  # fmt: skip
        self.desk.tries = TryLimit(store) if store is not None else None
        live.stats = TimedStats(self.desk.metrics)
        self.desk.metrics.registry.register(Exposition(self.desk))
        builds = BuildWatch(live.hub, static)
        self.routes = _make_routes(self.desk, builds)
        self.raw = {
            route.path: route
            for route in self.routes.router.routes
            if isinstance(route, RawRoute) and route.methods == {"GET"}
        }
        """Routes of ready bytes and streams by path: what they answer needs nothing that stands around the others."""
        base = settings.base_path
        pages = Pages(static, base, builds.take)
        jar = CookieJar(store.desk_id if store is not None else "", base)
        known = Login(_PagesBehind(self.routes, pages, LoginPage(jar), self.raw), store, jar)
        guarded = Guard(
            known,
            allowed_hosts(settings.host, settings.hosts),
            max_body_bytes=settings.max_body_bytes,
            is_open=not is_loopback(settings.host),
        )
        observe = Observe(guarded, self.desk.metrics, log, gate, live.hub.proofs)
        builds.tell(observe.name_build)
        app: ASGIApp = Alias(observe)
        self._app = BasePath(app, base) if base else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one lifespan."""
        await self._app(scope, receive, send)

    async def _change_elsewhere(self, stream: str, asked: Json) -> Answer | None:
        """Have the worker that opened a stream change it; its id begins with the name of that worker."""
        peers = self.desk.peers
        return await peers.pass_on(stream.partition(".")[0], asked) if peers is not None else None

    async def end_streams(self, spread_s: float | None = None) -> None:
        """Say `bye` on every stream; a server must do so before it waits for its connections.

        Args:
            spread_s: most seconds over which they are ended, a slice at a time; None to be quick.
        """
        self.desk.is_ready = False
        hub = self.desk.live.hub
        if spread_s is None:
            await say_bye(hub, BYE_SPREAD_S)
        else:
            await say_bye(hub, min(spread_s, len(hub) / BYES_A_S), PATIENCE_S)


class _PagesBehind:
    """Hands data paths to the routes, the raw ones directly, and everything else to the pages."""

    def __init__(self, routes: ASGIApp, pages: ASGIApp, login: ASGIApp, raw: Mapping[str, RawRoute]) -> None:
        self._routes = routes
        self._pages = pages
        self._login = login
        self._raw = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
            return
        route = self._raw.get(scope["path"])
        if route is None:
            route = self._route_of_one(scope)
        if route is not None and scope["method"] in ("GET", "HEAD"):
            scope["app"] = self._routes
            scope["route"] = route
            await route.app(scope, receive, send)
            return
        if not is_data(scope["path"]):
            is_login = scope["path"] in ("/login", "/login.css") and scope["method"] in ("GET", "HEAD")
            await (self._login if is_login else self._pages)(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # what GET would answer; the server leaves the body out
            asked = scope
            scope = {**asked, "method": "GET", "aion.is_head": True}
            asked["aion.answering"] = scope
        await self._routes(scope, receive, send)

    def _route_of_one(self, scope: Scope) -> RawRoute | None:
        """Return the route of one bot that a path names, and note in `scope` which bot that is."""
        for start, route in _OF_ONE.items():
            if scope["path"].startswith(start):
                kind, _, bot = scope["path"].removeprefix(start).partition("/")
                if bot and "/" not in bot:
                    scope["path_params"] = {"kind": kind, "bot": bot}
                    return self._raw[route]
        return None


def _make_routes(desk: Desk, builds: BuildWatch) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await desk.proofs.start()
        desk.kill.start()
        await desk.live.start()
        if desk.peers is not None:
            await desk.peers.start()
        watching = [
            asyncio.create_task(desk.streams_watch.watch(), name="aion-stream-watch"),
            asyncio.create_task(desk.gate.watch(), name="aion-gate"),
            asyncio.create_task(builds.watch(), name="aion-build-watch"),
            asyncio.create_task(_say_unsaid(desk), name="aion-unsaid"),
        ]
        desk.is_ready = True
        try:
            yield
        finally:
            desk.is_ready = False
            desk.kill.close()
            desk.proofs.close()
            for task in watching:
                task.cancel()
            if desk.peers is not None:
                await desk.peers.close()
            await desk.live.close()
            desk.say_unsaid(is_last=True)

    app = FastAPI(
        title="Aion",
        version=aion.__version__,
        description="The live desk for trading bots. Every answer is what is on disk at the time of the request.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        lifespan=lifespan,
    )
    app.state.desk = desk
    for raw in (bots_page_router, bots_index_router, intraday_router, events_router):
        app.router.routes.extend(raw.routes)  # an included router would wrap its routes anew
    for router in (
        system_router, session_router, logs_router, intraday_logs_router, swing_logs_router, bot_parts_router,
        control_router, rule_router, history_router, portfolio_router, alert_router, past_router,
    ):  # fmt: skip
        app.include_router(router)
    app.add_exception_handler(AionError, _answer_aion_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_bad_request)
    app.add_exception_handler(ClientDisconnect, _answer_gone)
    app.add_exception_handler(Exception, _answer_crash)
    openapi_schema.describe(app)
    return app


async def _say_unsaid(desk: Desk) -> None:
    """Count in the log what came without end, also once it has ended; until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        desk.say_unsaid()


def _json(status: int, error: str, detail: str, headers: Any = None) -> Response:
    return Response(error_body(error, detail), status_code=status, headers=headers, media_type="application/json")


async def _answer_aion_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AionError)
    status = 409 if isinstance(error, StateError) else error.status
    names = {NotFoundError: "NotFound", ConfigError: "BadRequest", StateError: "UnreadableState"}
    return _json(status, names.get(type(error), type(error).__name__.removesuffix("Error")), str(error))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name = HTTPStatus(error.status_code).phrase.replace(" ", "")
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"there is no route {request.url.path[:200]!r}; /api/openapi.json lists them"
    elif error.status_code == 405:
        detail = f"{request.method} is not for {request.url.path[:200]!r}"
    return _json(error.status_code, name, detail, error.headers)


async def _answer_bad_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(piece) for piece in first["loc"][1:]) or str(first["loc"][0])
    return _json(422, "BadRequest", f"{where}: {first['msg']}")


async def _answer_gone(request: Request, _error: Exception) -> Response:
    """Count a client that left within its body; nobody hears the answer."""
    request.app.state.desk.gate.count("hung up")
    return _json(400, "HungUp", "the body of the request did not come")


async def _answer_crash(request: Request, error: Exception) -> Response:
    desk = request.app.state.desk
    unsaid = desk.crashes.count((request.method, route_of(request.scope), type(error).__name__))
    if unsaid is not None:
        desk.log.error(f"{request.method} {request.url.path[:200]} failed", error=error, **also(unsaid))
    return _json(500, "Crash", "the desk failed to answer; its log has the details")
