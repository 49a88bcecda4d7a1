"""Bad bars of every sort are named, counted and left out, and the good ones pass unchanged."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.market import calendar
from aion.market.bar_check import Report, clean
from aion.model import Bar

GOOD = {"open": "10", "high": "11", "low": "9", "close": "10.5", "volume": "100"}


def row(ts: str, **changed: str) -> dict[str, str]:
    return {"ts": ts, **GOOD, **changed}


def run(rows: list[dict[str, str]], **options: object) -> tuple[list[Bar], Report]:
    report = Report("X")
    return list(clean("X", rows, report, **options)), report  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"close": "NaN"}, "not a number"),
        ({"open": "inf"}, "not a number"),
        ({"high": "1e400"}, "not a number"),
        ({"volume": "lots"}, "not a number"),
        ({"volume": ""}, "not a number"),
        ({"volume": "NaN"}, "not a number"),
        ({"low": "0"}, "impossible prices"),
        ({"low": "-1"}, "impossible prices"),
        ({"high": "8"}, "impossible prices"),
        ({"low": "10.4"}, "impossible prices"),
        ({"volume": "-5"}, "impossible prices"),
        ({"ts": "2022-05-19T13:32"}, "no time with a zone"),
        ({"ts": "yesterday"}, "no time with a zone"),
        ({"ts": ""}, "no time with a zone"),
    ],
)
def test_clean_with_a_bad_row_between_good_ones_drops_it_by_name(bad: dict[str, str], reason: str) -> None:
    rows = [row("2022-05-19T13:31Z"), row("2022-05-19T13:32Z") | bad, row("2022-05-19T13:33Z")]
    bars, report = run(rows)
    assert [bar.ts.minute for bar in bars] == [31, 33]
    assert report.dropped == {reason: 1}
    assert (report.read, report.kept) == (3, 2)
    assert report.examples[0].startswith("row 2 (")
    assert report.sentence() == f"X: kept 2 of 3 bars; left out 1 ({reason})"


def test_clean_with_a_price_below_four_decimals_keeps_each_digit() -> None:
    bars, report = run([row("2022-05-19T13:31Z") | {"close": "0.00001", "low": "0.000000000000000005"}])
    assert (bars[0].close, bars[0].low) == (Decimal("0.00001"), Decimal("5E-18")) and report.kept == 1


def test_clean_with_a_missing_column_names_it() -> None:
    bad = row("2022-05-19T13:31Z")
    del bad["close"]
    bars, report = run([bad])
    assert bars == []
    assert report.examples == ["row 1 ('close'): missing column"]


def test_clean_with_rows_out_of_order_and_twice_keeps_the_first_in_order() -> None:
    rows = [row(f"2022-05-19T13:{minute}Z") for minute in (31, 33, 32, 33, 34)]
    bars, report = run(rows)
    assert [bar.ts.minute for bar in bars] == [31, 33, 34]
    assert report.dropped == {"out of order": 1, "duplicate time": 1}


def test_clean_with_the_same_moment_in_two_zones_sees_a_duplicate() -> None:
    _, report = run([row("2022-05-19T13:31Z"), row("2022-05-19T21:31+08:00")])
    assert report.dropped == {"duplicate time": 1}


def test_clean_with_a_filled_forward_minute_drops_it_and_counts_its_day() -> None:
    flat = {"open": "10.5", "high": "10.5", "low": "10.5", "close": "10.5", "volume": "0"}
    rows = [row("2022-05-19T13:31Z"), row("2022-05-19T13:32Z", **flat), row("2022-05-19T13:33Z", volume="0")]
    bars, report = run(rows)
    assert [bar.ts.minute for bar in bars] == [31, 33]  # volume 0 with a range is kept; the broker does not trade it
    assert report.dropped_days == {"2022-05-19": 1}


def test_clean_in_pence_gives_pounds_with_four_decimals() -> None:
    bars, _ = run(
        [row("2022-05-19T07:01Z", open="10182", high="10202.555", low="10178", close="10184")],
        unit=Decimal("0.01"),
        step=Decimal("0.0001"),
    )
    assert (bars[0].open, bars[0].high) == (Decimal("101.8200"), Decimal("102.0256"))
    assert bars[0].volume == 100


def test_clean_with_stamps_in_a_wrong_zone_leaves_them_out() -> None:
    local_taken_for_utc = [row("2022-05-19T09:31Z"), row("2022-05-19T13:31Z")]
    bars, report = run(local_taken_for_utc, is_traded_at=lambda ts: calendar.session_at("XNAS", ts) is not None)
    assert [bar.ts.hour for bar in bars] == [13]
    assert report.dropped == {"outside a market session": 1}


def test_clean_with_stamps_at_the_open_shows_at_the_first_bar_of_a_day() -> None:
    (session,) = calendar.sessions("XNAS", date(2022, 5, 19), date(2022, 5, 19))
    rows = [row((session.open + timedelta(minutes=i)).isoformat()) for i in range(390)]
    _, report = run(rows, is_traded_at=lambda ts: calendar.session_at("XNAS", ts) is not None)
    assert report.dropped == {"outside a market session": 1}


def test_clean_with_an_undeclared_split_keeps_the_bar_and_warns() -> None:
    after = {"open": "0.52", "high": "0.53", "low": "0.51", "close": "0.52"}
    bars, report = run([row("2022-05-19T20:00Z"), row("2022-05-20T20:00Z", **after)])
    assert len(bars) == 2
    assert report.warnings == ["row 2 (2022-05-20T20:00Z): opens at 0.5200 after 10.5000: an undeclared split?"]


def test_report_with_many_bad_rows_keeps_a_few_examples() -> None:
    _, report = run([row("2022-05-19T13:31Z", close="x") for _ in range(1000)])
    assert report.dropped == {"not a number": 1000}
    assert len(report.examples) == 5


ANYTHING = st.one_of(st.text(max_size=12), st.floats().map(str), st.integers().map(str), st.just("10"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "ts": st.one_of(
                    ANYTHING, st.datetimes(timezones=st.just(UTC)).map(lambda each: each.isoformat()), st.just("Z")
                ),
                **{name: ANYTHING for name in ("open", "high", "low", "close", "volume")},
            }
        ),
        max_size=20,
    )
)
def test_clean_with_anything_at_all_yields_only_ordered_sound_bars(rows: list[dict[str, str]]) -> None:
    bars, report = run(rows)
    assert report.read == len(rows)
    assert report.kept == len(bars)
    assert report.kept + sum(report.dropped.values()) == report.read
    assert all(one.ts < two.ts for one, two in pairwise(bars))
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert isinstance(bar.ts, datetime)
        assert bar.ts.tzinfo is UTC
