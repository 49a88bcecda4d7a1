"""A viewer in a real browser, logged in by the form: all to see, nothing to ask, and no log line."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from aion.web.security.password import hash_password
from aion.web.security.store import DeskStore

from .axe import assert_accessible
from .conftest import Begin, Up, until
from .login import ADMIN, VIEWER, log_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

PARTS = {
    "/bots": ".compare",
    "/bots/orb_ny": ".rule input",
    "/bots/swing_1w": ".rows.trades",
    "/intraday": ".symbols",
    "/system": "#routes-title",
}


@pytest.fixture(scope="module")
def locked(begin: Begin) -> Iterator[Up]:
    """A desk with a password for admins and one for viewers."""
    up = begin(AION_PASSWORD=ADMIN)
    up.wait(lambda: up.get("/healthz").status_code == 200, 60)
    DeskStore(up.data / "desk.sqlite").set_password("viewer", hash_password(VIEWER), "command", "test")
    yield up
    up.stop()


@pytest.fixture
def viewer(locked: Up, page: Page) -> Page:
    log_in(page, locked, VIEWER)
    page.locator("h3", has_text="orb_ny").wait_for()
    page.get_by_text("STREAMING", exact=True).wait_for()
    return page


def test_login_page_when_the_password_is_wrong_then_it_says_so(locked: Up, page: Page) -> None:
    page.goto(f"{locked.url}/system")
    assert_accessible(page)
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    assert_accessible(page)


def test_viewer_when_it_looks_then_no_page_offers_what_it_may_not_ask(locked: Up, viewer: Page) -> None:
    mutations: list[str] = []
    own_stream = f"{locked.url}/api/events"  # which topics of it the page wants
    viewer.on("request", lambda sent: sent.method == "GET" or sent.url == own_stream or mutations.append(sent.url))
    controls = "Controls of|Pause|Resume|Flatten|Kill switch|Save rules|Reset to|Jump"
    offered = (
        "[...document.querySelectorAll('button')].filter((each) => each.offsetParent !== null)"
        f".filter((each) => /{controls}/.test(each.getAttribute('aria-label') || each.textContent)).length"
    )
    for path, part in PARTS.items():
        viewer.goto(f"{locked.url}{path}")
        viewer.locator(part).first.wait_for()
        viewer.get_by_text("STREAMING", exact=True).wait_for()
        until(viewer, f"{offered} === 0")
        assert_accessible(viewer)
    viewer.keyboard.press("p")
    viewer.keyboard.press("?")
    expect(viewer.locator("dialog.keys")).to_be_visible()
    assert mutations == [], "nor does a key"


def test_viewer_when_it_looks_then_there_is_no_stop_in_the_bar(locked: Up, viewer: Page) -> None:
    bar = viewer.get_by_role("banner")
    for path in (*PARTS, "/intraday/MSFT", "/logs", "/nowhere"):
        viewer.goto(f"{locked.url}{path}")
        viewer.get_by_text("STREAMING", exact=True).wait_for()
        bar.get_by_role("button", name="Theme").wait_for()
        assert bar.get_by_role("button", name="Stop").count() == 0, path


def test_viewer_when_it_opens_a_bot_then_rules_are_to_read(locked: Up, viewer: Page) -> None:
    viewer.goto(f"{locked.url}/bots/orb_ny")
    viewer.locator(".rule").first.wait_for()
    fields = viewer.locator(".rule input, .rule select")
    assert fields.count() >= 5
    for field in fields.all():
        expect(field).to_be_disabled()
    expect(viewer.get_by_text("Only administrators can change rules.")).to_be_visible()
    expect(viewer.locator(".bot-head")).to_contain_text("You are logged in as a viewer")
    refused = viewer.evaluate(
        "fetch('/api/bots/orb_ny/control', {method: 'POST', headers: {'content-type': 'application/json'},"
        " body: JSON.stringify({action: 'pause'})}).then((answer) => answer.status)"
    )
    assert refused == 403, "the desk has the last word"


def test_viewer_when_it_opens_the_logs_then_they_are_denied_and_the_stream_goes_on(locked: Up, viewer: Page) -> None:
    asked: list[str] = []
    viewer.on("request", lambda request: asked.append(request.url))
    viewer.goto(f"{locked.url}/logs")
    expect(viewer.get_by_role("heading", name="Only administrators can see logs")).to_be_visible()
    viewer.get_by_text("STREAMING", exact=True).wait_for()
    assert not [url for url in asked if "/api/logs" in url or "logs" in url.partition("topics=")[2]]
    assert viewer.locator(".log-line").count() == 0
    assert_accessible(viewer)
    viewer.get_by_role("link", name="Log in as admin").click()
    viewer.get_by_label("Password").fill(ADMIN)
    viewer.get_by_role("button", name="Log in").click()
    viewer.locator(".log-line").first.wait_for()


def test_viewer_when_it_logs_out_then_the_desk_is_shut_and_nothing_is_kept(locked: Up, viewer: Page) -> None:
    viewer.locator("button[popovertarget=link-panel]").click()
    expect(viewer.locator(".who-row")).to_contain_text("Logged in as viewer")
    assert_accessible(viewer)
    viewer.get_by_role("button", name="Log out", exact=True).click()
    expect(viewer.get_by_role("alert")).to_have_text("You are logged out.")
    assert viewer.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('aion_cache_'))") == []
    viewer.goto(f"{locked.url}/bots")
    expect(viewer).to_have_url(f"{locked.url}/login?next=/bots")


def test_logout_when_everywhere_then_all_tabs_and_other_browsers_forget(locked: Up, browser: Browser) -> None:
    kept = "Object.keys(localStorage).filter((key) => key.startsWith('aion_cache_')).length"
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(2)]
    for context in contexts:
        context.set_default_timeout(60_000)
    here, elsewhere = contexts[0].new_page(), contexts[1].new_page()
    for page in (here, elsewhere):
        log_in(page, locked, VIEWER)
    tab = contexts[0].new_page()
    tab.goto(f"{locked.url}/intraday")
    for page in (here, tab, elsewhere):
        page.get_by_text("STREAMING", exact=True).wait_for()
    for page in (here, elsewhere):
        until(page, f"{kept} > 0", 60)
    here.locator("button[popovertarget=link-panel]").click()
    here.get_by_role("button", name="Log out everywhere").click()
    for page in (here, tab):
        page.get_by_text("You are logged out.").wait_for()
        assert page.evaluate(kept) == 0
    elsewhere.get_by_role("link", name="Log in again").wait_for()
    until(elsewhere, f"{kept} === 0", 60)
    for context in contexts:
        context.close()


def test_page_when_nobody_logs_in_then_it_shows_no_way_out(desk: Up, page: Page) -> None:
    assert "AION_PASSWORD" not in os.environ
    page.goto(f"{desk.url}/bots")
    page.locator("button[popovertarget=link-panel]").click()
    page.get_by_text("Show a message for new fills on other pages").wait_for()
    assert page.get_by_role("button", name="Log out").count() == 0
