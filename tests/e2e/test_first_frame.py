"""Last known data in the first frame: how long after the start of the script it is in the DOM, in Chromium.

`.venv/bin/pytest tests/e2e/test_first_frame.py -s` prints the figures of docs/measured.md.
"""

import statistics

import pytest
from playwright.sync_api import Page, Route

from .conftest import Up, until

pytestmark = pytest.mark.browser

LOADS = 11
WATCH = """
  window.data_at = undefined;
  new MutationObserver(() => {
    if (window.data_at === undefined && document.querySelector("main tbody tr")) window.data_at = performance.now();
  }).observe(document, { subtree: true, childList: true });
"""
READ = """() => {
  const start = performance.getEntriesByName("start")[0].startTime;
  const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  return { data: window.data_at - start, paint: paint - start };
}"""
PEEK = """() => {
  const text = localStorage.getItem("aion_cache_api:/api/bots/page");
  const started = performance.now();
  JSON.parse(localStorage.getItem("aion_cache_api:/api/bots/page"));
  return { ms: performance.now() - started, size: text.length };
}"""


def test_last_known_data_is_in_the_first_frame(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    until(page, "(localStorage.getItem('aion_cache_api:/api/bots/page') ?? '').includes('orb_ny')")

    def mark(route: Route) -> None:
        answer = route.fetch()
        # Only the first of the page's modules to run counts: the start of all script.
        route.fulfill(response=answer, body=f"performance.mark('start');{answer.text()}")

    page.route("**/assets/*.js", mark)
    page.route("**/api/**", lambda route: None)  # the desk answers nothing: what shows is from the cache
    page.add_init_script(WATCH)
    figures = []
    for _ in range(LOADS):
        page.goto(f"{desk.url}/bots", wait_until="commit")
        until(
            page, "window.data_at !== undefined && performance.getEntriesByName('first-contentful-paint').length > 0"
        )
        figures.append(page.evaluate(READ))
    peek = page.evaluate(PEEK)
    data = [each["data"] for each in figures]
    print(f"read and parse of {peek['size'] / 1024:.0f} KB: {peek['ms']:.2f} ms")
    print(f"script start to data in the DOM: median {statistics.median(data):.1f} ms, least {min(data):.1f} ms")
    assert all(each["data"] <= each["paint"] for each in figures), figures
    page.unroute_all(behavior="ignoreErrors")
