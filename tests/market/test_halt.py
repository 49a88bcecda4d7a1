"""The table of halts of single symbols: read exactly, refused with the line that is wrong, no gap in them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aion.errors import FeedError
from aion.market.feed import FolderFeed, RecordedFeed
from aion.market.grid import MINUTES
from aion.market.halt import NEVER, Halt, HaltBook, read_halts, whole_minutes
from aion.market.importing.reader import Import, import_files
from tests.market.coarse import lines, write_csv

HEAD = "symbol,start,end,reason\n"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2022-05-19T{text}+00:00")


def table(tmp_path: Path, text: str, head: str = HEAD) -> Path:
    path = tmp_path / "halt.csv"
    path.write_text(head + text)
    return path


def test_halts_are_whole_minutes_inside_the_times_given(tmp_path: Path) -> None:
    path = table(tmp_path, "MSFT,2022-05-19T14:05:30Z,2022-05-19T10:40:10-04:00,news\nAZN.L,2022-05-19T07:00Z,,\n")
    suspended, halt = read_halts(path)
    assert halt == Halt("MSFT", at("14:06:00"), at("14:40:00"), "news")
    assert suspended == Halt("AZN.L", at("07:00:00"), NEVER)
    assert halt.text() == "halted from 2022-05-19T14:06Z until 2022-05-19T14:40Z (news)"
    assert suspended.text() == "halted from 2022-05-19T07:00Z with no end known"
    assert read_halts(tmp_path / "none.csv") == []
    assert whole_minutes(at("14:05:00"), at("14:06:00")) == (at("14:05:00"), at("14:06:00"))


def test_bar_is_halted_when_it_lies_wholly_inside() -> None:
    book = HaltBook([Halt("A", at("14:06:00"), at("14:40:00"))])
    assert book.covering("A", at("14:05:00"), at("14:06:00")) is None
    assert book.covering("A", at("14:06:00"), at("14:07:00")) is not None
    assert book.covering("A", at("14:39:00"), at("14:40:00")) is not None
    assert book.covering("A", at("14:39:00"), at("14:41:00")) is None
    assert book.covering("B", at("14:06:00"), at("14:07:00")) is None
    assert book.at("A", at("14:06:00")) and not book.at("A", at("14:40:00")) and not HaltBook()


@pytest.mark.parametrize(
    ("text", "head", "said"),
    [
        (",2022-05-19T14:05Z,,\n", HEAD, "line 2: a halt without a symbol"),
        ("A,2022-05-19T14:05,,\n", HEAD, "line 2: '2022-05-19T14:05' to '' are not times with a zone"),
        ("A,2022-05-19T14:05Z,,\nB,x,,\n", HEAD, "line 3: 'x' to ''"),
        ("A,2022-05-19T14:05Z,2022-05-19T14:05Z,\n", HEAD, "ends at 2022-05-19T14:05Z, which is not after"),
        ("A,2022-05-19T14:05Z\n", "symbol,start\n", "has no column end: it needs symbol, start, end"),
    ],
)
def test_table_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, head: str, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        read_halts(table(tmp_path, text, head))


def test_folder_hands_its_halts_on_and_counts_no_gap_in_them(tmp_path: Path) -> None:
    bars = RecordedFeed().history("minute", "MSFT", NOW, 780)
    first = next(index for index, bar in enumerate(bars) if bar.ts.minute == 31 and bar.ts.hour == 13)
    gone = bars[: first + 60] + bars[first + 90 :]
    path = write_csv(tmp_path / "MSFT.csv", lines(gone, "XNAS", MINUTES))
    about = Import("XNAS", price_basis="raw", form="csv")
    (done,) = import_files([path], tmp_path / "bars", about, NOW)
    assert sum(done.gaps.values()) == 30
    start, end = bars[first + 59].ts, bars[first + 89].ts
    table(tmp_path / "bars", f"MSFT,{start.isoformat()},{end.isoformat()},\nX,{start.isoformat()},,\n")
    (done,) = import_files([path], tmp_path / "bars", about, NOW)
    assert done.gaps == {}
    feed = FolderFeed(tmp_path / "bars")
    assert list(feed.halts(frozenset({"MSFT"}))) == [Halt("MSFT", start, end)]
    assert end - start == timedelta(minutes=30) and list(RecordedFeed().halts(frozenset({"MSFT"}))) == []
    table(tmp_path / "bars", "MSFT,x,,\n")
    with pytest.raises(FeedError, match=r"halt\.csv, line 2"):
        FolderFeed(tmp_path / "bars")
