"""Futures and options that end: settled in cash at their expiry, after which nothing of them is traded."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.model import Bar, Fill, Instrument, OrderStatus, OrderType, Side, TimeInForce
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio
from aion.trading.slippage import SLIPPAGE_MODELS
from tests.trading.paper import session_of

# June E-mini and an option on it, which end at the close of the second session
ENDS = session_of(1).close
FUTURE = Instrument("ESM", "XNAS", "USD", Decimal("0.25"), kind="future", multiplier=Decimal(50),
                    margin=Decimal("0.1"), expiry=ENDS)  # fmt: skip
CALL = Instrument("ESC", "XNAS", "USD", Decimal("0.05"), kind="option", multiplier=Decimal(50), expiry=ENDS,
                  strike=Decimal(4000), right="call", underlying="SPX")  # fmt: skip
PUT = replace(CALL, right="put")


def broker_of(instrument: Instrument, underlying: str | None = None) -> PaperBroker:
    def price_of(symbol: str, at: datetime) -> Decimal | None:
        assert (symbol, at) == ("SPX", ENDS)
        return Decimal(underlying) if underlying else None

    return PaperBroker(
        "b", "1", Portfolio("USD", Decimal(1_000_000)), {instrument.symbol: instrument}, cost_model("zero"),
        grid=None, slippage=SLIPPAGE_MODELS["none"], allow_short=True, price_of=price_of,
    )  # fmt: skip


def step(broker: PaperBroker, instrument: Instrument, day: int, price: str) -> list[Fill]:
    value, session = Decimal(price), session_of(day)
    return broker.on_bar(Bar(instrument.symbol, session.close, value, value, value, value, Decimal(10**6)), session)


def enter(broker: PaperBroker, instrument: Instrument, day: int, side: Side, quantity: int, **more: Any) -> str:
    order = broker.order(instrument.symbol, side, Decimal(quantity), session_of(day).close, "as planned", **more)
    return broker.submit(order).detail


def run(instrument: Instrument, side: Side, prices: list[str], underlying: str | None = None) -> PaperBroker:
    """Enter two contracts before the session in which they end."""
    broker = broker_of(instrument, underlying)
    step(broker, instrument, 0, prices[0])
    enter(broker, instrument, 0, side, 2)
    step(broker, instrument, 1, prices[1])
    return broker


@pytest.mark.parametrize(("side", "gain"), [(Side.BUY, 1000), (Side.SELL, -1000)])
def test_future_when_it_ends_then_is_settled_at_its_settlement_price(side: Side, gain: int) -> None:
    future = replace(FUTURE, final_price=Decimal("4010.00"))
    broker = run(future, side, ["4000", "4000"])
    account = broker.portfolio
    assert account.is_flat and account.cash == account.equity() == 1_000_000 + gain
    changes = broker.take_changes()
    (trade,) = changes.trades
    assert trade.reason == "expired: settled in cash at the settlement price"
    assert trade.exit_price == 4010 and trade.realized_pnl == gain and trade.closed_at == ENDS
    assert [each.price_source for each in changes.fills] == ["open", "expiry"]
    assert changes.fills[1].fees == {} and changes.fills[1].realized_pnl == gain
    record = changes.orders[changes.fills[1].order_id]
    assert record.status is OrderStatus.FILLED and record.filled_quantity == 2
    assert account.cash == 1_000_000 + sum(each.amount for each in changes.movements)


def test_future_when_no_settlement_price_is_said_then_the_newest_one_counts() -> None:
    broker = broker_of(FUTURE)
    step(broker, FUTURE, 0, "4000")
    enter(broker, FUTURE, 0, Side.BUY, 2)
    fills = broker.on_bar(
        Bar("ESM", ENDS, Decimal(4000), Decimal(4020), Decimal(3990), Decimal("4007.75"), Decimal(10**6)),
        session_of(1),
    )
    assert [each.price for each in fills] == [4000, Decimal("4007.75")]
    assert broker.portfolio.cash == 1_000_000 + 775


@pytest.mark.parametrize(
    ("instrument", "side", "underlying", "worth", "reason"),
    [
        (CALL, Side.BUY, "4030.10", "30.10", "exercised: SPX at 4030.1, call at 4000"),
        (CALL, Side.SELL, "4030.10", "30.10", "exercised: SPX at 4030.1, call at 4000"),
        (CALL, Side.BUY, "4000", "0", "expired: worthless, SPX at 4000, call at 4000"),
        (CALL, Side.SELL, "3990", "0", "expired: worthless, SPX at 3990, call at 4000"),
        (PUT, Side.BUY, "3990.5", "9.5", "exercised: SPX at 3990.5, put at 4000"),
        (PUT, Side.BUY, "4990.5", "0", "expired: worthless, SPX at 4990.5, put at 4000"),
    ],
)
def test_option_when_it_ends_then_is_settled_at_its_intrinsic_value(
    instrument: Instrument, side: Side, underlying: str, worth: str, reason: str
) -> None:
    broker = run(instrument, side, ["12", "12"], underlying)
    account, (trade,) = broker.portfolio, broker.changes.trades
    gain = (Decimal(worth) - 12) * 100 * side.sign
    assert account.is_flat and account.cash == 1_000_000 + gain == account.equity()
    assert trade.reason == reason and trade.realized_pnl == gain and trade.exit_price == Decimal(worth)


def test_option_when_its_underlying_has_no_price_then_it_is_not_booked_and_says_so() -> None:
    broker = run(CALL, Side.BUY, ["12", "12"])
    account = broker.portfolio
    assert account.quantity("ESC") == 2 and account.equity() == 1_000_000
    held = account.position("ESC")
    assert held is not None and "not booked: no price of SPX is known" in held.carried
    assert [each.action for each in broker.changes.decisions] == ["not booked"]
    step(broker, CALL, 2, "50")
    assert account.equity() == 1_000_000, "what is traded after its end is not it"
    assert broker.flatten("ESC", session_of(2).close, "out") is None
    assert [each.action for each in broker.changes.decisions] == ["not booked"], "once"


def test_order_when_its_contract_has_ended_then_is_refused_or_ends() -> None:
    broker = broker_of(FUTURE)
    step(broker, FUTURE, 0, "4000")
    rests = {"type": OrderType.LIMIT, "limit_price": Decimal(3000), "time_in_force": TimeInForce.GTC}
    enter(broker, FUTURE, 0, Side.BUY, 1, **rests)
    step(broker, FUTURE, 1, "4000")
    (record,) = broker.changes.orders.values()
    said = "ESM expired at 2022-05-20T20:00Z"
    assert (record.status, record.detail) == (OrderStatus.EXPIRED, said)
    assert enter(broker, FUTURE, 1, Side.BUY, 1) == said
    assert step(broker, FUTURE, 2, "2000") == [] and broker.portfolio.marks["ESM"] == 4000


def test_future_when_its_last_bar_is_missing_then_is_settled_at_the_next_bar_of_the_account() -> None:
    other = replace(FUTURE, symbol="ESU", expiry=None)
    broker = PaperBroker(
        "b", "1", Portfolio("USD", Decimal(1_000_000)), {"ESM": FUTURE, "ESU": other}, cost_model("zero"), grid=None,
        slippage=SLIPPAGE_MODELS["none"],
    )  # fmt: skip
    step(broker, FUTURE, -1, "4000")
    enter(broker, FUTURE, -1, Side.BUY, 1)
    step(broker, FUTURE, 0, "4010")
    fills = step(broker, other, 2, "4100")
    assert [(each.symbol, each.price, each.filled_at, each.known_at) for each in fills] == [
        ("ESM", Decimal(4010), ENDS, session_of(2).close)
    ]
    assert broker.portfolio.is_flat


@given(st.integers(3900, 4100), st.integers(0, 60), st.integers(-4, 4).filter(bool),
       st.sampled_from([CALL, PUT, FUTURE]), st.booleans())  # fmt: skip
def test_expiry_when_of_anything_then_the_laws_hold_and_a_restart_changes_nothing(
    final: int, premium: int, quantity: int, instrument: Instrument, is_restarted: bool
) -> None:
    instrument = replace(instrument, final_price=Decimal(final))
    price = str(premium or 4000) if instrument is not FUTURE else "4000"
    broker = broker_of(instrument)
    step(broker, instrument, 0, price)
    enter(broker, instrument, 0, Side.BUY if quantity > 0 else Side.SELL, abs(quantity))
    if is_restarted:
        state = json.loads(json.dumps([broker.portfolio.state(), broker.state()]))
        broker = broker_of(instrument)
        broker.portfolio = Portfolio.from_state(state[0])
        broker.restore(state[1])
    step(broker, instrument, 1, price)
    account, changes = broker.portfolio, broker.take_changes()
    total = account.total_result()
    assert account.is_flat and account.cash == account.equity()
    assert account.cash == 1_000_000 + sum(each.amount for each in changes.movements)
    assert total.gross - total.fees - total.slippage - total.borrow + total.funding == total.net
    assert total.net == sum(each.realized_pnl for each in changes.trades)
    assert len(changes.fills) == 2 and len({each.id for each in changes.fills}) == 2
    worth = {"call": final - 4000, "put": 4000 - final, "": final}[instrument.right]
    worth = max(0, worth) if instrument.right else worth
    assert total.net == (worth - Decimal(price)) * quantity * 50
    assert step(broker, instrument, 2, price) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"kind": "share", "expiry": ENDS}, "a share has no expiry"),
        ({"kind": "option", "expiry": ENDS}, "needs strike, right"),
        ({"kind": "option", "expiry": ENDS, "strike": Decimal(1), "right": "put"}, "needs strike, right"),
        ({"kind": "option", "expiry": ENDS, "strike": Decimal("nan"), "right": "put", "underlying": "Y"},
         "strike NaN is not a price"),
    ],
)  # fmt: skip
def test_instrument_that_cannot_be_when_made_then_says_why(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Instrument("X", "XNAS", "USD", **more)


def test_expiry_when_it_comes_then_its_time_is_no_earlier_than_what_led_to_it() -> None:
    broker = run(replace(FUTURE, final_price=Decimal(4000)), Side.BUY, ["4000", "4000"])
    for fill in broker.changes.fills:
        assert fill.decided_at <= fill.filled_at <= fill.known_at
        assert fill.known_at - fill.filled_at < timedelta(days=1)
