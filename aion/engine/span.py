"""From when to when a run goes, and where it stops to catch up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aion.clock import iso
from aion.config import Settings
from aion.errors import ConfigError
from aion.market import calendar
from aion.market.feed import Feed, Kind
from aion.scalar import BotKind

SWING_CATCH_UP = timedelta(days=365)
Times = Mapping[Kind, datetime]
"""Market times by the kind of bars."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a run starts and ends, market times."""

    swing: datetime
    """Swing bots trade from the bars after it."""
    intraday: datetime
    """Intraday bots trade from the bars after it."""
    start: datetime
    """Until here the bots catch up."""
    end: datetime
    """The last bar of the tape."""

    @property
    def begins(self) -> Times:
        """Where bots begin to trade, by the kind of their bars."""
        return {"minute": self.intraday, "day": self.swing}


def exchanges_of(settings: Settings, kind: BotKind) -> frozenset[str]:
    """Return the exchanges, MICs, on which bots of `kind` trade."""
    return frozenset(bot.exchange for bot in settings.bots.values() if bot.kind == kind)


def span_of(settings: Settings, feed: Feed, exchanges: frozenset[str]) -> Span:
    """Return the span of a run.

    Swing bots start a year before `settings.start`, intraday bots with the first session of its day.

    Raises:
        ConfigError: no bar comes after that.
    """
    start = settings.start
    opens = [
        session.open for mic in sorted(exchanges) for session in calendar.sessions(mic, start.date(), start.date())
    ]
    intraday = min([start, *opens])
    begins: dict[Kind, datetime] = {}
    for bot in settings.bots.values():
        begins |= {"minute": intraday} if bot.kind == "intraday" else {"day": start - SWING_CATCH_UP}
    ends = {kind: feed.span(kind)[1] for kind in begins}
    if begins and all(ends[kind] <= begins[kind] for kind in begins):
        last = iso(max(ends.values()))
        raise ConfigError(f"start {iso(start)} lies after the bars of the {feed.name} feed, which reach to {last}")
    return Span(start - SWING_CATCH_UP, intraday, start, ends["minute" if "minute" in ends else "day"])
