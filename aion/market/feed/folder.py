"""The folder feed: bars from `aion import` or `aion download`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aion.errors import ConfigError
from aion.market.action import CorporateAction
from aion.market.feed.tape import Tape
from aion.market.funding import FILE as FUNDING
from aion.market.funding import FundingRate, read_funding
from aion.market.grid import MINUTES, Grid, length_text
from aion.market.halt import FILE as HALTS
from aion.market.halt import Halt, read_halts
from aion.market.importing.bar_folder import BarFolder
from aion.market.series import Kind
from aion.model import Bar, Instrument


class FolderFeed(Tape):
    """Replays the series of a folder."""

    name = "folder"

    def __init__(self, folder: Path, symbols: tuple[str, ...] = ()) -> None:
        """Open a folder.

        Args:
            folder: a folder with an `index.json`.
            symbols: symbols to offer; empty for all.

        Raises:
            ConfigError: it has no checked bars, or none of a symbol.
            FeedError: the index, the table of halts or that of funding rates cannot be read.
        """
        super().__init__()
        self._folder = BarFolder(folder)
        self.complaints = self._folder.complaints()
        if not self._folder.series:
            why = f"{folder} has no checked bars: bring some with `aion import FILES... --to {folder}`"
            raise ConfigError("; ".join([why, *self.complaints]))
        known = {series.symbol for series in self._folder.series.values()}
        missing = [symbol for symbol in symbols if symbol not in known]
        if missing:
            why = f"{folder} has no bars of {', '.join(missing)}; it has {', '.join(sorted(known))}"
            raise ConfigError("; ".join([why, *self.complaints]))
        self._series_by_key = {
            key: series for key, series in self._folder.series.items() if not symbols or series.symbol in symbols
        }
        self._halts = read_halts(folder / HALTS)
        self._funding, left_out = read_funding(folder / FUNDING)
        self.complaints += left_out
        grid = self._one_grid()
        self.interval, self.anchor = grid.interval, grid.anchor
        sources = sorted({series.source for series in self._series_by_key.values() if series.source})
        self.provenance = (
            f"Bars of {len(self._series_by_key)} series in {folder}{self._lengths()}: "
            f"{'; '.join(sources) or 'imported'}."
        )

    def _one_grid(self) -> Grid:
        """Return the grid of the intraday bars; a run has bars of one length.

        Raises:
            ConfigError: the series have several lengths.
        """
        grids: dict[Grid, list[str]] = {}
        for series in self._series_by_key.values():
            if series.kind == "minute":
                grids.setdefault(series.grid, []).append(series.symbol)
        if len(grids) > 1:
            said = " and ".join(
                f"{grid.text()} bars{' counted from the full hour' if grid.anchor == 'clock' else ''} of "
                f"{', '.join(sorted(symbols))}"
                for grid, symbols in sorted(grids.items(), key=lambda each: (each[0].interval, each[0].anchor))
            )
            raise ConfigError(
                f"{self._folder.folder} has {said}: a run has bars of one length; choose with --symbols, or import "
                "each length into a folder of its own"
            )
        return next(iter(grids), MINUTES)

    def _lengths(self) -> str:
        kinds = {series.kind for series in self._series_by_key.values()}
        said = [length_text(self.interval)] if "minute" in kinds else []
        return f", {' and '.join([*said, *(['1-day'] if 'day' in kinds else [])])} bars"

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments of `kind` by symbol."""
        return {series.symbol: series.instrument() for series in self._series_by_key.values() if series.kind == kind}

    def read(self, kind: Kind, symbol: str) -> list[Bar]:
        """Read a series."""
        return self._folder.read(self._series_by_key[f"{kind}:{symbol}"])

    def dropped(self, symbol: str, day: str) -> int:
        """Return the number of filled-forward minutes of `symbol` that were left out on `day`."""
        series = self._series_by_key.get(f"minute:{symbol}")
        return series.dropped.get(day, 0) if series is not None else 0

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        """Return the declared corporate actions of `symbols`, by day."""
        return [each for each in self._folder.all_actions if each.symbol in symbols]

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        """Return the funding rates of `symbols` in the folder's table, in order of time."""
        return [each for each in self._funding if each.symbol in symbols]

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        """Return the halts of `symbols` in the folder's table, in order of time."""
        return [each for each in self._halts if each.symbol in symbols]
