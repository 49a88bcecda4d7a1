"""A folder that an earlier version wrote opens as it is, and shows what it showed then."""

import lzma
from pathlib import Path
from typing import Any

import orjson

from aion.ledger.query import read_ledger
from aion.store.layout import Layout
from tests.bot.desk import at, document, ledger_rows, recorded, replay
from tests.kept.keep import ANSWERS, BOTS, answers, desk, unpack


def test_kept_folder_when_opened_then_each_answer_has_the_bytes_that_it_had(tmp_path: Path) -> None:
    unpack(tmp_path)
    then, now = orjson.loads(lzma.decompress(ANSWERS.read_bytes())), answers(tmp_path)
    assert sorted(now["documents"]) == sorted(then["documents"])
    for path, kept in then["documents"].items():
        assert orjson.dumps(now["documents"][path]) == orjson.dumps(kept), path
    for name in ("bots", "intraday"):
        assert _sorted_cards(now[name]) == _sorted_cards(then[name]), name


def _sorted_cards(bundle: dict[str, Any]) -> bytes:
    """The bytes of a bundle with the fields of each card by name: their order says nothing, that within them does."""
    for section in (bundle, bundle.get("swing", {}), bundle.get("intraday", {})):
        for name, card in section.get("bots", {}).items():
            section["bots"][name] = dict(sorted(card.items()))
    return orjson.dumps(bundle)


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
    before = ledger_rows(Layout(tmp_path).ledger)
    replay(desk(tmp_path), feed=recorded(at("2022-05-19T14:35Z")))
    after = ledger_rows(Layout(tmp_path).ledger)
    for table in ("fills", "trades", "decisions", "movements", "equity"):
        assert set(before[table]) <= set(after[table]), table
    assert len(after["equity"]) > len(before["equity"])
    day = document(Layout(tmp_path).sim_log("2022-05-19", "vwap_ldn"))
    assert day["as_of"] == "2022-05-19T14:35Z" and len(day["equity_curve"]) == day["bars_seen"]
