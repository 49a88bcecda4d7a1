"""Words that need an explanation have one: by pointer, by keyboard, by touch, and not on paper."""

import pytest
from playwright.sync_api import Browser, Page, expect

from .axe import assert_accessible
from .conftest import Up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


def test_word_when_pointed_at_or_focused_then_its_meaning_is_shown_until_it_is_left(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    word = page.locator(".compare .term", has_text="Drawdown")
    tip = page.get_by_role("tooltip")
    word.hover()
    expect(tip).to_contain_text("How far equity has fallen")
    expect(word).to_have_attribute("aria-describedby", "term-tip")
    assert_accessible(page)
    tip.hover()
    expect(tip).to_be_visible()
    page.mouse.move(1, 1)
    expect(tip).to_be_hidden()
    page.locator(".compare").focus()
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("Cash plus the market value")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(page.locator(".compare .term", has_text="Equity")).to_be_focused()


def test_word_when_tapped_then_its_meaning_is_shown_and_the_next_tap_hides_it(desk: Up, browser: Browser) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{desk.url}/bots/swing_1w")
    word = page.locator(".bot-head .term", has_text="Exposure")
    tip = page.get_by_role("tooltip")
    word.tap()
    expect(tip).to_contain_text("as a share of equity")
    box = tip.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    word.tap()
    expect(tip).to_be_hidden()
    word.tap()
    expect(tip).to_be_visible()
    page.locator("h1").tap()
    expect(tip).to_be_hidden()
    context.close()


def test_page_when_printed_then_words_are_plain(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.locator(".compare .term").first.hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    assert page.locator(".compare .term").first.evaluate("word => getComputedStyle(word).borderBottomWidth") == "0px"
