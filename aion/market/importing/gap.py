"""Finds missing bars in open sessions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from aion.market import calendar
from aion.market.grid import INSTANT, MINUTES, Grid
from aion.market.halt import Halt
from aion.market.series import Kind
from aion.model import Bar


def find_gaps(
    kind: Kind,
    bars: Sequence[Bar],
    dropped: Mapping[str, int],
    exchange: str,
    grid: Grid = MINUTES,
    halts: Sequence[Halt] = (),
) -> dict[str, int]:
    """Return the number of missing bars by session (ISO day) between the first and the last bar, without halts.

    Args:
        kind: kind of the bars.
        bars: bars in order of time.
        dropped: ISO day -> bars without trades, which are not gaps.
        exchange: MIC.
        grid: grid of intraday bars.
        halts: halts of the symbol.
    """
    have: Counter[date] = Counter()
    for bar in bars:
        session = calendar.session_around(exchange, bar.ts)
        if session is not None:
            have[session.day] += 1
    gaps: dict[str, int] = {}
    for session in calendar.sessions(exchange, min(have), max(have)):
        mine = (each for each in halts if each.start < session.close and each.end > session.open)
        own = tuple((each.start, each.end) for each in mine)
        if kind == "day":
            missing = 0 if any(each.covers(session.open, session.close) for each in halts) else 1 - have[session.day]
        else:
            # the first bar itself is there, and counts
            begins = bars[0].ts - INSTANT
            halted = replace(session, halts=session.halts + own) if own else session
            wanted = grid.count(halted, max(session.open, begins), min(session.close, bars[-1].ts))
            missing = wanted - have[session.day] - dropped.get(session.day.isoformat(), 0)
        if missing > 0:
            gaps[session.day.isoformat()] = missing
    return gaps
