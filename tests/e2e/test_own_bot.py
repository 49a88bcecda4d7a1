"""The bots of the README, run beside a desk that somebody looks at: their cards appear within a second."""

import subprocess
import time

import pytest
from playwright.sync_api import Page

from tests.docs.readme import EXAMPLES, environment, file_of

from .conftest import Up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.mark.parametrize("bot", EXAMPLES)
def test_example_of_the_readme_when_run_then_its_card_appears_within_a_second(bot: str, desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    card = page.locator("h3", has_text=bot)
    assert card.count() == 0
    subprocess.run(EXAMPLES[bot], env=environment(desk.data), check=True, timeout=30)
    card.wait_for()
    seen = time.time()
    file = file_of(desk.data, bot)
    assert seen - file.stat().st_mtime < 20  # a hundredth of a second on a machine that is not busy
    file.unlink()
    card.wait_for(state="detached")
