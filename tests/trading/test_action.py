"""Splits and dividends as the broker books them, for raw prices."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aion.model import CorporateAction, OrderStatus, Side
from aion.trading.broker import PaperBroker

from .paper import MINUTE, MSFT, bar, make_broker, session_of

EX = session_of(1).day


def held_over_night(side: Side = Side.BUY, **levels: Decimal) -> PaperBroker:
    """A broker that holds 100 MSFT at 60 when the second session begins."""
    broker = make_broker(MSFT, allow_short=True)
    session = session_of(0)
    broker.begin_session(session)
    broker.submit(broker.order("MSFT", side, Decimal(100), session.open, "because", **levels))
    broker.on_bar(bar(1, "60", "60", "60", "60"), session)
    broker.end_session(session.close)
    assert abs(broker.portfolio.quantity("MSFT")) == 100
    return broker


def next_bar(price: str, minute: int = 1):
    made = bar(minute, price, price, price, price)
    return type(made)("MSFT", made.ts + timedelta(days=1), made.open, made.high, made.low, made.close, made.volume)


def test_split_when_it_takes_effect_then_equity_stays_and_stop_and_target_follow() -> None:
    broker = held_over_night(stop_loss=Decimal(54), take_profit=Decimal(72))
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal(20))], session_of(1))
    assert broker.portfolio.quantity("MSFT") == 2000 and broker.portfolio.equity() == 100_000
    assert broker.exit_levels("MSFT") == (Decimal("2.7"), Decimal("3.6"))
    decision = broker.changes.decisions[-1]
    assert decision.action == "split" and "100 are now 2000" in decision.reason
    fills = broker.on_bar(next_bar("2.6"), session_of(1))
    assert [(fill.quantity, fill.price_source) for fill in fills] == [(2000, "gap")]
    assert broker.portfolio.equity() == 100_000 - Decimal("0.4") * 2000


def test_split_when_an_exit_rests_then_it_closes_the_whole_new_position() -> None:
    broker = held_over_night()
    broker.flatten("MSFT", session_of(0).close, "out")
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal("0.5"))], session_of(1))
    fills = broker.on_bar(next_bar("120"), session_of(1))
    assert [fill.quantity for fill in fills] == [50] and broker.portfolio.is_flat


@pytest.mark.parametrize(("side", "money"), [(Side.BUY, "62.00"), (Side.SELL, "-62.00")])
def test_dividend_is_paid_to_who_held_before_the_ex_date_and_by_who_was_short(side: Side, money: str) -> None:
    broker = held_over_night(side)
    before = broker.portfolio.cash
    broker.apply_actions([CorporateAction("MSFT", EX, "dividend", Decimal("0.62"))], session_of(1))
    assert broker.portfolio.cash - before == Decimal(money)
    movement = broker.changes.movements[-1]
    assert (movement.kind, movement.amount, movement.symbol) == ("dividend", Decimal(money), "MSFT")
    assert broker.portfolio.day_result().net == Decimal(money)  # it is of the ex-date


def test_action_is_booked_once_and_not_for_who_bought_on_the_ex_date() -> None:
    actions = [CorporateAction("MSFT", EX, "dividend", Decimal(1))]
    broker = held_over_night()
    for _ in range(2):
        broker.apply_actions(actions, session_of(1))
    broker.apply_actions(actions, session_of(2))
    assert [each.kind for each in broker.changes.movements].count("dividend") == 1
    fresh = make_broker(MSFT)
    fresh.apply_actions(actions, session_of(1))
    fresh.submit(fresh.order("MSFT", Side.BUY, Decimal(1), session_of(1).open - MINUTE, "because"))
    fresh.on_bar(next_bar("60"), session_of(1))
    fresh.apply_actions(actions, session_of(2))
    assert [each.kind for each in fresh.changes.movements] == ["fill"]


def test_entry_that_rests_over_a_split_is_set_anew_in_new_units() -> None:
    broker = make_broker(MSFT)
    session = session_of(0)
    broker.begin_session(session)
    levels = {"stop_loss": Decimal(50), "take_profit": Decimal(70)}
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(10), session.close, "because", **levels))
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal(20))], session_of(1))
    fills = broker.on_bar(next_bar("3"), session_of(1))
    assert [(fill.quantity, fill.price, fill.reason) for fill in fills] == [(200, 3, "because")]
    assert broker.exit_levels("MSFT") == (Decimal("2.5"), Decimal("3.5"))
    ends = {record.status for record in broker.take_changes().orders.values()}
    assert ends == {OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.OPEN}


def test_odd_lot_that_a_split_left_can_be_closed() -> None:
    broker = held_over_night()
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal("0.005"))], session_of(1))
    assert broker.portfolio.quantity("MSFT") == Decimal("0.5") and broker.portfolio.equity() == 100_000
    broker.flatten("MSFT", session_of(1).open, "out")
    fills = broker.on_bar(next_bar("12000"), session_of(1))
    assert [fill.quantity for fill in fills] == [Decimal("0.5")] and broker.portfolio.is_flat
