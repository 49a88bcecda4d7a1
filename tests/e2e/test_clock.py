"""The clocks of browser and desk differ: what a page says of age is true all the same."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from aion.clock import iso
from tests.fault.moment import movable, move
from tests.web.sample import Writer

from .ask import CLIENT
from .conftest import ROOT, free_port, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

HOUR_S = 3600
PUT = """
  const wall = Date.now;
  window.skew = Number(sessionStorage.getItem("skew"));
  Date.now = () => wall() + window.skew;
"""
"""A wall clock of the page that a test puts."""


class Desk:
    """`aion serve` with a wall clock of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment, self._offset = movable(folder)
        self._console = folder / "console"
        self.offset_s = 0
        self.process: subprocess.Popen[bytes] | None = None

    def put(self, seconds: int) -> None:
        self.offset_s = seconds
        move(self._offset, seconds)

    def start(self) -> None:
        with self._console.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aion", "serve", "--data", str(self.data), "--port", str(self.port)],
                cwd=ROOT, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": str(ROOT), **self._environment},
            )  # fmt: skip
        end = time.monotonic() + 60
        while True:
            try:
                CLIENT.get(f"{self.url}/readyz", timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                assert self.process.poll() is None and time.monotonic() < end, self._console.read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def write(self, equity: float, due_s: float = 600.0) -> None:
        """Write a state as a bot on the desk's machine does: at its time."""
        Writer(self.data).swing(
            "mine", equity=equity, written_at=iso(self.now()), due_at=iso(self.now() + timedelta(seconds=due_s)),
            as_of="2022-05-19T13:30:00Z",
        )  # fmt: skip


@contextmanager
def desk_at(folder: Path, seconds: int) -> Iterator[Desk]:
    desk = Desk(folder)
    desk.put(seconds)
    desk.write(1.0)
    try:
        desk.start()
        yield desk
    finally:
        desk.kill()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    context.set_default_timeout(30_000)
    context.add_init_script(PUT)
    yield context.new_page()
    context.close()


UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """`13 min 02 s` as seconds."""
    parts = re.findall(r"([\d.]+) (s|min|h|d)\b", text)
    assert parts, text
    return sum(float(value) * UNITS[unit] for value, unit in parts)


def chip(page: Page) -> str:
    return page.locator(".bar-chip.link").inner_text().replace("\n", " ")


def verified_s(page: Page) -> float:
    found = re.search(r"verified (.*) ago", chip(page))
    assert found, chip(page)
    return seconds(found[1])


def written_s(page: Page) -> float:
    """What the Link panel says of the bots' newest write."""
    found = re.search(r"wrote (.*) ago", page.locator(".clocks").inner_text())
    assert found, page.locator(".clocks").inner_text()
    return seconds(found[1])


def assert_young(shown_s: float, since: float) -> None:
    """Assert that what is `shown_s` old came after the moment `since` of the steady clock, however slow all is."""
    assert shown_s <= time.monotonic() - since + 2.5  # the desk says its time in whole seconds


def is_verified(page: Page) -> None:
    """The page verifies with each heartbeat, 15 s apart."""
    until(page, "/verified 1?\\d(\\.\\d)? (s|ms) ago/.test(document.querySelector('.bar-chip.link').innerText)")


def open_panel(page: Page) -> None:
    page.get_by_role("button", name="Link: data freshness").click()
    page.get_by_text("Data freshness").wait_for()


def check_dead(page: Page, desk: Desk) -> None:
    """The desk dies: the age of the last verification grows as time passes, and is never young."""
    before = verified_s(page)
    desk.kill()
    killed = time.monotonic()
    page.get_by_text("OFFLINE", exact=True).first.wait_for(timeout=60_000)
    for _ in range(8):
        passed = time.monotonic() - killed
        shown = verified_s(page)
        assert passed - 1.5 <= shown <= time.monotonic() - killed + before + 1.5, (shown, passed, before)
        page.wait_for_timeout(500)  # what passes between two looks is what is checked


@pytest.mark.parametrize("hours", [-1, 1, -30, 30])
def test_ages_when_the_desks_clock_is_hours_off_then_all_are_true(tmp_path: Path, page: Page, hours: int) -> None:
    with desk_at(tmp_path / "desk", hours * HOUR_S) as desk:
        page.goto(f"{desk.url}/bots")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        open_panel(page)
        for equity in (222.25, 333.25, 444.25):  # nothing else on the page ends so
            since = time.monotonic()
            desk.write(equity)
            until(page, f"document.querySelector('main').innerText.includes('{equity:.2f}')")
            is_verified(page)
            until(page, "/next mine in 9 min/.test(document.querySelector('.clocks').innerText)")
            assert_young(written_s(page), since)
        desk.write(5.0, due_s=0.0)
        until(page, "/overdue [1-9]/.test(document.querySelector('.clocks').innerText)")
        check_dead(page, desk)


@pytest.mark.parametrize("hours", [-2, 2])
def test_ages_when_the_browsers_clock_is_put_then_none_is_too_young(tmp_path: Path, page: Page, hours: int) -> None:
    with desk_at(tmp_path / "desk", HOUR_S) as desk:
        page.goto(f"{desk.url}/bots")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        open_panel(page)
        desk.write(222.25)
        until(page, "document.querySelector('main').innerText.includes('222.25')")
        page.evaluate(f"window.skew = {hours * 3_600_000}")
        # verified anew at once, and the distance of the desk's clock measured anew
        until(page, "/verified \\d+(\\.\\d)? s ago/.test(document.querySelector('.bar-chip.link').innerText)")
        until(page, "/wrote \\d+(\\.\\d)? s ago/.test(document.querySelector('.clocks').innerText)")
        until(page, "/next mine in 9 min/.test(document.querySelector('.clocks').innerText)")
        since = time.monotonic()
        desk.write(333.25)
        until(page, "document.querySelector('main').innerText.includes('333.25')")
        until(page, "/wrote \\d+(\\.\\d)? s ago/.test(document.querySelector('.clocks').innerText)")
        assert_young(written_s(page), since)
        is_verified(page)
        check_dead(page, desk)
        page.evaluate("window.skew -= 10_800_000")
        page.wait_for_timeout(500)
        assert 4 < verified_s(page) < 120  # put back: the age goes on
        page.evaluate("window.skew += 10_800_000")
        until(
            page, "/verified 3 h/.test(document.querySelector('.bar-chip.link').innerText)"
        )  # asleep, for all it knows
        desk.start()
        page.get_by_text("STREAMING", exact=True).first.wait_for(timeout=60_000)
        is_verified(page)


def test_ages_when_the_desks_clock_is_put_then_writes_are_young_again(tmp_path: Path, page: Page) -> None:
    with desk_at(tmp_path / "desk", 0) as desk:
        page.add_init_script("{ const now = performance.now.bind(performance); window.more = 0;"
                             " performance.now = () => now() + window.more; }")  # fmt: skip
        page.goto(f"{desk.url}/bots")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        open_panel(page)
        for number, offset in enumerate((-HOUR_S, 5 * HOUR_S)):
            # a minute later, so that the distance may be measured once more
            page.evaluate("window.more += 61_000; window.skew += 61_000")
            desk.put(offset)
            desk.write(20.0 + number)
            until(page, f"document.querySelector('main').innerText.includes('{20 + number}.00')")
            until(page, "/wrote \\d+(\\.\\d)? s ago/.test(document.querySelector('.clocks').innerText)")


def test_kept_data_when_its_time_is_yet_to_come_then_its_age_is_unknown(tmp_path: Path, page: Page) -> None:
    with desk_at(tmp_path / "desk", 0) as desk:
        page.goto(f"{desk.url}/bots")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        until(page, "localStorage['aion_cache_api:/api/bots/index'] !== undefined")
        page.route("**/api/**", lambda route: route.abort())
        page.evaluate("sessionStorage.setItem('skew', -7_200_000)")  # the clock is put right: it was two hours ahead
        page.reload()
        page.get_by_text("1.00").first.wait_for()
        assert "kept an unknown time ago" in chip(page)
        assert not re.search(r"NaN|(kept|Saved copy from) \d", page.locator("body").inner_text())
        page.evaluate("sessionStorage.setItem('skew', 7_200_000)")
        page.reload()
        page.get_by_text("1.00").first.wait_for()
        assert re.search(r"kept 2 h 0\d min ago", chip(page)), chip(page)
        page.unroute("**/api/**")
        page.get_by_text("STREAMING", exact=True).first.wait_for(timeout=60_000)
        is_verified(page)
        record = json.loads(page.evaluate("localStorage['aion_cache_api:/api/bots/index']"))
        assert abs(record["timestamp"] - page.evaluate("Date.now()")) < 60_000
