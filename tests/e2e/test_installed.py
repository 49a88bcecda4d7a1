"""The desk as an installed program: it opens while nobody answers, with what was last known, and keeps no data."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.sample import Writer

from .conftest import free_port, until
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TIMED = """{
  const later = window.setTimeout;
  window.setTimeout = (run, ms, ...more) => later(run, ms === 10_000 ? MS : ms, ...more);
}"""
"""Keeps the page after MS, not ten seconds after it was opened."""
AT_ONCE, NEVER = TIMED.replace("MS", "0"), TIMED.replace("MS", "1e9")
KEEPS = "navigator.serviceWorker.controller !== null"
NAMES = "caches.keys()"
ADDRESSES = """async () => {
  const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const kept = await Promise.all(caches_.map((cache) => cache.keys()));
  return kept.flat().map(({ url }) => new URL(url).pathname);
}"""


@contextmanager
def keeping(browser: Browser, script: str) -> Iterator[BrowserContext]:
    context = browser.new_context(service_workers="allow")
    context.set_default_timeout(60_000)
    context.add_init_script(script)
    yield context
    context.close()


@pytest.fixture
def installed(browser: Browser) -> Iterator[BrowserContext]:
    with keeping(browser, AT_ONCE) as context:
        yield context


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write = Writer(tmp_path / "data")
    write.swing("trend")
    write.day("orb_ny", 10)
    return tmp_path / "data"


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for()
    until(page, KEEPS)
    return page


@contextmanager
def broken_proxy(port: int) -> Iterator[None]:
    """What stands in front of a desk that is gone: all is answered 502."""

    class Gone(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(502)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Gone)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("base", ["", "/desk"])
def test_page_opens_with_what_was_last_known_while_nobody_answers(
    installed: BrowserContext, data: Path, base: str
) -> None:
    port = free_port()
    with serving(data, port, AION_BASE_PATH=base) as root:
        page = opened(installed, root + base)
        expect(page.get_by_text("101,000.00").first).to_be_visible()
        kept = page.evaluate(ADDRESSES)
        assert f"{base}/bots" in kept and f"{base}/theme.js" in kept and f"{base}/icon.svg" in kept
        assert not [each for each in kept if "/api" in each or "/events" in each], "no data is kept"
        scripts = page.evaluate("document.querySelector('[data-parts]').dataset.parts.split(' ')")
        assert set(scripts) <= set(kept)
    with broken_proxy(port) if base else _nobody():
        page.goto(f"{root}{base}/bots")
        expect(page.get_by_text("101,000.00").first).to_be_visible()
        expect(page.locator(".bar-chip.link")).to_contain_text("OFFLINE")
        page.goto(f"{root}{base}/bots/trend")
        expect(page.get_by_role("heading", level=1)).to_contain_text("trend")
        answered = page.evaluate(f"fetch('{base}/api/bots/index').then(({{ status }}) => status, () => 'nobody')")
        assert answered == (502 if base else "nobody"), "data is never answered by what is kept"
    with serving(data, port, AION_BASE_PATH=base):
        expect(page.locator(".bar-chip.link")).to_contain_text("STREAMING", timeout=60_000)


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def test_desk_that_answers_is_always_asked(installed: BrowserContext, data: Path) -> None:
    with serving(data) as url:
        page = opened(installed, url)
        [name] = page.evaluate(NAMES)
        assert name.endswith(":" + page.evaluate("document.documentElement.dataset.build"))
        kept: dict[str, bool] = {}
        page.on("response", lambda answer: kept.update({urlsplit(answer.url).path: answer.from_service_worker}))
        page.goto(f"{url}/bots/trend")
        page.get_by_text("STREAMING").first.wait_for()
        assert kept["/bots/trend"], "the page is asked for through it"
        assert not [path for path, is_kept in kept.items() if is_kept and path.startswith("/api")]
        answer = page.goto(f"{url}/api/bots/index")
        assert answer is not None and not answer.from_service_worker
        assert answer.headers["content-type"].startswith("application/json")


def test_another_build_takes_the_place_of_the_one_before_once_no_page_uses_that(browser: Browser, data: Path) -> None:
    with serving(data) as url, keeping(browser, NEVER) as context:
        page = context.new_page()
        page.goto(f"{url}/bots")
        page.evaluate("navigator.serviceWorker.register('/sw.js?one')")
        until(page, KEEPS)
        page.evaluate("navigator.serviceWorker.register('/sw.js?two')")
        until(page, "navigator.serviceWorker.getRegistration().then((found) => found.waiting !== null)")
        assert sorted(page.evaluate(NAMES)) == ["aion-page::one", "aion-page::two"], "a page still uses the first"
        page.close()
        page = context.new_page()
        page.goto(f"{url}/bots")
        until(page, "caches.keys().then((names) => names.join() === 'aion-page::two')")


def test_browser_finds_what_it_needs_to_install_the_desk(installed: BrowserContext, data: Path) -> None:
    with serving(data) as url:
        page = opened(installed, url)
        session = installed.new_cdp_session(page)
        found = session.send("Page.getAppManifest")
        assert found["errors"] == [] and found["url"] == f"{url}/manifest.webmanifest"
        assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = page.evaluate("fetch('/manifest.webmanifest').then((answer) => answer.json())")
        for icon in manifest["icons"]:
            size = page.evaluate(
                """async (src) => {
                  const image = new Image();
                  image.src = src;
                  await image.decode();
                  return `${image.naturalWidth}x${image.naturalHeight}`;
                }""",
                f"/{icon['src']}",
            )
            assert icon["sizes"] in ("any", size)
