"""The layouts that people have, each written by the library that makes it where there is one, and what comes of it.

`docs/feeds.md` shows the table: a row there is a case here, by its name.
"""

# ruff: noqa: E501 - a layout a line

import gc
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion.errors import AionError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed import FolderFeed
from aion.market.importing.reader import Import, Imported, import_files
from aion.market.importing.text.stamp import read_stamps
from tests.market.importing.layout import (
    COINS,
    DAYS,
    DOCS,
    FRAME,
    KEPT,
    MINUTES,
    NOW,
    SHARES,
    D,
    M,
    Write,
    csv,
    day,
    frame,
    levels,
    lines,
    minute,
    packed,
    parquet,
)


def expected(kind: str) -> list[tuple]:
    found = []
    for i, values in enumerate(FRAME.itertuples(index=False)):
        if kind == D:
            at = calendar.session_closes("XNAS", DAYS[i], DAYS[i])[DAYS[i]]
        else:
            at = MINUTES.index[i].to_pydatetime() + timedelta(minutes=1)
        found.append((at, *(Decimal(f"{value:g}") for value in values[:4]), Decimal(int(values[4]))))
    return found


def kept(folder: Path, kind: str, symbol: str = "GOOG") -> list[tuple]:
    bars = FolderFeed(folder).history("day" if kind == D else "minute", symbol, NOW, 10_000)
    return [(bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


def bring(path: Path, about: Import, folder: Path) -> Imported:
    (done,) = import_files([path], folder, about, NOW)
    return done


@pytest.mark.parametrize("layout", KEPT)
def test_layout_comes_back_bar_by_bar(layout: str, tmp_path: Path) -> None:
    write, about, kind = KEPT[layout]
    done = bring(write(tmp_path), about, tmp_path / "bars")
    assert done.refused == "" and done.report.dropped == {}
    assert kept(tmp_path / "bars", kind, done.symbol) == expected(kind)
    assert done.symbol.upper() == "GOOG"


def weekly(step: str) -> Write:
    made = FRAME.set_axis(pandas.date_range("2022-01-03", periods=len(FRAME), freq=step, name="Date"), axis=0)
    return frame(made)


AMBIGUOUS = "\n".join(f"{text},10,11,9,10,5" for text in ("01/02/2022", "02/02/2022", "03/02/2022"))
HEAD = "Date,Open,High,Low,Close,Volume\n"
REFUSED: dict[str, tuple[Write, Import, str]] = {
    "days that can be months": (csv(HEAD + AMBIGUOUS), SHARES, r"'01/02/2022' can be 01 Feb 2022 \(--date-format DMY\) or 02 Jan 2022 \(--date-format MDY\)"),
    "`1,234` that can be decimals": (csv(HEAD.replace(",", ";") + "2022-05-16;1,234;1,240;1,230;1,235;500\n"), SHARES, "can be 1234 or 1.234, .* --decimal point or --decimal comma"),
    "decimal commas without quotes": (csv(HEAD + "2022-05-16,100,5,101,5,99,5,100,5,1000\n"), SHARES, "more cells than the 6 that its heading names: decimal commas"),
    "figures without a heading": (csv("2022-05-16,100,90,110,105,5\n"), SHARES, "no line with the names of its columns, .* --columns ts=1"),
    "a heading in words that are not known": (csv("Päivä,Avaus,Ylin,Alin,Päätös,Määrä\n2022-05-16,1,2,1,1,5\n"), SHARES, "no column for the time; it has Päivä, .* --columns ts=NAME"),
    "no volume": (csv("Date,Open,High,Low,Close\n2022-05-16,1,1,1,1\n"), SHARES, "no column for volume; .* --columns volume=none"),
    "weekly bars": (weekly("W-MON"), SHARES, "its bars are weekly ones"),
    "monthly bars": (weekly("MS"), SHARES, "its bars are monthly ones"),
    "times without a zone": (csv(lines(minute("%Y-%m-%d %H:%M"))), SHARES, "are no time with a zone; say the zone of its times: --zone"),
    "Excel's count of days": (csv(lines(lambda i: str(44697 + i))), SHARES, "are Excel's count of days"),
    "no prices": (csv("TimeStamp,bid,offer,vol bid,vol offer\n2022-05-16 09:30,1,2,3,4\n"), SHARES, "no column for open; it has TimeStamp, bid"),
    "spaces between columns": (frame(FRAME, sep=" "), SHARES, "has spaces between its columns: save it with commas"),
    "days before 1990": (csv(HEAD + "1985-05-16,1,1,1,1,5\n1985-05-17,1,1,1,1,5\n"), SHARES, "before 1990, where calendars of sessions begin"),
    "UTF-32": (csv(lines(day("%Y-%m-%d")), encoding="utf-32"), SHARES, "is text in UTF-32: save it as CSV in UTF-8"),
    "a table of a web page": (csv("<table border='1'><tr><th>Date</th></tr></table>"), SHARES, "is a web page: save its table"),
    "an Excel workbook": (packed({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}, "GOOG.xlsx"), SHARES, "is an Excel workbook: save it as CSV"),
    "a web page": (csv("<!DOCTYPE html><html>log in</html>"), SHARES, "is a web page"),
    "JSON": (csv('[{"open": 1}]'), SHARES, "is JSON"),
    "a zip without a table": (packed({"a.bin": "x"}), SHARES, r"holds no file of bars .*a\.bin"),
    "a split that nobody declared": (csv(HEAD + f"{DAYS[0]},891,899,889,891.29,5\n{DAYS[1]},302.36,303,291,296,5\n"), SHARES, "opens at 1:2.95 of the close before.* --split GOOG:2022-05-17:3"),
    "a declared split that prices contradict": (frame(FRAME), replace(SHARES, actions=(CorporateAction("GOOG", DAYS[3], "split", Decimal(2)),)), "a split of 2 is declared, and it opens at 103.2500 after 103.7500"),
}  # fmt: skip


@pytest.mark.parametrize("layout", REFUSED)
def test_layout_that_cannot_be_taken_says_the_true_reason(layout: str, tmp_path: Path) -> None:
    write, about, said = REFUSED[layout]
    try:
        why = bring(write(tmp_path), about, tmp_path / "bars").refused
    except AionError as error:
        why = str(error)
    assert re.search(said, why), why
    assert not list(tmp_path.glob("bars/*_GOOG.*"))


def test_table_of_the_document_has_each_layout_and_no_other() -> None:
    text = DOCS.read_text().partition("### Layouts")[2].partition("\n## ")[0]
    shown = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][1:]
    assert [each for each in shown if each != "layout"] == [*KEPT, *REFUSED]


@pytest.mark.parametrize("absent", ["nan", "-", "--", "N/A", "null", "None", ""])
def test_volume_that_is_absent_throughout_is_none_at_all(tmp_path: Path, absent: str) -> None:
    done = bring(frame(FRAME.assign(Volume=absent))(tmp_path), SHARES, tmp_path / "bars")
    assert (done.refused, done.report.kept) == ("", len(DAYS))
    assert "counts no volume" in done.report.warnings[0]


def test_days_of_currencies_begin_on_the_evening_before_in_new_york(tmp_path: Path) -> None:
    days = [each for each in pandas.date_range("2022-05-16", periods=18) if each.weekday() < 5]
    stamps = [(each - timedelta(hours=7)).tz_localize("America/New_York").tz_convert("UTC") for each in days]
    fx = Import("24/5", currency="USD", price_basis="raw", form="csv")
    path = frame(FRAME.head(len(days)).set_axis(pandas.DatetimeIndex(stamps, name="time")))(tmp_path)
    done = bring(path, fx, tmp_path / "bars")
    assert (done.report.dropped, done.report.kept) == ({}, len(days))
    assert [ts - timedelta(days=1) for ts, *_ in kept(tmp_path / "bars", D)] == [
        each.to_pydatetime().replace(tzinfo=UTC) for each in days
    ]


def test_days_of_another_week_stay_what_they_say(tmp_path: Path) -> None:
    """Sunday to Thursday, as in Riyadh: that the days after are New York's sessions makes no session of a date."""
    days = [each for each in pandas.date_range("2022-05-01", periods=19) if each.weekday() not in (4, 5)]
    made = FRAME.head(len(days)).set_axis(pandas.DatetimeIndex(days[: len(FRAME)], name="Date"))
    done = bring(frame(made)(tmp_path), SHARES, tmp_path / "bars")
    assert done.report.dropped == {"no session on that day": 3}


def test_clock_with_hyphens_is_no_offset(tmp_path: Path) -> None:
    """Python's reader takes any letter for the T: `2022-05-19-09-30` was nine o'clock in a zone half a world away."""
    assert read_stamps(["2022-05-19-09-20", "2022-05-19 09-20"]) == [datetime(2022, 5, 19, 9, 20)] * 2  # noqa: DTZ001


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_refused_file_in_utf_16_leaves_nothing_open(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text("when,what\n1,2\n", encoding)
    with pytest.raises(AionError, match="no column for the time; it has when, what"):
        import_files([tmp_path / "a.csv"], tmp_path / "bars", SHARES, NOW)
    gc.collect()


def test_two_tickers_in_one_frame_become_two_series(tmp_path: Path) -> None:
    both = levels(FRAME, ("GOOG", "MSFT"))
    both.iloc[2, [index for index, name in enumerate(both.columns) if name[1] == "MSFT"]] = float("nan")
    path = frame(both)(tmp_path)
    one, two = import_files([path], tmp_path / "bars", SHARES, NOW)
    assert (one.symbol, one.report.kept, two.symbol, two.report.kept) == ("GOOG", len(DAYS), "MSFT", len(DAYS) - 1)
    assert kept(tmp_path / "bars", D) == expected(D)


def test_files_in_any_order_and_a_second_import_join(tmp_path: Path) -> None:
    parts = [csv(FRAME[a:b].to_csv(), f"{a}.csv")(tmp_path) for a, b in ((8, 11), (0, 4), (3, 9))]
    about = replace(SHARES, symbol="GOOG")
    (done,) = import_files(parts, tmp_path / "bars", about, NOW)
    assert done.report.dropped == {"duplicate time": 2}
    assert kept(tmp_path / "bars", D) == expected(D)[:11]
    done = bring(frame(FRAME[9:])(tmp_path), about, tmp_path / "bars")
    assert "joined with 11 bars" in done.joined and "other figures" not in done.joined
    assert kept(tmp_path / "bars", D) == expected(D)
    done = bring(frame(FRAME[-1:] + 1)(tmp_path), about, tmp_path / "bars")
    assert "1 of before had other figures at the same time and were replaced" in done.joined
    assert len(kept(tmp_path / "bars", D)) == len(DAYS)
    bring(frame(FRAME[2:5])(tmp_path), replace(about, is_replaced=True), tmp_path / "bars")
    assert kept(tmp_path / "bars", D) == expected(D)[2:5]


def test_second_import_that_does_not_belong_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    bring(frame(FRAME)(tmp_path), SHARES, tmp_path / "bars")
    done = bring(frame(FRAME)(tmp_path), replace(SHARES, price_basis="adjusted"), tmp_path / "bars")
    assert (
        "with price basis raw, these have adjusted: import them into another folder, or add --replace" in done.refused
    )
    assert kept(tmp_path / "bars", D) == expected(D)


@pytest.mark.parametrize("step", [15, 60])
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_hour_that_clocks_repeat_is_kept_apart_by_order(tmp_path: Path, step: int, is_newest_first: bool) -> None:
    index = pandas.date_range("2024-10-26 20:00", periods=600 // step, freq=f"{step}min", tz="UTC")
    made = pandas.DataFrame(
        {"open": range(10, 10 + len(index)), "volume": 5.0}, index=index.tz_convert("Europe/Berlin").tz_localize(None)
    )
    made = made.assign(high=made["open"] + 1, low=made["open"] - 1, close=made["open"]).rename_axis("time")
    path = frame(made[::-1] if is_newest_first else made)(tmp_path)
    done = bring(path, replace(COINS, zone="Europe/Berlin"), tmp_path / "bars")
    assert done.refused == "" and done.report.dropped == {} and done.gaps == {}
    assert [bar[0] for bar in kept(tmp_path / "bars", M)] == [
        at.to_pydatetime() + timedelta(minutes=step) for at in index
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_prices_keep_every_digit(tmp_path: Path, form: str) -> None:
    prices = ["0.000123456", "0.00012357945599999998", "0.000000001234", "0.00012345678901234567890123"]
    rows = "".join(
        f"2025-01-01T00:0{i}:00Z,{p},{p},{p},{p},1000000000.000000000000000018\n" for i, p in enumerate(prices)
    )
    about = replace(
        COINS, form=form, actions=tuple(CorporateAction("GOOG", date(2025, 1, 1), "jump", Decimal(1)) for _ in "x")
    )  # type: ignore[arg-type]
    done = bring(csv("date,open,high,low,close,volume\n" + rows)(tmp_path), about, tmp_path / "bars")
    assert not done.refused
    found = kept(tmp_path / "bars", M)
    assert [format(bar[1], "f") for bar in found] == prices
    assert {format(bar[5], "f") for bar in found} == {"1000000000.000000000000000018"}


def test_open_or_close_outside_low_and_high_is_taken_as_the_nearer_by_name(tmp_path: Path) -> None:
    made = FRAME.copy()
    made.iloc[1, 0], made.iloc[2, 3], made.iloc[3, 1] = 200.0, made.iloc[2]["Low"] - 1, made.iloc[3, 1] * 100
    made.iloc[4, 0] = made.iloc[4]["High"] + 0.01
    done = bring(frame(made)(tmp_path), SHARES, tmp_path / "bars")
    assert done.report.repaired == {
        "close outside low and high, taken as the nearer of them": 1,
        "open outside low and high, taken as the nearer of them": 1,
    }
    assert done.report.dropped == {"impossible prices": 1, "one price about 100 times off the others": 1}
    assert "row 4 (2022-05-18T20:00Z): close 100.1000 of 101.1000 to 104.5000" in done.report.warnings[0]
    found = {bar[0].date(): bar for bar in kept(tmp_path / "bars", D)}
    assert found[DAYS[2]][4] == Decimal("101.1") and found[DAYS[4]][1] == Decimal("106.5")


def test_volume_that_nobody_counts_keeps_flat_bars_and_says_so(tmp_path: Path) -> None:
    made = FRAME.assign(Volume=0)
    made.iloc[3, :4] = 103.0
    done = bring(frame(made)(tmp_path), SHARES, tmp_path / "bars")
    assert done.report.kept == len(DAYS) and "counts no volume" in done.report.warnings[0]


SHAPES: dict[str, Callable[[pandas.DataFrame], Write]] = {
    "index": lambda made: frame(made),
    "unnamed": lambda made: frame(made.rename_axis(None)),
    "reset": lambda made: frame(made.reset_index()),
    "levels": lambda made: frame(levels(made)),
    "zone": lambda made: frame(made.tz_localize("America/New_York")),
    "semicolons": lambda made: frame(made, sep=";", decimal=","),
    "tabs": lambda made: frame(made, sep="\t"),
    "newest first": lambda made: frame(made[::-1]),
    "parquet": parquet,
    "parquet levels": lambda made: parquet(levels(made)),
    "epoch": lambda made: frame(
        made.set_axis(made.index.tz_localize("UTC").astype("int64"), axis=0).rename_axis("time")
    ),
}


@st.composite
def frames(draw: st.DrawFn) -> pandas.DataFrame:
    count = draw(st.integers(2, len(DAYS)))
    base = draw(st.sampled_from([0.001, 1.0, 123.45, 4567.0]))
    rows = []
    for _ in range(count):
        one, two, three, four = sorted(base * draw(st.floats(0.9, 1.3)) for _ in range(4))
        opened, closed = draw(st.permutations([two, three]))
        rows.append((opened, four, one, closed, draw(st.integers(1, 10**9))))
    return pandas.DataFrame(rows, columns=list(FRAME.columns), index=FRAME.index[:count])


@settings(max_examples=60)
@given(made=frames(), shape=st.sampled_from(sorted(SHAPES)))
def test_any_frame_in_any_shape_comes_back_bar_by_bar(
    tmp_path_factory: pytest.TempPathFactory, made: pandas.DataFrame, shape: str
) -> None:
    folder = tmp_path_factory.mktemp("frame")
    done = bring(SHAPES[shape](made)(folder), SHARES, folder / "bars")
    assert done.refused == "" and done.report.dropped == {}
    closes = calendar.session_closes("XNAS", DAYS[0], DAYS[-1])
    wanted = [
        (closes[day], *(Decimal(repr(float(value))) for value in row[:4]), Decimal(int(row[4])))
        for day, row in zip(DAYS, made.itertuples(index=False), strict=False)
    ]
    assert kept(folder / "bars", D) == wanted
