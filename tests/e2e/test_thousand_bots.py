"""A thousand bots on one desk: all are found, sorted, scrolled to and opened, and what is on the screen is of now."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aion.store.file import write_json
from aion.store.layout import Layout
from tools.thousand import BASE, BOTS, Writer, name_of, path_of, state_of, write, write_all

from .axe import assert_accessible
from .conftest import Watched, until
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROWS = """() => {
  const box = document.querySelector(".compare").getBoundingClientRect();
  const found = {};
  for (const row of document.querySelectorAll(".compare tbody [data-line]")) {
    const { top, bottom } = row.getBoundingClientRect();
    if (bottom < Math.max(0, box.top) || top > Math.min(innerHeight, box.bottom)) continue;
    const equity = row.querySelector(".equity .flash").textContent;
    found[row.querySelector(".bot-name").textContent] = Number(equity.replaceAll(",", ""));
  }
  return found;
}"""
CARDS = """() => Object.fromEntries([...document.querySelectorAll(".card")].filter((card) => {
  const { top, bottom } = card.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}).map((card) => [card.id, Number(card.querySelector(".big .flash").textContent.replaceAll(",", ""))]))"""
LAST = name_of(BOTS - 1)
SHIFTS = """
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifts += value;
  }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("thousand") / "data"
    write_all(found)
    return found


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    with serving(data) as found:
        yield found


def is_open(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_text("STREAMING", exact=True).wait_for()
    page.locator(".compare [data-line]").first.wait_for()


def delays(page: Page, writer: Writer, looks: int, read: str = ROWS) -> list[float]:
    """Seconds after which each look's rows have at least what was written before it; most of it is load."""
    found = []
    for _ in range(looks):
        begun, written = time.monotonic(), dict(writer.equity)
        while True:
            shown = page.evaluate(read)
            late = {bot: (equity, written[bot]) for bot, equity in shown.items() if equity < written[bot]}
            if not late:
                break
            assert time.monotonic() - begun < 30, late
        assert shown
        found.append(time.monotonic() - begun)
    return found


@pytest.mark.parametrize("width", [1440, 390])
def test_rows_when_fifty_writes_a_second_come_then_those_on_the_screen_are_of_now(
    url: str, data: Path, page: Page, watched: Watched, width: int
) -> None:
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 900})
    is_open(page, f"{url}/bots")
    expect(page.get_by_text("1,000 bots, 1,000 open positions")).to_be_visible()
    assert page.locator(".compare tbody tr").count() < 60, "what is out of sight is not drawn"
    page.locator(".compare").scroll_into_view_if_needed()
    with Writer(data) as writer:
        for share in (0, 0.3, 0.62, 1):
            page.evaluate(
                "(at) => { const box = document.querySelector('.compare'); box.scrollTop = at * box.scrollHeight }",
                share,
            )
            until(page, f"Object.keys(({ROWS})()).length > 2")
            writer.often = [int(bot[-4:]) for bot in page.evaluate(ROWS)]
            found = delays(page, writer, 3)
            assert statistics.median(found) < 5, found
    assert page.evaluate("shifts") < 0.05
    assert watched.errors == []


def test_page_when_it_opens_then_all_bots_come_once_and_after_that_what_changes(
    url: str, data: Path, browser: Browser
) -> None:
    with browser.new_context() as fresh:
        page = fresh.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(url)))
        pushed: list[dict[str, str]] = []
        session = fresh.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.eventSourceMessageReceived", lambda event: pushed.append(event))
        is_open(page, f"{url}/bots")
        first = asked.count("/api/bots/index")
        assert first in (1, 2), "a second time where the stream took longer to open than the cache holds, 5 s"
        write(data, 1, BASE + 123_456)
        expect(page.locator(".compare .equity").first).to_contain_text("223,456")
        while not any('"topic":"index"' in each["data"] for each in pushed if each["eventName"] == "patch"):
            page.wait_for_timeout(50)
        assert [each["eventName"] for each in pushed if each["eventName"] == "index"] == []
        assert asked.count("/api/bots/index") == first
    write(data, 1, BASE + 1)


def test_cards_when_scrolled_through_then_each_is_of_now_and_none_jumps(
    url: str, data: Path, page: Page, watched: Watched
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    is_open(page, f"{url}/bots")
    with Writer(data) as writer:
        for number in (0, 500, 999):
            page.evaluate(f"location.hash = '{name_of(number)}'")
            card = page.locator(f"#{name_of(number)}")
            expect(card).to_be_in_viewport()
            expect(card.locator(".positions")).to_contain_text(f"S{number % 50:02}")
            assert page.locator(".card").count() < 30
            writer.often = [int(bot[-4:]) for bot in page.evaluate(CARDS)]
            found = delays(page, writer, 2, CARDS)
            assert statistics.median(found) < 5, found
            top = card.bounding_box()
            page.wait_for_timeout(300)
            now = card.bounding_box()
            assert top and now and abs(top["y"] - now["y"]) < 2, "what is above it was measured and moved nothing"
    assert watched.errors == []


def test_table_when_filtered_and_sorted_then_bot_thousand_is_like_bot_one(url: str, page: Page) -> None:
    is_open(page, f"{url}/bots")
    search = page.get_by_role("searchbox", name="Filter bots")
    search.fill("0999")
    expect(page.get_by_text("1 of 1,000 bots")).to_be_visible()
    expect(page.locator(".compare tbody tr")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(1)
    search.fill("")
    heading = page.locator(".compare thead").get_by_role("button", name="Drawdown")
    heading.click()
    expect(page.locator(".compare .bot-name").first).to_have_text(LAST)
    assert page.evaluate("location.search") == "?sort=-drawdown"
    assert page.locator(".compare th[aria-sort=descending]").inner_text().startswith("Drawdown")
    heading.click()
    expect(page.locator(".compare .bot-name").first).to_have_text(name_of(0))
    table = page.locator(".compare table")
    assert table.get_attribute("aria-rowcount") == "1001"
    assert table.locator("tbody [aria-rowindex]").first.get_attribute("aria-rowindex") == "2"
    page.locator(".compare").press("End")
    expect(page.locator(".compare .bot-name").last).to_have_text(LAST)
    assert table.locator("tbody [aria-rowindex]").last.get_attribute("aria-rowindex") == "1001"
    page.locator(".compare .bot-name").last.click()
    expect(page.get_by_role("heading", name=LAST)).to_be_visible()
    expect(page.locator("[aria-label='Open positions, table']")).to_contain_text("S49")
    page.go_back()
    expect(page.locator(".compare .bot-name").first).to_be_visible()


def test_focus_and_menu_when_their_card_is_scrolled_out_of_sight_then_they_stay(url: str, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    is_open(page, f"{url}/bots#{name_of(400)}")
    button = page.get_by_role("button", name=f"Controls of {name_of(400)}")
    button.click()
    panel = page.locator(f".menu[aria-label='Controls of {name_of(400)}']")
    expect(panel).to_be_visible()
    page.mouse.move(600, 600)
    page.mouse.wheel(0, 20_000)
    until(page, f"Math.abs(document.getElementById('{name_of(400)}').getBoundingClientRect().top) > 5000")
    assert panel.evaluate("(menu) => menu.matches(':popover-open')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Controls of {name_of(400)}"


def test_return_when_the_desk_does_not_answer_then_all_bots_are_in_the_first_frame_with_their_age(
    url: str, data: Path, context: BrowserContext
) -> None:
    page = context.new_page()
    is_open(page, f"{url}/bots")
    page.locator(".cards").scroll_into_view_if_needed()
    page.locator(".card .positions").first.wait_for()
    page.goto(f"{url}/icon.svg")
    sizes = page.evaluate("Object.entries(localStorage).map(([key, text]) => [key, text.length])")
    kept = {key.removeprefix("aion_cache_api:/api/bots/"): size for key, size in sizes}
    assert 100_000 < kept["index"] < 1_000_000, "a thousand rows, packed"
    assert kept["cards"] > 1000 and not any(key.startswith(("row/", "card/")) for key in kept)
    assert len(page.evaluate("Object.keys(JSON.parse(localStorage['aion_cache_api:/api/bots/cards']).data)")) <= 30
    page.route("**/api/**", lambda route: None)
    page.goto(f"{url}/bots", wait_until="commit")
    page.locator(".compare [data-line]").first.wait_for()
    expect(page.get_by_text("1,000 bots, 1,000 open positions")).to_be_visible()
    expect(page.locator(".bar-chip.link")).to_contain_text("kept")
    expect(page.locator(".card .positions").first).to_be_attached()
    page.unroute_all(behavior="ignoreErrors")
    page.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_page_when_there_are_a_thousand_bots_then_axe_finds_nothing(url: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    is_open(page, f"{url}/bots")
    assert_accessible(page)


def test_desk_when_bots_are_odd_then_each_is_named_and_the_others_are_shown(
    tmp_path_factory: pytest.TempPathFactory, page: Page, watched: Watched
) -> None:
    data = tmp_path_factory.mktemp("odd") / "data"
    for number in range(200):
        write(data, number, BASE + number)
    for number in range(100, 200):
        path_of(data, number).write_bytes(b'{"torn": ')
    twin = state_of(0, BASE + 5000) | {"schema": "aion/swing_rolling/1", "horizon": "1w", "currency": "EUR"}
    write_json(Layout(data).swing_rolling(name_of(0)), twin)
    long = "W" * 64
    write_json(Layout(data).sim_log("2022-05-19", long), state_of(2, BASE) | {"bot": long})
    (data / "swing" / f"rolling_{'x' * 100}.json.gz").write_bytes(b"")
    with serving(data) as url:
        is_open(page, f"{url}/bots")
        line = page.locator(".attention-line")
        expect(line).to_contain_text("need attention")
        assert line.locator("li").count() <= 9
        line.get_by_role("button", name="Show all").click()
        for number in (100, 199):
            expect(line).to_contain_text(name_of(number))
        search = page.get_by_role("searchbox", name="Filter bots")
        search.fill(name_of(0))
        expect(page.locator(".compare tbody tr")).to_have_count(2)
        expect(page.locator(".card")).to_have_count(2)
        page.locator(".compare tbody tr", has_text="105,000").locator("a").click()
        expect(page.locator(".bot-head")).to_contain_text("105,000.00")
        page.go_back()
        search.fill("WWW")
        expect(page.locator(".compare .bot-name")).to_have_text(long)
        search.fill("bot_09")
        expect(page.locator(".compare .none")).to_contain_text("No bot matches")
        write(data, 900, BASE)
        expect(page.locator(".compare .bot-name")).to_have_text(name_of(900))
        path_of(data, 900).unlink()
        expect(page.locator(".compare .none")).to_contain_text("No bot matches")
        page.goto(f"{url}/bots/{name_of(150)}")
        expect(page.get_by_role("heading", name=f"{name_of(150)} cannot be shown")).to_be_visible()
        page.goto("about:blank")
    # a stream that a page has just left cannot be changed any more, and a bot that has just gone is not there
    expected = ("409 (Conflict)", "404 (Not Found)")
    assert [error for error in watched.errors if not any(each in error for each in expected)] == []
