"""The Portfolio page: its figures are those of the desk, and its tables sort, filter and lead to the bots."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.sample import Writer

from .axe import assert_accessible
from .conftest import Up, until
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

POSITIONS = ".portfolio section[aria-label='All open positions']"


def opened(desk: Up, page: Page) -> dict[str, Any]:
    page.goto(f"{desk.url}/portfolio")
    page.locator(f"{POSITIONS} tbody tr").first.wait_for()
    found: dict[str, Any] = desk.get("/api/portfolio").json()
    return found


def test_totals_are_those_of_the_index_and_each_currency_stands_alone(desk: Up, page: Page) -> None:
    found = opened(desk, page)
    index = desk.get("/api/bots/totals").json()["totals"]
    assert {each["currency"] for each in found["totals"]} == set(index)
    for each in found["totals"]:
        panel = page.locator(f".portfolio section[aria-label='{each['currency']} result']")
        expect(panel.locator("dt")).to_have_text(
            [re.compile("Today, net|Last market day, net"), "This week", "This month", "Since the start"]
        )
        assert each["bots"] == index[each["currency"]]["bots"]
    expect(page.locator(".portfolio")).to_contain_text("Currencies are not added together")


def test_result_moves_with_the_bots_while_the_page_is_looked_at(page: Page, tmp_path: Path) -> None:
    write = Writer(tmp_path / "data")
    write.swing("trend")
    with serving(tmp_path / "data") as url:
        page.goto(f"{url}/portfolio")
        panel = page.locator(".portfolio section[aria-label='USD result'] header small")
        expect(panel).to_contain_text("worth 101,000.00 USD")
        write.swing("trend", equity=101_250.5)
        expect(panel).to_contain_text("worth 101,250.50 USD")


def test_positions_when_sorted_and_filtered_then_the_desk_does_it(desk: Up, page: Page) -> None:
    opened(desk, page)
    rows = page.locator(f"{POSITIONS} tbody tr")
    page.locator(f"{POSITIONS} .sorter", has_text="Symbol").click()
    until(page, f"document.querySelector(\"{POSITIONS} th[aria-sort] .sorter\").textContent.startsWith('Symbol')")
    until(
        page,
        f"(all => all.every((one, at) => at === 0 || all[at - 1] >= one))"
        f'([...document.querySelectorAll("{POSITIONS} tbody th b")].map(each => each.textContent))',
    )
    page.locator(f"{POSITIONS} input").fill("swing_1w long")
    until(
        page,
        f'[...document.querySelectorAll("{POSITIONS} tbody tr")]'
        ".every(each => each.textContent.includes('swing_1w'))",
    )
    assert rows.count() == desk.get("/api/portfolio/positions?filter=swing_1w%20long").json()["total"] > 0
    rows.first.get_by_role("link", name="swing_1w").click()
    expect(page).to_have_url(re.compile(r"/bots/swing_1w"))


def test_a_filter_that_nothing_fits_says_so(desk: Up, page: Page) -> None:
    opened(desk, page)
    page.locator(f"{POSITIONS} input").fill("nothing of the kind")
    expect(page.locator(POSITIONS)).to_contain_text("Nothing matches \u201cnothing of the kind\u201d.")


def test_page_when_the_desk_fails_to_give_it_then_it_says_so_and_tries_again(desk: Up, page: Page) -> None:
    page.route("**/api/portfolio", lambda route: route.fulfill(status=503, body='{"detail": "the disk is slow"}'))
    page.goto(f"{desk.url}/portfolio")
    expect(page.get_by_text("Could not load the portfolio: the disk is slow.")).to_be_visible()
    page.unroute("**/api/portfolio")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("heading", name="Exposure by symbol")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1280, 800, 390, 360])
def test_page_fits_its_window(desk: Up, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    found = opened(desk, page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    shared = [each for each in found["exposure"] if each["bots_total"] > 1]
    for each in shared[:1]:
        line = page.locator(".portfolio tbody tr", has_text=f"{each['bots_total']} bots: ").first
        expect(line).to_be_attached()
    if width in (1440, 390):
        assert_accessible(page)


def test_curves_of_chosen_bots_stand_side_by_side_and_in_the_address(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/portfolio?compare=swing_1w,swing_2w")
    panel = page.locator(".side-by-side")
    expect(panel.locator(".curves path")).to_have_count(3)  # two bots and both together
    shown = desk.get("/api/portfolio/compare?bot=swing_1w&bot=swing_2w").json()
    expect(panel.locator("figcaption")).to_contain_text(f"Change since {shown['first']}")
    expect(panel.locator(".correlation .heat").first).to_have_text(f"{shown['pairs'][0]['value']:.2f}")
    panel.get_by_label("swing_4w").check()
    expect(panel.locator(".curves path")).to_have_count(4)
    panel.get_by_label("Benchmark").select_option("swing_4w")
    expect(panel.locator(".curves .benchmark")).to_have_count(1)
    assert "hold=swing_4w" in page.url and "swing_4w" in page.url.partition("compare=")[2]
    assert_accessible(page, ".side-by-side")
    page.reload()
    expect(panel.locator(".curves .benchmark")).to_have_count(1)
    for name in ("swing_1w", "swing_2w", "swing_4w"):
        panel.get_by_label(name).uncheck()
    expect(panel).to_contain_text("Choose bots to compare.")
