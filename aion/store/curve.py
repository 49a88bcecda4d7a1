"""Downsampling of curves; every part of Aion uses it.

It keeps what a trader looks for: the ends, the highest and lowest point, and peak and trough of the deepest fall. The
drawdown of a downsampled curve is therefore that of the whole one (or deeper if the account is below zero, where a
fall is more than 100 % of its peak). Every other point is the lowest or highest of its interval.
"""

from collections.abc import Mapping, Sequence

FEWEST = 4  # both ends, and peak and trough of the deepest fall

Curve = Mapping[str, float]


def deepest(values: Sequence[float | None]) -> tuple[int, ...]:
    """Return the indices of peak and trough of the deepest fall of `values` (None: unknown); empty if none falls."""
    peak, peak_at, worst = 0.0, 0, 0.0
    found: tuple[int, ...] = ()
    for index, value in enumerate(values):
        if value is None:
            continue
        if value > peak:
            peak, peak_at = value, index
        elif peak > 0 and (peak - value) / peak > worst:
            worst, found = (peak - value) / peak, (peak_at, index)
    return found


def chosen(series: Sequence[Sequence[float | None]], points: int, newest: int = 0) -> list[int]:
    """Return the indices of the points to keep, of curves over the same times, in order of time.

    Kept are, for the first series and then for the others: the ends, peak and trough of the deepest fall, the lowest
    and the highest point; then both extremes of each series in as many equal intervals as fit.

    Args:
        series: values of each curve, all of the same length; None where a curve has no value.
        points: maximum number kept, at least `FEWEST`.
        newest: number of newest points that are all kept, at most three quarters of `points`.
    """
    count = len(series[0])
    if count <= points:
        return list(range(count))
    kept = dict.fromkeys((0, count - 1))
    filled = []
    for values in series:
        known = [value for value in values if value is not None]
        if not known:
            continue
        for index in (*deepest(values), values.index(min(known)), values.index(max(known))):
            if len(kept) < points:
                kept[index] = None
        filled.append(known if len(known) == count else _filled(values))
    end = count - max(0, min(newest, points * 3 // 4, points - len(kept)))
    kept.update(dict.fromkeys(range(end, count)))
    parts = max(0, points - len(kept)) // (2 * max(1, len(filled)))
    for part in range(parts):
        start, stop = part * end // parts, (part + 1) * end // parts
        for each in filled:
            inside = each[start:stop]
            if inside:
                kept[start + inside.index(min(inside))] = None
                kept[start + inside.index(max(inside))] = None
    return sorted(kept)


def _filled(values: Sequence[float | None]) -> list[float]:
    """Return `values` with each None replaced by the value before it."""
    last = next(value for value in values if value is not None)
    found = []
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found


def thin(curve: Curve, points: int, newest: int = 0) -> dict[str, float]:
    """Return at most `points` points of `curve`, which is in order of time; see `chosen`."""
    return thin_beside(curve, {}, points, newest)[0]


def thin_beside(
    curve: Curve, other: Curve, points: int, newest: int = 0
) -> tuple[dict[str, float], dict[str, float]]:
    """Return at most `points` points of `curve`, and `other` at the same times (where it has them)."""
    if len(curve) <= points:
        return dict(curve), {ts: other[ts] for ts in curve if ts in other}
    times = list(curve)
    series: list[Sequence[float | None]] = [list(curve.values())]
    if other:
        series.append([other.get(ts) for ts in times])
    kept = [times[index] for index in chosen(series, points, newest)]
    return {ts: curve[ts] for ts in kept}, {ts: other[ts] for ts in kept if ts in other}
