"""Limits: what is refused, in which words, and what is let through."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from aion.config import Risk, Rules
from aion.model import Side, Trade
from aion.trading.portfolio import Portfolio
from aion.trading.risk import DeskGate, Limits, RiskGate
from tests.trading.fills import fill

from .paper import SESSION, at

LIMITS = Limits(max_positions=2, aggression=Decimal("0.5"))


def lose(portfolio: Portfolio, money: str) -> None:
    """Let the account lose `money` on 100 shares."""
    portfolio.begin_day(SESSION.day)
    portfolio.apply(fill(1, Side.BUY, "100", "100"))
    portfolio.mark("MSFT", 100 - Decimal(money) / 100)


def trade(symbol: str, result: str) -> Trade:
    one = Decimal(1)
    prices = {"entry_price": one, "exit_price": one, "fees": one, "slippage": one, "realized_pnl": Decimal(result)}
    return Trade(id="t1", bot="orb", symbol=symbol, side=Side.BUY, quantity=one, opened_at=at(0), closed_at=at(1),
                 reason="out", **prices)  # fmt: skip


def test_entry_when_nothing_stands_against_it_then_let_through() -> None:
    gate = RiskGate(Portfolio("USD", Decimal(100_000)), LIMITS)
    assert gate.refusal("MSFT", Side.BUY, 0.7, 0.5) == ""
    assert gate.room("MSFT") == 50_000


@pytest.mark.parametrize(
    ("limits", "side", "confidence", "why"),
    [
        (replace(LIMITS, min_confidence=0.8), Side.BUY, 0.7, "strength 0.7 is below min_confidence 0.8"),
        (LIMITS, Side.BUY, 0.4, "strength 0.4 is below the rule's threshold 0.5"),
        (LIMITS, Side.SELL, 0.7, "allow_short is off"),
    ],
)
def test_entry_when_a_limit_forbids_it_then_says_which(limits, side, confidence, why) -> None:
    gate = RiskGate(Portfolio("USD", Decimal(100_000)), limits)
    assert gate.refusal("MSFT", side, confidence, 0.5) == why


def test_entry_when_the_day_lost_too_much_then_refused_until_the_next() -> None:
    portfolio = Portfolio("USD", Decimal(100_000))
    gate = RiskGate(portfolio, replace(LIMITS, daily_loss=Decimal("0.03")))
    lose(portfolio, "2999")
    assert gate.halted() == ""
    portfolio.mark("MSFT", Decimal(70))
    assert gate.refusal("AAPL", Side.BUY, 1.0) == "daily_loss 3.00% is reached: -3000.00 today"
    portfolio.begin_day(SESSION.day + timedelta(days=1))
    assert gate.halted() == ""


def test_entry_when_the_account_fell_from_its_peak_then_refused() -> None:
    portfolio = Portfolio("USD", Decimal(100_000))
    gate = RiskGate(portfolio, replace(LIMITS, daily_loss=Decimal(0), max_drawdown=Decimal("0.05")))
    lose(portfolio, "-10000")
    gate.see(at(1), [], gate.portfolio.equity())
    portfolio.mark("MSFT", Decimal(146))
    assert gate.halted() == ""
    portfolio.mark("MSFT", Decimal(145))
    assert gate.halted() == "max_drawdown 5.00% is reached: 104500.00 after 110000.00"


def test_entry_when_the_account_is_used_up_then_refused() -> None:
    portfolio = Portfolio("USD", Decimal(10_000))
    gate = RiskGate(portfolio, LIMITS)
    portfolio.apply(fill(1, Side.SELL, "100", "100"))
    portfolio.mark("MSFT", Decimal(201))
    assert gate.halted() == "equity -100.00 is used up"
    assert gate.room("AAPL") == 0


def test_entry_when_positions_are_taken_then_refused_but_a_held_one_may_grow() -> None:
    portfolio = Portfolio("USD", Decimal(100_000))
    gate = RiskGate(portfolio, LIMITS)
    portfolio.apply(fill(1, Side.BUY, "100", "100"))
    gate.see(at(1), [], gate.portfolio.equity())
    gate.entered("AAPL")
    assert gate.refusal("TSLA", Side.BUY, 1.0) == "max_positions 2 is reached"
    assert gate.refusal("MSFT", Side.BUY, 1.0) == ""
    assert gate.room("MSFT") == 40_000
    gate.see(at(2), [], gate.portfolio.equity())
    assert gate.refusal("TSLA", Side.BUY, 1.0) == "", "the order was of the cycle before"


def test_entry_when_a_loss_is_fresh_then_the_symbol_is_left_alone() -> None:
    gate = RiskGate(Portfolio("USD", Decimal(100_000)), replace(LIMITS, cool_down=timedelta(minutes=10)))
    gate.see(at(1), [trade("MSFT", "-5"), trade("AAPL", "5")], gate.portfolio.equity())
    assert gate.refusal("MSFT", Side.BUY, 1.0) == "cool_down_minutes after a loss: until 2022-05-19T13:41Z"
    assert gate.refusal("AAPL", Side.BUY, 1.0) == ""
    again = RiskGate(gate.portfolio, gate.limits)
    again.restore(gate.state())
    assert again.refusal("MSFT", Side.BUY, 1.0) != ""
    gate.see(at(11), [], gate.portfolio.equity())
    assert gate.refusal("MSFT", Side.BUY, 1.0) == ""


def test_entry_when_a_cycle_has_ordered_enough_then_refused() -> None:
    gate = RiskGate(Portfolio("USD", Decimal(100_000)), replace(LIMITS, max_positions=9, orders_a_cycle=1))
    gate.see(at(1), [], gate.portfolio.equity())
    gate.entered("AAPL")
    assert gate.refusal("MSFT", Side.BUY, 1.0) == "orders_a_cycle 1 is reached"


def test_room_when_exposure_is_used_then_nothing_is_left() -> None:
    portfolio = Portfolio("USD", Decimal(100_000))
    portfolio.apply(fill(1, Side.BUY, "600", "100"))
    gate = RiskGate(portfolio, replace(LIMITS, max_exposure=Decimal("0.6")))
    assert gate.room("AAPL") == 0
    assert gate.refusal("AAPL", Side.BUY, 1.0) == "max_alloc 50% or max_exposure 60% is reached"


@pytest.mark.parametrize(("aggression", "money"), [("0", 25_000), ("0.5", 50_000), ("1", 50_000)])
def test_room_when_aggression_grows_then_so_does_the_money_up_to_max_alloc(aggression, money) -> None:
    gate = RiskGate(Portfolio("USD", Decimal(100_000)), replace(LIMITS, aggression=Decimal(aggression)))
    assert gate.room("MSFT") == money


def test_limits_when_made_of_rules_then_take_each() -> None:
    rules = Rules(max_positions=3, max_alloc=Decimal("0.2"), min_confidence=0.3, allow_short=True)
    limits = Limits.of(rules)
    assert (limits.max_positions, limits.max_alloc, limits.min_confidence) == (3, Decimal("0.2"), 0.3)
    assert limits.allow_short and limits.daily_loss == rules.daily_loss and limits.aggression == rules.aggression


def test_desk_when_its_bots_lost_together_then_none_of_that_currency_opens_anything() -> None:
    first, second, other = (Portfolio(currency, Decimal(100_000)) for currency in ("USD", "USD", "GBP"))
    desk = DeskGate(Risk(daily_loss=0.01, max_exposure=0.5), lambda: [first, second, other])
    lose(first, "1500")
    second.begin_day(SESSION.day)
    other.begin_day(SESSION.day)
    assert desk.refusal("USD") == ""
    first.mark("MSFT", Decimal(80))
    assert desk.refusal("USD") == "the desk's daily_loss 1.00% is reached: -2000.00 USD today"
    assert desk.refusal("GBP") == ""  # money of two currencies is never added
    first.mark("MSFT", Decimal(3000))
    assert desk.refusal("USD").startswith("the desk's max_exposure 50% is reached")


def test_desk_when_its_equity_fell_from_its_peak_then_halted_also_after_a_restart() -> None:
    first, second = Portfolio("USD", Decimal(100_000)), Portfolio("USD", Decimal(100_000))
    desk = DeskGate(Risk(max_drawdown=0.01), lambda: [first, second])
    desk.begin_cycle()
    lose(first, "2500")
    desk.begin_cycle()
    assert desk.refusal("USD") == "the desk's max_drawdown 1.00% is reached: 197500.00 USD after 200000.00"
    again = DeskGate(desk.limits, lambda: [first, second])
    again.restore(desk.state())
    assert again.refusal("USD") == desk.refusal("USD")


def test_desk_when_all_bots_together_hold_or_order_enough_then_refused() -> None:
    first, second = Portfolio("USD", Decimal(100_000)), Portfolio("GBP", Decimal(100_000))
    lose(first, "10")
    positions = DeskGate(Risk(max_positions=2), lambda: [first, second])
    orders = DeskGate(Risk(orders_a_cycle=1), lambda: [first, second])
    for desk, name in ((positions, "max_positions 2"), (orders, "orders_a_cycle 1")):
        desk.begin_cycle()
        assert desk.refusal("GBP") == ""
        desk.entered()
        assert desk.refusal("GBP") == f"the desk's {name} is reached"
        desk.begin_cycle()
        assert desk.refusal("GBP") == ""
