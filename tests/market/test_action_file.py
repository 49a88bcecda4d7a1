"""`actions.csv` beside bars: what is read, what a bad line costs, and that a run of such a folder books it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aion.errors import FeedError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.action_file import read_actions
from aion.market.feed.folder import FolderFeed
from aion.market.importing.bar_folder import BarFolder
from aion.market.importing.reader import Import, import_files
from aion.store.layout import Layout
from tests.bot.desk import WALL, at, document, replay, settings, swing_bot

HEAD = "symbol,ex_date,kind,ratio,cash,currency,into,note\n"
DAY = date(2024, 4, 2)


def read(tmp_path: Path, *rows: str, head: str = HEAD) -> tuple[list[CorporateAction], list[str]]:
    path = tmp_path / "actions.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    table = read_actions(path)
    return table.actions, table.complaints


GOOD = [
    ("GE,2024-04-02,spin_off,1 for 4,,,GEV,", CorporateAction("GE", DAY, "spin_off", Decimal(1), Decimal(4), "GEV")),
    ("GE,2024-04-02,Spin-off,0.25,,,GEV,", CorporateAction("GE", DAY, "spin_off", Decimal("0.25"), into="GEV")),
    ("GE,2024-04-02,spinoff,25%,,,GEV,", CorporateAction("GE", DAY, "spin_off", Decimal(25), Decimal(100), "GEV")),
    ("A,2024-04-02,reverse split,1-for-10,,,,", CorporateAction("A", DAY, "split", Decimal(1), Decimal(10))),
    ("A,2024-04-02,split,20:1,,,,", CorporateAction("A", DAY, "split", Decimal(20))),
    ("A,2024-04-02,stock dividend,5%,,,,", CorporateAction("A", DAY, "stock_dividend", Decimal(5), Decimal(100))),
    (
        "A,2024-04-02,cash_dividend,,0.62,usd,,",
        CorporateAction("A", DAY, "dividend", Decimal("0.62"), currency="USD"),
    ),
    ("A,2024-04-02,takeover,,54.20,,,", CorporateAction("A", DAY, "merger", cash=Decimal("54.20"))),
    (
        "A,2024-04-02,merger,0.126,71.25,,B,",
        CorporateAction("A", DAY, "merger", Decimal("0.126"), into="B", cash=Decimal("71.25")),
    ),
    ("FB,2024-04-02,name change,,,,META,", CorporateAction("FB", DAY, "rename", into="META")),
    ("A,2024-04-02,bankruptcy,,0,,,", CorporateAction("A", DAY, "delisting", cash=Decimal(0))),
    ("A,2024-04-02,delisting,,,,,", CorporateAction("A", DAY, "delisting")),
    ("A,2024-04-02,jump,,,,,", CorporateAction("A", DAY, "jump", Decimal(1))),
    ("A,2024-04-02,rights issue,1 for 3,,,,", CorporateAction("A", DAY, "other", note="rights issue")),
]


@pytest.mark.parametrize(("row", "action"), GOOD, ids=[row for row, _ in GOOD])
def test_line_is_read(tmp_path: Path, row: str, action: CorporateAction) -> None:
    assert read(tmp_path, row) == ([action], [])


BAD = [
    (",2024-04-02,split,2,,,,", False, "it has no symbol"),
    ("A,02.04.2024,split,2,,,,", False, "ex_date '02.04.2024' is not a day such as 2024-04-02"),
    ("A,2024-02-30,split,2,,,,", False, "ex_date '2024-02-30'"),
    ("A,2024-04-02,split,,,,,", True, "a split without a ratio"),
    ("A,2024-04-02,split,two,,,,", True, "ratio 'two' is not a number, such as 1 for 4"),
    ("A,2024-04-02,split,1 for 0,,,,", True, "is for no old unit"),
    ("A,2024-04-02,split,0,,,,", True, "a split without a ratio"),
    ("A,2024-04-02,split,-2,,,,", True, "ratio '-2'"),
    ("A,2024-04-02,split,1e99,,,,", True, "ratio '1e99'"),
    ("A,2024-04-02,split,NaN,,,,", True, "ratio 'NaN'"),
    ("A,2024-04-02,split,50%,,,,", True, "only a stock dividend or a spin-off is said in per cent"),
    ('A,2024-04-02,dividend,,"1,5",,,', True, "cash '1,5' is not a number"),
    ("A,2024-04-02,dividend,,,,,", True, "a dividend without cash"),
    ("A,2024-04-02,dividend,,0,,,", True, "is not above 0"),
    ("A,2024-04-02,spin_off,0.25,,,,", True, "does not say into which symbol"),
    ("A,2024-04-02,rename,,,,A,", True, "into A itself"),
    ("A,2024-04-02,merger,,,,,", True, "does not say into which symbol"),
    ("A,2024-04-02,dividend,,1,$,,", True, "currency '$' is none"),
    ("A,2024-04-02,,,,,,", True, "it has no kind"),
    ("A,2024-04-02,split,2,,,,,more,", True, "2 fields too many"),
]


@pytest.mark.parametrize(("row", "is_marked", "why"), BAD, ids=[row for row, *_ in BAD])
def test_line_that_cannot_be_read_costs_itself(tmp_path: Path, row: str, is_marked: bool, why: str) -> None:
    good = "GE,2024-04-02,split,2,,,,"
    actions, complaints = read(tmp_path, good, row, good.replace("GE", "ZZ"))
    others = [each for each in actions if each.symbol in ("GE", "ZZ")]
    assert len(others) == 2 and not any(each.problem for each in others)
    (complaint,) = complaints
    assert "actions.csv, line 3: " in complaint and why in complaint
    marked = [each for each in actions if each.problem]
    assert len(marked) == is_marked and all(each.kind == "other" and "line 3: " in each.problem for each in marked)


def test_two_lines_that_say_different_things_are_believed_neither(tmp_path: Path) -> None:
    actions, complaints = read(tmp_path, "A,2024-04-02,split,2,,,,", "A,2024-04-02,split,20,,,,")
    assert [each.problem for each in actions] == ["lines 2 and 3 say different things"] and len(complaints) == 1
    assert read(tmp_path, "A,2024-04-02,split,2,,,,", "A,2024-04-02,split,2,,,,") == (
        [CorporateAction("A", DAY, "split", Decimal(2))], [],
    )  # fmt: skip


def test_file_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="has no column ex_date: it needs symbol, ex_date, kind"):
        read(tmp_path, "A,split", head="symbol,kind\n")
    (tmp_path / "actions.csv").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(FeedError, match="save it as CSV in UTF-8"):
        read_actions(tmp_path / "actions.csv")
    assert read_actions(tmp_path / "none.csv").actions == []


def bring(folder: Path, symbol: str, first: str, prices: list[float], basis: str = "raw") -> str:
    """Import daily bars as somebody would; return why they were refused, if they were."""
    days = calendar.sessions("XNYS", date.fromisoformat(first), date(2024, 12, 31))
    source = folder.parent / f"{symbol}.csv"
    rows = [f"{each.day},{p},{p},{p},{p},1000000" for each, p in zip(days, prices, strict=False)]
    source.write_text("Date,Open,High,Low,Close,Volume\n" + "\n".join(rows) + "\n")
    about = Import("XNYS", symbol=symbol, price_basis=basis, form="csv")  # type: ignore[arg-type]
    return import_files([source], folder, about, WALL)[0].refused


def test_folder_with_the_file_is_replayed_with_its_actions(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "actions.csv").write_text(
        HEAD + "GE,2024-04-02,spin-off,1 for 4,,,GEV,\nOLD,2024-04-03,rename,,,,NEW,\nX,2024-04-02,split,?,,,,\n"
        "GONE,2024-04-02,split,2,,,,\n"
    )
    assert not bring(folder, "GE", "2024-03-28", [175, 175, 80, 80, 80, 80]), "a fall on the day of a spin-off is one"
    assert not bring(folder, "GEV", "2024-04-02", [380, 380, 380, 380])
    assert not bring(folder, "OLD", "2024-03-28", [10, 10, 10])
    assert not bring(folder, "NEW", "2024-04-03", [10, 10, 11])
    assert not bring(folder, "X", "2024-03-28", [20] * 6)
    feed = FolderFeed(folder)
    said = "; ".join(feed.complaints)
    assert "line 4: ratio '?' is not a number" in said
    assert "split of GONE (2 for 1), 2024-04-02 changes nothing: the folder has no bars of GONE" in said
    bots = {"s": swing_bot(("GE", "OLD", "X"), horizon="52w", rules={"max_alloc": 1, "daily_loss": 0})}
    replay(settings(tmp_path / "data", start=at("2024-03-27T01:00Z"), bots=bots, run_pause_s=0), feed)
    held = document(Layout(tmp_path / "data").swing_rolling("s"))["positions"]
    assert list(held) and set(held) == {"GE", "GEV", "NEW", "X"}
    assert "line 4: ratio '?'" in held["X"]["not_booked"]
    assert held["GE"]["average_price"] == 80 and held["GEV"]["average_price"] == pytest.approx(380, rel=1e-4)


def test_import_believes_a_split_of_the_file_and_asks_about_one_that_prices_contradict(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "actions.csv").write_text(HEAD + "A,2024-04-02,split,1 for 3,,,,\n")
    assert not bring(folder, "A", "2024-03-28", [10, 10, 30, 30])
    assert "a split of 0.3333" in bring(folder, "A", "2024-03-28", [10, 10, 10, 10])
    assert "as after a split that nobody declared" in bring(folder, "B", "2024-03-28", [10, 10, 30, 30])


def test_action_of_adjusted_prices_is_named_and_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    (folder / "actions.csv").write_text(HEAD + "A,2024-04-02,split,2,,,,\nA,2024-05-02,merger,,10,,,\n")
    assert not bring(folder, "A", "2024-03-28", [10] * 4, "adjusted")
    (complaint,) = BarFolder(folder).complaints()
    assert "the prices of A are adjusted and have it in them" in complaint
