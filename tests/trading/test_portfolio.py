"""Accounts: partial exits, corporate actions, days."""

from datetime import date
from decimal import Decimal

import pytest

from aion.market.action import CorporateAction
from aion.model import Side
from aion.trading.action.conversion import Converted, Stamp, split
from aion.trading.portfolio import Portfolio
from tests.trading.fills import fill

from .paper import OPEN, at


def test_position_when_sold_in_parts_then_results_add_up_to_the_cent() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, Side.BUY, "3", "33.3333", "0.07"))
    assert portfolio.cash == Decimal("899.93")  # 99.9999 is paid as 100.00
    first, trade = portfolio.apply(fill(2, Side.SELL, "1", "40", "0.05"))
    assert trade is None and first == Decimal("6.62")  # 40.00 - 33.33 - 0.05
    second, trade = portfolio.apply(fill(3, Side.SELL, "2", "30", "0.05"))
    assert second == Decimal("-6.72")  # 60.00 - 66.67 - 0.05
    assert trade is not None
    assert trade.realized_pnl == first + second - Decimal("0.07") == portfolio.cash - 1000
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (3, Decimal("33.3333"), Decimal("33.3333"))
    assert (trade.fees, trade.side, trade.reason) == (Decimal("0.17"), Side.BUY, "because")
    assert portfolio.is_flat and portfolio.total_result().net == Decimal("-0.17")


def test_short_position_when_the_price_falls_then_gains() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, Side.SELL, "10", "50", "1"))
    portfolio.mark("MSFT", Decimal(45))
    assert portfolio.equity() == Decimal(1049)
    assert (portfolio.market_value("MSFT"), portfolio.exposure()) == (-450, 450)
    assert portfolio.unrealized_pnl("MSFT") == 50
    assert portfolio.weight("MSFT") == pytest.approx(-450 / 1049)
    position = portfolio.position("MSFT")
    assert position is not None and position.realized_pnl == -1 and position.average_price == 50


def split_by(portfolio: Portfolio, ratio: str) -> Converted:
    action = CorporateAction("MSFT", OPEN.date(), "split", Decimal(ratio))
    return split(portfolio, action, Decimal(1), Stamp("m1", OPEN))


def test_split_when_declared_then_equity_stays_and_the_average_follows() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, Side.BUY, "5", "100"))
    before = portfolio.equity()
    assert not split_by(portfolio, "20").movements
    position = portfolio.position("MSFT")
    assert position is not None and (position.quantity, position.average_price) == (100, 5)
    assert portfolio.equity() == before
    _, trade = portfolio.apply(fill(2, Side.SELL, "100", "6"))
    assert trade is not None and (trade.quantity, trade.entry_price, trade.realized_pnl) == (100, 5, 100)
    with pytest.raises(ValueError, match="not above 0"):
        split_by(portfolio, "0")


@pytest.mark.parametrize(("side", "cash"), [(Side.BUY, "100.00"), (Side.SELL, "-100.00")])
def test_split_when_it_leaves_a_fraction_then_that_is_paid_in_cash(side: Side, cash: str) -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, side, "5", "100"))
    before = portfolio.equity()
    (movement,) = split_by(portfolio, "0.5").movements
    assert movement.amount == Decimal(cash) and movement.kind == "split"
    assert portfolio.quantity("MSFT") == 2 * side.sign and portfolio.equity() == before
    _, trade = portfolio.apply(fill(2, side.opposite, "2", "200"))
    assert trade is not None and trade.quantity == Decimal("2.5")
    assert trade.realized_pnl == portfolio.equity() - 1000 == 0


def test_split_when_less_than_one_unit_would_stay_then_it_stays_a_fraction() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, Side.BUY, "5", "100"))
    assert not split_by(portfolio, "0.1").movements
    assert portfolio.quantity("MSFT") == Decimal("0.5") and portfolio.equity() == 1000


def test_dividend_when_held_then_is_credited_and_charged_to_shorts() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    assert portfolio.pay_dividend("m1", "MSFT", Decimal("0.62"), at(1)) is None
    portfolio.apply(fill(1, Side.BUY, "5", "100"))
    paid = portfolio.pay_dividend("m1", "MSFT", Decimal("0.625"), at(1))
    assert paid is not None and (paid.amount, paid.kind) == (Decimal("3.12"), "dividend")
    assert portfolio.total_result().net == Decimal("3.12")
    short = Portfolio("USD", Decimal(1000))
    short.apply(fill(1, Side.SELL, "5", "100"))
    owed = short.pay_dividend("m1", "MSFT", Decimal("0.625"), at(1))
    assert owed is not None and owed.amount == Decimal("-3.13")


def test_day_when_it_begins_then_its_result_starts_at_zero() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.apply(fill(1, Side.BUY, "5", "100", "1"))
    portfolio.begin_day(date(2022, 5, 20))
    assert portfolio.day_result().net == 0 and portfolio.day_result().fees == 0
    portfolio.mark("MSFT", Decimal(99))
    day = portfolio.day_result()
    assert (day.net, day.gross, day.start_equity, day.net_return) == (-5, -5, 999, pytest.approx(-5 / 999))


def test_carried_when_set_then_is_shown_until_taken_back() -> None:
    portfolio = Portfolio("USD", Decimal(1000))
    portfolio.set_carried("MSFT", "not held: no effect")
    portfolio.apply(fill(1, Side.BUY, "5", "100"))
    portfolio.set_carried("MSFT", "no bar to exit on")
    assert portfolio.positions()["MSFT"].carried == "no bar to exit on"
    assert Portfolio.from_state(portfolio.state()).positions() == portfolio.positions()
