"""Ids and results."""

from datetime import timedelta
from decimal import Decimal

from aion.trading.events import IdMaker, Result
from tests.trading.paper import at


def test_id_when_asked_within_one_time_then_counts_and_starts_again_with_the_next() -> None:
    ids = IdMaker("2", "orb")
    found = [ids.next(letter, ts) for letter, ts in (("f", at(0)), ("f", at(0)), ("o", at(0)), ("f", at(1)))]
    assert found == [
        "f2-orb-20220519T133000-1",
        "f2-orb-20220519T133000-2",
        "o2-orb-20220519T133000-1",
        "f2-orb-20220519T133100-1",
    ]
    again = IdMaker("2", "orb")
    again.restore(ids.state())
    assert again.next("f", at(1)) == ids.next("f", at(1))


def test_id_when_asked_for_an_earlier_time_then_it_is_still_a_new_one() -> None:
    ids = IdMaker("2", "orb")
    found = [ids.next("d", at(minute)) for minute in (0, 5, 0, 5, 0, 6, 0)]
    assert len(set(found)) == len(found)
    assert found[2] == "d2-orb-20220519T133500-2"


def test_id_when_names_are_long_then_stays_short_and_differs() -> None:
    names = ["x" * 63 + end for end in "ab"]
    found = {IdMaker("y" * 60, name).next("f", at(0) + timedelta(microseconds=1)) for name in names}
    assert len(found) == 2 and all(len(each) < 110 for each in found)


def test_result_when_asked_then_gross_is_net_with_costs() -> None:
    result = Result(Decimal("1.10"), Decimal("2.20"), Decimal("-5.00"), Decimal(100))
    assert result.gross == Decimal("-1.70")
    assert result.net_return == -0.05
    assert Result(Decimal(0), Decimal(0), Decimal(0), Decimal(0)).net_return is None
