"""Books one corporate action in an account: position, orders at rest, movements, trades, and a decision about it.

Whether it may be believed is not asked here (`aion.trading.action.corporate`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from aion.market.action import CorporateAction
from aion.model import ZERO, Order, OrderRecord, OrderStatus, OrderType, Side
from aion.trading.action import conversion
from aion.trading.action.conversion import Converted, Stamp
from aion.trading.book import OrderBook
from aion.trading.execution import Terms
from aion.trading.portfolio import Portfolio
from aion.trading.working_order import Working

_PRICES = ("limit_price", "stop_price", "stop_loss", "take_profit")


class Owner(Protocol):
    """The broker of an account."""

    portfolio: Portfolio
    book: OrderBook
    terms: Terms

    def submit(self, order: Order) -> OrderRecord:
        """Take an order, or refuse it."""
        ...


class Booking:
    """Changes an account and its book of orders."""

    def __init__(self, owner: Owner) -> None:
        """Args: owner: broker of the account."""
        self._owner = owner

    @property
    def _portfolio(self) -> Portfolio:
        return self._owner.portfolio

    @property
    def _book(self) -> OrderBook:
        return self._owner.book

    def book(self, action: CorporateAction, ts: datetime, price: Decimal | None = None) -> None:
        """Book `action` at market time `ts`, held or not.

        Args:
            action: one that can be booked.
            ts: market time.
            price: of the symbol that it gives, per unit; None where it gives none, or nothing is held.
        """
        held = self._portfolio.quantity(action.symbol)
        if action.is_unit_change:
            self._split(action, ts, held)
        elif action.kind == "dividend":
            self._pay(action, ts)
        elif action.kind == "rename":
            self._rename(action, ts, held)
        elif action.kind == "spin_off":
            self._spin_off(action, ts, held, price)
        elif action.kind in ("merger", "delisting"):
            self._end(action, ts, held, price)

    def _note(self, ts: datetime, kind: str, why: str, symbol: str) -> None:
        self._book.note(ts, kind, why, symbol)

    def _stamp(self, ts: datetime) -> Stamp:
        return Stamp(self._book.ids.next("m", ts), ts, self._book.bot)

    def _take(self, done: Converted) -> None:
        self._book.changes.movements += done.movements
        self._book.changes.trades += done.trades

    def _pay(self, action: CorporateAction, ts: datetime) -> None:
        movement = self._portfolio.pay_dividend(self._book.ids.next("m", ts), action.symbol, action.amount, ts)
        if movement is not None:
            self._book.changes.movements.append(movement)
            why = f"{action.amount:f} a unit, ex {action.ex_date}: {movement.amount:f}"
            self._note(ts, "dividend", why, action.symbol)

    def _split(self, action: CorporateAction, ts: datetime, held: Decimal) -> None:
        symbol, ratio = action.symbol, action.ratio
        why = f"split of {ratio:f} new units for one, ex {action.ex_date}"
        if action.kind == "stock_dividend" or action.per != 1:
            why = action.text
        resting = _Resting(self._owner, symbol)
        resting.cancel_all(ts, why)
        done = conversion.split(
            self._portfolio, action, self._owner.terms.instruments[symbol].quantity_step, self._stamp(ts)
        )
        self._take(done)
        if held:
            self._say_units(action.kind, why, symbol, symbol, held, done, ts)
        resting.set_anew(symbol, lambda price: price / ratio, action.units, ts, why)

    def _say_units(
        self, kind: str, why: str, symbol: str, into: str, held: Decimal, done: Converted, ts: datetime
    ) -> None:
        cash = f", {done.cash:f} in cash for what is left over" if done.movements else ""
        now = f"{self._portfolio.quantity(into):f}{'' if into == symbol else f' {into}'}"
        self._note(ts, kind, f"{why}: {held:f} are now {now}{cash}", symbol)

    def _rename(self, action: CorporateAction, ts: datetime, held: Decimal) -> None:
        resting = _Resting(self._owner, action.symbol)
        resting.cancel_all(ts, action.text)
        conversion.rename(self._portfolio, action)
        if held:
            self._note(ts, "rename", f"{action.text}: {held:f} held go on under it", action.into)
        if action.into in self._owner.terms.instruments:
            resting.set_anew(action.into, lambda price: price, lambda units: units, ts, action.text)

    def _spin_off(self, action: CorporateAction, ts: datetime, held: Decimal, price: Decimal | None) -> None:
        symbol = action.symbol
        resting = _Resting(self._owner, symbol)
        resting.cancel_all(ts, action.text)
        if not held or price is None:
            return
        part = 1 - action.units(price) / self._portfolio.marks[symbol]
        step = self._owner.terms.instruments[action.into].quantity_step
        done = conversion.spin_off(self._portfolio, action, price, step, self._stamp(ts))
        self._take(done)
        got = self._portfolio.quantity(action.into)
        cash = f", and {done.cash:f} in cash for what is left over" if done.movements else ""
        why = f"{action.text}: {got:f} {action.into} at {price:f} beside {held:f} held{cash}"
        self._note(ts, "spin_off", why, symbol)
        resting.set_anew(symbol, lambda level: level * part, lambda units: units, ts, action.text, is_exits_only=True)

    def _end(self, action: CorporateAction, ts: datetime, held: Decimal, price: Decimal | None) -> None:
        """Book a merger or a delisting: nothing of the symbol is left."""
        symbol, into, cash = action.symbol, action.into, action.cash or ZERO
        resting = _Resting(self._owner, symbol)
        resting.cancel_all(ts, action.text)
        if not held:
            self._portfolio.drop(symbol)
            return
        if not into or price is None:
            done = conversion.close_at(self._portfolio, action, cash, self._stamp(ts))
            self._take(done)
            self._note(ts, action.kind, f"{action.text}: {held:f} held are {done.cash:f} in cash", symbol)
            return
        step = self._owner.terms.instruments[into].quantity_step
        done = conversion.merge(self._portfolio, action, price, step, self._stamp(ts))
        self._take(done)
        now = f"{self._portfolio.quantity(into):f} {into}"
        money = f" and {done.cash:f} in cash" if done.movements else ""
        self._note(ts, action.kind, f"{action.text}: {held:f} held are now {now}{money}", symbol)

        def level(price: Decimal) -> Decimal | None:
            return (price - cash) / action.ratio if price > cash else None

        resting.set_anew(into, level, action.units, ts, action.text, is_exits_only=True)


class _Resting:
    """The orders that rest in one symbol before an action, and how they rest after it."""

    def __init__(self, owner: Owner, symbol: str) -> None:
        self._portfolio, self._book, self._submit = owner.portfolio, owner.book, owner.submit
        self._symbol = symbol
        held = self._portfolio.quantity(symbol)
        self._stop, self._target = self._book.exit_levels(symbol, held)
        # stops and targets are set anew for what is held then; all else rests on with what is left of it
        self._orders = [each for each in self._book.orders(symbol) if not each.role]
        leaving = [each for each in self._orders if each.order.reduce_only and each.order.type is OrderType.MARKET]
        self._leaving = leaving
        self._is_leaving = bool(leaving) and sum((each.left for each in leaving), ZERO) >= abs(held)

    def cancel_all(self, ts: datetime, why: str) -> None:
        """Take them out."""
        self._book.end_all(self._book.orders(self._symbol), OrderStatus.CANCELLED, ts, why)

    def set_anew(
        self,
        symbol: str,
        price: Callable[[Decimal], Decimal | None],
        units: Callable[[Decimal], Decimal],
        ts: datetime,
        why: str,
        *,
        is_exits_only: bool = False,
    ) -> None:
        """Let them rest again under `symbol`, with other prices and quantities and under other ids.

        Args:
            symbol: in which they rest now.
            price: a price per old unit -> per new unit; None where there is none.
            units: old units -> new units.
            ts: market time.
            why: for the record.
            is_exits_only: True to leave out what would open a position: at which price is another question now.
        """
        held = self._portfolio.quantity(symbol)
        if held and self._is_leaving:
            side = Side.SELL if held > 0 else Side.BUY
            self._add(symbol, side, abs(held), ts, why)
        elif held:
            stop, target = (at and price(at) for at in (self._stop, self._target))
            if stop is not None or target is not None:
                self._book.rest_exits(self._book.ids.next("o", ts), symbol, held, stop, target, ts)
        for working in self._orders:
            if working.order.reduce_only and (self._is_leaving or not held):
                continue
            if working.order.reduce_only or not is_exits_only:
                self._convert(working, symbol, price, units, ts)

    def _add(self, symbol: str, side: Side, quantity: Decimal, ts: datetime, why: str) -> None:
        order = self._leaving[-1].order  # its time too: on daily bars an exit rests until it is done
        self._submit(
            replace(
                order, id=self._book.ids.next("o", ts), symbol=symbol, side=side, quantity=quantity, decided_at=ts,
                reason=why, type=OrderType.MARKET, limit_price=None, stop_price=None,
                stop_loss=None, take_profit=None, reduce_only=True,
            )
        )  # fmt: skip

    def _convert(
        self,
        working: Working,
        symbol: str,
        price: Callable[[Decimal], Decimal | None],
        units: Callable[[Decimal], Decimal],
        ts: datetime,
    ) -> None:
        """Let what is left of an order rest under another id, in new units."""
        order = working.order
        changed: dict[str, Any] = {name: price(at) for name in _PRICES if (at := getattr(order, name)) is not None}
        if any(name in changed and changed[name] is None for name in ("limit_price", "stop_price")):
            return
        quantity = units(working.left)
        self._submit(replace(order, id=self._book.ids.next("o", ts), symbol=symbol, quantity=quantity, **changed))
