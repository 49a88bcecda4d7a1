"""Where bars begin and end: at lunch, on half-days, in halts, from the open and from the full hour."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from aion.market import calendar
from aion.market.grid import INSTANT, MINUTE, Grid, is_sensible, length_text, next_bar

HONG_KONG = calendar.sessions("XHKG", date(2022, 5, 19), date(2022, 5, 19))[0]  # 01:30 to 04:00, 05:00 to 08:00
HALF_DAY = calendar.sessions("XNYS", date(2021, 11, 26), date(2021, 11, 26))[0]  # 14:30 to 18:00
NEW_YORK = calendar.sessions("XNYS", date(2022, 5, 19), date(2022, 5, 19))[0]  # 13:30 to 20:00
HALTED = calendar.sessions("XNYS", date(2020, 3, 12), date(2020, 3, 12))[0]  # from 13:35:44 to 13:50:44
LENGTHS = (1, 2, 3, 5, 10, 15, 30, 60, 65)


def grid(minutes: int, anchor: str = "open") -> Grid:
    return Grid(timedelta(minutes=minutes), anchor)  # type: ignore[arg-type]


def closes(session: calendar.MarketSession, grid: Grid) -> list[str]:
    found, at = [], session.open
    while at < session.close:
        close = grid.close(session, at)
        if close is None:  # lunch
            at = session.break_end
            continue
        found.append(f"{close:%H:%M}")
        at = close
    return found


def test_bars_end_with_the_session_and_at_lunch() -> None:
    assert closes(HONG_KONG, grid(60)) == ["02:30", "03:30", "04:00", "06:00", "07:00", "08:00"]
    assert closes(HONG_KONG, grid(60, "clock")) == ["02:00", "03:00", "04:00", "06:00", "07:00", "08:00"]
    assert closes(HALF_DAY, grid(60)) == ["15:30", "16:30", "17:30", "18:00"]
    assert closes(NEW_YORK, grid(60))[-2:] == ["19:30", "20:00"]
    assert closes(NEW_YORK, grid(60, "clock"))[:2] == ["14:00", "15:00"]
    assert closes(NEW_YORK, grid(65))[-1] == "20:00" and len(closes(NEW_YORK, grid(65))) == 6


@pytest.mark.parametrize("anchor", ["open", "clock"])
@pytest.mark.parametrize("minutes", LENGTHS)
@pytest.mark.parametrize("session", [HONG_KONG, HALF_DAY, NEW_YORK], ids=lambda each: each.mic)
def test_each_moment_of_a_session_lies_in_one_bar(session: calendar.MarketSession, minutes: int, anchor: str) -> None:
    lies = grid(minutes, anchor)
    at, count = session.open, 0
    while at < session.close:
        close = lies.close(session, at)
        if close is None:
            assert session.break_start <= at < session.break_end
            at = session.break_end
            continue
        assert at < close <= at + lies.interval and lies.opened(session, close) == at
        assert lies.is_close(session, close) and lies.close(session, close - INSTANT) == close
        at, count = close, count + 1
    assert lies.count(session, session.open, session.close) == count


@pytest.mark.parametrize("minutes", LENGTHS)
def test_count_of_a_part_is_the_bars_that_close_in_it(minutes: int) -> None:
    for anchor in ("open", "clock"):
        lies = grid(minutes, anchor)
        times = [HONG_KONG.open + step * 7 * MINUTE for step in range(58)]
        for after, until in pairwise(times):
            steps = (after + step * MINUTE for step in range(1, 8))
            assert lies.count(HONG_KONG, after, until) == sum(lies.is_close(HONG_KONG, each) for each in steps)


def test_bar_that_a_halt_cuts_was_traded_and_one_inside_it_was_not() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"2020-03-12T{text}:00+00:00")

    assert grid(5).has(HALTED, at("13:40"))  # 44 seconds of it
    assert not grid(5).has(HALTED, at("13:45")) and not grid(5).has(HALTED, at("13:50"))
    assert grid(5).has(HALTED, at("13:55"))
    assert grid(15).has(HALTED, at("13:45")) and grid(15).has(HALTED, at("14:00"))
    assert grid(1).count(HALTED, HALTED.open, HALTED.close) == 390 - 14
    assert grid(5).count(HALTED, HALTED.open, HALTED.close) == 78 - 2
    assert grid(15).count(HALTED, HALTED.open, HALTED.close) == 26
    assert next_bar("XNYS", at("13:40"), grid(5)) == at("13:55")


def test_next_bar_ends_with_the_session_lunch_and_night() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert next_bar("XHKG", at("2022-05-19T03:30"), grid(60)) == at("2022-05-19T04:00")
    assert next_bar("XHKG", at("2022-05-19T04:00"), grid(60)) == at("2022-05-19T06:00")
    assert next_bar("XHKG", at("2022-05-20T08:00"), grid(60, "clock")) == at("2022-05-23T02:00")
    assert next_bar("XNYS", at("2021-11-26T17:30"), grid(60)) == at("2021-11-26T18:00")
    assert next_bar("24/7", at("2022-05-21T23:50"), grid(15)) == at("2022-05-22T00:00")


@pytest.mark.parametrize(
    ("minutes", "is_fine"), [(1, True), (5, True), (60, True), (65, True), (7, False), (240, True)]
)
def test_length_is_one_that_divides_a_day_or_the_session(minutes: int, is_fine: bool) -> None:
    assert is_sensible(timedelta(minutes=minutes), NEW_YORK) is is_fine
    assert not is_sensible(timedelta(seconds=90), NEW_YORK) and not is_sensible(timedelta(days=1), NEW_YORK)
    assert not is_sensible(timedelta(minutes=65), HONG_KONG)


def test_length_is_said_in_its_largest_unit() -> None:
    lengths = [length_text(timedelta(minutes=minutes)) for minutes in (1, 5, 60, 90, 1440)]
    assert lengths == ["1-minute", "5-minute", "1-hour", "90-minute", "1-day"]
    assert length_text(timedelta(seconds=90)) == "90-second"
