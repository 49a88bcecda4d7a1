"""The Alerts page: rules are made, refused, edited by two people, and what they find is told; with a real service."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.watch.service import Service
from tests.web.sample import Writer

from .axe import assert_accessible
from .conftest import Begin
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
RULES, SENT = "section:has(> header h2:text-is('Alert rules'))", "section:has(> header h2:text-is('What was sent'))"


def add(page: Page, kind: str, limit: str = "") -> None:
    page.get_by_label("Tell me of").select_option(label=kind)
    if limit:
        page.get_by_label("Limit").fill(limit)
    page.get_by_role("button", name="Add rule").click()


def test_rule_when_made_on_the_page_then_what_it_finds_reaches_the_service_and_the_history(
    begin: Begin, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    monkeypatch.setenv("AION_ALERT_URLS", service.url)
    up = begin("--speed", "20", "--from", "2022-05-19T13:50Z")
    up.wait(up.is_running, 60)
    try:
        page.goto(f"{up.url}/alerts")
        add(page, "Drawdown")
        expect(page.get_by_role("alert")).to_have_text("Not saved: see what stands beside the field.")
        expect(page.get_by_text("is missing.")).to_be_visible()
        assert_accessible(page)
        add(page, "Drawdown", "0,001")
        expect(page.locator(f"{RULES} tbody th")).to_have_text(["Drawdown of 0.001\u00a0% or more"])
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator(f"{SENT} tbody tr", has_text="This is a test")).to_contain_text("sent", timeout=30_000)
        row = page.locator(f"{SENT} tbody tr", has_text="swing_1w is ")
        expect(row).to_contain_text("% below its top (limit 0.001 %)", timeout=30_000)
        titles = {each["title"] for each in service.got}
        assert "Aion test" in titles and len(titles) > 1
        assert_accessible(page)
    finally:
        service.server.shutdown()
        service.server.server_close()


def test_rules_when_two_people_edit_them_then_the_second_is_told_and_can_go_on(page: Page, tmp_path: Path) -> None:
    Writer(tmp_path / "data").swing("trend")
    with serving(tmp_path / "data") as url:
        other = page.context.new_page()
        for each in (page, other):
            each.goto(f"{url}/alerts")
            each.get_by_role("button", name="Add rule").wait_for()
        expect(page.get_by_text("No watchdog runs, so nothing is sent.")).to_be_visible()
        page.route(
            "**/api/alerts", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
        )
        add(other, "Fill")
        expect(other.locator(f"{RULES} tbody tr")).to_have_count(1)
        add(page, "Kill switch")
        expect(page.get_by_role("alert")).to_contain_text("saved version 1 of the alert rules at")
        page.unroute("**/api/alerts")
        expect(page.locator(f"{RULES} tbody th")).to_have_text(["Fill"], timeout=15_000)
        add(page, "Kill switch")
        expect(page.locator(f"{RULES} tbody th")).to_have_text(["Fill", "Kill switch"])
        page.get_by_role("button", name="Switch off Fill, all bots").click()
        expect(page.locator(f"{RULES} tbody tr").first).to_contain_text("off")
        page.get_by_role("button", name="Delete Kill switch, all bots").click()
        expect(page.locator(f"{RULES} tbody th")).to_have_text(["Fill"])
