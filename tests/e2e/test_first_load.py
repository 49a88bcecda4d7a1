"""The first load of each page: what is fetched, when what is drawn, and what of it waits."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from .conftest import WIDE, Up, Watched, until
from .profile import Profile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    with Profile.open(browser, **WIDE) as found:
        yield found


PATHS = {
    "/bots": "main h3 >> text=orb_ny",
    "/bots/orb_ny": "main h1 >> text=orb_ny",
    "/intraday": "main .day-panel",
    "/intraday/MSFT": "main .day-panel",
    "/logs": "main .log-line",
    "/portfolio": "main >> text=Exposure by symbol",
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


@pytest.fixture
def low(desk: Up, page: Page) -> Page:
    """The Intraday page in a window in which one chart has room, its first chart drawn and nothing left to do."""
    page.set_viewport_size({"width": 390, "height": 400})
    page.goto(f"{desk.url}/intraday")
    expect(page.locator(".day-panel")).to_have_count(3)
    page.locator(".day-panel").first.scroll_into_view_if_needed()
    page.locator(".candle-box").first.locator("canvas").first.wait_for()
    expect(page.locator(".candle-box.none")).to_have_count(0)  # each day file has come
    page.evaluate("new Promise((done) => requestIdleCallback(() => requestIdleCallback(() => done())))")
    return page


def test_chart_is_made_when_it_comes_near(low: Page, watched: Watched) -> None:
    last = low.locator(".candle-box").last
    assert last.locator("canvas").count() == 0
    last.scroll_into_view_if_needed()
    last.locator("canvas").first.wait_for()
    assert watched.errors == []


INK = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, at) => at % 4 === 3 && value > 0).length / (canvas.width * canvas.height);
}"""


def test_all_charts_are_on_paper_those_far_away_too(low: Page, watched: Watched) -> None:
    assert low.locator(".candle-box").last.locator("canvas").count() == 0
    low.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = low.locator(".candle-box .printed")
    assert printed.count() == 3  # at once: paper waits for nothing
    inks = [printed.nth(at).evaluate(INK) for at in range(3)]
    assert min(inks) > max(inks) / 10, f"one has less on it than the others: {inks}"
    low.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(low.locator(".candle-box .printed")).to_have_count(0)
    assert watched.errors == []


def test_chart_whose_code_does_not_arrive_says_so_and_comes_with_it(desk: Up, page: Page) -> None:
    page.route("**/assets/candles-*", lambda route: route.abort())
    page.goto(f"{desk.url}/intraday/MSFT")
    page.get_by_text("The chart has not been loaded yet.").wait_for()
    expect(page.locator("main h1")).to_have_text("MSFT")
    page.unroute("**/assets/candles-*")
    page.locator(".candle-box.large canvas").first.wait_for()
    expect(page.get_by_text("The chart has not been loaded yet.")).to_have_count(0)
