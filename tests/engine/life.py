"""The life of a process that trades live bars."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from aion.config import Settings, load
from aion.engine.runner import run_all
from aion.market.feed.online import OnlineFeed
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.protocol import Caller
from aion.store.layout import Layout
from tests.bot.desk import (
    VirtualWaiter,
    at,
    document,
    sim_logs,
)
from tests.market.provider.venue import Venue

SYMBOLS = ("BTC/USDT", "ETH/USDT")


START = at("2030-01-01T09:00Z")


class Life:
    """The bots' process over a span of virtual time."""

    def __init__(self, data: Path, begins: datetime = START) -> None:
        self.data = data
        self.venue = Venue()
        self.url = self.venue.start()
        self.now = begins
        self.waiter = VirtualWaiter()
        self.call_s = 30.0

    def made(self, **changes: object) -> Settings:
        flags = {"data": self.data, "feed": "ccxt", "symbols": ",".join(SYMBOLS), **changes}
        return load(environment={}, flags=flags)

    def live(self, minutes: float, on_step: Callable[[datetime], None] = lambda now: None, **changes: object) -> None:
        """Run the process until `minutes` after now; `on_step` sees each wait."""
        waiter = self.waiter = VirtualWaiter(self._step)
        waiter.wall.tick(self.now - waiter.wall.now())
        self.until = self.now + timedelta(minutes=minutes)
        self.on_step = on_step
        self.venue.now_ms = lambda: int(waiter.wall.now().timestamp() * 1000)
        provider = CcxtProvider("binance", self.venue.config(self.url), waiter.wall)
        caller = Caller(provider, call_s=self.call_s, pause=lambda seconds: None)
        self.feed = OnlineFeed(provider, SYMBOLS, waiter.wall, caller, has_thread=False)
        run_all(self.made(**changes), waiter, waiter.wall, feed=self.feed)
        self.now = waiter.wall.now()

    def _step(self, waiter: VirtualWaiter, seconds: float) -> None:
        self.on_step(waiter.wall.now())
        self.feed.poll()
        if waiter.wall.now() >= self.until:
            waiter.is_stopped = True

    def summary(self) -> dict:
        return document(Layout(self.data).sim_summary)

    def day(self, day: str = "2030-01-01") -> dict:
        return sim_logs(self.data, "vwap_usdt")[day]
