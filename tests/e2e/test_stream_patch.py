"""Patches in a real browser: whatever happens, the page holds what a GET answers, and asks when a patch is wrong."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from .conftest import until
from .live_desk import Station, wait
from .tap import Tap

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

ROWS = 1_600  # about 80 KB
NAMES = ("__proto__", 'caf\u00e9 \u2028"\\')
VALUES = (1.0, -0.0, 1e21, 1e-7, 2**53, {}, [None, {}], "x,1.0,")
SPOIL = """
  window.spoil = (text) => text;
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, run) {
    listen.call(this, name, (event) =>
      run(name === "patch" ? new MessageEvent(name, { data: window.spoil(event.data) }) : event));
  };
"""
"""Lets a test change what a page hears of patches."""


@pytest.fixture
def desk(tmp_path: Path, site: Path) -> Iterator["Desk"]:
    found = Desk(tmp_path, site)
    found.station.start()
    yield found
    found.client.close()
    found.station.stop()


class Desk:
    """A server of one large object, and what the tests ask of it."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.station = Station(folder, site, 60)  # a client that is held back is let go after a beat or two
        self.client = httpx.Client(base_url=self.station.url, trust_env=False, timeout=20)
        self.rng = random.Random(11)
        self.rows: dict[str, Any] = {}
        self.station.write(rows=self.another())

    def another(self) -> dict[str, Any]:
        """Return other rows, all of them."""
        rng = self.rng
        self.rows = {f"r{row}": {"price": round(rng.random() * 100, 2), "name": f"row {row}"} for row in range(ROWS)}
        return self.rows

    def change(self) -> int:
        """Change a few rows, take some away, add some; now and then the order of all."""
        rng = self.rng
        for _ in range(rng.randrange(1, 8)):
            name = rng.choice(
                [f"r{rng.randrange(ROWS)}", str(rng.randrange(100)), "__proto__", 'caf\u00e9 \u2028"\\']
            )
            if rng.random() < 0.3:
                self.rows.pop(name, None)
            else:
                self.rows[name] = rng.choice(
                    [1.0, -0.0, 1e21, 1e-7, 2**53, {"price": rng.random()}, {}, [None, {}], "x,1.0,"]
                )
        if rng.random() < 0.02:
            self.rows = dict(sorted(self.rows.items(), key=lambda _: rng.random()))
        return self.station.write(rows=self.rows)

    def nudge(self) -> int:
        """Change one price: always a patch."""
        self.rows[f"r{self.station.n % ROWS}"] = {"price": self.station.n + 0.5}
        return self.station.write(rows=self.rows)

    def answer(self) -> str:
        """Return what a GET answers, as text."""
        return self.client.get("/api/data").text

    def count(self, what: str) -> int:
        return int(self.client.get(f"/{what}").text)


def open_page(page: Page, url: str, n: int) -> Page:
    page.add_init_script(SPOIL)
    page.goto(f"{url}/")
    shows(page, n)
    until(page, "link.status.state === 'streaming'")
    return page


def shows(page: Page, n: int, seconds: float = 40) -> None:
    until(page, f"seen.at(-1) === {n}", seconds)


def holds(page: Page, text: str) -> None:
    """Check that what the page holds is `text` parsed, order and all."""
    assert page.evaluate(
        "(text) => JSON.stringify(live.peekCached('/api/data').data) === JSON.stringify(JSON.parse(text))", text
    )


def misfits(page: Page) -> int:
    return page.evaluate("link.status.misfits")


def test_patches_after_hundreds_of_changes_then_every_tab_holds_what_get_answers(page: Page, desk: Desk) -> None:
    station = desk.station
    open_page(page, station.url, station.n)
    beside = open_page(page.context.new_page(), station.url, station.n)  # a tab that follows
    for number in range(150):
        desk.change()
        if number % 20 == 0:
            for each in (page, beside):
                shows(each, station.n)
                holds(each, desk.answer())
        else:
            desk.answer()  # a build of its own for each change
    shows(page, station.n)
    shows(beside, station.n)
    text = desk.answer()
    holds(page, text)
    holds(beside, text)
    # on a machine that stands still for seconds the other tab takes the stream over, between two versions perhaps
    assert misfits(page) <= 1 and desk.count("patches") >= 50
    stored = "JSON.parse(localStorage['aion_cache_api:/api/data']).data"
    page.evaluate("dispatchEvent(new Event('pagehide'))")  # what is long is written when the page is left
    until(page, f"{stored}.etag === {json.dumps(json.loads(text)['etag'])}")
    assert page.evaluate(f"(text) => JSON.stringify({stored}) === JSON.stringify(JSON.parse(text))", text)
    late = open_page(page.context.browser.new_context().new_page(), station.url, station.n)  # type: ignore[union-attr]
    holds(late, text)
    before = desk.count("patches")
    shows(late, desk.change())
    holds(late, desk.answer())
    assert desk.count("patches") > before and misfits(late) == 0
    late.context.close()


@pytest.mark.parametrize(
    "spoil",
    [
        'text.replace(/"n":\\d+/, \'"n":-1\')',
        'text.replace(/"base":"[^,]*"/, \'"base":"W/1"\')',
        'text.replace(/"check":\\d+/, \'"check":1\')',
        "text.slice(0, -9)",
        "'null'",
    ],
)
def test_patch_when_it_is_spoiled_then_the_page_counts_it_and_asks_for_the_whole(
    page: Page, desk: Desk, spoil: str
) -> None:
    open_page(page, desk.station.url, desk.station.n)
    shows(page, desk.nudge())
    assert misfits(page) == 0
    page.evaluate(f"() => {{ window.spoil = (text) => {spoil}; }}")
    shows(page, desk.nudge())
    until(page, "link.status.misfits === 1")
    holds(page, desk.answer())
    assert -1 not in page.evaluate("seen"), "what is wrong is never shown"
    page.evaluate("() => { window.spoil = (text) => text; }")
    for _ in range(3):
        shows(page, desk.nudge())
        holds(page, desk.answer())
    assert misfits(page) == 1, "patches go on from the whole"


def test_patches_when_their_code_cannot_be_loaded_then_the_page_asks_each_time(page: Page, desk: Desk) -> None:
    page.route(re.compile(r"/delta-[^/]*\.js"), lambda route: route.abort())
    open_page(page, desk.station.url, desk.station.n)
    for _ in range(3):
        shows(page, desk.nudge())
        holds(page, desk.answer())
    assert misfits(page) == 3


def test_patches_when_a_client_was_held_back_then_it_gets_the_whole_and_goes_on(page: Page, desk: Desk) -> None:
    tap = Tap(desk.station.port)
    try:
        open_page(page, tap.url, desk.station.n)
        shows(page, desk.nudge())
        tap.flows.clear()
        for _ in range(40):
            desk.station.write(rows=desk.rows, text=token_hex(30_000))  # soon fills what is between them
            desk.answer()
        tap.flows.set()
        shows(page, desk.station.n)
        holds(page, desk.answer())
        assert desk.count("conflations") >= 1
        until(page, "link.status.state === 'streaming'")
        for _ in range(5):
            shows(page, desk.nudge())
            holds(page, desk.answer())
    finally:
        tap.close()


def test_patches_when_the_desk_is_another_process_then_the_page_says_what_it_has_and_goes_on(
    page: Page, desk: Desk
) -> None:
    open_page(page, desk.station.url, desk.station.n)
    shows(page, desk.nudge())
    desk.station.stop()
    until(page, "link.status.state !== 'streaming'")
    desk.station.start()
    until(page, "link.status.state === 'streaming'", 40)
    wait(lambda: desk.station.clients() >= 1)
    for number in range(1, 6):
        shows(page, desk.nudge())
        holds(page, desk.answer())
        assert desk.count("patches") == number, "the first as well: what it had is what is patched"
    assert misfits(page) == 0
