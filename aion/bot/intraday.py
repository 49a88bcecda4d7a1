"""One intraday bot: what it does with a minute's bars."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from aion.bot.account import BotAccount
from aion.bot.action_watch import tradable
from aion.clock import iso
from aion.config import BotSettings
from aion.ledger.ledger import SavedAccount
from aion.ledger.query import LedgerReader
from aion.market import calendar
from aion.market.calendar import MarketSession
from aion.market.feed import Feed
from aion.market.grid import Grid
from aion.model import ZERO, Bar, OrderRecord, OrderStatus, Side, Signal
from aion.money import unit_json
from aion.output.day_record import Record, changes_of_day
from aion.output.encode import Json, bar_json, bar_row, number, result_json, signal_json
from aion.store.document.base import to_json
from aion.strategy.base import Moment
from aion.trading.events import Changes

LEAST_WEIGHT = Decimal("0.000001")
NO_EXIT_BAR = "no bar to exit on"
_OF_SIGNAL = "; signal: "
_FIGURES = re.compile(r"[-0-9]")


class IntradayBot(BotAccount):
    """Trades inside one session at a time and is flat when it ends, if the tape lets it."""

    def __init__(
        self, name: str, settings: BotSettings, run: str, feed: Feed, log: Any, started_at: datetime
    ) -> None:
        """As `BotAccount`."""
        super().__init__(name, settings, run, feed, log, started_at)
        self._feed = feed
        self._grid = Grid(feed.interval, feed.anchor)
        self._minutes = self._grid.minutes
        self._early: tuple[MarketSession | None, BotSettings, datetime] = (None, settings, started_at)
        """Of a session and rules the newest market time at which it does not exit for the day yet."""
        self.session: MarketSession | None = None
        """The newest session that it saw a bar of."""
        self.bars: dict[str, Bar] = {}
        """Newest bar by symbol."""
        self._day_bars: dict[str, dict[str, list[float]]] = {}
        self._new_bars: list[Bar] = []
        """Bars of the day that are not in `_day_bars` yet."""
        self._refused: dict[str, str] = {}

    def begins_day(self, ts: datetime) -> bool:
        """Tell whether a bar that closes at `ts` is the first of another session."""
        present = self.session
        if present is not None and present.open < ts <= present.close:
            return False
        session = self._session_at(ts)
        return session is not None and (self.session is None or session.day != self.session.day)

    def _session_at(self, ts: datetime) -> MarketSession | None:
        """Return the session of a bar that closes at `ts`; the present one without asking the calendar."""
        present = self.session
        if present is not None and present.open < ts <= present.close:
            is_whole = present.break_start is None and not present.halts
            return present if is_whole or self._grid.has(present, ts) else None
        session = calendar.session_around(self.settings.exchange, ts)
        return session if session is not None and self._grid.has(session, ts) else None

    def on_bars(self, bars: Mapping[str, Bar], ts: datetime, cycle_id: str) -> None:
        """Run one cycle: fills of earlier orders, marks, signals, risk, new orders.

        Args:
            bars: of its symbols, all closing at `ts`.
            ts: market time.
            cycle_id: of the cycle.
        """
        session = self._session_at(ts)
        present = self.session
        if session is not None and session is not present and (present is None or session.day != present.day):
            self.end_day()
            self._begin_day(session)
        before, self.cursor, self.cycle_id = self.cursor, ts, cycle_id
        self.cycles += 1
        if session is not None:
            bars = self.admit(bars, session, ts)
        self.halts.note(self.broker, before, ts)
        traded = tradable(self.broker, bars)
        self.broker.on_bars(traded, session)
        self.gather()
        self._see(bars)
        self.mark(traded, ts)
        if session is None:
            return
        moment = Moment(ts, self.day, session.open, session.close, self.portfolio.quantities(), self._minutes)
        signals = self.think(bars, moment)
        if self.standing.killed or self.standing.leaving:
            self.leave_all(ts)
        if self._is_ending(session, ts):
            self._leave_for_the_day(session, ts)
        else:
            if moment.positions:
                self._leave_carried(ts)
            for signal in signals.values():
                if signal.action != "hold":
                    self._follow(signal, bars[signal.symbol], ts)
        self.gather()
        if ts >= session.close:
            self.end_day()

    def watch(self, bars: Mapping[str, Bar], ts: datetime, positions: Mapping[str, Decimal]) -> dict[str, Signal]:
        """As `BotAccount.watch`, with the bars of the day."""
        session = self._session_at(ts)
        if session is None:
            return {}
        if self.begins_day(ts):
            self._begin_day(session)
        bars = self._look_at(bars, session, positions).bars
        self._see(bars)
        return self.think(bars, Moment(ts, self.day, session.open, session.close, positions, self._grid.minutes))

    def newest_bar(self, symbol: str) -> Bar:
        """As `BotAccount.newest_bar`."""
        bar = self.bars.get(symbol)
        is_mark = bar is not None and bar.ts == self.cursor and bar.close == self.portfolio.marks[symbol]
        return bar if bar is not None and is_mark else super().newest_bar(symbol)

    def end_day(self) -> None:
        """Let the orders of the session expire, and say of what is still held that it could not be closed."""
        if self.session is None or not self.cycle_id:
            return
        self.broker.end_session(self.session.close)
        for symbol in self.portfolio.symbols:
            self.portfolio.set_carried(symbol, NO_EXIT_BAR)
        self.gather()

    def _begin_day(self, session: MarketSession) -> None:
        self.session = session
        self.day = session.day.isoformat()
        self.record = Record()
        self._day_bars = {}
        self._new_bars = []
        self.bars_seen = 0
        self._refused = {}
        self.dropped_bars = sum(self._feed.dropped(symbol, self.day) for symbol in self.actions.symbols)

    def _see(self, bars: Mapping[str, Bar]) -> None:
        self.bars.update(bars)
        self._new_bars += bars.values()
        self.bars_seen += len(bars)

    # decisions

    def _is_ending(self, session: MarketSession, ts: datetime) -> bool:
        """Tell whether it exits for the day at `ts`."""
        if self._early[0] is not session or self._early[1] is not self.settings:
            least = self.settings.rules.flat_before_close * self._minutes
            self._early = session, self.settings, session.time_with(least + 1)
        return ts > self._early[2]

    def _leave_for_the_day(self, session: MarketSession, ts: datetime) -> None:
        left = session.minutes_left(ts)
        for record in self.broker.open_orders():
            if not record.order.reduce_only:
                self.broker.cancel(record.order.id, ts, "the session ends")
        for symbol in self.portfolio.symbols:
            if not self.is_leaving(symbol) and not self.broker.corporate.why(symbol):
                self.exit(symbol, ts, f"flat for the day: {left} minutes before the close")

    def _leave_carried(self, ts: datetime) -> None:
        for symbol in self.portfolio.carried:
            if not self.is_leaving(symbol) and not self.broker.corporate.why(symbol):
                self.exit(symbol, ts, "carried from an earlier session: out at the first bar")

    def _follow(self, signal: Signal, bar: Bar, ts: datetime) -> None:
        held = self.portfolio.quantity(signal.symbol)
        if held:
            turns = (signal.action == "sell") if held > 0 else (signal.action == "buy")
            if (signal.action == "exit" or turns) and not self.is_leaving(signal.symbol):
                if why := self.broker.corporate.why(signal.symbol):
                    self._refuse(signal, why, ts)
                    return
                self.exit(signal.symbol, ts, signal.reason, signal.confidence)
            return
        if signal.action not in ("buy", "sell") or self.broker.open_orders(signal.symbol):
            return
        side = Side.BUY if signal.action == "buy" else Side.SELL
        refusal = (
            self.halt(signal.symbol)
            or self.halts.refusal(signal.symbol, ts)
            or self.gate.refusal(signal.symbol, side, signal.confidence, signal.threshold)
        )
        if refusal:
            self._refuse(signal, refusal, ts)
            return
        self._refused.pop(signal.symbol, None)
        self._enter(signal, bar, ts)

    def _refuse(self, signal: Signal, refusal: str, ts: datetime) -> None:
        """Record that a signal is not followed, once while the reason stays."""
        kind = _kind(refusal)
        if self._refused.get(signal.symbol) == kind:
            return
        self._refused[signal.symbol] = kind
        why = f"{refusal}{_OF_SIGNAL}{signal.reason}"
        self.broker.note(ts, "refused", why, signal.symbol, confidence=signal.confidence)

    def _enter(self, signal: Signal, bar: Bar, ts: datetime) -> None:
        side = Side.BUY if signal.action == "buy" else Side.SELL
        money = self.gate.room(signal.symbol)
        weight = None
        if self.settings.sizing == "fill":
            weight = (money / self.equity).quantize(LEAST_WEIGHT, ROUND_FLOOR) * side.sign
        quantity = self.broker.quantity_for(signal.symbol, money, bar.close) if weight is None else ZERO
        if weight is None and quantity <= 0:
            self.broker.note(
                ts,
                "refused",
                f"{self.portfolio.unit.round(money):f} {self.settings.currency} buys less than one lot"
                f"{_OF_SIGNAL}{signal.reason}",
                signal.symbol,
                confidence=signal.confidence,
            )
            return
        stop, target = self._levels(signal, bar, side)
        order = self.broker.order(
            signal.symbol, side, quantity, ts, signal.reason, stop_loss=stop, take_profit=target, weight=weight
        )
        record = self.broker.submit(order)
        if record.status is not OrderStatus.REFUSED:
            self.entered(signal.symbol)
        self._note_order(record, signal.action, signal.reason, signal.confidence)

    def _levels(self, signal: Signal, bar: Bar, side: Side) -> tuple[Decimal | None, Decimal | None]:
        """Return the nearer of the rules' and the strategy's stop and target."""
        rules, sign, size = self.settings.rules, side.sign, abs(bar.close)
        stops = [bar.close - sign * size * rules.stop_loss] if rules.stop_loss else []
        targets = [bar.close + sign * size * rules.take_profit] if rules.take_profit else []
        if signal.stop_loss is not None and (bar.close - signal.stop_loss) * sign > 0:
            stops.append(signal.stop_loss)
        if signal.take_profit is not None and (signal.take_profit - bar.close) * sign > 0:
            targets.append(signal.take_profit)
        nearest_stop = max(stops, key=lambda price: price * sign, default=None)
        nearest_target = min(targets, key=lambda price: price * sign, default=None)
        return nearest_stop, nearest_target

    def _note_order(self, record: OrderRecord, action: str, reason: str, confidence: float | None) -> None:
        if record.status is OrderStatus.REFUSED:
            return  # the broker has noted the refusal
        order = record.order
        self.broker.note(order.decided_at, action, reason, order.symbol, confidence=confidence, order_id=order.id)

    # to and from the ledger

    def restore(self, saved: SavedAccount, ledger: LedgerReader) -> None:
        """As `BotAccount.restore`, with the record of the day."""
        super().restore(saved, ledger)
        self.record = Record()
        changes = changes_of_day(ledger, self.name, self.day) if self.day else Changes()
        self.record.add(changes)
        for point in ledger.equity(self.name, self.day) if self.day else ():
            self.record.see(point)
        for decision in changes.decisions:
            refusal, _, of_signal = decision.reason.partition(_OF_SIGNAL)
            if decision.action == "refused" and of_signal:
                self._refused[decision.symbol] = _kind(refusal)
            elif decision.action in ("buy", "sell"):
                self._refused.pop(decision.symbol, None)

    # documents

    def document(self) -> Json:
        """Return the day file without its envelope."""
        value = self.fields() | {
            "day": self.day,
            "orders": self.record.orders_in_time(),
            "decisions": self.record.decisions,
            "bars": self.day_bars(),
        }
        if self.session is not None:
            value["day_pnl"] = result_json(self.portfolio.day_result(), self.session.open)
            value["flat_by"] = iso(self.flat_by(self.session))
            value["halts"] = self.halts.document(self.session.open, self.session.close)
            value["hours"] = to_json(calendar.hours_document(self.session))
        return value

    def day_bars(self) -> dict[str, dict[str, list[float]]]:
        """Return the bars of the day as rows by symbol and time; each is turned into one once, when first asked."""
        for bar in self._new_bars:
            self._day_bars.setdefault(bar.symbol, {})[iso(bar.ts)] = bar_row(bar)
        self._new_bars = []
        return self._day_bars

    def flat_by(self, session: MarketSession) -> datetime:
        """Return the market time from which it exits for the day."""
        return session.close - self.settings.rules.flat_before_close * self._grid.interval

    def summary(self) -> Json:
        """Return its row in the summary of the cycle."""
        return {
            "exchange": self.settings.exchange,
            **unit_json(self.portfolio.unit),
            "day": self.day,
            "equity": number(self.equity),
            "cash": number(self.portfolio.cash),
            "day_pnl": result_json(self.portfolio.day_result(), self.session.open if self.session else None),
            "total_pnl": result_json(self.portfolio.total_result(), self.started_at),
            "trades": self.record.trade_count,
            "fills": self.record.fill_count,
        }

    def symbols_document(self) -> Json:
        """Return what is known of each symbol, for `rolling.json.gz`."""
        from_signal = {symbol: signal_json(each, self.name) for symbol, each in self.signals.items()}
        shown: Json = {}
        for symbol, bar in self.bars.items():
            value: Json = {
                "exchange": self.settings.exchange,
                "currency": self.settings.currency,
                "tick": number(self.instruments[symbol].tick),
                "bar": bar_json(bar),
            }
            if symbol in self.signals:
                value["features"] = {name: round(each, 6) for name, each in self.signals[symbol].features.items()}
                value["signal"] = from_signal[symbol]
            shown[symbol] = value
        return shown


def _kind(refusal: str) -> str:
    """Return the part of a refusal that stays while its figures change, so that it is noted once."""
    return next(iter(_FIGURES.split(refusal)), "")
