"""Orders that are sized at their fill: what they cost, what cuts them, and what happens before they fill."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from aion.market.action import CorporateAction
from aion.market.halt import Halt, HaltBook
from aion.model import Fill, OrderRecord, OrderStatus, Side
from aion.output.encode import order_json
from aion.store.document.part import Order
from aion.trading.broker import PaperBroker
from aion.trading.portfolio import Portfolio

from .paper import ADJUSTED, BABA, MSFT, SESSION, at, bar, day_bar, make_broker, session_of

GOOG = replace(MSFT, symbol="GOOG")


def enter(broker: PaperBroker, weight: str, symbol: str = "MSFT", minute: int = 1, **more: object) -> OrderRecord:
    part = Decimal(weight)
    side = more.pop("side", Side.BUY if part > 0 else Side.SELL)
    order = broker.order(symbol, side, Decimal(0), at(minute), "entry", weight=part, **more)
    return broker.submit(order)


def flat(minute: int, price: str, volume: int = 1_000_000, symbol: str = "MSFT"):
    return bar(minute, price, price, price, price, volume, symbol)


def costs(fill: Fill) -> Decimal:
    return fill.quantity * fill.price + fill.fee


def test_quantity_is_made_of_the_price_that_it_fills_at() -> None:
    broker = make_broker(cost="us-equity")
    broker.on_bar(flat(1, "100"), SESSION)
    record = enter(broker, "1")
    assert record.status is OrderStatus.OPEN and record.order.is_unsized
    (fill,) = broker.on_bar(flat(2, "125"), SESSION)
    assert costs(fill) <= 100_000 < costs(fill) + fill.price, "all of it, costs included, and not a share more"
    assert broker.portfolio.cash >= 0 and not broker.open_orders()
    (order,) = broker.take_changes().orders.values()
    assert (order.status, order.order.quantity, order.order.weight) == (OrderStatus.FILLED, fill.quantity, 1)


def test_equity_is_that_of_the_moment_of_the_fill() -> None:
    broker = make_broker(MSFT, GOOG)
    broker.on_bars({"MSFT": flat(1, "100"), "GOOG": flat(1, "50", symbol="GOOG")}, SESSION)
    enter(broker, "0.5")
    broker.on_bars({"MSFT": flat(2, "100"), "GOOG": flat(2, "50", symbol="GOOG")}, SESSION)
    enter(broker, "0.5", "GOOG", 2)
    # MSFT opens at twice its price: equity is 150,000 when GOOG fills, of which cash is 50,000
    fills = broker.on_bars({"MSFT": flat(3, "200"), "GOOG": flat(3, "50", symbol="GOOG")}, SESSION)
    assert [(fill.symbol, fill.quantity) for fill in fills] == [("GOOG", 1000)]
    assert broker.portfolio.cash == 0
    assert "cut to 1000: cash pays no more" in list(broker.take_changes().orders.values())[-1].detail


def test_weights_of_several_names_that_are_all_of_equity_leave_cash_above_zero() -> None:
    symbols = [replace(MSFT, symbol=f"S{number}") for number in range(7)]
    broker = make_broker(*symbols, cost="us-equity", cash="10000")
    prices = {each.symbol: str(3 + number) for number, each in enumerate(symbols)}
    broker.on_bars({name: flat(1, price, symbol=name) for name, price in prices.items()}, SESSION)
    for name in prices:
        enter(broker, "0.142857", name)
    fills = broker.on_bars({name: flat(2, price, symbol=name) for name, price in prices.items()}, SESSION)
    assert len(fills) == 7 and 0 <= broker.portfolio.cash < 100
    assert all(costs(fill) <= Decimal("0.142857") * 10_000 for fill in fills)


def test_order_is_sized_once_and_what_the_volume_cuts_rests_with_that_quantity() -> None:
    broker = make_broker()
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.5")
    (first,) = broker.on_bar(flat(2, "100", 4000), SESSION)
    (record,) = broker.open_orders()
    assert (first.quantity, record.order.quantity, record.filled_quantity) == (200, 500, 200)
    (second,) = broker.on_bar(flat(3, "110"), SESSION)
    assert second.quantity == 300 and not broker.open_orders()


@pytest.mark.parametrize("volume", [0, 10])
def test_order_waits_unsized_for_a_bar_that_it_fills_in(volume: int) -> None:
    broker = make_broker()
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.5")
    assert broker.on_bar(flat(2, "100", volume), SESSION) == []
    assert [record.order.is_unsized for record in broker.open_orders()] == [True]
    (fill,) = broker.on_bar(flat(3, "200"), SESSION)
    assert fill.quantity == 250


def test_order_waits_unsized_through_a_halt() -> None:
    broker = make_broker()
    broker.halts = HaltBook([Halt("MSFT", at(1), at(3), "news")])
    enter(broker, "0.5", minute=0)
    for minute in (2, 3):
        assert broker.on_bar(flat(minute, "100"), SESSION) == []
    (fill,) = broker.on_bar(flat(4, "50"), SESSION)
    assert fill.quantity == 1000


def test_order_that_finds_no_bar_expires_unsized() -> None:
    broker = make_broker()
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.5")
    assert broker.on_bar(bar(1, "100", "100", "100", "100"), session_of(1)) == []
    broker.begin_session(session_of(1))
    (order,) = broker.take_changes().orders.values()
    assert (order.status, order.filled_quantity, order.order.is_unsized) == (OrderStatus.EXPIRED, 0, True)


def test_split_before_the_fill_leaves_the_weight_as_it_is() -> None:
    broker = make_broker(replace(ADJUSTED, price_basis="raw"), is_daily=True)
    broker.on_bar(day_bar(0, "100", "100", "100", "100"), session_of(0))
    order = broker.order(
        "AAPL", Side.BUY, Decimal(0), session_of(0).close, "in", weight=Decimal("0.4"), stop_loss=Decimal(90)
    )
    broker.submit(order)
    split = CorporateAction("AAPL", session_of(1).day, "split", Decimal(4))
    broker.apply_actions([split], session_of(1))
    (record,) = broker.open_orders()
    assert (record.order.weight, record.order.is_unsized) == (Decimal("0.4"), True)
    (fill,) = broker.on_bar(day_bar(1, "25", "25", "25", "25"), session_of(1))
    assert fill.quantity == 1600
    assert broker.exit_levels("AAPL") == (Decimal("22.5"), None)


def test_process_that_dies_between_decision_and_fill_fills_the_same() -> None:
    broker = make_broker(cost="us-equity")
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.3")
    state = json.loads(json.dumps([broker.portfolio.state(), broker.state()]))
    restored = make_broker(cost="us-equity")
    restored.portfolio = Portfolio.from_state(state[0])
    restored.restore(state[1])
    assert restored.on_bar(flat(2, "101"), SESSION) == broker.on_bar(flat(2, "101"), SESSION) != []


def test_weight_below_zero_is_a_short_position_of_that_part() -> None:
    broker = make_broker(BABA, cost="hk-share", allow_short=True)
    broker.on_bar(flat(1, "80", symbol="9988.HK"), SESSION)
    enter(broker, "-0.5", "9988.HK")
    (fill,) = broker.on_bar(flat(2, "80", symbol="9988.HK"), SESSION)
    assert (fill.side, fill.quantity) == (Side.SELL, 600), "of 625 the whole lots"


def test_part_of_equity_that_buys_no_lot_is_refused_with_the_figures() -> None:
    broker = make_broker(BABA)
    broker.on_bar(flat(1, "80", symbol="9988.HK"), SESSION)
    enter(broker, "0.05", "9988.HK")
    assert broker.on_bar(flat(2, "80", symbol="9988.HK"), SESSION) == []
    (order,) = broker.take_changes().orders.values()
    assert order.status is OrderStatus.REFUSED
    assert order.detail == "5.00% of equity, 5000.00, does not pay one lot at 80 with costs"


def test_position_is_brought_to_its_weight_and_not_beyond() -> None:
    broker = make_broker()
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.2")
    broker.on_bar(flat(2, "100"), SESSION)
    enter(broker, "0.5", minute=2)
    broker.on_bar(flat(3, "100"), SESSION)
    assert broker.portfolio.quantity("MSFT") == 500
    enter(broker, "0.1", minute=3, side=Side.SELL, reduce_only=True)
    broker.on_bar(flat(4, "100"), SESSION)
    assert broker.portfolio.quantity("MSFT") == 100
    enter(broker, "0.1", minute=4)
    assert broker.on_bar(flat(5, "100"), SESSION) == []
    order = list(broker.take_changes().orders.values())[-1]
    assert (order.status, order.detail) == (OrderStatus.CANCELLED, "100 held are 10.00% of equity at 100 already")


def test_document_says_the_weight_until_the_quantity_is_known() -> None:
    broker = make_broker()
    broker.on_bar(flat(1, "100"), SESSION)
    value = order_json(enter(broker, "0.1"))
    assert value["weight"] == 0.1 and "quantity" not in value
    assert Order.model_validate(value).quantity is None
    broker.on_bar(flat(2, "100"), SESSION)
    (record,) = broker.take_changes().orders.values()
    assert order_json(record)["quantity"] == 100 and order_json(record)["weight"] == 0.1


def test_order_without_quantity_and_weight_is_none() -> None:
    broker = make_broker()
    for weight in (None, Decimal("NaN")):
        with pytest.raises(ValueError, match=r"quantity|weight"):
            broker.order("MSFT", Side.BUY, Decimal(0), at(1), "entry", weight=weight)


def test_order_that_turns_a_position_closes_it_and_opens_its_weight() -> None:
    broker = make_broker(allow_short=True)
    broker.on_bar(flat(1, "100"), SESSION)
    enter(broker, "0.3")
    broker.on_bar(flat(2, "100"), SESSION)
    enter(broker, "-0.2", minute=2)
    fills = broker.on_bar(flat(3, "100"), SESSION)
    assert [fill.quantity for fill in fills] == [300, 200]
    assert broker.portfolio.quantity("MSFT") == -200


def test_exit_on_daily_bars_rests_until_the_volume_has_taken_it() -> None:
    broker = make_broker(ADJUSTED, is_daily=True)
    broker.on_bar(day_bar(0, "100", "100", "100", "100"), session_of(0))
    broker.submit(broker.order("AAPL", Side.BUY, Decimal(900), session_of(0).close, "in"))
    broker.on_bar(day_bar(1, "100", "100", "100", "100"), session_of(1))
    broker.flatten("AAPL", session_of(1).close, "out")
    left = []
    for day in range(2, 6):
        broker.on_bar(replace(day_bar(day, "100", "100", "100", "100"), volume=Decimal(5000)), session_of(day))
        left.append(broker.portfolio.quantity("AAPL"))
    assert left == [650, 400, 150, 0] and not broker.open_orders()
    orders = broker.take_changes().orders.values()
    assert [(order.status, order.filled_quantity) for order in orders] == [
        (OrderStatus.FILLED, 900), (OrderStatus.FILLED, 900)
    ]  # fmt: skip


def test_exit_that_rests_goes_through_a_split_and_is_never_doubled() -> None:
    broker = make_broker(replace(ADJUSTED, price_basis="raw"), is_daily=True)
    broker.on_bar(day_bar(0, "100", "100", "100", "100"), session_of(0))
    broker.submit(broker.order("AAPL", Side.BUY, Decimal(900), session_of(0).close, "in"))
    broker.on_bar(day_bar(1, "100", "100", "100", "100"), session_of(1))
    broker.flatten("AAPL", session_of(1).close, "out")
    broker.on_bar(replace(day_bar(2, "100", "100", "100", "100"), volume=Decimal(5000)), session_of(2))
    broker.apply_actions([CorporateAction("AAPL", session_of(3).day, "split", Decimal(2))], session_of(3))
    for day in range(3, 10):
        broker.on_bar(replace(day_bar(day, "50", "50", "50", "50"), volume=Decimal(5000)), session_of(day))
    assert broker.portfolio.is_flat and not broker.open_orders()
    sold = sum(fill.quantity for fill in broker.take_changes().fills if fill.side is Side.SELL)
    assert sold == 250 + 650 * 2
