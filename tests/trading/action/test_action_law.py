"""The laws of the accounts with splits and dividends inside the tape, on random markets and random orders."""

import json
import random
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from aion.market.action import CorporateAction
from aion.model import ZERO, Bar, Trade
from aion.trading.broker import PaperBroker
from aion.trading.events import Changes
from aion.trading.portfolio import Portfolio
from tests.trading.paper import make_broker
from tests.trading.plan import MARKETS, PHASES, make_tape, place, plans, session_for

CENT = Decimal("0.01")
RATIOS = ("20", "2", "1.5", "3", "7", "0.5", "0.1", "0.333")
COSTS = ("us-equity", "uk-cfd", "hk-share", "zero")


@dataclass(frozen=True)
class History:
    """A tape with what takes effect in it, and orders by the number of the bar after which they are placed."""

    cost: str
    allow_short: bool
    tape: list[Bar]
    orders: dict[int, dict[str, object]]
    actions: list[CorporateAction]

    def broker(self) -> PaperBroker:
        return make_broker(MARKETS[self.cost], cost=self.cost, allow_short=self.allow_short)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Three sessions; splits and dividends on the second and the third, prices in the unit of their day."""
    cost = draw(st.sampled_from(COSTS))
    symbol = MARKETS[cost].symbol
    seed = random.Random(draw(st.integers(0, 2**32)))  # a tape drawn number by number takes most of the time
    tape = make_tape(symbol, [step(seed) for _ in range(seed.randrange(17, 23))])
    first = session_for(tape[0]).day
    actions, ratio = [], Decimal(1)
    by_day = {}
    for day in sorted({session_for(bar).day for bar in tape} - {first}):
        for kind in draw(st.lists(st.sampled_from(("split", "dividend")), max_size=2)):
            if kind == "split":
                amount = Decimal(draw(st.sampled_from(RATIOS)))
                ratio *= amount
            else:
                amount = Decimal(draw(st.integers(1, 50_000))) / 10_000
            actions.append(CorporateAction(symbol, day, kind, amount))
        by_day[day] = ratio
    tape = [in_units(bar, by_day.get(session_for(bar).day, Decimal(1))) for bar in tape]
    placed = draw(st.lists(st.tuples(st.integers(0, len(tape) - 1), plans()), min_size=2, max_size=8))
    return History(cost, draw(st.booleans()), tape, dict(placed), actions)


def step(seed: random.Random) -> tuple[int, int, int, int, int]:
    volume = seed.choice([100_000, 5_000, 3_000_000, 40, 0])
    return seed.randint(-200, 200), seed.randint(0, 300), seed.randint(0, 300), seed.randint(0, 100), volume


def in_units(bar: Bar, ratio: Decimal) -> Bar:
    prices = {
        name: max(Decimal("0.0001"), (getattr(bar, name) / ratio).quantize(Decimal("0.0001")))
        for name in ("open", "high", "low", "close")
    }
    return replace(bar, **prices)


def sums(changes: Changes, *kinds: str) -> Decimal:
    return sum((each.amount for each in changes.movements if each.kind in kinds), ZERO)


def check_actions(broker: PaperBroker, bar: Bar, actions: list[CorporateAction]) -> tuple[Changes, list[str]]:
    """Begin the session of `bar`, and see that its splits and dividends change the equity by what they pay."""
    portfolio = broker.portfolio
    before, cash, held = portfolio.equity(), portfolio.cash, portfolio.quantity(bar.symbol)
    took = broker.apply_actions(actions, session_for(bar))
    changes = broker.take_changes()
    paid = sums(changes, "dividend")
    expected = before + paid + sums(changes, "borrow", "financing")
    left_over = [each for each in changes.movements if each.kind == "split"]
    assert portfolio.cash == cash + sum((each.amount for each in changes.movements), ZERO)
    if left_over:
        # a part of a unit is paid in cash, rounded down to the cent
        assert abs(portfolio.equity() - expected) <= CENT * len(left_over)
    else:
        assert portfolio.equity() == expected
    if not held:
        assert not changes.movements
        return changes, []
    assert (portfolio.quantity(bar.symbol) > 0) == (held > 0)
    for each in changes.movements:
        assert not each.amount or (each.amount > 0) == (held > 0 and each.kind in ("dividend", "split"))
    return changes, [*(each.kind for each in took), *("left over" for _ in left_over)]


def check(portfolio: Portfolio, moved: dict[str, Decimal], trades: list[Trade]) -> None:
    assert portfolio.cash == portfolio.start_cash + sum(moved.values(), ZERO)
    assert portfolio.equity() == portfolio.cash + sum(map(portfolio.market_value, portfolio.symbols), ZERO)
    total = portfolio.total_result()
    assert total.borrow == -moved.get("borrow", ZERO) - moved.get("financing", ZERO)
    assert (
        total.gross - total.fees - total.slippage - total.borrow
        == total.net
        == portfolio.equity() - portfolio.start_cash
    )
    open_results = (
        portfolio.position(symbol).realized_pnl + portfolio.unrealized_pnl(symbol) for symbol in portfolio.symbols
    )
    assert total.net == sum((trade.realized_pnl for trade in trades), ZERO) + sum(open_results, ZERO)


@settings(max_examples=100, phases=PHASES)
@given(histories())
def test_account_when_units_change_inside_the_tape_then_every_law_holds(history: History) -> None:
    broker = history.broker()
    moved: dict[str, Decimal] = {}
    trades: list[Trade] = []
    for number, bar in enumerate(history.tape):
        begun, seen = check_actions(broker, bar, history.actions)
        for kind in seen:
            event(f"{kind} while held")
        broker.on_bar(bar, session_for(bar))
        if number in history.orders:
            place(broker, history.orders[number], bar)
        changes = broker.take_changes()
        for each in (*begun.movements, *changes.movements):
            moved[each.kind] = moved.get(each.kind, ZERO) + each.amount
        trades += changes.trades
        check(broker.portfolio, moved, trades)
        if not history.allow_short:
            assert broker.portfolio.quantity(bar.symbol) >= 0


def play(broker: PaperBroker, history: History, number: int) -> Changes:
    bar = history.tape[number]
    broker.apply_actions(history.actions, session_for(bar))
    broker.on_bar(bar, session_for(bar))
    if number in history.orders:
        place(broker, history.orders[number], bar)
    return broker.take_changes()


@settings(max_examples=40, phases=PHASES)
@given(histories(), st.integers(0, 21))
def test_account_when_restored_around_a_split_then_goes_on_the_same(history: History, cut: int) -> None:
    whole, broken = history.broker(), history.broker()
    for number in range(len(history.tape)):
        assert play(broken, history, number) == play(whole, history, number)
        if number == cut:
            state = json.loads(json.dumps([broken.portfolio.state(), broken.state()]))
            broken = history.broker()
            broken.portfolio = Portfolio.from_state(state[0])
            broken.restore(state[1])
    assert (broken.portfolio.state(), broken.state()) == (whole.portfolio.state(), whole.state())
