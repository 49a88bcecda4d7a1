"""A profile of the browser that a file's tests use one after the other, empty each time, and a page in it.

To make a profile takes the browser longer than to open a page in it, and to open a page as long as to load one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page

LASTING = (
    "add_init_script", "emulate_media", "expose_binding", "expose_function", "on", "set_default_timeout",
    "set_extra_http_headers",
)  # fmt: skip
"""What a test does to a page for good: the next test gets another one."""
CALM = """{
  const every = window.setInterval;
  window.setInterval = (run, ms, ...more) => every(run, ms === 100 ? 500 : ms, ...more);
}"""
"""Draws the ages of a page twice a second, not ten times, which takes a tenth of a core for each page that is open.

For files whose tests are not about ages: the page is otherwise as everybody has it.
"""
LEAVE_MS = 10_000
"""How long a page may take to leave; one that asks whether to stay is closed."""
OUTSIDE = (-10, -10)
"""Where no pointer is over anything."""


class Profile:
    """A browser's context, and what to forget of it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._origins: set[str] = set()
        self._kept: Page | None = None
        self._broom = context.new_page()
        self._size = self._broom.viewport_size
        self._session = context.new_cdp_session(self._broom)
        context.on("page", lambda page: page.on("framenavigated", self._remember))

    @classmethod
    @contextmanager
    def open(cls, browser: Browser, init: str = "", **options: Any) -> Iterator[Self]:
        """Make a profile in `browser`, whose pages run the script `init` before their own."""
        # a page that is kept by the browser would be asked for past what a test routes
        context = browser.new_context(**{"service_workers": "block", **options})
        context.set_default_timeout(60_000)
        if init:
            context.add_init_script(init)
        yield cls(context)
        context.close()

    @property
    def pages(self) -> list[Page]:
        """The pages of the test, without this class's own."""
        return [page for page in self.context.pages if page is not self._broom]

    def page(self) -> Page:
        """Return a page as it is when it was just opened: that of the tests before, unless they left a mark on it."""
        if self._kept is None:
            self._kept = self.context.new_page()
            for name in LASTING:
                setattr(self._kept, name, self._parting(getattr(self._kept, name)))
        return self._kept

    def _parting(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return `act`, which first lets go of the page that it is an act of."""

        def leave_mark(*args: Any, **named: Any) -> Any:
            self._kept = None
            return act(*args, **named)

        return leave_mark

    def _wipe(self, page: Page) -> None:
        """Make the page of the last test one that was just opened, or let go of it.

        It leaves by itself: what `goto` opens on a blank page gets a process of its own, which takes half a load.
        """
        try:
            if page.url.startswith("http"):
                page.evaluate("(sessionStorage.clear(), window.name = '', location.replace('about:blank'))")
                page.wait_for_url("about:blank", timeout=LEAVE_MS)
            else:
                page.goto("about:blank")
            if self._size is not None:
                page.set_viewport_size(self._size)
            page.mouse.move(*OUTSIDE)
        except Error:  # it has crashed, or what it shows forbids storage
            self._kept = None

    def _remember(self, frame: Frame) -> None:
        parts = urlsplit(frame.url)
        if parts.scheme in ("http", "https"):
            self._origins.add(f"{parts.scheme}://{parts.netloc}")

    def empty(self) -> None:
        """Close all pages and forget what sites have kept: cookies, storage, files; nothing else is set any more."""
        self.context.set_offline(False)
        if self._kept is not None and (self._kept.is_closed() or len(self._origins) > 1):
            self._kept = None  # a tab keeps something of each site, which only the site itself can take away
        for page in self.pages:
            with suppress(Error):  # it has crashed
                page.unroute_all(behavior="ignoreErrors")
            if page is self._kept:
                self._wipe(page)
            if page is not self._kept:
                page.close()
        self.context.unroute_all(behavior="ignoreErrors")
        self.context.clear_cookies()
        self._session.send("Network.clearBrowserCache")
        for origin in self._origins:
            self._session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        self._origins.clear()
