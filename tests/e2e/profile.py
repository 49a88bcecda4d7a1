"""A profile of the browser that a file's tests use one after the other, empty each time.

To make one takes the browser longer than to open a page in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Frame, Page


class Profile:
    """A browser's context, and what to forget of it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._origins: set[str] = set()
        self._broom = context.new_page()
        self._session = context.new_cdp_session(self._broom)
        context.on("page", lambda page: page.on("framenavigated", self._remember))

    @classmethod
    @contextmanager
    def open(cls, browser: Browser, init: str = "", **options: Any) -> Iterator[Self]:
        """Make a profile in `browser`, whose pages run the script `init` before their own."""
        context = browser.new_context(**options)
        context.set_default_timeout(60_000)
        if init:
            context.add_init_script(init)
        yield cls(context)
        context.close()

    @property
    def pages(self) -> list[Page]:
        """The pages of the test, without this class's own."""
        return [page for page in self.context.pages if page is not self._broom]

    def _remember(self, frame: Frame) -> None:
        parts = urlsplit(frame.url)
        if parts.scheme in ("http", "https"):
            self._origins.add(f"{parts.scheme}://{parts.netloc}")

    def empty(self) -> None:
        """Close all pages and forget what sites have kept: cookies, storage, files; nothing else is set any more."""
        self.context.set_offline(False)
        for page in self.pages:
            page.unroute_all(behavior="ignoreErrors")
            page.close()
        self.context.unroute_all(behavior="ignoreErrors")
        self.context.clear_cookies()
        self._session.send("Network.clearBrowserCache")
        for origin in self._origins:
            self._session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        self._origins.clear()
