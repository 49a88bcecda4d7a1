"""Base of feeds with complete series, which are read when first used and then kept in memory."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from aion.errors import FeedError
from aion.market.action import CorporateAction
from aion.market.funding import FundingRate
from aion.market.grid import Anchor
from aion.market.halt import Halt
from aion.market.series import Batch, Kind
from aion.model import Bar, Instrument


class Tape:
    """Base class of feeds with complete series; a subclass lists the series and reads them."""

    name = "tape"
    real_time = False
    delay_s = 0.0
    timezone = "UTC"
    interval = timedelta(minutes=1)
    anchor: Anchor = "open"

    def __init__(self) -> None:
        self.complaints: list[str] = []
        """What was left out of it, and why, for people."""
        self._bars: dict[tuple[Kind, str], list[Bar]] = {}
        self._times: dict[tuple[Kind, str], list[datetime]] = {}

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments of `kind` by symbol."""
        raise NotImplementedError

    def read(self, kind: Kind, symbol: str) -> list[Bar]:
        """Read a series that `instruments` names, in order of time.

        Raises:
            FeedError: it cannot be read.
        """
        raise NotImplementedError

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        """Return the newest `count` bars at or before `before`, oldest first."""
        bars, times = self._series(kind, symbol)
        end = bisect_right(times, before)
        return bars[max(0, end - count) : end]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        """Yield the bars of `symbols` after `after`, one batch per moment."""
        tails = []
        for symbol in sorted(symbols):
            bars, times = self._series(kind, symbol)
            tails.append(bars[bisect_right(times, after) :])
        if len(tails) == 1:
            (tail,) = tails
            yield from _alone(kind, tail)
            return
        yield from batched(kind, heapq.merge(*tails, key=lambda each: each.ts))

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        """Return the first and last close of `kind`.

        Raises:
            FeedError: there is no bar of it.
        """
        series = [times for symbol in self.instruments(kind) if (times := self._series(kind, symbol)[1])]
        if not series:
            raise FeedError(f"the {self.name} feed has no {kind} bars")
        return min(times[0] for times in series), max(times[-1] for times in series)

    def dropped(self, symbol: str, day: str) -> int:
        """Return 0; overridden by feeds that leave bars out."""
        return 0

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        """Return none: a child that knows of some says so."""
        return ()

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        """Return none: a child that knows of some says so."""
        return ()

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        """Return none: a child that knows of some says so."""
        return ()

    def _series(self, kind: Kind, symbol: str) -> tuple[list[Bar], list[datetime]]:
        key = (kind, symbol)
        if key not in self._bars:
            if symbol not in self.instruments(kind):
                known = ", ".join(sorted(self.instruments(kind))) or "none"
                raise FeedError(f"the {self.name} feed has no {kind} bars of {symbol!r}; it has {known}")
            self._bars[key] = self.read(kind, symbol)
            self._times[key] = [bar.ts for bar in self._bars[key]]
        return self._bars[key], self._times[key]


def _alone(kind: Kind, bars: list[Bar]) -> Iterator[Batch]:
    """Yield the bars of one series as `batched` does, without a merge."""
    before: Bar | None = None
    for bar in bars:
        if before is not None and bar.ts != before.ts:
            yield Batch(before.ts, kind, {before.symbol: before})
        before = bar
    if before is not None:
        yield Batch(before.ts, kind, {before.symbol: before})


def batched(kind: Kind, bars: Iterator[Bar]) -> Iterator[Batch]:
    """Yield `bars`, which are in order of time, as one batch per moment."""
    gathered: dict[str, Bar] = {}
    at: datetime | None = None
    for bar in bars:
        if at is not None and bar.ts != at:
            yield Batch(at, kind, gathered)
            gathered = {}
        at = bar.ts
        gathered[bar.symbol] = bar
    if at is not None:
        yield Batch(at, kind, gathered)
