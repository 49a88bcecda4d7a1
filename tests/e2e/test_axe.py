"""Every page keeps WCAG AA as far as axe can tell, on the desktop and on the phone, dark and light."""

import pytest
from playwright.sync_api import Page

from .axe import COLOURS, TAGS, assert_accessible, violations
from .conftest import Up, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


def test_axe_when_a_page_is_wrong_then_it_says_so(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><button></button></main>")
    assert {line.split(":")[0] for line in violations(page)} == {"image-alt", "button-name"}


def test_axe_when_one_theme_alone_is_wrong_then_it_says_so(page: Page) -> None:
    style = "[data-theme=light] p { color: #eee; background: #fff }"
    page.set_content(f"<html lang=en><title>x</title><style>{style}</style><main><h1>x</h1><p>pale</p></main>")
    with pytest.raises(AssertionError, match="light: color-contrast"):
        assert_accessible(page)


def test_rules_of_colours_are_those_that_axe_calls_so(page: Page) -> None:
    violations(page)  # brings axe into the page
    named = "(tags) => axe.getRules(tags).filter(({ tags }) => tags.includes('cat.color')).map((rule) => rule.ruleId)"
    assert set(page.evaluate(named, TAGS["values"])) == set(COLOURS["values"])


@pytest.mark.parametrize("width", [1440, 390])
def test_bots_page_when_bots_trade_then_axe_finds_nothing(desk: Up, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.url}/bots")
    page.locator("h3", has_text="swing_4w").first.wait_for()
    page.get_by_text("STREAMING").wait_for()
    assert_accessible(page)


@pytest.mark.parametrize("width", [1440, 1280, 1024, 800, 390, 360])
def test_comparison_when_the_window_is_narrow_then_it_fits(desk: Up, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.url}/bots")
    page.locator("h3", has_text="swing_4w").first.wait_for()
    table = "document.querySelector('.compare')"
    until(page, f"{table}.scrollWidth <= {table}.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    row = page.locator(".compare tbody tr", has_text="swing_1w").inner_text()
    bot = desk.bundle()["swing"]["bots"]["swing_1w"]
    for figure in (bot["equity"], abs(bot["day_pnl"]["net"]), abs(bot["total_pnl"]["net"])):
        assert f"{figure:,.2f}" in row, "whatever is left away, these are not"
    assert "USD" in row
