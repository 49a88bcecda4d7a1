"""Last known data in the first frame: as soon as the page's script runs, with its age, in Chromium.

`.venv/bin/pytest tests/e2e/test_first_frame.py -s` prints the figures of docs/measured.md.
"""

import statistics
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from .conftest import WIDE, Up, Watched, until
from .profile import Profile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    with Profile.open(browser, **WIDE) as found:
        yield found


LOADS = 11
WATCH = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      shifts.push([entry.value, entry.sources?.map(({ node }) => node?.className)]);
    }
  }).observe({ type: "layout-shift", buffered: true });
  new MutationObserver(() => {
    if (window.data_at !== undefined || !document.querySelector("main tbody tr")) return;
    window.data_at = performance.now();
  }).observe(document, { subtree: true, childList: true });
"""
READ = """() => {
  const start = performance.getEntriesByName("start")[0].startTime;
  const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  return { data: window.data_at - start, paint: paint - start };
}"""
PEEK = """() => {
  const text = localStorage.getItem("aion_cache_api:/api/bots/index");
  const started = performance.now();
  JSON.parse(localStorage.getItem("aion_cache_api:/api/bots/index"));
  return { ms: performance.now() - started, size: text.length };
}"""
SHOWN = {
    "bots": "main :text-is('orb_ny')",
    "bots/orb_ny": "main :text-is('kept')",
    "intraday": "main :text-is('MSFT')",
    "system": "main :text-is('Heartbeats')",
    "logs": ".sessions :text-is('Hong Kong')",
}
"""Path -> what its first frame has of kept data; log lines are not kept, and the desk says who may see them."""


def keep(desk: Up, page: Page) -> None:
    """Let the browser keep what the pages show."""
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    for key, word in (("bots/index", "orb_ny"), ("intraday/snapshot", "MSFT")):
        until(page, f"(localStorage.getItem('aion_cache_api:/api/{key}') ?? '').includes('{word}')")


def be_silent(page: Page) -> None:
    """The desk answers nothing from now on: what shows is what was kept."""
    page.route("**/api/**", lambda route: None)
    page.add_init_script(WATCH)


def test_last_known_data_is_in_the_first_frame(desk: Up, page: Page) -> None:
    keep(desk, page)
    be_silent(page)

    def mark(route: Route) -> None:
        answer = route.fetch()
        # Only the first of the page's modules to run counts: the start of all script.
        route.fulfill(response=answer, body=f"performance.mark('start');{answer.text()}")

    page.route("**/assets/*.js", mark)
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


@pytest.mark.parametrize("path", SHOWN)
def test_kept_page_stands_with_its_age_and_listens_without_a_jump(
    desk: Up, page: Page, watched: Watched, path: str
) -> None:
    keep(desk, page)
    be_silent(page)
    page.goto(f"{desk.url}/{path}", wait_until="commit")
    page.locator(SHOWN[path]).first.wait_for()
    link = page.locator(".bar-chip.link")
    assert "CONNECTING" in link.inner_text() and "kept" in link.inner_text()
    assert page.locator(".sessions:not(.kept)").count() == 0
    age = link.inner_text()
    until(page, f"!document.querySelector('.bar-chip.link').innerText.includes({age.split('kept')[1].strip()!r})")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()  # the page listens
    assert sum(value for value, _ in page.evaluate("shifts")) < 0.01, page.evaluate("shifts")
    assert watched.errors == []
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("part", ["index", "shared"])
def test_page_whose_code_does_not_arrive_says_so_and_is_loaded_again(desk: Up, page: Page, part: str) -> None:
    page.route(f"**/assets/{part}*.js", lambda route: route.abort())
    page.goto(f"{desk.url}/bots")
    page.get_by_text("A part of this page did not arrive").wait_for()
    page.unroute(f"**/assets/{part}*.js")
    page.get_by_text("STREAMING").wait_for()  # the page asks again by itself
    page.locator("main").get_by_text("orb_ny").first.wait_for()


@pytest.mark.parametrize(
    ("path", "own"),
    [("intraday", "/api/intraday/snapshot"), ("intraday/MSFT", "/api/intraday/snapshot"), ("system", "/api/metrics")],
)
def test_page_whose_own_data_comes_before_the_clock_stands_still(desk: Up, page: Page, path: str, own: str) -> None:
    page.add_init_script(WATCH)
    held: list[Route] = []
    page.route("**/api/bots/index", lambda route: held.append(route))
    page.route("**/api/events**", lambda route: route.abort())
    with page.expect_response(lambda answer: own in answer.url):
        page.goto(f"{desk.url}/{path}")
    # two frames, in which what has come would be drawn
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.unroute("**/api/bots/index")
    for route in held:
        route.continue_()
    page.locator("main h2").first.wait_for()
    until(page, "document.querySelector('main .skeleton') === null")
    assert sum(value for value, _ in page.evaluate("shifts")) < 0.05, page.evaluate("shifts")
    page.unroute_all(behavior="ignoreErrors")
