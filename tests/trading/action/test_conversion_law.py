"""The laws of the accounts over corporate actions of every kind, at random holdings, ratios and currencies."""

import json
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from aion.market.action import CorporateAction
from aion.market.grid import Grid
from aion.model import ZERO, Bar, Instrument, Side
from aion.money import unit_of
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.events import CashMovement, Changes
from aion.trading.portfolio import Portfolio
from tests.trading.fills import fill
from tests.trading.paper import MINUTE, session_of
from tests.trading.plan import PHASES

CURRENCIES = ("JPY", "USD", "KWD", "BTC")
STEPS = ("1", "0.001", "100")
KINDS = ("split", "stock_dividend", "rename", "spin_off", "merger", "cash merger", "delisting", "dividend")
EX = session_of(1).day


@dataclass(frozen=True)
class Case:
    """What is held of OLD, and perhaps of NEW, before an action of OLD."""

    kind: str
    currency: str
    step: Decimal
    held: Decimal
    """Of OLD, signed."""
    beside: Decimal
    """Of NEW, of the same side."""
    entry: Decimal
    action: CorporateAction
    marks: dict[str, Decimal]

    def broker(self) -> PaperBroker:
        unit = unit_of(self.currency)
        known = {
            name: Instrument(name, "XNAS", self.currency, unit.step, self.step, self.step) for name in ("OLD", "NEW")
        }
        account = Portfolio(self.currency, Decimal(10) ** 9)
        broker = PaperBroker("orb", "1", account, known, cost_model("zero"), grid=Grid(MINUTE), allow_short=True)
        broker.begin_session(session_of(0))
        for number, (symbol, held) in enumerate((("OLD", self.held), ("NEW", self.beside)), start=1):
            if not held:
                continue
            side = Side.BUY if held > 0 else Side.SELL
            made = replace(fill(number, side, str(abs(held)), str(self.entry)), symbol=symbol)
            cash = account.cash
            account.apply(made, known[symbol])
            moved = CashMovement(made.id, made.filled_at, "fill", account.cash - cash, symbol)
            broker.book.changes.movements.append(moved)
        for symbol, mark in self.marks.items():
            account.mark(symbol, mark)
        return broker

    def bars(self) -> dict[str, Bar]:
        """The first bars of the ex-date, whose prices bear the action out."""
        new = self.marks.get("NEW", self.entry)
        old = self.marks["OLD"]
        if self.action.is_unit_change:
            old /= self.action.ratio
        elif self.kind == "spin_off":
            old -= self.action.units(new)
        elif self.kind == "dividend":
            old -= self.action.amount
        ts = session_of(1).open + MINUTE
        return {name: Bar(name, ts, *[price] * 4, Decimal(1)) for name, price in (("OLD", old), ("NEW", new))}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind, currency = draw(st.sampled_from(KINDS)), draw(st.sampled_from(CURRENCIES))
    step = Decimal(draw(st.sampled_from(STEPS)))
    tick = unit_of(currency).step
    sign = draw(st.sampled_from((1, -1)))
    held = sign * step * draw(st.integers(1, 5000))
    beside = sign * step * draw(st.sampled_from((0, 0, 1, 777)))
    entry, old, new = (tick * draw(st.integers(1000, 10_000_000)) for _ in range(3))
    amount, per = Decimal(draw(st.integers(1, 40))), Decimal(draw(st.integers(1, 40)))
    cash, into = None, ""
    marks = {"OLD": old, "NEW": new}
    if kind == "spin_off":
        into = "NEW"
        marks["OLD"] = old + amount * new / per  # what is spun off is a part of it
    elif kind == "merger":
        into, cash = "NEW", draw(st.sampled_from((None, ZERO, tick * draw(st.integers(1, 100_000)))))
        marks["OLD"] = (cash or ZERO) + amount * new / per
    elif kind in ("cash merger", "delisting"):
        amount, per, cash = ZERO, Decimal(1), old
    elif kind == "rename":
        into, amount, per, beside = "NEW", ZERO, Decimal(1), ZERO
        del marks["NEW"]
    elif kind == "dividend":
        amount, per = tick * draw(st.integers(1, 900)), Decimal(1)
    if kind in ("spin_off", "merger") and not beside and draw(st.booleans()):
        del marks["NEW"]  # nobody has seen a price of it before the ex-date
        marks["OLD"] = (cash or ZERO) + amount * entry / per + (old if kind == "spin_off" else ZERO)
    made = CorporateAction("OLD", EX, kind.removeprefix("cash "), amount, per, into, cash)
    return Case(kind, currency, step, held, beside, entry, made, marks)


def check_laws(broker: PaperBroker, changes: Changes) -> None:
    account = broker.portfolio
    assert account.cash == account.start_cash + sum((each.amount for each in changes.movements), ZERO)
    assert account.equity() == account.cash + sum(map(account.market_value, account.symbols), ZERO)
    total = account.total_result()
    assert total.gross - total.fees - total.slippage - total.borrow == total.net
    results = [
        account.positions()[symbol].realized_pnl + account.unrealized_pnl(symbol) for symbol in account.symbols
    ]
    assert total.net == sum((each.realized_pnl for each in changes.trades), ZERO) + sum(results, ZERO)


SMALL = Case(
    "merger", "JPY", Decimal(1), Decimal(1), Decimal(1), Decimal(1000),
    CorporateAction("OLD", EX, "merger", Decimal(1), Decimal(3), "NEW"),
    {"OLD": Decimal(1000) / 3, "NEW": Decimal(1000)},
)  # fmt: skip
"""Less than one new unit, at a price without an end."""


@settings(max_examples=150, phases=PHASES)
@given(cases())
@example(SMALL)
def test_account_when_anything_happens_to_a_symbol_then_every_law_holds(case: Case) -> None:
    broker = case.broker()
    account, unit = broker.portfolio, broker.portfolio.unit
    before, cash = account.equity(), account.cash
    assert [case.action] == broker.apply_actions([case.action], session_of(1), case.bars())
    assert not broker.corporate.is_open
    changes = broker.take_changes()
    check_laws(broker, changes)
    event(case.kind)
    paid = [each for each in changes.movements if each.kind != "fill"]
    if case.kind in ("spin_off", "rename"):
        assert account.equity() == before
    elif case.kind in ("split", "stock_dividend"):
        assert abs(account.equity() - before) <= unit.step * len(paid)
    elif case.kind == "merger":
        assert abs(account.equity() - before) <= unit.step * 4
    elif case.kind == "dividend":
        assert account.equity() - before == (case.held * case.action.amount).quantize(unit.step, ROUND_FLOOR)
    if case.action.into:
        whole = case.action.units(case.held) if case.kind != "rename" else case.held
        if abs(whole) >= case.step:
            whole -= whole % case.step
            assert account.quantity("NEW") == whole + case.beside
        for each in paid:
            assert (each.amount >= 0) == (case.held > 0) or not each.amount
    if case.kind in ("cash merger", "delisting"):
        assert "OLD" not in account.symbols and len(changes.trades) == 1
        assert account.cash - cash == (case.held * case.action.cash).quantize(unit.step, ROUND_FLOOR)
    if case.kind in ("merger", "rename"):
        assert "OLD" not in account.symbols and "OLD" not in account.marks


@settings(max_examples=60, phases=PHASES)
@given(cases(), st.booleans())
def test_account_when_stopped_around_an_action_then_goes_on_the_same(case: Case, is_before: bool) -> None:
    whole = case.broker()
    whole.apply_actions([case.action], session_of(1), case.bars())
    broken = case.broker()
    if not is_before:
        broken.apply_actions([case.action], session_of(1), case.bars())
    state = json.loads(json.dumps([broken.portfolio.state(), broken.state()]))
    again = case.broker()
    again.portfolio = Portfolio.from_state(state[0])
    again.restore(state[1])
    again.apply_actions([case.action], session_of(1), case.bars())
    assert (again.portfolio.state(), again.state()) == (whole.portfolio.state(), whole.state())


@settings(max_examples=60, phases=PHASES)
@given(cases(), st.sampled_from(("problem", "stranger", "currency", "other")))
def test_position_when_an_action_cannot_be_booked_then_nothing_of_it_changes(case: Case, why: str) -> None:
    broker, action = case.broker(), case.action
    if why == "stranger" and action.into:
        action = replace(action, into="GONE")
    elif why == "currency" and (action.kind == "dividend" or action.cash is not None):
        action = replace(action, currency="XXX")
    elif why == "other":
        action = CorporateAction("OLD", EX, "other", note="rights issue")
    else:
        action = replace(action, problem="line 3: it is torn")
    state = broker.portfolio.state()["holdings"], broker.portfolio.cash, broker.portfolio.equity()
    assert not broker.apply_actions([action], session_of(1), case.bars())
    assert (broker.portfolio.state()["holdings"], broker.portfolio.cash, broker.portfolio.equity()) == state
    assert broker.corporate.why("OLD").startswith(f"not booked: {action.text}: ")
    refused = broker.flatten("OLD", session_of(1).open, "out")
    assert refused is not None and refused.detail == broker.corporate.why("OLD")
    broker.apply_actions([], session_of(1), case.bars())
    assert not broker.corporate.is_open, "it is not declared any more"
