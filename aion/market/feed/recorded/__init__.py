"""The recorded feed: real bars that ship with Aion (`PROVENANCE.md` beside this file)."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from aion.errors import FeedError
from aion.market.feed.tape import Tape
from aion.market.instrument import instrument
from aion.market.series import Kind
from aion.model import Bar, Instrument

FOLDER = Path(__file__).parent
_PENNY_PART = Decimal("0.0001")  # the source has its pence with two decimals
_UNITS = {"GBX": Decimal("0.01")}  # pence, converted here and nowhere else


class RecordedFeed(Tape):
    """Minute bars of three exchanges (2022-05-18..06-15) and daily bars of ten US stocks (2015..2024).

    A series is read when it is first used and then stays in memory.
    """

    name = "recorded"
    provenance = (
        "Real bars: MSFT, AZN.L and 9988.HK by the minute (from the samples of market-prices 0.12.14), ten US stocks "
        "by the day, adjusted for splits and dividends (from the samples of roboquant 2.0.1)."
    )

    def __init__(self, folder: Path = FOLDER) -> None:
        """Args: folder: has `index.json` and the series."""
        super().__init__()
        self._folder = folder
        try:
            index: dict[str, Any] = json.loads((folder / "index.json").read_bytes())
        except (OSError, ValueError) as error:
            raise FeedError(f"recorded bars cannot be read: {error}; install the package again") from None
        self._entries: dict[str, dict[str, Any]] = index["series"]

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments of `kind` by symbol."""
        return {
            key.split(":", 1)[1]: instrument(
                key.split(":", 1)[1], entry["exchange"], entry["currency"], entry["price_basis"]
            )
            for key, entry in self._entries.items()
            if key.startswith(f"{kind}:")
        }

    def dropped(self, symbol: str, day: str) -> int:
        """Return the number of filled-forward minutes of `symbol` that were left out on `day`."""
        return int(self._entries.get(f"minute:{symbol}", {}).get("dropped", {}).get(day, 0))

    def read(self, kind: Kind, symbol: str) -> list[Bar]:
        """Read a series and verify that it is unchanged."""
        entry = self._entries[f"{kind}:{symbol}"]
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
                else ((Decimal(each) * unit).quantize(_PENNY_PART) for each in prices)
            )
            bars.append(Bar(symbol, datetime.fromisoformat(ts), opened, high, low, closed, Decimal(volume)))
        return bars
