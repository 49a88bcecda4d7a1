"""From when to when a run goes, and where it stops to catch up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aion.config import Settings
from aion.market import calendar
from aion.market.feed import Feed

SWING_CATCH_UP = timedelta(days=365)


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


def span_of(settings: Settings, feed: Feed, exchanges: frozenset[str]) -> Span:
    """Return the span of a run.

    Swing bots start a year before `settings.start`, intraday bots with the first session of its day.
    """
    start = settings.start
    opens = [
        session.open for mic in sorted(exchanges) for session in calendar.sessions(mic, start.date(), start.date())
    ]
    intraday = min([start, *opens])
    has_intraday = any(bot.kind == "intraday" for bot in settings.bots.values())
    return Span(start - SWING_CATCH_UP, intraday, start, feed.span("minute" if has_intraday else "day")[1])
