"""Prices of symbols that a bot needs and does not trade: a currency of its costs, the underlying of an option."""

from datetime import datetime
from decimal import Decimal

from aion.errors import FeedError
from aion.market.feed import Feed, Kind
from aion.model import Instrument

_KINDS: tuple[Kind, ...] = ("minute", "day")


class FeedPrices:
    """The newest closes of a feed whose bars are all there; a live feed is asked for nothing beside its symbols."""

    def __init__(self, feed: Feed) -> None:
        """Args: feed: where the bars come from."""
        self._feed = feed

    def instrument(self, symbol: str) -> Instrument | None:
        """Return what `symbol` is, None where the feed has no price of it."""
        if self._feed.real_time:
            return None
        return next((found for kind in _KINDS if (found := self._feed.instruments(kind).get(symbol))), None)

    def __call__(self, symbol: str, at: datetime) -> Decimal | None:
        """Return the close of the newest bar of `symbol` that had closed at `at`; None where there is none."""
        newest = None
        for kind in _KINDS:
            if not self._feed.real_time and symbol in self._feed.instruments(kind):
                try:
                    bars = self._feed.history(kind, symbol, at, 1)
                except FeedError:
                    continue  # of one kind whose file is damaged
                if bars and (newest is None or bars[-1].ts > newest.ts):
                    newest = bars[-1]
        return newest.close if newest is not None else None
