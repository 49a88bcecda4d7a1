"""Exchanges against the library that knows their sessions, and what is said of a name that is none."""

import csv
import re
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from aion.clock import parse_iso
from aion.errors import ConfigError
from aion.market import calendar
from aion.market.exchange import ALWAYS, EXCHANGES, WEEKDAYS, exchange_of

BROKEN = {"ASEX", "XBEL", "XBSE", "XCYS", "XTAE"}
"""Calendars of the library that have a name and cannot be made."""
ELSEWHERE = {"XBOG"}
"""Bogota's hours follow New York's in the library; its clock does not."""
DOCUMENT = Path(__file__).parents[2] / "docs" / "feeds.md"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, about how the library calls it
def test_exchanges_are_all_that_the_library_can_make() -> None:
    names = set(exchange_calendars.get_calendar_names(include_aliases=False)) - {"us_futures"}
    assert names - BROKEN == {each.hours for each in EXCHANGES.values()}
    for name in BROKEN:  # one that can be made by now belongs into the table
        with pytest.raises((NotImplementedError, ValueError)):
            exchange_calendars.get_calendar(name, start="2024-01-01", end="2024-12-31")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, about how the library calls it
@pytest.mark.parametrize("mic", sorted({each.hours for each in EXCHANGES.values()} - {ALWAYS, WEEKDAYS}))
def test_exchange_has_the_sessions_of_the_library_and_the_clock_of_its_city(mic: str) -> None:
    first, last = date(2024, 3, 1), date(2024, 4, 30)  # clocks change in between
    library = exchange_calendars.get_calendar(mic, start=first.isoformat(), end=last.isoformat())
    wanted = [
        (row.Index.date(), row.open.to_pydatetime(), row.close.to_pydatetime())
        for row in library.schedule.itertuples()
    ]
    found = [(each.day, each.open, each.close) for each in calendar.calculate(mic, first, last)]
    assert found == wanted and len(found) > 30
    ours, theirs = ZoneInfo(exchange_of(mic).timezone), ZoneInfo(str(library.tz))
    for day, opened, _ in found:
        assert mic in ELSEWHERE or opened.astimezone(ours).utcoffset() == opened.astimezone(theirs).utcoffset(), day


def test_closures_are_days_on_which_the_calendar_has_a_session_and_name_their_source() -> None:
    with calendar.CLOSURE_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 5
    for row in rows:
        day = date.fromisoformat(row["day"])
        for mic in row["exchanges"].split():
            (planned,) = calendar.calculate(mic, day, day + timedelta(days=1))[:1]
            assert planned.day == day, f"{mic} {day}: the calendar knows by now: delete the line"
            assert not row["open"] or planned.open < parse_iso(row["open"]) < planned.close
        assert len(row["source"]) > 20


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NYSE", "use XNYS"), ("nasdaq", "use XNAS"), ("XLOM", "use XLON"), ("forex", "use 24/5"),
        ("", "ISO 10383"), ("\x1b[2J" * 99, "ISO 10383"), ("24/6", "use 24/"),
    ],
)  # fmt: skip
def test_exchange_of_a_name_that_is_none_says_what_is_meant(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as found:
        exchange_of(name)
    assert "\x1b" not in str(found.value) and len(str(found.value)) < 600


def test_document_names_every_exchange() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [mic for mic in EXCHANGES if f"`{mic}`" not in text] == []
