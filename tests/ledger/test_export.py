"""The ledger as Parquet and as lists: every row, typed, to the cent."""

import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from typer.testing import CliRunner

from aion.command.app import app
from aion.config import default_bots
from aion.errors import ConfigError
from aion.ledger.export import TABLES, export
from aion.ledger.query import read_ledger
from tests.bot.desk import ask, at, ledger_rows, recorded, replay, settings

BOTS = {name: default_bots()[name] for name in ("orb_ny", "vwap_ldn")}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    ask(folder, "orb_ny", "pause", 1, reason="lunch")
    ask(folder, "orb_ny", "resume", 2)
    replay(settings(folder, bots=BOTS, run_pause_s=0), recorded(at("2022-05-19T16:00Z")))
    return folder


def test_export_has_every_row_of_every_table_with_exact_money_and_times(data: Path, tmp_path: Path) -> None:
    with read_ledger(data / "ledger.sqlite") as ledger:
        counts = export(ledger, tmp_path)
        changes = ledger.changes("orb_ny")
    rows = ledger_rows(data / "ledger.sqlite")
    assert counts == {name: len(rows[name]) for name in TABLES} and counts["fills"] > 2 and counts["audit"] == 2
    fills = parquet.read_table(tmp_path / "fills.parquet").to_pylist()
    first = next(each for each in fills if each["bot"] == "orb_ny")
    fill = changes.fills[0]
    assert (first["price"], first["quantity"], first["fee"]) == (fill.price, fill.quantity, fill.fee)
    assert first["decided_at"] == fill.decided_at and first["run"] == "1"
    cash = sum(
        (each["amount"] for each in parquet.read_table(tmp_path / "movements.parquet").to_pylist()), Decimal(0)
    )
    with read_ledger(data / "ledger.sqlite") as ledger:
        assert cash == sum((each.amount for bot in BOTS for each in ledger.changes(bot).movements), Decimal(0))
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".parquet"]


def test_export_without_pyarrow_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with read_ledger(data / "ledger.sqlite") as ledger, pytest.raises(ConfigError, match=r"aion\[parquet\]"):
        export(ledger, tmp_path)


def test_export_to_a_file_is_refused_in_a_sentence(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with read_ledger(data / "ledger.sqlite") as ledger, pytest.raises(ConfigError, match="cannot be written"):
        export(ledger, tmp_path / "file")


def test_audit_is_listed_with_who_asked_and_what_came_of_it(data: Path) -> None:
    done = CliRunner().invoke(app, ["audit", "--data", str(data), "--csv"])
    lines = done.stdout.splitlines()
    assert lines[0] == "at,ts,target,action,value,by,outcome,reason,id"
    assert [line.split(",")[2:8] for line in lines[1:]] == [
        ["orb_ny", "pause", "", "ana", "superseded: resume was asked right after it", "lunch"],
        ["orb_ny", "resume", "", "ana", "done", ""],
    ]
