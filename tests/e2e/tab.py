"""What tests ask of tabs that show the page of `live_app`, and of their clock."""

import psutil
from playwright.sync_api import Page

from .conftest import until
from .live_desk import Station

CLOCK = """
  const wall = Date.now;
  window.skew = Number(new URLSearchParams(location.search).get("skew"));
  Date.now = () => wall() + window.skew;
  window.sight = "visible";
  Object.defineProperty(Document.prototype, "hidden", { get: () => window.sight === "hidden" });
"""
"""Lets a test move the wall clock of a page and take it out of sight."""


def is_in(state: str) -> str:
    return f"link.status.state === '{state}'"


def shows(page: Page, station: Station, seconds: float = 10) -> None:
    until(page, f"window.seen.at(-1) === {station.n}", seconds)


def owner_of(pages: list[Page]) -> Page:
    owners = [page for page in pages if page.evaluate("link.status.isOwner")]
    assert len(owners) == 1, len(owners)
    return owners[0]


def rises(page: Page) -> list[int]:
    """What the page was given: each number once, never an older one after a newer one."""
    seen: list[int] = page.evaluate("window.seen")
    assert seen == sorted(set(seen)), seen
    return seen


def renderer_of(page: Page) -> psutil.Process:
    """The browser's process that runs `page`: the one that computes while the page does."""
    renderers = [each for each in psutil.Process().children(recursive=True) if "--type=renderer" in each.cmdline()]

    def spent() -> dict[int, float]:
        return {each.pid: sum(each.cpu_times()[:2]) for each in renderers}

    before = spent()
    page.evaluate("{ const end = performance.now() + 700; while (performance.now() < end); }")
    after = spent()
    return max(renderers, key=lambda each: after[each.pid] - before[each.pid])
