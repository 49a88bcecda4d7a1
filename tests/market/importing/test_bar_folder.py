"""A folder of checked bars: a bad entry costs itself alone, and each symbol has a file of its own."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aion.command.doctor import checks
from aion.config import load
from aion.default_bots import bots_for
from aion.errors import ConfigError
from aion.market.feed.folder import FolderFeed
from aion.market.importing.bar_folder import BarFolder, Series
from aion.market.importing.reader import Import, import_files
from aion.model import Bar
from tests.bot.desk import WALL

HEAD = "ts,open,high,low,close,volume\n"
ROWS = "".join(f"2022-05-19T13:{minute}:00Z,1,2,0.5,1,5\n" for minute in range(31, 41))
COIN = Import("24/7", currency="USDT", price_basis="raw", form="csv")
GOOD, BAD = "minute:GOOD", "minute:BAD"


def bring(folder: Path, *symbols: str) -> None:
    for symbol in symbols:
        source = folder.parent / f"{symbol.replace('/', '+')}.csv"
        source.write_text(HEAD + ROWS)
        about = Import("24/7", symbol=symbol, currency="USDT", price_basis="raw", form="csv")
        assert not import_files([source], folder, about, WALL)[0].refused


def index_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "index.json").read_text())
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bring(tmp_path / "bars", "BAD", "GOOD")
    return tmp_path / "bars"


WRONG: list[Any] = [
    None, 5, "x", [], {}, {"kind": "hour"}, {"symbol": None}, {"symbol": "OTHER"}, {"symbol": ""}, {"exchange": "X"},
    {"exchange": ["24/7"]}, {"currency": 1}, {"price_basis": "exact"}, {"price_basis": []}, {"timezone": "Mars/Base"},
    {"timezone": "/etc/passwd"}, {"tick": "x"}, {"tick": "0"}, {"tick": "-1"}, {"lot": "NaN"}, {"quantity_step": ""},
    {"rows": "10"}, {"rows": -1}, {"rows": True}, {"rows": 10**12}, {"file": "../x"}, {"file": 3}, {"interval_s": 1},
    {"interval_s": None}, {"anchor": "noon"}, {"dropped": []}, {"dropped": {"2022-05-19": "x"}}, {"more": 1},
    {"name": {}}, {"venue": 7}, {"first": 0},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_index_when_one_entry_is_bad_then_it_is_named_and_the_others_are_traded(wrong: Any, folder: Path) -> None:
    index = index_of(folder)
    entry = index["series"][BAD] | wrong if isinstance(wrong, dict) and wrong else wrong
    index["series"][BAD] = entry
    (folder / "index.json").write_text(json.dumps(index))
    found = BarFolder(folder)
    assert list(found.series) == [GOOD] and len(found.read(found.series[GOOD])) == 10
    (complaint,) = found.complaints()
    assert BAD in complaint and "index.json" in complaint and "aion import" in complaint
    feed = FolderFeed(folder)
    assert list(feed.instruments("minute")) == ["GOOD"] and feed.complaints == [complaint]
    made = bots_for("folder", (), folder)
    assert {symbol for bot in made.values() for symbol in bot["symbols"]} >= {"GOOD"}
    with pytest.raises(ConfigError, match=f"no bars of BAD; it has GOOD; .*{BAD} is left out"):
        FolderFeed(folder, ("BAD",))
    bring(folder, "THIRD")
    assert index_of(folder)["series"][BAD] == entry, "nothing is lost that somebody may mend"
    bring(folder, "BAD")
    assert set(BarFolder(folder).series) == {BAD, GOOD, "minute:THIRD"} and BarFolder(folder).left_out == {}


@pytest.mark.parametrize(
    "action",
    [
        {"symbol": "BAD"},
        {"symbol": "BAD", "ex_date": "2022-13-01", "kind": "split", "amount": "2"},
        {"symbol": "BAD", "ex_date": "2022-05-19", "kind": "split", "amount": "two"},
        {"symbol": "BAD", "ex_date": 5, "kind": "split", "amount": "2"},
    ],
    ids=repr,
)
def test_index_when_a_split_cannot_be_read_then_its_symbol_is_left_out_and_the_others_are_traded(
    action: Any, folder: Path
) -> None:
    index = index_of(folder)
    index["actions"] = [action]
    (folder / "index.json").write_text(json.dumps(index))
    found = BarFolder(folder)
    assert list(found.series) == [GOOD] and "action 1 cannot be read" in found.left_out[BAD]
    found.write_index()
    assert index_of(folder) == index


@pytest.mark.parametrize("action", [None, 5, [], {}, {"symbol": "GONE"}], ids=repr)
def test_index_when_an_action_is_of_nothing_then_it_is_named_and_all_bars_are_traded(
    action: Any, folder: Path
) -> None:
    index = index_of(folder)
    index["actions"] = [action]
    (folder / "index.json").write_text(json.dumps(index))
    found = BarFolder(folder)
    assert set(found.series) == {GOOD, BAD} and list(found.left_out) == ["action 1"]


def test_doctor_when_an_entry_is_bad_then_it_names_it(folder: Path, tmp_path: Path) -> None:
    index = index_of(folder)
    index["series"][BAD]["rows"] = "many"
    (folder / "index.json").write_text(json.dumps(index))
    settings = load(flags={"feed": "folder", "folder": folder, "data": tmp_path / "data"}, environment={})
    (found,) = [each for each in checks(settings) if each.name == "feed"]
    assert not found.is_fine and f"{BAD} is left out: it has 'many' rows" in found.text


def test_symbols_when_their_names_are_alike_then_each_has_a_file_of_its_own(tmp_path: Path) -> None:
    alike = ("BTC/USDT", "BTC_USDT", "BTC USDT", "BTC:USDT", "BTC_2FUSDT", "BTC\u2044USDT")
    folder = tmp_path / "bars"
    bring(folder, *alike)
    found = BarFolder(folder)
    assert {series.symbol for series in found.series.values()} == set(alike)
    assert len({series.file for series in found.series.values()}) == len(alike)
    for series in found.series.values():
        assert [bar.symbol for bar in found.read(series)] == [series.symbol] * 10


def test_folder_of_an_older_version_when_a_series_comes_again_then_it_is_read_and_keeps_its_file(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "bars"
    bring(folder, "BTC/USDT")
    index = index_of(folder)
    entry = index["series"]["minute:BTC/USDT"]
    shutil.move(folder / entry["file"], folder / "minute_BTC_USDT.csv.gz")
    entry["file"] = "minute_BTC_USDT.csv.gz"
    (folder / "index.json").write_text(json.dumps(index))
    found = BarFolder(folder)
    bars = found.read(found.series["minute:BTC/USDT"])
    assert len(bars) == 10
    bring(folder, "BTC_USDT")
    assert BarFolder(folder).read(BarFolder(folder).series["minute:BTC/USDT"]) == bars
    found = BarFolder(folder)
    found.write(found.series["minute:BTC/USDT"], bars, "csv")
    assert (folder / "minute_BTC_USDT.csv.gz").is_file() and len(list(folder.glob("minute_*"))) == 2
    assert BarFolder(folder).read(BarFolder(folder).series["minute:BTC/USDT"]) == bars


def test_symbol_when_it_is_too_long_for_a_file_then_it_still_has_one(tmp_path: Path) -> None:
    symbols = ["\u00e9" * 70 + end for end in ("a", "b")]
    folder = BarFolder(tmp_path / "bars")
    for symbol in symbols:
        bar = Bar(symbol, WALL, *map(Decimal, ("1", "1", "1", "1", "1")))
        folder.write(Series("minute", symbol, "24/7", "USDT", "raw"), [bar], "csv")
    found = BarFolder(tmp_path / "bars")
    assert [bar.symbol for series in found.series.values() for bar in found.read(series)] == symbols
