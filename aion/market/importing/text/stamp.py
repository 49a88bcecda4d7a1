"""Reads the times of a file: ISO 8601, numbers since 1970, and European, US and other date formats.

One format has to fit the whole file exactly. If two formats fit and mean different days, the file is refused, and the
message names the options that decide.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from aion.errors import ConfigError, FeedError

Stamp = date | datetime | str
"""A day, a time with or without a zone, or why the text is neither."""

ORDERS = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}
NO_TIME = "no time that can be read"
_DATES = {
    "DMY": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y", "%d%m%Y"),
    "MDY": ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y", "%m%d%Y"),
    "YMD": ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%y/%m/%d", "%y.%m.%d", "%y-%m-%d", "%Y%m%d"),
    "": (
        "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d-%B-%Y",
        "%d. %b %Y", "%d. %B %Y", "%d/%b/%Y", "%d %b %y", "%Y-%b-%d", "%b-%d-%Y", "%a %b %d %Y", "%a, %b %d, %Y",
        "%A, %B %d, %Y", "%a, %d %b %Y", "%b %d '%y", "%b %d, %y",
    ),
}  # fmt: skip
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I %p", " %H%M", " %H%M%S",
)  # fmt: skip
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AP]M)?"
_OFFSET = re.compile(rf"(?P<text>.*{_CLOCK})\s*(?P<utc>UTC|GMT|Z)?\s*(?P<offset>[+-]\d{{1,2}}(?::?\d{{2}})?)?", re.I)
_NAMED = re.compile(r"(?P<text>.*\d(?:\s*[AP]M)?)\s+\(?(?P<zone>[A-Za-z]+/[A-Za-z_/+-]+|UTC|GMT|Z)\)?", re.I)
_SHORT = re.compile(rf"(?P<text>.*{_CLOCK})\s+\(?(?P<zone>[A-Z]{{2,5}})\)?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[ T]?(\d\d):?(\d\d)(?::?(\d\d))?")
_DASHED = re.compile(r"(\d{4}-\d\d-\d\d)[-_ T](\d\d)-(\d\d)(?:-(\d\d))?")
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[Tt _]\d\d(?::?\d\d.*)?)?")
_AFTER_OFFSET = re.compile(r"(.*\d(?:Z| ?(?:GMT|UTC)?[+-]\d\d:?\d\d))(?:\[[\w/+-]+\]| \([A-Za-z ]+\))")
"""The zone once more behind its offset, as Java and JavaScript write it."""
_POINTED = re.compile(r"(\d{4})[./](\d{1,2})[./](\d{1,2})(.*)")
_EASTERN = {
    "US/Eastern": "America/New_York", "US/Central": "America/Chicago", "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles", "EST5EDT": "America/New_York",
}  # fmt: skip
_EPOCH_SCALES = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
"""Numbers below each are seconds, milliseconds, microseconds, nanoseconds: as seconds 10**11 is the year 5138."""
_SMALLEST_EPOCH = 10**8  # 1973; eight digits are a day as 20240102
_LONGEST_DAY = len("2024-01-31")
_EXCEL = (Decimal(20_000), Decimal(80_000))  # days since 1900: 1954 to 2119
_SPACE = re.compile(r"\s+")


def read_stamps(texts: Sequence[str], form: str = "", zone: tzinfo | None = None) -> list[Stamp]:
    """Return the time of each text.

    Args:
        texts: one column of one file.
        form: date format, `DMY`, `MDY`, `YMD` or a pattern such as `%d.%m.%Y %H:%M`; empty to find it.
        zone: zone of times without one, from the file's heading.

    Raises:
        ConfigError: an invalid format.
        FeedError: the dates are ambiguous.
    """
    known: dict[str, Stamp] = {}
    open_texts: dict[str, tuple[str, tzinfo | None]] = {}
    for text in dict.fromkeys(texts):
        if (at := _epoch(text)) is not None:
            known[text] = at
            continue
        try:
            plain, own = _split(text)
        except ValueError as error:
            known[text] = str(error)
            continue
        found = None if form else _iso(plain)
        if found is None:
            open_texts[text] = (plain, own)
        else:
            known[text] = _with(found, own)
    if open_texts and (form or 2 * len(open_texts) > len(known)):
        read = _by_pattern([plain for plain, _ in open_texts.values()], form)
        for (text, (_, own)), at in zip(open_texts.items(), read, strict=True):
            known[text] = _with(at, own) if at is not None else NO_TIME
    return [_zoned(known.get(text, NO_TIME), zone) for text in texts]


def is_stamp(text: str) -> bool:
    """Tell whether `text` is a day or a time, in any format."""
    if _epoch(text) is not None:
        return True
    try:
        plain, _ = _split(text)
    except ValueError:
        return True  # a time with a zone that is not known
    return _iso(plain) is not None or any(_parses(plain, each) for each in _patterns(""))


def _zoned(stamp: Stamp, zone: tzinfo | None) -> Stamp:
    if zone is not None and isinstance(stamp, datetime) and stamp.tzinfo is None:
        return stamp.replace(tzinfo=zone)
    return stamp


def _with(stamp: date | datetime, zone: tzinfo | None) -> Stamp:
    if zone is not None and not isinstance(stamp, datetime):
        return datetime(stamp.year, stamp.month, stamp.day, tzinfo=zone)
    return _zoned(stamp, zone)


def _epoch(text: str) -> datetime | Stamp | None:
    if (
        not text
        or text[0] not in "0123456789"
        or not text.upper().replace(".", "", 1).replace("E+", "", 1).isdecimal()
    ):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if _EXCEL[0] < value < _EXCEL[1]:
        return "Excel's count of days, not a time: format that column as a date, 2024-01-31, and save again"
    if value < _SMALLEST_EPOCH or (_COMPACT.fullmatch(text) and _iso(text) is not None):
        return None
    for limit, scale in _EPOCH_SCALES:
        if value < limit:
            whole = int(value * 1_000_000 / scale)
            with suppress(OverflowError):
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=whole)
    return None


def _split(text: str) -> tuple[str, tzinfo | None]:
    """Return `text` without its zone, and the zone; ValueError names an unknown zone."""
    plain = _SPACE.sub(" ", text.replace("-PM", " PM").replace("-AM", " AM")).strip().removesuffix(" Uhr")
    if (found := _AFTER_OFFSET.fullmatch(plain)) is not None:
        plain = found[1]
    if (found := _NAMED.fullmatch(plain)) is not None:
        name = found["zone"]
        if name.upper() in ("UTC", "GMT", "Z"):
            return found["text"], UTC
        try:
            return found["text"], ZoneInfo(_EASTERN.get(name, name))
        except (ValueError, OSError, KeyError):
            raise ValueError(f"a time in {name}, which is not a known time zone") from None
    if (found := _OFFSET.fullmatch(plain)) is not None and (found["utc"] or found["offset"]):
        return found["text"], _offset(found["offset"])
    if (found := _SHORT.fullmatch(plain)) is not None and found["zone"] not in ("AM", "PM"):
        return found["text"], None  # EST names no zone alone: it is as if there were none
    return plain, None


def _offset(text: str | None) -> tzinfo:
    if not text:
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away) if away else UTC


def _iso(text: str) -> date | datetime | None:
    if (found := _POINTED.fullmatch(text)) is not None:
        text = f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}{found[4]}"
    elif (found := _COMPACT.fullmatch(text)) is not None:
        text = f"{found[1]}-{found[2]}-{found[3]} {found[4]}:{found[5]}:{found[6] or '00'}"
    elif (found := _DASHED.fullmatch(text)) is not None:
        text = f"{found[1]} {found[2]}:{found[3]}:{found[4] or '00'}"
    if _ISO.fullmatch(text) is None:
        return None  # Python takes any letter for a T, and what follows an hour for its offset
    with suppress(ValueError):
        return date.fromisoformat(text) if len(text) <= _LONGEST_DAY else datetime.fromisoformat(text)
    return None


def _patterns(form: str) -> list[str]:
    if form and form.upper() not in ORDERS:
        if "%" not in form:
            raise ConfigError(
                f"--date-format {form!r} is no date format: use DMY, MDY, YMD, or a pattern such as '%d.%m.%Y %H:%M'"
            )
        return [form]
    dates = [each for order, known in _DATES.items() if form.upper() in ("", order) for each in known]
    return [day + clock for day in dates for clock in _CLOCKS]


def _parses(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 - whether it fits
    except ValueError:
        return False
    return True


def _by_pattern(texts: Sequence[str], form: str) -> list[date | datetime | None]:
    """Return the times by the pattern that fits most texts; None for texts that it does not fit."""
    texts = [
        _SPACE.sub(" ", text.replace(", ", " ") if re.match(r"\d+[./-]\d+[./-]\d+,", text) else text)
        for text in texts
    ]
    sample = texts[:: max(1, len(texts) // 50)]
    fitting = [pattern for pattern in _patterns(form) if any(_parses(text, pattern) for text in sample)]
    if not fitting:
        return [None] * len(texts)
    import pandas  # noqa: PLC0415 - takes seconds, and most files need none of it

    column = pandas.Series(texts, dtype="str")
    read = {each: pandas.to_datetime(column, format=each, errors="coerce") for each in fitting}
    counts = {each: int(times.notna().sum()) for each, times in read.items()}
    best = max(counts.values())
    ties = [each for each in fitting if counts[each] == best]
    first = ties[0]
    for other in ties[1:]:
        differs = (read[first] != read[other]) & read[first].notna() & read[other].notna()
        if differs.any():
            place = int(differs.idxmax())
            raise FeedError(_doubt(texts[place], read[first][place], read[other][place], first, other))
    has_clock = "%H" in first or "%I" in first
    return [
        None if at is pandas.NaT else at.to_pydatetime(warn=False) if has_clock else at.date() for at in read[first]
    ]


def _doubt(text: str, one: date, two: date, first: str, second: str) -> str:
    ways = []
    for at, pattern in ((one, first), (two, second)):
        order = next((name for name, known in _DATES.items() if name and pattern.startswith(known)), "")
        ways.append(f"{at:%d %b %Y} (--date-format {order or repr(pattern)})")
    return f"its date {text!r} can be {ways[0]} or {ways[1]}, and no date in it tells which: say it"
