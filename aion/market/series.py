"""The protocol of a feed: series of closed bars in order of time, with instruments and provenance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from aion.fact import quickly_made
from aion.market.action import CorporateAction
from aion.market.funding import FundingRate
from aion.market.grid import Anchor
from aion.market.halt import Halt
from aion.model import Bar, Instrument

Kind = Literal["minute", "day"]
"""Interval of a series: `minute` for all that is shorter than a session, see `Feed.interval`."""


AHEAD = timedelta(seconds=5)  # clocks of two machines that are set by the network differ by less


def is_ahead(ts: datetime, now: datetime) -> bool:
    """Tell whether a bar that closes at `ts` is in the future at `now`, beyond the tolerance for clocks."""
    return ts - now > AHEAD


@quickly_made
@dataclass(frozen=True, slots=True)
class Batch:
    """All bars of one kind that close at the same moment."""

    ts: datetime
    kind: Kind
    bars: Mapping[str, Bar]
    """By symbol."""


class Feed(Protocol):
    """A source of bars. Whether prices are raw or adjusted is said by each instrument (`price_basis`)."""

    name: str
    real_time: bool
    """True only when bars are delivered as they happen, be it after `delay_s`; such a feed is an `OnlineFeed`."""
    delay_s: float
    """Seconds by which bars come later than they happen, >= 0; 0 for a tape."""
    timezone: str
    """IANA zone in which the source stamps its bars; all bars of the protocol are UTC."""
    provenance: str
    """One sentence for people: which bars, from whom."""
    interval: timedelta
    """Length of a bar of the kind `minute`: a minute, or five ..."""
    anchor: Anchor
    """From where such bars are counted, see `Grid`."""

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments of all series of `kind` by symbol."""
        ...

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        """Return the newest `count` bars of a series that close at or before `before`, oldest first.

        Raises:
            FeedError: no such series.
        """
        ...

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        """Yield the bars of `symbols` that close after `after`, in strict order of time, one batch per moment."""
        ...

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        """Return the close of the first and of the last bar of `kind`, aware UTC."""
        ...

    def dropped(self, symbol: str, day: str) -> int:
        """Return the number of bars of `symbol` left out on `day` because nobody traded."""
        ...

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        """Return the known splits and dividends of `symbols`, by day; none for adjusted prices."""
        ...

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        """Return the known funding rates of perpetuals, in order of time."""
        ...

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        """Return the known halts of single symbols, in order of time."""
        ...
