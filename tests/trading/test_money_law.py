"""The laws of money in five currencies and over all kinds of instrument, on random markets and random orders.

Perpetuals pay random funding, futures and options may end inside the tape, and one of the cost models pays rebates
and falls with volume.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from aion.market.funding import FundingRate
from aion.market.grid import Grid
from aion.model import EXPIRING, ZERO, Bar, Fill, Instrument, OrderStatus, OrderType, Side
from aion.money import MoneyUnit, plain_text, unit_of, value_of
from aion.section import CostSettings
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio
from aion.trading.slippage import SLIPPAGE_MODELS
from tests.trading.paper import MINUTE, OPEN
from tests.trading.plan import PHASES, plans, session_for

EXACT = Context(prec=200)
UNITS = {each.currency: each for each in (
    unit_of("JPY"), unit_of("USD"), unit_of("KWD"), unit_of("BTC"), unit_of("WAD", 18),
)}  # fmt: skip
CASH = {"JPY": "10000000", "USD": "100000", "KWD": "30000.125", "BTC": "0.05", "WAD": "1000000.000000000000000001"}
PRICE = {"JPY": "2500", "USD": "250", "KWD": "0.750", "BTC": "0.00000412", "WAD": "0.000000000000412345"}
TICK = {"JPY": "1", "USD": "0.01", "KWD": "0.001", "BTC": "0.00000001", "WAD": "0.000000000000000001"}
COIN = Decimal("0.00000001")
KINDS = {
    "share": {"lot": Decimal(1)},
    "lots of 100": {"lot": Decimal(100)},
    "fund": {"kind": "fund", "lot": Decimal("0.001"), "quantity_step": Decimal("0.001")},
    "coin": {"kind": "coin", "lot": COIN, "quantity_step": COIN},
    "perpetual": {"kind": "perpetual", "lot": Decimal("0.001"), "quantity_step": Decimal("0.001")},
    "future": {"kind": "future", "multiplier": Decimal(50), "margin": Decimal("0.1")},
    "small future": {"kind": "future", "multiplier": Decimal("0.1"), "margin": Decimal(1)},
    "option": {"kind": "option", "multiplier": Decimal(100)},
    "fx": {"kind": "fx", "lot": Decimal(1000), "has_volume": False},
    "index": {"kind": "index", "multiplier": Decimal(10), "has_volume": False},
}


@dataclass(frozen=True)
class Market:
    unit: MoneyUnit
    instrument: Instrument
    cost: str
    allow_short: bool
    tape: list[Bar]
    rates: tuple[FundingRate, ...] = ()

    def broker(self) -> PaperBroker:
        currency, instrument = self.unit.currency, self.instrument
        account = Portfolio(currency, Decimal(CASH[currency]), self.unit.decimals)
        cost = cost_model(self.cost, OWN.get(self.cost))
        return PaperBroker("b", "1", account, {instrument.symbol: instrument}, cost,
                           grid=Grid(MINUTE), allow_short=self.allow_short, funding=self.rates)  # fmt: skip


REBATE = Decimal("0.0002")
OWN = {
    "rebates": CostSettings.model_validate(
        {
            "taker": "0.0005",
            "maker": str(-REBATE),
            "sell_tax": "0.0001",
            "fees": [{"name": "levy", "rate": "0.00001", "side": "sell"}],
            "tiers": [{"above": "1", "taker": "0.0003"}, {"above": "1000000", "taker": "0"}],
        }
    )
}


def instrument_of(currency: str, name: str) -> Instrument:
    return Instrument("X", "24/7", currency, Decimal(TICK[currency]), **{"quantity_step": Decimal(1), **KINDS[name]})


STEPS = st.tuples(st.integers(-300, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 100),
                  st.sampled_from([10**12, 5_000_000, 700, 0]))  # fmt: skip


def tape_of(currency: str, has_volume: bool, steps: list[tuple[int, int, int, int, int]]) -> list[Bar]:
    tick, last = Decimal(TICK[currency]), int(Decimal(PRICE[currency]) / Decimal(TICK[currency]))
    made = []
    for number, (gap, up, down, place, volume) in enumerate(steps):
        opened = max(2, last + last * gap // 10_000)
        high, low = opened + opened * up // 10_000, max(1, opened - opened * down // 10_000)
        last = low + (high - low) * place // 100
        day, minute = divmod(number, 8)
        prices = (EXACT.multiply(each, tick) for each in map(Decimal, (opened, high, low, last)))
        ts = OPEN + timedelta(days=day, minutes=minute + 1)
        made.append(Bar("X", ts, *prices, Decimal(volume if has_volume else 0)))
    return made


RATES = st.decimals("-0.02", "0.02", places=5)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    currency = draw(st.sampled_from(sorted(UNITS)))
    name = draw(st.sampled_from(sorted(KINDS)))
    instrument = instrument_of(currency, name)
    cost = draw(st.sampled_from(["zero", "crypto-bps", "kraken-spot", "us-equity-bps", "rebates"]))
    tape = tape_of(currency, instrument.has_volume, draw(st.lists(STEPS, min_size=4, max_size=12)))
    if instrument.kind in EXPIRING and draw(st.booleans()):
        at = draw(st.sampled_from(tape)).ts
        strike = {"strike": tape[0].open, "right": draw(st.sampled_from(["call", "put"])), "underlying": "Y"}
        more = strike | {"final_price": tape[-1].close} if instrument.kind == "option" else {}
        instrument = replace(instrument, expiry=at, **more)
    rates = draw(st.lists(st.tuples(st.sampled_from(tape), RATES), max_size=4)) if name == "perpetual" else []
    known = tuple(FundingRate("X", at, rate) for at, rate in {bar.ts: rate for bar, rate in rates}.items())
    event(f"{currency} {name}")
    return Market(UNITS[currency], instrument, cost, draw(st.booleans()), tape, known)


def place(broker: PaperBroker, plan: dict[str, object], bar: Bar) -> None:
    free = max(broker.portfolio.equity(), ZERO) * plan["size"]
    quantity = broker.quantity_for("X", free, bar.close)
    if not quantity:
        return
    side, kind, price = plan["side"], plan["type"], bar.close * (1 + plan["away"])
    stop, target = plan["stop"], plan["target"]
    order = broker.order(
        "X", side, quantity, bar.ts, "drawn", type=kind, time_in_force=plan["tif"],
        limit_price=price if kind is OrderType.LIMIT else None,
        stop_price=price if kind is OrderType.STOP else None,
        stop_loss=None if stop is None else price * (1 - side.sign * Decimal(stop) / 10_000),
        take_profit=None if target is None else price * (1 + side.sign * Decimal(target) / 10_000),
        reduce_only=plan["reduce_only"],
    )  # fmt: skip
    broker.submit(order)


def is_whole(amount: Decimal, unit: MoneyUnit) -> bool:
    return amount == EXACT.multiply(EXACT.divide(amount, unit.step).to_integral_value(), unit.step)


def paid(fill: Fill, unit: MoneyUnit) -> Decimal:
    """What a fill pays (+) or brings (-) before its fees, worked out by itself: up for a buy, down for a sale."""
    units = EXACT.multiply(fill.quantity, fill.multiplier or Decimal(1))
    steps = EXACT.divide(EXACT.multiply(fill.price, units), unit.step)
    rounded = EXACT.multiply(
        steps.to_integral_value(ROUND_CEILING if fill.side is Side.BUY else ROUND_FLOOR), unit.step
    )
    return rounded * fill.side.sign


def check_digits(fill: Fill, market: Market) -> None:
    unit, instrument = market.unit, market.instrument
    for amount in (fill.fee, fill.slippage, *fill.fees.values()):
        assert is_whole(amount, unit)
        # what was rounded against the account at an order's earlier fills is made good at the next one
        least = -REBATE * abs(fill.value) - unit.step if market.cost == "rebates" else ZERO
        assert amount >= least, "no fee, or the rebate that is declared and no more"
    assert fill.slippage >= 0
    assert fill.price % instrument.tick == 0 and fill.quantity % instrument.quantity_step == 0
    assert (fill.multiplier or Decimal(1)) == instrument.multiplier
    for number in (fill.price, fill.quantity, fill.fee, fill.slippage):
        assert "E" not in plain_text(number) and Decimal(plain_text(number)) == number


def check(broker: PaperBroker, market: Market, fills: list[Fill], trades: Decimal, moved: Decimal) -> None:
    account, unit, symbol = broker.portfolio, market.unit, "X"
    assert is_whole(account.cash, unit) and is_whole(account.equity(), unit)
    assert account.cash == account.start_cash + moved, "each change of cash is a movement"
    total = account.total_result()
    assert total.net == account.equity() - account.start_cash
    assert total.gross - total.fees - total.slippage - total.borrow + total.funding == total.net
    held = account.position(symbol)
    quantity = sum((fill.quantity * fill.side.sign for fill in fills), ZERO)
    assert account.quantity(symbol) == quantity
    open_result = held.realized_pnl + account.unrealized_pnl(symbol) if held is not None else ZERO
    assert total.net == trades + open_result, "what was realized and what was not"
    assert total.fees == sum((fill.fee for fill in fills), ZERO)
    flow = sum((paid(fill, unit) + fill.fee for fill in fills), ZERO)
    mark = account.marks.get(symbol, ZERO)
    value = unit.round(value_of(mark, quantity * market.instrument.multiplier))
    held_back = total.borrow - total.funding
    assert account.equity() == account.start_cash - flow - held_back + value, "the fills alone make the equity"
    if market.instrument.is_settled:
        if not quantity:
            assert account.cash == account.equity()
    else:
        assert account.cash == account.start_cash - flow - held_back
        assert account.equity() == account.cash + value, "cash + value = equity"


@settings(max_examples=250, deadline=None, phases=PHASES)
@given(markets(), st.data())
def test_account_when_of_any_currency_and_kind_then_every_law_holds(market: Market, data: st.DataObject) -> None:
    broker = market.broker()
    fills: list[Fill] = []
    trades = moved = ZERO
    for number, bar in enumerate(market.tape):
        fills += broker.on_bar(bar, session_for(bar))
        for fill in fills:
            check_digits(fill, market)
        if (plan := data.draw(st.one_of(plans(), st.none()))) is not None:
            place(broker, plan, bar)
        changes = broker.take_changes()
        if market.instrument.expiry is not None and bar.ts >= market.instrument.expiry:
            assert broker.portfolio.is_flat and not broker.open_orders(), "nothing outlives its end"
        trades += sum((trade.realized_pnl for trade in changes.trades), ZERO)
        moved += sum((each.amount for each in changes.movements), ZERO)
        check(broker, market, fills, trades, moved)
        if number == 3:
            state = json.loads(json.dumps([broker.portfolio.state(), broker.state()]))
            assert "E+" not in json.dumps(state) and "E-" not in json.dumps(state)
            again = market.broker()
            again.portfolio = Portfolio.from_state(state[0])
            again.restore(state[1])
            assert (again.portfolio.state(), again.state()) == (broker.portfolio.state(), broker.state())
            broker = again
    event("filled" if fills else "nothing filled")


@pytest.mark.parametrize("currency", sorted(UNITS))
@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("side", list(Side))
def test_round_trip_when_flat_and_without_costs_then_loses_nothing(currency: str, name: str, side: Side) -> None:
    unit = UNITS[currency]
    instrument = instrument_of(currency, name)
    cash = Decimal(CASH[currency]) * (10**6 if currency == "WAD" else 10)
    broker = PaperBroker("b", "1", Portfolio(currency, cash, unit.decimals), {"X": instrument}, cost_model("zero"),
                         grid=Grid(MINUTE), slippage=SLIPPAGE_MODELS["none"], allow_short=True)  # fmt: skip
    price = Decimal(PRICE[currency])
    volume = Decimal(10**30 if instrument.has_volume else 0)
    bars = [Bar("X", OPEN + (number + 1) * MINUTE, price, price, price, price, volume) for number in range(3)]
    quantity = whole(broker, cash / 3, price, instrument, unit)
    assert quantity > 0
    session = session_for(bars[0])
    for bar, way in zip(bars, (side, side.opposite, None), strict=True):
        broker.on_bar(bar, session)
        if way is not None:
            record = broker.submit(broker.order("X", way, quantity, bar.ts, "as planned"))
            assert record.status is OrderStatus.OPEN, record.detail
    changes = broker.take_changes()
    assert [each.quantity for each in changes.fills] == [quantity, quantity]
    assert broker.portfolio.is_flat and broker.portfolio.cash == broker.portfolio.start_cash
    (trade,) = changes.trades
    assert trade.realized_pnl == 0 and trade.entry_price == trade.exit_price == price


def whole(broker: PaperBroker, money: Decimal, price: Decimal, instrument: Instrument, unit: MoneyUnit) -> Decimal:
    """Return a quantity whose value is whole in the smallest amount: what is not costs one of it a fill at most."""
    quantity = broker.quantity_for("X", money, price)
    for power in range(30):
        step = max(instrument.lot, instrument.quantity_step) * 10**power
        found = quantity // step * step
        if found and is_whole(value_of(price, found * instrument.multiplier), unit):
            return found
    raise AssertionError("no such quantity")


@given(
    st.sampled_from(sorted(UNITS)),
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=24),
)
def test_rounding_when_of_any_amount_then_costs_go_up_income_down_and_marks_to_the_nearest(currency, amount) -> None:
    unit = UNITS[currency]
    cost, income, mark = unit.cost(amount), unit.income(amount), unit.round(amount)
    assert all(is_whole(each, unit) for each in (cost, income, mark))
    assert income <= amount <= cost and cost - income in (0, unit.step)
    assert abs(mark - amount) * 2 <= unit.step and mark in (cost, income)
    if abs(mark - amount) * 2 == unit.step:
        assert EXACT.divide(mark, unit.step) % 2 == 0, "half to even"


def test_coin_quoted_in_bitcoin_keeps_each_of_its_digits() -> None:
    unit = unit_of("BTC")
    shib = Instrument("SHIB/BTC", "24/7", "BTC", COIN / 100, Decimal(1), Decimal(1), kind="coin")
    broker = PaperBroker("b", "1", Portfolio("BTC", Decimal("0.05")), {"SHIB/BTC": shib}, cost_model("kraken-spot"),
                         grid=Grid(MINUTE))  # fmt: skip
    price = Decimal("0.0000000002")
    bars = [Bar("SHIB/BTC", OPEN + number * MINUTE, price, price, price, price, Decimal(10**12)) for number in (1, 2)]
    session = replace(session_for(bars[0]))
    broker.on_bar(bars[0], session)
    broker.submit(broker.order("SHIB/BTC", Side.BUY, Decimal(100_000_000), bars[0].ts, "as planned"))
    (fill,) = broker.on_bar(bars[1], session)
    assert fill.price == Decimal("0.0000000003"), "two basis points more, up to the tick"
    assert (
        fill.fees
        == {"taker_fee": unit.cost(Decimal("0.03") * Decimal("0.004"))}
        == {"taker_fee": Decimal("0.00012000")}
    )
    assert broker.portfolio.cash == Decimal("0.05") - Decimal("0.03") - Decimal("0.00012")
    assert broker.portfolio.position("SHIB/BTC").average_price == Decimal("0.0000000003")


def test_future_when_it_loses_then_its_cash_pays_the_loss_alone() -> None:
    future = Instrument(
        "ES", "24/7", "USD", Decimal("0.25"), kind="future", multiplier=Decimal(50), margin=Decimal("0.1")
    )
    broker = PaperBroker("b", "1", Portfolio("USD", Decimal(100_000)), {"ES": future}, cost_model("zero"),
                         grid=Grid(MINUTE), slippage=SLIPPAGE_MODELS["none"], allow_short=True)  # fmt: skip
    account = broker.portfolio
    prices = ("4000", "4000", "3990", "3990")
    bars = [Bar("ES", OPEN + (n + 1) * MINUTE, *[Decimal(each)] * 4, Decimal(10**6)) for n, each in enumerate(prices)]
    session = session_for(bars[0])
    broker.on_bar(bars[0], session)
    broker.submit(broker.order("ES", Side.BUY, Decimal(3), bars[0].ts, "as planned"))
    broker.on_bar(bars[1], session)
    assert (account.cash, account.equity(), account.market_value("ES")) == (100_000, 100_000, 600_000)
    assert account.free_cash() == 40_000, "a tenth of its value is held"
    broker.submit(broker.order("ES", Side.BUY, Decimal(3), bars[1].ts, "more than the rest pays"))
    (fill,) = broker.on_bar(bars[2], session)
    assert fill.quantity == 1 and account.equity() == 98_500 and account.cash == 100_000
    broker.submit(broker.order("ES", Side.SELL, Decimal(4), bars[2].ts, "out"))
    broker.on_bar(bars[3], session)
    assert account.cash == account.equity() == 98_500 and account.is_flat
    assert [trade.realized_pnl for trade in broker.take_changes().trades] == [Decimal(-1500)]
