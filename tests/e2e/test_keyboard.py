"""Without a pointer: where the focus goes, that it is seen, that dialogs keep it and give it back; axe on each."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .axe import assert_accessible
from .conftest import Begin, Up, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

FOCUSED = """() => {
  const each = document.activeElement;
  if (!each || each === document.body) return null;
  const drawn = getComputedStyle(each.matches(".segments input") ? each.nextElementSibling : each);
  const box = each.getBoundingClientRect();
  const [top, pages] = [".top", ".pages"].map((name) => document.querySelector(name).getBoundingClientRect());
  const isOfTop = each.closest(".top, .skip") !== null;
  const isHidden = !isOfTop && (box.bottom <= top.bottom || (pages.top > innerHeight / 2 && box.top >= pages.top));
  return {
    name: (each.getAttribute("aria-label") || each.textContent || each.tagName).trim().slice(0, 60),
    isSeen: drawn.outlineStyle === "solid" && parseFloat(drawn.outlineWidth) >= 2 && box.height > 0 && !isHidden,
  };
}"""
PATHS = [
    "/bots",
    "/bots/swing_1w",
    "/bots/swing_1w?past=newest",
    "/intraday",
    "/intraday/MSFT",
    "/alerts",
    "/logs",
    "/portfolio",
    "/system",
]


@pytest.fixture(scope="module")
def still(begin: Begin) -> Up:
    """A desk whose replay goes slowly, so that little moves under the focus; orb_ny is in session."""
    up = begin("--speed", "20", "--from", "2022-05-19T13:50Z", AION_PAST="true")
    up.wait(up.is_running, 60)
    return up


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", PATHS)
def test_page_when_tabbed_through_then_the_focus_is_always_seen(still: Up, page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{still.url}{path}")
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    page.locator("main h2, main h1").first.wait_for(state="attached")
    if path == "/portfolio":
        page.locator(".portfolio tbody tr").first.wait_for()
    if path == "/alerts":
        page.get_by_role("button", name="Add rule").wait_for()
    seen: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        seen.append(focused)
    assert [each["name"] for each in seen[:4]] == ["Skip to content", "Aion", "Bots", "Portfolio"]
    assert len(seen) > 12
    assert [each["name"] for each in seen if not each["isSeen"]] == []


def test_skip_link_when_pressed_then_the_next_stop_is_in_the_page(still: Up, page: Page) -> None:
    page.goto(f"{still.url}/bots")
    page.locator(".compare tbody tr").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def keeps_focus_and_gives_it_back(page: Page, opener: Locator, dialog: Locator, back_to: Locator) -> None:
    """Open by the keyboard, go round more than once, leave by Escape."""
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert_accessible(page, "dialog[open]")
    inside = dialog.evaluate_handle("each => each")
    stops = dialog.locator("button, input, select, a").count()
    assert stops > 0
    for key in ("Tab", "Shift+Tab"):
        for _ in range(stops + 2):
            page.keyboard.press(key)
            assert page.evaluate(
                "(inside) => document.activeElement === document.body || inside.contains(document.activeElement)",
                inside,
            ), f"{key} leaves the dialog"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(back_to).to_be_focused()


def test_dialogs_of_a_bot_when_opened_by_keyboard_then_they_keep_the_focus_and_give_it_back(
    still: Up, page: Page
) -> None:
    still.send("PUT", "/api/bots/swing_1w/rules", {"version": 0, "rules": {"max_positions": 4}})
    page.goto(f"{still.url}/bots/swing_1w")
    page.locator(".rule input").first.wait_for()
    for name in ("Pause swing_1w", "Flatten swing_1w", "Kill switch swing_1w", "Reset to settings swing_1w"):
        opener = page.get_by_role("button", name=name)
        keeps_focus_and_gives_it_back(page, opener, page.locator("dialog[open]"), opener)


@pytest.mark.parametrize(("menu", "names"), [
    ("Controls of all bots", ["Pause all", "Resume all", "Flatten all", "Kill switch of all bots"]),
    ("Controls of orb_ny", ["Pause orb_ny", "Flatten orb_ny", "Kill switch orb_ny"]),
])  # fmt: skip
def test_dialogs_of_a_menu_when_opened_by_keyboard_then_they_keep_the_focus_and_give_it_back(
    still: Up, page: Page, menu: str, names: list[str]
) -> None:
    page.goto(f"{still.url}/bots")
    page.locator(".card").first.wait_for()
    for name in names:
        page.get_by_role("button", name=menu).focus()
        page.keyboard.press("Enter")
        opener = page.get_by_role("button", name=name)
        expect(opener).to_be_visible()
        assert_accessible(page, ".menu:popover-open")
        keeps_focus_and_gives_it_back(page, opener, page.locator("dialog[open]"), opener)
        page.keyboard.press("Escape")
        expect(opener).to_be_hidden()
        expect(page.get_by_role("button", name=menu)).to_be_focused()


@pytest.mark.parametrize(("path", "name"), [
    ("/logs", "All times"), ("/logs", "Files"), ("/bots", "Link: data freshness"), ("/bots", "Clock: replay"),
])  # fmt: skip
def test_panel_when_opened_by_keyboard_then_axe_finds_nothing_and_escape_gives_the_focus_back(
    still: Up, page: Page, path: str, name: str
) -> None:
    page.goto(f"{still.url}{path}")
    opener = page.get_by_role("button", name=re.compile(name))
    opener.focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelector(':popover-open') !== null")
    page.locator(":popover-open h2").first.wait_for()
    assert_accessible(page, ":popover-open")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest(':popover-open') !== null"), "its first control is next"
    if page.evaluate("document.activeElement.matches('.term')"):  # its explanation goes first, the panel next
        until(page, "document.querySelector('.term-tip:popover-open') !== null")
        page.keyboard.press("Escape")
        until(page, "document.querySelectorAll(':popover-open').length === 1")
    page.keyboard.press("Escape")
    until(page, "document.querySelector(':popover-open') === null")
    expect(opener).to_be_focused()


@pytest.mark.parametrize("path", ["/bots", "/intraday", "/logs"])
def test_keys_when_asked_for_then_they_are_listed_and_the_focus_comes_back(still: Up, page: Page, path: str) -> None:
    page.goto(f"{still.url}{path}")
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    before = page.locator(".pages a").first
    before.focus()
    page.keyboard.press("?")
    dialog = page.locator("dialog.keys[open]")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("filter")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    assert_accessible(page, "dialog.keys")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(before).to_be_focused()
    if page.get_by_role("searchbox").count() > 0:
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("?/")
        expect(page.get_by_role("searchbox")).to_have_value("?/")
        expect(dialog).to_be_hidden()
