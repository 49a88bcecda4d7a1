"""A folder that an earlier version wrote opens as it is, and shows what it showed then."""

import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from aion.ledger.export import TABLES
from aion.ledger.ledger import Ledger
from aion.ledger.query import read_ledger
from aion.store.layout import Layout
from aion.web.bundle.document import BotsPageBundle, IntradaySnapshot
from tests.bot.desk import at, document, recorded, replay
from tests.kept.keep import ANSWERS, BOTS, answers, desk, unpack
from tests.ledger.old_ledger import CENTS


def test_kept_folder_when_opened_then_each_answer_has_the_bytes_that_it_had(tmp_path: Path) -> None:
    unpack(tmp_path)
    then, now = orjson.loads(lzma.decompress(ANSWERS.read_bytes())), answers(tmp_path)
    assert sorted(now["documents"]) == sorted(then["documents"])
    for path, kept in then["documents"].items():
        assert orjson.dumps(now["documents"][path]) == orjson.dumps(kept), path
    for name, model in (("bots", BotsPageBundle), ("intraday", IntradaySnapshot)):
        assert _said(model, now[name]) == _said(model, then[name]), name
        assert set(_places(now[name])) == set(_places(then[name])), name


def _said(model: type[BotsPageBundle | IntradaySnapshot], bundle: dict[str, Any]) -> str:
    """A bundle as its model says it: the order of fields says nothing, that of entries does."""
    return model.model_validate({"version": 1, **bundle}).model_dump_json(by_alias=True)


def _places(value: Any, where: str = "") -> Iterator[str]:
    yield where
    for name, each in value.items() if isinstance(value, dict) else ():
        yield from _places(each, f"{where}/{name}")


def test_kept_ledger_when_read_then_each_record_is_there(tmp_path: Path) -> None:
    unpack(tmp_path)
    with read_ledger(Layout(tmp_path).ledger) as ledger:
        assert ledger.bots() == sorted(BOTS)
        found = ledger.changes("swing_4w")
        assert (len(found.fills), len(found.trades), len(found.orders)) == (70, 12, 163)
        assert found.decisions and found.movements and len(ledger.equity("swing_4w")) > 200
        assert all(fill.bar.symbol == fill.symbol and fill.known_at >= fill.decided_at for fill in found.fills)
        assert len(ledger.fills("swing_4w")) == 70 and len(ledger.trades("swing_4w")) == 12


def test_kept_folder_when_its_bots_go_on_then_what_they_did_stays_and_they_reach_the_end(tmp_path: Path) -> None:
    unpack(tmp_path)
    before = _rows(tmp_path)
    replay(desk(tmp_path), feed=recorded(at("2022-05-19T14:35Z")))
    after = _rows(tmp_path)
    for table in ("fills", "trades", "decisions", "movements", "equity"):
        assert set(before[table]) <= set(after[table]), table
    assert len(after["equity"]) > len(before["equity"])
    day = document(Layout(tmp_path).sim_log("2022-05-19", "vwap_ldn"))
    assert day["as_of"] == "2022-05-19T14:35Z" and len(day["equity_curve"]) == day["bars_seen"]


def _rows(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a reader of the present version finds in the ledger, by table."""
    with read_ledger(Layout(data).ledger) as ledger:
        return {table: [tuple(row) for row in ledger.table(table)[1]] for table in TABLES}


def test_kept_ledger_when_opened_then_each_of_its_cents_is_the_same_amount(tmp_path: Path) -> None:
    unpack(tmp_path)
    path = Layout(tmp_path).ledger
    columns = [(table, name) for table, names in CENTS.items() for name in names]
    with closing(sqlite3.connect(path)) as connection:
        cents = {each: _column(connection, f"{each[1]}_cents", each[0]) for each in columns}
    Ledger(path, "replay", "1").close()
    with closing(sqlite3.connect(path)) as connection:
        now = {each: _column(connection, each[1], each[0]) for each in columns}
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)
    assert sum(map(len, cents.values())) > 500 and None in cents["fills", "realized"]
    assert any(each and each % 100 < 10 for each in cents["fills", "fee"]), "a nought between point and digit"
    assert any(each and each < 0 for each in cents["fills", "realized"])
    for each, amounts in cents.items():
        assert now[each] == [None if one is None else f"{Decimal(one).scaleb(-2):f}" for one in amounts], each


def _column(connection: sqlite3.Connection, name: str, table: str) -> list[Any]:
    order = "bot, ts" if table == "equity" else "rowid"
    return [value for (value,) in connection.execute(f"SELECT {name} FROM {table} ORDER BY {order}")]
