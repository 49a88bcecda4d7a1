"""A tab that stays open: a new build, a lost script, no network, an odd browser, and paper."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from aion.config import Settings
from aion.web.http.static_files import STATIC
from tests.web.conftest import running

from .conftest import FLAGS, Up, chromium, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SCREENS = "**/assets/screen-*.js*"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    made.set_default_timeout(60_000)
    yield made
    made.close()


def opened(context: BrowserContext, url: str) -> tuple[Page, list[str]]:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    return page, errors


def link(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()


def test_open_tab_when_the_desk_has_a_new_build_then_it_says_so_and_loads_it(
    context: BrowserContext, tmp_path: Path
) -> None:
    static = tmp_path / "static"
    shutil.copytree(STATIC, static)
    (tmp_path / "data").mkdir()
    with running(Settings(data=tmp_path / "data", heartbeat_s=0.5), static) as desk:
        page, errors = opened(context, f"{desk.url}/bots")
        other, _ = opened(context, f"{desk.url}/system")
        page.wait_for_function("document.documentElement.dataset.build.length > 5")
        first = page.evaluate("document.documentElement.dataset.build")
        assert page.get_by_text("Aion was updated").count() == 0
        html = static / "index.html"
        html.write_text(html.read_text().replace("The live desk for trading bots", "The live desk of bots"))
        for each in (page, other):
            each.get_by_text("Aion was updated").wait_for()
        page.get_by_role("button", name="Reload").click()
        page.wait_for_function(f"document.documentElement.dataset.build !== '{first}'")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        page.get_by_text("Aion was updated").wait_for(state="detached")
        assert errors == []


def test_pages_when_the_network_is_gone_then_those_that_were_fetched_when_idle_open(
    desk: Up, context: BrowserContext
) -> None:
    page, errors = opened(context, f"{desk.url}/bots")
    until(page, "document.querySelectorAll('head link[rel=modulepreload][href*=screen]').length >= 4")
    names = "performance.getEntriesByType('resource').map((each) => each.name)"
    until(page, f"{names}.filter((name) => name.includes('/screen-')).length >= 4")
    until(page, f"{names}.some((name) => name.includes('/candles-'))")
    context.set_offline(True)
    for name in ("Logs", "System", "Intraday", "Bots"):
        link(page, name)
        page.get_by_role("heading", level=1, name=name).first.wait_for(state="attached")
        assert page.get_by_text("could not be displayed").count() == 0
    link(page, "Logs")
    page.get_by_text("Cannot reach the desk").first.wait_for()
    context.set_offline(False)
    page.locator(".log-line").first.wait_for()
    page.get_by_text("Cannot reach the desk").first.wait_for(state="detached")
    assert errors == []


def test_page_when_its_script_did_not_arrive_then_it_comes_back_with_the_network(
    desk: Up, context: BrowserContext
) -> None:
    page = context.new_page()
    page.route(SCREENS, lambda route: route.abort())
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    context.set_offline(True)
    link(page, "System")
    page.get_by_text("You are offline and this page has not been loaded yet.").wait_for()
    assert page.get_by_text("Failed to fetch").count() == 0
    link(page, "Bots")
    page.locator("h3", has_text="orb_ny").first.wait_for()
    link(page, "System")
    page.get_by_text("You are offline and this page has not been loaded yet.").wait_for()
    page.unroute(SCREENS)
    context.set_offline(False)
    page.get_by_role("heading", level=1, name="System").wait_for()
    page.get_by_text("STREAMING", exact=True).first.wait_for()


def test_page_when_the_desk_has_its_script_no_more_then_it_is_loaded_anew_once(
    desk: Up, context: BrowserContext
) -> None:
    page = context.new_page()
    loads: list[str] = []

    def document(route: Route) -> None:
        loads.append(route.request.url)
        route.continue_()

    page.route(SCREENS, lambda route: route.fulfill(status=404, content_type="application/json", body="{}"))
    page.route("**/system", document)
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    link(page, "System")
    page.get_by_role("heading", name="Aion was updated").wait_for()
    until(page, "performance.getEntriesByType('navigation')[0].type === 'reload'")
    page.get_by_role("heading", name="Aion was updated").wait_for()
    assert len(loads) == 1, "a desk whose pages are broken is not asked for them without end"
    page.unroute(SCREENS)
    page.get_by_role("heading", level=1, name="System").wait_for()


def test_entry_when_it_did_not_arrive_then_the_page_says_so_and_is_loaded_again(
    desk: Up, context: BrowserContext
) -> None:
    page = context.new_page()
    entry = "**/assets/index-*.js"
    page.route(entry, lambda route: route.abort())
    page.goto(f"{desk.url}/bots")
    page.get_by_text("A part of this page did not arrive").wait_for()
    page.unroute(entry)
    page.locator("h3", has_text="orb_ny").first.wait_for()


def test_entry_when_what_it_imports_is_late_then_the_page_goes_on_by_itself(
    desk: Up, context: BrowserContext
) -> None:
    page = context.new_page()
    shared = "**/assets/shared-*.js*"
    page.route(shared, lambda route: route.abort())
    page.goto(f"{desk.url}/bots")
    page.get_by_text("A part of this page did not arrive").wait_for()
    page.unroute(shared)
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    page.get_by_text("A part of this page did not arrive").wait_for(state="detached")


BROKEN = {
    "language C": "Object.defineProperty(navigator, 'language', { get: () => 'C' });",
    "language en_US": "Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en_US' });"
    "Object.defineProperty(Navigator.prototype, 'languages', { get: () => ['en_US', 'c'] });",
    "no language": "Object.defineProperty(navigator, 'language', { get: () => undefined });"
    "Object.defineProperty(navigator, 'languages', { get: () => [] });",
    "empty language": "Object.defineProperty(navigator, 'language', { value: '' });",
    "unknown zone": """
        const told = Intl.DateTimeFormat.prototype.resolvedOptions;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {
          return { ...told.call(this), timeZone: "Etc/Unknown" };
        };
        localStorage.setItem("aion_zone", "local");""",
    "zone that never was": "localStorage.setItem('aion_zone', 'Mars/Olympus_Mons');",
}


@pytest.mark.parametrize("what", BROKEN)
def test_charts_when_the_browser_is_odd_then_every_page_has_them(
    desk: Up, context: BrowserContext, what: str
) -> None:
    context.add_init_script(BROKEN[what])
    page, errors = opened(context, f"{desk.url}/bots")
    page.locator(".plot canvas").first.wait_for()
    for path, chart in (("intraday", ".candles canvas"), ("bots/swing_1w", ".plot canvas")):
        page.goto(f"{desk.url}/{path}")
        page.locator(chart).first.wait_for()
        assert page.get_by_text("cannot be drawn").count() + page.get_by_text("could not be displayed").count() == 0
    assert errors == []


def test_chart_when_it_cannot_be_drawn_then_it_costs_the_chart_alone(desk: Up, context: BrowserContext) -> None:
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => { throw new Error('no canvas here'); };")
    page, _ = opened(context, f"{desk.url}/bots")
    page.locator(".card").first.wait_for()
    page.evaluate("document.querySelector('.card').scrollIntoView()")  # charts are made when they come near
    page.get_by_text("This chart cannot be drawn here: no canvas here").first.wait_for()
    page.locator("h3", has_text="orb_ny").first.wait_for()
    assert page.get_by_text("This page could not be displayed").count() == 0
    for path, heading in (("intraday", "Intraday"), ("bots/swing_1w", "swing_1w")):
        page.goto(f"{desk.url}/{path}")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        page.get_by_role("heading", level=1, name=heading).first.wait_for(state="attached")
        assert page.get_by_text("This page could not be displayed").count() == 0


def test_browser_when_its_own_language_is_no_tag_then_the_page_is_whole(desk: Up, browser: Browser) -> None:
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C", "LANGUAGE": "C", "TZ": "Nowhere/At_All"}
    flags = [*FLAGS, "--lang=C", "--accept-lang=C,en_US"]
    odd = browser.browser_type.launch(executable_path=chromium(), args=flags, env=environment)
    try:
        page, errors = opened(odd.new_context(), f"{desk.url}/bots")
        page.locator(".card").first.wait_for()
        page.evaluate("document.querySelector('.card').scrollIntoView()")
        page.locator(".plot canvas").first.wait_for()
        assert errors == []
    finally:
        odd.close()


def test_paper_when_printed_from_the_dark_theme_then_it_is_black_on_white_and_whole(
    desk: Up, context: BrowserContext
) -> None:
    page, errors = opened(context, f"{desk.url}/bots/swing_1w")
    page.locator(".plot canvas").first.wait_for()
    page.evaluate("localStorage.setItem('aion_theme', 'dark'); document.documentElement.dataset.theme = 'dark'")
    style = "(name, of) => getComputedStyle(document.querySelector(of))[name]"

    def darkest() -> int:
        return int(
            page.evaluate(
                """() => {
                  const canvas = document.querySelector(".plot canvas");
                  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                  let dark = 0, seen = 0;
                  for (let at = 0; at < data.length; at += 4) {
                    if (data[at + 3] < 250) continue;
                    seen += 1;
                    if (data[at] + data[at + 1] + data[at + 2] < 384) dark += 1;
                  }
                  return Math.round((100 * dark) / seen);
                }"""
            )
        )

    until(page, f"({style})('backgroundColor', 'body') === 'rgb(11, 14, 16)'")
    before = darkest()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(f"({style})('backgroundColor', 'body')") == "rgb(255, 255, 255)"
    assert page.evaluate(f"({style})('color', 'body')") == "rgb(0, 0, 0)"
    sticks = "/sticky|fixed/.test(getComputedStyle(each).position) && each.getClientRects().length > 0"
    assert page.evaluate(f"[...document.querySelectorAll('body *')].filter((each) => {sticks}).length") == 0
    cuts = "getComputedStyle(each).overflowY !== 'visible' || getComputedStyle(each).maxHeight !== 'none'"
    assert page.evaluate(f"[...document.querySelectorAll('main .table-box')].filter((each) => {cuts}).length") == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function("document.documentElement.dataset.print === ''")
    assert darkest() > before + 20, "the lines of the chart are dark on paper"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen", color_scheme="dark")
    assert page.evaluate(f"({style})('backgroundColor', 'body')") == "rgb(11, 14, 16)"
    end = time.monotonic() + 10
    while abs(darkest() - before) >= 20 and time.monotonic() < end:  # drawn again with the next frame
        page.wait_for_timeout(20)
    assert abs(darkest() - before) < 20
    assert page.pdf().startswith(b"%PDF")
    assert errors == []


def test_announcements_when_they_are_muted_then_no_region_says_anything_and_that_is_kept(
    desk: Up, context: BrowserContext
) -> None:
    page, _ = opened(context, f"{desk.url}/bots")
    region = page.locator("[role=status][aria-live=polite]")
    expect(region).to_have_count(1)
    page.get_by_role("button", name="Link").first.click()
    page.get_by_label("Announce fills and changes to screen readers").uncheck()
    expect(region).to_have_count(0)
    page.reload()
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    expect(page.locator("h3", has_text="orb_ny").first).to_be_visible()
    expect(region).to_have_count(0)
    assert page.evaluate("localStorage.getItem('aion_announcements')") == "off"
