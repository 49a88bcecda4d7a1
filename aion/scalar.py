"""Basic types of the documents: numbers, times, keys and texts with their limits."""

import re
from datetime import UTC, date, datetime
from math import isfinite
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from aion.clock import iso
from aion.currency import MOST_DECIMALS

PART_ITEMS = 10_000  # in a map of one fill, symbol, session or preview
_INTEGER_LIKE = re.compile(r"[0-9]{1,10}")  # the keys that JavaScript moves to the front, in numeric order
_UTC_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z")


def _key(value: str) -> str:
    if _INTEGER_LIKE.fullmatch(value):
        raise ValueError(f"key {value!r} looks like an integer: put a letter in front, such as f{value}")
    return value


_MONTH_AND_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_UTC_LINES = re.compile(
    rf"(?:(?:19|2[01])[0-9]{{2}}-{_MONTH_AND_DAY}"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?Z\n)*+"
)
"""Texts as `_UTC_TEXT` that are times of the years 1900 to 2199, one a line; a 29 February needs a closer look."""


def _curve(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Take a curve that is right at a glance; each point of any other one is checked by itself."""
    if type(value) is not dict or not value:
        return check(value)
    points: dict[str, float] = value
    types = set(map(type, points.values()))
    if not types <= {float, int} or set(map(type, points)) != {str}:
        return check(value)
    is_within = min(points.values()) >= -MOST and max(points.values()) <= MOST
    if not is_within or not isfinite(sum(points.values())):  # NaN may be neither the least nor the most
        return check(value)
    lines = "\n".join(points) + "\n"
    if lines.count("\n") != len(points) or not _UTC_LINES.fullmatch(lines):
        return check(value)
    return {at: float(equity) for at, equity in points.items()} if int in types else points


def _times(curve: dict[str, float]) -> dict[str, float]:
    return {_time_key(text): value for text, value in curve.items()}


def _time_key(text: str) -> str:
    try:
        at = _utc(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(
            f"key {text[:40]!r} is not an ISO 8601 time with a zone, such as 2022-05-19T13:31Z"
        ) from None
    return text if _UTC_TEXT.fullmatch(text) else iso(at)


def _few(value: object) -> object:
    """Reject a map that is too large before each of its items is validated."""
    if isinstance(value, dict) and len(value) > PART_ITEMS:
        raise ValueError(f"holds {len(value)} items; at most {PART_ITEMS} are read")
    return value


def _day(value: str) -> str:
    date.fromisoformat(value)
    return value


def _utc(at: datetime) -> datetime:
    if not 1900 <= at.year < 2200:
        raise ValueError("the year is not within 1900..2199")
    if at.tzinfo is None:
        raise ValueError("the time has no zone")
    return at.astimezone(UTC)


BotKind = Literal["intraday", "swing"]
"""How a bot trades: by the bars of a session, or by those of days."""
UtcTime = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time with a zone, kept in UTC whatever the zone in the file."""
Key = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_key)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A bot's name: letters, digits, `.`, `_`, `-`; it becomes part of a file name."""
BotId = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,31}~)?[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A bot on a desk: its name; with its machine before it (`m1~trend`) where two machines have a bot of that name."""
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
MOST = 1e100  # a larger number is a mistake, and sums and products of such would not be finite
Number = Annotated[float, Field(allow_inf_nan=False, ge=-MOST, le=MOST)]
Money = Number
Fraction = Number
Price = Number
"""A price; of futures, spreads and indices it may be 0 and below, and a file does not say what its symbols are."""
Decimals = Annotated[int, Field(ge=0, le=MOST_DECIMALS)]
"""Of money."""
Above = Annotated[float, Field(allow_inf_nan=False, gt=0, le=MOST)]
"""A number above zero."""
Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(max_length=128)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Curve = Annotated[dict[Key, Money], AfterValidator(_times), WrapValidator(_curve)]
"""Equity by market time (ISO 8601 UTC): ordered by time, at most `CURVE_POINTS` in a state file."""

Few = BeforeValidator(_few)
"""On a map inside a part of a document."""
SideName = Literal["buy", "sell"]
Positive = Annotated[Number, Field(gt=0)]
NonNegative = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
"""A fraction within 0..1."""
Verb = Annotated[str, Field(max_length=32)]
Label = Annotated[str, Field(max_length=64)]
Answers = dict[Key, Text]
"""What became of requests, by their exact ids: `done`, `accepted`, `refused` or `superseded`; more after a colon."""
