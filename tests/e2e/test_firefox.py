"""The pages in Firefox: another engine with another EventSource, other locks and another way to keep pages."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.thousand import BASE, name_of, write, write_all

from .conftest import HOST, ROOT, Begin, Up
from .firefox import Firefox, Tab, run_firefox
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

PATHS = ("bots", "bots/orb_ny", "intraday", "intraday/MSFT", "logs", "system")
WATCH = """() => {
  window.shows = [];
  addEventListener("pageshow", ({ persisted }) => shows.push(persisted));
  new MutationObserver(() => {
    if (document.querySelector("main tbody tr")) {
      window.is_kept ??= document.querySelector(".bar-chip.link").innerText.includes("kept");
    }
  }).observe(document, { subtree: true, childList: true });
}"""
LINK = "document.querySelector('.bar-chip.link').innerText"
CLOCK = "document.querySelector('.bar-chip.mode').innerText"
LEFT = "was interrupted while the page was loading"
"""What Firefox may say of the stream of a page that is left."""
OWNER = "document.body.innerText.match(/Stream owned by\\s+(.+)/)?.[1]"


@pytest.fixture(scope="module")
def program() -> str:
    """The path of Firefox."""
    found = subprocess.run(
        [sys.executable, "tools/browser.py", "firefox"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip().split("browser ")[1]


@pytest.fixture(scope="module")
def firefox(program: str) -> Iterator[Firefox]:
    with run_firefox(program) as running:
        running.say("script.addPreloadScript", functionDeclaration=WATCH)
        yield running


@pytest.fixture
def tab(firefox: Firefox, desk: Up) -> Iterator[Tab]:
    opened = firefox.open(f"{desk.url}/bots")
    is_in(opened, "STREAMING")
    yield opened
    opened.close()


def is_in(tab: Tab, state: str) -> None:
    tab.until(f"{LINK}.includes({state!r})")


def moves(tab: Tab) -> None:
    """The market's time goes on."""
    tab.until(f"{CLOCK} !== {tab.evaluate(CLOCK)!r}")


def test_pages_open_and_follow_the_stream_without_an_error(firefox: Firefox, desk: Up, tab: Tab) -> None:
    firefox.lines.clear()
    for path in PATHS:
        tab.goto(f"{desk.url}/{path}")
        is_in(tab, "STREAMING")
        tab.until("document.querySelector('main h1, main h2') !== null")
        moves(tab)
    complaints = [line for line in firefox.lines if line.startswith("error") and LEFT not in line]
    assert complaints == []
    assert any("SSE connected" in line for line in firefox.lines)


def test_kept_data_stands_in_the_page_before_it_is_verified_under_the_documented_keys(desk: Up, tab: Tab) -> None:
    for key, word in (("bots/page", "orb_ny"), ("bots/index", "orb_ny"), ("intraday/snapshot", "MSFT")):
        tab.until(f"(localStorage.getItem('aion_cache_api:/api/{key}') ?? '').includes('{word}')")
    kept = tab.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('aion_cache_')).sort()")
    known = ("bots/page", "bots/index", "bots/totals", "bots/cards", "intraday/snapshot", "metrics")
    assert all(key.startswith(tuple(f"aion_cache_api:/api/{each}" for each in known)) for key in kept)
    tab.goto(f"{desk.url}/bots")
    tab.until("window.is_kept !== undefined")
    assert tab.evaluate("window.is_kept") is True
    is_in(tab, "STREAMING")


def test_refused_stream_is_polled_and_comes_back(firefox: Firefox, desk: Up, tab: Tab) -> None:
    firefox.refuse("/api/events")
    tab.goto(f"{desk.url}/bots")
    is_in(tab, "POLLING")
    moves(tab)
    firefox.refuse(None)
    is_in(tab, "STREAMING")


def test_next_tab_takes_the_stream_when_its_owner_closes(firefox: Firefox, desk: Up, tab: Tab) -> None:
    tab.goto(f"{desk.url}/system")
    is_in(tab, "STREAMING")
    other = firefox.open(f"{desk.url}/system")
    is_in(other, "STREAMING")
    tab.show()
    tab.until(f"{OWNER} === 'this tab'")
    other.until(f"{OWNER} === 'another tab'")
    moves(other)
    third = firefox.open(f"{desk.url}/system")
    third.show()
    third.until(f"{OWNER} === 'this tab'")
    third.close()
    for left in (tab, other):
        is_in(left, "STREAMING")
        moves(left)
    other.close()


def test_page_gone_back_to_shows_what_is_kept_and_streams_again(desk: Up, tab: Tab) -> None:
    tab.until("localStorage.getItem('aion_cache_api:/api/bots/index') !== null")
    tab.goto(f"{desk.url}/icon.svg")
    tab.back()
    # Firefox keeps no page that holds a lock, also when it lets go of it on the way out: this one is loaded anew.
    tab.until("document.querySelector('main tbody tr') !== null && window.shows.length > 0")
    assert tab.evaluate("shows.at(-1) || is_kept")
    is_in(tab, "STREAMING")
    moves(tab)


def test_keys_of_the_page_come_before_those_of_the_browser(tab: Tab) -> None:
    tab.press("/")
    tab.until("document.activeElement?.matches('input[type=search]')")
    tab.press("v", "w", "a", "p")
    tab.until("document.querySelectorAll('.compare tbody tr').length === 1")
    tab.press("\ue00c")  # Escape
    tab.until("document.querySelectorAll('.compare tbody tr').length > 1")
    tab.evaluate("document.activeElement.blur()")
    tab.press("?")
    tab.until("document.querySelector('dialog.keys:not(.confirm)').open")


MANY = 200
NAMES = "[...document.querySelectorAll('.compare .bot-name')].map((each) => each.textContent)"
LAST = MANY - 4  # of the last currency


def test_page_of_two_hundred_bots_when_one_is_scrolled_to_or_found_then_it_is_of_now_and_opens(
    firefox: Firefox, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    write_all(data, MANY)
    with serving(data) as url:
        firefox.lines.clear()
        tab = firefox.open(f"{url}/bots")
        is_in(tab, "STREAMING")
        tab.until(f"document.body.innerText.includes('{MANY} bots, {MANY} open positions')")
        assert tab.evaluate("document.querySelectorAll('.compare tbody tr').length") < 60, "what is in sight is drawn"
        tab.evaluate("document.querySelector('.compare').scrollIntoView()")
        tab.evaluate("document.querySelector('.compare').scrollTo(0, 1e6)")
        tab.until(f"{NAMES}.at(-1) === '{name_of(LAST)}'")
        row = f"document.querySelector('.compare [data-line$=\"/{name_of(LAST)}\"]')"
        for number in range(3):
            write(data, LAST, BASE * (2 + number))
            tab.until(f"{row}.innerText.includes('{2 + number}00,000.00')")
        tab.evaluate(f"location.hash = '{name_of(120)}'")
        tab.until(f"document.querySelector('#{name_of(120)} .positions')?.innerText.includes('S20')")
        top = f"document.getElementById('{name_of(120)}').getBoundingClientRect().top"
        tab.until(f"{top} >= 0 && {top} < innerHeight")
        tab.press("/", *"bot_0123")
        tab.until(f"{NAMES}.join() === 'bot_0123'")
        tab.evaluate("document.querySelector('.compare .bot-name').click()")
        tab.until("document.querySelector('.bot-head h1')?.innerText.includes('bot_0123')")
        tab.until("document.querySelector(\"[aria-label='Open positions, table']\")?.innerText.includes('S23')")
        tab.back()
        tab.until(f"{NAMES}.length > 0")
        complaints = [line for line in firefox.lines if line.startswith("error") and LEFT not in line]
        assert complaints == []
        tab.close()


AGE = r"/\d+(\.\d)? (ms|s)/"
"""An age in the chip of the link that is not yet a minute."""
NO_COOKIES = {"network__cookie__cookieBehavior": 2}
"""All cookies and site data blocked, as the settings of Firefox say it: reading storage throws."""
NOTHING = NO_COOKIES | {"dom__storage__enabled": False}
"""No storage at all: it is null."""


@pytest.fixture(scope="module")
def lan(begin: Begin) -> Iterator[Up]:
    """A desk that is reached by the name of a network too."""
    up = begin(AION_HOSTS=HOST)
    up.wait(up.is_running, 60)
    yield up
    up.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
@pytest.mark.parametrize("settings", [NO_COOKIES, NOTHING, {}], ids=["cookies blocked", "no storage", "as it comes"])
def test_window_when_nothing_may_be_kept_or_http_is_plain_then_it_streams_with_an_age(
    program: str, lan: Up, settings: dict[str, object], host: str
) -> None:
    with run_firefox(program, network__dns__localDomains=HOST, **settings) as restricted:
        tab = restricted.open(f"http://{host}:{lan.port}/bots")
        assert tab.evaluate("isSecureContext") is (host != HOST)
        is_kept = "(() => { try { return localStorage !== null; } catch { return false; } })()"
        assert tab.evaluate(is_kept) is (settings == {})
        for path in PATHS:
            tab.goto(f"http://{host}:{lan.port}/{path}")
            is_in(tab, "STREAMING")
            tab.until(f"{AGE}.test({LINK})")
            moves(tab)
        complaints = [line for line in restricted.lines if line.startswith("error") and LEFT not in line]
        assert complaints == []


def test_windows_when_nothing_may_be_kept_then_each_is_fresh_and_two_stream(program: str, lan: Up) -> None:
    with run_firefox(program, network__dns__localDomains=HOST, **NOTHING) as restricted:
        tabs = [restricted.open(f"http://{HOST}:{lan.port}/bots") for _ in range(3)]
        for tab in tabs:
            tab.show()
            tab.until(f"/STREAMING|POLLING/.test({LINK}) && {AGE}.test({LINK})")
            moves(tab)
        assert int(lan.get("/api/metrics").json()["live"]["viewers"]) <= 2
