"""What one test leaves in the browser is gone for the next one, though both have the same page."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page

from .conftest import WIDE
from .profile import Profile

pytestmark = pytest.mark.browser
KEPT = "[{...localStorage}, {...sessionStorage}, window.name, document.cookie]"


def visit(page: Page, site: str = "one") -> None:
    page.route(f"http://{site}.test/", lambda route: route.fulfill(body="<p>hello", content_type="text/html"))
    page.goto(f"http://{site}.test/")


def test_page_when_a_test_has_used_it_then_the_next_one_finds_nothing_of_that(browser: Browser) -> None:
    with Profile.open(browser, **WIDE) as profile:
        page = profile.page()
        visit(page)
        page.evaluate("localStorage.a = sessionStorage.a = window.name = document.cookie = 'a=1'")
        assert page.evaluate(KEPT) == [{"a": "a=1"}, {"a": "a=1"}, "a=1", "a=1"]
        page.set_viewport_size({"width": 390, "height": 844})
        profile.empty()
        assert profile.page() is page and page.url == "about:blank" and page.viewport_size == WIDE["viewport"]
        visit(page)
        assert page.evaluate(KEPT) == [{}, {}, "", ""]


def crash(page: Page) -> None:
    with suppress(Error):  # the answer never comes: the page is gone
        page.goto("chrome://crash", timeout=2000)


MARKS: dict[str, Callable[[Page], object]] = {
    "script": lambda page: page.add_init_script("window.mark = 1"),
    "listener": lambda page: page.on("request", lambda request: None),
    "media": lambda page: page.emulate_media(media="print"),
    "second site": lambda page: visit(page, "two"),
    "closed": lambda page: page.close(),
    "crashed": crash,
}


@pytest.mark.parametrize("mark", MARKS)
def test_page_when_a_test_leaves_a_mark_on_it_then_the_next_one_gets_another(browser: Browser, mark: str) -> None:
    with Profile.open(browser, **WIDE) as profile:
        page = profile.page()
        visit(page)
        MARKS[mark](page)
        profile.empty()
        assert page.is_closed()
        following = profile.page()
        assert following is not page
        visit(following)
        assert following.evaluate("['mark' in window, matchMedia('print').matches]") == [False, False]
