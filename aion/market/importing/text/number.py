"""Recognizes how a file writes numbers and converts them: decimal commas, thousands, `22.35M`, `$`.

A cell such as `1,234` is ambiguous: a thousand, or a decimal fraction. The other cells of the file decide; if none
does, the file is refused, and the message names the option that decides.
"""

import re
from collections.abc import Iterable
from typing import Literal

from aion.errors import FeedError

Decimals = Literal["", "point", "comma"]
"""What stands before decimals; empty for told."""

_DECORATION = str.maketrans("", "", "$€£¥ \u00a0\u202f\u2009'\u2019")
_SUFFIX = {"K": "e3", "M": "e6", "B": "e9"}
_SCALED = re.compile(r"(.*\d)([KMB])", re.I)
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d*)(?:\.\d*)?(?:e[+-]?\d+)?", re.I)
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{2,3})*\.\d{3}|\d*)(?:,\d*)?(?:e[+-]?\d+)?", re.I)
_GROUP = 3


def is_plain(text: str) -> bool:
    """Tell whether `text` is a number as programs write it."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def find_decimals(cells: Iterable[str]) -> Literal["point", "comma"]:
    """Return the decimal separator of `cells`, which are all numbers of a file.

    Raises:
        FeedError: the cells are ambiguous or contradict each other.
    """
    seen: dict[str, str] = {}
    doubtful = ""
    for cell in cells:
        kind = _evidence(cell)
        if kind == "either":
            doubtful = doubtful or cell
        elif kind:
            seen.setdefault(kind, cell)
    if len(seen) > 1:
        raise FeedError(
            f"{seen['point']!r} has a decimal point and {seen['comma']!r} a decimal comma: choose with "
            "--decimal point or --decimal comma"
        )
    if seen:
        return "point" if "point" in seen else "comma"
    if doubtful:
        raise FeedError(
            f"its number {doubtful!r} can be {doubtful.replace(',', '')} or {doubtful.replace(',', '.')}, and no "
            "other number in it decides: add --decimal point or --decimal comma"
        )
    return "point"


def _evidence(cell: str) -> str:
    """Return `point`, `comma`, `either` of a comma that can be both, or nothing."""
    text = cell.translate(_DECORATION).strip("+-").rstrip("KMBkmb%")
    commas, points = text.count(","), text.count(".")
    if not commas and not points:
        return ""
    if not text.replace(",", "").replace(".", "").isdecimal():
        return ""
    if commas and points:
        return "point" if text.rindex(".") > text.rindex(",") else "comma"
    if commas > 1 or points > 1:
        return "point" if commas else "comma"
    head, _, tail = text.partition("," if commas else ".")
    is_group = len(tail) == _GROUP and 0 < len(head) <= _GROUP and not head.startswith("0")
    if points:
        return "" if is_group else "point"  # 1.234 is a decimal point as long as nothing says otherwise
    return "either" if is_group else "comma"


def plain_number(cell: str, decimals: Decimals) -> str:
    """Return `cell` in Python's form; a cell that is not a number is returned unchanged."""
    if decimals != "comma" and is_plain(cell):
        return cell
    text = cell.translate(_DECORATION)
    scale = ""
    if (found := _SCALED.fullmatch(text)) is not None:
        text, scale = found[1], _SUFFIX[found[2].upper()]
    if decimals == "comma":
        if _COMMA.fullmatch(text) is None:
            return cell
        text = text.replace(".", "").replace(",", ".")
    elif _POINT.fullmatch(text) is None:
        return cell
    else:
        text = text.replace(",", "")
    return text + scale if is_plain(text + scale) else cell
