"""The Logs page of a desk whose bots run on another machine."""

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.cluster.far import LINES, Far, far_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    with far_desk(tmp_path_factory.mktemp("far-logs")) as made:
        yield made


def test_page_follows_the_log_of_the_machine_of_a_bot_names_it_when_it_is_silent_and_goes_on(
    far: Far, page: Page
) -> None:
    page.goto(f"{far.client.base_url}/logs?bot=orb_ny")
    page.get_by_text(f"step {LINES - 1}").wait_for()
    page.get_by_text("not searched yet.").wait_for()
    assert page.get_by_label("Machine").input_value() == "m1"
    far.write("written now")
    page.get_by_text("written now").wait_for(timeout=3000)
    far.push.send(signal.SIGSTOP)
    try:
        page.get_by_text("machine m1 is silent").wait_for(timeout=15_000)
        page.get_by_text("written now").wait_for()
    finally:
        far.push.send(signal.SIGCONT)
    far.write("written while it was silent")
    page.get_by_text("written while it was silent").wait_for(timeout=15_000)
    page.get_by_text("machine m1 is silent").wait_for(state="detached")
    page.get_by_label("Machine").select_option("")
    page.get_by_text("written now").wait_for(state="detached")
    page.get_by_text("Aion desk: ").wait_for()
