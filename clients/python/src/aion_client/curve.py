"""Shortens curves as the desk does: ends, extremes and the deepest fall stay, so that drawdowns stay the same."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST = 8
"""Both ends, peak and trough of the deepest fall, the lowest and the highest point, and some room."""


def deepest(values: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of peak and trough of the deepest fall of `values`; empty if none falls."""
    peak, peak_at, worst = 0.0, 0, 0.0
    found: tuple[int, ...] = ()
    for index, value in enumerate(values):
        if value > peak:
            peak, peak_at = value, index
        elif peak > 0 and (peak - value) / peak > worst:
            worst, found = (peak - value) / peak, (peak_at, index)
    return found


def chosen(values: Sequence[float], points: int) -> list[int]:
    """Return the indices of at most `points` (>= `FEWEST`) values to keep, in order.

    Every other one is the lowest or the highest of its interval.
    """
    count = len(values)
    if count <= points:
        return list(range(count))
    kept = {0, count - 1, values.index(min(values)), values.index(max(values)), *deepest(values)}
    parts = (points - len(kept)) // 2
    for part in range(parts):
        start, stop = part * count // parts, (part + 1) * count // parts
        inside = values[start:stop]
        kept.add(start + inside.index(min(inside)))
        kept.add(start + inside.index(max(inside)))
    return sorted(kept)
