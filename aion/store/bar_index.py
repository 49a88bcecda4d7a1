"""Validates an entry in the index of a folder of bars, for all readers; a bad entry affects only itself."""

import re
from collections.abc import Mapping
from typing import Any

MAX_ROWS = 10_000_000
FILE = re.compile(r"(?:minute|day)_[A-Za-z0-9._-]{1,200}\.(?:parquet|csv\.gz)")
"""Names that `BarFolder.write` gives; an index may name no other, be it below the folder."""
_TEXTS = ("kind", "symbol", "exchange", "currency", "file")
_LONGEST_SYMBOL = 200
_MORE_TEXTS = (
    "timezone", "tick", "lot", "quantity_step", "name", "source", "first", "last", "venue", "instrument_kind",
    "multiplier", "margin", "settlement", "expiry", "strike", "right", "underlying", "final_price",
)  # fmt: skip


def check_entry(key: str, entry: object) -> Mapping[str, Any]:
    """Return a validated entry of an index.

    Args:
        key: its name in the index, `minute:MSFT`.
        entry: as JSON has it.

    Raises:
        ValueError: it is invalid; the message says why.
    """
    if not isinstance(entry, dict):
        raise ValueError("it is no object")
    _check_texts(entry)
    if entry["kind"] not in ("minute", "day"):
        raise ValueError(f"its kind is {_shown(entry['kind'])}: minute and day are known")
    if not 0 < len(entry["symbol"]) <= _LONGEST_SYMBOL:
        raise ValueError(f"its symbol has {len(entry['symbol'])} characters: 1 to {_LONGEST_SYMBOL} are read")
    if key != f"{entry['kind']}:{entry['symbol']}":
        raise ValueError(f"it says that it is {entry['kind']}:{_shown(entry['symbol'])}")
    if not FILE.fullmatch(entry["file"]):
        raise ValueError(f"it is said to be in {_shown(entry['file'])}, which is no file of this folder")
    if not _is_whole(entry.get("rows", 0), 0, MAX_ROWS):
        raise ValueError(f"it has {_shown(entry['rows'])} rows; at most {MAX_ROWS:,} are read")
    interval, anchor = entry.get("interval_s", 60), entry.get("anchor", "open")
    if anchor not in ("open", "clock") or not _is_whole(interval, 60, 86_399):
        raise ValueError(f"it has bars of {_shown(interval)} s from {_shown(anchor)} on")
    if not isinstance(entry.get("has_volume", True), bool):
        raise ValueError(f"its has_volume is {_shown(entry['has_volume'])}: true or false")
    if entry.get("price_basis", "") not in ("raw", "adjusted", None):
        raise ValueError(f"its price_basis is {_shown(entry.get('price_basis', 'missing'))}: raw, adjusted or null")
    _check_dropped(entry.get("dropped", {}))
    return entry


def _check_dropped(dropped: object) -> None:
    if not isinstance(dropped, dict) or not all(_is_whole(each, 0, MAX_ROWS) for each in dropped.values()):
        raise ValueError("what it says of bars that were left out (dropped) are no counts by day")


def _check_texts(entry: Mapping[str, Any]) -> None:
    for name in (*_TEXTS, *(each for each in _MORE_TEXTS if each in entry)):
        if name not in entry:
            raise ValueError(f"it has no {name}")
        if not isinstance(entry[name], str):
            raise ValueError(f"its {name} is {_shown(entry[name])}, no text")


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _shown(value: object) -> str:
    return repr(value)[:80]
