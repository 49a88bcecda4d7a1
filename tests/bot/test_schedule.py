from datetime import date

import pytest

from aion.bot.schedule import Pace, closed_label, next_rebalance, period, span_text
from aion.market.grid import MINUTE, Grid, next_bar
from tests.bot.desk import at

THREE = frozenset({"XNAS", "XLON", "XHKG"})


def pace(speed: float = 60, exchanges: frozenset[str] = THREE, marks: frozenset[str] = frozenset()) -> Pace:
    return Pace(exchanges, speed, 2.0, marks)


def test_minute_takes_its_share_and_a_closed_span_takes_the_gap() -> None:
    assert pace().wait_s(at("2022-05-19T14:00Z"), at("2022-05-19T14:01Z")) == 1
    assert pace().wait_s(at("2022-05-19T14:00Z"), at("2022-05-19T14:04Z")) == 4  # minutes without a print
    assert pace().wait_s(at("2022-05-19T20:00Z"), at("2022-05-20T01:31Z")) == 2
    assert pace(36_000).wait_s(at("2022-05-19T20:00Z"), at("2022-05-20T01:31Z")) == pytest.approx(331 * 60 / 36_000)


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2022-05-19T14:00Z", "2022-05-19T14:01Z", 1),
        ("2022-05-19T19:00Z", "2022-05-19T20:00Z", 60),
        ("2022-05-19T19:59Z", "2022-05-20T01:31Z", 1 + 2),
        ("2022-05-19T19:59Z", "2022-05-20T01:32Z", 1 + 2 + 1),
        ("2022-05-19T03:59Z", "2022-05-19T05:01Z", 1 + 2),  # lunch in Hong Kong before London opens
        ("2022-05-20T19:59Z", "2022-05-23T01:31Z", 1 + 2),  # a weekend
    ],
)
def test_expected_seconds_follow_the_sessions(start: str, end: str, seconds: float) -> None:
    assert pace().expected_s(at(start), at(end)) == pytest.approx(seconds)


def test_expected_seconds_count_the_marks_of_swing_bots() -> None:
    swing = pace(exchanges=frozenset(), marks=frozenset({"XNYS"}))
    assert swing.expected_s(at("2022-05-19T20:00Z"), at("2022-05-20T20:00Z")) == 2
    assert swing.expected_s(at("2022-05-19T20:00Z"), at("2022-05-24T20:00Z")) == 6


def test_next_bar_skips_lunch_nights_and_weekends() -> None:
    assert next_bar("XHKG", at("2022-05-19T03:58Z")) == at("2022-05-19T03:59Z")
    assert next_bar("XHKG", at("2022-05-19T04:00Z")) == at("2022-05-19T05:01Z")
    assert next_bar("XHKG", at("2022-05-20T08:00Z")) == at("2022-05-23T01:31Z")


@pytest.mark.parametrize(
    ("horizon", "day", "number"),
    [("1w", 6, 0), ("1w", 7, 1), ("2w", 13, 0), ("2w", 14, 1), ("4w", 28, 1), ("10d", 25, 2), ("1m", 30, 0)],
)
def test_period_counts_from_the_start(horizon: str, day: int, number: int) -> None:
    start = date(2022, 5, 1)
    assert period(horizon, start, date.fromordinal(start.toordinal() + day)) == number


def test_month_ends_on_the_same_day_of_the_month() -> None:
    assert period("1m", date(2022, 1, 31), date(2022, 3, 30)) == 1
    assert period("1m", date(2022, 1, 31), date(2022, 3, 31)) == 2


def test_next_rebalance_is_the_first_session_of_the_next_period() -> None:
    start = date(2022, 5, 23)  # a Monday; Monday 30 May is a holiday in New York
    assert next_rebalance("XNYS", "1w", start, date(2022, 5, 25)) == at("2022-05-31T20:00Z")
    assert next_rebalance("XNYS", "4w", start, date(2022, 5, 25)) == at("2022-06-21T20:00Z")


def test_closed_label_names_exchange_and_span() -> None:
    assert (
        closed_label(THREE, at("2022-05-19T20:00Z"), at("2022-05-20T01:31Z"))
        == "closed, Hong Kong opens in 5 h 30 min"
    )
    assert (
        closed_label(THREE, at("2022-05-20T20:00Z"), at("2022-05-23T01:31Z")) == "closed, Hong Kong opens in 2 d 5 h"
    )
    label = closed_label(THREE, at("2022-05-19T14:00Z"), at("2022-05-19T15:30Z"))
    assert label == "no data for 1 h 30 min"


def test_span_text_shows_two_parts() -> None:
    assert span_text(at("2022-05-20T00:00Z") - at("2022-05-20T00:00Z")) == "0 min"
    assert span_text(at("2022-05-22T03:04Z") - at("2022-05-20T00:00Z")) == "2 d 3 h"


def test_longer_bars_pass_at_speed_and_lunch_and_nights_as_closed_hours() -> None:
    hourly = Pace(frozenset({"XHKG"}), 60.0, 2.0, grid=Grid(60 * MINUTE))
    assert hourly.wait_s(at("2022-05-19T01:30Z"), at("2022-05-19T02:30Z")) == 60
    assert not hourly.is_gap(at("2022-05-19T02:30Z"), at("2022-05-19T03:30Z"))
    assert hourly.is_gap(at("2022-05-19T04:00Z"), at("2022-05-19T06:00Z"))
    assert hourly.expected_s(at("2022-05-19T03:30Z"), at("2022-05-19T07:00Z")) == pytest.approx(30 + 2 + 60)
    assert hourly.expected_s(at("2022-05-19T08:00Z"), at("2022-05-20T02:30Z")) == 2
