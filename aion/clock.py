"""Clocks: the only source of time in Aion.

All times are aware UTC datetimes. Market time and wall time are never mixed: a bot asks its `Clock`
for market time and `SystemClock` for the wall.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))
_MOST_DAYS = 4096  # whose text is remembered
_days: dict[int, tuple[str, str]] = {}


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """Return the wall time, aware UTC."""
        return datetime.now(UTC)


class ReplayClock:
    """Market time of a replay: it moves only when bars are delivered.

    A machine that slept resumes where it stopped, because nothing here reads the wall clock.
    """

    def __init__(self, start: datetime) -> None:
        """Args: start: market time before the first bar, aware UTC."""
        self._now = start

    def now(self) -> datetime:
        """Return the market time of the newest bar delivered, aware UTC."""
        return self._now

    def advance(self, to: datetime) -> None:
        """Move to `to` (aware UTC).

        Raises:
            ValueError: `to` is before the present market time; time never runs back inside a run.
        """
        if to < self._now:
            raise ValueError(f"replay clock cannot go back from {self._now} to {to}")
        self._now = to


class FixedClock:
    """A clock that stands still, for tests and for `--deterministic` output."""

    def __init__(self, at: datetime) -> None:
        """Args: at: the time it always tells, aware UTC."""
        self._at = at

    def now(self) -> datetime:
        """Return the fixed time."""
        return self._at

    def tick(self, step: timedelta) -> None:
        """Move by `step`; tests use it to let time pass."""
        self._at += step


def iso(at: datetime) -> str:
    """Return `at` as ISO 8601 UTC with a `Z`, in the shortest exact form.

    Minutes where seconds are zero (`2022-05-19T13:31Z`), seconds or microseconds where they are not.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"time without a zone: {at!r}")
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    if utc.microsecond:
        return utc.isoformat(timespec="microseconds")[:-6] + "Z"
    # isoformat of a time with a zone takes four times as long, and every record of the ledger has several times
    minute = f"{_day_texts(utc)[0]}T{_TWO_DIGITS[utc.hour]}:{_TWO_DIGITS[utc.minute]}"
    return f"{minute}:{_TWO_DIGITS[utc.second]}Z" if utc.second else f"{minute}Z"


def compact(at: datetime, *, is_to_the_minute: bool = False) -> str:
    """Return `at` as `20220519T133100` in UTC, with microseconds only where there are some, or `20220519T1331`."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    minute = f"{_day_texts(utc)[1]}T{_TWO_DIGITS[utc.hour]}{_TWO_DIGITS[utc.minute]}"
    if is_to_the_minute:
        return minute
    second = f"{minute}{_TWO_DIGITS[utc.second]}"
    return f"{second}{utc.microsecond:06}" if utc.microsecond else second


def _day_texts(utc: datetime) -> tuple[str, str]:
    """Return the date of `utc` with and without hyphens."""
    number = utc.toordinal()
    texts = _days.get(number)
    if texts is None:
        if len(_days) >= _MOST_DAYS:
            _days.clear()
        text = str(utc.date())
        texts = _days[number] = text, text.replace("-", "")
    return texts


def parse_iso(text: str) -> datetime:
    """Return the aware UTC datetime of an ISO 8601 `text`.

    Raises:
        ValueError: not ISO 8601, or without a zone.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return at.astimezone(UTC)
