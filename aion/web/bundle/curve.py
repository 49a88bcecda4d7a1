"""Curves as the pages show them: their order, and the fall within them. `aion.store.curve` makes them short."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from aion import performance
from aion.web.bundle.exact import fraction
from aion.web.state import moment

Curve = dict[str, float]


@dataclass(frozen=True, slots=True)
class Fall:
    """Drawdown figures as `Stats` has them."""

    drawdown: float | None = None
    max_drawdown: float | None = None
    peak_at: datetime | None = None


def in_order(curve: Curve) -> Curve:
    """Return `curve` (value by ISO 8601 time) ordered by time."""
    if len(curve) < 2:
        return curve
    texts = list(curve)
    if len(set(map(len, texts))) == 1 and sorted(texts) == texts:  # of one form they are in order as their times are
        return curve
    times = [moment(text) for text in curve]
    if all(before <= after for before, after in pairwise(times)):
        return curve
    return {text: curve[text] for _, text in sorted(zip(times, curve, strict=True))}


def drawdown(curve: Curve) -> Fall | None:
    """Return the fall of an ordered curve.

    None below two points, and none of a curve that begins at 0 or below: that one is of profits, not of an account.
    """
    values = list(curve.values())
    if len(values) < 2 or values[0] <= 0:
        return None
    peak = max(values)
    return Fall(
        fraction(performance.drawdown(values)),
        fraction(performance.max_drawdown(values)),
        moment(next(ts for ts in reversed(curve) if curve[ts] == peak)),
    )
