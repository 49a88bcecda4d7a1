"""docs/state-files.md: an example of each kind that the check takes, and the complaints word for word."""

import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from aion.errors import StateError
from aion.store.document.kind import KINDS, schema_name
from aion.store.document.left_out import lines
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.web.state import load

from .text import blocks, codes, read, rows, section

DOCUMENT = "docs/state-files.md"
DAY_FILE = "intraday/sim_logs/2022-05-19_mine.json"
LEAST = {
    "schema": "aion/sim_log/1", "bot": "mine", "currency": "USD", "day": "2022-05-19",
    "as_of": "2022-05-19T13:31:00Z", "equity": 1000.0, "cash": 1000.0,
}  # fmt: skip


def example(kind: str) -> tuple[str, str]:
    """Return the path and the content of the example of a kind."""
    text = section(read(DOCUMENT), f"## {kind}")
    path = text.strip().splitlines()[0].strip("`")
    return path, blocks(text, "json")[0].code


def put(root: Path, path: str, content: str) -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode()
    target.write_bytes(gzip.compress(data) if target.suffix == ".gz" else data)
    return target


@pytest.mark.parametrize("kind", KINDS)
def test_example_of_each_kind_is_valid_and_stands_at_its_path(kind: str, tmp_path: Path) -> None:
    path, content = example(kind)
    place = Layout.place(path)
    assert place is not None and place.kind == kind
    if kind != "log_line":
        assert json.loads(content)["schema"] == schema_name(kind)
    assert check_file(put(tmp_path, path, content)) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_row_that_links_to_its_section(kind: str) -> None:
    found = [row for row in rows(read(DOCUMENT)) if len(row) == 4 and codes(row[1]) == [kind]]
    assert len(found) == 1 and f"(#{kind})" in found[0][1]
    pattern = re.sub(r"<day>", "2022-05-19", codes(found[0][0])[0])
    pattern = pattern.replace("<bot>", "mine").replace("<horizon>", "1w").replace("<id>", "c20261124T225901-1")
    place = Layout.place(pattern.replace("<process>", "bots"))
    assert place is not None and place.kind == kind


def test_figures_of_the_examples_add_up() -> None:
    for kind in ("sim_log", "swing_rolling"):
        found = json.loads(example(kind)[1])
        value = sum(each["market_value"] for each in found["positions"].values())
        assert round(found["cash"] + value, 2) == found["equity"]
        pnl = found["day_pnl"]
        assert round(pnl["gross"] - pnl["fees"] - pnl["slippage"], 2) == pnl["net"]


def changed(**fields: object) -> str:
    return json.dumps({name: value for name, value in {**LEAST, **fields}.items() if value is not ...})


WRONG: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "half a file": lambda: b'{"schema": "aion/sim_log/1", "bot": "mi',
    "no `schema`": lambda: changed(schema=...).encode(),
    "a newer schema": lambda: changed(schema="aion/sim_log/3").encode(),
    "another kind of document": lambda: changed(schema="aion/rolling/1").encode(),
    'a number that JSON cannot say, `"cash": NaN`': lambda: changed(cash=float("nan")).encode(),
    'an unknown word, `"side": "hodl"` of fill `f1`': lambda: changed(
        fills={"f1": {"ts": "2022-05-19T13:31Z", "symbol": "A", "side": "hodl", "quantity": 1, "price": 1}}
    ).encode(),
    '`"equity": null`': lambda: changed(equity=None).encode(),
    '`"equity"` left out': lambda: changed(equity=...).encode(),
    '`"currency": "usd"`': lambda: changed(currency="usd").encode(),
    "a time without a zone": lambda: changed(as_of="2022-05-19T13:31:00").encode(),
    '`"fills": {"17": ...}`': lambda: changed(
        fills={"17": {"ts": "2022-05-19T13:31Z", "symbol": "A", "side": "buy", "quantity": 1, "price": 1}}
    ).encode(),
    "the bot's name differs from the path's": lambda: changed(bot="other").encode(),
    "UTF-16": lambda: changed().encode("utf-16"),
}


def complaint_of(path: Path, root: Path) -> str:
    try:
        found = load(path, path.relative_to(root).as_posix())
    except StateError as error:
        return without_byte(str(error).partition(": ")[2])
    (said,) = lines(found.left_out)
    return said


def test_account_of_the_second_version_is_sound_and_its_sum_adds_up(tmp_path: Path) -> None:
    found = json.loads(
        section(read(DOCUMENT), "### Coins, futures, options, rebates").partition("```json")[2].partition("```")[0]
    )
    assert check_file(put(tmp_path, "swing/rolling_perp.json.gz", json.dumps(found))) == ([], [])
    pnl = found["total_pnl"]
    assert round(pnl["gross"] - pnl["fees"] + pnl["funding"], 9) == pnl["net"]
    assert round(found["start_equity"] + pnl["net"], 9) == found["equity"]


def without_byte(complaint: str) -> str:
    return re.sub(r"at byte [0-9]+$", "at byte N", complaint)


def complaints() -> dict[str, str]:
    """What the document says is complained of, by what stands there."""
    table = rows(section(read(DOCUMENT), "## Errors in a file"))
    return {row[0].partition(": `{")[0]: without_byte(codes(row[1])[0]) for row in table}


@pytest.mark.parametrize("what", WRONG)
def test_complaint_of_the_document_is_the_one_given(what: str, tmp_path: Path) -> None:
    path = tmp_path / DAY_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(WRONG[what]())
    assert complaint_of(path, tmp_path) == complaints()[what]
    assert check_file(path)[0], "the command says nothing"


def test_complaint_of_packed_files_links_and_pipes_is_the_one_given(tmp_path: Path) -> None:
    said = complaints()
    packed = put(tmp_path, "swing/rolling_mine.json.gz", changed(schema="aion/swing_rolling/1", day=...))
    load(packed, packed.relative_to(tmp_path).as_posix())
    packed.write_bytes(packed.read_bytes()[:-20])
    assert complaint_of(packed, tmp_path) == said["half a gzip file"]
    packed.write_bytes(b"{}")
    assert complaint_of(packed, tmp_path) == said["JSON in a file named `.gz`"]
    path = tmp_path / DAY_FILE
    path.parent.mkdir(parents=True)
    path.symlink_to(packed)
    assert complaint_of(path, tmp_path) == said["a link"]
    path.unlink()
    os.mkfifo(path)
    assert complaint_of(path, tmp_path) == said["a FIFO"]


def test_handled_cases_are_all_that_the_document_lists() -> None:
    other = {"half a gzip file", "JSON in a file named `.gz`", "a FIFO", "a link"}
    assert set(complaints()) == set(WRONG) | other


def test_fields_said_to_be_enough_for_a_bot_are(tmp_path: Path) -> None:
    least = {name: LEAST[name] for name in ("schema", "as_of", "bot", "currency", "equity", "day")}
    assert check_file(put(tmp_path, DAY_FILE, json.dumps(least))) == ([], [])
    del least["day"]
    least["schema"] = "aion/swing_rolling/1"
    assert check_file(put(tmp_path, "swing/rolling_mine.json.gz", json.dumps(least))) == ([], [])
    for name in least:
        short = {key: value for key, value in least.items() if key != name}
        assert check_file(put(tmp_path, "swing/rolling_mine.json.gz", json.dumps(short)))[0], name
