"""What corporate actions make of a position: other units, another symbol, cash; without orders, fees and clock.

Equity stays the same to the last digit, at the marks that these leave behind, except where something is paid or
exchanged at another worth than its mark (a merger, a delisting). What is received is rounded down, so that a short
position pays more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal

from aion.market.action import CorporateAction
from aion.model import ZERO, Side, Trade
from aion.money import decimals_in
from aion.trading.events import CashMovement
from aion.trading.holding import Holding
from aion.trading.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Stamp:
    """What movements and trades of an action are written with."""

    id: str
    """Of its movement, `m` first."""
    ts: datetime
    bot: str = ""


@dataclass(slots=True)
class Converted:
    """What came of it."""

    movements: list[CashMovement] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)

    @property
    def cash(self) -> Decimal:
        """What was paid, money; below 0 by a short position."""
        return sum((each.amount for each in self.movements), ZERO)


def split(account: Portfolio, action: CorporateAction, step: Decimal, stamp: Stamp) -> Converted:
    """Change a position by a split or stock dividend; for raw prices only.

    A part of `step` that is left over is paid in cash at the mark, as issuers do. A position that would be less than
    one step stays a fraction.
    """
    done, symbol, ratio = Converted(), action.symbol, action.ratio
    holding = account.holding(symbol)
    if symbol in account.marks:
        held = holding.quantity * holding.multiplier if holding is not None else ZERO
        account.marks[symbol] = _split_mark(account, account.marks[symbol], ratio, held)
    if holding is None:
        return done
    _change_units(holding, action)
    rest = holding.quantity % step  # has the sign of the quantity
    if rest and rest != holding.quantity:
        _pay_out(account, symbol, holding, rest, action.kind, stamp, done)
    _write_plainly(holding, step)
    return done


def rename(account: Portfolio, action: CorporateAction) -> None:
    """Hold under the new symbol what was held under the old one, at the same mark."""
    holding, mark = account.holding(action.symbol), account.marks.get(action.symbol)
    account.drop(action.symbol)
    if mark is not None:
        account.marks[action.into] = mark
    if holding is not None:
        _join(account, action.into, holding)


def close_at(
    account: Portfolio, action: CorporateAction, price: Decimal, stamp: Stamp, detail: str = ""
) -> Converted:
    """Close a position for `price` a unit in cash; it becomes a closed trade."""
    done, symbol = Converted(), action.symbol
    holding = account.holding(symbol)
    if holding is None:
        return done
    quantity, side = holding.quantity, Side.BUY if holding.quantity > 0 else Side.SELL
    money = account.unit.income(quantity * holding.multiplier * price)
    gained = money - holding.basis
    holding.realized += gained
    holding.exit_quantity += abs(quantity)
    holding.exit_value += abs(quantity) * price
    if not detail:  # a price that somebody wrote, and none that a ratio made
        holding.decimals = max(holding.decimals, decimals_in(price))
    paid = gained if holding.is_settled else money
    account.cash += paid
    account.drop(symbol)
    done.movements.append(CashMovement(stamp.id, stamp.ts, action.kind, paid, symbol, detail or f"{price:f} a unit"))
    done.trades.append(holding.trade(f"t{stamp.id[1:]}", stamp.bot, symbol, side, stamp.ts, action.text))
    return done


def merge(account: Portfolio, action: CorporateAction, mark: Decimal, step: Decimal, stamp: Stamp) -> Converted:
    """Change a position into units of another symbol, and cash where the merger pays some too.

    The cost goes over with the units; of what is paid in cash, its part by worth is realized.

    Args:
        account: that holds it.
        action: a merger into another symbol.
        mark: of the other symbol, price per unit.
        step: of its quantities.
        stamp: of movements.
    """
    done, symbol, into = Converted(), action.symbol, action.into
    holding = account.holding(symbol)
    if holding is None:
        account.marks.pop(symbol, None)
        return done
    cash = action.cash or ZERO
    account.marks.setdefault(into, mark)
    mark = account.marks[into]
    units = action.units(holding.quantity)
    if abs(units) < step:  # less than one of the new ones
        return close_at(account, action, cash + action.ratio * mark, stamp, f"less than one {into}")
    money = account.unit.income(holding.quantity * holding.multiplier * cash)
    worth = account.unit.round(units * holding.multiplier * mark)
    account.drop(symbol)
    _change_units(holding, action)
    if money:
        share = account.unit.round(holding.basis * money / (money + worth))
        _shrink(holding, share)
        holding.realized += money - share
        account.cash += money
        detail = f"{cash:f} a unit, and {action.amount:f} {into} for {action.per:f}"
        done.movements.append(CashMovement(stamp.id, stamp.ts, action.kind, money, symbol, detail))
    rest = holding.quantity % step
    if rest:
        named = Stamp(f"{stamp.id}-rest", stamp.ts, stamp.bot) if money else stamp
        _pay_out(account, into, holding, rest, action.kind, named, done)
    _write_plainly(holding, step)
    _join(account, into, holding)
    return done


def spin_off(account: Portfolio, action: CorporateAction, price: Decimal, step: Decimal, stamp: Stamp) -> Converted:
    """Add what is spun off from a position, and take its worth out of mark and cost of the position.

    Args:
        account: that holds it.
        action: a spin-off.
        price: of what is spun off, per unit; all of it is worth less than the position's mark.
        step: of its quantities.
        stamp: of the movement.
    """
    done, symbol, into = Converted(), action.symbol, action.into
    holding = account.holding(symbol)
    if holding is None:
        return done
    before, units = account.equity(), action.units(holding.quantity)
    share = account.unit.round(holding.basis * action.units(price) / account.marks[symbol])
    _shrink(holding, share)
    account.marks.setdefault(into, price)
    price = account.marks[into]
    child = Holding(holding.opened_at, account.unit.zero)
    child.decimals = max(child.decimals, decimals_in(price))
    child.carried, child.quantity, child.basis = holding.carried, units, share
    child.average_price = abs(share / units)
    child.entry_quantity, child.entry_value = abs(units), abs(share)
    if rest := units % step:  # all of it, where that is less than one
        _pay_out(account, into, child, rest, action.kind, stamp, done)
        holding.realized += child.realized  # of a part that is gone, whoever holds the rest
        child.realized = account.unit.zero
    _write_plainly(child, step)
    if child.quantity:
        _join(account, into, child)
    # what is left is worth what it was less what came of it, to the last digit
    others = account.equity() - account.market_value(symbol)
    account.marks[symbol] = (before - others) / holding.quantity
    return done


def _change_units(holding: Holding, action: CorporateAction) -> None:
    """Count a position in new units; its cost stays."""
    holding.average_price = holding.average_price / action.ratio
    holding.entry_quantity = action.units(holding.entry_quantity)
    holding.exit_quantity = action.units(holding.exit_quantity)
    holding.quantity = action.units(holding.quantity)


def _write_plainly(holding: Holding, step: Decimal) -> None:
    """Write a quantity of whole steps with the decimals of the step."""
    if not holding.quantity % step:
        holding.quantity = (holding.quantity / step).to_integral_value() * step


def _shrink(holding: Holding, share: Decimal) -> None:
    """Take `share` of its cost out of a position whose quantity stays."""
    if not holding.basis:
        return
    left = 1 - share / holding.basis
    holding.basis -= share
    holding.average_price *= left
    holding.entry_value *= left


def _pay_out(
    account: Portfolio,
    symbol: str,
    holding: Holding,
    rest: Decimal,
    kind: str,
    stamp: Stamp,
    done: Converted,
) -> None:
    """Pay a part of a unit in cash at the mark of `symbol`."""
    share = account.unit.round(holding.basis * rest / holding.quantity)
    money = account.unit.income(rest * holding.multiplier * account.marks[symbol])
    holding.exit_quantity += abs(rest)
    holding.exit_value += abs(rest) * account.marks[symbol]
    holding.basis -= share
    holding.quantity -= rest
    holding.realized += money - share
    paid = money - share if holding.is_settled else money
    account.cash += paid
    done.movements.append(CashMovement(stamp.id, stamp.ts, kind, paid, symbol, f"{abs(rest):f} left over"))


def _join(account: Portfolio, symbol: str, holding: Holding) -> None:
    """Hold `holding` under `symbol`, together with what is held of that side already."""
    other = account.holding(symbol)
    if other is None:
        account.put(symbol, holding)
        return
    quantity = other.quantity + holding.quantity
    value = other.average_price * abs(other.quantity) + holding.average_price * abs(holding.quantity)
    other.average_price = value / abs(quantity)
    other.quantity = quantity
    for name in _SUMS:
        setattr(other, name, getattr(other, name) + getattr(holding, name))
    other.opened_at = min(other.opened_at, holding.opened_at)
    other.decimals = max(other.decimals, holding.decimals)
    other.carried = other.carried or holding.carried


_SUMS: Sequence[str] = (
    "basis", "realized", "fees", "borrow", "funding", "slippage", "entry_quantity", "entry_value", "exit_quantity",
    "exit_value",
)  # fmt: skip


def _split_mark(account: Portfolio, mark: Decimal, ratio: Decimal, held: Decimal) -> Decimal:
    """Return the mark in new units, rounded so that what is held is worth the same as before."""
    worth = account.unit.round(held * mark)
    for rounding in (ROUND_HALF_EVEN, ROUND_DOWN, ROUND_UP):
        found = Context(prec=28, rounding=rounding).divide(mark, ratio)
        if account.unit.round(held * ratio * found) == worth:
            break
    return found
