"""The paper broker on markets of a few bars."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aion.market.calendar import MarketSession
from aion.model import OrderStatus, OrderType, Side, TimeInForce

from .paper import (
    ADJUSTED,
    AZN,
    BABA,
    MSFT,
    SESSION,
    at,
    bar,
    day_bar,
    make_broker,
    session_of,
)


def enter(broker, quantity="100", side=Side.BUY, minute=1, symbol="MSFT", **rest):
    return broker.submit(broker.order(symbol, side, Decimal(quantity), at(minute), "entry", **rest))


def held(broker, symbol="MSFT"):
    return broker.portfolio.quantity(symbol)


def test_market_order_when_decided_on_a_bar_then_fills_at_the_next_open() -> None:
    broker = make_broker()
    broker.on_bar(bar(1, "250", "251", "249", "250.5"), SESSION)
    enter(broker)
    (fill,) = broker.on_bar(bar(2, "250.7", "252", "250", "251"), SESSION)
    assert (fill.price, fill.price_source) == (Decimal("250.7"), "open")
    assert (fill.decided_at, fill.filled_at, fill.known_at) == (at(1), at(1), at(2))
    assert broker.portfolio.cash == Decimal("74930.00")
    assert broker.portfolio.equity() == Decimal("100030.00")


def test_market_order_when_the_next_bar_opened_before_the_decision_then_waits() -> None:
    broker = make_broker()
    enter(broker, minute=5)
    assert broker.on_bar(bar(5, "250", "251", "249", "250"), SESSION) == []
    assert len(broker.on_bar(bar(6, "250", "251", "249", "250"), SESSION)) == 1


def test_daily_order_when_decided_at_a_close_then_is_booked_at_the_next_open() -> None:
    broker = make_broker(ADJUSTED, is_daily=True)
    close = session_of(0).close
    broker.on_bar(day_bar(0, "100", "101", "99", "100"), session_of(0))
    broker.submit(broker.order("AAPL", Side.BUY, Decimal("10.12345"), close, "rebalance"))
    broker.end_session(close)
    (fill,) = broker.on_bar(day_bar(1, "102", "103", "101", "102.5"), session_of(1))
    assert fill.decided_at == close
    assert fill.filled_at == session_of(1).open
    assert fill.known_at == session_of(1).close
    assert (fill.price, fill.quantity) == (Decimal(102), Decimal("10.1234"))


def test_rebalance_when_a_sale_pays_for_a_purchase_then_the_sale_comes_first() -> None:
    other = ADJUSTED.__class__("ZZZ", "XNYS", "USD", *(Decimal("0.0001"),) * 3, price_basis="adjusted")
    broker = make_broker(ADJUSTED, other, cash="1000", is_daily=True)

    def closes(day: int) -> dict:
        return {name: day_bar(day, "10", "11", "9", "10", name) for name in ("AAPL", "ZZZ")}

    broker.on_bars(closes(0), session_of(0))
    broker.submit(broker.order("ZZZ", Side.BUY, Decimal(100), session_of(0).close, "first"))
    broker.on_bars(closes(1), session_of(1))
    broker.submit(broker.order("AAPL", Side.BUY, Decimal(100), session_of(1).close, "next"))
    broker.submit(broker.order("ZZZ", Side.SELL, Decimal(100), session_of(1).close, "out"))
    fills = broker.on_bars(closes(2), session_of(2))
    assert [(fill.symbol, fill.side.value) for fill in fills] == [("ZZZ", "sell"), ("AAPL", "buy")]
    assert broker.portfolio.cash == 0


@pytest.mark.parametrize(
    ("opened", "low", "price", "source", "when"),
    [("250", "248.9", "249", "stop", 2), ("248", "247", "248", "gap", 1), ("250", "249.01", None, None, None)],
)
def test_stop_when_reached_or_gapped_then_fills_at_stop_or_open(opened, low, price, source, when) -> None:
    broker = make_broker()
    enter(broker, minute=0)
    broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
    broker.submit(
        broker.order(
            "MSFT",
            Side.SELL,
            Decimal(100),
            at(1),
            "out",
            type=OrderType.STOP,
            stop_price=Decimal(249),
            reduce_only=True,
        )
    )
    fills = broker.on_bar(bar(2, opened, "250.5", low, "249.5"), SESSION)
    if price is None:
        assert fills == []
        return
    (fill,) = fills
    assert (fill.price, fill.price_source, fill.filled_at) == (Decimal(price), source, at(when))


def test_bracket_when_stop_and_target_lie_in_one_bar_then_the_stop_fills() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(249), take_profit=Decimal(252))
    broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
    assert broker.exit_levels("MSFT") == (Decimal(249), Decimal(252))
    (fill,) = broker.on_bar(bar(2, "250", "253", "248", "252"), SESSION)
    assert (fill.price, fill.price_source, fill.realized_pnl) == (Decimal(249), "stop", Decimal("-100.00"))
    assert broker.open_orders() == [] and broker.portfolio.is_flat
    (trade,) = broker.take_changes().trades
    assert (trade.realized_pnl, trade.entry_price, trade.exit_price) == (-100, 250, 249)


def test_bracket_when_the_target_is_traded_through_then_the_target_fills() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(249), take_profit=Decimal(252))
    broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
    assert broker.on_bar(bar(2, "250", "252", "249.5", "251"), SESSION) == [], "touched, not traded through"
    (fill,) = broker.on_bar(bar(3, "251", "252.01", "250", "252"), SESSION)
    assert (fill.price, fill.price_source, fill.slippage) == (Decimal(252), "target", 0)
    stop = broker.take_changes().orders[fill.order_id.replace("target", "stop")]
    assert (stop.status, stop.detail) == (OrderStatus.CANCELLED, "the position is closed")


def test_bracket_when_its_stop_is_hit_in_the_entry_bar_then_fills_there() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(249), take_profit=Decimal(252))
    entry, out = broker.on_bar(bar(1, "250", "253", "248", "250"), SESSION)
    assert (entry.price_source, out.price_source, out.price) == ("open", "stop", Decimal(249))


def test_bracket_when_the_open_is_past_the_stop_then_no_price_is_invented() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(249))
    entry, out = broker.on_bar(bar(1, "245", "246", "244", "245"), SESSION)
    assert (entry.price, out.price) == (Decimal(245), Decimal(245))


def test_limit_entry_when_filled_inside_a_bar_then_its_target_waits_for_the_next() -> None:
    broker = make_broker()
    enter(broker, minute=0, type=OrderType.LIMIT, limit_price=Decimal(249), take_profit=Decimal(251))
    (entry,) = broker.on_bar(bar(1, "250", "252", "248", "250"), SESSION)
    assert (entry.price, entry.price_source) == (Decimal(249), "limit")
    (out,) = broker.on_bar(bar(2, "250", "252", "249", "250"), SESSION)
    assert (out.price, out.price_source) == (Decimal(251), "target")


def test_limit_entry_when_its_bar_falls_to_the_stop_then_stops_out() -> None:
    broker = make_broker()
    enter(broker, minute=0, type=OrderType.LIMIT, limit_price=Decimal(249), stop_loss=Decimal(248))
    _, out = broker.on_bar(bar(1, "250", "252", "247", "250"), SESSION)
    assert (out.price, out.price_source) == (Decimal(248), "stop")


def test_limit_order_when_the_open_is_better_then_fills_at_the_open_but_never_past_the_limit() -> None:
    broker = make_broker(slippage="adjusted")
    enter(broker, minute=0, type=OrderType.LIMIT, limit_price=Decimal(250))
    (fill,) = broker.on_bar(bar(1, "249.99", "252", "248", "250"), SESSION)
    assert fill.price == Decimal(250)
    assert fill.slippage == Decimal("1.00")


def test_fill_when_a_bar_is_thin_then_takes_a_twentieth_and_goes_on_later() -> None:
    broker = make_broker(cost="us-equity", slippage="none")
    enter(broker, "150", minute=0, time_in_force=TimeInForce.GTC)
    got = [broker.on_bar(bar(n, "250", "251", "249", "250", volume), SESSION) for n, volume in ((1, 1999), (2, 0))]
    assert [fill.quantity for fill in got[0]] == [Decimal(99)] and got[1] == []
    (rest,) = broker.on_bar(bar(3, "250", "251", "249", "250", 5000), SESSION)
    assert rest.quantity == 51
    record = broker.take_changes().orders[rest.order_id]
    assert (record.status, record.filled_quantity) == (OrderStatus.FILLED, 150)
    assert got[0][0].fee + rest.fee == Decimal("1.00"), "one minimum commission an order"


def test_fill_when_the_market_is_closed_then_none() -> None:
    lunch = MarketSession(
        "XHKG", SESSION.day, SESSION.open, SESSION.close, SESSION.open + timedelta(minutes=2), at(4)
    )
    broker = make_broker()
    enter(broker, minute=0)
    assert broker.on_bar(bar(1, "250", "251", "249", "250"), None) == []
    assert broker.on_bar(bar(3, "250", "251", "249", "250"), lunch) == []
    assert len(broker.on_bar(bar(5, "250", "251", "249", "250"), lunch)) == 1


def test_purchase_when_cash_is_short_then_is_cut_with_a_reason() -> None:
    broker = make_broker(cash="1000", cost="us-equity", slippage="none")
    enter(broker, "10", minute=0)
    (fill,) = broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    assert fill.quantity == 3 and broker.portfolio.cash == Decimal("249.00")
    changes = broker.take_changes()
    assert changes.orders[fill.order_id].detail == "cut to 3: cash pays no more at 250.00"
    assert [each.action for each in changes.decisions] == ["refused"]


def test_purchase_when_cash_pays_nothing_then_is_refused_with_a_reason() -> None:
    broker = make_broker(cash="100")
    record = enter(broker, "1", minute=0)
    assert broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION) == []
    record = broker.take_changes().orders[record.order.id]
    assert record.status is OrderStatus.REFUSED and "does not pay one lot" in record.detail


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda b: enter(b, symbol="TSLA"), "TSLA is not traded by orb"),
        (lambda b: enter(b, "0.5"), "below one lot"),
        (lambda b: enter(b, side=Side.SELL), "may not be short"),
        (lambda b: enter(b, reduce_only=True), "nothing to close"),
        (
            lambda b: enter(b, type=OrderType.LIMIT, limit_price=Decimal(-1)),
            "which no price of a share is",
        ),
        (lambda b: enter(b, stop_loss=Decimal(260), take_profit=Decimal(255)), "wrong sides"),
    ],
)
def test_order_when_it_cannot_work_then_the_refusal_is_recorded(make, why) -> None:
    broker = make_broker()
    record = make(broker)
    assert record.status is OrderStatus.REFUSED and why in record.detail
    changes = broker.take_changes()
    assert changes.orders[record.order.id] == record
    assert why in changes.decisions[0].reason
    assert broker.on_bar(bar(2, "250", "251", "249", "250"), SESSION) == []


def test_short_when_allowed_then_pays_borrow_and_holds_collateral() -> None:
    broker = make_broker(allow_short=True, cost="us-equity", slippage="none")
    enter(broker, "500", side=Side.SELL, minute=0, time_in_force=TimeInForce.GTC)
    (fill,) = broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    portfolio = broker.portfolio
    assert fill.quantity == 399, "no more than equity in absolute value, fees included"
    assert portfolio.free_cash() < 250 and portfolio.equity() < 100_000
    before = portfolio.cash
    later = bar(1, "250", "251", "249", "250")
    later = later.__class__("MSFT", session_of(4).open + timedelta(minutes=1), *(Decimal(250),) * 4, Decimal(1000))
    broker.on_bar(later, session_of(4))
    charge = broker.take_changes().movements[-1]
    assert (charge.kind, charge.amount) == ("borrow", Decimal("-5.47"))  # 99,750 x 0.5 % x 4 / 365, rounded up
    assert portfolio.cash == before - Decimal("5.47")


def test_order_when_it_turns_a_position_then_takes_two_fills() -> None:
    broker = make_broker(allow_short=True)
    enter(broker, "100", minute=0)
    broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    enter(broker, "150", side=Side.SELL, minute=1)
    close, turn = broker.on_bar(bar(2, "252", "253", "251", "252"), SESSION)
    assert (close.quantity, close.realized_pnl) == (100, Decimal("200.00"))
    assert (turn.quantity, turn.realized_pnl, held(broker)) == (50, None, -50)


def test_exit_when_more_is_asked_than_held_then_is_cut_to_it() -> None:
    broker = make_broker()
    enter(broker, minute=0)
    broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    record = enter(broker, "500", side=Side.SELL, minute=1)
    assert (record.order.quantity, record.detail) == (100, "cut from 500 to 100: no more is held")


def test_flatten_when_a_bracket_rests_then_withdraws_it_and_sells() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(240), take_profit=Decimal(260))
    broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    record = broker.flatten("MSFT", at(1), "kill switch")
    assert record is not None and [each.order.id for each in broker.open_orders()] == [record.order.id]
    broker.on_bar(bar(2, "250", "251", "249", "250"), SESSION)
    assert broker.portfolio.is_flat
    assert broker.flatten("MSFT", at(2), "again") is None


def test_protect_when_called_again_then_replaces_the_levels() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(240))
    broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    broker.protect("MSFT", at(1), "by the entry price", stop_loss=Decimal(245), take_profit=Decimal(260))
    assert broker.exit_levels("MSFT") == (Decimal(245), Decimal(260))
    (fill,) = broker.on_bar(bar(2, "250", "251", "244", "250"), SESSION)
    assert fill.price == Decimal(245) and broker.open_orders() == []


def test_partial_entry_when_the_stop_is_hit_then_no_more_is_sold_than_bought() -> None:
    broker = make_broker()
    enter(broker, "200", minute=0, stop_loss=Decimal(249), take_profit=Decimal(255))
    for minute, volume in ((1, 1000), (2, 2000)):
        broker.on_bar(bar(minute, "250", "251", "249.5", "250", volume), SESSION)
    assert held(broker) == 150
    assert [(each.order.id[-5:], each.order.quantity) for each in broker.open_orders()[1:]] == [
        ("-stop", 150),
        ("arget", 150),
    ], "one bracket that grows"
    fills = broker.on_bar(bar(3, "250", "250", "248", "248", 1_000_000), SESSION)
    assert sum(fill.quantity for fill in fills if fill.side is Side.SELL) == 200, "the last 50 came at the open"
    assert broker.portfolio.is_flat and broker.open_orders() == []


def test_day_order_when_the_session_ends_then_expires_but_gtc_rests() -> None:
    broker = make_broker()
    enter(broker, minute=0, type=OrderType.LIMIT, limit_price=Decimal(200))
    stays = enter(broker, minute=0, type=OrderType.LIMIT, limit_price=Decimal(200), time_in_force=TimeInForce.GTC)
    broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
    next_day = bar(1, "250", "251", "249", "250")
    next_day = next_day.__class__("MSFT", session_of(1).open + timedelta(minutes=1), *(Decimal(250),) * 4, Decimal(1))
    broker.on_bar(next_day, session_of(1))
    assert [each.order.id for each in broker.open_orders()] == [stays.order.id]
    assert OrderStatus.EXPIRED in {record.status for record in broker.take_changes().orders.values()}


def test_bars_when_out_of_order_then_refused_by_name() -> None:
    broker = make_broker()
    broker.on_bar(bar(2, "250", "251", "249", "250"), SESSION)
    assert broker.on_bar(bar(1, "1", "1", "1", "1"), SESSION) == [] and broker.portfolio.marks["MSFT"] == 250
    (decision,) = broker.changes.decisions
    assert (decision.action, decision.symbol) == ("refused", "MSFT")
    assert decision.reason.startswith("a bar of 2022-05-19T13:31Z came after one of 2022-05-19T13:32Z")


def test_ids_when_a_cycle_is_repeated_then_are_the_same() -> None:
    def cycle() -> list[str]:
        broker = make_broker()
        enter(broker, minute=0)
        fills = broker.on_bar(bar(1, "250", "251", "249", "250"), SESSION)
        return [fill.id for fill in fills] + [fill.order_id for fill in fills]

    assert cycle() == cycle() == ["f1-orb-20220519T133100-1", "o1-orb-20220519T133000-1"]


def test_prices_when_an_instrument_has_a_tick_then_round_against_us() -> None:
    broker = make_broker(AZN, slippage="large-cap")
    flat = {"symbol": "AZN.L", "open": "100.01", "high": "100.01", "low": "100.01", "close": "100.01"}
    enter(broker, "10", minute=0, symbol="AZN.L", stop_loss=Decimal("99.991"))
    (buy,) = broker.on_bar(bar(1, **flat), SESSION)
    assert buy.price == Decimal("100.04"), "100.01 + 1 bp, up to the tick of 0.02"
    assert buy.slippage == Decimal("0.30")
    assert broker.exit_levels("AZN.L")[0] == Decimal("99.98")
    broker.flatten("AZN.L", at(1), "out")
    (sell,) = broker.on_bar(bar(2, **flat), SESSION)
    assert sell.price == Decimal("99.98")


def test_quantity_when_an_instrument_has_lots_then_whole_lots() -> None:
    broker = make_broker(BABA, cash="1000000")
    assert broker.quantity_for("9988.HK", Decimal(50_000), Decimal("85.05")) == 500
    record = enter(broker, "570", symbol="9988.HK")
    assert (record.order.quantity, record.detail) == (500, "cut from 570 to 500: lots of 100")


def test_day_result_when_a_session_begins_then_counts_from_the_last_close() -> None:
    broker = make_broker(MSFT)
    enter(broker, "100", minute=0)
    broker.on_bar(bar(1, "250", "251", "249", "251"), SESSION)
    assert broker.portfolio.day_result().net == 100
    opened = session_of(1).open + timedelta(minutes=1)
    prices = (Decimal(253), Decimal(254), Decimal(252), Decimal(253))
    broker.on_bar(bar(1, "250", "251", "249", "250").__class__("MSFT", opened, *prices, Decimal(10)), session_of(1))
    assert broker.portfolio.day_result().net == 200, "the gap belongs to the new day"
    assert broker.portfolio.day == session_of(1).day


def test_bracket_when_its_target_fills_in_part_then_its_stop_shrinks() -> None:
    broker = make_broker()
    enter(broker, minute=0, stop_loss=Decimal(249), take_profit=Decimal(252))
    broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
    (part,) = broker.on_bar(bar(2, "251", "253", "250", "251", 800), SESSION)
    assert (part.quantity, part.price_source) == (40, "target")
    assert {(each.order.quantity - each.filled_quantity) for each in broker.open_orders()} == {60}
    (out,) = broker.on_bar(bar(3, "250", "250", "248", "249"), SESSION)
    record = broker.take_changes().orders[out.order_id]
    assert (out.quantity, record.filled_quantity, record.order.quantity) == (60, 60, 60)
    assert broker.portfolio.is_flat


def test_limit_that_waited_pays_as_a_maker_and_one_that_the_open_betters_as_a_taker() -> None:
    broker = make_broker(ADJUSTED, cost="kraken-spot", slippage="none")
    for minute, limit in ((1, "99"), (2, "110")):
        enter(broker, "10", minute=minute, symbol="AAPL", type=OrderType.LIMIT, limit_price=Decimal(limit))
        broker.on_bar(bar(minute + 1, "100", "101", "98", "100", symbol="AAPL"), SESSION)
    made, taken = broker.changes.fills
    assert (made.price, made.fees) == (Decimal(99), {"maker_fee": Decimal("2.48")})  # 990 x 0.25 %, rounded up
    assert (taken.price, taken.fees) == (Decimal(100), {"taker_fee": Decimal("4.00")})
