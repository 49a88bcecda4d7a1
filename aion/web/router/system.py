"""Figures of this process for the System page and for Prometheus, and whether it is alive and ready."""

import platform
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

import aion
from aion.clock import iso
from aion.web.answer import answer
from aion.web.document import Health, SystemMetrics
from aion.web.metric import RouteFigures
from aion.web.process import disk_figures, process_figures
from aion.web.router.common import desk_of

system_router = APIRouter(tags=["system"])


@system_router.get("/api/metrics", response_model=SystemMetrics)
def system_metrics(request: Request) -> Response:
    """Return the figures of the System page, of the worker that answers."""
    desk = desk_of(request)
    found: dict[str, Any] = {
        "version": aion.__version__,
        "python": platform.python_version(),
        "started_at": iso(desk.metrics.started_at),
        "uptime_s": round(desk.metrics.uptime_s, 1),
        "routes": {name: _route(figures) for name, figures in sorted(desk.metrics.routes.items())},
        "live": desk.live_figures(),
        "topics": desk.data_ages(),
        "process": process_figures(),
    }
    disk = disk_figures(desk.settings.data)
    if disk is not None:
        found["disk"] = disk
    return answer(request, found)


@system_router.get("/metrics", response_class=PlainTextResponse)
def prometheus_metrics(request: Request) -> Response:
    """Return all figures in the Prometheus text format."""
    return Response(desk_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@system_router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """Return 200 while the process answers at all."""
    return JSONResponse({"status": "ok"})


@system_router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def readyz(request: Request) -> Response:
    """Return 200 once the disk is watched and until the desk stops."""
    is_ready = desk_of(request).is_ready
    return JSONResponse({"status": "ok" if is_ready else "starting"}, status_code=200 if is_ready else 503)


def _route(figures: RouteFigures) -> dict[str, Any]:
    return {
        "count": figures.count,
        "errors": figures.errors,
        "not_modified": figures.not_modified,
        "mean_ms": round(1000 * figures.total_s / figures.count, 3),
        "p50_ms": round(1000 * figures.quantile(0.5), 3),
        "p95_ms": round(1000 * figures.quantile(0.95), 3),
        "p99_ms": round(1000 * figures.quantile(0.99), 3),
    }
