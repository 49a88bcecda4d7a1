"""Streams that fail, tabs that share, bots that die: what the page says and does."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .conftest import FLAGS, ROOT, Begin, Up, Watched, chromium, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


def test_blocked_stream_falls_back_to_polling_and_returns(desk: Up, page: Page, watched: Watched) -> None:
    page.route("**/api/events**", lambda route: route.fulfill(status=502, body="bad gateway"))
    page.goto(f"{desk.url}/bots")
    page.get_by_text("POLLING").wait_for()
    clock = page.locator(".bar-chip.mode").inner_text()
    until(page, f"document.querySelector('.bar-chip.mode').innerText !== {json.dumps(clock)}")
    page.unroute("**/api/events**")
    page.get_by_text("STREAMING").wait_for(timeout=60_000)
    assert "SSE connected" in watched.console


def test_log_is_polled_while_no_stream_works(desk: Up, page: Page) -> None:
    page.route("**/api/events**", lambda route: route.abort())
    page.goto(f"{desk.url}/logs")
    page.get_by_text("POLLING").wait_for()
    page.locator("main").get_by_text("intraday cycle complete").first.wait_for()
    newest = page.locator("main").inner_text()
    until(page, f"document.querySelector('main').innerText !== {json.dumps(newest)}")


def test_ten_tabs_share_one_stream_and_survive_the_owner(desk: Up, context: BrowserContext) -> None:
    pages = []
    for _ in range(10):
        tab = context.new_page()
        tab.goto(f"{desk.url}/bots")
        pages.append(tab)
    for tab in pages:
        tab.get_by_text("STREAMING").wait_for()
    viewers = desk.get("/api/metrics").json()
    assert _streams(viewers) <= 3, viewers  # this browser has one; other tests' pages may still be leaving
    for owner in pages[:2]:
        owner.close()
    last = pages[-1]
    last.bring_to_front()
    clock = last.locator(".bar-chip.mode").inner_text()
    until(last, f"document.querySelector('.bar-chip.mode').innerText !== {json.dumps(clock)}")
    last.get_by_text("STREAMING").wait_for()


def _streams(metrics: dict[str, object]) -> int:
    found = re.search(r'"(?:viewers|streams|clients)": (\d+)', json.dumps(metrics))
    assert found, metrics
    return int(found.group(1))


WAKE = """
  const wall = Date.now;
  let skew = 0;
  Date.now = () => wall() + skew;
  window.shows = [];
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) skew += 180_000; // before the page's own listener: it was away for so long
    shows.push(persisted);
  });
"""
NOT_RESTORED = "JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons ?? null)"


@pytest.fixture(scope="module")
def keeping(browser: Browser) -> Iterator[Browser]:
    """A browser that keeps pages for going back, which the driver's flags forbid."""
    running = browser.browser_type.launch(
        executable_path=chromium("chromium"), args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield running
    running.close()


@pytest.fixture
def keeper(keeping: Browser) -> Iterator[BrowserContext]:
    """A profile of that browser."""
    context = keeping.new_context()
    context.set_default_timeout(30_000)
    context.add_init_script(WAKE)
    yield context
    context.close()


@pytest.mark.parametrize("path", ["bots", "bots/orb_ny", "intraday", "logs", "system"])
def test_page_gone_back_to_is_the_kept_one_and_resyncs_and_says_so(
    desk: Up, keeper: BrowserContext, path: str
) -> None:
    page = keeper.new_page()
    page.goto(f"{desk.url}/{path}")
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    page.evaluate("window.mark = 1")
    page.goto(f"{desk.url}/icon.svg")
    page.go_back(wait_until="commit")
    until(page, "window.mark === 1")
    assert page.evaluate("shows") == [False, True], page.evaluate(NOT_RESTORED)
    page.locator(".bar-chip.link").get_by_text("resynced after 3 min in the background").wait_for()
    page.get_by_text("STREAMING", exact=True).first.wait_for()
    clock = page.locator(".bar-chip.mode").inner_text()
    until(page, f"document.querySelector('.bar-chip.mode').innerText !== {json.dumps(clock)}")


def test_stream_passes_to_the_other_tab_when_its_owner_is_kept_for_going_back(
    desk: Up, keeper: BrowserContext
) -> None:
    first, second = keeper.new_page(), keeper.new_page()
    for page in (first, second):
        page.goto(f"{desk.url}/system")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
    holder = "document.body.innerText.match(/Stream owned by\\s+(.+)/)?.[1]"
    until(first, f"{holder} === 'this tab'")
    first.goto(f"{desk.url}/icon.svg")
    until(second, f"{holder} === 'this tab'")
    first.go_back(wait_until="commit")
    until(first, f"shows.length === 2 && {holder} === 'another tab'")
    for page in (first, second):
        page.get_by_text("STREAMING", exact=True).first.wait_for()


def test_killed_bots_are_late_on_the_page_and_come_back(begin: Begin, page: Page) -> None:
    up = begin()
    up.wait(up.is_running, 60)
    page.goto(f"{up.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    fills = {key for bot in up.bundle()["intraday"]["bots"].values() for key in bot["fills"]}
    bots = up.child("run")
    bots.send_signal(signal.SIGSTOP)  # dead to the world, without the supervisor's help
    page.get_by_text(re.compile("late|overdue")).first.wait_for(timeout=60_000)
    os.kill(bots.pid, signal.SIGKILL)
    up.wait(lambda: up.child("run").pid != bots.pid)
    before = up.bundle()["as_of"]
    up.wait(lambda: up.bundle()["as_of"] > before)
    after = {key for bot in up.bundle()["intraday"]["bots"].values() for key in bot["fills"]}
    assert fills <= after
    assert "killed by SIGKILL" in (up.data / "logs" / "up.jsonl").read_text()
    up.stop()


def test_stop_ends_all_within_two_seconds_without_a_traceback(begin: Begin) -> None:
    up = begin()
    up.wait(up.is_running, 60)
    children = psutil.Process(up.process.pid).children(recursive=True)
    assert len(children) >= 2
    assert up.stop() < 4  # two seconds, and as much for a machine that tests on all its cores
    assert up.process.returncode == 0
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in up.log.read_text()


def test_killed_parent_leaves_no_child(begin: Begin) -> None:
    for wait in (0.4, 1.5, 3.0):
        up = begin()
        time.sleep(wait)
        children = psutil.Process(up.process.pid).children(recursive=True)
        up.process.kill()
        up.process.wait()
        gone, alive = psutil.wait_procs(children, timeout=5)
        assert alive == [], (wait, gone)


def test_second_up_on_the_same_data_is_refused_in_a_sentence(desk: Up) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "up", "--data", str(desk.data), "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "another `aion up` runs on" in done.stderr and "Traceback" not in done.stderr


def test_port_in_use_names_port(desk: Up, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "up", "--data", str(tmp_path), "--port", str(desk.port)],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "PORT=" in done.stderr and "Traceback" not in done.stderr


def test_other_host_without_a_password_is_refused_with_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "serve", "--data", str(tmp_path), "--host", "0.0.0.0", "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "password" in done.stderr and "Traceback" not in done.stderr
