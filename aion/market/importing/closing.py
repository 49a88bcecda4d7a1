"""Converts the time stamps of intraday bars to closing times."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from aion.market import calendar
from aion.market.bar_check import Report
from aion.market.grid import INSTANT, Grid
from aion.market.importing.text.table import Row

OFF_GRID = "off the grid of its bars"


def close_bars(
    rows: Sequence[tuple[Row, datetime]], grid: Grid, report: Report, exchange: str, *, is_stamped_at_open: bool
) -> Iterator[Row]:
    """Yield the rows with `ts` as the close of the bar, at most the end of the session or its half.

    A bar outside the sessions keeps a close outside, so that `clean` reports it.
    """
    close_of = _close_of_open if is_stamped_at_open else _close_of_close
    for row, at in rows:
        close = close_of(at, grid, exchange)
        if close is None:
            report.read += 1
            report.drop(OFF_GRID, f"row {row['row']} ({at.isoformat()})")
        else:
            yield row | {"ts": close.isoformat()}


def _close_of_open(at: datetime, grid: Grid, exchange: str) -> datetime | None:
    """Return the close of the bar that begins at `at`, None if none does inside an open session."""
    session = calendar.session_around(exchange, at + INSTANT)
    close = grid.close(session, at) if session is not None else None
    if session is None or close is None:
        return at + grid.interval
    return close if grid.opened(session, close) == at else None


def _close_of_close(at: datetime, grid: Grid, exchange: str) -> datetime | None:
    """As `_close_of_open`, for a stamp at the end of a bar; an end after the session is cut to its close."""
    session = calendar.session_around(exchange, at)
    if session is not None and grid.is_close(session, at):
        return at
    cut = _close_of_open(at - grid.interval, grid, exchange)
    if cut is not None and cut < at:
        return cut
    return at if session is None or not session.has(at) else None


def is_traded(exchange: str, grid: Grid) -> Callable[[datetime], bool]:
    """Return a function that tells whether a bar with a given close was traded."""

    def is_traded_at(ts: datetime) -> bool:
        session = calendar.session_around(exchange, ts)
        return session is not None and grid.has(session, ts)

    return is_traded_at
