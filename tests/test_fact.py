"""A field that is declared once, at its fact, is in the ledger, the files, the bundle and the API's description."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, field, fields, make_dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion import model
from aion.fact import Rows, Texts, fields_of, quickly_made
from aion.model import Bar, EquityPoint, Order, OrderType, Side
from aion.money import plain_text
from aion.store.document import part
from tests.bot.desk import at

ROOT = Path(__file__).parents[1]
FACTS = {"Bar": ("Bar",), "Fill": ("Fill",), "Order": ("Order", "OrderRecord"), "Trade": ("Trade",),
         "Decision": ("Decision",), "Signal": ("Signal",)}  # fmt: skip

# what follows is the recipe of CONTRIBUTING, as a patch: one line at the fact, one where it is reckoned
DECLARED = ("    price_source: str\n", '    venue: Annotated[str | None, Said("Where it was filled.")] = None\n')
RECKONED = ("            price_source=price.source,\n", '            venue="dark pool",\n')

LOOK = """
import sys
from pathlib import Path
import orjson
from aion.ledger.query import read_ledger
from aion.live.disk.source import Tree, scan
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.web.bundle.pages import Page, bots_bundle
from aion.web.bundle.topic import TreeFiles, accepts, load_file
from aion.config import Settings
from aion.web.app import App
from aion.store.log.process_log import ProcessLog
from tests.bot.desk import recorded, replay
from tests.kept.keep import STOP, desk, unpack

data, is_kept = Path(sys.argv[1]), sys.argv[2] == "kept"
if is_kept:  # the ledger of a version without the field
    unpack(data)
with_end = STOP.replace(hour=16)
replay(desk(data), feed=recorded(with_end))
with read_ledger(Layout(data).ledger) as ledger:
    fills = ledger.changes("vwap_ldn").fills
    assert "dark pool" in {fill.venue for fill in fills}, "ledger"
    assert (None in {fill.venue for fill in fills}) == is_kept
    assert ledger.fills("vwap_ldn")[-1]["venue"] == "dark pool", "command line"
path = Layout(data).sim_log("2022-05-19", "vwap_ldn")
assert orjson.loads(path.read_bytes())["fills"][fills[-1].id]["venue"] == "dark pool", "file"
assert check_file(path) == ([], []), "contract"
tree = Tree(data, load_file)
tree.update(scan(data, ("intraday", "swing"), accepts), set())
bundle = orjson.loads(orjson.dumps(bots_bundle(Page().read(TreeFiles(tree)))))
assert bundle["intraday"]["bots"]["vwap_ldn"]["fills"][fills[-1].id]["venue"] == "dark pool", "bundle"
api = App(Settings(data=data), log=ProcessLog(Layout(data), "web", "error")).routes.openapi()
said = api["components"]["schemas"]["Fill"]["properties"]["venue"]
assert said["description"] == "Where it was filled.", "API"
"""


@pytest.mark.parametrize("start", ["new", "kept"])
def test_field_when_declared_at_the_fill_and_reckoned_then_it_is_everywhere(tmp_path: Path, start: str) -> None:
    sources = tmp_path / "sources"
    for package in ("aion", "tests"):
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__", "e2e"))
    for file, (behind, line) in {"aion/model.py": DECLARED, "aion/trading/execution.py": RECKONED}.items():
        source = (sources / file).read_text()
        assert source.count(behind) == 1, file
        (sources / file).write_text(source.replace(behind, behind + line))
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    command = [sys.executable, "-P", "-c", LOOK, str(tmp_path / "data"), start]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FACTS)
def test_document_when_made_of_a_fact_then_no_field_of_it_is_missing(name: str) -> None:
    shown = part.__dict__[name].model_fields
    for kind in FACTS[name]:
        for each in fields_of(getattr(model, kind)):
            assert each.said.is_shown == ((each.said.name or each.name) in shown), each.name


def test_order_when_kept_as_texts_then_it_comes_back_without_loss() -> None:
    order = Order(id="o1", bot="b", symbol="A", side=Side.SELL, quantity=Decimal("0.10"), type=OrderType.STOP,
                  decided_at=at("2022-05-19T14:00Z"), reason="r", stop_price=Decimal("1.2300"),
                  reduce_only=True)  # fmt: skip
    texts = Texts(Order)
    assert texts.fact(texts.state(order)) == order
    assert texts.state(order)["quantity"] == "0.10" and "limit_price" not in texts.state(order)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("10.01", "10.01"),
        ("0E-8", "0.00000000"),
        ("5E-18", "0.000000000000000005"),
        ("5.0E+2", "500"),
        ("-123456789012.123456789012345678", "-123456789012.123456789012345678"),
    ],
)
def test_row_when_made_of_an_amount_then_it_has_all_its_digits_in_plain_ones(amount: str, text: str) -> None:
    rows = Rows(EquityPoint)
    point = EquityPoint(at("2022-05-19T14:00Z"), Decimal(amount))
    assert dict(zip(rows.names, rows.row(point), strict=True)) == {
        "ts": "2022-05-19T14:00Z",
        "equity": text,
        "hold": None,
    }
    assert Decimal(text) == point.equity


def test_bar_when_it_is_a_fact_then_the_fields_of_it_are_those_of_the_class() -> None:
    assert [each.name for each in fields_of(Bar)] == [each.name for each in fields(Bar)]


@dataclass(frozen=True)
class _Note:
    """A fact with each kind of field that a part of a row may have."""

    symbol: str
    by: dict[str, Decimal]
    weight: dict[str, float]
    words: str | None = None


_NAMES = st.text(st.characters(exclude_categories=("Cs",)))


@given(_NAMES, st.decimals(allow_nan=False, allow_infinity=False), st.floats(), _NAMES)
def test_row_when_names_are_of_any_letters_then_its_json_is_ascii_and_nothing_is_lost(
    name: str, amount: Decimal, weight: float, words: str
) -> None:
    note = _Note("A", {name: amount}, {name: weight}, words)
    whole = {"by": {name: plain_text(amount)}, "weight": {name: weight}, "words": words}
    for fields_ in (whole, {"by": whole["by"], "words": words}):
        without = {"weight"} - fields_.keys()
        assert Texts(_Note, "symbol", *without).packed(note) == json.dumps(fields_, separators=(",", ":"))
    rows = Rows(_Note)
    row = dict(zip(rows.names, rows.row(note), strict=True))
    assert row["by"] == json.dumps(whole["by"], separators=(",", ":"))
    assert row["weight"] == json.dumps(whole["weight"], separators=(",", ":"))
    assert list(row) == ["symbol", "by", "weight", "words"]


def test_type_checker_when_a_field_is_taken_from_a_fact_then_it_knows_it_and_no_other(tmp_path: Path) -> None:
    uses = tmp_path / "uses.py"
    uses.write_text(
        "from aion.store.document.part import Fill, Position\n"
        "from aion.web.bundle.document import BotView\n"
        "def use(fill: Fill, view: BotView) -> tuple[float, dict[str, Position]]:\n"
        "    fill.venue\n"
        "    return fill.ts, view.positions\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(uses)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = [line.partition("error: ")[2] for line in done.stdout.splitlines() if "error: " in line]
    assert len(said) == 2, done.stdout + done.stderr
    assert said[0].startswith('"Fill" has no attribute "venue"') and 'got "tuple[datetime, dict' in said[1]


def label(self: Any) -> None:
    if self.count < 0:
        raise ValueError(f"{self.name}: {self.count} is below 0")
    object.__setattr__(self, "label", f"{self.name}-{self.count}")


def each_kind_of_field() -> type:
    """A dataclass with each kind of field that a constructor has to know."""
    parts = [
        ("name", str),
        ("count", int, field(default=3)),
        ("seen", list, field(default_factory=list)),
        ("made", list, field(init=False, default_factory=list)),
        ("label", str, field(init=False)),
        ("size", float, field(default=0.5, kw_only=True)),
    ]
    return make_dataclass("Each", parts, namespace={"__post_init__": label}, frozen=True, slots=True)


USUAL, QUICK = each_kind_of_field(), quickly_made(each_kind_of_field())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("a",), {}),
        (("a", 5, [1]), {"size": 1.5}),
        ((), {"name": "a", "seen": [1], "count": 0}),
        (("a", -1), {}),
        ((), {}),
        (("a", 1, [], 2), {}),
        (("a",), {"label": "b"}),
    ],
)
def test_fact_when_made_quickly_then_it_takes_and_refuses_what_a_dataclass_does(
    given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    try:
        usual = USUAL(*given, **named)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            QUICK(*given, **named)
        return
    quick = QUICK(*given, **named)
    assert repr(quick) == repr(usual) and quick == QUICK(*given, **named)
    assert quick.made is not QUICK("b").made and QUICK("b").seen is not QUICK("b").seen
    with pytest.raises(FrozenInstanceError):
        quick.count = 4


def test_fact_when_made_quickly_then_it_is_copied_and_compared_as_before() -> None:
    point = EquityPoint(at("2022-05-19T14:00Z"), Decimal("1.50"))
    assert pickle.loads(pickle.dumps(point)) == point and hash(point) == hash(replace(point))
    assert replace(point, hold=Decimal(2)) != point


def test_class_when_it_has_no_slots_then_it_cannot_be_made_quickly() -> None:
    with pytest.raises(TypeError, match=r"_Note\.symbol is no slot"):
        quickly_made(_Note)
