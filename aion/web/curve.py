"""Curves made short without losing what a trader looks for: the ends and every extreme that is seen at that width."""

from itertools import pairwise
from typing import Any

from aion import stat
from aion.web.state import moment

Curve = dict[str, float]


def in_order(curve: Curve) -> Curve:
    """Return `curve` (value by ISO 8601 time) ordered by time."""
    if len(curve) < 2:
        return curve
    times = [moment(text) for text in curve]
    if all(before <= after for before, after in pairwise(times)):
        return curve
    return {text: curve[text] for _, text in sorted(zip(times, curve, strict=True))}


def shorten(curve: Curve, points: int) -> Curve:
    """Return at most `points` (>= 2) points of `curve`, which is ordered by time.

    First and last are kept, and of each of the equal buckets between them the smallest and the largest value, so that
    the highest and the lowest point of the curve are always among them.
    """
    count = len(curve)
    if count <= points:
        return curve
    items = list(curve.items())
    kept = {0, count - 1}
    buckets = (points - 2) // 2
    inner = count - 2
    for bucket in range(buckets):
        start = 1 + bucket * inner // buckets
        stop = 1 + (bucket + 1) * inner // buckets
        span = range(start, stop)
        kept.add(min(span, key=lambda i: items[i][1]))
        kept.add(max(span, key=lambda i: items[i][1]))
    return {items[i][0]: items[i][1] for i in sorted(kept)}


def shorten_beside(curve: Curve, other: Curve, points: int) -> tuple[Curve, Curve]:
    """Return `curve` shortened, and `other` at the same times (where it has them)."""
    short = shorten(curve, points)
    return short, {ts: other[ts] for ts in short if ts in other}


def drawdown(curve: Curve) -> dict[str, Any]:
    """Return `drawdown`, `max_drawdown` (fractions 0..1) and `peak_at` of an ordered curve; none below two points."""
    values = list(curve.values())
    if len(values) < 2 or max(values) <= 0:
        return {}
    peak = max(values)
    found: dict[str, Any] = {
        "drawdown": round(stat.drawdown(values), 6),
        "max_drawdown": round(stat.max_drawdown(values), 6),
    }
    return found | {"peak_at": next(ts for ts in reversed(curve) if curve[ts] == peak)}
