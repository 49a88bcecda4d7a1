"""One price that jumped is one for everybody: bots, online feed, import and download ask the same function."""

import ast
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from aion.clock import iso, parse_iso
from aion.errors import FeedError
from aion.market import jump
from aion.market.bar_check import Report, clean
from aion.market.feed.batcher import Gatherer
from aion.market.importing.split_check import check_jumps
from aion.market.jump import JUMP, Screen, is_near
from aion.market.provider.protocol import Answer
from aion.model import Bar

CODE = Path(jump.__file__).parents[1]
FIRST, NEXT = parse_iso("2026-11-24T23:59:00Z"), parse_iso("2026-11-25T00:01:00Z")
PRICES = st.decimals(min_value="0.0001", max_value="1000000", places=4)


def _bar(ts: object, price: Decimal) -> Bar:
    return Bar("X", ts, price, price, price, price, Decimal(1))  # type: ignore[arg-type]


@given(PRICES, PRICES)
@example(Decimal("100.0000"), Decimal("300.0000"))
@example(Decimal("300.0000"), Decimal("100.0000"))
@example(Decimal("100.0000"), Decimal("299.9999"))
@example(Decimal("100.0001"), Decimal("33.3333"))
def test_all_agree_on_which_price_jumped(close: Decimal, opened: Decimal) -> None:
    one, two = _bar(FIRST, close), _bar(NEXT, opened)
    screen = Screen(())
    screen.admit({"X": one}, FIRST.date())
    by_bots = not screen.admit({"X": two}, NEXT.date()).refused

    grace = timedelta(seconds=20)
    feed = Gatherer("minute", {"X": "24/7"}, FIRST, grace, grace)
    feed.know([one])
    feed.offer("X", Answer([two]), NEXT)
    by_feed = not feed.jump("X")

    report = Report("X")
    rows = [
        {"ts": iso(each.ts), "volume": "1"} | dict.fromkeys(("open", "high", "low", "close"), f"{each.open}")
        for each in (one, two)
    ]
    assert len(list(clean("X", rows, report))) == 2
    by_import = not report.jumps

    assert by_bots == by_feed == by_import == is_near(opened, close) == is_near(close, opened)
    if not by_bots:  # the import asks about usual splits of less than that as well
        assert _is_asked_about(one, two)


def _is_asked_about(one: Bar, two: Bar) -> bool:
    try:
        check_jumps("X", [one, two], "24/7", ())
    except FeedError:
        return True
    return False


def test_nobody_else_knows_the_factor() -> None:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in CODE.rglob("*.py") if path != Path(jump.__file__)}
    users = [
        path.name
        for path, tree in trees.items()
        if any(isinstance(node, ast.Name) and node.id == "JUMP" for node in ast.walk(tree))
    ]
    assert users == []
    assert JUMP == 3
