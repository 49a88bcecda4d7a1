"""Times as texts."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from aion.clock import iso, parse_iso

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
