"""The recorded feed: real bars that ship with Aion (`PROVENANCE.md` beside this file)."""

import gzip
import hashlib
import heapq
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from aion.errors import FeedError
from aion.market.feed.protocol import Batch, Kind
from aion.market.instrument import instrument
from aion.model import PRICE_STEP, Bar, Instrument

FOLDER = Path(__file__).parent
_UNITS = {"GBX": Decimal("0.01")}  # pence, converted here and nowhere else


class RecordedFeed:
    """Minute bars of three exchanges (2022-05-18..06-15) and daily bars of ten US names (2015..2024).

    A series is read when it is first asked for and then stays in memory.
    """

    name = "recorded"
    real_time = False
    provenance = (
        "Real bars: MSFT, AZN.L and 9988.HK by the minute (from the samples of market-prices 0.12.14), ten US stocks "
        "by the day, adjusted for splits and dividends (from the samples of roboquant 2.0.1)."
    )

    def __init__(self, folder: Path = FOLDER) -> None:
        """Args: folder: where `index.json` and the series lie."""
        self._folder = folder
        try:
            index: dict[str, Any] = json.loads((folder / "index.json").read_bytes())
        except (OSError, ValueError) as error:
            raise FeedError(f"recorded bars cannot be read: {error}; install the package again") from None
        self._entries: dict[str, dict[str, Any]] = index["series"]
        self._bars: dict[str, list[Bar]] = {}
        self._times: dict[str, list[datetime]] = {}

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments of `kind` by symbol."""
        return {
            key.split(":", 1)[1]: instrument(
                key.split(":", 1)[1], entry["exchange"], entry["currency"], entry["price_basis"]
            )
            for key, entry in self._entries.items()
            if key.startswith(f"{kind}:")
        }

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        """Return the newest `count` bars at or before `before`, oldest first."""
        bars = self._series(kind, symbol)
        end = bisect_right(self._times[f"{kind}:{symbol}"], before)
        return bars[max(0, end - count) : end]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        """Yield the bars of `symbols` after `after`, one batch a moment."""
        tails = [
            self._series(kind, symbol)[bisect_right(self._times[f"{kind}:{symbol}"], after) :]
            for symbol in sorted(symbols)
            if self._series(kind, symbol)
        ]
        gathered: dict[str, Bar] = {}
        at: datetime | None = None
        for bar in heapq.merge(*tails, key=lambda each: each.ts):
            if at is not None and bar.ts != at:
                yield Batch(at, kind, gathered)
                gathered = {}
            at = bar.ts
            gathered[bar.symbol] = bar
        if at is not None:
            yield Batch(at, kind, gathered)

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        """Return the first and last close of `kind`."""
        series = [self._series(kind, symbol) for symbol in self.instruments(kind)]
        return min(bars[0].ts for bars in series), max(bars[-1].ts for bars in series)

    def dropped(self, symbol: str, day: str) -> int:
        """Return how many filled-forward minutes of `symbol` were left out on `day`."""
        return int(self._entries.get(f"minute:{symbol}", {}).get("dropped", {}).get(day, 0))

    def _series(self, kind: Kind, symbol: str) -> list[Bar]:
        key = f"{kind}:{symbol}"
        found = self._bars.get(key)
        if found is None:
            entry = self._entries.get(key)
            if entry is None:
                known = ", ".join(sorted(self.instruments(kind)))
                raise FeedError(f"the recorded feed has no {kind} bars of {symbol!r}; it has {known}")
            found = self._read(symbol, entry)
            self._bars[key] = found
            self._times[key] = [bar.ts for bar in found]
        return found

    def _read(self, symbol: str, entry: Mapping[str, Any]) -> list[Bar]:
        try:
            packed = (self._folder / entry["file"]).read_bytes()
        except OSError as error:
            raise FeedError(f"recorded bars cannot be read: {error}; install the package again") from None
        if hashlib.sha256(packed).hexdigest() != entry["sha256"]:
            raise FeedError(
                f"recorded bars are damaged: {entry['file']} is not as shipped; install the package again"
            )
        # the hash says that these are the rows that the tests have validated, so they are only parsed
        unit = _UNITS.get(entry["unit"])
        bars = []
        for line in gzip.decompress(packed).decode().splitlines()[1:]:
            ts, *prices, volume = line.split(",")
            opened, high, low, closed = (
                map(Decimal, prices)
                if unit is None
                else ((Decimal(each) * unit).quantize(PRICE_STEP) for each in prices)
            )
            bars.append(Bar(symbol, datetime.fromisoformat(ts), opened, high, low, closed, Decimal(volume)))
        return bars
