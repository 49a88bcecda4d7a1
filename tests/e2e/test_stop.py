"""The stop in the top bar: on every page, and while the browser or the desk is busy with everything else."""

import re
import sqlite3
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aion.control.inbox import Inbox
from aion.store.layout import Layout
from tests.holder import held

from .conftest import HOST, Begin, Up, until
from .live_desk import wait
from .profile import CALM, Profile
from .window import ALONE, WINDOWS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

PAGES = ("bots", "bots/orb_ny", "intraday", "intraday/MSFT", "alerts", "logs", "portfolio", "system", "nowhere")
LINK = "document.querySelector('.bar-chip.link')?.innerText ?? ''"
BAR = "banner"
THROW = re.compile(r"^Stop\b")
"""The button that throws a switch; "Stopped" and "Stopping" lead to where it is cleared."""


@pytest.fixture(scope="module")
def desk(begin: Begin) -> Iterator[Up]:
    """A desk that is also reached by the name of a network, over plain HTTP; a bar in six seconds is push enough."""
    up = begin("--speed", "10", AION_HOSTS=HOST)
    up.wait(up.is_running, 60)
    yield up
    up.stop()


@pytest.fixture(scope="module")
def profile(lan: Browser) -> Iterator[Profile]:
    with Profile.open(lan, CALM) as found:
        yield found


@pytest.fixture(autouse=True)
def clear(desk: Up) -> Iterator[None]:
    """Every switch is clear again after a test."""
    yield
    for path in Layout(desk.data).controls.glob("*/kill.json"):
        path.unlink()


def is_stopped(desk: Up, bot: str = "desk") -> bool:
    return Inbox(Layout(desk.data), []).killed(bot) != ""


def stop(page: Page, name: str = "Stop all bots", opens: str | re.Pattern[str] = THROW) -> None:
    """Press the stop in the top bar and confirm it."""
    page.get_by_role(BAR).get_by_role("button", name=opens).click()
    page.wait_for_timeout(450)  # a second tap of the same finger does not count
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


SIZES = [(1440, 900), (1280, 720), (390, 844), (360, 740)]


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_stop_is_in_sight_on_every_page(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{desk.url}/{path}")
        for size in SIZES:
            resize(page, size)
            expect(page.get_by_role(BAR).get_by_role("button", name=THROW)).to_be_in_viewport(ratio=1)
            until(page, "document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_stop_shows_when_it_is_thrown(desk: Up, context: BrowserContext, size: tuple[int, int]) -> None:
    page = context.new_page()
    resize(page, size)
    page.goto(f"{desk.url}/logs")
    stop(page)
    cleared = page.get_by_role(BAR).get_by_role("button", name="Stopped")
    expect(cleared).to_be_in_viewport(ratio=1)
    assert is_stopped(desk)
    stop(page, "Clear the kill switch", "Stopped")
    expect(page.get_by_role(BAR).get_by_role("button", name="Stop all bots", exact=True)).to_be_visible()
    wait(lambda: not is_stopped(desk))


def test_stop_on_the_page_of_a_bot_stops_that_one_and_is_cleared_from_there(
    desk: Up, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/bots/orb_ny")
    expect(page.get_by_role("heading", name="orb_ny").first).to_be_visible()
    stop(page, "Stop orb_ny")
    expect(page.get_by_role(BAR).get_by_role("button", name="Stopped orb_ny")).to_be_visible()
    assert is_stopped(desk, "orb_ny") and not is_stopped(desk)
    assert page.get_by_role(BAR).get_by_role("button", name="Stop all bots").is_visible(), (
        "the others are at hand too"
    )
    stop(page, "Clear the kill switch", "Stopped orb_ny")
    wait(lambda: not is_stopped(desk, "orb_ny"))


def is_shown(page: Page, word: str) -> bool:
    return bool(page.evaluate(f"({LINK}).includes({word!r})"))


def open_windows(desk: Up, context: BrowserContext, init: str) -> list[Page]:
    pages = [context.new_page() for _ in range(WINDOWS)]
    for page in pages:
        page.add_init_script(init)
        page.evaluate(f"void (location.href = 'http://{HOST}:{desk.port}/bots')")
    for page in pages:
        page.get_by_role("heading", name="orb_ny").first.wait_for()
    return pages


def streams(desk: Up) -> int:
    return int(desk.get("/api/metrics").json()["live"]["viewers"])


@pytest.mark.parametrize("how", ["by sharing", "without any sharing"])
def test_twelfth_window_on_plain_http_is_fresh_and_stops_the_bots(
    desk: Up, context: BrowserContext, how: str
) -> None:
    init = ""
    if how != "by sharing":
        init = ALONE["everything refused"]
    pages = open_windows(desk, context, init)
    assert pages[0].evaluate("isSecureContext") is False
    wait(lambda: 1 <= streams(desk) <= 2)
    for page in pages:
        wait(lambda page=page: is_shown(page, "STREAMING") or (how != "by sharing" and is_shown(page, "POLLING")))
        until(page, f"/\\d (s|ms|min)/.test({LINK})")
    stop(pages[-1])
    wait(lambda: is_stopped(desk), 5)
    for page in pages:  # each hears of it
        expect(page.get_by_role(BAR).get_by_role("button", name="Stopped")).to_be_visible()
    assert streams(desk) <= 2


def test_stop_when_locks_and_audit_are_held_then_it_is_thrown_and_shown(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/bots")
    page.get_by_role("heading", name="orb_ny").first.wait_for()
    layout = Layout(desk.data)
    other = sqlite3.connect(layout.desk, isolation_level=None)
    other.execute("begin immediate")
    with held(layout.controls / ".lock"):
        stop(page)
        wait(lambda: is_stopped(desk))
        expect(page.get_by_role(BAR).get_by_role("button", name="Stopped")).to_be_visible()
    other.execute("rollback")
    other.close()


def test_stop_is_sent_again_when_its_connection_is_stuck(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    tries: list[Callable[[], None]] = []
    page.goto(f"{desk.url}/system")

    def answer(route: object) -> None:
        tries.append(lambda: None)
        if len(tries) > 1:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/api/bots/desk/kill", answer)
    stop(page)
    wait(lambda: page.evaluate("true") and is_stopped(desk))
    assert len(tries) == 2
    expect(page.get_by_role("dialog")).to_have_count(0)


def press(page: Page, label: str, confirm: str) -> None:
    """Ask for something and leave its dialog while nobody answers."""
    page.get_by_role("button", name=label, exact=True).last.click()
    page.wait_for_timeout(450)
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name=confirm, exact=True).click()
    dialog.get_by_role("button", name="Sending").wait_for()
    dialog.get_by_role("button", name="Cancel").click()


ASK_OFTEN = """(count) => {
  window.ended = window.answered = 0;
  const ask = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"action": "pause"}' };
  for (let n = 0; n < count; n += 1)
    fetch("/api/bots/orb_ny/control", ask).then(() => { window.answered += 1; }, () => { window.ended += 1; });
}"""
WAITING = 45
CONNECTIONS = 6  # of a browser to one host; each stream has one


@pytest.mark.parametrize("where", ["in this tab", "in another tab"])
def test_stop_when_the_page_waits_for_many_answers_then_it_is_thrown_at_once(
    desk: Up, context: BrowserContext, where: str
) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING", exact=True).wait_for()
    asking = page
    if where == "in another tab":
        asking = context.new_page()
        asking.goto(f"{desk.url}/bots")
        asking.get_by_text("STREAMING", exact=True).wait_for()
    with held(Layout(desk.data).controls / ".lock"):
        asking.evaluate(ASK_OFTEN, WAITING)
        if where == "in this tab":
            page.get_by_role("button", name="Controls of all bots").click()
            press(page, "Pause all", "Pause all bots")
        page.get_by_role(BAR).get_by_role("button", name=THROW).click()
        page.wait_for_timeout(450)
        asking.evaluate("window.before = window.answered")  # by a desk that has waited long enough for the lock
        page.get_by_role("dialog").get_by_role("button", name="Stop all bots", exact=True).click()
        wait(lambda: is_stopped(desk), 2)
        expect(page.get_by_role(BAR).get_by_role("button", name="Stopped")).to_be_visible()
        waited = WAITING - asking.evaluate("window.before")
        assert waited > CONNECTIONS, "they waited until then"
        until(asking, f"window.ended >= {waited - CONNECTIONS}")


def test_stop_when_one_bot_is_stopped_then_both_buttons_stand_in_one_row_of_a_phone(
    desk: Up, context: BrowserContext
) -> None:
    desk.send("PUT", "/api/bots/orb_ny/kill")
    page = context.new_page()
    for width in (320, 360, 390, 412):
        page.set_viewport_size({"width": width, "height": 740})
        page.goto(f"{desk.url}/bots/orb_ny")
        bar = page.get_by_role(BAR)
        stopped, others = (bar.get_by_role("button", name=name) for name in ("Stopped orb_ny", "Stop all bots"))
        expect(stopped).to_be_in_viewport(ratio=1)
        until(page, f"/\\d (s|ms)/.test({LINK})")
        link = bar.locator(".link")
        places = [each.bounding_box() for each in (link, stopped, others)]
        middles = [round(place["y"] + place["height"] / 2) for place in places if place]
        assert len(middles) == 3 and max(middles) - min(middles) <= 2, (width, places)
        assert link.evaluate("(chip) => chip.scrollWidth <= chip.clientWidth"), f"the age is cut at {width} px"
        expect(others).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
