"""Intraday, Logs and System in a real browser: what they show, how they are steered, what they say in trouble."""

import json
import os
import re
import signal
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, expect

from .axe import assert_accessible
from .conftest import Begin, Up, Watched, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

WIDTHS = [1440, 390]
PAGES = {
    "/intraday": ".candle-box canvas",
    "/intraday/MSFT": ".candle-box.large canvas",
    "/alerts": "text=What was sent",
    "/logs": ".log-line",
    "/portfolio": "text=Closed trades of all bots",
    "/system": "#routes-title",
}


def is_within(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PAGES)
def test_page_when_bots_trade_then_axe_finds_nothing(
    desk: Up, page: Page, watched: Watched, path: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{desk.url}{path}")
    page.locator(PAGES[path]).first.wait_for()
    page.get_by_text("STREAMING", exact=True).wait_for()
    assert is_within(page), "the page scrolls sideways"
    assert_accessible(page)
    for panel in ("link-panel", "clock-panel"):
        page.locator(f"button[popovertarget={panel}]").click()
        page.locator(f"#{panel} h2").first.wait_for()
        assert_accessible(page, f"#{panel}")
        page.keyboard.press("Escape")
    assert watched.errors == []


CHART = "[...document.querySelectorAll('.candles canvas')].sort((a, b) => b.width * b.height - a.width * a.height)[0]"
DRAWN_AT_THE_LEFT = """((canvas) => {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width / 2, canvas.height);
  const ink = Array.from({ length: width }, (_, x) => {
    let count = 0;
    for (let y = 0; y < height; y += 1) count += data[(y * width + x) * 4 + 3] > 0;
    return count;
  });
  return ink.filter((count) => count > Math.min(...ink) + 12).length > width / 4;
})"""
"""Bars stand in the left half of the chart; lines across it alone are equally high everywhere."""


def test_symbol_when_address_names_it_then_its_day_is_shown_and_moves(begin: Begin, page: Page) -> None:
    up = begin()  # while London is open
    up.wait(up.is_running, 60)
    page.goto(f"{up.url}/intraday")
    page.locator(".symbols").get_by_role("link", name="AZN.L").click()
    page.locator(".candle-box.large canvas").first.wait_for()
    assert page.url.endswith("/intraday/AZN.L")
    chart = page.get_by_role("slider", name=re.compile("Bars of AZN.L"))
    bars = int(chart.get_attribute("aria-valuemax") or 0)
    assert bars > 100
    until(page, f"Number(document.querySelector('.candles').getAttribute('aria-valuemax')) > {bars}")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    spoken = chart.get_attribute("aria-valuetext") or ""
    assert re.match(r"\d\d:\d\d UTC: open .*close .*volume", spoken), spoken
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    until(page, f"{CHART}?.clientWidth < 390")
    until(page, f"{DRAWN_AT_THE_LEFT}({CHART})")
    page.set_viewport_size({"width": 1280, "height": 800})
    until(page, f"{CHART}.clientWidth > 600")
    until(page, f"{DRAWN_AT_THE_LEFT}({CHART})")
    page.get_by_role("button", name="Show as a table").click()
    assert page.get_by_role("region", name="Bars of the day").locator("tbody tr").count() > 100
    page.get_by_role("combobox", name="Symbol").select_option("MSFT")
    page.get_by_role("slider", name=re.compile("Bars of MSFT")).wait_for()
    page.go_back()
    page.get_by_role("slider", name=re.compile("Bars of AZN.L")).wait_for()
    up.stop()


def test_symbol_when_unknown_then_the_page_names_those_there_are(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/intraday/NONE%3Cb%3E")
    page.get_by_role("heading", name="No bot trades NONE<b>").wait_for()
    page.get_by_role("main").get_by_role("link", name="MSFT").click()
    page.locator(".candle-box.large canvas").first.wait_for()


def test_zone_when_chosen_then_every_time_follows_and_it_is_kept(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/intraday")
    page.locator(".symbols tbody tr").first.wait_for()
    page.locator("button[popovertarget=clock-panel]").click()
    page.get_by_label("Time zone of all times").select_option("Asia/Hong_Kong")
    for path in ("/intraday", "/bots", "/logs"):
        page.goto(f"{desk.url}{path}")
        page.get_by_text("STREAMING", exact=True).wait_for()
        page.locator("main h2").first.wait_for()
        text = page.locator("body").inner_text()
        assert " HKT" in text and not re.search(r"\d UTC", text), (path, re.findall(r".{20}\d UTC", text))


def test_replay_when_steered_then_it_says_requested_and_done(begin: Begin, page: Page) -> None:
    up = begin()
    up.wait(up.is_running, 60)
    page.goto(f"{up.url}/intraday")
    page.get_by_text("STREAMING", exact=True).wait_for()
    page.get_by_role("button", name="Pause the replay").click()
    page.locator(".bar-chip.mode", has_text="PAUSED").wait_for()
    page.locator("button[popovertarget=clock-panel]").click()
    page.get_by_role("button", name="10x").click()
    page.get_by_text("Speed x10 done.").wait_for()
    page.locator(".bar-chip.mode", has_text="x10").wait_for()
    up.wait(lambda: up.bundle()["clock"]["speed"] == 10)
    page.get_by_label("Day", exact=True).fill("2022-05-20")
    page.get_by_role("button", name="Jump").click()
    page.get_by_text("Jump to 20 May 2022 done.").wait_for()
    up.wait(lambda: up.bundle()["clock"]["market_time"] >= "2022-05-20")
    page.keyboard.press("Escape")
    os.kill(up.child("run").pid, signal.SIGSTOP)  # nobody answers
    page.keyboard.press("p")
    page.locator(".toast", has_text="Pause: no response").wait_for(timeout=60_000)
    os.kill(up.child("run").pid, signal.SIGCONT)
    up.stop()


def test_logs_when_file_is_a_gigabyte_then_it_is_searched_and_stays_quick(desk: Up, page: Page) -> None:
    def line(at: str, event: str, level: str = "info") -> bytes:
        fields = {"ts": at, "level": level, "process": "big", "event": event}
        return json.dumps(fields, separators=(",", ":")).encode() + b"\n"

    path = desk.data / "logs" / "big.jsonl"
    with path.open("wb") as file:
        file.write(b"".join(line(f"2020-01-01T00:00:{i:02}Z", f"early {i}", "warning") for i in range(60)))
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"".join(line(f"2020-01-02T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z", f"late {i}")
                                     for i in range(20_000)))  # fmt: skip
    try:
        page.goto(f"{desk.url}/logs?process=big")
        page.get_by_text("late 19999").wait_for()
        assert page.locator(".log-line").count() < 150, "only lines in sight are drawn"
        for _ in range(10):  # each press goes on where the one before ended
            page.get_by_role("button", name="Search older").click()
            with suppress(AssertionError):
                until(page, "Number(document.querySelector('.log-line').getAttribute('aria-setsize')) > 800", 8)
                break
        else:
            pytest.fail("no older lines were found")
        page.goto(f"{desk.url}/logs?process=big&since=2020-01-01T00:00:10Z&until=2020-01-01T00:00:20Z")
        page.get_by_text("Start of the log.").wait_for()
        assert page.locator(".log-line").count() == 10
        page.get_by_text("early 15").click()
        assert "byte" in page.locator(".line-pane").inner_text()
        page.get_by_role("button", name="Files").click()
        page.get_by_role("link", name="big.jsonl").wait_for()
        assert "1.0 GB" in page.locator(".file-list").inner_text()
    finally:
        path.unlink()


def test_logs_when_paused_and_filtered_then_they_hold_still(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/logs")
    page.locator(".log-line").first.wait_for()
    page.get_by_role("button", name="Pause", exact=True).click()
    held = page.locator(".log-line").last.inner_text()
    page.get_by_role("button", name=re.compile("Resume, [1-9]")).wait_for()
    assert page.locator(".log-line").last.inner_text() == held
    page.get_by_role("button", name=re.compile("Resume")).click()
    page.get_by_role("combobox", name="Bot").select_option("orb_ny")
    until(page, "location.search === '?bot=orb_ny'")
    page.keyboard.press("/")
    page.keyboard.type("FULL rebalance")
    page.get_by_text("No lines match the filter.").wait_for()


def test_logs_on_a_phone_when_opened_then_their_tools_take_two_rows(desk: Up, page: Page) -> None:
    for width in (390, 360, 340):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{desk.url}/logs")
        page.locator(".log-line").first.wait_for()
        tools = page.locator(".head .tools > *:not([popover])").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().y)"
        )
        assert len({round(top) for top in tools}) == 2, (width, tools)
        assert is_within(page), width


def test_panels_of_three_currencies_and_exchanges_when_two_stand_in_a_row_then_none_leaves_a_hole(
    desk: Up, page: Page
) -> None:
    page.goto(f"{desk.url}/bots")
    for width in (1440, 1300, 1024, 840, 780):
        page.set_viewport_size({"width": width, "height": 900})
        for part in (".total", ".session"):
            expect(page.locator(part)).to_have_count(3)
            edges = page.locator(part).evaluate_all("all => all.map((each) => each.getBoundingClientRect().right)")
            assert abs(max(edges) - edges[-1]) < 2, (width, part, edges)


def test_fill_when_page_does_not_show_it_then_a_corner_tells_it_until_one_says_no(begin: Begin, page: Page) -> None:
    up = begin("--speed", "300")
    up.wait(up.is_running, 60)
    page.goto(f"{up.url}/system")
    page.locator(".toast").wait_for(timeout=60_000)
    page.locator("button[popovertarget=link-panel]").click()
    page.get_by_label("Show a message for new fills on other pages").uncheck()
    until(page, "document.querySelector('.toast') === null")
    assert re.match(r"(\(\d+\) )?System · Aion", page.title())
    up.stop()


def test_pages_when_the_desk_answers_nothing_then_each_says_what_it_lacks(desk: Up, page: Page) -> None:
    page.route("**/api/intraday/snapshot", lambda route: route.fulfill(status=500, body="<html>oops"))
    page.route("**/api/bots/*", lambda route: route.fulfill(status=500, body="<html>oops"))
    page.route("**/api/logs?*", lambda route: route.fulfill(status=503, json={"detail": "the disk does not answer"}))
    page.route("**/api/metrics", lambda route: route.fulfill(status=500, body="<html>oops"))
    page.route("**/api/events**", lambda route: route.fulfill(status=502, body="bad gateway"))
    for path, said in (
        ("/logs", "the disk does not answer"),
        ("/system", "Could not load"),
        ("/intraday", "answered with error 500"),
    ):
        page.goto(f"{desk.url}{path}")
        page.get_by_text(said).first.wait_for()
        page.get_by_text("OFFLINE", exact=True).wait_for()
        assert_accessible(page)


def test_page_when_zoomed_to_200_per_cent_or_colours_are_forced_then_all_is_there(desk: Up, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": 720, "height": 450}, forced_colors="active", reduced_motion="reduce"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    for path, part in PAGES.items():
        page.goto(f"{desk.url}{path}")
        if part.endswith("canvas"):  # a chart is made when it comes near the window
            near = "document.querySelector('.day-panel, .candle-box')?.scrollIntoView()"
            until(page, f"({near}, document.querySelector('{part}') !== null)")
        page.locator(part).first.wait_for()
        assert is_within(page), path
        border = page.evaluate("getComputedStyle(document.querySelector('.bar-chip')).borderTopColor")
        assert border != "rgba(0, 0, 0, 0)", path
    context.close()


def test_address_when_it_is_handed_on_then_it_opens_what_was_seen_under_its_own_title(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    rows = page.locator(".compare tbody tr")
    rows.first.wait_for()
    every = rows.count()
    page.keyboard.press("/")
    page.keyboard.type("swing")
    until(page, "document.querySelectorAll('.compare tbody tr').length === 3")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    rows.first.wait_for()
    assert rows.count() == 3 and page.get_by_role("searchbox").input_value() == "swing"
    rows.first.get_by_role("link").click()
    until(page, "/^(\\(\\d+\\) )?swing_\\dw · Aion$/.test(document.title)")
    page.go_back()
    until(page, "document.querySelectorAll('.compare tbody tr').length === 3")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    until(page, f"document.querySelectorAll('.compare tbody tr').length === {every}")
    assert page.url == f"{desk.url}/bots"
    page.goto(f"{desk.url}/intraday/MSFT")
    until(page, "/^(\\(\\d+\\) )?MSFT · Aion$/.test(document.title)")
    page.goto(f"{desk.url}/nowhere")
    page.get_by_role("heading", name="There is no page /nowhere").wait_for()
