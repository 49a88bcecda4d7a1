"""What people bring is checked row by row: good bars come back exactly, everything else is named in the report."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.command.app import main
from aion.errors import ConfigError, FeedError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed import FolderFeed, RecordedFeed
from aion.market.importing.reader import REPORT, Import, Imported, import_files
from aion.model import Bar

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEAD = "Timestamp,Open,High,Low,Close,Volume"
NEW_YORK = Import("XNAS", price_basis="raw", form="csv")
DAYS = [each.day for each in calendar.sessions("XNAS", date(2022, 5, 16), date(2022, 5, 27))]


def bring(tmp_path: Path, lines: list[str], about: Import = NEW_YORK, name: str = "MSFT.csv") -> Imported:
    path = tmp_path / name
    path.write_text("\n".join([HEAD, *lines]))
    (done,) = import_files([path], tmp_path / "bars", about, NOW)
    return done


def minutes(count: int, start: str = "2022-05-19T13:30:00+00:00") -> list[str]:
    first = datetime.fromisoformat(start)
    return [f"{(first + timedelta(minutes=i)).isoformat()},10,11,9,10.5,{100 + i}" for i in range(count)]


def days(prices: list[str]) -> list[str]:
    return [f"{day},{price},{price},{price},{price},1000" for day, price in zip(DAYS, prices, strict=False)]


def kept(tmp_path: Path, kind: str = "minute", symbol: str = "MSFT") -> list[Bar]:
    return FolderFeed(tmp_path / "bars").history(kind, symbol, NOW, 10_000)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("given", ["csv", "parquet"])
def test_recorded_bars_brought_as_a_file_come_back_exactly(tmp_path: Path, given: str, form: str) -> None:
    feed = RecordedFeed()
    bars = feed.history("minute", "MSFT", NOW, 800)
    path = tmp_path / f"MSFT.{given}"
    if given == "csv":
        rows = [f"{b.ts.isoformat()},{b.open},{b.high},{b.low},{b.close},{b.volume}" for b in bars]
        path.write_text("\n".join([HEAD, *rows]))
    else:
        import pyarrow
        import pyarrow.parquet

        names = ("open", "high", "low", "close", "volume")
        columns = {name: [float(getattr(bar, name)) for bar in bars] for name in names}
        pyarrow.parquet.write_table(pyarrow.table({"Date": [bar.ts for bar in bars], **columns}), path)
    about = Import("XNAS", price_basis="raw", is_stamped_at_open=False, form=form)  # type: ignore[arg-type]
    (done,) = import_files([path], tmp_path / "bars", about, NOW)
    assert done.report.kept == 800
    assert kept(tmp_path) == bars
    found = FolderFeed(tmp_path / "bars").instruments("minute")["MSFT"]
    assert found == feed.instruments("minute")["MSFT"]


def test_each_sort_of_bad_row_is_named_with_its_line(tmp_path: Path) -> None:
    lines = minutes(12)
    lines[1] = lines[1].replace("10.5", "NaN")
    lines[2] = lines[2].replace(",9,", ",0,")
    lines[3] = lines[3].replace(",9,", ",-9,")
    lines[4] = lines[4].replace(",11,", ",8,")
    lines[6] = lines[5]
    lines[8], lines[9] = lines[9], lines[8]
    lines[10] = "2022-05-19T13:40:00+00:00,10.5,10.5,10.5,10.5,0"
    lines.append("2022-05-19T22:00:00+00:00,10,11,9,10.5,100")
    lines.append("2022-05-19T13:50:00,10,11,9,10.5,100")
    lines.append("2022-05-19T13:51:00+00:00,10,11")
    done = bring(tmp_path, lines)
    assert done.report.dropped == {
        "not a number": 1, "impossible prices": 3, "duplicate time": 1,
        "filled forward without a print": 1, "outside a market session": 1, "no time with a zone": 1,
        "missing column": 1,
    }  # fmt: skip
    assert "row 3 (close 'NaN'): not a number" in done.report.examples
    assert done.report.warnings == ["2 rows did not stand in order of time: they were put there"]
    assert done.report.kept == 6 == len(kept(tmp_path))
    assert FolderFeed(tmp_path / "bars").dropped("MSFT", "2022-05-19") == 1
    report = json.loads((tmp_path / "bars" / REPORT).read_text())
    assert report["series"]["minute:MSFT"]["dropped"] == done.report.dropped
    assert done.gaps == {"2022-05-19": 5}  # of 12 minutes from first to last, 6 kept and 1 without a print


def test_split_that_nobody_declared_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    done = bring(tmp_path, days(["100", "100", "5", "5"]))
    assert done.refused.startswith(f"on {DAYS[2]} it opens at 1:20 of the close before")
    assert f"--split MSFT:{DAYS[2]}:20" in done.refused
    assert not (tmp_path / "bars" / "day_MSFT.csv.gz").exists()
    with pytest.raises(ConfigError, match="no checked bars"):
        FolderFeed(tmp_path / "bars")


def test_split_that_is_declared_is_kept_and_handed_on(tmp_path: Path) -> None:
    split = CorporateAction("MSFT", DAYS[2], "split", Decimal(20))
    done = bring(tmp_path, days(["100", "100", "5", "5"]), Import("XNAS", price_basis="raw", actions=(split,)))
    assert not done.refused
    feed = FolderFeed(tmp_path / "bars")
    assert list(feed.actions(frozenset({"MSFT"}))) == [split]
    assert list(feed.actions(frozenset({"AAPL"}))) == []


def test_split_declared_for_another_day_or_ratio_does_not_excuse_the_jump(tmp_path: Path) -> None:
    for day, ratio in ((DAYS[1], 20), (DAYS[2], 2)):
        split = CorporateAction("MSFT", day, "split", Decimal(ratio))
        done = bring(tmp_path, days(["100", "100", "5", "5"]), Import("XNAS", price_basis="raw", actions=(split,)))
        assert done.refused


def test_jump_that_is_said_to_be_real_is_kept_and_handed_on_of_adjusted_prices_too(tmp_path: Path) -> None:
    jump = CorporateAction("MSFT", DAYS[2], "jump", Decimal(1))
    done = bring(tmp_path, days(["100", "100", "5", "5"]), Import("XNAS", price_basis="adjusted", actions=(jump,)))
    assert not done.refused and done.report.kept == 4
    assert list(FolderFeed(tmp_path / "bars").actions(frozenset({"MSFT"}))) == [jump]
    other = replace(jump, ex_date=DAYS[1])
    assert bring(tmp_path, days(["100", "100", "5"]), Import("XNAS", price_basis="raw", actions=(other,))).refused


def test_times_that_say_a_wrong_zone_are_refused_with_what_to_look_at(tmp_path: Path) -> None:
    done = bring(tmp_path, [f"2022-05-19T09:{minute}:00+00:00,10,11,9,10.5,100" for minute in range(30, 40)])
    why = (
        "no good bar is left: of 10 rows, 10 are outside a market session; if XNAS is its exchange, its times are in"
    )
    assert done.refused.startswith(why)


def test_split_of_adjusted_prices_cannot_be_declared(tmp_path: Path) -> None:
    split = CorporateAction("MSFT", DAYS[2], "split", Decimal(20))
    with pytest.raises(ConfigError, match="no splits or dividends left"):
        bring(tmp_path, days(["1"]), Import("XNAS", price_basis="adjusted", actions=(split,)))


@pytest.mark.parametrize("kind", ["split", "dividend"])
def test_split_or_dividend_of_prices_of_which_nobody_says_that_they_are_raw_is_refused(
    tmp_path: Path, kind: str
) -> None:
    action = CorporateAction("MSFT", DAYS[2], kind, Decimal(20))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf"MSFT: a {kind} needs raw prices, .* --price-basis raw"):
        bring(tmp_path, days(["100", "100", "5", "5"]), Import("XNAS", actions=(action,)))
    assert not (tmp_path / "bars" / "index.json").exists()


def test_times_without_a_zone_need_one_said(tmp_path: Path) -> None:
    local = [f"2022-05-19 09:{minute},10,11,9,10.5,100" for minute in range(30, 40)]
    done = bring(tmp_path, local)
    why = "no good bar is left: of 10 rows, 10 are no time with a zone; say the zone of its times: --zone"
    assert done.refused.startswith(why) and done.report.dropped == {"no time with a zone": 10}
    done = bring(tmp_path, local, Import("XNAS", zone="America/New_York", form="csv"))
    assert done.report.kept == 10
    assert kept(tmp_path)[0].ts == datetime(2022, 5, 19, 13, 31, tzinfo=UTC)


def test_times_in_a_wrong_zone_are_outside_the_sessions(tmp_path: Path) -> None:
    local = [f"2022-05-19 09:{minute},10,11,9,10.5,100" for minute in range(30, 40)]
    done = bring(tmp_path, local, Import("XNAS", zone="Europe/London", form="csv"))
    assert done.report.dropped == {"outside a market session": 10} and done.refused


def test_hour_that_clocks_skip_does_not_exist(tmp_path: Path) -> None:
    lines = [f"2022-03-13 02:{minute},10,11,9,10.5,100" for minute in (30, 31)]
    done = bring(tmp_path, lines, Import("24/7", currency="USD", zone="America/New_York", form="csv"))
    assert done.report.dropped == {"a time that clocks skipped as they were set forward": 2}


@pytest.mark.parametrize("scale", [1, 1000, 1_000_000])
def test_numbers_since_1970_are_seconds_milli_or_microseconds(tmp_path: Path, scale: int) -> None:
    first = int(datetime(2022, 5, 19, 13, 30, tzinfo=UTC).timestamp())
    lines = [f"{(first + 60 * i) * scale},10,11,9,10.5,100" for i in range(3)]
    bring(tmp_path, lines)
    assert [bar.ts.minute for bar in kept(tmp_path)] == [31, 32, 33]


def test_rows_that_are_newest_first_are_read_backwards(tmp_path: Path) -> None:
    done = bring(tmp_path, minutes(5)[::-1])
    assert done.report.kept == 5 and "newest first" in done.report.warnings[0]


def test_daily_bars_close_with_their_session_half_days_too(tmp_path: Path) -> None:
    lines = [f"{day},10,10,10,10,5" for day in ("2021-11-24", "2021-11-25", "2021-11-26", "2021-11-29")]
    done = bring(tmp_path, lines)
    assert done.report.dropped == {"no session on that day": 1}  # Thanksgiving
    assert [bar.ts.hour for bar in kept(tmp_path, "day")] == [21, 18, 21]


def test_gaps_name_sessions_without_a_bar(tmp_path: Path) -> None:
    lines = days(["10"] * 5)
    del lines[2]
    done = bring(tmp_path, lines)
    assert done.gaps == {DAYS[2].isoformat(): 1}
    assert any("gaps: 1 day bars" in line for line in done.lines())


def test_symbols_of_one_file_become_series_and_one_bad_one_spares_the_others(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    rows = [f"AAA;{line.replace(',', ';')}" for line in days(["10"] * 4)]
    rows += [f"BBB;{line.replace(',', ';')}" for line in days(["100", "100", "5", "5"])]
    path.write_text("\n".join(["ticker;date;open;high;low;close;vol", *rows]))
    one, two = import_files([path], tmp_path / "bars", NEW_YORK, NOW)
    assert (one.symbol, one.refused) == ("AAA", "") and two.symbol == "BBB" and two.refused
    assert set(FolderFeed(tmp_path / "bars").instruments("day")) == {"AAA"}


def test_pence_become_pounds(tmp_path: Path) -> None:
    lines = ["2022-05-19T07:00:00+00:00,10182,10202,10178,10184,100"]
    bring(tmp_path, lines, Import("XLON", unit=Decimal("0.01"), form="csv"), "AZN.L.csv")
    (bar,) = FolderFeed(tmp_path / "bars").history("minute", "AZN.L", NOW, 5)
    assert bar.open == Decimal("101.82")


def test_series_without_a_price_basis_says_none(tmp_path: Path) -> None:
    bring(tmp_path, days(["10"] * 3), Import("XNAS", form="csv"))
    assert FolderFeed(tmp_path / "bars").instruments("day")["MSFT"].price_basis is None


def test_series_that_comes_again_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    bring(tmp_path, minutes(3), Import("XNAS", form="csv"))
    bring(tmp_path, minutes(5), Import("XNAS", form="parquet"))
    assert len(kept(tmp_path)) == 5
    assert not list((tmp_path / "bars").glob("*.csv.gz"))


def damage_file(folder: Path) -> None:
    (folder / "minute_MSFT.csv.gz").write_bytes(b"not gzip")


def lose_file(folder: Path) -> None:
    (folder / "minute_MSFT.csv.gz").unlink()


def damage_index(folder: Path) -> None:
    (folder / "index.json").write_text('{"schema": "aion/bars/1", "series": 3}')


def newer_index(folder: Path) -> None:
    (folder / "index.json").write_text('{"schema": "aion/bars/9", "series": {}, "actions": []}')


def fewer_rows(folder: Path) -> None:
    path = folder / "index.json"
    path.write_text(path.read_text().replace('"rows": 3', '"rows": 4'))


@pytest.mark.parametrize("harm", [damage_file, lose_file, damage_index, newer_index, fewer_rows])
def test_folder_that_is_damaged_is_refused_in_a_sentence(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    bring(tmp_path, minutes(3))
    harm(tmp_path / "bars")
    with pytest.raises(FeedError, match="aion import") as caught:
        kept(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no such"),
        ("a,b\n1,2\n", "has no column for the time; it has a, b"),
        ("\n", "x.csv is empty: it has no line with the names of its columns"),
        ("ts,open,high,low,close\n", "has no column for volume"),
        ("ts,open,high,low,close,volume\n", "there are no rows in"),
        ("ts,open,high,low,close,volume,W\xe4hrung\n", "byte 0xe4 is not UTF-8 text; save it as CSV in UTF-8"),
    ],
)
def test_file_that_cannot_be_used_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    path = tmp_path / "x.csv"
    if text:
        path.write_text(text, "latin-1")
    monkeypatch.setattr("sys.argv", ["aion", "import", str(path), "--exchange", "XNAS", "--to", str(tmp_path / "b")])
    assert main() == 2
    assert said.replace("there is no such", "x.csv cannot be read: No such file") in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_command_says_what_was_kept_and_fails_when_a_series_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "MSFT.csv"
    path.write_text("\n".join([HEAD, *days(["100", "100", "5", "5"])]))
    typed = ["aion", "import", str(path), "--exchange", "XNAS", "--to", str(tmp_path / "b"), "--price-basis", "raw"]
    monkeypatch.setattr("sys.argv", typed)
    assert main() == 1
    assert "MSFT: refused, nothing written" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*typed, "--split", f"MSFT:{DAYS[2]}:20"])
    assert main() == 0
    said = capsys.readouterr().out
    assert "MSFT: kept 4 of 4 bars" in said and "aion up --feed folder" in said and "--price-basis" not in said
    path.write_text("\n".join([HEAD, *days(["100", "100"])]))
    monkeypatch.setattr("sys.argv", typed[:-2])
    assert main() == 0
    assert "or bots will not hold these symbols overnight" in capsys.readouterr().out


def test_command_takes_a_jump_as_real_and_declares_more_of_a_folder_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = tmp_path / "MSFT.csv", tmp_path / "b"
    path.write_text("\n".join([HEAD, *days(["100", "100", "5", "5"])]))
    typed = ["aion", "import", str(path), "--exchange", "XNAS", "--to", str(folder), "--price-basis", "raw"]
    monkeypatch.setattr("sys.argv", [*typed, "--jump", f"MSFT:{DAYS[2]}"])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["aion", "declare", str(folder), "--dividend", f"MSFT:{DAYS[3]}:0.25"])
    capsys.readouterr()
    assert main() == 0
    assert capsys.readouterr().out == f"MSFT: dividend of 0.25 on {DAYS[3]}\n"
    found = FolderFeed(folder).actions(frozenset({"MSFT"}))
    assert [(each.ex_date, each.kind) for each in found] == [(DAYS[2], "jump"), (DAYS[3], "dividend")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "there is nothing to declare"),
        (("--jump", "AAPL:2022-05-20"), "has no bars of AAPL; it has MSFT"),
        (("--jump", "MSFT:2022-05-21"), "2022-05-21 is not a trading day of XNAS"),
        (("--jump", "MSFT:1492-10-12"), "1492-10-12 is not a trading day of XNAS"),
        (("--jump", "MSFT"), "--jump 'MSFT' cannot be read: SYMBOL:YYYY-MM-DD\n"),
        (("--split", "MSFT:2022-05-20:0"), "cannot be read: SYMBOL:YYYY-MM-DD:AMOUNT"),
    ],
)
def test_declaration_that_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: tuple, said: str
) -> None:
    bring(tmp_path, days(["100", "100"]))
    index = (tmp_path / "bars" / "index.json").read_bytes()
    monkeypatch.setattr("sys.argv", ["aion", "declare", str(tmp_path / "bars"), *options])
    assert main() == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "bars" / "index.json").read_bytes() == index


@pytest.mark.parametrize(
    ("option", "value"),
    [("--exchange", "XXXX"), ("--zone", "Mars/Base"), ("--stamp", "middle"), ("--price-basis", "fair"),
     ("--unit", "0"), ("--split", "MSFT:20"), ("--format", "xls")],
)  # fmt: skip
def test_option_that_cannot_work_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    path = tmp_path / "MSFT.csv"
    path.write_text("\n".join([HEAD, *minutes(3)]))
    typed = ["aion", "import", str(path), "--exchange", "XNAS", "--to", str(tmp_path / "b"), option, value]
    monkeypatch.setattr("sys.argv", typed)
    assert main() == 2
    assert f"{option} {value!r}" in capsys.readouterr().err


def test_symbols_when_they_come_to_one_file_name_then_each_keeps_its_own_bars(tmp_path: Path) -> None:
    symbols = ["BTC/USDT", "BTC_USDT", "btc/usdt", "\u00e9", "\u00fc"]
    path = tmp_path / "all.csv"
    rows = [
        f"{symbol},2022-05-19T13:3{number}:00Z,1,2,0.5,{1 + number / 10},5" for number, symbol in enumerate(symbols)
    ]
    path.write_text("\n".join([f"Symbol,{HEAD}", *rows]))
    coins = Import("24/7", currency="USDT", form="csv")
    for _ in range(2):  # again: each takes its own place
        done = import_files([path], tmp_path / "bars", coins, NOW)
        assert [each.refused for each in done] == [""] * len(symbols)
        found = {each: kept(tmp_path, symbol=each) for each in symbols}
        assert {each: float(bars[0].close) for each, bars in found.items()} == {
            each: 1 + number / 10 for number, each in enumerate(symbols)
        }
    assert len(list((tmp_path / "bars").glob("minute_*"))) == len(symbols)


@pytest.mark.parametrize("symbol", ["A" * 65, "A" * 205, "A" * 300, "A\x1b[31mB", "A\u202eB", "A\nMSFT: kept 9"])
def test_symbol_when_it_can_be_none_then_it_alone_is_refused_in_one_plain_line(tmp_path: Path, symbol: str) -> None:
    path = tmp_path / "all.csv"
    rows = [f'"{each}",{row}' for each in (symbol, "MSFT") for row in minutes(5)]
    path.write_text("\n".join([f"Symbol,{HEAD}", *rows]))
    done = {each.symbol: each for each in import_files([path], tmp_path / "bars", NEW_YORK, NOW)}
    assert done["MSFT"].refused == "" and len(kept(tmp_path)) == 5
    assert "characters that can be printed" in done[symbol].refused
    (said,) = done[symbol].lines()
    assert said.isprintable()
    import_files([path], tmp_path / "bars", NEW_YORK, NOW)  # the folder is still one


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "1e-999999", "0e-999999999"])
@pytest.mark.parametrize("field", [",10.5,", ",102"])
def test_number_when_it_is_beyond_any_price_then_its_row_alone_is_left_out(
    tmp_path: Path, number: str, field: str
) -> None:
    lines = minutes(5)
    lines[2] = lines[2].replace(field, field[:1] + number + field[-1:] if field[-1] == "," else f",{number}")
    done = bring(tmp_path, lines)
    assert done.report.dropped == {"not a number": 1} and len(kept(tmp_path)) == 4


def test_file_when_its_lines_end_in_cr_alone_then_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "MSFT.csv"
    path.write_text("\r".join([HEAD, *minutes(5)]), newline="")
    with pytest.raises(FeedError, match="its lines end in CR alone"):
        import_files([path], tmp_path / "bars", NEW_YORK, NOW)
