"""A folder that another machine feeds: what the page says when the feeder stops, and when it is back."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from .conftest import ROOT, Begin, Up, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
WORD = "document.querySelector('.bar-chip.link b').innerText"
WATCH_WORD = f"""
window.words = [[{WORD}, performance.now()]];
new MutationObserver(() => {{
  const word = {WORD};
  if (word !== window.words.at(-1)[0]) window.words.push([word, performance.now()]);
}}).observe(document.querySelector('.bar-chip.link'), {{ subtree: true, childList: true, characterData: true }});
"""
HELD_S, BACK_S = 3.2, 2.0
"""Most seconds from the last proof to the word, and from the first one after it to the other word."""


@pytest.fixture(scope="module")
def fed(begin: Begin) -> Iterator[tuple[Up, "subprocess.Popen[bytes]"]]:
    """A desk, and the program that proves to it that its folder is up to date."""
    up = begin()
    up.wait(up.is_running, 60)
    command = [sys.executable, "-m", "aion", "prove", str(up.data / "watch" / "proof.json")]
    prover = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        up.wait(lambda: up.get("/api/bots/page").headers["aion-proved-age"].startswith("data=0"))
        yield up, prover
    finally:
        prover.send_signal(signal.SIGCONT)
        prover.terminate()
        prover.wait(30)


def test_page_holds_all_once_its_feeder_is_silent_and_verifies_when_it_is_back(
    fed: tuple[Up, "subprocess.Popen[bytes]"], page: Page
) -> None:
    up, prover = fed
    page.goto(f"{up.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    assert page.get_by_text("No word from its machine").count() == 0
    page.evaluate(WATCH_WORD)
    prover.send_signal(signal.SIGSTOP)
    stopped = page.evaluate("performance.now()")
    until(page, f"{WORD} === 'HELD'")
    assert page.locator(".bar-chip.link").inner_text().replace("\n", " ").startswith("Link HELD as of ")
    page.get_by_text("No word from its machine since").first.wait_for()
    page.get_by_text("no word from its machine for").first.wait_for()
    prover.send_signal(signal.SIGCONT)
    back = page.evaluate("performance.now()")
    until(page, f"{WORD} === 'STREAMING'")
    page.get_by_text("No word from its machine since").first.wait_for(state="detached")
    words = page.evaluate("window.words")
    (held_at,) = (at for word, at in words if word == "HELD")
    assert held_at - stopped < HELD_S * 1000, words
    assert words[-1][1] - back < BACK_S * 1000, words
