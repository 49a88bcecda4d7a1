"""Splits and dividends as the broker books them, for raw prices."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aion.market.action import CorporateAction
from aion.model import OrderStatus, OrderType, Side
from aion.trading.broker import PaperBroker
from tests.trading.paper import MINUTE, MSFT, bar, make_broker, session_of

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


@pytest.mark.parametrize(
    ("side", "ratio"), [(Side.BUY, "20"), (Side.SELL, "20"), (Side.BUY, "0.5"), (Side.BUY, "1.5")]
)
def test_split_when_a_trim_rests_then_it_sells_its_part_and_the_rest_stays(side: Side, ratio: str) -> None:
    broker = held_over_night(side, stop_loss=Decimal(54 if side is Side.BUY else 66))
    out, closed_at = side.opposite, session_of(0).close
    broker.submit(broker.order("MSFT", out, Decimal(6), closed_at, "trim", reduce_only=True))
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal(ratio))], session_of(1))
    resting = {each.order.type: each.order for each in broker.open_orders()}
    assert resting[OrderType.MARKET].quantity == 6 * Decimal(ratio) and resting[OrderType.MARKET].reason == "trim"
    assert resting[OrderType.STOP].quantity == 100 * Decimal(ratio), "the stop is for all that is held"
    fills = broker.on_bar(next_bar(str(60 / Decimal(ratio))), session_of(1))
    assert [(fill.side, fill.quantity) for fill in fills] == [(out, 6 * Decimal(ratio))]
    assert broker.portfolio.quantity("MSFT") == 94 * Decimal(ratio) * side.sign


def test_split_when_every_kind_of_order_rests_then_each_changes_by_the_ratio() -> None:
    broker = held_over_night()
    closed_at, asked = session_of(0).close, (("limit", "70", 30), ("stop", "50", 40))
    for kind, price, quantity in asked:
        broker.submit(
            broker.order("MSFT", Side.SELL, Decimal(quantity), closed_at, kind, type=OrderType(kind),
                         reduce_only=True, **{f"{kind}_price": Decimal(price)})
        )  # fmt: skip
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(10), closed_at, "more", type=OrderType.LIMIT,
                               limit_price=Decimal(58), stop_loss=Decimal(50)))  # fmt: skip
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal(2))], session_of(1))
    found = {each.order.reason: each.order for each in broker.open_orders()}
    assert {name: (each.quantity, each.limit_price or each.stop_price) for name, each in found.items()} == {
        "limit": (60, 35), "stop": (80, 25), "more": (20, 29)
    }  # fmt: skip
    assert found["more"].stop_loss == 25


def test_split_when_it_leaves_less_than_a_lot_of_a_trim_then_that_is_refused_by_name() -> None:
    broker = held_over_night()
    broker.submit(broker.order("MSFT", Side.SELL, Decimal(6), session_of(0).close, "trim", reduce_only=True))
    broker.apply_actions([CorporateAction("MSFT", EX, "split", Decimal("0.1"))], session_of(1))
    assert not broker.open_orders() and broker.portfolio.quantity("MSFT") == 10
    assert broker.changes.decisions[-1].reason == "0.6 MSFT is below one lot of 1"


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
