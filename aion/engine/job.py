"""What the jobs of intraday and of swing bots have in common: their bots, and what their files are made of."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from aion.bot.account import BotAccount
from aion.bot.schedule import Pace
from aion.market.feed import Batch
from aion.model import Bar
from aion.output.envelope import Stamp
from aion.store.layout import Layout

AnyBot = TypeVar("AnyBot", bound=BotAccount)


class Job(Generic[AnyBot]):
    """Runs bots of one kind and describes them; the driver commits and writes."""

    def __init__(
        self, bots: Mapping[str, AnyBot], stamp: Stamp, layout: Layout, pace: Pace, ends_at: datetime
    ) -> None:
        """Make a job.

        Args:
            bots: by name.
            stamp: mode and run of the documents.
            layout: of the data folder.
            pace: how market time becomes wall time, for `due_at`.
            ends_at: market time of the last bar of the run; nothing is announced beyond it.
        """
        self.bots = dict(bots)
        self._stamp = stamp
        self._layout = layout
        self._pace = pace
        self._ends_at = ends_at

    def _handed(self, batch: Batch) -> Iterator[tuple[AnyBot, Mapping[str, Bar]]]:
        """Yield the bots that have bars in `batch`, with those bars."""
        offered = batch.bars
        only = next(iter(offered)) if len(offered) == 1 else ""
        for bot in self.bots.values():
            symbols = bot.actions.symbols
            if only:
                if only in symbols:
                    yield bot, offered
                continue
            bars = {symbol: offered[symbol] for symbol in symbols if symbol in offered}
            if bars:
                yield bot, bars

    def _due_in_s(self, now: datetime, at: datetime | None) -> float | None:
        """Return the wall seconds from market time `now` to `at`; None when the run does not get there."""
        return None if at is None or at > self._ends_at else self._pace.expected_s(now, at)
