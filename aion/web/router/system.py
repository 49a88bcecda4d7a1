"""Figures of the desk for the System page and for Prometheus, and whether it is alive and ready."""

import asyncio
import platform
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

import aion
from aion.store.document.base import to_json
from aion.web.desk import Desk
from aion.web.http.answer import answer
from aion.web.metrics.process import disk_figures
from aion.web.router.common import desk_of
from aion.web.status.document import Health, SystemMetrics
from aion.web.status.figures import Together, own_figures, put_together
from aion.web.status.machines import machine_states

system_router = APIRouter(tags=["system"])


@system_router.get("/api/metrics", response_model=SystemMetrics)
def system_metrics(request: Request) -> Response:
    """Return the figures of the System page, added up over all workers of the desk."""
    desk = desk_of(request)
    others, silent = desk.peers.ask() if desk.peers is not None else ([], 0)
    found: dict[str, Any] = {
        "version": aion.__version__,
        "python": platform.python_version(),
        "topics": desk.data_ages(),
        "silent": silent,
        **put_together(own_figures(desk), others),
    }
    machines = machine_states(desk)
    if machines is not None:
        found["machines"] = {name: to_json(state) for name, state in machines.items()}
    disk = disk_figures(desk.settings.data)
    if disk is not None:
        found["disk"] = disk
    return answer(request, found)


@system_router.get("/metrics", response_class=PlainTextResponse)
async def prometheus_metrics(request: Request) -> Response:
    """Return all figures in the Prometheus text format, added up over all workers of the desk."""
    desk = desk_of(request)
    await desk.live.fresh_all(desk.live.topics)  # what is told of the bots is what is on disk now
    text = await asyncio.to_thread(_exposition, desk)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _exposition(desk: Desk) -> bytes:
    others, _ = desk.peers.ask() if desk.peers is not None else ([], 0)
    return generate_latest(Together(desk.metrics.registry, others))


@system_router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """Return 200 while the process answers at all."""
    return JSONResponse({"status": "ok"})


@system_router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def readyz(request: Request) -> Response:
    """Return 200 once the disk is watched and until the desk stops."""
    is_ready = desk_of(request).is_ready
    return JSONResponse({"status": "ok" if is_ready else "starting"}, status_code=200 if is_ready else 503)
