"""What becomes of a position that is joined with another one."""

from datetime import UTC, date, datetime
from decimal import Decimal

from aion.market.action import CorporateAction
from aion.trading.action.conversion import rename
from aion.trading.holding import Holding
from aion.trading.portfolio import Portfolio

SUMS = ("basis", "realized", "fees", "borrow", "funding", "slippage")


def held(number: int) -> Holding:
    """A position of which each amount is another one."""
    found = Holding(datetime(2022, 5, 19, 13, number, tzinfo=UTC))
    found.quantity = found.entry_quantity = Decimal(number)
    found.average_price = Decimal(10)
    for at, name in enumerate(SUMS, start=1):
        setattr(found, name, Decimal(number * at))
    return found


def test_positions_when_one_gets_the_name_of_the_other_then_no_amount_is_lost() -> None:
    account = Portfolio("USDT", Decimal(1000))
    account.put("OLD", held(1))
    account.put("NEW", held(2))
    account.marks |= {"OLD": Decimal(10), "NEW": Decimal(10)}
    rename(account, CorporateAction("OLD", date(2022, 5, 20), "rename", into="NEW"))
    joined = account.holding("NEW")
    assert joined is not None and account.holding("OLD") is None
    assert [getattr(joined, name) for name in SUMS] == [3 * at for at in range(1, len(SUMS) + 1)]
    every = {name for name in Holding.__slots__ if isinstance(getattr(joined, name), Decimal)}
    assert every - {*SUMS} == {
        "average_price", "entry_quantity", "entry_value", "exit_quantity", "exit_value", "margin", "multiplier",
        "quantity",
    }, "a new amount of a position is to be added up too"  # fmt: skip
