"""Swing bots: a mark at each close, and a full rebalance in the first session of each period of the horizon.

Orders are decided at a close and booked at the next session's open, once the bar of that day is known.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aion.bot.account import BotAccount
from aion.bot.action_watch import tradable
from aion.bot.schedule import next_rebalance, period
from aion.clock import iso, parse_iso
from aion.config import BotSettings
from aion.ledger.ledger import SavedAccount
from aion.ledger.query import LedgerReader
from aion.market import calendar
from aion.market.feed import Feed
from aion.model import ZERO, Bar, Fill, OrderStatus, OrderType, Side, Signal, TimeInForce
from aion.money import unit_json
from aion.output.day_record import Record, days_of
from aion.output.encode import Json, number, order_json, result_json
from aion.output.preview import Wish, planned_orders, preview_document
from aion.store.curve import thin_beside
from aion.store.document.state import CURVE_POINTS
from aion.store.log.process_log import ProcessLog
from aion.strategy.base import Moment

KEPT = 200  # fills, orders and trades in the rolling file; all of them stand in the ledger
WHOLE_DAYS = 1200  # newest marks that all stay in the curve: the list of days is made of their differences
EARLIER_DAYS = 5  # results of the days before `day` in the rolling file: the page shows two days
INVESTED = Decimal("0.99")  # the rest stays cash for fees and for opens above the close that decided
LEAST_CHANGE = Decimal("0.001")  # of equity: a smaller correction costs more than it corrects


class SwingBot(BotAccount):
    """One swing bot."""

    def __init__(
        self, name: str, settings: BotSettings, run: str, feed: Feed, log: ProcessLog, started_at: datetime
    ) -> None:
        """As `BotAccount`."""
        super().__init__(name, settings, run, feed, log, started_at)
        self.first_day: date | None = None
        """Session day from which the periods of the horizon are counted."""
        self.rebalanced_at: datetime | None = None
        self.targets: Json = {}
        self.activity = Record()
        """What happened on `day` alone."""
        self.earlier: Json = {}
        """Results of the newest market days before `day`, the oldest first."""
        self._early = Record()
        """What people asked after `day`, before the next mark."""
        self._bars: dict[str, Bar] = {}
        self._view: dict[str, Signal] = {}

    def on_bars(self, bars: Mapping[str, Bar], ts: datetime, cycle_id: str) -> bool:
        """Mark the account at a close and rebalance when a period begins.

        Args:
            bars: of its symbols, all closing at `ts`.
            ts: market time.
            cycle_id: of the cycle.

        Returns:
            True when it rebalanced.
        """
        session = calendar.session_at(self.settings.exchange, ts)
        if session is None:
            return False
        before, self.cursor, self.cycle_id = self.cursor, ts, cycle_id
        self.cycles += 1
        self.bars_seen += len(bars)
        if self.day:
            self.earlier[self.day] = result_json(self.portfolio.day_result(), None)
            self.earlier = dict(list(self.earlier.items())[-EARLIER_DAYS:])
        self.day = session.day.isoformat()
        self.activity, self._early = self._early, Record()
        bars = self.admit(bars, session, ts)
        self.halts.note(self.broker, before, ts)
        traded = tradable(self.broker, bars)
        fills = self.broker.on_bars(traded, session)
        self._protect(fills, ts)
        self._gather()
        self.mark(traded, ts)
        signals = self.think(bars, Moment(ts, self.day, session.open, session.close, self.portfolio.quantities()))
        self.leave_all(ts)
        is_due = self._is_due(session.day)
        why_not = self.standing.reason or ("" if bars else "no bar of its symbols may be traded on")
        if is_due and why_not:
            self.broker.note(ts, "refused", f"the rebalance is put off: {why_not}")
            is_due = False
        if is_due:
            self._rebalance(signals, bars, ts)
            self.rebalanced_at = ts
        self._bars, self._view = dict(bars), signals
        self._gather()
        return is_due

    def watch(self, bars: Mapping[str, Bar], ts: datetime, positions: Mapping[str, Decimal]) -> dict[str, Signal]:
        """As `BotAccount.watch`; what it thinks is kept for a preview under other rules."""
        self._bars, self._view = dict(bars), super().watch(bars, ts, positions)
        return self._view

    def preview(self) -> Json:
        """Return what a rebalance would do at the newest marks under the present rules, if that is known."""
        if not self._view:
            return {}
        weights = self._weights(self._view)
        wishes = {symbol: Wish(weight, self._view[symbol].reason) for symbol, weight in weights.items()}
        kept = self._kept(self._view)
        for symbol in self.portfolio.symbols:
            if symbol not in wishes and symbol not in kept:
                reason = self._view[symbol].reason if symbol in self._view else "no bar of it: no view"
                wishes[symbol] = Wish(ZERO, f"no longer a target: {reason}")
        left = (*kept, *self.broker.corporate.unmarked)
        bars = {symbol: bar for symbol, bar in self._bars.items() if symbol not in left}
        orders = planned_orders(self.broker, wishes, bars, LEAST_CHANGE * self.equity)
        return preview_document(orders, self.equity, iso(self.cursor), self.portfolio.unit)

    def newest_bar(self, symbol: str) -> Bar:
        """As `BotAccount.newest_bar`."""
        bar = self._bars.get(symbol)
        is_mark = bar is not None and bar.ts == self.cursor and bar.close == self.portfolio.marks[symbol]
        return bar if bar is not None and is_mark else super().newest_bar(symbol)

    def settle(self, ts: datetime) -> None:
        """As `BotAccount.settle`, with the activity of the day, or of the next when `ts` is past the day."""
        if ts.date().isoformat() <= self.day:
            self._gather()
            return
        self._early.add(self.gather())
        self.record.keep(KEPT)

    def _gather(self) -> None:
        self.activity.add(self.gather())
        self.record.keep(KEPT)

    def _is_due(self, day: date) -> bool:
        if self.first_day is None:
            self.first_day = day
        if self.rebalanced_at is None:
            return True
        horizon = self.settings.horizon
        last = period(horizon, self.first_day, self.rebalanced_at.date())
        return period(horizon, self.first_day, day) > last

    # the rebalance

    def _rebalance(self, signals: Mapping[str, Signal], bars: Mapping[str, Bar], ts: datetime) -> None:
        weights, kept = self._weights(signals), self._kept(signals)
        asked = weights | {symbol: Decimal(str(round(self.portfolio.weight(symbol) or 0, 6))) for symbol in kept}
        self.targets = {symbol: _target(signals[symbol], weight) for symbol, weight in asked.items()}
        self._withdraw(weights, kept, ts)
        shares = [f"{symbol} {weight:.0%}" for symbol, weight in weights.items()]
        named = ", ".join([*shares, *(f"{symbol} as it is" for symbol in kept)]) or "nothing: all in cash"
        self.broker.note(ts, "rebalance", f"{self.settings.horizon} rebalance of {len(signals)} names into {named}")
        for symbol, held in kept.items():
            what = "its exit rests on" if self.is_leaving(symbol) else "held"
            self.broker.note(ts, "hold", f"{what}: {held.reason}", symbol, confidence=held.confidence)
        for symbol in self.portfolio.symbols:
            if symbol not in weights and symbol not in kept and not self.is_leaving(symbol):
                reason = signals[symbol].reason if symbol in signals else "no bar of it: no view"
                signal = signals.get(symbol)
                self.exit(symbol, ts, f"no longer a target: {reason}", signal.confidence if signal else None)
        for symbol, weight in weights.items():
            self._adjust(symbol, weight, bars[symbol], signals[symbol])

    def _withdraw(self, weights: Mapping[str, Decimal], kept: Mapping[str, Signal], ts: datetime) -> None:
        """Cancel what rests of an earlier rebalance, but for exits of what is not wanted again, stops and targets."""
        wanted = {*weights, *(symbol for symbol, signal in kept.items() if signal.action != "hold")}
        for record in self.broker.open_orders():
            order = record.order
            is_exit = order.reduce_only and (order.type is not OrderType.MARKET or order.symbol not in wanted)
            if not is_exit:
                self.broker.cancel(order.id, ts, "replaced by the rebalance")

    def _kept(self, signals: Mapping[str, Signal]) -> dict[str, Signal]:
        """Return the signals of what is held and is to stay as it is: neither sold nor brought to a weight."""
        return {
            symbol: signal
            for symbol, held in self.portfolio.quantities().items()
            if (signal := signals.get(symbol)) is not None
            and (signal.action == "hold" or (signal.once and held * self._direction(signal) > 0))
        }

    def _direction(self, signal: Signal) -> int:
        """Return the sign of the position that a signal wants, 0 for none."""
        if signal.action == "sell":
            return -1 if self.settings.rules.allow_short else 0
        return 1 if signal.action == "buy" else 0

    def _weights(self, signals: Mapping[str, Signal]) -> dict[str, Decimal]:
        """Return the weight of each name to bring to one, strongest first, signed fractions of equity.

        What is kept takes its place among `max_positions` and its part of the exposure.
        """
        rules = self.settings.rules
        kept = self._kept(signals)
        wanted = [
            signal
            for symbol, signal in signals.items()
            if self._direction(signal)
            and symbol not in kept
            and signal.confidence >= max(signal.threshold, rules.min_confidence)
        ]
        wanted.sort(key=_place)
        scale = Decimal("0.5") + rules.aggression
        weights: dict[str, Decimal] = {}
        for signal in wanted[: max(0, rules.max_positions - len(kept))]:
            own = signal.features.get("weight")
            base = abs(Decimal(str(own))) if own is not None else 1 / Decimal(rules.max_positions)
            weights[signal.symbol] = min(rules.max_alloc, base * scale) * self._direction(signal)
        total = sum((abs(weight) for weight in weights.values()), ZERO)
        # an order that is sized at its fill leaves what its costs take
        most = rules.max_exposure if self.settings.sizing == "fill" else min(INVESTED, rules.max_exposure)
        if kept and self.equity > 0:
            values = (abs(self.portfolio.market_value(symbol)) for symbol in kept)
            most = max(ZERO, most - sum(values, ZERO) / self.equity)
        if total > most:
            weights = {symbol: weight * most / total for symbol, weight in weights.items()}
        rounded = {symbol: round(weight, 6) for symbol, weight in weights.items()}
        return {symbol: weight for symbol, weight in rounded.items() if weight}

    def _adjust(self, symbol: str, weight: Decimal, bar: Bar, signal: Signal) -> None:
        """Order what brings `symbol` to `weight`; what is held on the other side is closed by an order of its own."""
        held, is_sized_at_fill = self.portfolio.quantity(symbol), self.settings.sizing == "fill"
        change = self.broker.quantity_at(symbol, weight, bar.close) - held
        is_least = self.broker.value_of(symbol, change, bar.close) < LEAST_CHANGE * self.equity
        if is_least and (held or not is_sized_at_fill):
            self.broker.note(bar.ts, "hold", f"at its weight: {signal.reason}", symbol, confidence=signal.confidence)
            return
        if held * weight < 0:
            self.exit(symbol, bar.ts, f"turned: {signal.reason}", signal.confidence)
            change += held
        is_entry = not held or change * weight > 0
        refusal = self.halt(symbol) if is_entry else ""
        if refusal:
            reason = f"{refusal}; signal: {signal.reason}"
            self.broker.note(bar.ts, "refused", reason, symbol, confidence=signal.confidence)
            return
        side = Side.BUY if (weight > 0) is is_entry else Side.SELL
        stop, target = self._levels(symbol, bar.close, side.sign) if is_entry else (None, None)
        order = self.broker.order(
            symbol,
            side,
            ZERO if is_sized_at_fill else abs(change),
            bar.ts,
            signal.reason,
            time_in_force=TimeInForce.DAY if is_entry else self.broker.exit_time,
            stop_loss=stop,
            take_profit=target,
            reduce_only=not is_entry,
            weight=weight if is_sized_at_fill else None,
        )
        record = self.broker.submit(order)
        if record.status is not OrderStatus.REFUSED:
            if is_entry:
                self.entered(symbol)
            self.broker.note(
                bar.ts, side.value, signal.reason, symbol, confidence=signal.confidence, order_id=record.order.id
            )

    def _levels(self, symbol: str, price: Decimal, sign: int) -> tuple[Decimal | None, Decimal | None]:
        """Return stop and target of an entry at `price`, long for a `sign` above 0."""
        rules = self.settings.rules
        stop = price - sign * abs(price) * rules.stop_loss if rules.stop_loss else None
        target = price + sign * abs(price) * rules.take_profit if rules.take_profit else None
        if target is not None and target <= 0 and not self.instruments[symbol].is_signed:
            target = None  # a short position is not held until it is worth nothing
        return stop, target

    def _protect(self, fills: list[Fill], ts: datetime) -> None:
        """Set stop and target of what was entered by its entry price, now that it is known."""
        for symbol in dict.fromkeys(fill.symbol for fill in fills):
            held = self.portfolio.position(symbol)
            if held is not None and not self.is_leaving(symbol):
                stop, target = self._levels(symbol, held.average_price, 1 if held.quantity > 0 else -1)
                self.broker.protect(symbol, ts, "set by the average entry price", stop_loss=stop, take_profit=target)

    # documents

    def next_rebalance_at(self) -> datetime | None:
        """Return the market time of the next rebalance, None when it cannot be known."""
        if self.first_day is None or not self.day:
            return None
        return next_rebalance(
            self.settings.exchange, self.settings.horizon, self.first_day, date.fromisoformat(self.day)
        )

    def document(self) -> Json:
        """Return the rolling file without its envelope and its wall times."""
        equity_curve, hold_curve = thin_beside(self.record.equity, self.record.hold, CURVE_POINTS, WHOLE_DAYS)
        value = self.fields() | {
            "horizon": self.settings.horizon,
            "targets": self.targets,
            "open_orders": {each.order.id: order_json(each) for each in self.broker.open_orders()},
            "equity_curve": equity_curve,
            "hold_curve": hold_curve,
            "days": self.earlier,
        }
        if self.day:
            value["day"] = self.day
            value["day_pnl"] = result_json(self.portfolio.day_result(), None)
        if preview := self.preview():
            value["preview"] = preview
        if self.rebalanced_at is not None:
            value["last_rebalance_at"] = iso(self.rebalanced_at)
        return value

    def activity_document(self, day: str, activity: Record) -> Json:
        """Return the activity file of a market day without its envelope."""
        value: Json = {
            "bot": self.name,
            **unit_json(self.portfolio.unit),
            "horizon": self.settings.horizon,
            "day": day,
            "orders": activity.orders_in_time(),
            "fills": activity.fills,
            "trades": activity.trades,
            "decisions": activity.decisions,
        }
        if activity.borrow:
            value["borrow"] = number(activity.borrow)
        if activity.funding:
            value["funding"] = number(activity.funding)
        return value

    # to and from the ledger

    def save(self) -> dict[str, Any]:
        """As `BotAccount.save`, with targets and periods."""
        return super().save() | {
            "bars_seen": self.bars_seen,
            "first_day": self.first_day.isoformat() if self.first_day else "",
            "rebalanced_at": iso(self.rebalanced_at) if self.rebalanced_at else "",
            "targets": self.targets,
            "earlier": self.earlier,
        }

    def restore(self, saved: SavedAccount, ledger: LedgerReader) -> None:
        """As `BotAccount.restore`, with the record of the run and of its newest day."""
        super().restore(saved, ledger)
        state = saved.state
        self.bars_seen = state["bars_seen"]
        self.first_day = date.fromisoformat(state["first_day"]) if state["first_day"] else None
        self.rebalanced_at = parse_iso(state["rebalanced_at"]) if state["rebalanced_at"] else None
        self.targets = state["targets"]
        self.earlier = state.get("earlier", {})  # not in ledgers of before it
        self.record = Record()
        changes, points = ledger.changes(self.name), ledger.equity(self.name)
        self.record.add(changes)
        self.record.keep(KEPT)
        for point in points:
            self.record.see(point)
        days = days_of(changes, [point.ts.date().isoformat() for point in points])
        self._early = days.pop("", Record())
        self.activity = days.get(self.day, Record())


def _target(signal: Signal, weight: Decimal) -> Json:
    value: Json = {"weight": number(weight), "confidence": signal.confidence, "reason": signal.reason}
    if "rank" in signal.features:
        value["rank"] = int(signal.features["rank"])
    if "score" in signal.features:
        value["score"] = signal.features["score"]
    return value


def _place(signal: Signal) -> tuple[float, str]:
    """Return what sorts the strongest first: by rank, from the other end for a short position, or by strength."""
    rank, candidates = signal.features.get("rank"), signal.features.get("candidates")
    if rank is None:
        return -signal.confidence, signal.symbol
    return candidates + 1 - rank if signal.action == "sell" and candidates else rank, signal.symbol
