"""The exits of a flatten or a kill switch beside those of the strategy: one never becomes the other."""

from decimal import Decimal

from aion.bot.exit_orders import Leaving
from aion.bot.state import Standing
from aion.model import OrderStatus, OrderType, Side
from aion.trading.broker import PaperBroker
from tests.trading.paper import SESSION, at, bar, make_broker

WHY = "the kill switch was cleared"


def holding(quantity: int = 100, **levels: str) -> PaperBroker:
    """A broker that holds MSFT, bought at 100."""
    broker = make_broker()
    prices = {name: Decimal(price) for name, price in levels.items()}
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(quantity), at(0), "in", **prices))
    broker.on_bar(bar(1, "100", "101", "99", "100"), SESSION)
    assert broker.portfolio.quantity("MSFT") == quantity
    return broker


def resting(broker: PaperBroker) -> list[tuple[str, Decimal]]:
    """Reason and quantity left of what rests at the market."""
    return [
        (each.order.reason, each.order.quantity - each.filled_quantity)
        for each in broker.open_orders()
        if each.order.type is OrderType.MARKET
    ]


def sell(broker: PaperBroker, quantity: int, reason: str = "the strategy's own") -> None:
    order = broker.order("MSFT", Side.SELL, Decimal(quantity), at(1), reason, reduce_only=True)
    assert broker.submit(order).status is OrderStatus.OPEN


def kill(broker: PaperBroker, leaving: Leaving, minute: int = 1) -> Standing:
    standing = Standing(killed="killed")
    leaving.leave(
        broker,
        standing,
        at(minute),
    )
    return standing


def clear(
    broker: PaperBroker, leaving: Leaving, standing: Standing, minute: int = 1, *, keep: bool = False
) -> list[str]:
    standing.killed = ""
    return leaving.stay(broker, standing, at(minute), WHY, is_kept=keep)


def test_exit_that_the_strategy_had_placed_is_left_alone() -> None:
    broker, leaving = holding(), Leaving()
    broker.flatten("MSFT", at(1), "the strategy's own")
    standing = kill(broker, leaving)
    assert resting(broker) == [("the strategy's own", 100)] and leaving.exits == {}
    assert clear(broker, leaving, standing) == []
    assert resting(broker) == [("the strategy's own", 100)]


def test_part_that_the_strategy_had_sold_is_left_alone_and_the_rest_comes_back() -> None:
    broker, leaving = holding(), Leaving()
    sell(broker, 30)
    standing = kill(broker, leaving)
    assert resting(broker) == [("the strategy's own", 30), ("killed", 70)], "both are sold at the next open"
    assert clear(broker, leaving, standing) == ["MSFT"]
    assert resting(broker) == [("the strategy's own", 30)]
    broker.on_bar(bar(2, "100", "101", "99", "100"), SESSION)
    assert broker.portfolio.quantity("MSFT") == 70


def test_part_that_the_strategy_had_sold_does_not_hold_up_the_kill_switch() -> None:
    broker, leaving = holding(), Leaving()
    sell(broker, 30)
    kill(broker, leaving)
    broker.on_bar(bar(2, "100", "101", "99", "100"), SESSION)
    assert broker.portfolio.is_flat


def test_exit_that_is_partly_filled_then_the_rest_is_held_and_protected_again() -> None:
    broker, leaving = holding(stop_loss="90", take_profit="150"), Leaving()
    standing = kill(broker, leaving)
    assert broker.exit_levels("MSFT") == (None, None)
    broker.on_bar(bar(2, "100", "101", "99", "100", volume=800), SESSION)
    assert broker.portfolio.quantity("MSFT") == 60
    leaving.leave(broker, standing, at(2))
    assert resting(broker) == [("killed", 60)], "not ordered twice"
    assert clear(broker, leaving, standing, 2) == ["MSFT"]
    assert broker.exit_levels("MSFT") == (Decimal(90), Decimal(150)) and resting(broker) == []
    broker.on_bar(bar(3, "95", "96", "80", "85"), SESSION)
    assert broker.portfolio.is_flat, "the stop is for all that is left"


def test_exit_that_expired_is_ordered_again_and_the_levels_are_remembered() -> None:
    broker, leaving = holding(stop_loss="90"), Leaving()
    standing = kill(broker, leaving)
    broker.end_session(SESSION.close)
    leaving.leave(broker, standing, at(500))
    assert resting(broker) == [("killed", 100)]
    assert clear(broker, leaving, standing, 501) == ["MSFT"]
    assert broker.exit_levels("MSFT") == (Decimal(90), None)


def test_exits_when_they_are_kept_then_they_are_nobodys_to_take_back() -> None:
    broker, leaving = holding(), Leaving()
    standing = kill(broker, leaving)
    assert clear(broker, leaving, standing, keep=True) == ["MSFT"]
    assert resting(broker) == [("killed", 100)] and leaving.exits == {}


def test_exits_when_a_flatten_still_asks_for_them_then_clearing_leaves_them() -> None:
    broker, leaving = holding(), Leaving()
    standing = Standing(leaving="flatten")
    leaving.leave(broker, standing, at(1))
    standing.killed = "killed"
    leaving.leave(broker, standing, at(1))
    assert clear(broker, leaving, standing) == [] and resting(broker) == [("flatten", 100)]
    standing.leaving = ""
    assert clear(broker, leaving, standing) == ["MSFT"]


def test_exits_when_a_restart_comes_between_then_they_are_known() -> None:
    broker, leaving = holding(stop_loss="90"), Leaving()
    standing = kill(broker, leaving)
    again = Leaving()
    again.restore(leaving.saved(), broker, standing.exit_reason)
    assert again.exits == leaving.exits
    assert clear(broker, again, standing) == ["MSFT"] and broker.exit_levels("MSFT")[0] == 90


def test_exits_of_a_ledger_that_does_not_tell_are_those_that_give_the_reason() -> None:
    broker, leaving = holding(), Leaving()
    sell(broker, 30)
    standing = kill(broker, leaving)
    again = Leaving()
    again.restore(None, broker, standing.exit_reason)
    assert clear(broker, again, standing) == ["MSFT"] and resting(broker) == [("the strategy's own", 30)]
