"""Funding of perpetuals: booked at its time, rounded against the account, and never 0 where it is unknown."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.clock import parse_iso
from aion.errors import FeedError
from aion.market.calendar import MarketSession
from aion.market.funding import FundingRate, read_funding
from aion.market.grid import Grid
from aion.model import Bar, Instrument, Side
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio
from aion.trading.slippage import SLIPPAGE_MODELS

PERP = Instrument(
    "BTC/USDT:USDT", "24/7", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), kind="perpetual",
    margin=Decimal("0.1"),
)  # fmt: skip
MIDNIGHT = datetime.fromisoformat("2024-01-01T00:00Z")
HOUR = timedelta(hours=1)


def rate(hour: float, value: str, price: str | None = None) -> FundingRate:
    return FundingRate(PERP.symbol, MIDNIGHT + hour * HOUR, Decimal(value), Decimal(price) if price else None)


def broker_of(*rates: FundingRate, instrument: Instrument = PERP, interval: timedelta = HOUR) -> PaperBroker:
    return PaperBroker(
        "b", "1", Portfolio("USDT", Decimal(100_000), 2), {instrument.symbol: instrument}, cost_model("zero"),
        grid=Grid(interval, "clock"), slippage=SLIPPAGE_MODELS["none"], allow_short=True, funding=rates,
    )  # fmt: skip


def session_of(ts: datetime) -> MarketSession:
    opened = (ts - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return MarketSession("24/7", opened.date(), opened, opened + timedelta(days=1))


def step(broker: PaperBroker, hour: float, price: str = "40000", symbol: str = PERP.symbol) -> None:
    value, ts = Decimal(price), MIDNIGHT + hour * HOUR
    broker.on_bar(Bar(symbol, ts, value, value, value, value, Decimal(10**6)), session_of(ts))


def enter(broker: PaperBroker, hour: float, side: Side, quantity: str, symbol: str = PERP.symbol) -> None:
    broker.submit(broker.order(symbol, side, Decimal(quantity), MIDNIGHT + hour * HOUR, "as planned"))


def movements(broker: PaperBroker) -> list[tuple[str, Decimal]]:
    return [(each.kind, each.amount) for each in broker.changes.movements if each.kind != "fill"]


@pytest.mark.parametrize(
    ("side", "value", "got"),
    [
        (Side.BUY, "0.0001", "-2.00"),  # longs pay 0.01 % of 20,000
        (Side.SELL, "0.0001", "2.00"),
        (Side.BUY, "-0.0001", "2.00"),
        (Side.SELL, "-0.0001", "-2.00"),
        (Side.BUY, "0.000100003", "-2.01"),  # 2.00006: up where it is paid
        (Side.SELL, "0.000100003", "2.00"),  # down where it is got
    ],
)
def test_funding_when_held_at_its_time_then_longs_pay_a_rate_above_0(side: Side, value: str, got: str) -> None:
    broker = broker_of(rate(8, value))
    step(broker, 6)
    enter(broker, 6, side, "0.5")
    step(broker, 7)
    assert movements(broker) == []
    step(broker, 8)
    assert movements(broker) == [("funding", Decimal(got))]
    account = broker.portfolio
    assert account.cash == account.equity() == 100_000 + Decimal(got)
    total = account.total_result()
    assert total.funding == Decimal(got) == total.net and total.gross == 0 and total.fees == 0
    enter(broker, 8, side.opposite, "0.5")
    step(broker, 9)
    (trade,) = broker.changes.trades
    assert trade.funding == trade.realized_pnl == Decimal(got)
    assert movements(broker) == [("funding", Decimal(got))]


def test_funding_when_entered_after_or_left_before_its_time_then_nothing_is_due() -> None:
    broker = broker_of(rate(0, "0.01"), rate(8, "0.01"), rate(16, "0.01"))
    step(broker, 8)
    enter(broker, 8, Side.BUY, "1")  # fills in the hour that begins at 8
    step(broker, 9)
    enter(broker, 14, Side.SELL, "1")
    step(broker, 15)
    step(broker, 16)
    assert movements(broker) == [] and broker.portfolio.is_flat and broker.funding.caveat() == ""


def test_funding_when_a_bar_is_missing_then_it_is_paid_by_what_was_held_before() -> None:
    broker = broker_of(rate(8, "0.0001"))
    step(broker, 6)
    enter(broker, 6, Side.BUY, "1")
    step(broker, 7)
    enter(broker, 7, Side.SELL, "1")
    step(broker, 10, "50000")  # opens at 9, when it was due already
    assert movements(broker) == [("funding", Decimal("-4.00"))], "at the mark of before"


def test_funding_when_its_time_lies_inside_a_bar_then_what_is_held_at_its_close_counts() -> None:
    broker = broker_of(rate(4, "0.0001"), rate(12, "0.0001"), rate(20, "0.0001"), interval=timedelta(hours=24))
    step(broker, 24)
    enter(broker, 24, Side.BUY, "1")
    step(broker, 48)
    assert broker.portfolio.quantity(PERP.symbol) == 1
    assert movements(broker) == [], "none of the second day is known"
    assert "not known from 2024-01-02" in broker.funding.caveat()


def test_funding_when_the_exchange_says_its_mark_price_then_that_one_counts() -> None:
    broker = broker_of(rate(8, "0.0001", "41000"))
    step(broker, 6)
    enter(broker, 6, Side.BUY, "1")
    step(broker, 7)
    step(broker, 8)
    assert movements(broker) == [("funding", Decimal("-4.10"))]


def test_funding_when_no_rate_is_known_then_the_account_says_so() -> None:
    broker = broker_of()
    step(broker, 6)
    assert broker.funding.caveat() == "", "nothing was held"
    enter(broker, 6, Side.BUY, "1")
    for hour in (7, 8, 9):
        step(broker, hour)
    said = [each.reason for each in broker.changes.decisions if each.action == "funding"]
    assert said == [
        "the funding rates of BTC/USDT:USDT are not known from 2024-01-01T06:00Z on: its result leaves them out"
    ]
    assert broker.funding.caveat() == (
        "Funding of BTC/USDT:USDT is not known from 2024-01-01T06:00Z on; results leave it out."
    )
    assert broker.portfolio.total_result().funding == 0


def test_funding_when_a_rate_is_missing_between_others_then_the_account_says_so_once() -> None:
    broker = broker_of(*(rate(hour, "0.0001") for hour in (0, 8, 16, 32, 40, 48)))
    step(broker, 1)
    enter(broker, 1, Side.BUY, "1")
    for hour in range(2, 49):
        step(broker, hour)
    said = [each.reason for each in broker.changes.decisions if each.action == "funding"]
    assert len(said) == 1 and "from 2024-01-01T16:00Z on" in said[0]
    assert movements(broker) == [("funding", Decimal("-4.00"))] * 5


def test_funding_when_the_account_holds_no_perpetual_then_nothing_is_said() -> None:
    coin = Instrument("BTC/USDT", "24/7", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), kind="coin")
    broker = broker_of(FundingRate(coin.symbol, MIDNIGHT + 8 * HOUR, Decimal("0.01")), instrument=coin)
    step(broker, 6, symbol=coin.symbol)
    enter(broker, 6, Side.BUY, "1", coin.symbol)
    for hour in (7, 8, 9):
        step(broker, hour, symbol=coin.symbol)
    assert movements(broker) == [] and broker.funding.caveat() == "" and "funding" not in broker.state()


RATE = st.tuples(st.integers(0, 48), st.decimals("-0.01", "0.01", places=6))
RATES = st.lists(RATE, max_size=8, unique_by=lambda each: each[0])


@given(RATES, st.lists(st.tuples(st.integers(-3, 3), st.integers(30_000, 50_000)), min_size=6, max_size=20),
       st.integers(0, 19))  # fmt: skip
def test_funding_when_anything_is_held_then_the_laws_hold_and_a_restart_changes_nothing(rates, walk, cut) -> None:
    broker = broker_of(*(rate(hour, str(value)) for hour, value in rates))
    cash, trades = Decimal(100_000), Decimal(0)
    for hour, (change, price) in enumerate(walk, 1):
        step(broker, hour * 2, str(price))
        if change:
            enter(broker, hour * 2, Side.BUY if change > 0 else Side.SELL, str(abs(change) / 10))
        if hour == cut:
            state = json.loads(json.dumps([broker.portfolio.state(), broker.state()]))
            again = broker_of(*(rate(hour, str(value)) for hour, value in rates))
            again.portfolio = Portfolio.from_state(state[0])
            again.restore(state[1])
            assert [again.portfolio.state(), again.state()] == state
            again.book.changes = broker.changes
            broker = again
        changes = broker.take_changes()
        cash += sum(each.amount for each in changes.movements)
        trades += sum(each.realized_pnl for each in changes.trades)
        account = broker.portfolio
        total = account.total_result()
        assert account.cash == cash
        assert total.gross - total.fees - total.slippage - total.borrow + total.funding == total.net
        held = account.position(PERP.symbol)
        rest = held.realized_pnl + account.unrealized_pnl(PERP.symbol) if held else 0
        assert total.net == trades + rest


# the table


def table(tmp_path: Path, text: str) -> tuple[list[FundingRate], list[str]]:
    path = tmp_path / "funding.csv"
    path.write_text(text)
    return read_funding(path)


def test_table_when_lines_are_bad_then_each_costs_itself_alone(tmp_path: Path) -> None:
    text = """symbol,time,rate,price,source
X,2024-01-01T08:00Z,0.0001,,exchange
X,2024-01-01T00:00Z,-0.0002,41000.5,exchange
,2024-01-01T00:00Z,0.1,,
X,2024-01-01T16:00,0.1,,
X,2024-01-01T16:00Z,1e-4%,,
X,2024-01-02T00:00Z,nan,,
X,2024-01-02T08:00Z,5,,
X,2024-01-02T16:00Z,0.0001,-3,
Y,2024-01-02T16:00Z,0.0001,,
Y,2024-01-02T16:00Z,0.0001,,
Z,2024-01-02T16:00Z,0.0001,,
Z,2024-01-02T16:00Z,0.0002,,
"""
    rates, complaints = table(tmp_path, text)
    assert [(each.symbol, str(each.rate), each.price) for each in rates] == [
        ("X", "-0.0002", Decimal("41000.5")), ("X", "0.0001", None), ("Y", "0.0001", None),
    ]  # fmt: skip
    name = str(tmp_path / "funding.csv")
    assert [each.removeprefix(name) for each in complaints] == [
        ", line 4 is left out: it has no symbol",
        ", line 5 is left out: '2024-01-01T16:00' is not a time with a zone, such as 2024-01-01T08:00Z",
        ", line 6 is left out: rate '1e-4%' is not a number",
        ", line 7 is left out: rate 'nan' is not a number",
        ", line 8 is left out: rate 5 is 500%: rates are fractions, 0.0001 is 0.01 %",
        ": 2 more lines are left out",
    ]


def test_table_when_it_lacks_a_column_then_says_which(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="has no column rate: it needs symbol, time, rate"):
        table(tmp_path, "symbol,time\nX,2024-01-01T08:00Z\n")


def test_table_when_there_is_none_then_no_rate_is_known(tmp_path: Path) -> None:
    assert read_funding(tmp_path / "funding.csv") == ([], [])
    assert parse_iso("2024-01-01T08:00Z") == MIDNIGHT + 8 * HOUR
