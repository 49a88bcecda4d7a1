"""What a page shows changes while it scrolls: one stream all the time, each row right, less where nobody looks."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .conftest import until
from .live_desk import Station, wait
from .tab import CLOCK, is_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SCROLL = """
  window.rows = {};
  window.stops = {};
  window.show = (keys) => {
    for (const key of Object.keys(stops)) {
      if (keys.includes(key)) continue;
      stops[key]();
      delete stops[key];
      delete rows[key];
    }
    for (const key of keys) stops[key] ??= link.subscribe(`row/${key}`, ({ n }) => { rows[key] = n; });
  };
"""
KEYS = [f"k{number:02}" for number in range(80)]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Station]:
    running = Station(tmp_path_factory.mktemp("station"), site)
    for key in KEYS:
        running.write_row(key, 0)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, station: Station) -> Iterator[Page]:
    context = browser.new_context()
    context.add_init_script(CLOCK + SCROLL)
    page = context.new_page()
    page.goto(station.url)
    page.wait_for_function("window.link !== undefined")
    until(page, is_in("streaming"))
    yield page
    context.close()


def test_page_when_it_scrolls_thirty_rows_then_one_stream_stays_and_each_row_is_right(
    page: Page, station: Station
) -> None:
    rng = random.Random(3)
    newest = dict.fromkeys(KEYS, 0)
    opens = station.count("opens")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(station.url)}"))
    for step in range(1, 13):
        start = rng.randrange(len(KEYS) - 30)
        shown = KEYS[start : start + rng.randrange(20, 31)]
        for key in rng.sample(KEYS, 10):
            newest[key] = step
            station.write_row(key, step)
        page.evaluate("keys => show(keys)", shown)
        for key in rng.sample(shown, 5):
            newest[key] = 100 + step
            station.write_row(key, 100 + step)
        right = json.dumps([[key, newest[key]] for key in shown], separators=(",", ":"))
        until(page, f"JSON.stringify(Object.entries(rows).sort()) === '{right}'")
    assert (station.count("opens"), station.clients()) == (opens, 1)
    changes = [each for each in asked if each == "POST /api/events"]
    assert 12 <= len(changes) <= 30
    assert not [each for each in asked if each.startswith("GET /api/events")], "a stream was opened anew"
    assert page.evaluate("link.status.misfits") == 0
    page.evaluate("show([])")


def test_page_when_it_asks_for_more_than_a_url_holds_then_the_rest_comes_with_a_change(
    page: Page, station: Station
) -> None:
    keys = [f"{key}{'x' * 150}" for key in KEYS]
    for key in keys:
        station.write_row(key, 7)
    opens = station.count("opens")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("keys => show(keys)", keys)
    until(page, "Object.values(rows).filter((n) => n === 7).length === 80")
    page.evaluate("link.resync(0, 'offline')")
    until(page, is_in("streaming"))
    wait(lambda: station.count("opens") == opens + 1)
    station.write_row(keys[-1], 8)
    until(page, "Object.values(rows).includes(8)")
    assert max(len(url) for url in asked if "/api/events?" in url) < 4100
    page.evaluate("show([])")


def test_changes_a_hundred_a_second_then_few_are_asked_for_and_the_last_stands(page: Page, station: Station) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.evaluate(
        """async (keys) => {
          for (let step = 0; step < 200; step += 1) {
            show(keys.slice(step % 50, (step % 50) + 30));
            await new Promise((done) => setTimeout(done, 10));
          }
        }""",
        KEYS,
    )
    station.write_row(KEYS[60], 555)
    page.evaluate("keys => show(keys)", KEYS[50:])
    until(page, f"rows.{KEYS[60]} === 555 && Object.keys(rows).length === 30")
    assert asked.count("POST") < 80
    page.evaluate("show([])")


def test_page_when_nobody_looks_then_it_is_sent_little_and_the_newest_at_once_when_somebody_does(
    page: Page, station: Station
) -> None:
    page.evaluate("show(['k00'])")
    until(page, "rows.k00 !== undefined")
    with page.expect_request(lambda request: request.method == "POST" and '"pace":5' in (request.post_data or "")):
        page.evaluate("sight = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(100)
    before = station.count("deliveries")
    for n in range(1000, 1200):
        station.write_row("k00", n)
    assert station.count("deliveries") - before <= 2
    began = page.evaluate("performance.now()")
    page.evaluate("sight = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    until(page, "rows.k00 === 1199")
    assert page.evaluate("performance.now()") - began < 3000
    assert page.evaluate(is_in("streaming"))
    page.evaluate("show([])")


def test_page_when_a_change_cannot_be_made_then_it_opens_a_new_stream_and_says_nothing(
    page: Page, station: Station
) -> None:
    page.route("**/api/events", lambda route: route.fulfill(status=404, json={"error": "NotFound", "detail": ""}))
    opens = station.count("opens")
    page.evaluate("show(['k10'])")
    until(page, "rows.k10 !== undefined")
    wait(lambda: station.count("opens") > opens)
    page.unroute("**/api/events")
    until(page, is_in("streaming"))
    station.write_row("k11", 11)
    page.evaluate("show(['k10', 'k11'])")
    until(page, "rows.k11 === 11")
    assert page.evaluate("link.status.falls") == 0
    page.evaluate("show([])")
