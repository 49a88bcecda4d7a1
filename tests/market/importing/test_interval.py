"""Bars of any regular length, brought as files: told from their times, kept exactly, refused when two are mixed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aion.command.app import main
from aion.errors import ConfigError
from aion.market.feed import FolderFeed, RecordedFeed
from aion.market.grid import MINUTES, Grid
from aion.market.importing.interval import read_length
from aion.market.importing.reader import REPORT, Import, Imported, import_files
from aion.model import Bar
from tests.market.coarse import coarse, lines, write_csv, write_parquet

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MARKETS = {"MSFT": "XNAS", "AZN.L": "XLON", "9988.HK": "XHKG"}
_feed = RecordedFeed()


def recorded(symbol: str, count: int = 2600) -> list[Bar]:
    return _feed.history("minute", symbol, NOW, count)


def grid(minutes: int, anchor: str = "open") -> Grid:
    return Grid(timedelta(minutes=minutes), anchor)  # type: ignore[arg-type]


def about(symbol: str, **more: object) -> Import:
    currency = {"MSFT": "USD", "AZN.L": "GBP", "9988.HK": "HKD"}[symbol]
    return Import(MARKETS[symbol], symbol, currency, "raw", form="csv", **more)  # type: ignore[arg-type]


def bring(tmp_path: Path, rows: list[str], symbol: str = "MSFT", **more: object) -> Imported:
    (done,) = import_files([write_csv(tmp_path / "f.csv", rows)], tmp_path / "bars", about(symbol, **more), NOW)
    return done


def kept(tmp_path: Path, symbol: str = "MSFT") -> list[Bar]:
    return FolderFeed(tmp_path / "bars").history("minute", symbol, NOW, 100_000)


@pytest.mark.parametrize("by_close", [False, True], ids=["opens", "closes"])
@pytest.mark.parametrize("anchor", ["open", "clock"])
@pytest.mark.parametrize("minutes", [2, 3, 5, 10, 15, 30, 60])
@pytest.mark.parametrize("symbol", MARKETS)
def test_bars_of_any_length_come_back_exactly_with_the_short_ones(
    tmp_path: Path, symbol: str, minutes: int, anchor: str, by_close: bool
) -> None:
    lies = grid(minutes, anchor)
    bars = coarse(recorded(symbol), MARKETS[symbol], lies)
    rows = lines(bars, MARKETS[symbol], lies, by_close=by_close)
    done = bring(tmp_path, rows, symbol, is_stamped_at_open=not by_close)
    assert done.refused == "" and done.report.dropped == {}
    assert kept(tmp_path, symbol) == bars
    feed = FolderFeed(tmp_path / "bars")
    assert feed.interval == lies.interval
    assert Grid(feed.interval, feed.anchor) in (lies, grid(minutes))  # where both lay the bars alike it is the open
    assert f", {lies.text()} bars: imported from f.csv" in feed.provenance
    assert done.gaps == {}


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    lies = grid(5)
    bars = coarse(recorded("MSFT"), "XNAS", lies)
    path = write_parquet(tmp_path / "MSFT.parquet", bars, "XNAS", lies)
    (done,) = import_files([path], tmp_path / "bars", about("MSFT"), NOW)
    assert not done.refused and kept(tmp_path) == bars
    index = json.loads((tmp_path / "bars" / "index.json").read_text())["series"]["minute:MSFT"]
    assert (index["interval_s"], index["anchor"]) == (300, "open")
    assert json.loads((tmp_path / "bars" / REPORT).read_text())["series"]["minute:MSFT"]["bars"] == "5-minute"


def test_short_bar_named_by_an_end_after_the_session_is_cut(tmp_path: Path) -> None:
    lies = grid(60)
    bars = coarse(recorded("9988.HK"), "XHKG", lies)
    rows = [row.replace("T04:00", "T04:30") for row in lines(bars, "XHKG", lies, by_close=True)]
    bring(tmp_path, rows, "9988.HK", is_stamped_at_open=False)
    assert kept(tmp_path, "9988.HK") == bars


def test_gaps_are_counted_in_bars_and_bars_off_the_grid_are_named(tmp_path: Path) -> None:
    lies = grid(15)
    rows = lines(coarse(recorded("MSFT"), "XNAS", lies), "XNAS", lies)
    first = next(index for index, row in enumerate(rows) if "T13:30" in row)
    del rows[first + 3 : first + 6]
    rows[first + 10] = rows[first + 10].replace(":00+", ":07+")
    done = bring(tmp_path, rows)
    day = rows[first][:10]
    assert done.report.dropped == {"off the grid of its bars": 1} and done.gaps == {day: 4}
    assert any("4 15-minute bars of open sessions are missing" in line for line in done.lines())


@pytest.mark.parametrize(("usual", "other"), [(1, 5), (5, 1), (5, 15)])
def test_two_lengths_in_one_series_are_refused(tmp_path: Path, usual: int, other: int) -> None:
    bars = recorded("MSFT")
    days = sorted({bar.ts.date() for bar in bars})
    rows = []
    for length, chosen in ((usual, days[:-2]), (other, days[-2:])):
        part = coarse([bar for bar in bars if bar.ts.date() in chosen], "XNAS", grid(length))
        rows += lines(part, "XNAS", grid(length))
    done = bring(tmp_path, rows)
    named = sorted(("1-minute", "5-minute", "15-minute"), key=lambda text: int(text.split("-")[0]))
    assert done.refused.startswith("it mixes ") and all(
        text in done.refused for text in named if int(text.split("-")[0]) in (usual, other)
    )
    assert not (tmp_path / "bars" / "minute_MSFT.csv.gz").exists()


def test_two_lengths_in_one_session_are_refused(tmp_path: Path) -> None:
    bars = recorded("MSFT", 390)
    rows = lines(bars[:200], "XNAS", MINUTES) + lines(coarse(bars[200:], "XNAS", grid(5)), "XNAS", grid(5))
    assert bring(tmp_path, rows).refused.startswith("it mixes 1-minute bars with 5-minute ones, from ")


def test_length_that_nobody_can_trade_or_that_is_not_the_stated_one_is_refused(tmp_path: Path) -> None:
    start = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)
    for seconds, said in ((420, "7-minute"), (90, "90-second"), (20, "20-second")):
        rows = [f"{(start + timedelta(seconds=seconds * i)).isoformat()},10,11,9,10,5" for i in range(30)]
        assert bring(tmp_path, rows).refused.startswith(f"its bars are {said} bars: intraday bars have whole minutes")
    rows = lines(coarse(recorded("MSFT"), "XNAS", grid(5)), "XNAS", grid(5))
    done = bring(tmp_path, rows, interval=read_length("15m"))
    assert done.refused == "its bars are 5-minute bars, not 15-minute ones as --interval says"
    assert not bring(tmp_path, rows, interval=read_length("5min")).refused
    done = bring(tmp_path, ["2022-05-19,1,1,1,1,1"], interval=read_length("1h"))
    assert done.refused == "its bars are daily ones, not as --interval says"
    for text in ("5", "0m", "x", "1d", "5 minutes"):
        with pytest.raises(ConfigError, match="is not a bar length such as 1m"):
            read_length(text)


def test_thin_trading_is_no_other_length(tmp_path: Path) -> None:
    rows = lines(recorded("MSFT", 780), "XNAS", MINUTES)
    thin = [row for index, row in enumerate(rows) if index % 7 not in (2, 3) or index % 5]
    done = bring(tmp_path, thin)
    assert not done.refused and done.report.kept == len(thin)
    assert FolderFeed(tmp_path / "bars").interval == MINUTES.interval


def test_folder_of_two_lengths_asks_which_one(tmp_path: Path) -> None:
    bring(tmp_path, lines(recorded("MSFT", 300), "XNAS", MINUTES))
    lies = grid(5)
    bring(tmp_path, lines(coarse(recorded("AZN.L", 900), "XLON", lies), "XLON", lies), "AZN.L")
    said = r"has 1-minute bars of MSFT and 5-minute bars of AZN\.L: a run has bars of one length; choose with --sym"
    with pytest.raises(ConfigError, match=said):
        FolderFeed(tmp_path / "bars")
    assert FolderFeed(tmp_path / "bars", ("AZN.L",)).interval == lies.interval


def test_index_with_a_length_that_cannot_be_is_refused(tmp_path: Path) -> None:
    bring(tmp_path, lines(recorded("MSFT", 300), "XNAS", MINUTES))
    path = tmp_path / "bars" / "index.json"
    path.write_text(path.read_text().replace('"interval_s": 60', '"interval_s": 0'))
    with pytest.raises(Exception, match="has bars of 0 s from 'open' on"):
        FolderFeed(tmp_path / "bars")


def test_command_says_the_length_and_refuses_a_wrong_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lies = grid(30)
    path = write_csv(tmp_path / "MSFT.csv", lines(coarse(recorded("MSFT"), "XNAS", lies), "XNAS", lies))
    typed = [
        "aion",
        "import",
        str(path),
        "--exchange",
        "XNAS",
        "--price-basis",
        "raw",
        "--to",
        str(tmp_path / "bars"),
    ]
    monkeypatch.setattr("sys.argv", typed)
    assert main() == 0
    assert "(30-minute bars)" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", [*typed, "--interval", "1h"])
    assert main() == 1
    assert "not 1-hour ones as --interval says" in capsys.readouterr().err
