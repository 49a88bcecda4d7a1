"""Checks what callers give: numbers without rounding, times with a zone, texts that state files can hold.

Every error names the argument, its value and what is allowed. Nothing here knows of accounts or files.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Union

from aion_client.errors import ClientError

Number = Union[int, float, Decimal, str]
"""An amount, a price or a quantity; texts and `Decimal` keep all their digits."""
Time = Union[datetime, int, float, str, None]
"""Aware `datetime`, ISO 8601 text with a zone, or seconds (milliseconds from 1e11 on) since 1970; None for now."""

EXACT = Context(prec=400)
"""Sums and products are exact: 18 decimals of amounts below `MOST` need fewer digits."""
MOST = Decimal("1e100")
LEAST = Decimal("1e-36")
"""Digits behind the 36th are cut off."""
LONGEST_TEXT = 2000
LONGEST_KEY = 128
_MILLISECONDS_FROM = 1e11  # as seconds, the year 5138
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = {"desk", "con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
_CURRENCY = re.compile(r"[A-Z0-9]{3,10}")
_INTEGER_LIKE = re.compile(r"[0-9]{1,10}")
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def number(name: str, value: Any) -> Decimal:
    """Return `value` without rounding; a float means the shortest digits that are read as it.

    Raises:
        ClientError: it is no number, not finite, or above 1e100 in size.
    """
    if isinstance(value, bool):
        raise ClientError(f"{name}={value!r} is no number")
    text = float.__repr__(value) if isinstance(value, float) else str(value).strip()
    try:
        found = Decimal(text) if "_" not in text else Decimal("x")
    except InvalidOperation:
        raise ClientError(f"{name}={_short(value)} is no number") from None
    if not found.is_finite():
        raise ClientError(f"{name}={_short(value)} is not a finite number")
    if abs(found) > MOST:
        raise ClientError(f"{name}={_short(value)} is larger than 1e100, the largest number that a desk reads")
    exponent = found.as_tuple().exponent
    return found if isinstance(exponent, int) and exponent >= -36 else found.quantize(LEAST, "ROUND_DOWN", EXACT)


def above_zero(name: str, value: Any) -> Decimal:
    """Return `value` as `number` does.

    Raises:
        ClientError: it is none, or not above 0.
    """
    found = number(name, value)
    if found <= 0:
        raise ClientError(f"{name}={_short(value)} must be above 0")
    return found


def moment(name: str, value: Time) -> datetime:
    """Return a time in UTC.

    Raises:
        ClientError: it is none, has no zone, or lies outside the years 1900 to 2199.
    """
    if value is None:
        return datetime.now(timezone.utc)
    try:
        if isinstance(value, str):
            text = value.strip()
            at = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
        elif isinstance(value, datetime):
            at = datetime.fromtimestamp(value.timestamp(), value.tzinfo) if type(value) is not datetime else value
        else:
            seconds = float(value)
            if abs(seconds) >= _MILLISECONDS_FROM:
                seconds /= 1000
            at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
        if at.tzinfo is None:
            raise ClientError(f"{name}={_short(value)} has no time zone: say UTC with +00:00 or timezone.utc")
        at = at.astimezone(timezone.utc)
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, ClientError):
            raise
        raise ClientError(f"{name}={_short(value)} is no time, such as 2026-11-30T14:05:00Z") from None
    if not 1900 <= at.year < 2200:
        raise ClientError(f"{name}={_short(value)} is not within the years 1900 to 2199")
    return at


def iso(at: datetime) -> str:
    """Return a UTC time as state files have it, in the shortest exact form."""
    if at.microsecond:
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return at.strftime("%Y-%m-%dT%H:%M:%SZ" if at.second else "%Y-%m-%dT%H:%MZ")


def span(name: str, value: str | float | timedelta | None) -> float | None:
    """Return a duration in seconds: of `"1m"`, `"4h"`, seconds, or a `timedelta`; None for none.

    Raises:
        ClientError: it is none, or not above 0.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str) and (match := _SPAN.fullmatch(value.strip().lower())):
        seconds = float(match[1]) * _UNIT_S[match[2]]
    else:
        try:
            seconds = float(number(name, value))
        except ClientError:
            raise ClientError(f"{name}={_short(value)} is no duration, such as '1m', '4h' or 60 seconds") from None
    if not 0 < seconds <= 86400 * 400:
        raise ClientError(f"{name}={_short(value)} must be above 0 and at most 400 days")
    return seconds


def side(name: str, value: Any) -> str:
    """Return `buy` or `sell`; the words `long` and `short` and other cases are taken too.

    Raises:
        ClientError: it is another word.
    """
    word = str(getattr(value, "name", value)).strip().lower()
    found = {"buy": "buy", "long": "buy", "b": "buy", "sell": "sell", "short": "sell", "s": "sell"}.get(word)
    if found is None:
        raise ClientError(f"{name}={_short(value)} must be 'buy' or 'sell'")
    return found


def name_of_bot(name: str, value: Any) -> str:
    """Return a bot's name.

    Raises:
        ClientError: no file can be named so.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ClientError(
            f"{name}={_short(value)} must be 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first"
        )
    if value.split(".")[0].lower() in _RESERVED:
        raise ClientError(f"{name}={_short(value)} is reserved: choose another one")
    return value


def currency(name: str, value: Any) -> str:
    """Return the name of a currency or coin in capitals.

    Raises:
        ClientError: it is not 3 to 10 letters and digits.
    """
    text = str(value).strip().upper()
    if not _CURRENCY.fullmatch(text):
        raise ClientError(f"{name}={_short(value)} must be 3 to 10 letters or digits, such as USD or USDT")
    return text


def key(name: str, value: Any) -> str:
    """Return a symbol or an id as state files can hold it.

    Raises:
        ClientError: it is empty, too long, holds control characters, or looks like an integer.
    """
    text = str(value).strip()
    if not 1 <= len(text) <= LONGEST_KEY - 8 or _CONTROL.search(text):
        raise ClientError(f"{name}={_short(value)} must be 1 to {LONGEST_KEY - 8} characters in one line")
    if _INTEGER_LIKE.fullmatch(text):
        raise ClientError(
            f"{name}={_short(value)} looks like an integer, which browsers reorder: name its market too, "
            f"such as '{text[:10]}.HK'"
        )
    return text


def text(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Return `value` as one line that a state file can hold, cut to `longest` characters."""
    return _CONTROL.sub(" ", "" if value is None else str(value))[:longest]


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
