"""A real desk with real bots (`aion up`) and a real browser."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, expect, sync_playwright

from tests.once import made_once

from .ask import CLIENT
from .live_app import PAGE
from .profile import CALM, Profile

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import page_size

ROOT = Path(__file__).parents[2]
HOST = "desk.lan"
"""The name by which the browser `lan` reaches this machine."""
SINCE = "2022-05-19T13:50Z"
"""Where a desk begins that is not told: New York and London are open, a bot has traded, and nothing is waited for."""
expect.set_options(timeout=30_000)  # a machine that tests on two cores at once may hold a page up
OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled",
    "PreconnectToSearch", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
)  # fmt: skip
"""Features that Playwright turns off, as the last such flag replaces the others; and what loads hundreds of scripts
for the address bar of each window, which nobody sees."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--no-first-run", f"--disable-features={','.join(OFF)}",
]  # fmt: skip
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}
"""A window that is wide enough for the table."""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Up:
    """A running `aion up`."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        return CLIENT.get(self.url + path)

    def bundle(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/api/bots/page").raise_for_status().json()
        return found

    def view(self, bot: str) -> dict[str, Any]:
        """What the bundle says of one bot."""
        bundle = self.bundle()
        found: dict[str, Any] = {**bundle["intraday"]["bots"], **bundle["swing"]["bots"]}[bot]
        return found

    def send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = CLIENT.request(method, self.url + path, json=body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def child(self, command: str) -> psutil.Process:
        for child in psutil.Process(self.process.pid).children():
            if command in child.cmdline():
                return child
        raise AssertionError(f"no child runs {command}")

    def wait(self, what: Callable[[], Any], seconds: float = 60) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()
            try:
                found = what()
            except (httpx.HTTPError, KeyError, AssertionError, psutil.Error):
                found = None
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s; the log says:\n{self.log.read_text()[-3000:]}")

    def is_running(self) -> bool:
        bundle = self.bundle()
        bots = len(bundle["intraday"]["bots"]) + len(bundle["swing"]["bots"])
        return bundle["clock"]["state"] in ("running", "closed") and bots >= 6

    def has_caught_up(self) -> bool:
        """Whether the bots have come to where they begin; at the speed of a clock a minute passes before a bar."""
        return "caught up to" in self.log.read_text()

    def stop(self) -> float:
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        return time.monotonic() - started


Begin = Callable[..., Up]


@contextmanager
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """Yield what starts `aion up`; all that it has started are stopped in the end."""
    started: list[Up] = []

    def start(*flags: str, **settings: str) -> Up:
        folder = tmp_path_factory.mktemp("desk")
        log = folder / "console"
        port = free_port()
        data = folder / "data"
        if "--from" not in flags:
            flags = (*flags, "--from", SINCE)
        command = [sys.executable, "-m", "aion", "up", "--data", str(data), "--port", str(port), *flags]
        with log.open("wb") as console:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=console,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "AION_PAST": "false", **settings},
            )
        up = Up(data, port, process, log)
        started.append(up)
        return up

    try:
        yield start
    finally:
        for up in started:
            up.stop()


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """Start a desk of a file's own: `begin(*flags, **settings)`, settings by the names of their variables.

    Nothing is recorded unless they say so: it would be one process more for each.
    """
    with desks(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One desk for all tests of a worker that only look; its market day goes on meanwhile."""
    with desks(tmp_path_factory) as start:
        up = start(AION_PAST="true")
        up.wait(up.is_running, 60)
        yield up


def chromium(kind: str = "headless") -> str:
    """The path of the Chromium of the tests; `chromium` is one with windows, which keeps pages for going back."""
    found = subprocess.run(
        [sys.executable, "tools/browser.py", kind], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return re.findall(r"browser (.+)", found.stdout)[0]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open Chromium; meanwhile an event loop runs in this thread, so that `asyncio.run` is refused."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as running:
        yield running


@pytest.fixture(scope="session")
def lan(browser: Browser) -> Iterator[Browser]:
    """A browser to which `desk.lan` is this machine: an address of a network, which is no secure context."""
    flags = [*FLAGS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    running = browser.browser_type.launch(executable_path=chromium(), args=flags)
    yield running
    running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser's library with its chunk of patches, and a page of a few lines, as any author would serve them."""

    def build(folder: Path) -> None:
        page_size.build_library(folder, "core")
        (folder / "index.html").write_text(PAGE)

    return made_once(tmp_path_factory, "site", build)


@dataclass
class Watched:
    """What a page complained of."""

    errors: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    """The profile of a file's tests; a file that needs another one, or the page's own timers, says so."""
    with Profile.open(browser, CALM, **WIDE) as found:
        yield found


@pytest.fixture
def context(profile: Profile) -> Iterator[BrowserContext]:
    """An empty profile, for a test of several pages."""
    yield profile.context
    profile.empty()


@pytest.fixture
def page(profile: Profile, context: BrowserContext, watched: Watched) -> Iterator[Page]:
    """A page in an empty profile."""
    page = profile.page()

    def failed(error: WebError) -> None:
        if error.page == page:
            watched.errors.append(str(error.error))

    def heard(message: ConsoleMessage) -> None:
        if message.page == page:
            watched.console.append(message.text)
            if message.type == "error":
                watched.errors.append(message.text)

    context.on("weberror", failed)
    context.on("console", heard)
    yield page
    context.remove_listener("weberror", failed)
    context.remove_listener("console", heard)


def until(page: Page, expression: str, seconds: float = 60) -> None:
    """Wait until JavaScript `expression` is true in the page, whose policy forbids evaluating text by itself."""
    end = time.monotonic() + seconds
    pause_s = 0.02
    while time.monotonic() < end:
        if page.evaluate(expression):
            return
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.3, 0.15)  # each look takes the processor from what is looked at
    raise AssertionError(f"not within {seconds} s: {expression}")
