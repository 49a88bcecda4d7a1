"""The shared gzip stream in a real browser, by a bare EventSource: joined late, with blocks skipped, cut and ended.

All clients of a topic get the same deflate blocks whatever they saw before; a decoder that is one byte off hears
nothing more, so each test ends with a push that has to arrive.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from .ask import CLIENT
from .conftest import until
from .live_desk import Station
from .tap import Tap

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

LISTEN = """(url) => {
  window.heard = [];
  window.errors = 0;
  window.source = new EventSource(url);
  for (const name of ["hello", "data", "hb", "bye"])
    source.addEventListener(name, (event) => heard.push([name, JSON.parse(event.data), event.lastEventId]));
  source.onerror = () => { window.errors += 1; };
}"""
BIG = 60_000  # characters of a bundle that soon fills the buffers of a client that does not read


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """A desk of one number whose heartbeat is short, yet long enough not to reset a client that is held back."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>stream</title>")
    found = Station(tmp_path, site, 2.5)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def tap(station: Station) -> Iterator[Tap]:
    """What stands between the browser and the desk."""
    found = Tap(station.port)
    yield found
    found.close()


def listen(page: Page, url: str) -> list[dict[str, str]]:
    """Open a stream in the page; return the headers of its answers as they come."""
    heads: list[dict[str, str]] = []
    page.on("response", lambda answer: heads.append(answer.headers) if "/api/events" in answer.url else None)
    page.goto(f"{url}/")
    page.evaluate(LISTEN, "/api/events?topics=data")
    return heads


def numbers(page: Page) -> list[int]:
    return page.evaluate("heard.filter(([name]) => name === 'data').map(([, data]) => data.n)")


def shows(page: Page, n: int, seconds: float = 20) -> None:
    until(page, f"heard.some(([name, data]) => name === 'data' && data.n === {n})", seconds)


def test_stream_when_joined_late_then_it_holds_the_newest_and_each_change(page: Page, station: Station) -> None:
    first = CLIENT.stream("GET", f"{station.url}/api/events?topics=data", headers={"accept-encoding": "gzip"})
    with first:  # the member has long begun for somebody else
        for number in range(2, 8):
            station.write(number, text="joined late " * 400)
            CLIENT.get(f"{station.url}/api/data")
        heads = listen(page, station.url)
        shows(page, 7)
        assert heads[0]["content-encoding"] == "gzip" and "text/event-stream" in heads[0]["content-type"]
        for number in range(8, 14):
            station.write(number, text="joined late " * 400)
            shows(page, number)
    assert numbers(page) == list(range(7, 14))
    body: dict[str, Any] = CLIENT.get(f"{station.url}/api/data").json()
    assert page.evaluate("heard.findLast(([name]) => name === 'data')[1]") == body
    assert page.evaluate("heard.findLast(([name]) => name === 'data')[2]") == str(body["version"])


def test_stream_when_nothing_changes_then_heartbeats_arrive_and_changes_after_them(
    page: Page, station: Station
) -> None:
    listen(page, station.url)
    until(page, "heard.filter(([name]) => name === 'hb').length >= 2")
    tag = CLIENT.get(f"{station.url}/api/data").headers["etag"]
    assert page.evaluate("heard.findLast(([name]) => name === 'hb')[1].data") == tag
    shows(page, station.write())


def test_stream_when_blocks_were_skipped_then_the_browser_reads_on(page: Page, station: Station, tap: Tap) -> None:
    listen(page, tap.url)
    shows(page, 1)
    tap.flows.clear()
    with httpx.Client(trust_env=False, timeout=20) as client:  # quick: a client held back for long is reset
        for _ in range(40):
            station.write(text=token_hex(BIG // 2))
            client.get(f"{station.url}/api/data")
    station.write(text="the newest")
    tap.flows.set()
    shows(page, station.n)
    seen = numbers(page)
    assert seen == sorted(set(seen)) and len(seen) < station.n, "in order, none twice, some skipped"
    assert int(CLIENT.get(f"{station.url}/conflations").text) >= 1
    shows(page, station.write())


def test_stream_when_cut_in_the_middle_of_an_event_then_only_whole_ones_count_and_it_comes_back(
    page: Page, station: Station, tap: Tap
) -> None:
    station.write(2, text="a" * 50_000 + str(list(range(20_000))))
    tap.cut_after = 12_000
    listen(page, tap.url)
    until(page, "window.errors >= 1")
    assert numbers(page) == [], "an event of which a part came is none"
    tap.cut_after = None
    shows(page, 2)
    shows(page, station.write())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_stream_when_the_desk_ends_with_or_without_a_word_then_the_browser_comes_back(
    page: Page, station: Station, number: signal.Signals
) -> None:
    listen(page, station.url)
    shows(page, 1)
    station.signal(number)
    assert station.process is not None
    station.process.wait(60)
    until(page, "window.errors >= 1")
    assert page.evaluate("heard.some(([name]) => name === 'bye')") is (number == signal.SIGTERM)
    if page.evaluate("source.readyState") == 2:  # a refused connection ends an EventSource for good
        page.evaluate("source.close()")
    station.start()
    if page.evaluate("source.readyState") == 2:
        page.evaluate(LISTEN, "/api/events?topics=data")
    shows(page, 1)
    shows(page, station.write())
