"""The browser's freshness library knows no page and no address of the app."""

import re

from aion.store.base_path import OWN_PATHS

from .text import ROOT

LIVE = ROOT / "frontend" / "src" / "live"
LITERAL = re.compile(r"""(["'`])(/[^"'`]*)\1""")


def routes() -> set[str]:
    """First pieces of all addresses of the desk."""
    return {"api", *OWN_PATHS} - {"assets"}


def named(text: str) -> list[str]:
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)
    return [path for _, path in LITERAL.findall(code) if path[1:].split("/")[0].split("?")[0] in routes()]


def test_live_library_names_no_route_of_the_desk() -> None:
    files = [path for path in LIVE.rglob("*.ts*") if ".test." not in path.name]
    assert len(files) >= 10
    assert {path.name: found for path in files if (found := named(path.read_text("utf-8")))} == {}


def test_live_library_imports_nothing_of_the_app() -> None:
    for path in LIVE.rglob("*.ts*"):
        outside = re.findall(r'from "(\.\./[^"]+)"', path.read_text("utf-8"))
        assert outside == [] or ".test." in path.name, path.name


def test_route_in_code_is_found_and_one_in_a_comment_is_not() -> None:
    assert named('fetch("/api/events?topic=bots")') == ["/api/events?topic=bots"]
    assert named("const page = `/bots/${name}`;") == ["/bots/${name}"]
    assert named('/** e.g. "/api/bots/page" */ // "/logs"\nconst a = "/ws";') == []
