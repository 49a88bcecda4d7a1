"""The paper broker: turns the orders of one account into fills that could have happened, never better.

Rules for one bar of one symbol, in this order:

1. A bar without volume, outside its session or inside a halt fills nothing. DAY orders of an earlier session have
   expired; those of a symbol that is halted wait, and expire with their session too.
2. An order fills no earlier than in the first bar that opens at or after its decision.
3. At the open: market orders and triggered stops; stops that the open has passed (a gap) at the open; limits that
   the open betters. Exits of all symbols come before entries, so that an exit pays for an entry.
4. Inside the bar: stops before limits, exits before entries, a stop before its target. A limit fills only when the
   bar trades *through* it. An entry inside the bar may still meet its stop there, but never its target.
5. All fills of a bar take at most `volume_share` of its volume, in whole lots; the rest waits for later bars.
6. An entry needs free cash for price and fees; what is not there is cut off or refused, with the reason recorded.
7. Market and stop fills pay slippage; all prices are rounded to the tick against us.

The broker does no I/O. `take_changes` hands over what happened since the last call, for the ledger.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aion.clock import iso, parse_iso
from aion.errors import OrderError
from aion.market.action import CorporateAction
from aion.market.calendar import MarketSession
from aion.market.funding import FundingRate
from aion.market.grid import Grid
from aion.market.halt import HaltBook
from aion.model import (
    ONE,
    ZERO,
    Bar,
    Decision,
    Fill,
    Instrument,
    Order,
    OrderRecord,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from aion.trading.action.corporate import CorporateActions
from aion.trading.action.expiry import Expiry
from aion.trading.action.funding import Funding
from aion.trading.bar_window import Window
from aion.trading.book import OrderBook, view
from aion.trading.events import Changes, IdMaker
from aion.trading.execution import Execution, Terms
from aion.trading.fee import CostModel
from aion.trading.order_check import check_order, whole_lots
from aion.trading.portfolio import Portfolio
from aion.trading.price import PriceOf, unpriced
from aion.trading.slippage import SlippageModel
from aion.trading.traded_volume import TradedVolume
from aion.trading.working_order import Working

VOLUME_SHARE = Decimal("0.05")  # beyond a twentieth of a bar's volume our own order would have made the price
WINDOW = Window()


class PaperBroker:
    """Executes the orders of one account against bars and books the fills in its portfolio."""

    def __init__(
        self,
        bot: str,
        run: str,
        portfolio: Portfolio,
        instruments: Mapping[str, Instrument],
        cost: CostModel,
        *,
        grid: Grid | None,
        slippage: SlippageModel | None = None,
        allow_short: bool = False,
        volume_share: Decimal = VOLUME_SHARE,
        window: Window = WINDOW,
        halts: HaltBook | None = None,
        price_of: PriceOf = unpriced,
        funding: Iterable[FundingRate] = (),
    ) -> None:
        """Make a broker.

        Args:
            bot: name of the bot.
            run: name of the run; both become part of every id.
            portfolio: the account that the fills are booked in.
            instruments: by symbol; an order for another symbol is refused.
            cost: fees.
            grid: how bars lie in a session; None for daily bars, which open with it.
            slippage: None for the default of the cost model.
            allow_short: True to let a sale open a short position.
            volume_share: largest part of a bar's volume that fills take, 0..1.
            halts: of single symbols: nothing fills in them.
            window: how old or new a bar may be.
            price_of: prices of what is not traded but needed: a currency of the costs, the underlying of an option.
            funding: rates of perpetuals.
        """
        self.bot = bot
        self.run = run
        self.portfolio = portfolio
        self._cost = cost = cost.of(portfolio.unit)
        self._traded = TradedVolume(cost)
        self.terms = Terms(instruments, cost, slippage or cost.slippage, grid, allow_short, volume_share, price_of)
        self.ids = IdMaker(run, bot)
        self.book = OrderBook(bot, self.ids)
        self.window = window
        self.halts = halts or HaltBook()
        self.corporate = CorporateActions(self)
        """What became of corporate actions."""
        self.expiry = Expiry(instruments, price_of)
        """What of it expires."""
        self.funding = Funding(instruments, funding)
        """Of its perpetuals."""
        self._is_timed = bool(self.expiry.times or self.funding.symbols)
        self._last_ts: dict[str, datetime] = {}
        self._day: date | None = None
        self._closes_at: datetime | None = None

    # orders

    def order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        decided_at: datetime,
        reason: str,
        *,
        type: OrderType = OrderType.MARKET,
        time_in_force: TimeInForce = TimeInForce.DAY,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
        stop_loss: Decimal | None = None,
        take_profit: Decimal | None = None,
        reduce_only: bool = False,
        weight: Decimal | None = None,
    ) -> Order:
        """Return an order with the next id of market time `decided_at`; `submit` it then.

        With `weight`, a signed part of equity to bring the position to, `quantity` is 0: the fill makes it.

        Raises:
            ValueError: as `Order`.
        """
        return Order(
            id=self.ids.next("o", decided_at),
            bot=self.bot,
            symbol=symbol,
            side=side,
            quantity=quantity,
            type=type,
            decided_at=decided_at,
            reason=reason,
            time_in_force=time_in_force,
            limit_price=limit_price,
            stop_price=stop_price,
            stop_loss=stop_loss,
            take_profit=take_profit,
            reduce_only=reduce_only,
            weight=weight,
        )

    def submit(self, order: Order) -> OrderRecord:
        """Take `order`, or refuse it; either way the change is recorded.

        Returns:
            Its record: `open`, perhaps with a smaller quantity and the reason in `detail`, or `refused`.
        """
        try:
            if self.book.find(order.id) is not None:
                raise OrderError(f"order {order.id} rests already")
            if why_not := self.corporate.why(order.symbol) or self.expiry.why(order.symbol, order.decided_at):
                raise OrderError(why_not)
            instrument = self.terms.instruments.get(order.symbol)
            held = self.portfolio.quantity(order.symbol)
            checked, why = check_order(order, instrument, held, allow_short=self.terms.allow_short)
        except OrderError as error:
            return self.book.refuse(order, str(error))
        return self.book.add(Working(checked, why))

    def flatten(self, symbol: str, decided_at: datetime, reason: str) -> OrderRecord | None:
        """Withdraw the orders of `symbol` and close its position at the next open; None when nothing is held."""
        self.cancel_all(decided_at, reason, symbol)
        return self._close(symbol, abs(self.portfolio.quantity(symbol)), decided_at, reason)

    def _close(self, symbol: str, quantity: Decimal, decided_at: datetime, reason: str) -> OrderRecord | None:
        if quantity <= 0 or self.expiry.why(symbol, decided_at):
            return None
        side = Side.SELL if self.portfolio.quantity(symbol) > 0 else Side.BUY
        time_in_force = self.exit_time
        return self.submit(
            self.order(symbol, side, quantity, decided_at, reason, time_in_force=time_in_force, reduce_only=True)
        )

    def close_at(self, bar: Bar, session: MarketSession, reason: str) -> list[Fill]:
        """Close the position of `bar` at its close, with costs and whatever its volume: no bar comes any more."""
        record = self.flatten(bar.symbol, bar.ts, reason)
        working = self.book.find(record.order.id) if record is not None else None
        if working is None:
            return []
        return Execution(self.book, self.portfolio, self.terms, session).close(working, bar)

    @property
    def exit_time(self) -> TimeInForce:
        """How long an exit at the market rests: on daily bars until it is done, in a session until its end."""
        return TimeInForce.GTC if self.terms.grid is None else TimeInForce.DAY

    def close_rest(self, symbol: str, decided_at: datetime, reason: str) -> OrderRecord | None:
        """Withdraw entries, stops and targets of `symbol`, and close what no exit at the market closes already.

        Returns:
            The order for the rest; None when there is none.
        """
        orders = self.book.orders(symbol)
        exits = [each for each in orders if each.order.reduce_only and each.order.type is OrderType.MARKET]
        others = [each for each in orders if each not in exits]
        self.book.end_all(others, OrderStatus.CANCELLED, decided_at, reason)
        rest = abs(self.portfolio.quantity(symbol)) - sum((each.left for each in exits), ZERO)
        return self._close(symbol, rest, decided_at, reason)

    def protect(
        self,
        symbol: str,
        decided_at: datetime,
        reason: str,
        *,
        stop_loss: Decimal | None = None,
        take_profit: Decimal | None = None,
    ) -> None:
        """Replace the exits that rest for a whole position by these levels; nothing when it is not held."""
        exits = [each for each in self.book.orders(symbol) if each.role]
        self.book.end_all(exits, OrderStatus.CANCELLED, decided_at, reason)
        held = self.portfolio.quantity(symbol)
        if held:
            parent = self.ids.next("o", decided_at)
            self.book.rest_exits(parent, symbol, held, stop_loss, take_profit, decided_at)

    def cancel(self, order_id: str, at: datetime, why: str) -> bool:
        """Withdraw an order at rest; False when it does not rest any more."""
        working = self.book.find(order_id)
        if working is None:
            return False
        self.book.end(working, OrderStatus.CANCELLED, at, why)
        return True

    def cancel_all(self, at: datetime, why: str, symbol: str | None = None) -> None:
        """Withdraw all orders at rest, or those of one symbol."""
        self.book.end_all(self.book.orders(symbol), OrderStatus.CANCELLED, at, why)

    def open_orders(self, symbol: str | None = None) -> list[OrderRecord]:
        """Return the orders at rest, oldest first, or those of one symbol."""
        return [view(each, OrderStatus.OPEN, each.order.decided_at) for each in self.book.orders(symbol)]

    def exit_levels(self, symbol: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the stop and the target nearest to the market, prices per unit; None where none rests."""
        return self.book.exit_levels(symbol, self.portfolio.quantity(symbol))

    def set_allow_short(self, allow_short: bool) -> None:
        """Let a sale open a short position from now on, or not any more; positions stay."""
        self.terms = replace(self.terms, allow_short=allow_short)

    def quantity_for(self, symbol: str, money: Decimal, price: Decimal) -> Decimal:
        """Return the whole lots whose value at `price` per unit is at most `money` (>= 0), costs left out."""
        value = self.value_of(symbol, ONE, price)
        return whole_lots(money / value, self.terms.instruments[symbol]) if value else ZERO

    def quantity_at(self, symbol: str, weight: Decimal, price: Decimal) -> Decimal:
        """Return the signed quantity whose value at `price` is at most `weight` of equity, short below 0."""
        money = max(ZERO, abs(weight) * self.portfolio.equity())
        return self.quantity_for(symbol, money, price).copy_sign(weight)

    def value_of(self, symbol: str, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the value of `quantity` at `price` per unit without its sign, money >= 0."""
        return abs(quantity * price * self.terms.instruments[symbol].multiplier)

    def expected_cost(self, symbol: str, side: Side, quantity: Decimal, bar: Bar) -> Decimal:
        """Return fees and slippage, money, of a market order that would fill at the close of `bar`."""
        price, instrument = bar.close, self.terms.instruments[symbol]
        if instrument.trades(bar):
            price = self.terms.slippage.price(side, bar.close, quantity, bar, instrument)
        fees = self.terms.cost.fees(side, quantity, self.value_of(symbol, quantity, price), bar.ts.date())
        slipped = self.value_of(symbol, quantity, price - bar.close)
        due = sum(fees.values(), ZERO)
        if self.terms.cost.currency_symbol:
            due *= self.terms.price_of(self.terms.cost.currency_symbol, bar.ts) or ZERO
        return self.portfolio.unit.cost(slipped) + self.portfolio.unit.cost(due)

    def note(
        self,
        ts: datetime,
        action: str,
        reason: str,
        symbol: str = "",
        *,
        confidence: float | None = None,
        order_id: str = "",
    ) -> Decision:
        """Record a decision at market time `ts` and return it."""
        return self.book.note(ts, action, reason, symbol, confidence, order_id)

    @property
    def changes(self) -> Changes:
        """What happened since `take_changes`."""
        return self.book.changes

    def take_changes(self) -> Changes:
        """Return what happened since the last call, for the ledger, and start anew."""
        changes, self.book.changes = self.book.changes, Changes()
        return changes

    # time

    def on_bar(self, bar: Bar, session: MarketSession | None) -> list[Fill]:
        """Take one bar; see `on_bars`."""
        return self.on_bars({bar.symbol: bar}, session)

    def on_bars(
        self, bars: Mapping[str, Bar], session: MarketSession | None, now: datetime | None = None
    ) -> list[Fill]:
        """Fill what bars that close at the same moment would have filled, book it and mark the positions.

        The first bar of a session begins it (`begin_session`). A bar without volume or inside a halt marks nothing.

        Args:
            bars: by symbol, later than the bars of the call before.
            session: that the bars were traded in; None fills nothing.
            now: the bots' clock; None where that is the clock of the bars delivered.

        Returns:
            The fills in the order in which they happened. A bar outside `window`, or not later than the one before
            of its symbol, is a recorded decision and nothing else.
        """
        bars = self._taken(bars, now)
        if not bars:
            return []
        if session is not None and session.day != self._day:
            self.begin_session(session)
        ended: list[Fill] = []
        if self._is_timed:
            newest = next(iter(bars.values()))
            ended = self._keep_time(self._opened(newest, session), newest.ts)
            is_over = self.expiry.why
            bars = {each: bar for each, bar in bars.items() if not is_over(each, self._opened(bar, session))}
        if self.halts.symbols and session is not None:
            bars = {symbol: bar for symbol, bar in bars.items() if not self._is_halted(bar, session)}
        fills: list[Fill] = []
        if self.book.by_symbol and session is not None:
            fills = self._fill(bars, session)
        marks, last_ts = self.portfolio.marks, self._last_ts
        for symbol, bar in bars.items():
            last_ts[symbol] = bar.ts
            if bar.volume or self._is_traded(bar):
                marks[symbol] = bar.close
        if self._is_timed:
            return [*ended, *fills, *self._keep_time(newest.ts, newest.ts)]
        return fills

    def _fill(self, bars: Mapping[str, Bar], session: MarketSession) -> list[Fill]:
        """Fill what rests, as far as `bars` reach it."""
        book = self.book
        at_rest = [bar for symbol, bar in bars.items() if symbol in book.by_symbol]
        busy = [bar for bar in at_rest if bar.volume or self._is_traded(bar)]
        if not any([book.is_reached(bar) for bar in busy]) or not self._has(session, busy[0].ts):
            return []
        fills = Execution(book, self.portfolio, self.terms, session).run(busy, bars.values())
        if self._cost.tiers:
            self._traded.add(session.day, fills)
        return fills

    def _keep_time(self, until: datetime, ts: datetime) -> list[Fill]:
        """Book funding and expiries of up to `until` at market time `ts`; returns the fills of what expired."""
        if self.funding.symbols:
            self.funding.book(self.portfolio, self.book, until, ts)
        return self.expiry.end(self.portfolio, self.book, until, ts) if self.expiry.times else []

    def _opened(self, bar: Bar, session: MarketSession | None) -> datetime:
        """Return the start of a bar; its close where it lies in no session."""
        if session is None:
            return bar.ts
        return session.open if self.terms.grid is None else self.terms.grid.opened(session, bar.ts)

    def _is_traded(self, bar: Bar) -> bool:
        instrument = self.terms.instruments.get(bar.symbol)
        return instrument is not None and instrument.trades(bar)

    def _taken(self, bars: Mapping[str, Bar], now: datetime | None) -> Mapping[str, Bar]:
        """Return `bars` without those that are refused."""
        refused = self.window.refusals(bars, self._last_ts, now, is_daily=self.terms.grid is None)
        if not refused:
            return bars
        times = [each for each in (now, *self._last_ts.values()) if each is not None]
        at = max(times, default=next(iter(bars.values())).ts)
        for symbol, why in refused.items():
            self.note(at, "refused", why, symbol)
        return {symbol: bar for symbol, bar in bars.items() if symbol not in refused}

    def _is_halted(self, bar: Bar, session: MarketSession) -> bool:
        return self.halts.covering(bar.symbol, self._opened(bar, session), bar.ts) is not None

    def _has(self, session: MarketSession, ts: datetime) -> bool:
        grid = self.terms.grid
        return session.has(ts) if grid is None else grid.has(session, ts)

    def begin_session(self, session: MarketSession) -> None:
        """Start the market day of `session`: expire old DAY orders, start the day's result, charge the nights.

        Called by `on_bars`; a bot calls it only when it wants the day to begin before its first bar.
        """
        if session.day == self._day:
            return
        if self._closes_at is not None:
            self.end_session(self._closes_at)
        self.portfolio.begin_day(session.day)
        if self._day is not None and not self.portfolio.is_flat:
            self._charge_nights(self._day, session)
        self._day = session.day
        self._closes_at = session.close
        self._choose_tier()

    def _choose_tier(self) -> None:
        """Charge from now on by the tier that the volume of before the market day reaches."""
        if self._cost.tiers and self._day is not None:
            self.terms = replace(self.terms, cost=self._cost.at(self._traded.before(self._day)))

    def apply_actions(
        self, actions: Iterable[CorporateAction], session: MarketSession, bars: Mapping[str, Bar] | None = None
    ) -> list[CorporateAction]:
        """Begin `session` and book the corporate actions that took effect since the session before, in order.

        To be called before the first bars of a session, and again with each batch while `corporate.is_open`. Whoever
        held at the close before the ex-date gets them; all that rests is set anew.

        Args:
            actions: all that are known, by day.
            session: of the bars.
            bars: of the moment, with whose prices those of an action are compared; None compares nothing.

        Returns:
            Those that took effect, held or not.
        """
        last = self._day
        self.begin_session(session)
        return self.corporate.take(actions, last, session, bars)

    def end_session(self, closed_at: datetime) -> None:
        """Expire the DAY orders decided before the session's close; those decided at it are for the next one."""
        old = [
            each
            for each in self.book.orders()
            if each.order.time_in_force is TimeInForce.DAY and each.order.decided_at < closed_at
        ]
        self.book.end_all(old, OrderStatus.EXPIRED, closed_at, "the session ended")

    def _charge_nights(self, last_day: date, session: MarketSession) -> None:
        nights = (session.day - last_day).days
        for symbol, held in self.portfolio.quantities().items():
            value = abs(self.portfolio.market_value(symbol)).copy_sign(held)
            found = self.terms.cost.overnight(value, nights, last_day)
            if found is not None:
                kind, amount = found
                movement_id = self.ids.next("m", session.open)
                movement = self.portfolio.charge(movement_id, kind, symbol, amount, session.open)
                self.book.changes.movements.append(movement)

    # to and from the ledger

    def state(self) -> dict[str, Any]:
        """Return the orders at rest and the present session as JSON types."""
        return {
            "orders": self.book.state(),
            "ids": self.ids.state(),
            "day": self._day.isoformat() if self._day else "",
            "closes_at": iso(self._closes_at) if self._closes_at else "",
            **({"traded": self._traded.state()} if self._cost.tiers else {}),
            **self.corporate.state(),
            **({"funding": self.funding.state()} if self.funding.symbols else {}),
            **({"expired": self.expiry.state()} if self.expiry.times else {}),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state()` described; to be called on a new broker."""
        self.book.restore(state["orders"])
        self.ids.restore(state["ids"])
        self._day = date.fromisoformat(state["day"]) if state["day"] else None
        self._closes_at = parse_iso(state["closes_at"]) if state["closes_at"] else None
        self._traded.restore(state.get("traded", {}))
        self.expiry.restore(state.get("expired", []))
        if "funding" in state:
            self.funding.restore(state["funding"])
        self._choose_tier()
        self.corporate.restore(state)
