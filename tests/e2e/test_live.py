"""The browser's library alone, in Chromium, against a small server: tabs, sleep, proxies, restarts."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from .conftest import Watched, until
from .live_desk import Proxy, Station, wait
from .profile import Profile
from .tab import CLOCK, is_in, owner_of, renderer_of, rises, shows

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Station]:
    running = Station(tmp_path_factory.mktemp("station"), site)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    with Profile.open(browser, CLOCK) as found:
        yield found


Open = Callable[..., Page]


@pytest.fixture
def tab(context: BrowserContext, station: Station) -> Open:
    """Open a tab of the page: `tab(port=, init=, **limits)`."""

    def show(port: int | None = None, init: str = "", **limits: int) -> Page:
        page = context.new_page()
        if init:
            page.add_init_script(init)
        query = "&".join(f"{name}={value}" for name, value in limits.items())
        page.goto(f"http://127.0.0.1:{port or station.port}/?{query}")
        page.wait_for_function("window.link !== undefined")
        return page

    return show


def test_ten_tabs_share_one_stream_and_all_follow(tab: Open, station: Station) -> None:
    pages = [tab() for _ in range(10)]
    for page in pages:
        until(page, is_in("streaming"))
    wait(lambda: station.clients() == 1)
    with station.writing():
        for page in pages:
            until(page, "window.seen.length > 5", 40)
    for page in pages:
        shows(page, station)
        rises(page)
    while len(pages) > 7:
        owner = owner_of(pages)
        pages.remove(owner)
        owner.close()
        wait(lambda: sum(page.evaluate("link.status.isOwner") for page in pages) == 1)
        station.write()
        for page in pages:
            shows(page, station)
    assert station.clients() == 1


BEAT = """
  window.longest = 0;
  let last = performance.now();
  setInterval(() => { longest = Math.max(longest, performance.now() - last); last = performance.now(); }, 50);
"""


@pytest.mark.parametrize("is_warned", [True, False])
def test_frozen_owner_loses_the_stream_and_follows_when_thawed(tab: Open, station: Station, is_warned: bool) -> None:
    """Chromium's own switch does not freeze a page without a window, so its process is stopped."""
    pages = [tab() for _ in range(3)]
    for page in pages:
        until(page, is_in("streaming"))
    owner = owner_of(pages)
    others = [page for page in pages if page is not owner]
    process = renderer_of(owner)
    owner.evaluate(BEAT)
    with station.writing():
        if is_warned:
            owner.evaluate("void document.dispatchEvent(new Event('freeze'))")
            wait(lambda: any(page.evaluate("link.status.isOwner") for page in others), 2)  # sooner than by robbery
        process.suspend()
        try:
            until(others[0], f"window.seen.at(-1) > {station.n + 60}")
            wait(lambda: sum(page.evaluate("link.status.isOwner") for page in others) == 1)
            assert process.status() == psutil.STATUS_STOPPED
            frozen_until = station.n
        finally:
            process.resume()
        if is_warned:
            owner.evaluate("void document.dispatchEvent(new Event('resume'))")
        until(owner, f"window.seen.at(-1) > {frozen_until + 10}")
    assert owner.evaluate("longest") > 2500, "it did stand still"
    assert not owner.evaluate("link.status.isOwner")
    for page in pages:
        shows(page, station)
        rises(page)
    wait(lambda: station.clients() == 1)
    owner_of(pages)


def test_owner_that_stands_still_without_warning_is_deposed_and_repeats_nothing_old(
    tab: Open, station: Station
) -> None:
    pages = [tab() for _ in range(3)]
    for page in pages:
        until(page, is_in("streaming"))
    owner = owner_of(pages)
    others = [page for page in pages if page is not owner]
    with station.writing():
        # Its socket fills while it computes; what it reads afterwards is out of date.
        owner.evaluate(
            "setTimeout(() => { const end = performance.now() + 7000; while (performance.now() < end); }, 50)"
        )
        wait(lambda: any(page.evaluate("link.status.isOwner") for page in others), 12)
        before = station.n
        until(others[1], f"window.seen.at(-1) > {before}")
        until(owner, f"window.seen.at(-1) > {before}", 20)
    for page in pages:
        shows(page, station)
        rises(page)
    wait(lambda: station.clients() == 1)


def test_crashed_owner_is_followed_at_once(tab: Open, station: Station) -> None:
    pages = [tab() for _ in range(3)]
    for page in pages:
        until(page, is_in("streaming"))
    owner = owner_of(pages)
    pages.remove(owner)
    with station.writing():
        with suppress(Error):  # the answer never comes: the page is gone
            owner.goto("chrome://crash", timeout=2000)
        wait(lambda: sum(page.evaluate("link.status.isOwner") for page in pages) == 1, 10)
        for page in pages:
            until(page, f"window.seen.at(-1) > {station.n}")
    for page in pages:
        shows(page, station)
        rises(page)


def test_topic_of_a_tab_that_froze_or_crashed_is_let_go(tab: Open, station: Station) -> None:
    pages = [tab(), tab()]
    for page in pages:
        until(page, is_in("streaming"))
    owner = owner_of(pages)
    pages.remove(owner)
    other = pages[0]
    asked: list[str] = []
    owner.on("request", lambda request: asked.append(request.post_data or ""))
    # A topic is kept for five seconds after its last reader: not in this test.
    owner.evaluate("const later = setTimeout; window.setTimeout = (run, ms) => later(run, ms === 5000 ? 0 : ms)")

    def streams(*topics: str) -> None:
        named = json.dumps(topics, separators=(",", ":"))
        wait(lambda: owner.evaluate("true") and asked and f'"topics":{named}' in asked[-1])

    other.evaluate("void link.subscribe('more', () => {})")
    streams("data", "more")
    other.evaluate("void document.dispatchEvent(new Event('freeze'))")
    streams("data")
    other.evaluate("void document.dispatchEvent(new Event('resume'))")
    streams("data", "more")
    with suppress(Error):  # the answer never comes: the page is gone
        other.goto("chrome://crash", timeout=500)
    streams("data")


def test_owner_out_of_sight_yields_to_a_tab_that_is_looked_at(tab: Open, station: Station) -> None:
    pages = [tab(), tab()]
    for page in pages:
        until(page, is_in("streaming"))
    owner = owner_of(pages)
    other = next(page for page in pages if page is not owner)
    owner.evaluate("window.sight = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
    until(other, "link.status.isOwner")
    station.write()
    for page in pages:
        shows(page, station)
        rises(page)
    wait(lambda: station.clients() == 1)


def test_page_wakes_from_sleep_within_a_second_and_says_so(tab: Open, station: Station) -> None:
    page = tab()
    until(page, is_in("streaming"))
    shows(page, station)
    page.evaluate("window.skew = 180_000; window.woke = performance.now()")
    until(page, "(link.status.note ?? '') === 'resynced after 3 min asleep'")
    until(page, "link.status.verifiedAt > live.pageNow() - 2000")
    page.evaluate(
        "window.sight = 'hidden'; document.dispatchEvent(new Event('visibilitychange')); skew += 3_600_000 * 2"
    )
    page.evaluate("window.back = performance.now(); window.sight = 'visible'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(page, "link.status.note === 'resynced after 2 h in the background'", 20)
    station.write()
    shows(page, station)


@pytest.mark.parametrize("hours", [-1, -30, 1, 30])
def test_wall_clock_that_is_put_leaves_no_age_too_young_and_none_below_zero(
    tab: Open, station: Station, hours: int
) -> None:
    page = tab(pollEvery=2000)
    until(page, is_in("streaming"))
    shows(page, station)
    page.evaluate("live.setCached('/api/other', 1, { ttl: 600_000 })")
    page.evaluate(f"window.skew = {hours} * 3_600_000; window.putAt = performance.now()")
    older = page.evaluate("live.peekCached('/api/other').age")
    if hours < 0:  # nothing but time has passed
        assert page.evaluate("live.getCached('/api/other')") == 1 and 0 <= older < 60_000
    else:  # as after sleep: the page does not know, and is verified at once
        assert page.evaluate("live.getCached('/api/other')") is None and older > hours * 3_600_000
        until(page, "link.status.note?.startsWith('resynced after')")
    until(page, "live.pageNow() - link.status.verifiedAt < 20_000")
    station.write()
    shows(page, station)
    station.signal(signal.SIGSTOP)
    try:
        # the age of what was verified last grows by the time that passes
        page.evaluate("window.from = [live.pageNow() - link.status.verifiedAt, performance.now()]")
        page.evaluate("window.skew -= 7_200_000")
        until(page, "performance.now() - from[1] > 3000")
        grown, passed = page.evaluate(
            "[live.pageNow() - link.status.verifiedAt - from[0], performance.now() - from[1]]"
        )
        assert abs(grown - passed) < 50
    finally:
        station.signal(signal.SIGCONT)
    until(page, is_in("streaming"), 60)
    # what this page has stored is from the future for the next one
    page.evaluate("live.setCached('/api/next', 1, { ttl: 600_000 }); window.skew = 0")
    record = page.evaluate("JSON.parse(localStorage['aion_cache_api:/api/next'])")
    page.evaluate("(at) => localStorage.setItem('aion_cache_api:/api/next', at)", json.dumps(
        {**record, "timestamp": page.evaluate("Date.now()") + 3_600_000}))  # fmt: skip
    page.reload()
    until(page, is_in("streaming"), 60)
    assert page.evaluate("[live.getCached('/api/next'), live.peekCached('/api/next').age ?? 'unknown']") == [
        None, "unknown",
    ]  # fmt: skip


def test_tabs_that_opened_under_different_clocks_show_one_age_and_lead_in_turn(tab: Open, station: Station) -> None:
    first = tab(pollEvery=2000)
    until(first, is_in("streaming"))
    first.evaluate("window.skew = -86_400_000")
    second = tab(pollEvery=2000, skew=-86_400_000)  # opened after the clock was put back by a day
    until(second, is_in("streaming"))
    ages = [page.evaluate("live.pageNow() - link.status.verifiedAt") for page in (first, second)]
    assert all(0 <= each < 20_000 for each in ages), ages
    owner = owner_of([first, second])
    other = second if owner is first else first
    owner.close()  # a leader of an earlier clock is heard no more, one of a later clock is
    until(other, "link.status.isOwner")
    third = tab(pollEvery=2000, skew=-172_800_000)
    until(third, is_in("streaming"))
    station.write()
    for page in (other, third):
        shows(page, station)
    other.close()
    until(third, "link.status.isOwner")
    fourth = tab(pollEvery=2000, skew=-259_200_000)
    until(fourth, is_in("streaming"))
    station.write()
    for page in (third, fourth):
        shows(page, station)


def test_network_that_comes_back_resyncs_and_says_so(tab: Open, station: Station, context: BrowserContext) -> None:
    page = tab(pollEvery=2000)
    until(page, is_in("streaming"))
    context.set_offline(True)
    until(page, is_in("offline"))
    station.write()
    page.evaluate("window.skew = 40_000")
    page.wait_for_timeout(1200)
    page.evaluate("window.skew = 80_000")
    context.set_offline(False)
    shows(page, station)
    until(page, is_in("streaming"))
    until(page, "/^resynced after \\d+ (s|min) (offline|asleep)$/.test(link.status.note)")


def test_buffering_proxy_is_found_and_polled_through_until_it_lets_go(tab: Open, station: Station) -> None:
    station.write(pad="x" * 40_000)  # the greeting alone fills the buffer: only what comes after it is held
    proxy = Proxy(station.port, hold=16_384)
    page = tab(port=proxy.port, pollEvery=2000, hello=1500)
    until(page, is_in("polling"))
    assert "buffering the stream" in page.evaluate("link.status.reason")
    for _ in range(2):
        station.write()
        shows(page, station)
    assert page.evaluate(is_in("polling"))
    assert page.evaluate("[link.status.falls, link.status.polls > 1]") == [1, True]
    proxy.hold = 1
    until(page, is_in("streaming"), 30)
    station.write()
    shows(page, station)
    rises(page)
    page.close()
    proxy.close()


def test_stream_refused_during_a_deploy_is_polled_and_comes_back(
    context: BrowserContext, station: Station, watched: Watched
) -> None:
    page = context.new_page()
    page.on("console", lambda message: watched.console.append(message.text))
    page.goto(f"{station.url}/?pollEvery=2000")
    page.wait_for_function("window.link !== undefined")
    until(page, is_in("streaming"))
    page.route("**/api/events**", lambda route: route.fulfill(status=502, body="<html>bad gateway</html>"))
    page.evaluate("void link.resync()")
    until(page, is_in("polling"))
    station.write()
    shows(page, station)
    before = page.evaluate("live.getStorageStats().notModified")
    until(page, f"live.getStorageStats().notModified > {before}")
    assert page.evaluate("live.getStorageStats().savedBytes") > 0
    page.unroute("**/api/events**")
    until(page, is_in("streaming"), 30)
    assert page.evaluate("link.status.reconnects") == 1
    assert [line for line in watched.console if line.startswith("SSE")] == [
        "SSE connected", "SSE disconnected", "SSE connected",
    ]  # fmt: skip


def test_restarted_desk_is_found_again_without_a_repeat(tab: Open, station: Station) -> None:
    page = tab(pollEvery=2000)
    until(page, is_in("streaming"))
    shows(page, station)
    for number in (signal.SIGTERM, signal.SIGKILL):
        station.signal(number)
        assert station.process is not None
        station.process.wait(60)
        station.write()
        until(page, f"!({is_in('streaming')})")
        station.start()
        until(page, is_in("streaming"), 30)
        shows(page, station)
    assert rises(page)
    assert page.evaluate("link.status.reconnects") == 2


def test_desk_that_stands_still_is_not_called_live(tab: Open, station: Station) -> None:
    page = tab(pollEvery=2000, silence=3000)
    until(page, is_in("streaming"))
    shows(page, station)
    station.signal(signal.SIGSTOP)
    until(page, f"!({is_in('streaming')})", 60)
    station.signal(signal.SIGCONT)
    until(page, is_in("streaming"), 30)
    station.write()
    shows(page, station)


def test_tabs_without_locks_stream_each_for_itself_while_looked_at(tab: Open, station: Station) -> None:
    init = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })"
    pages = []
    for _ in range(10):  # as in a window: a new tab takes the others out of sight
        for page in pages[-1:]:
            page.evaluate("window.sight = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
        pages.append(tab(init=init, pollEvery=2000))
        until(pages[-1], is_in("streaming"))
    wait(lambda: station.clients() == 1)
    station.write()
    for page in pages:
        shows(page, station)


def test_event_that_was_under_way_never_covers_a_newer_answer(tab: Open, station: Station) -> None:
    page = tab()
    until(page, is_in("streaming"))
    shows(page, station)
    older = page.evaluate("fetch('/api/data').then((answer) => answer.text())")
    station.write()
    shows(page, station)
    page.evaluate(
        """(text) => {
          const other = new BroadcastChannel("aion_stream /api/events");
          other.postMessage({ term: Date.now() + 1e6, message: { kind: "data", topic: "data", text } });
        }""",
        older,
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.seen.at(-1)") == station.n
    station.write()
    shows(page, station)
    rises(page)
