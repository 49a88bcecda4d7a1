"""Twenty bots with long names, fifty positions and large sums: every page holds them, and says how many there are."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aion.store.file import write_json
from aion.store.layout import Layout

from .axe import assert_accessible
from .conftest import Watched, until
from .many import BOTS, POSITIONS, is_swing, name_of, state_of, symbol, write_many
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

SWING, DAY = name_of(11), name_of(4)  # the second has thousands of millions
MANY = BOTS * POSITIONS
WIDTHS = (1440, 1280, 1181, 1024, 780, 390, 340)
SPILLS = """() => {
  const found = [];
  const wide = innerWidth + 0.5;
  const scrolls = (each) => {
    for (let up = each.parentElement; up; up = up.parentElement)
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return true;
    return false;
  };
  for (const each of document.querySelectorAll("main *, .top *, .toast *")) {
    if (!each.checkVisibility({ contentVisibilityAuto: true })) continue;
    if (each.closest("svg, .u-wrap, .candles, .spoken")) continue;
    const box = each.getBoundingClientRect();
    const text = each.textContent.slice(0, 60);
    if (box.width > 1 && box.right > wide && !scrolls(each)) found.push(`out of the window: ${text}`);
    const panel = each.closest(".card, .total, .day-panel");
    if (panel && box.width > 1 && box.right > panel.getBoundingClientRect().right + 0.5 && !scrolls(each))
      found.push(`out of its panel: ${text}`);
    if (each.closest(".log-line")) continue; // opens whole when it is pressed
    const isCut = each.scrollWidth > each.clientWidth + 1 && /hidden|clip/.test(getComputedStyle(each).overflowX);
    if (isCut && each.clientWidth > 2 && !each.closest("[title]"))
      found.push(`cut without a title: ${each.className} ${text}`);
  }
  const figures = [...document.querySelectorAll(".total .figure, .sum-line dd, .positions td, .fills .what > *")]
    .filter((each) => each.checkVisibility() && each.textContent);
  const boxes = figures.map((each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return [range.getBoundingClientRect(), each];
  });
  for (let i = 1; i < boxes.length; i += 1) {
    const [[a, first], [b, second]] = [boxes[i - 1], boxes[i]];
    const isBeside = a.right <= b.left + 0.5 || b.right <= a.left + 0.5;
    const isApart = a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
    if (!isBeside && !isApart && !first.contains(second))
      found.push(`one over the other: ${first.textContent} ${second.textContent}`);
  }
  return [...new Set(found)];
}"""


def settled(page: Page) -> None:
    """Wait until nothing spills any more, a chart that follows the window's width a frame later say."""
    with suppress(AssertionError):
        until(page, f"({SPILLS})().length === 0", 10)


def spills(page: Page) -> list[str]:
    """What does not fit, once the page has settled."""
    for _ in range(20):
        found: list[str] = page.evaluate(SPILLS)
        if not found:
            break
        page.wait_for_timeout(100)
    return found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("many") / "data"
    write_many(data)
    with serving(data) as found:
        yield found


@pytest.mark.parametrize("path", ["/bots", "/intraday", f"/bots/{SWING}", f"/bots/{DAY}", "/logs", "/system"])
def test_page_when_names_and_sums_are_long_then_all_is_read_and_nothing_spills(
    url: str, page: Page, watched: Watched, path: str
) -> None:
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.goto(f"{url}{path}")
    page.get_by_text("STREAMING", exact=True).wait_for()
    if path == "/bots":
        expect(page.locator(".card")).to_have_count(BOTS)
    elif path.startswith("/bots/"):
        expect(page.locator("[aria-label='Open positions, table'] tbody tr")).to_have_count(POSITIONS)
    elif path == "/intraday":
        page.locator(".day-panel").first.scroll_into_view_if_needed()  # charts are made when they come near
        page.locator(".day-panel .candle-box canvas").first.wait_for()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if path == "/bots":
            for opener in page.locator(".unfold[aria-expanded=false]:visible").all()[:5]:
                opener.click()
        until(page, "document.documentElement.scrollWidth <= innerWidth")
        settled(page)
        assert spills(page) == [], width
    assert watched.errors == []


@pytest.mark.parametrize("width", [1440, 390])
def test_bots_page_when_names_and_sums_are_long_then_axe_finds_nothing(url: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{url}/bots")
    expect(page.locator(".card")).to_have_count(BOTS)
    for card in page.locator(".card").all():  # one that was never in sight has a guessed height and overlaps the next
        card.scroll_into_view_if_needed()
        until(page, "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    assert_accessible(page)


def test_card_when_it_has_fifty_positions_then_it_shows_six_counts_all_and_adds_up(url: str, page: Page) -> None:
    page.goto(f"{url}/bots")
    expect(page.get_by_text(f"{BOTS} bots, {MANY:,} open positions")).to_be_visible()
    until(page, f"document.title.startsWith('({MANY})')")
    table = page.locator(".card", has_text=SWING).locator(".positions")
    expect(table.locator("tbody tr:not(.none)")).to_have_count(6)
    table.get_by_text(f"Show {POSITIONS - 6} more").click()
    expect(table.locator("tbody tr:not(.none)")).to_have_count(POSITIONS)
    values = table.locator("tbody tr:not(.none) td:nth-child(4), tfoot tr:first-child td:nth-child(3)")
    parts = sum(number(text) for text in values.all_inner_texts())
    assert parts == pytest.approx(state_of(11)["equity"], abs=0.05)
    expect(page.locator(".compare tr", has_text=SWING).first).to_contain_text(f"{POSITIONS} symbols")
    page.get_by_role("button", name=f"Controls of {SWING}").click()
    page.get_by_role("button", name=f"Flatten {SWING}").click()
    expect(page.locator("dialog[open]")).to_contain_text(f"closes {POSITIONS} open positions")


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace("+", "").replace(",", "").strip("▲▼ \n"))


def test_bot_page_when_positions_are_left_out_of_the_push_then_it_has_them_all(url: str, page: Page) -> None:
    page.goto(f"{url}/bots/{SWING}")
    table = page.locator("[aria-label='Open positions, table']")
    expect(table.locator("tbody tr")).to_have_count(POSITIONS)
    values = table.locator("tbody td:nth-child(5), tfoot tr:first-child td:nth-child(3)").all_inner_texts()
    assert sum(number(text) for text in values) == pytest.approx(state_of(11)["equity"], abs=0.05)
    targets = page.locator(".rows.targets tbody tr")
    expect(targets).to_have_count(POSITIONS)
    assert "out" not in " ".join(targets.locator("td:nth-child(4)").all_inner_texts())
    assert set(targets.locator("td:nth-child(5)").all_inner_texts()) == {"2.0\u00a0%"}


def test_bot_page_when_the_whole_cannot_be_read_then_it_says_what_it_lacks(tmp_path: Path, page: Page) -> None:
    data, (bot, more) = tmp_path / "data", (name_of(11), POSITIONS + 20)
    state = state_of(11)
    held = next(iter(state["positions"].values()))
    state["positions"] |= {f"MORE{number}": held for number in range(more - POSITIONS)}
    write_json(Layout(data).swing_rolling(bot), state)
    with serving(data) as url:
        page.route(re.compile(f"/api/swing/bots/{bot}$"), lambda route: route.fulfill(status=500, body="<html>oops"))
        page.goto(f"{url}/bots/{bot}")
        table = page.locator("[aria-label='Open positions, table']")
        expect(table).to_contain_text("20 smaller ones not loaded yet")
        assert page.get_by_role("button", name=re.compile("CSV of the open positions")).count() == 0
        page.unroute_all(behavior="ignoreErrors")
        expect(table.locator("tbody tr")).to_have_count(more)
        page.goto("about:blank")


def test_symbol_when_its_position_is_left_out_of_the_push_then_the_day_file_says_it(url: str, page: Page) -> None:
    assert not is_swing(1)
    page.goto(f"{url}/intraday")
    panel = page.locator(".day-panel", has_text=name_of(1))
    panel.scroll_into_view_if_needed()
    panel.locator(".candle-box canvas").first.wait_for()
    expect(panel).to_contain_text("1,000 held at 20.00")
    page.goto(f"{url}/intraday/{symbol(0)}")
    expect(page.locator(".day-panel")).to_contain_text(re.compile("held at 20.00"))
