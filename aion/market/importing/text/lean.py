"""Zip files of LEAN: one file per day, with the day in its name and times as milliseconds since midnight.

Prices of shares are whole ten-thousandths of a dollar; those of crypto, currencies and futures are plain.

Source: LEAN's data format, https://www.quantconnect.com/docs/v2/lean-cli/datasets/format-and-storage
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath

_INTRADAY = re.compile(r"(\d{8})_(.+)_(second|minute)_(trade|quote)\.csv", re.I)
_LONG = re.compile(r"\d{8} \d\d:\d\d")
_MIDNIGHT_MS = 86_400_000
UNIT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Lean:
    """The information in the name of a member."""

    symbol: str
    day: date | None
    """None of hours and days, whose rows say it."""


def find_lean(path: PurePath, member: str, rows: Sequence[Sequence[str]]) -> Lean | None:
    """Return the information in the name of a member of the zip `path`, None if it is not LEAN's."""
    if path.suffix.lower() != ".zip" or not rows:
        return None
    name = PurePath(member).name
    if (found := _INTRADAY.fullmatch(name)) is not None:
        try:
            day = datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return None
        first = rows[0][0].strip() if rows[0] else ""
        return Lean(found[2].upper(), day) if first.isdecimal() and int(first) < _MIDNIGHT_MS else None
    plain = len(rows[0]) == 6 and _LONG.fullmatch(rows[0][0].strip()) is not None
    return Lean(path.stem.partition("_")[0].upper(), None) if plain else None


def time_text(cell: str, day: date) -> str:
    """Return milliseconds since midnight as a time of `day`; any other text unchanged."""
    if not cell.strip().isdecimal() or int(cell) >= _MIDNIGHT_MS:
        return cell
    return (datetime.combine(day, time()) + timedelta(milliseconds=int(cell))).isoformat()


def has_shares(rows: Sequence[dict[str, str]]) -> bool:
    """Tell whether prices are whole numbers throughout, as those of shares are in LEAN."""
    return all(row.get(each, "").isdecimal() for row in rows for each in ("open", "high", "low", "close"))
