"""Closures and hours of one's own: what the user's table says counts before every calendar, and only that."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.clock import parse_iso
from aion.command.doctor import checks
from aion.config import Settings, load
from aion.errors import ConfigError
from aion.market import calendar
from aion.market.feed import open_feed, take_closures
from aion.market.own_day import OwnDay, read_own_days

HEAD = "exchanges,day,open,close,source\n"


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Leave the calendars as they were found."""
    yield
    calendar.use_own_days(())


def use(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "closures.csv"
    path.write_text(HEAD + text)
    return [each.replace(str(tmp_path) + "/", "") for each in take_closures(Settings(closures=str(path)))]


def session_on(mic: str, day: str) -> calendar.MarketSession | None:
    at = date.fromisoformat(day)
    return next(iter(calendar.sessions(mic, at, at)), None)


def test_day_when_it_is_closed_then_nobody_trades_on_it_and_all_questions_agree(tmp_path: Path) -> None:
    assert session_on("XHKG", "2022-05-19") is not None
    assert use(tmp_path, 'XHKG,2022-05-19,,,"notice, of today"\n') == []
    assert session_on("XHKG", "2022-05-19") is None
    assert session_on("XHKG", "2022-05-18") is not None and session_on("XHKG", "2022-05-20") is not None
    noon = parse_iso("2022-05-19T03:00Z")
    assert calendar.session_at("XHKG", noon) is None and not calendar.is_open("XHKG", noon)
    following = calendar.next_session("XHKG", noon)
    assert following is not None and following.day == date(2022, 5, 20)
    assert session_on("XNAS", "2022-05-19") is not None, "no other exchange"
    calendar.use_own_days(())
    assert session_on("XHKG", "2022-05-19") is not None


def test_day_when_its_hours_change_then_what_is_left_empty_stays(tmp_path: Path) -> None:
    before = session_on("XHKG", "2022-05-19")
    assert before is not None and before.break_start is not None
    lines = "XHKG,2022-05-19,,2022-05-19T03:30Z,x\nXHKG,2022-05-20,2022-05-20T05:00Z,,x\n"
    assert use(tmp_path, lines) == []
    short, late = session_on("XHKG", "2022-05-19"), session_on("XHKG", "2022-05-20")
    assert short is not None and late is not None
    assert (short.open, short.close, short.half_day) == (before.open, parse_iso("2022-05-19T03:30Z"), True)
    assert short.break_start is None, "it closes before lunch"
    assert (late.open, late.close) == (parse_iso("2022-05-20T05:00Z"), before.close + timedelta(days=1))
    assert late.break_start is None and not late.half_day


def test_holiday_when_it_was_traded_on_then_it_is_a_session(tmp_path: Path) -> None:
    assert session_on("XNYS", "2022-05-30") is None
    assert use(tmp_path, "XNYS XNAS,2022-05-30,2022-05-30T13:30Z,2022-05-30T17:00Z,x\n") == []
    for mic in ("XNYS", "XNAS"):
        found = session_on(mic, "2022-05-30")
        assert found is not None and found.has(parse_iso("2022-05-30T17:00Z"))
    assert [each.day.day for each in calendar.sessions("XNYS", date(2022, 5, 27), date(2022, 5, 31))] == [27, 30, 31]


def test_table_when_aions_own_says_otherwise_then_the_users_counts(tmp_path: Path) -> None:
    assert session_on("XHKG", "2023-09-01") is None
    assert use(tmp_path, "XHKG,2023-09-01,2023-09-01T01:30Z,2023-09-01T08:00Z,mine\n") == []
    assert session_on("XHKG", "2023-09-01") is not None


@pytest.mark.parametrize("mic", ["24/7", "24/5"])
def test_market_without_a_calendar_when_it_was_closed_then_it_was(tmp_path: Path, mic: str) -> None:
    assert session_on(mic, "2024-12-25") is not None
    assert use(tmp_path, f"{mic},2024-12-25,,,broker\n") == []
    assert session_on(mic, "2024-12-25") is None and session_on(mic, "2024-12-26") is not None


def test_years_when_no_table_ships_then_the_users_counts_too(tmp_path: Path) -> None:
    day = "2027-03-02"
    assert session_on("XETR", day) is not None
    assert use(tmp_path, f"XETR,{day},,,x\n") == []
    assert session_on("XETR", day) is None and session_on("XETR", "2027-03-03") is not None


def test_lines_when_bad_then_each_costs_itself_alone(tmp_path: Path) -> None:
    text = """XHKG,2022-05-19,,,good
XHKG,2022-05-20,,,
,2022-05-20,,,x
XXXX,2022-05-20,,,x
XHKG,20.05.2022,,,x
XHKG,2022-05-20,9:30,,x
XHKG,2022-05-20,2022-05-20T08:00Z,2022-05-20T01:00Z,x
XHKG,2022-05-20,2022-05-25T08:00Z,,x
XHKG,2022-05-23,,,x
XHKG,2022-05-23,2022-05-23T02:00Z,,y
XNYS,2022-05-30,2022-05-30T13:30Z,,x
XHKG,2022-05-24,2022-05-24T09:00Z,,x
"""
    wrong = use(tmp_path, text)
    assert [each.removeprefix("closures.csv") for each in wrong] == [
        ", line 3 is left out: it has no source: say who says so",
        ", line 4 is left out: it names no exchange",
        f", line 5 is left out: {_unknown()}",
        ", line 6 is left out: day '20.05.2022' is not a day, such as 2023-09-01",
        ", line 7 is left out: open '9:30' is not a time with a zone, such as 2023-10-09T06:00Z",
        ", line 8 is left out: it is open from 2022-05-20T08:00Z to 2022-05-20T01:00Z, which is not a span of up to "
        "a day",
        ", line 9 is left out: open 2022-05-25T08:00Z is not on 2022-05-20, nor on the day before or after it",
        ", line 11 and one before it differ on XHKG, 2022-05-23: neither counts",
        ": XNYS, 2022-05-30 is left out: it has no session to change: give both open and close",
        ": XHKG, 2022-05-24 is left out: it would close before it opens",
    ]
    assert session_on("XHKG", "2022-05-19") is None
    assert session_on("XHKG", "2022-05-23") is not None and session_on("XNYS", "2022-05-30") is None


def _unknown() -> str:
    with pytest.raises(ConfigError) as found:
        calendar.sessions("XXXX", date(2022, 5, 20), date(2022, 5, 20))
    return str(found.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), (b"day\n2022-05-19\n", "has no column exchanges, open, close, source"),
     (b"\xff\xfe", "cannot be read")],
)  # fmt: skip
def test_table_when_it_cannot_be_read_then_nothing_starts(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "closures.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        open_feed("recorded", Settings(closures=str(path)))


def test_setting_when_named_then_feed_and_doctor_say_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "closures.csv"
    path.write_text(f"{HEAD}XHKG,2022-05-19,,,x\nXNYS XNAS,2022-05-20,,,x\nXNYS,soon,,,x\n")
    file = tmp_path / "aion.toml"
    file.write_text(f'closures = "{path}"\ndata = "{tmp_path / "data"}"\n')
    settings = load(file, {})
    feed = open_feed("recorded", settings)
    assert any("line 4 is left out" in each for each in feed.complaints)
    (found,) = [each for each in checks(settings) if each.name == "closures"]
    assert not found.is_fine and "XHKG 1, XNAS 1, XNYS 1" in found.text and "line 4 is left out" in found.text


DAYS = st.dates(date(2022, 1, 3), date(2022, 12, 23))


@given(st.lists(DAYS, max_size=6, unique=True), DAYS)
def test_days_when_any_are_closed_then_the_others_are_as_before(closed: list[date], day: date) -> None:
    calendar.use_own_days(())
    before = {each.day: each for each in calendar.sessions("XLON", date(2022, 1, 1), date(2022, 12, 31))}
    calendar.use_own_days(OwnDay("XLON", each, None, None, "x") for each in closed)
    after = {each.day: each for each in calendar.sessions("XLON", date(2022, 1, 1), date(2022, 12, 31))}
    assert after == {each: session for each, session in before.items() if each not in closed}
    moment = datetime.fromisoformat(f"{day}T11:00Z")
    found = calendar.session_at("XLON", moment)
    assert (found is not None) == (day in after)
    following = calendar.next_session("XLON", moment)
    assert following is None or following.day == min((each for each in after if each > day), default=following.day)


def test_source_when_given_then_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "closures.csv"
    path.write_text(HEAD + "XHKG,2022-05-19,,,HKEX 2205193news\n")
    ((day,), wrong) = read_own_days(path)
    assert (day.source, day.is_closed, wrong) == ("HKEX 2205193news", True, [])
