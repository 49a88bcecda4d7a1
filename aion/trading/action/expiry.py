"""Futures and options that end: settled in cash at their expiry, after which nothing of them is traded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.clock import iso
from aion.market.halt import NEVER
from aion.model import ONE, ZERO, Bar, Fill, Instrument, Order, OrderStatus, OrderType, Side
from aion.trading.book import OrderBook
from aion.trading.events import CashMovement
from aion.trading.portfolio import Portfolio
from aion.trading.price import PriceOf
from aion.trading.working_order import Working


class Expiry:
    """Ends what expires of one account."""

    def __init__(self, instruments: Mapping[str, Instrument], price_of: PriceOf) -> None:
        """Args: instruments: of the account; price_of: of the underlyings of options."""
        self._instruments = instruments
        self._price_of = price_of
        self.times = {symbol: each.expiry for symbol, each in instruments.items() if each.expiry is not None}
        """When each of those that expire does."""
        self._ended: set[str] = set()

    def why(self, symbol: str, at: datetime) -> str:
        """Return why nothing of `symbol` is traded at `at`, or an empty text."""
        expiry = self.times.get(symbol, NEVER)
        return f"{symbol} expired at {iso(expiry)}" if at >= expiry else ""

    def end(self, portfolio: Portfolio, book: OrderBook, until: datetime, ts: datetime) -> list[Fill]:
        """Settle what expired up to `until`, at market time `ts`; returns the fills that closed it."""
        fills = []
        for symbol, expiry in self.times.items():
            if expiry <= until and symbol not in self._ended:
                self._ended.add(symbol)
                book.end_all(book.orders(symbol), OrderStatus.EXPIRED, ts, self.why(symbol, until))
                if portfolio.quantity(symbol):
                    fills += self._settle(symbol, expiry, portfolio, book, ts)
        return fills

    def _settle(
        self, symbol: str, expiry: datetime, portfolio: Portfolio, book: OrderBook, ts: datetime
    ) -> list[Fill]:
        instrument = self._instruments[symbol]
        price, reason = self._final(instrument, expiry, portfolio)
        if price is None:
            portfolio.set_carried(symbol, reason)
            book.note(ts, "not booked", reason, symbol)
            return []
        book.note(ts, reason.partition(":")[0], reason, symbol)
        return [_close(instrument, price, reason, expiry, portfolio, book, ts)]

    def _final(self, instrument: Instrument, expiry: datetime, portfolio: Portfolio) -> tuple[Decimal | None, str]:
        """Return the price that an expired position is settled at, None where it is not known, and why."""
        final = instrument.final_price
        if instrument.strike is None:
            if final is None:
                return portfolio.marks[instrument.symbol], "expired: settled in cash at the newest price"
            return final, "expired: settled in cash at the settlement price"
        at = final if final is not None else self._price_of(instrument.underlying, expiry)
        if at is None:
            return None, (
                f"expired at {iso(expiry)} and not booked: no price of {instrument.underlying} is known, which its "
                "value follows from"
            )
        gain = at - instrument.strike if instrument.right == "call" else instrument.strike - at
        against = f"{instrument.underlying} at {at.normalize():f}, {instrument.right} at {instrument.strike:f}"
        return (gain, f"exercised: {against}") if gain > 0 else (ZERO, f"expired: worthless, {against}")

    def state(self) -> list[str]:
        """Return what has ended, as JSON types."""
        return sorted(self._ended)

    def restore(self, state: list[Any]) -> None:
        """Take back what `state()` described."""
        self._ended = set(state)


def _close(
    instrument: Instrument, price: Decimal, reason: str, expiry: datetime, portfolio: Portfolio, book: OrderBook,
    ts: datetime,
) -> Fill:  # fmt: skip
    """Close a position at its final price, without fee, as an order of its own that was filled."""
    symbol, held = instrument.symbol, portfolio.quantity(instrument.symbol)
    order = Order(
        id=book.ids.next("o", ts),
        bot=book.bot,
        symbol=symbol,
        side=Side.SELL if held > 0 else Side.BUY,
        quantity=abs(held),
        type=OrderType.MARKET,
        decided_at=expiry,
        reason=reason,
        reduce_only=True,
    )
    working = Working(order)
    book.add(working)
    fill = Fill(
        id=book.ids.next("f", ts),
        order_id=order.id,
        bot=order.bot,
        symbol=symbol,
        side=order.side,
        quantity=order.quantity,
        price=price,
        fees={},
        multiplier=instrument.multiplier if instrument.multiplier != ONE else None,
        slippage=portfolio.unit.zero,
        decided_at=expiry,
        filled_at=expiry,
        known_at=ts,
        reason=reason,
        bar=Bar(symbol, expiry, price, price, price, price, ZERO),
        price_source="expiry",
    )
    cash = portfolio.cash
    realized, trade = portfolio.apply(fill, instrument)
    fill = replace(fill, realized_pnl=realized)
    changes = book.changes
    changes.fills.append(fill)
    changes.movements.append(CashMovement(fill.id, ts, "fill", portfolio.cash - cash, symbol))
    if trade is not None:
        changes.trades.append(trade)
    working.left = ZERO
    book.end(working, OrderStatus.FILLED, ts)
    portfolio.mark(symbol, price)
    return fill
