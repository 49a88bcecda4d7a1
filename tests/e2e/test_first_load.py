"""The first load of each page: what is fetched, when what is drawn, and what of it waits."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request

from .conftest import Up, Watched, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PATHS = {
    "/bots": "main h3 >> text=orb_ny",
    "/bots/orb_ny": "main h1 >> text=orb_ny",
    "/intraday": "main .day-panel",
    "/intraday/MSFT": "main .day-panel",
    "/logs": "main .log-line",
    "/system": "main >> text=Heartbeats",
}
"""Path -> what stands there once its data has come."""


@pytest.mark.parametrize("path", PATHS)
def test_page_that_stands_keeps_no_request_open_but_its_stream(
    desk: Up, page: Page, watched: Watched, path: str
) -> None:
    under_way: set[Request] = set()
    page.on("request", lambda each: under_way.add(each))
    page.on("requestfinished", lambda each: under_way.discard(each))
    page.on("requestfailed", lambda each: under_way.discard(each))
    page.goto(desk.url + path)
    page.locator(PATHS[path]).first.wait_for()
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    until(page, "performance.getEntriesByType('resource').some(({ name }) => name.includes('/healthz'))")

    def is_at_rest() -> bool:
        page.evaluate("1")  # lets what was heard meanwhile be handled
        return {urlsplit(each.url).path for each in under_way} == {"/api/events"}

    desk.wait(is_at_rest, 30)
    assert watched.errors == []


CARDS_BY_TASK = """
  window.cards = [];
  new MutationObserver((records) => {
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.matches?.(".card"));
    if (added.length > 0) window.cards.push(added.length);
  }).observe(document, { subtree: true, childList: true });
"""


def test_cards_are_drawn_one_in_a_task_so_that_the_page_hears_between_them(desk: Up, page: Page) -> None:
    page.add_init_script(CARDS_BY_TASK)
    page.goto(f"{desk.url}/bots")
    page.locator(".page-foot").wait_for()  # comes after the last card
    bots = len(desk.bundle()["intraday"]["bots"]) + len(desk.bundle()["swing"]["bots"])
    assert page.evaluate("cards") == [1] * bots
