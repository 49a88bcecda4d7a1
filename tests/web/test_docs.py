"""docs/api.md names every route, and no other."""

import re
from pathlib import Path

from aion.config import Settings
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.app import App

ROOT = Path(__file__).parents[2]


def test_api_document_when_compared_with_the_routes_then_both_name_the_same(tmp_path: Path) -> None:
    app = App(Settings(data=tmp_path), log=ProcessLog(Layout(tmp_path), "web", "error"))
    routes = {"GET /api/openapi.json"}
    for path, operations in app.routes.openapi()["paths"].items():
        routes |= {f"{method.upper()} {path}" for method in operations}
    text = (ROOT / "docs/api.md").read_text()
    named = {match.split("?")[0] for match in re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", text)}
    assert named == routes
