"""Finds the length of the bars of a series, and from where they are counted, from their times.

The usual distance between neighbours is the length. A series that continues for a while with another distance has two
lengths and cannot be traded as one: it is refused, as is a length that does not divide a session.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from aion.errors import ConfigError, FeedError
from aion.market import calendar
from aion.market.exchange import ALWAYS
from aion.market.grid import INSTANT, MINUTE, MINUTES, Anchor, Grid, is_sensible, length_text

RUN = 12  # neighbours with the same other distance: gaps of thin trading are never so regular
SAMPLED_SESSIONS = 40  # from which the anchor is told
_UNITS = {"m": MINUTE, "min": MINUTE, "h": timedelta(hours=1)}


def read_length(text: str) -> timedelta:
    """Return the length of a text such as `5m`, `15min` or `1h`.

    Raises:
        ConfigError: it is not a length.
    """
    found = re.fullmatch(r"(\d{1,4})\s*(m|min|h)", text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"--interval {text!r} is not a bar length such as 1m, 5m, 30m or 1h")
    return int(found[1]) * _UNITS[found[2]]


def find_grid(times: Sequence[datetime], exchange: str, stated: timedelta | None = None) -> Grid:
    """Return the grid of the bars with the stamps `times` in the sessions of `exchange`.

    Args:
        times: aware UTC, in order of time; opens or closes, as long as all are the same.
        exchange: MIC, or `24/7`.
        stated: length given by the user; None to find it.

    Raises:
        FeedError: two lengths, one that cannot be traded, or another one than stated.
    """
    steps = _steps(times, exchange)
    if not steps:
        return Grid(stated) if stated is not None else MINUTES
    usual = Counter(step for _, step in steps).most_common(1)[0][0]
    for step, run in groupby(steps, key=lambda each: each[1]):
        since = list(run)
        if step != usual and len(since) >= RUN:
            raise FeedError(
                f"it mixes {length_text(usual)} bars with {length_text(step)} ones, from "
                f"{since[0][0]:%Y-%m-%d %H:%M}Z on: import each length as a file of its own, into a folder of its own"
            )
    if stated is not None and stated != usual:
        raise FeedError(f"its bars are {length_text(usual)} bars, not {length_text(stated)} ones as --interval says")
    session = calendar.session_around(exchange, times[0] + INSTANT) or calendar.next_session(exchange, times[0])
    if session is None or not is_sensible(usual, session):
        raise FeedError(
            f"its bars are {length_text(usual)} bars: intraday bars have whole minutes, less than a day, and divide "
            "a day or the session, such as 1, 2, 3, 5, 10, 15, 30 minutes or 1 hour"
        )
    return Grid(usual, _anchor(times, exchange, usual))


def _steps(times: Sequence[datetime], exchange: str) -> list[tuple[datetime, timedelta]]:
    """Return the distances between neighbours within one part of a session, each with its first time."""
    found = []
    ends: datetime | None = None
    for one, two in pairwise(times):
        if ends is None or one >= ends:
            ends = _end_of_stretch(exchange, one)
        if two > one and (ends is None or two <= ends):
            found.append((one, two - one))
    return found


def _end_of_stretch(exchange: str, at: datetime) -> datetime | None:
    """Return when the part of the session around `at` ends, at lunch or the close; None if markets never close."""
    if exchange == ALWAYS:
        return None
    session = calendar.session_around(exchange, at + INSTANT)
    if session is None:
        return at  # extended hours: their distances say nothing of the session's bars
    return session.break_start if session.break_start is not None and at < session.break_start else session.close


def _anchor(times: Sequence[datetime], exchange: str, interval: timedelta) -> Anchor:
    """Return the anchor that fits more stamps, which may be starts or ends of bars."""
    fits: Counter[Anchor] = Counter()
    for anchor in ("open", "clock"):
        grid = Grid(interval, anchor)
        fits[anchor] = sum(
            grid.is_close(session, at) or at == session.open for session, at in _sampled(times, exchange)
        )
    return "clock" if fits["clock"] > fits["open"] else "open"


def _sampled(times: Sequence[datetime], exchange: str) -> Iterator[tuple[calendar.MarketSession, datetime]]:
    days = set()
    for at in times:
        session = calendar.session_around(exchange, at)
        if session is not None:
            days.add(session.day)
            if len(days) > SAMPLED_SESSIONS:
                return
            yield session, at
