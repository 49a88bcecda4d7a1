"""Curves as the pages show them: their order, and the fall within them. `aion.store.curve` makes them short."""

from itertools import pairwise
from typing import Any

from aion import performance
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


def drawdown(curve: Curve) -> dict[str, Any]:
    """Return `drawdown`, `max_drawdown` (fractions 0..1) and `peak_at` of an ordered curve.

    None below two points, and none of a curve that begins at 0 or below: that one is of profits, not of an account.
    """
    values = list(curve.values())
    if len(values) < 2 or values[0] <= 0:
        return {}
    peak = max(values)
    found: dict[str, Any] = {
        "drawdown": round(performance.drawdown(values), 6),
        "max_drawdown": round(performance.max_drawdown(values), 6),
    }
    return found | {"peak_at": next(ts for ts in reversed(curve) if curve[ts] == peak)}
