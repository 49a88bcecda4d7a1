"""Longer bars made of the recorded minutes, as a vendor makes them: first open, highest, lowest, last close, sum."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from aion.market import calendar
from aion.market.grid import INSTANT, Grid
from aion.model import Bar

HEAD = "time,open,high,low,close,volume"


def coarse(bars: Sequence[Bar], exchange: str, grid: Grid) -> list[Bar]:
    """Return the bars of `grid` that the minutes `bars` make."""

    def close_of(bar: Bar) -> datetime:
        session = calendar.session_around(exchange, bar.ts)
        close = grid.close(session, bar.ts - INSTANT)
        assert close is not None
        return close

    made = []
    for close, group in groupby(bars, key=close_of):
        part = list(group)
        high, low = max(bar.high for bar in part), min(bar.low for bar in part)
        volume = sum(bar.volume for bar in part)
        made.append(Bar(part[0].symbol, close, part[0].open, high, low, part[-1].close, volume))
    return made


def opened(bar: Bar, exchange: str, grid: Grid) -> datetime:
    return grid.opened(calendar.session_around(exchange, bar.ts), bar.ts)


def lines(bars: Sequence[Bar], exchange: str, grid: Grid, *, by_close: bool = False) -> list[str]:
    """Return the bars as rows of a file, named by their open or by their close."""
    return [
        f"{(bar.ts if by_close else opened(bar, exchange, grid)).isoformat()},"
        f"{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}"
        for bar in bars
    ]


def write_csv(path: Path, rows: Sequence[str]) -> Path:
    path.write_text("\n".join([HEAD, *rows]))
    return path


def write_parquet(path: Path, bars: Sequence[Bar], exchange: str, grid: Grid) -> Path:
    import pyarrow
    import pyarrow.parquet

    names = ("open", "high", "low", "close", "volume")
    columns = {name: [float(getattr(bar, name)) for bar in bars] for name in names}
    times = [opened(bar, exchange, grid) for bar in bars]
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": times, **columns}), path)
    return path
