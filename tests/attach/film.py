"""freqtrade, a live loop of backtrader and a bot of ten lines on one desk, in a browser.

    python -m tests.attach.film [FILE]      takes the moving picture, by default docs/images/attach.webp

Each program is the real one, on prices that are made up. On the page a trade of freqtrade is exited: the picture is
only written if freqtrade then has closed it and no other.
"""

import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tools.adapters import ROOT
from tools.browser import find_browser
from tools.screenshots import FLAGS, FRAME_S, IMAGES, MOVING, MOVING_SCALE, moving, picture

from .programs import ADMIN, Freqtrade, desk, freqtrade, process, python_of, wait_for

FILE = IMAGES / "attach.webp"
HERE = Path(__file__).parent
BOTS = ("freqtrade", "backtrader", "ten_lines")
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
LOOK = {"viewport": MOVING, "color_scheme": "dark"}
WATCHED_S = 5.0  # that the cards are looked at


@contextmanager
def moving_prices(program: Freqtrade) -> Iterator[None]:
    """Move the prices of freqtrade's exchange a little, four times a second."""
    is_over = threading.Event()
    draw = random.Random(7)

    def run() -> None:
        while not is_over.wait(0.25):
            program.move({pair.partition("/")[0]: 1 + draw.gauss(0.0003, 0.002) for pair in PAIRS})

    mover = threading.Thread(target=run)
    mover.start()
    try:
        yield
    finally:
        is_over.set()
        mover.join()


def exit_on_the_page(page: Page, program: Freqtrade, watch: Callable[[float], None]) -> None:
    """Exit a trade on the page of freqtrade's bot; `watch` looks at the page for some seconds.

    Raises:
        AssertionError: the page or freqtrade shows something else than that one trade closed.
    """
    ids = {each["pair"]: each["trade_id"] for each in program.ask("/status")}
    for bot in BOTS:
        expect(page.locator("h3", has_text=bot)).to_be_visible()
    before = [page.locator(".card", has=page.locator("h3", has_text=bot)).inner_text() for bot in BOTS]
    watch(WATCHED_S)
    after = [page.locator(".card", has=page.locator("h3", has_text=bot)).inner_text() for bot in BOTS]
    assert all(was != now for was, now in zip(before, after, strict=True)), "a card does not move"
    page.locator("h3", has_text="freqtrade").get_by_role("link").click()
    button = page.get_by_role("button", name="Exit long BTC/USDT")
    button.scroll_into_view_if_needed()
    watch(1.5)
    button.click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    watch(1.5)
    dialog.get_by_role("button", name="Exit", exact=True).click()
    expect(button).to_have_count(0)
    watch(2.0)
    left = program.open_ids()
    assert left == set(ids.values()) - {ids["BTC/USDT"]}, f"open in freqtrade: {left} of {ids}"
    assert program.ask(f"/trade/{ids['BTC/USDT']}")["exit_reason"] == "force_exit"
    page.goto(page.url.partition("/bots")[0] + "/bots")
    card = page.locator(".card", has=page.locator("h3", has_text="freqtrade"))
    expect(card).to_contain_text("ETH/USDT")
    assert "BTC/USDT" not in card.locator(".positions").inner_text()
    watch(3.0)


def play(still: Callable[[Page], None]) -> None:
    """Run the programs and the desk, and exit a trade on the page; `still` sees the page three times a second."""
    with tempfile.TemporaryDirectory(prefix="aion-attach-") as name, ExitStack() as running:
        folder = Path(name)
        program = running.enter_context(freqtrade(folder / "freqtrade"))
        for pair in PAIRS:
            program.enter(pair)
        url = running.enter_context(desk(folder / "desk", {"freqtrade": program.url}))
        client = {"AION_DATA": str(folder / "desk/data"), "PYTHONPATH": str(ROOT / "clients/python/src")}
        for file in ("live_backtrader", "ten_lines"):
            command = (python_of("backtrader"), HERE / f"{file}.py")
            running.enter_context(process(command, folder / f"{file}.console", folder, **client))
        running.enter_context(moving_prices(program))
        playwright = running.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        running.callback(browser.close)
        page = browser.new_context(**LOOK).new_page()
        page.goto(f"{url}/login?next=/bots")
        page.get_by_label("Password").fill(ADMIN)
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("STREAMING").first.wait_for()

        def watch(seconds: float) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                began = time.monotonic()
                still(page)
                page.wait_for_timeout(max(0.0, FRAME_S - (time.monotonic() - began)) * 1000)

        wait_for(lambda: all(page.locator("h3", has_text=each).count() for each in BOTS), "three cards", 60)
        page.wait_for_timeout(20_000)  # curves of some length
        exit_on_the_page(page, program, watch)


def main() -> int:
    """Take the picture."""
    stills: list[bytes] = []
    times: list[float] = []

    def still(page: Page) -> None:
        times.append(time.monotonic())
        stills.append(picture(page, MOVING_SCALE, format="png"))

    play(still)
    times.append(times[-1] + 3 * FRAME_S)
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    lasting = [round(1000 * min(1.0, after - before)) for before, after in itertools.pairwise(times)]
    file.write_bytes(moving(stills, lasting))
    print(f"{file.stat().st_size:>8}  {file.name}: {len(stills)} stills, {sum(lasting) / 1000:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
