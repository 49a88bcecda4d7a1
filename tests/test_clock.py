"""Times as texts."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from aion.clock import compact, iso, parse_iso

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime.min.replace(year=2), datetime.max.replace(year=9998), timezones=ZONES)  # noqa: DTZ901 - hypothesis wants them so


@given(TIMES, st.sampled_from(("minutes", "seconds", "microseconds")))
@example(datetime(987, 1, 2, 3, 4, tzinfo=UTC), "minutes")
def test_iso_when_a_time_is_said_then_it_is_as_short_as_exact_and_comes_back(at: datetime, exact: str) -> None:
    at = datetime.fromisoformat(at.isoformat(timespec=exact))
    utc = at.astimezone(UTC)
    needed = "microseconds" if utc.microsecond else "seconds" if utc.second else "minutes"
    assert iso(at) == utc.isoformat(timespec=needed).replace("+00:00", "Z")
    assert parse_iso(iso(at)) == at


@given(TIMES.filter(lambda at: at.astimezone(UTC).year > 999))
@example(datetime(2022, 5, 19, 13, 30, tzinfo=UTC))
@example(datetime(2022, 5, 19, 13, 30, 0, 5, tzinfo=UTC))
def test_compact_when_a_time_is_said_then_there_are_microseconds_only_where_needed(at: datetime) -> None:
    utc = at.astimezone(UTC)
    assert compact(at) == utc.strftime("%Y%m%dT%H%M%S%f" if utc.microsecond else "%Y%m%dT%H%M%S")
    assert compact(at, is_to_the_minute=True) == utc.strftime("%Y%m%dT%H%M")
