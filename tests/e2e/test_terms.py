"""Words that need an explanation have one: by pointer, by keyboard, by touch, and not on paper."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.docs.text import read, rows

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
    for heading in ("Bot", "Ccy", "Equity"):
        page.keyboard.press("Tab")
        expect(page.locator(".compare .sorter:focus")).to_have_text(heading)
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


WORDS = {
    "Action", "Aion", "Alarm", "Bot", "Bots", "Ccy", "Day", "Exit reason", "Fee currency", "Account", "Fills",
    "Held against target", "Last exit", "Link", "Mode", "Now", "Problem", "Process", "Python", "Reason", "Route",
    "Closed", "Currency", "Gross", "Held by", "Long", "Net exposure", "Opened", "Short", "Since the start",
    "This month", "This week",
    "Days up", "Largest win", "Result", "Share", "Time in a trade", "Trades", "Won",
    "Side", "Since", "State", "Status", "Stream owned by", "Symbol", "System", "Time", "Type", "UTC",
}  # fmt: skip
"""Labels of what is no figure: names, times and words that say themselves what they are."""
LABELS = """() => [...document.querySelectorAll("main dt, .top dt, main thead th, main tfoot th, main h4")]
  .filter((label) => !label.closest("dialog") && label.textContent.trim() !== "" && !label.querySelector("abbr"))
  .filter((label) => !label.closest(".features, .calendar"))
  .map((label) => {
    const named = [...label.querySelectorAll("[data-term]")].map((word) => word.dataset.term);
    return [label.textContent.trim().replace(/[,↓↑].*/, "").trim(), named];
  })"""
"""What each label of a page says, and the words of the glossary that explain it."""


def test_labels_of_all_pages_are_explained_or_say_themselves_what_they_are(desk: Up, page: Page) -> None:
    known = {row[0] for row in rows(read("docs/glossary.md"))}
    bare, unknown, seen = set[str](), set[str](), 0

    def look() -> None:
        nonlocal seen
        for label, terms in page.evaluate(LABELS):
            seen += 1
            unknown.update(set(terms) - known)
            if not terms and label not in WORDS:
                bare.add(f"{page.url.removeprefix(desk.url)}: {label}")

    for path, ready in {
        "/bots": ".card footer dt",
        "/bots/swing_1w": ".activity thead th",
        "/bots/vwap_ldn": ".bot-clocks dt",
        "/bots/swing_1w?past=newest": ".past-bot .rows.fills thead th",
        "/intraday": ".symbols thead th",
        "/intraday/MSFT": ".day-panel",
        "/logs": ".log-line",
        "/portfolio": ".portfolio .rows thead th",
        "/system": "#routes-title",
    }.items():
        page.goto(f"{desk.url}{path}")
        page.locator(ready).first.wait_for()
        look()
        if path == "/bots/swing_1w":
            for part in ("By symbol", "Orders", "Fills", "Decisions"):
                page.get_by_role("radio", name=part, exact=True).check(force=True)
                page.locator(".activity thead th").first.wait_for()
                look()
            page.locator(".opener").first.click()
            page.locator(".chain").wait_for()
            page.get_by_role("radio", name="Table", exact=True).check(force=True)
            look()
        if path == "/intraday/MSFT":
            page.get_by_role("button", name="Show as a table").click()
            look()
    assert seen > 150
    assert unknown == set(), "a word of these has no text"
    assert not bare, f"a figure's label is explained by the glossary, so give its column a term: {sorted(bare)}"


def test_heading_that_sorts_when_pointed_at_then_it_is_explained_too(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots/swing_1w")
    heading = page.locator(".activity .sorter", has_text="Slippage")
    tip = page.get_by_role("tooltip")
    heading.hover()
    expect(tip).to_contain_text("The difference between the price")
    heading.click()
    expect(page.locator(".activity th[aria-sort=descending]")).to_contain_text("Slippage")
    assert_accessible(page)
