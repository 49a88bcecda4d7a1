"""Take the pictures in docs/images from a running desk: `python tools/screenshots.py [--only NAME]`.

Starts `aion up` on a free port over a temporary folder, waits until the bots have traded, and takes every page on a
desktop and a phone, dark and light, those of an empty desk, of one with broken files and of one with a login, the
report of a backtest, and the moving picture of the README. Stops the desks again.
"""

import argparse
import base64
import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from aion.store.layout import Layout  # noqa: E402
from aion.web.security.password import hash_password  # noqa: E402
from aion.web.security.store import DeskStore  # noqa: E402
from tools.browser import find_browser  # noqa: E402
from tools.thousand import BOTS, Writer, write_all  # noqa: E402

IMAGES = ROOT / "docs" / "images"
PAGES = {
    "bots": "/bots",
    "bot": "/bots/vwap_ldn",
    "intraday": "/intraday",
    "symbol": "/intraday/MSFT",
    "logs": "/logs",
    "system": "/system",
}
CALENDAR = {"calendar": "/bots/swing_1w"}
"""A bot's daily results as a calendar."""
EMPTY = {
    "bots-empty": "/bots",
    "intraday-empty": "/intraday",
    "logs-empty": "/logs?bot=nobody",
    "system-empty": "/system",
}
"""Pages of a desk without bots; its log has lines of the desk itself, so that of a bot that never wrote is shown."""
ERROR = {"bots-error": "/bots", "intraday-error": "/intraday", "logs-error": "/logs"}
"""Pages while a state file was written half and a log is no file."""
REFUSED = {"system-error": "/system"}
"""A page whose figures the desk fails to give."""
LOGIN = {"login": "/login"}
VIEWER = {"bots-viewer": "/bots", "logs-viewer": "/logs"}
"""Pages of somebody who may look and not ask."""
REPORT = {"report": "/report.html"}
"""The report of a backtest, which is a file."""
SWEEP = {"sweep": "/report.html"}
"""The report of a sweep."""
STATES = (*CALENDAR, *REPORT, *SWEEP, *EMPTY, *ERROR, *REFUSED, *LOGIN, *VIEWER)
PASSWORD, VIEWER_PASSWORD = "a password for these pictures", "another one for who may look"
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
SCALES = {"desktop": 1.0, "phone": 2.0}
THEMES = ("dark", "light")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
MOVING = {"width": 1440, "height": 960}
MOVING_SCALE = 0.7
FRAMES = 26
FRAME_S = 0.3
QUALITY = 82
MOVING_QUALITY = 48
SCROLL_TO_CARDS = """() => {
  const card = [...document.querySelectorAll('h3')].find((each) => each.textContent.includes('orb_ny'));
  scrollTo(0, card.getBoundingClientRect().top + scrollY - 80);
}"""
READY_S = 120.0
ADDRESS = re.compile(r"Aion desk: (http://\S+)/bots")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running_desk(command: str, is_ready: Callable[[str], bool], **settings: str) -> Iterator[tuple[str, Path]]:
    """Run `aion up` or `aion serve`; yield its address and its data folder once it is ready."""
    with tempfile.TemporaryDirectory(prefix="aion-shots-") as folder:
        console, data = Path(folder) / "console", Path(folder) / "data"
        process = subprocess.Popen(
            [sys.executable, "-m", "aion", command, "--data", str(data), "--port", str(free_port())],
            cwd=ROOT, stdout=console.open("wb"), stderr=subprocess.STDOUT, env={**os.environ, **settings},
        )  # fmt: skip
        try:
            until = time.monotonic() + READY_S
            while not (found := ADDRESS.search(console.read_text())) or not is_ready(found[1]):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the desk did not come up:\n{console.read_text()[-2000:]}")
                time.sleep(0.2)
            yield found[1], data
        finally:
            process.terminate()
            process.wait(10)


def bundle_of(url: str) -> dict[str, Any]:
    """Return what the desk's Bots page shows, nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/api/bots/page", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, urllib.error.URLError, ValueError):
        return {}


def has_traded(url: str) -> bool:
    """Tell whether two intraday bots have fills and the replay runs."""
    bundle = bundle_of(url)
    if not bundle:
        return False
    traded = [bot for bot in bundle["intraday"]["bots"].values() if bot.get("fills")]
    return bundle.get("clock", {}).get("state") == "running" and len(traded) >= 2


def picture(page: Page, scale: float, **form: Any) -> bytes:
    """Return what the page shows as a file, by the browser's own encoder."""
    session = page.context.new_cdp_session(page)
    view = session.send("Page.getLayoutMetrics")["cssVisualViewport"]
    clip = {"x": view["pageX"], "y": view["pageY"], "width": view["clientWidth"], "height": view["clientHeight"]}
    shot = session.send("Page.captureScreenshot", {**form, "clip": {**clip, "scale": scale}})
    session.detach()
    return base64.b64decode(shot["data"])


def moving(stills: Sequence[bytes], durations_ms: Sequence[int]) -> bytes:
    """Return a moving WebP of `stills`, files without loss, that repeats for ever."""
    first, *others = [Image.open(io.BytesIO(still)) for still in stills]
    file = io.BytesIO()
    first.save(
        file, "webp", save_all=True, append_images=others, duration=list(durations_ms), quality=MOVING_QUALITY, loop=0
    )
    return file.getvalue()


def break_a_file(url: str, data: Path) -> None:
    """Let a bot of somebody else appear, then die in the middle of a write."""
    state = {"schema": "aion/sim_log/1", "bot": "theirs", "mode": "replay", "currency": "USD", "day": "2022-05-19",
             "as_of": "2022-05-19T13:58:00Z", "equity": 25_310.4, "cash": 25_310.4}  # fmt: skip
    file = data / "intraday" / "sim_logs" / "2022-05-19_theirs.json"
    file.write_text(json.dumps(state))
    until = time.monotonic() + READY_S
    while "theirs" not in bundle_of(url)["intraday"]["bots"] and time.monotonic() < until:
        time.sleep(0.1)
    file.write_text(json.dumps(state)[:90])
    os.mkfifo(data / "logs" / "theirs.jsonl")


def take_pages(
    browser: Browser,
    url: str,
    pages: dict[str, str],
    only: str | None,
    prepare: Callable[[Page], None] = lambda _: None,
    ready: str = "STREAMING",
    then: Callable[[Page], None] = lambda _: None,
) -> None:
    """Take pages, by the names of their pictures, in every size and theme.

    Args:
        browser: takes them.
        url: of the desk.
        pages: path by name.
        only: part of a picture's name; None for all.
        prepare: is given each new page before it goes anywhere.
        ready: text that stands on a page that is there.
        then: is given each page that is there, to press what is to be seen pressed.
    """
    for size, options in SIZES.items():
        for theme in THEMES:
            names = [name for name in pages if only is None or only in f"{name}-{size}-{theme}.webp"]
            if not names:
                continue
            context = browser.new_context(color_scheme=theme, **options)
            page = context.new_page()
            prepare(page)
            for name in names:
                file = IMAGES / f"{name}-{size}-{theme}.webp"
                page.goto(f"{url}{pages[name]}")
                page.get_by_text(ready).first.wait_for(timeout=20_000)
                then(page)
                page.wait_for_timeout(2500)
                file.write_bytes(picture(page, SCALES[size], format="webp", quality=QUALITY))
                print(f"{file.stat().st_size:>8}  {file.name}", flush=True)
            context.close()


def show_calendar(page: Page) -> None:
    """Have the daily results shown as a calendar of their newest whole month, and go there."""
    page.get_by_role("radio", name="Calendar").check(force=True)
    page.get_by_role("button", name="Previous month").click()
    page.locator(".daily").evaluate("panel => scrollTo(0, panel.getBoundingClientRect().top + scrollY - 120)")


def refuse_figures(page: Page) -> None:
    """Let the desk fail to give its figures."""
    page.route("**/api/metrics", lambda route: route.fulfill(status=500, body="<html>oops"))


def take_locked(browser: Browser, only: str | None) -> None:
    """Take the login page, and what a viewer sees behind it."""
    if only is not None and not any(only in name or name in only for name in (*LOGIN, *VIEWER)):
        return

    def log_in(page: Page) -> None:
        answer = page.request.post(f"{url}/api/session", data={"password": VIEWER_PASSWORD})
        if answer.status != 200:
            raise SystemExit(f"the viewer was not let in: {answer.text()}")
        until = time.monotonic() + READY_S
        while "orb_ny" not in page.request.get(f"{url}/api/bots/page").text() and time.monotonic() < until:
            page.wait_for_timeout(200)

    with running_desk("up", lambda _: True, AION_PASSWORD=PASSWORD) as (url, data):
        DeskStore(Layout(data).desk).set_password("viewer", hash_password(VIEWER_PASSWORD), "command", "")
        take_pages(browser, url, LOGIN, only, ready="Password")
        take_pages(browser, url, VIEWER, only, prepare=log_in)


def take_report(browser: Browser, only: str | None) -> None:
    """Take the report of a backtest over the bars that ship with Aion."""
    with tempfile.TemporaryDirectory(prefix="aion-shots-") as folder:
        out = Path(folder) / "backtest"
        typed = ["backtest", "--bot", "orb_ny", "--bot", "swing_1w", "--out", str(out)]
        subprocess.run([sys.executable, "-m", "aion", *typed], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        take_pages(browser, out.as_uri(), REPORT, only, ready="BACKTEST")


def take_sweep(browser: Browser, only: str | None) -> None:
    """Take the report of a sweep over the daily bars that ship with Aion."""
    with tempfile.TemporaryDirectory(prefix="aion-shots-") as folder:
        out = Path(folder) / "sweep"
        typed = ["sweep", "--strategy", "time_series_momentum", "--from", "2018-01-01", "--out", str(out)]
        typed += ["--param", "look_back=40:240:40", "--param", "target_volatility=0.1:0.6:0.1"]
        subprocess.run([sys.executable, "-m", "aion", *typed], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        take_pages(browser, out.as_uri(), SWEEP, only, ready="SWEEP")


def take_moving(browser: Browser, url: str) -> None:
    """Take the moving picture of the Bots page."""
    context = browser.new_context(color_scheme="dark", viewport=MOVING)
    page = context.new_page()
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for(timeout=20_000)
    page.locator("h3", has_text="orb_ny").wait_for(timeout=20_000)
    page.evaluate(SCROLL_TO_CARDS)
    page.wait_for_timeout(2000)
    film(page, "bots.webp", lambda _: None)
    context.close()


def take_many(browser: Browser) -> None:
    """Take the moving picture of a thousand bots that write while the table and the cards are scrolled through."""
    with busy_desk(BOTS) as (url, _):
        context = browser.new_context(color_scheme="dark", viewport=MOVING)
        page = context.new_page()
        page.goto(f"{url}/bots")
        page.get_by_text("STREAMING").first.wait_for(timeout=60_000)
        page.locator(".card .positions").first.wait_for(timeout=60_000)
        page.locator("#compare-title").evaluate("(head) => scrollBy(0, head.getBoundingClientRect().top - 70)")

        def scroll(number: int) -> None:
            half = FRAMES // 2
            if number < half:
                step = f"const box = document.querySelector('.compare'); box.scrollTop = {number} / {half} * 43_000"
            elif number == half:
                step = "document.querySelector('.cards').scrollIntoView()"
            else:
                step = "scrollBy(0, 180)"
            page.evaluate(step)

        film(page, "thousand.webp", scroll)
        context.close()


@contextmanager
def busy_desk(bots: int) -> Iterator[tuple[str, Path]]:
    """Serve that many bots, of which fifty write each second; yield the address and the data folder."""
    with running_desk("serve", lambda url: bool(bundle_of(url))) as (url, data):
        write_all(data, bots)
        with Writer(data, bots):
            yield url, data


def film(page: Page, name: str, step: Callable[[int], None]) -> None:
    """Take a moving picture; `step` does to the page what a still is to show, given its number."""
    stills: list[bytes] = []
    times: list[float] = []
    for number in range(FRAMES):
        began = time.monotonic()
        times.append(began)
        step(number)
        stills.append(picture(page, MOVING_SCALE, format="png"))
        if number + 1 < FRAMES:
            page.wait_for_timeout(max(0.0, FRAME_S - (time.monotonic() - began)) * 1000)
    times.append(times[-1] + FRAME_S)
    durations = [round((after - before) * 1000) for before, after in itertools.pairwise(times)]
    file = IMAGES / name
    file.write_bytes(moving(stills, durations))
    print(f"{file.stat().st_size:>8}  {file.name}", flush=True)


def main() -> int:
    """Take all pictures, or those whose name holds --only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="part of a file's name, e.g. phone; bots.webp, thousand.webp: a moving one")
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        if options.only is None or "report" in options.only:
            take_report(browser, options.only)
        if options.only is None or "sweep" in options.only:
            take_sweep(browser, options.only)
        if options.only is not None and options.only.startswith(("report", "sweep")):
            return 0
        if options.only in (None, "thousand.webp"):
            take_many(browser)
        if options.only == "thousand.webp":
            return 0
        with running_desk("up", has_traded) as (url, data):
            if options.only in (None, "bots.webp"):
                take_moving(browser, url)
            take_pages(browser, url, PAGES, options.only)
            take_pages(browser, url, CALENDAR, options.only, then=show_calendar)
            take_pages(browser, url, REFUSED, options.only, prepare=refuse_figures)
            break_a_file(url, data)
            take_pages(browser, url, ERROR, options.only)
        with running_desk("serve", lambda url: bool(bundle_of(url))) as (url, _):
            take_pages(browser, url, EMPTY, options.only)
        take_locked(browser, options.only)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
