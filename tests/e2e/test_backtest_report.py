"""The report of a backtest in a real browser: alone, without network, for eyes, keys and screen readers."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aion.backtest.command import run_plan
from aion.backtest.text import MINUS
from aion.config import default_bots
from aion.engine.backtest import Plan
from aion.market.feed import RecordedFeed
from tests.bot.desk import at

from .axe import violations
from .conftest import Watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bots = default_bots()
    chosen = {name: bots[name] for name in ("orb_ny", "momo_hk", "swing_1w")}
    plan = Plan(
        chosen, RecordedFeed(), at("2021-01-04T00:00Z"), at("2022-06-16T00:00Z"), tmp_path_factory.mktemp("report")
    )
    return run_plan(plan).report


@pytest.mark.parametrize("width", [1440, 390])
def test_report_when_opened_from_disk_then_it_needs_nothing_else(
    report: Path, page: Page, watched: Watched, width: int
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    assert asked == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("figures", "trades"):  # the results of holding, and what a trade gave, are seen without scrolling
        for shown in page.locator(f".{name}").all():
            assert shown.evaluate("each => each.scrollWidth - each.clientWidth") <= 0, name
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
    assert watched.errors == [] and watched.console == []


def test_report_when_the_arrows_are_pressed_then_the_marks_are_read(report: Path, page: Page) -> None:
    page.goto(report.as_uri())
    article = page.locator("#orb_ny")
    words = article.locator("[data-at]")
    expect(words).to_contain_text("closed hours left out")
    article.locator(".plot").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(words).to_contain_text("2022-06-15")
    expect(words).to_contain_text(f"hold {MINUS}")
    page.keyboard.press("Home")
    expect(words).to_contain_text("2022-05-18")
    assert article.locator(".cursor").first.is_visible()
    assert page.locator("#momo_hk .cursor").first.is_hidden(), "each bot reads its own"
