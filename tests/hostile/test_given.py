"""Files that we are given: their names lead nowhere else, nothing in them is waited for, and each has its caps."""

import gzip
import json
import os
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from aion.adapter import freqtrade
from aion.adapter.freqtrade import Attached, attach
from aion.clock import FixedClock
from aion.command.backup import back_up
from aion.command.inspect import log_lines
from aion.config import MOST_BYTES, load
from aion.errors import AionError, ConfigError, FeedError
from aion.market.importing import bar_folder, reader
from aion.market.importing.bar_folder import BarFolder
from aion.market.importing.reader import Import, import_files
from aion.market.importing.text import table
from aion.output import archive, retention
from aion.process.supervisor import last_words
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.regular_file import LONGEST_LINE
from tests.adapter.freqtrade_file import TRADES, make
from tests.bot.desk import WALL

HEAD = "ts,open,high,low,close,volume\n"
ROW = "2022-05-19T13:31:00Z,1,2,0.5,1,5\n"
COIN = Import("24/7", currency="USDT", form="csv")
SOON_S = 60.0
Result = TypeVar("Result")


def within(call: Callable[[], Result]) -> Result:
    """Return what `call` returns; fail when it waits for somebody who never comes."""
    found: list[Result] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            found.append(call())
        except (AssertionError, AionError, OSError, ValueError, ArithmeticError) as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SOON_S)
    assert not thread.is_alive(), "it waits"
    if raised:
        raise raised[0]
    return found[0]


def bars(folder: Path, symbol: str = "BTC-USDT") -> BarFolder:
    source = folder.parent / f"{symbol}.csv"
    source.write_text(HEAD + ROW)
    assert not import_files([source], folder, COIN, WALL)[0].refused
    return BarFolder(folder)


NAMES: list[object] = [
    "../../victim", "/tmp/victim", "../victim.csv.gz", "minute_../../victim.csv.gz", "minute_x/../../victim.csv.gz",
    "index.json", "halt.csv", ".", "", "minute_a\x00.csv.gz", "minute_a.csv.gz\n", 5, None, ["a"], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_index_when_it_names_a_file_elsewhere_then_nothing_there_is_read_written_or_deleted(
    name: object, tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "bars"
    folder.parent.mkdir()
    series = next(iter(bars(folder).series.values()))
    victims = [tmp_path / "victim", tmp_path / "a" / "victim.csv.gz", tmp_path / "victim.csv.gz"]
    for victim in victims:
        shutil.copy(folder / series.file, victim)
    index = json.loads((folder / "index.json").read_text())
    index["series"][series.key]["file"] = name
    (folder / "index.json").write_text(json.dumps(index))
    kept = [victim.read_bytes() for victim in victims]
    assert BarFolder(folder).series == {} and list(BarFolder(folder).left_out) == [series.key]
    assert not import_files([tmp_path / "a" / "BTC-USDT.csv"], folder, COIN, WALL)[0].refused
    assert [victim.read_bytes() for victim in victims] == kept
    assert list(BarFolder(folder).series) == [series.key] and BarFolder(folder).left_out == {}


def test_index_when_two_series_share_a_file_then_writing_one_keeps_that_of_the_other(tmp_path: Path) -> None:
    folder = bars(tmp_path / "bars")
    one = next(iter(folder.series.values()))
    index = json.loads((tmp_path / "bars" / "index.json").read_text())
    index["series"]["minute:OTHER"] = index["series"][one.key] | {"symbol": "OTHER"}
    (tmp_path / "bars" / "index.json").write_text(json.dumps(index))
    present = BarFolder(tmp_path / "bars")
    present.write(present.series["minute:OTHER"], folder.read(one), "csv")
    assert BarFolder(tmp_path / "bars").read(one) == folder.read(one)


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_bars_when_a_file_is_none_then_it_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    folder = bars(tmp_path / "bars")
    series = next(iter(folder.series.values()))
    for place, call in (
        (tmp_path / "bars" / series.file, lambda: folder.read(series)),
        (tmp_path / "bars" / "halt.csv", lambda: folder.halts(series.symbol)),
        (tmp_path / "bars" / "index.json", lambda: BarFolder(tmp_path / "bars")),
    ):
        elsewhere = tmp_path / "elsewhere"
        if place.exists():
            shutil.copy(place, elsewhere)
            place.unlink()
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "link":
            place.symlink_to(elsewhere)
        else:
            place.mkdir()
        with pytest.raises(FeedError, match="cannot be read"):
            within(call)
        place.rmdir() if kind == "folder" else place.unlink()


def test_write_when_links_stand_where_files_go_then_nothing_is_written_through_them(tmp_path: Path) -> None:
    folder, outside = tmp_path / "bars", tmp_path / "outside"
    outside.write_text("mine")
    folder.mkdir()
    for name in (".index.json.tmp", "index.json.tmp", "import_report.json", "minute_BTC-USDT.csv.gz",
                 ".minute_BTC-USDT.csv.gz.tmp", f".index.json.tmp-{os.getpid()}"):  # fmt: skip
        (folder / name).symlink_to(outside)
    bars(folder)
    assert outside.read_text() == "mine" and len(BarFolder(folder).series) == 1


def test_import_when_a_file_is_no_file_then_it_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    os.mkfifo(tmp_path / "pipe.parquet")
    for path in (tmp_path / "pipe.csv", tmp_path / "pipe.parquet", Path("/dev/zero"), tmp_path):
        with pytest.raises(FeedError, match=r"cannot be read: (it is not a regular file|Is a directory)"):
            within(lambda path=path: import_files([path], tmp_path / "bars", COIN, WALL))
    assert not (tmp_path / "bars").exists()


def test_import_when_a_line_never_ends_then_it_is_refused_after_the_first_part_of_it(tmp_path: Path) -> None:
    for name, before in (("head.csv", ""), ("row.csv", HEAD)):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(before.encode())
            file.truncate(1 << 30)  # a line of a gigabyte, that takes no room on the disk
        with pytest.raises(FeedError, match=f"line [12] has more than {LONGEST_LINE:,} bytes"):
            within(lambda path=path: import_files([path], tmp_path / "bars", COIN, WALL))


def test_import_when_there_are_too_many_rows_or_symbols_then_it_says_how_many_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(HEAD + ROW * 50)
    many = "".join(f"{ROW.strip()},S{number}\n" for number in range(50))
    (tmp_path / "b.csv").write_text(HEAD.strip() + ",symbol\n" + many)
    monkeypatch.setattr(reader, "MAX_SERIES", 20)
    with pytest.raises(FeedError, match="more than 20 symbols: import them in parts"):
        import_files([tmp_path / "b.csv"], tmp_path / "bars", COIN, WALL)
    monkeypatch.setattr(reader, "MAX_ROWS", 20)
    with pytest.raises(FeedError, match="more than 20 rows: import them in parts"):
        import_files([tmp_path / "a.csv"], tmp_path / "bars", COIN, WALL)
    monkeypatch.setattr(table, "MAX_ROWS", 20)
    with pytest.raises(FeedError, match="more than 20 lines: split it"):
        import_files([tmp_path / "a.csv"], tmp_path / "bars", COIN, WALL)
    monkeypatch.setattr(table, "MAX_BYTES", 100)
    with pytest.raises(FeedError, match="it has more than 100 bytes"):
        import_files([tmp_path / "a.csv"], tmp_path / "bars", COIN, WALL)


def test_zip_when_it_names_files_elsewhere_or_unpacks_to_much_then_nothing_is_written_and_little_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def packed(name: str, text: str) -> Path:
        with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, text)
        return tmp_path / "x.zip"

    (found,) = table.read_tables(packed("../../BTC-USDT.csv", HEAD + ROW))
    assert found.stem == "BTC-USDT" and not (tmp_path.parent.parent / "BTC-USDT.csv").exists()
    with pytest.raises(FeedError, match=f"line 1 has more than {LONGEST_LINE:,} bytes"):
        within(lambda: list(table.read_tables(packed("a.csv", "1" * 50_000_000))))
    monkeypatch.setattr(table, "MAX_BYTES", 10_000)
    with pytest.raises(FeedError, match="it has more than 10,000 bytes"):
        within(lambda: list(table.read_tables(packed("a.csv", HEAD + ROW * 100_000))))
    path = packed("a.csv", HEAD + ROW * 100)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FeedError, match="it is damaged"):
        list(table.read_tables(path))


def parquet_file(path: Path, **columns: object) -> Path:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path, compression="zstd", row_group_size=1 << 30)
    return path


def test_parquet_when_it_is_a_bomb_then_it_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow

    count = 300_000
    number = pyarrow.array([1.0]).take(pyarrow.array([0] * count))
    base = {name: number for name in ("open", "high", "low", "close", "volume")}
    long = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * count, pyarrow.int32()), ["x" * 1_000_000])
    with pytest.raises(FeedError, match="a text of more than 1,000 characters"):
        within(lambda: list(table.read_tables(parquet_file(tmp_path / "text.parquet", ts=long, **base))))
    nested = pyarrow.array([[1.0]] * 3)
    three = {name: [1.0] * 3 for name in ("open", "high", "low", "close", "volume")}
    with pytest.raises(FeedError, match="lists or records"):
        list(table.read_tables(parquet_file(tmp_path / "nested.parquet", ts=nested, **three)))
    monkeypatch.setattr(table, "MAX_ROWS", 1000)
    rows = parquet_file(tmp_path / "rows.parquet", ts=number, **base)
    with pytest.raises(FeedError, match="300,000 rows; at most 1,000 are read"):
        list(table.read_tables(rows))
    monkeypatch.setattr(table, "MAX_ROWS", count)
    monkeypatch.setattr(table, "MAX_BYTES", 100)
    with pytest.raises(FeedError, match="unpacks to more than 100 bytes"):
        list(table.read_tables(rows))


def test_series_when_its_file_is_a_gzip_bomb_then_little_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bars(tmp_path / "bars")
    series = next(iter(folder.series.values()))
    monkeypatch.setattr(bar_folder, "MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "bars" / series.file).write_bytes(gzip.compress(bytes(64 << 20)))
    with pytest.raises(FeedError, match="it has more than 1,048,576 bytes"):
        folder.read(series)
    (tmp_path / "bars" / series.file).write_bytes(gzip.compress(ROW.encode() * 10_000))
    with pytest.raises(FeedError, match=r"more than the 1 rows of index\.json"):
        folder.read(series)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id"
VIEW = f"""CREATE VIEW trades AS {ENDLESS}, 'A/B' AS pair, 0 AS is_open, 1 AS open_rate, 1 AS close_rate, 1 AS amount,
    '2022-05-19' AS open_date, '2022-05-19' AS close_date FROM n;"""
OF_ORDERS = f"CREATE VIEW orders AS {ENDLESS}, 1 AS ft_trade_id FROM n;"


def shown(path: Path, tmp_path: Path) -> None:
    attach(Attached(path, "ft", 1.0), Layout(tmp_path / "data"), FixedClock(WALL), None, lambda line: None)


def test_database_when_trades_are_a_view_without_end_then_it_is_no_database_of_freqtrade(tmp_path: Path) -> None:
    view = make(tmp_path / "view.sqlite", VIEW)
    columns = "id, pair, is_open, open_rate, close_rate, amount, open_date, close_date"
    virtual = make(tmp_path / "virtual.sqlite", f"CREATE VIRTUAL TABLE trades USING fts5({columns});")
    for path in (view, virtual):
        with pytest.raises(ConfigError, match="is not a freqtrade trades database"):
            within(lambda path=path: shown(path, tmp_path))
    tables = TRADES.partition("CREATE TABLE orders")[0]
    rows = "INSERT INTO trades" + TRADES.partition("INSERT INTO trades")[2].partition("INSERT INTO orders")[0]
    within(lambda: shown(make(tmp_path / "orders.sqlite", tables + rows + OF_ORDERS), tmp_path))  # as one of old


def test_database_when_reading_takes_too_long_or_is_too_much_then_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        TRADES
        + f"""INSERT INTO orders (id, ft_trade_id, ft_order_side, ft_pair, ft_is_open, order_id)
        SELECT i + 10, 1, 'buy', 'A/B', 0, 'x' FROM ({ENDLESS.replace("AS id", "AS i")} FROM n LIMIT 50000);"""
    )
    large = make(tmp_path / "large.sqlite", script)
    monkeypatch.setattr(freqtrade, "MOST_S", -1.0)
    with pytest.raises(ConfigError, match="reading it takes more than -1 s"):
        shown(large, tmp_path)
    monkeypatch.setattr(freqtrade, "MOST_S", 60.0)
    monkeypatch.setattr(freqtrade, "MOST_ROWS", 40_000)
    with pytest.raises(ConfigError, match="the table orders has more than 40,000 rows"):
        shown(large, tmp_path)
    monkeypatch.setattr(freqtrade, "MOST_BYTES", 1000)
    with pytest.raises(ConfigError, match="the table orders has more than 1,000 bytes"):
        shown(large, tmp_path)
    blob = make(tmp_path / "blob.sqlite", TRADES.replace("'roi'", "CAST(zeroblob(50000000) AS TEXT)"))
    with pytest.raises(ConfigError, match="too big"):
        shown(blob, tmp_path)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_database_when_a_part_of_it_is_a_pipe_then_nobody_waits(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "trades.sqlite"
    if suffix:
        make(path)
    os.mkfifo(f"{path}{suffix}")
    with pytest.raises(ConfigError, match=r"not a regular file|a pipe or the like"):
        within(lambda: shown(path, tmp_path))


def test_backup_when_pipes_and_links_are_among_the_files_then_they_are_named_and_left_out(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.controls.mkdir(parents=True)
    layout.configs.mkdir()
    sqlite3.connect(layout.ledger).close()
    make(layout.ledger, "CREATE TABLE a (b);")
    (tmp_path / "secret").write_text("a file outside")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.json").write_text("outside")
    (layout.controls / "c1.json").write_text("{}")
    (layout.controls / "link.json").symlink_to(tmp_path / "secret")
    (layout.controls / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(layout.configs / "pipe.json")
    lines = within(lambda: list(back_up(layout, tmp_path / "copy")))
    assert sum("left out" in line for line in lines) == 3, lines
    kept = {
        path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*") if path.is_file()
    }
    assert kept == {"ledger.sqlite", f"{layout.controls.name}/c1.json"}
    layout.desk.symlink_to(layout.ledger)
    with pytest.raises(ConfigError, match=r"desk\.sqlite is (a link|not a regular file)"):
        list(back_up(layout, tmp_path / "second"))
    layout.desk.unlink()
    os.mkfifo(layout.desk)
    with pytest.raises(ConfigError, match=r"desk\.sqlite is (a link|not a regular file)"):
        within(lambda: list(back_up(layout, tmp_path / "third")))


def test_runs_when_links_are_among_them_then_nothing_elsewhere_is_deleted_or_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "archive.json").write_text('{"run": "3", "bots": [], "done": false}')
    layout.runs.mkdir(parents=True)
    (layout.runs / "3").symlink_to(elsewhere)
    (layout.runs / "9\u0664").mkdir()  # a digit of another script
    assert archive.newest_run(layout) == 3 and archive.finish_moves(layout) == [] and archive.prune(layout, 0) == []
    assert [path.name for path in elsewhere.iterdir()] == ["archive.json"]
    layout.sim_summary.parent.mkdir(parents=True)
    os.mkfifo(layout.sim_summary)
    within(lambda: archive.put_away(layout, "4", []))


def test_logs_and_days_when_pipes_are_among_them_then_nobody_waits(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir(parents=True)
    os.mkfifo(layout.log("bots"))
    within(lambda: ProcessLog(layout, "bots", clock=FixedClock(WALL)).info("hello"))
    assert within(lambda: last_words(layout.log("bots"), 0.0)) == ""
    assert within(lambda: log_lines(tmp_path, 10, "info")) == []
    layout.sim_logs.mkdir(parents=True)
    for day in ("2022-05-19", "2022-05-20"):
        os.mkfifo(layout.sim_logs / f"{day}_b.json")
        os.utime(layout.sim_logs / f"{day}_b.json", (0, 0))
    tidied = within(lambda: retention.tidy(layout, ["b"], 1, WALL + timedelta(days=1)))
    assert "not a regular file" in tidied.refused and tidied.packed == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"a = " + b"[" * 5000, "nested too deep"),
        (b"port = " + b"9" * 100_000, "4300 digits"),
        (b"\xff\xfea = 1", "can't decode"),
        (b"#" * (MOST_BYTES + 1), "more than"),
    ],
)
def test_settings_when_their_file_is_made_to_harm_then_one_sentence_says_why(
    tmp_path: Path, text: bytes, why: str
) -> None:
    path = tmp_path / "aion.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=why):
        load(path, {})


def test_settings_when_their_file_is_none_then_nobody_waits(tmp_path: Path) -> None:
    pipe, folder, link = tmp_path / "pipe.toml", tmp_path / "folder.toml", tmp_path / "link.toml"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder, Path("/dev/zero")):
        with pytest.raises(ConfigError, match=r"not a regular file|is a directory"):
            within(lambda path=path: load(path, {}))  # type: ignore[misc]
    (tmp_path / "real.toml").write_text("port = 4000\n")
    link.symlink_to(tmp_path / "real.toml")
    assert load(link, {}).port == 4000, "a person named it"


def test_bars_when_their_index_is_nested_too_deep_then_it_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"schema": "aion/bars/1", "series": ' + "[" * 100_000)
    load(None, {}, {"feed": "folder", "folder": tmp_path})
    with pytest.raises(FeedError, match="cannot be read"):
        BarFolder(tmp_path)
