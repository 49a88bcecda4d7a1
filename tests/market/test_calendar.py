"""Sessions of the exchanges: half-days, daylight saving, lunch, holidays, and the shipped table."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion.errors import ConfigError
from aion.market import calendar
from aion.market.exchange import ALWAYS, exchange_of
from aion.market.grid import next_bar
from aion.store.document.base import to_json

MICS = ("XNYS", "XNAS", "XLON", "XHKG")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("mic", "day"),
    [
        ("XNAS", "2022-05-30"),  # Memorial Day
        ("XNYS", "2022-06-20"),  # Juneteenth, observed
        ("XLON", "2022-06-02"),  # Platinum Jubilee, spring holiday moved
        ("XLON", "2022-06-03"),
        ("XHKG", "2022-06-03"),  # Tuen Ng
        ("XNYS", "2018-12-05"),  # day of mourning, not a rule
        ("XNYS", "2025-01-09"),  # day of mourning
        ("XHKG", "2023-09-01"),  # typhoon, in no calendar
        ("XHKG", "2023-09-08"),  # black rainstorm, in no calendar
        ("24/5", "2022-06-04"),  # a Saturday
        ("XTKS", "2024-01-03"),
    ],
)
def test_sessions_on_a_holiday_are_none(mic: str, day: str) -> None:
    assert calendar.sessions(mic, date.fromisoformat(day), date.fromisoformat(day)) == []


@pytest.mark.parametrize(
    ("mic", "day", "closes"),
    [
        ("XNYS", "2015-11-27", "2015-11-27T18:00Z"),  # day after Thanksgiving
        ("XNYS", "2019-07-03", "2019-07-03T17:00Z"),  # summer time: an hour earlier in UTC
        ("XNYS", "2024-12-24", "2024-12-24T18:00Z"),
        ("XLON", "2021-12-24", "2021-12-24T12:30Z"),
        ("XHKG", "2021-12-24", "2021-12-24T04:00Z"),
    ],
)
def test_sessions_on_a_half_day_close_early(mic: str, day: str, closes: str) -> None:
    (session,) = calendar.sessions(mic, date.fromisoformat(day), date.fromisoformat(day))
    assert session.close == at(closes)
    assert session.half_day
    assert session.break_start is None


@pytest.mark.parametrize(
    ("mic", "before", "after", "opens"),
    [
        ("XNYS", "2022-03-11", "2022-03-14", ("14:30", "13:30")),
        ("XNYS", "2022-11-04", "2022-11-07", ("13:30", "14:30")),
        ("XLON", "2022-03-25", "2022-03-28", ("08:00", "07:00")),
        ("XLON", "2022-10-28", "2022-10-31", ("07:00", "08:00")),
        ("XHKG", "2022-03-25", "2022-03-28", ("01:30", "01:30")),  # no daylight saving
    ],
)
def test_sessions_across_a_clock_change_move_in_utc(
    mic: str, before: str, after: str, opens: tuple[str, str]
) -> None:
    found = calendar.sessions(mic, date.fromisoformat(before), date.fromisoformat(after))
    assert [each.open.strftime("%H:%M") for each in found] == list(opens)
    zone = ZoneInfo(exchange_of(mic).timezone)
    assert len({each.open.astimezone(zone).time() for each in found}) == 1


def test_session_at_the_edges_takes_the_close_and_not_the_open() -> None:
    assert calendar.session_at("XNAS", at("2022-05-19T13:30Z")) is None
    assert calendar.session_at("XNAS", at("2022-05-19T13:31Z")) is not None
    assert calendar.session_at("XNAS", at("2022-05-19T20:00Z")) is not None
    assert calendar.session_at("XNAS", at("2022-05-19T20:01Z")) is None


def test_session_at_lunch_is_none_but_session_around_is_the_day() -> None:
    first_of_lunch, last_of_lunch = at("2022-05-19T04:01Z"), at("2022-05-19T05:00Z")
    assert calendar.session_at("XHKG", at("2022-05-19T04:00Z")) is not None
    assert calendar.session_at("XHKG", first_of_lunch) is None
    assert calendar.session_at("XHKG", last_of_lunch) is None
    assert calendar.session_at("XHKG", at("2022-05-19T05:01Z")) is not None
    around = calendar.session_around("XHKG", last_of_lunch)
    assert around is not None
    assert around.day == date(2022, 5, 19)


def test_is_open_at_the_edges_counts_the_open_and_not_the_close() -> None:
    assert calendar.is_open("XHKG", at("2022-05-19T01:30Z"))
    assert not calendar.is_open("XHKG", at("2022-05-19T04:00Z"))
    assert calendar.is_open("XHKG", at("2022-05-19T05:00Z"))
    assert not calendar.is_open("XHKG", at("2022-05-19T08:00Z"))


def test_minutes_left_before_lunch_leaves_lunch_out() -> None:
    (session,) = calendar.sessions("XHKG", date(2022, 5, 19), date(2022, 5, 19))
    assert session.minutes_left(at("2022-05-19T01:30Z")) == 330
    assert session.minutes_left(at("2022-05-19T03:59Z")) == 181
    assert session.minutes_left(at("2022-05-19T04:30Z")) == 180
    assert session.minutes_left(at("2022-05-19T07:58Z")) == 2
    assert session.minutes_left(at("2022-05-19T09:00Z")) == 0


def test_next_open_before_lunch_ends_over_a_weekend_and_a_holiday() -> None:
    assert calendar.next_open("XHKG", at("2022-05-19T04:30Z")) == at("2022-05-19T05:00Z")
    assert calendar.next_open("XHKG", at("2022-05-19T08:00Z")) == at("2022-05-20T01:30Z")
    assert calendar.next_open("XNAS", at("2022-05-27T20:00Z")) == at("2022-05-31T13:30Z")
    assert calendar.next_open("XLON", at("2022-06-01T15:30Z")) == at("2022-06-06T07:00Z")


def test_next_close_within_and_after_a_session() -> None:
    assert calendar.next_close("XNYS", at("2015-11-27T15:00Z")) == at("2015-11-27T18:00Z")
    assert calendar.next_close("XNYS", at("2015-11-27T18:00Z")) == at("2015-11-30T21:00Z")


def test_state_document_of_each_state_says_what_comes_next() -> None:
    open_ = calendar.state_document("XHKG", at("2022-05-19T03:00Z"))
    assert (open_.state, open_.day, open_.next_open_at, open_.name) == ("open", "2022-05-19", None, "Hong Kong")
    lunch = calendar.state_document("XHKG", at("2022-05-19T04:30Z"))
    assert (lunch.state, lunch.next_open_at) == ("lunch", at("2022-05-19T05:00Z"))
    closed = calendar.state_document("XLON", at("2022-06-02T10:00Z"))
    assert (closed.state, closed.day, closed.next_open_at) == ("closed", "2022-06-06", at("2022-06-06T07:00Z"))
    half = calendar.state_document("XNYS", at("2019-07-03T15:00Z"))
    assert half.half_day
    assert half.closes_at == at("2019-07-03T17:00Z")


def test_always_open_market_has_a_session_each_utc_day() -> None:
    ts = at("2026-12-25T00:00Z")
    session = calendar.session_at(ALWAYS, ts)
    assert session is not None
    assert session.day == date(2026, 12, 24)  # the bar that closes at midnight is yesterday's
    assert calendar.is_open(ALWAYS, ts)
    assert calendar.state_document(ALWAYS, ts).state == "open"


def test_unknown_exchange_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'XXXX' is unknown; use an ISO 10383 code such as XNYS, XNAS, XLON, "):
        calendar.sessions("XXXX", date(2022, 1, 1), date(2022, 1, 2))


@pytest.mark.parametrize("mic", ["XNYS", "XLON", "XHKG"])
def test_shipped_table_is_what_exchange_calendars_says(mic: str) -> None:
    shipped = calendar.recorded(mic)
    assert shipped == calendar.calculate(mic, calendar.RECORDED_FIRST, calendar.RECORDED_LAST)
    assert len(shipped) > 2800


def test_sessions_outside_the_shipped_years_come_from_the_package() -> None:
    assert calendar.session_at("XNYS", at("2001-09-12T15:00Z")) is None  # closed after the attacks
    assert calendar.session_at("XNYS", at("2001-09-17T15:00Z")) is not None
    assert calendar.session_at("XLON", at("2030-12-24T12:30Z")) is not None


def test_times_beyond_all_calendars_have_no_session() -> None:
    assert calendar.session_at("XLON", at("1970-01-02T10:00Z")) is None
    assert calendar.next_open("XLON", at("2080-01-02T10:00Z")) is None
    assert calendar.state_document("XLON", at("2080-01-02T10:00Z")).state == "closed"


def test_replay_years_need_no_pandas() -> None:
    script = (
        "import sys; from datetime import date, datetime, UTC; from aion.market import calendar\n"
        "for mic in ('XNYS', 'XNAS', 'XLON', 'XHKG', '24/7', '24/5'):\n"
        " assert calendar.sessions(mic, date(2015, 1, 2), date(2024, 12, 31))\n"
        "calendar.next_open('XHKG', datetime(2024, 12, 31, 23, tzinfo=UTC))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


@settings(max_examples=200)
@given(
    mic=st.sampled_from([*MICS, ALWAYS]),
    ts=st.datetimes(datetime(2015, 1, 1), datetime(2025, 6, 30)).map(lambda each: each.replace(tzinfo=UTC)),  # noqa: DTZ001
)
def test_questions_about_one_time_agree(mic: str, ts: datetime) -> None:
    session = calendar.session_at(mic, ts)
    around = calendar.session_around(mic, ts)
    following = calendar.next_open(mic, ts)
    step = timedelta(microseconds=1)
    assert session in (None, around)
    assert session is None or (session.has(ts) and session.minutes_left(session.close) == 0)
    assert calendar.is_open(mic, ts) == (calendar.session_at(mic, ts + step) is not None)
    assert following is not None
    assert following >= ts
    assert calendar.is_open(mic, following)
    if not calendar.is_open(mic, ts):
        assert not calendar.is_open(mic, following - step) or following == ts


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        ("2020-08-19", "2020-08-19T05:30Z"),
        ("2021-06-28", "2021-06-28T05:30Z"),
        ("2023-10-09", "2023-10-09T06:00Z"),
    ],
)
def test_sessions_on_a_day_that_a_storm_shortened_begin_after_lunch(day: str, opens: str) -> None:
    (session,) = calendar.sessions("XHKG", date.fromisoformat(day), date.fromisoformat(day))
    assert session.open == at(opens) and session.break_start is None and session.break_end is None
    assert calendar.session_at("XHKG", at(opens)) is None
    assert calendar.session_at("XHKG", at(opens) + timedelta(minutes=1)) == session
    assert calendar.next_open("XHKG", at(f"{day}T01:30Z")) == at(opens)
    assert session.minutes_left(at(opens)) == (at(f"{day}T08:00Z") - at(opens)).total_seconds() / 60


def test_sessions_of_years_that_no_calendar_knows_are_none() -> None:
    assert calendar.sessions("AIXK", date(1995, 1, 1), date(1996, 12, 31)) == []
    assert calendar.sessions("XSHG", date(2040, 1, 1), date(2040, 12, 31)) == []
    assert len(calendar.sessions("XSHG", date(2025, 1, 1), date(2025, 12, 31))) == 243
    assert calendar.next_open("XTKS", at("1990-06-01T00:00Z")) == at("1997-01-06T00:00Z")  # the first that is known


def halted(text: str) -> datetime:
    return datetime.fromisoformat(f"2020-03-09T{text}Z")


@pytest.mark.parametrize("mic", ["XNYS", "XNAS"])
def test_halt_of_the_whole_market_has_no_bars_and_the_minutes_around_it_do(mic: str) -> None:
    assert calendar.session_at(mic, halted("13:35")) is not None  # it traded for 13 seconds of that minute
    assert all(calendar.session_at(mic, halted(f"13:{minute}")) is None for minute in range(36, 50))
    assert calendar.session_at(mic, halted("13:50")) is not None
    assert calendar.session_at("XLON", halted("13:40")) is not None


def test_halt_is_shown_with_its_end_and_is_neither_open_nor_closed() -> None:
    shown = calendar.state_document("XNYS", halted("13:40"))
    assert (shown.state, shown.next_open_at) == ("halt", halted("13:49"))
    assert not calendar.is_open("XNYS", halted("13:40"))
    assert calendar.state_document("XNYS", halted("13:49")).state == "open"
    assert calendar.state_document("XNYS", halted("13:30")).state == "open"


def test_next_bar_of_a_halt_is_the_first_one_after_it() -> None:
    assert next_bar("XNYS", halted("13:35")) == halted("13:50")
    assert next_bar("XNYS", halted("13:42")) == halted("13:50")
    assert next_bar("XNYS", halted("13:34")) == halted("13:35")


def test_each_known_halt_lies_inside_its_session() -> None:
    days = [date(2020, 3, day) for day in (9, 12, 16, 18)]
    for day in days:
        (session,) = calendar.sessions("XNYS", day, day)
        ((start, end),) = session.halts
        assert session.open <= start < end < session.close
        assert timedelta(minutes=13) <= end - start <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("mic", "day", "said"),
    [
        ("XHKG", "2022-05-19", {"opens_at": "2022-05-19T01:30Z", "closes_at": "2022-05-19T08:00Z",
                                "break_start": "2022-05-19T04:00Z", "break_end": "2022-05-19T05:00Z",
                                "half_day": False, "halts": {}}),
        ("XHKG", "2021-12-24", {"opens_at": "2021-12-24T01:30Z", "closes_at": "2021-12-24T04:00Z",
                                "half_day": True, "halts": {}}),
        ("XNYS", "2020-03-09", {"opens_at": "2020-03-09T13:30Z", "closes_at": "2020-03-09T20:00Z",
                                "half_day": False, "halts": {"2020-03-09T13:35Z": "2020-03-09T13:49Z"}}),
    ],
)  # fmt: skip
def test_hours_of_a_day_say_lunch_half_day_and_halts(mic: str, day: str, said: dict[str, object]) -> None:
    [session] = calendar.sessions(mic, date.fromisoformat(day), date.fromisoformat(day))
    found = to_json(calendar.hours_document(session))
    assert {name: _short(value) for name, value in found.items()} == said
    state = to_json(calendar.state_document(mic, session.open))
    assert found.items() <= state.items(), "the present session says the same"


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return value.replace(":00Z", "Z") if isinstance(value, str) else value


@given(
    st.sampled_from([("XHKG", date(2022, 5, 19)), ("XNAS", date(2022, 5, 19)), ("XNYS", date(2022, 11, 25))]),
    st.integers(0, 400),
    st.integers(-3_600, 9 * 3_600),
)
def test_time_with_minutes_left_when_passed_then_fewer_are_left(of: tuple[str, date], most: int, after: int) -> None:
    mic, day = of
    (session,) = calendar.sessions(mic, day, day)
    ts = min(session.close, session.open + timedelta(seconds=after))
    assert (ts > session.time_with(most + 1)) == (session.minutes_left(ts) <= most)
