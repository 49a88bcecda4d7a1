"""The laws of the accounts, on random markets and random orders."""

import json
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from aion.model import ZERO, Bar, Fill, OrderStatus, Side
from aion.money import unit_of
from aion.trading.broker import PaperBroker
from aion.trading.order_check import to_tick
from aion.trading.portfolio import Portfolio
from tests.trading.plan import MARKETS, PHASES, make_tape, place, plans, session_for

from .paper import OPEN, make_broker

CENT = Decimal("0.01")  # of all the markets here
cents = unit_of("USD").round

STEPS = st.tuples(
    st.integers(-200, 200),  # gap from the close before, in 1/10,000
    st.integers(0, 300),  # reach above the open
    st.integers(0, 300),  # reach below it
    st.integers(0, 100),  # where in its range it closes, per cent
    st.sampled_from([100_000, 5_000, 3_000_000, 40, 1, 0]),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, bool, list[Bar], list[dict[str, object] | None]]:
    cost = draw(st.sampled_from(sorted(MARKETS)))
    symbol = MARKETS[cost].symbol
    tape = make_tape(symbol, draw(st.lists(STEPS, min_size=4, max_size=14)))
    orders = [draw(st.one_of(plans(), st.none())) for _ in tape]
    return cost, draw(st.booleans()), tape, orders


def check_fill(broker: PaperBroker, fill: Fill, bar: Bar) -> None:
    instrument = broker.terms.instruments[fill.symbol]
    assert fill.bar == bar and fill.known_at == bar.ts
    assert fill.decided_at <= fill.filled_at <= fill.known_at
    assert fill.slippage >= 0 and all(fee > 0 for fee in fill.fees.values())
    assert fill.fee == cents(fill.fee) and fill.slippage == cents(fill.slippage)
    per_unit = fill.slippage / fill.quantity
    assert bar.low - per_unit <= fill.price <= bar.high + per_unit
    # what it started from was a price of the bar; slippage is rounded up to the cent, the price to the tick
    base, slack = fill.price - fill.side.sign * per_unit, CENT / fill.quantity + instrument.tick
    assert bar.low - slack <= base <= bar.high + slack
    if fill.price_source == "open":
        assert abs(base - bar.open) <= slack
    if broker.terms.cost.name == "zero":
        assert not fill.fees and fill.slippage <= fill.quantity * instrument.tick + CENT, (
            "the tick and the cent alone"
        )
    assert fill.price >= instrument.tick
    assert fill.quantity % instrument.lot == 0
    if fill.price_source in ("open", "gap"):
        assert (fill.price - bar.open) * fill.side.sign >= 0, "never better than the open"
        if fill.price_source == "gap":
            assert fill.price == to_tick(fill.price, fill.side, instrument)


def cents_against(fill: Fill) -> Decimal:
    """Return what a fill costs or gives before fees, rounded against the account."""
    rounding = ROUND_CEILING if fill.side is Side.BUY else ROUND_FLOOR
    return (fill.quantity * fill.price).quantize(CENT, rounding)


def check_account(
    portfolio: Portfolio, fills: list[Fill], charges: Decimal, trades: Decimal, mark: Decimal | None
) -> None:
    """Work the account out again from its fills alone; `mark` is the newest print."""
    paid = sum((fill.side.sign * cents_against(fill) + fill.fee for fill in fills), ZERO)
    assert portfolio.cash == portfolio.start_cash - paid + charges
    quantity = sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    assert portfolio.equity() == portfolio.cash + (cents(quantity * mark) if quantity else ZERO)
    total = portfolio.total_result()
    assert total.net == portfolio.equity() - portfolio.start_cash
    assert total.gross - total.fees - total.slippage - total.borrow == total.net
    assert total.fees == sum((fill.fee for fill in fills), ZERO) and total.borrow == -charges
    assert total.slippage == sum((fill.slippage for fill in fills), ZERO)
    held = [(portfolio.position(symbol), portfolio.unrealized_pnl(symbol)) for symbol in portfolio.symbols]
    assert total.net == trades + sum((position.realized_pnl + gain for position, gain in held), ZERO)


@settings(max_examples=200, phases=PHASES)
@given(histories())
def test_account_when_anything_is_traded_then_every_law_holds(history) -> None:
    cost, allow_short, tape, orders = history
    broker = make_broker(MARKETS[cost], cost=cost, allow_short=allow_short)
    portfolio = broker.portfolio
    fills: list[Fill] = []
    trades = charges = ZERO
    mark = None
    for bar, plan in zip(tape, orders, strict=True):
        before = broker.portfolio.quantity(bar.symbol)
        new = broker.on_bar(bar, session_for(bar))
        fills += new
        assert sum((fill.quantity for fill in new), ZERO) <= bar.volume / 20
        assert sum((fill.quantity * fill.side.sign for fill in new), before) == portfolio.quantity(bar.symbol)
        for fill in new:
            check_fill(broker, fill, bar)
        if plan is not None:
            place(broker, plan, bar)
        changes = broker.take_changes()
        trades += sum((trade.realized_pnl for trade in changes.trades), ZERO)
        charges += sum((each.amount for each in changes.movements if each.kind != "fill"), ZERO)
        mark = bar.close if bar.volume else mark
        check_account(portfolio, fills, charges, trades, mark)
        if not allow_short:
            assert portfolio.quantity(bar.symbol) >= 0
            assert portfolio.cash >= min(charges, ZERO), "only nights may bring it below zero"
        for record in broker.open_orders():
            assert record.order.is_unsized or 0 <= record.filled_quantity < record.order.quantity
            assert not (record.order.is_unsized and record.filled_quantity)
    assert len({fill.id for fill in fills}) == len(fills)
    for source in {fill.price_source for fill in fills} or {"nothing"}:
        event(f"filled at {source}")


@settings(max_examples=60, phases=PHASES)
@given(histories(), st.integers(0, 13))
def test_account_when_restored_in_the_middle_then_goes_on_the_same(history, cut: int) -> None:
    cost, allow_short, tape, orders = history
    whole = make_broker(MARKETS[cost], cost=cost, allow_short=allow_short)
    broken = make_broker(MARKETS[cost], cost=cost, allow_short=allow_short)
    for number, (bar, plan) in enumerate(zip(tape, orders, strict=True)):
        expected, found = whole.on_bar(bar, session_for(bar)), broken.on_bar(bar, session_for(bar))
        assert found == expected
        if plan is not None:
            place(whole, plan, bar)
            place(broken, plan, bar)
        assert broken.take_changes() == whole.take_changes()
        if number == cut:
            state = json.loads(json.dumps([broken.portfolio.state(), broken.state()]))
            broken = make_broker(MARKETS[cost], cost=cost, allow_short=allow_short)
            broken.portfolio = Portfolio.from_state(state[0])
            broken.restore(state[1])
    assert broken.portfolio.state() == whole.portfolio.state()
    assert broken.state() == whole.state()


@settings(max_examples=60, phases=PHASES)
@given(histories())
def test_orders_when_the_tape_ends_then_each_has_one_end_or_rests(history) -> None:
    cost, allow_short, tape, orders = history
    broker = make_broker(MARKETS[cost], cost=cost, allow_short=allow_short)
    records, filled = {}, {}
    for bar, plan in zip(tape, orders, strict=True):
        for fill in broker.on_bar(bar, session_for(bar)):
            filled[fill.order_id] = filled.get(fill.order_id, ZERO) + fill.quantity
        if plan is not None:
            place(broker, plan, bar)
        for order_id, record in broker.take_changes().orders.items():
            assert order_id not in records or records[order_id].status is OrderStatus.OPEN
            records[order_id] = record
    resting = {record.order.id for record in broker.open_orders()}
    for order_id, record in records.items():
        assert (record.status is OrderStatus.OPEN) == (order_id in resting)
        if record.status is OrderStatus.FILLED:
            assert filled[order_id] == record.filled_quantity == record.order.quantity
        else:
            assert filled.get(order_id, ZERO) == record.filled_quantity
        if record.status in (OrderStatus.REFUSED, OrderStatus.EXPIRED, OrderStatus.CANCELLED):
            assert record.detail


def test_portfolio_when_a_fill_would_turn_it_then_refuses() -> None:
    broker = make_broker()
    bar = Bar(
        "MSFT", OPEN + timedelta(minutes=1), Decimal(10), Decimal(10), Decimal(10), Decimal(10), Decimal(10_000)
    )
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(5), OPEN, "entry"))
    (fill,) = broker.on_bar(bar, session_for(bar))
    opposite = Fill(
        id="f2",
        order_id="o2",
        bot="orb",
        symbol="MSFT",
        side=Side.SELL,
        quantity=Decimal(6),
        price=Decimal(10),
        fees={},
        slippage=ZERO,
        decided_at=OPEN,
        filled_at=OPEN,
        known_at=OPEN,
        reason="",
        bar=fill.bar,
        price_source="open",
    )
    with pytest.raises(ValueError, match="would turn"):
        broker.portfolio.apply(opposite)
