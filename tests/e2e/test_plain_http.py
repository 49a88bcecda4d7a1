"""Windows of a desk on plain HTTP, where a browser has no Web Locks and six connections for all of them together."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from .conftest import HOST, until
from .live_desk import Station, wait
from .profile import Profile
from .tab import CLOCK, is_in, owner_of, renderer_of, rises, shows
from .window import ALONE, WINDOWS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Station]:
    found = Station(tmp_path_factory.mktemp("station"), site)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def station(running: Station) -> Station:
    """A server that nobody listens to yet."""
    wait(lambda: running.clients() == 0)
    running.forget()
    return running


@pytest.fixture(scope="module")
def profile(lan: Browser) -> Iterator[Profile]:
    with Profile.open(lan, CLOCK) as found:
        yield found


def open_at_once(
    context: BrowserContext, station: Station, count: int, host: str = HOST, init: str = ""
) -> list[Page]:
    """Open `count` windows as a browser does that restores them: all load at the same time."""
    pages = [context.new_page() for _ in range(count)]
    for page in pages:
        if init:
            page.add_init_script(init)
    for page in pages:
        page.evaluate(f"void (location.href = 'http://{host}:{station.port}/?pollEvery=2000')")
    for page in pages:
        wait(lambda page=page: is_true(page, is_in("streaming")), 60)
    return pages


def is_true(page: Page, expression: str) -> bool:
    with suppress(Error):  # between two documents
        return bool(page.evaluate(f"window.link !== undefined && {expression}"))
    return False


def all_follow(pages: list[Page], station: Station) -> None:
    """Each window is given the next push, and the stream is one."""
    station.write()
    for page in pages:
        shows(page, station)
        rises(page)
    wait(lambda: station.clients() == 1)
    owner_of(pages)


def test_windows_opened_at_once_share_one_stream_and_all_follow(context: BrowserContext, station: Station) -> None:
    pages = open_at_once(context, station, WINDOWS)
    assert pages[0].evaluate("[isSecureContext, navigator.locks === undefined]") == [False, True]
    with station.writing():
        for page in pages:
            until(page, "window.seen.length > 5", 40)
    all_follow(pages, station)
    assert station.most() <= 2
    while len(pages) > 9:
        owner = owner_of(pages)
        pages.remove(owner)
        owner.close()
        wait(lambda: sum(page.evaluate("link.status.isOwner") for page in pages) == 1)
        all_follow(pages, station)
    assert station.most() <= 2


def crash(page: Page) -> None:
    with suppress(Error):  # the answer never comes: the page is gone
        page.goto("chrome://crash", timeout=2000)


def hide(page: Page) -> None:
    page.evaluate("window.sight = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("fate", [crash, hide], ids=["crashes", "is hidden"])
def test_owner_that_goes_is_followed_by_one_other(
    context: BrowserContext, station: Station, fate: Callable[[Page], None]
) -> None:
    pages = open_at_once(context, station, 4)
    owner = owner_of(pages)
    others = [page for page in pages if page is not owner]
    fate(owner)
    wait(lambda: sum(page.evaluate("link.status.isOwner") for page in others) == 1)
    all_follow(others, station)
    assert station.most() <= 2


def test_owner_that_stands_still_is_deposed_and_follows_when_it_goes_on(
    context: BrowserContext, station: Station
) -> None:
    pages = open_at_once(context, station, 4)
    owner = owner_of(pages)
    others = [page for page in pages if page is not owner]
    process = renderer_of(owner)
    with station.writing():
        process.suspend()
        try:
            wait(lambda: sum(page.evaluate("link.status.isOwner") for page in others) == 1)
            until(others[0], f"window.seen.at(-1) > {station.n + 10}")
            assert process.status() == psutil.STATUS_STOPPED
        finally:
            process.resume()
        until(owner, "!link.status.isOwner")
    all_follow(pages, station)
    assert station.most() <= 2


def test_topic_of_a_window_that_closed_is_let_go(context: BrowserContext, station: Station) -> None:
    pages = open_at_once(context, station, 3)
    owner = owner_of(pages)
    other = next(page for page in pages if page is not owner)
    asked: list[str] = []
    owner.on("request", lambda request: asked.append(request.post_data or ""))
    # A topic is kept for five seconds after its last reader: not in this test.
    owner.evaluate("const later = setTimeout; window.setTimeout = (run, ms) => later(run, ms === 5000 ? 0 : ms)")
    other.evaluate("void link.subscribe('more', () => {})")
    wait(lambda: owner.evaluate("true") and asked and '"topics":["data","more"]' in asked[-1])
    other.evaluate("window.sight = 'hidden'")  # as it is in a window that closes
    other.close()
    wait(lambda: owner.evaluate("true") and '"topics":["data"]' in asked[-1])


BROKEN = {
    "locks that are never granted": "LockManager.prototype.request = () => new Promise(() => {});",
    "locks that are refused": "LockManager.prototype.request = () => "
    "Promise.reject(new DOMException('denied', 'SecurityError'));",
    "locks that throw": "LockManager.prototype.request = () => { throw new DOMException('denied', 'NotAllowed'); };",
}


@pytest.mark.parametrize("what", BROKEN)
def test_tabs_whose_locks_do_not_work_share_one_stream(context: BrowserContext, station: Station, what: str) -> None:
    pages = open_at_once(context, station, 4, "127.0.0.1", BROKEN[what])
    assert pages[0].evaluate("isSecureContext")
    all_follow(pages, station)
    assert station.most() <= 2
    owner = owner_of(pages)
    pages.remove(owner)
    owner.close()
    wait(lambda: sum(page.evaluate("link.status.isOwner") for page in pages) == 1)
    all_follow(pages, station)


@pytest.mark.parametrize("host", [HOST, "127.0.0.1"])
@pytest.mark.parametrize("what", ALONE)
def test_window_that_cannot_share_streams_for_itself_with_an_age(
    context: BrowserContext, station: Station, what: str, host: str
) -> None:
    page = context.new_page()
    page.add_init_script(ALONE[what])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://{host}:{station.port}/")
    until(page, is_in("streaming"))
    until(page, "link.status.verifiedAt > Date.now() - 60_000")
    station.write()
    shows(page, station)
    assert rises(page)
    assert errors == []
    hide(page)
    wait(lambda: station.clients() == 0)
