"""docs/caching-strategy.md: each file, route and test that it names is there, and no row is without a proof."""

import ast
import re
from pathlib import Path

import pytest

from aion.config import Settings
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.app import App

from .text import ROOT, codes, read, rows

DOCUMENT = "docs/caching-strategy.md"
ROWS = rows(read(DOCUMENT))
OURS = ("aion/", "tests/", "frontend/src/", "docs/", "pyproject.toml")
NAMED = {
    "/events/bots", "/events/admin/logs", "/events/intraday", "/api/bots/page", "/api/intraday/snapshot",
    "/api/metrics", "rolling.json.gz", "sim_logs/*.json", "sim_summary.json", "rolling_<bot>.json.gz",
    "bots_page_router.py",
    "intraday_logs_router.py", "cache_utils.py", "events_router.py", "daytrading_job.py", "base_swing_bot.py",
    "clientCache.ts", "useSSE", "page.tsx", "route.ts", "getCached", "setCached", "invalidateCache", "clearAllCache",
    "fetchWithCache", "warmCache", "getCacheStats", "CACHE_TTL", "aion_cache_", "api:/api/bots/page",
    "api:/api/backend/bots/page", "Cache-Control", "Pragma", "Expires", "Cache hit rate", "SSE connected",
    "Response time", "@timed_lru_cache", "isConnected", "onData", "enabled",
}  # fmt: skip
"""Every name of the document that the table has to answer for."""


def test_table_answers_for_everything_that_the_document_names() -> None:
    asked = " ".join(row[0] for row in ROWS)
    assert sorted(name for name in NAMED if name not in asked) == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_row_names_only_what_is_there_and_has_a_proof(row: list[str]) -> None:
    _, here, proof = row
    for name in codes(here):
        if name.startswith(OURS):
            assert (ROOT / name).exists(), name
    path, _, test = codes(proof)[0].partition("::")
    source = (ROOT / path).read_text("utf-8")
    if test:
        functions = {node.name for node in ast.walk(ast.parse(source)) if hasattr(node, "name")}
        assert test in functions, test
    else:
        quoted = re.findall(r'"([^"]+)"', proof)
        assert all(f'it("{each}"' in source for each in quoted), quoted


def test_routes_named_exist(tmp_path: Path) -> None:
    app = App(Settings(data=tmp_path), log=ProcessLog(Layout(tmp_path), "web", "error"))
    known = set(app.routes.openapi()["paths"])
    named = [name.removeprefix("GET ") for row in ROWS for name in codes(f"{row[0]} {row[1]}") if name[:4] == "GET "]
    assert len(named) >= 10
    for name in named:
        canonical = re.sub(r"^/api/backend/", "/api/", name)
        canonical = f"/api{canonical}" if canonical.startswith("/events") else canonical
        assert canonical in known, name


def test_functions_named_are_exported_by_the_browser_library() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "frontend/src/live").glob("*.ts"))
    for name in ("getCached", "setCached", "invalidateCache", "clearAllCache", "fetchWithCache", "warmCache",
                 "getCacheStats", "useSSE"):  # fmt: skip
        assert re.search(rf"export (async )?function {name}\b", source), name
    ours = read("frontend/src/lib/clientCache.ts")
    assert re.search(r"export const CACHE_TTL\b[^=]*= \{\n  \"/api/bots/page\": 5000,", ours)
    assert "CACHE_TTL" not in source, "the library names no route: the desk gives it its own"
