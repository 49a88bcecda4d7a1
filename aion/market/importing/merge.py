"""Merges a second import of a series with the bars in the folder; new bars replace those of the same time."""

from collections.abc import Sequence
from decimal import Decimal

from aion.errors import FeedError
from aion.market.grid import length_text
from aion.market.importing.bar_folder import BarFolder, Series
from aion.model import Bar


def merge(series: Series, bars: Sequence[Bar], target: BarFolder) -> tuple[list[Bar], str]:
    """Return the merged bars of the folder and `bars`, in order of time, and a summary for people.

    `series` gets the properties that the folder has and the new file does not.

    Raises:
        FeedError: the two do not match; nothing is changed.
    """
    old = target.series.get(series.key)
    if old is None:
        return list(bars), ""
    series.price_basis = series.price_basis or old.price_basis
    for what, now, before in (
        ("exchange", series.exchange, old.exchange),
        ("currency", series.currency, old.currency),
        ("price basis", series.price_basis or "unknown", old.price_basis or "unknown"),
        ("length", _length(series), _length(old)),
    ):
        if now != before:
            raise FeedError(
                f"the folder has {old.rows:,} of its bars with {what} {before}, these have {now}: import them into "
                "another folder, or add --replace to drop the old ones"
            )
    kept = {bar.ts: bar for bar in target.read(old)}
    count = len(kept)
    changed = sum(bar.ts in kept and kept[bar.ts] != bar for bar in bars)
    kept |= {bar.ts: bar for bar in bars}
    series.tick = min(series.tick, old.tick, key=Decimal)
    series.dropped = old.dropped | series.dropped
    if old.source and series.source != old.source and len(old.source) < 400:
        series.source = f"{old.source}; {series.source}"
    said = f"joined with {count:,} bars that the folder had: {len(kept):,} now"
    if changed:
        said += f"; {changed:,} of before had other figures at the same time and were replaced"
    return [kept[ts] for ts in sorted(kept)], said


def _length(series: Series) -> str:
    if series.kind == "day":
        return "1-day"
    anchor = " from the full hour" if series.anchor == "clock" else ""
    return length_text(series.grid.interval) + anchor
