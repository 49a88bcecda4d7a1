"""Rewind in a real browser: a recorded day is scrubbed, nothing live is mixed in, and what is not known is said."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from aion.past.folder import PastFolder
from aion.past.writer import BotWriter

from .axe import assert_accessible
from .conftest import Begin, Up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DAY = "2026-01-05"
START = datetime(2026, 1, 5, 14, tzinfo=UTC)
AT = f"?past={DAY}T14:03:20Z"


def state_of(up: Up) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max((up.data / "intraday/sim_logs").glob("*_orb_ny.json")).read_text())
    return found


@pytest.fixture(scope="module")
def past(begin: Begin) -> Up:
    """A desk with a recorded day of ten minutes in which nobody recorded for three."""
    up = begin(AION_PAST="true")
    up.wait(up.is_running, 60)
    state = up.wait(lambda: state_of(up))
    writer = BotWriter(PastFolder(up.data), "intraday", "orb_ny")
    for minute in (0, 1, 2, 3, 4, 8, 9, 10):
        now = START + timedelta(minutes=minute)
        if minute == 8:
            writer.hole((14 * 60 + 5) * 60_000, now, "no recorder was running")
        writer.write(state | {"equity": 200_000 + minute, "state": "paused" if minute == 3 else "active"}, now)
    return up


def test_rewind_when_a_day_is_scrubbed_then_each_moment_is_shown_and_nothing_live_beside_it(
    past: Up, page: Page
) -> None:
    page.goto(f"{past.url}/bots/orb_ny{AT}")
    line, equity = page.locator(".past-line"), page.locator(".past-bot .lead-figures .big")
    expect(line).to_contain_text("Past: 2026-01-05 14:03:20 UTC")
    expect(line).to_contain_text("not live")
    expect(line).to_contain_text("state 4 of 8, recorded 14:03:00")
    expect(equity).to_contain_text("200,003.00")
    expect(page.locator(".bot-head")).to_contain_text("Paused then")
    for live in (".controls", ".bot-clocks", ".state-line", ".chip.well", "form"):
        expect(page.locator(f"main {live}")).to_have_count(0)
    assert_accessible(page, "main")
    slider = page.get_by_label("Moment of the day")
    slider.focus()
    shown = {"ArrowRight": "14:04:00", "End": "14:10:00", "Home": "14:00:00", "PageUp": "14:01:00",
             "ArrowLeft": "14:00:00"}  # fmt: skip
    for key, at in shown.items():
        page.keyboard.press(key)
        expect(line).to_contain_text(f"Past: {DAY} {at} UTC")
        expect(equity).to_contain_text(f"200,0{int(at[3:5]):02}.00")
        expect(slider).to_have_attribute("aria-valuetext", re.compile(f"^{at}, state"))
    before = past.view("orb_ny")["seq"]
    past.wait(lambda: past.view("orb_ny")["seq"] > before + 2)
    expect(equity).to_contain_text("200,000.00")
    expect(page).to_have_url(re.compile(r"past=2026-01-05T14%3A00%3A00Z"))
    page.reload()
    expect(equity).to_contain_text("200,000.00")
    page.get_by_role("link", name="Back to live").click()
    expect(page.locator("main .controls")).to_contain_text("Flatten")
    expect(page.locator(".rewind")).to_have_count(0)
    assert "past" not in page.url


def test_rewind_when_nothing_is_known_of_a_moment_then_no_figure_is_shown_and_the_reason_is(
    past: Up, page: Page
) -> None:
    page.goto(f"{past.url}/bots/orb_ny?past={DAY}T14:06:00Z")
    hole = page.get_by_text("From 14:05:00 to 14:08:00 UTC, no recorder was running.")
    expect(hole).to_be_visible()
    expect(page.locator(".past-bot")).to_have_count(0)
    expect(page.locator(".past-track i")).to_have_count(1)
    assert_accessible(page, "main")
    page.goto(f"{past.url}/bots/orb_ny?past={DAY}T20:00:00Z")
    expect(page.get_by_text("states are recorded from 14:00:00 to 14:10:00 UTC")).to_be_visible()
    page.goto(f"{past.url}/bots/orb_ny?past=yesterday")
    expect(page.get_by_role("heading", name="No such moment")).to_be_visible()


def test_rewind_when_played_then_it_passes_holes_and_stops_at_the_end_and_the_way_back_is_live(
    past: Up, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{past.url}/bots/orb_ny")
    page.get_by_role("button", name="Rewind", exact=True).click()
    expect(page.locator(".past-line")).to_contain_text("not live")
    page.get_by_role("combobox", name="Day").select_option(DAY)
    expect(page.locator(".past-line")).to_contain_text(f"Past: {DAY} 14:10:00 UTC")
    page.get_by_role("combobox", name="Speed").select_option("300")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".past-line")).not_to_contain_text("14:10:00")
    expect(page.locator(".past-line")).to_contain_text("14:10:00")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(page.locator(".past-bot .lead-figures .big")).to_contain_text("200,010.00")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page, "main")
    page.go_back()
    expect(page.get_by_role("button", name="Rewind", exact=True)).to_be_visible()
