"""Drawdowns: a bot's, all of it from its file or all of it from its curve; and that of several bots together."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime, time
from math import fsum

from aion import performance
from aion.clock import iso
from aion.web.bundle import curve
from aion.web.state import Json, moment

TOLERANCE = 1e-4  # less is rounding: a hundredth of a per cent, which is what the pages show
Closes = dict[str, tuple[datetime, float]]
"""Market day -> time and equity of its last point."""
_NAMES = ("drawdown", "max_drawdown", "peak_at")


def fall_of(doc: Json, equity_curve: curve.Curve, *, foreign: bool) -> tuple[Json, Json]:
    """Return the drawdown figures of a bot (of `Stats`) and their source (`DrawdownOf`), both {} for none.

    A curve may be shorter than what its file counts, so it may fall less than the file says. It cannot fall more:
    then the file contradicts itself, and what is shown is the curve's, which stands beside the figure.

    Args:
        doc: a checked state document.
        equity_curve: its curve in order of time.
        foreign: True for a bot that is not one of Aion's own jobs, whose curve may cover more than a day or less.
    """
    stats: Json = doc.get("stats", {})
    said = {name: stats[name] for name in _NAMES if name in stats}
    seen = curve.drawdown(equity_curve)
    of_curve = {"source": "curve", "since": next(iter(equity_curve), None)}
    if not said.keys() & {"drawdown", "max_drawdown"}:
        return (seen, of_curve) if seen else ({}, {})
    differing = [name for name in _NAMES[1::-1] if name in said and seen.get(name, 0) > said[name] + TOLERANCE]
    if differing:
        return seen, of_curve | {"file": said.get("max_drawdown", said[differing[0]])}
    of_file: Json = {"source": "file"}
    since = doc.get("total_pnl", {}).get("since")
    if since is not None:
        of_file["since"] = since
    if foreign and seen and said.get("max_drawdown", 0) > seen["max_drawdown"] + TOLERANCE:
        of_file["curve"] = seen["max_drawdown"]
    return said, of_file


def closes_of(points: Mapping[datetime, float]) -> Closes:
    """Return the last of each UTC day's `points`, which are in order of time."""
    times = list(points)
    found: list[datetime] = []
    end = len(times)
    while end:
        found.append(times[end - 1])
        end = bisect_left(times, datetime.combine(found[-1].date(), time(), UTC), hi=end)
    return {str(at.date()): (at, points[at]) for at in reversed(found)}


def with_days(closes: Closes, earlier: Mapping[str, float]) -> Closes:
    """Return `closes` and the equities at the end of the days `earlier`, in order of time; of one day, the close."""
    days = {day: (datetime.fromisoformat(f"{day}T23:59:59+00:00"), equity) for day, equity in earlier.items()}
    return dict(sorted((days | closes).items()))


def fall_of_one(view: Json) -> Json:
    """Return the drawdown fields of a `Total` of one bot: those of the bot."""
    stats: Json = view.get("stats", {})
    found: Json = {name: stats[name] for name in _NAMES if name in stats}
    since = view.get("drawdown_of", {}).get("since")
    return found | ({"drawdown_since": since} if found and since is not None else {})


def fall_of_sum(bots: list[tuple[Json, Closes]], equity: float) -> Json:
    """Return the drawdown fields of a `Total` of several bots, {} where one of them says neither curve nor start.

    The sum is looked at when the last of the bots began, at the end of each day that all have, and now. Before its
    first day a bot's part is what it began with.

    Args:
        bots: view and closes of each.
        equity: their sum now.
    """
    firsts = [_first(view, closes) for view, closes in bots]
    known = [first for first in firsts if first is not None]
    if len(known) < len(bots):
        return {}
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
    points.append((max(moment(view["as_of"]) for view, _ in bots), equity))
    values = [value for _, value in points]
    peak_at = performance.peak_at(points)
    if max(values) <= 0 or peak_at is None or points[0][0] >= points[-1][0]:  # one moment has no fall
        return {}
    return {
        "drawdown": round(performance.drawdown(values), 6),
        "max_drawdown": round(performance.max_drawdown(values), 6),
        "peak_at": iso(min(peak_at, points[-1][0])),
        "drawdown_since": iso(began),
        "is_at_closes": True,
    }


def _first(view: Json, closes: Closes) -> tuple[datetime, float] | None:
    since = view.get("total_pnl", {}).get("since")
    if since is not None and "start_equity" in view:
        return moment(since), view["start_equity"]
    return next(iter(closes.values()), None)
