"""Drawdowns: a bot's, all of it from its file or all of it from its curve; and that of several bots together."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import fsum

from aion import performance
from aion.store.document.base import made
from aion.store.document.part import Pnl, Stats
from aion.store.document.state import Account
from aion.web.bundle import curve
from aion.web.bundle.curve import Fall
from aion.web.bundle.document import BotRow, BotView, DrawdownOf
from aion.web.bundle.exact import fraction
from aion.web.state import moment

TOLERANCE = 1e-4  # less is rounding: a hundredth of a per cent, which is what the pages show
_DAY = len("2022-05-19")
Closes = dict[str, tuple[datetime, float]]
"""Market day -> time and equity of its last point."""


@dataclass(frozen=True, slots=True)
class TotalFall:
    """Drawdown of a `Total`."""

    fall: Fall
    since: datetime | None = None
    is_at_closes: bool | None = None


def fall_of(
    doc: Account, equity_curve: curve.Curve, seen: Fall | None, *, foreign: bool
) -> tuple[Fall | None, DrawdownOf | None]:
    """Return the drawdown figures of a bot and their source, None for none.

    A curve may be shorter than what its file counts, so it may fall less than the file says. It cannot fall more:
    then the file contradicts itself, and what is shown is the curve's, which stands beside the figure.

    Args:
        doc: a checked state document.
        equity_curve: its curve in order of time.
        seen: the fall of that.
        foreign: True for a bot that is not one of Aion's own jobs, whose curve may cover more than a day or less.
    """
    said = _said(doc.stats)
    since = moment(next(iter(equity_curve))) if equity_curve else None
    if said is None or (said.drawdown is None and said.max_drawdown is None):
        return (seen, made(DrawdownOf)(source="curve", since=since)) if seen else (None, None)
    figures = (said.max_drawdown, seen and seen.max_drawdown), (said.drawdown, seen and seen.drawdown)
    differing = [told for told, found in figures if told is not None and (found or 0) > told + TOLERANCE]
    if seen and differing:
        told = said.max_drawdown if said.max_drawdown is not None else differing[0]
        return seen, made(DrawdownOf)(source="curve", since=since, file=told)
    deeper = said.max_drawdown if foreign and said.max_drawdown is not None else 0
    is_deeper = seen is not None and seen.max_drawdown is not None and deeper > seen.max_drawdown + TOLERANCE
    return said, made(DrawdownOf)(
        source="file", since=_since(doc.total_pnl), curve=seen.max_drawdown if seen and is_deeper else None
    )


def _said(stats: Stats | None) -> Fall | None:
    return Fall(stats.drawdown, stats.max_drawdown, stats.peak_at) if stats is not None else None


def _since(pnl: Pnl | None) -> datetime | None:
    return pnl.since if pnl is not None else None


def closes_of(points: curve.Curve) -> Closes:
    """Return the last of each UTC day's `points`, which are in order of time (texts in UTC)."""
    times = list(points)
    found: list[str] = []
    end = len(times)
    while end:
        found.append(times[end - 1])
        end = bisect_left(times, found[-1][:_DAY], hi=end, key=lambda text: text[:_DAY])
    return {text[:_DAY]: (moment(text), points[text]) for text in reversed(found)}


def with_days(closes: Closes, earlier: Mapping[str, float]) -> Closes:
    """Return `closes` and the equities at the end of the days `earlier`, in order of time; of one day, the close."""
    if not earlier:
        return closes
    days = {day: (datetime.fromisoformat(f"{day}T23:59:59+00:00"), equity) for day, equity in earlier.items()}
    return dict(sorted((days | closes).items()))


def fall_of_one(view: BotView | BotRow) -> TotalFall | None:
    """Return the drawdown of a `Total` of one bot: that of the bot."""
    said = _said(view.stats)
    if said is None or said == Fall():
        return None
    return TotalFall(said, view.drawdown_of.since if view.drawdown_of is not None else None)


def fall_of_sum(bots: list[tuple[BotView | BotRow, Closes]], equity: float) -> TotalFall | None:
    """Return the drawdown of a `Total` of several bots, None where one of them says neither curve nor start.

    The sum is looked at when the last of the bots began, at the end of each day that all have, and now. Before its
    first day a bot's part is what it began with.

    Args:
        bots: view and closes of each.
        equity: their sum now.
    """
    firsts = [first_of(view, closes) for view, closes in bots]
    known = [first for first in firsts if first is not None]
    if len(known) < len(bots):
        return None
    began = max(at for at, _ in known)
    day = str(began.date())
    parts = []
    for (_, closes), (_, start) in zip(bots, known, strict=True):
        before = [value for at, (_, value) in closes.items() if at < day]
        parts.append(before[-1] if before else start)
    points = [(began, fsum(parts))]
    shared = set.intersection(*(set(closes) for _, closes in bots))
    for each in sorted(at for at in shared if at >= day):
        points.append((max(closes[each][0] for _, closes in bots), fsum(closes[each][1] for _, closes in bots)))
    points.append((max(view.as_of for view, _ in bots), equity))
    return fall_at(points, began)


def fall_at(points: list[tuple[datetime, float]], began: datetime) -> TotalFall | None:
    """Return the drawdown of a sum at daily closes, the first of `points` at `began`; None where it has none."""
    values = [value for _, value in points]
    peak_at = performance.peak_at(points)
    if max(values) <= 0 or peak_at is None or points[0][0] >= points[-1][0]:  # one moment has no fall
        return None
    figures = fraction(performance.drawdown(values)), fraction(performance.max_drawdown(values))
    return TotalFall(Fall(*figures, min(peak_at, points[-1][0])), began, is_at_closes=True)


def first_of(view: BotView | BotRow, closes: Closes) -> tuple[datetime, float] | None:
    """Return when a bot began and its equity then, None where it says neither that nor a curve."""
    since = _since(view.total_pnl)
    if since is not None and view.start_equity is not None:
        return since, view.start_equity
    return next(iter(closes.values()), None)
