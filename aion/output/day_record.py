"""Records of a day or a run in the form of the documents, filled while trading or from the ledger."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from aion.clock import iso
from aion.config import BotSettings
from aion.ledger.query import LedgerReader
from aion.model import ZERO, EquityPoint, OrderStatus
from aion.money import unit_json
from aion.output.encode import Json, decision_json, fill_json, number, order_json, result_json, trade_json
from aion.trading.events import NIGHTS, CashMovement, Changes, Result

MOST_TAKEN = 256  # changes of a record that forgets which wait to become JSON


@dataclass(slots=True)
class Peak:
    """The running peak of equity and the deepest fall from it, at constant cost per point."""

    equity: float = 0.0
    at: datetime | None = None
    drawdown: float = 0.0
    """Present fall from the peak, fraction 0..1."""
    max_drawdown: float = 0.0

    def see(self, ts: datetime, equity: float) -> None:
        """Add the next point."""
        if self.at is None or equity >= self.equity:
            self.equity, self.at = equity, ts
        self.drawdown = (self.equity - equity) / self.equity if self.equity > 0 else 0.0
        if self.drawdown > self.max_drawdown:
            self.max_drawdown = self.drawdown


class Record:
    """What is shown of a period: a day of an intraday bot, the run of a swing bot. JSON by id, in order of time.

    Entries become JSON once, when they are first requested: a backtest requests them only at its end.
    """

    __slots__ = (
        "_borrow",
        "_decisions",
        "_equity",
        "_fills",
        "_funding",
        "_hold",
        "_newest",
        "_orders",
        "_points",
        "_taken",
        "_trades",
    )

    def __init__(self) -> None:
        self._fills: Json = {}
        self._orders: Json = {}
        self._trades: Json = {}
        self._decisions: Json = {}
        self._equity: dict[str, float] = {}
        self._hold: dict[str, float] = {}
        self._taken: list[Changes] = []
        self._points: list[EquityPoint] = []
        self._newest = 0
        self._borrow = ZERO
        self._funding = ZERO

    @property
    def fills(self) -> Json:
        """Fills by id."""
        self._settle()
        return self._fills

    @property
    def orders(self) -> Json:
        """Orders by id, each in its newest state."""
        self._settle()
        return self._orders

    @property
    def trades(self) -> Json:
        """Closed trades by id."""
        self._settle()
        return self._trades

    @property
    def fill_count(self) -> int:
        """How many fills there are; asking makes no JSON."""
        return self._kept(len(self._fills) + sum(len(changes.fills) for changes in self._taken))

    @property
    def trade_count(self) -> int:
        """How many closed trades there are; asking makes no JSON."""
        return self._kept(len(self._trades) + sum(len(changes.trades) for changes in self._taken))

    def _kept(self, count: int) -> int:
        return min(count, self._newest) if self._newest else count

    @property
    def decisions(self) -> Json:
        """Decisions by id."""
        self._settle()
        return self._decisions

    @property
    def equity(self) -> dict[str, float]:
        """Equity by time."""
        self._settle()
        return self._equity

    @property
    def hold(self) -> dict[str, float]:
        """Value of buy-and-hold by time."""
        self._settle()
        return self._hold

    @property
    def borrow(self) -> Decimal:
        """Overnight charges, money >= 0."""
        self._settle()
        return self._borrow

    @property
    def funding(self) -> Decimal:
        """Funding of perpetuals, money: received above 0, paid below 0."""
        self._settle()
        return self._funding

    def charge(self, movement: CashMovement) -> None:
        """Add a movement of cash; only overnight charges and funding count."""
        if movement.kind in NIGHTS:
            self._borrow -= movement.amount
        elif movement.kind == "funding":
            self._funding += movement.amount

    def add(self, changes: Changes) -> None:
        """Add what happened since the last call; the caller must not change it afterwards."""
        if changes:
            self._taken.append(changes)
            if self._newest and len(self._taken) >= MOST_TAKEN:
                self._settle()

    def see(self, point: EquityPoint) -> None:
        """Add the next point of the curves."""
        self._points.append(point)

    def keep(self, newest: int) -> None:
        """Keep only the newest `newest` entries of each map, now and from now on; curves stay."""
        self._newest = newest

    def _settle(self) -> None:
        taken, self._taken = self._taken, []
        for changes in taken:
            for order_id, each in changes.orders.items():
                self._orders[order_id] = order_json(each)
            for fill in changes.fills:
                self._fills[fill.id] = fill_json(fill)
            for trade in changes.trades:
                self._trades[trade.id] = trade_json(trade)
            for decision in changes.decisions:
                self._decisions[decision.id] = decision_json(decision)
            for movement in changes.movements:
                self.charge(movement)
            if self._newest:
                self._forget()
        points, self._points = self._points, []
        for point in points:
            at = iso(point.ts)
            self._equity[at] = number(point.equity)
            if point.hold is not None:
                self._hold[at] = number(point.hold)

    def _forget(self) -> None:
        for entries in (self._fills, self._orders, self._trades, self._decisions):
            while len(entries) > self._newest:
                del entries[next(iter(entries))]

    @property
    def is_empty(self) -> bool:
        """True if nothing happened; curves do not count."""
        if self._taken or self._borrow or self._funding:
            return False
        return not (self._fills or self._orders or self._trades or self._decisions)

    def orders_in_time(self) -> Json:
        """Return the orders by time of decision, then id: the same after a restart."""
        return dict(sorted(self.orders.items(), key=lambda item: (item[1]["ts"], item[0])))


def changes_of_day(ledger: LedgerReader, bot: str, day: str) -> Changes:
    """Return one market day from the ledger, with the orders of earlier days that changed on it."""
    changes = ledger.changes(bot, day)
    changes.orders = {
        record.order.id: record
        for record in ledger.orders(bot)
        if day in (record.order.decided_at.date().isoformat(), record.updated_at.date().isoformat())
    }
    return changes


def days_of(changes: Changes, closes: Sequence[str]) -> dict[str, Record]:
    """Return what happened by market day, with each order in its state at the end of that day.

    Args:
        changes: everything in the ledger of a bot that trades at closes, where a market day is a UTC day.
        closes: the market days on which it was marked, ascending; a request between two of them belongs to the later
            one, and to the day "" if that has not come.
    """

    def of(ts: datetime) -> str:
        index = bisect_left(closes, ts.date().isoformat())
        return closes[index] if index < len(closes) else ""

    days: dict[str, Record] = defaultdict(Record)
    filled: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for fill in changes.fills:
        day = fill.known_at.date().isoformat()
        days[day].fills[fill.id] = fill_json(fill)
        parts = filled[fill.order_id]
        parts[day] = parts.get(day, ZERO) + fill.quantity
    for record in changes.orders.values():
        parts = filled[record.order.id]
        ended = of(record.updated_at)
        entry = _entry_of(record.order.id, changes)
        # the exits of a bracket rest from the fill of their entry on, though they were decided with it
        begun = min(filled[entry]) if filled.get(entry) else of(record.order.decided_at)
        for day in {begun, ended, *parts}:
            so_far = sum((quantity for at, quantity in parts.items() if at <= day), ZERO)
            is_last = not day or (ended and day >= ended)
            then = replace(record, filled_quantity=so_far)
            if not is_last:
                then = replace(then, status=OrderStatus.OPEN, detail="")
            days[day].orders[record.order.id] = order_json(then)
    for trade in changes.trades:
        days[of(trade.closed_at)].trades[trade.id] = trade_json(trade)
    for decision in changes.decisions:
        days[of(decision.ts)].decisions[decision.id] = decision_json(decision)
    for movement in changes.movements:
        if movement.kind in NIGHTS or movement.kind == "funding":
            days[of(movement.ts)].charge(movement)
    return dict(days)


def _entry_of(exit_id: str, changes: Changes) -> str:
    """Return the id of the order whose bracket contains the exit `exit_id`, or `""`."""
    base, _, role = exit_id.rpartition("-")
    if role not in ("stop", "target"):
        return ""
    return next((each for each in (base, base.rpartition("-")[0]) if each in changes.orders), "")


def earlier_days(ledger: LedgerReader, bot: str, settings: BotSettings, before: str, since: datetime) -> Json:
    """Return the summaries of the market days of `bot` before the day `before`, by day.

    Args:
        ledger: ledger of the run.
        bot: name of an intraday bot, whose sessions begin and end on one UTC day.
        settings: its settings.
        before: first day that is left out.
        since: market time at which its account began.
    """
    changes = ledger.changes(bot)
    equity: dict[str, Decimal] = {}
    for point in ledger.equity(bot):
        equity[point.ts.date().isoformat()] = point.equity
    fees: dict[str, Decimal] = defaultdict(Decimal)
    slippage: dict[str, Decimal] = defaultdict(Decimal)
    borrow: dict[str, Decimal] = defaultdict(Decimal)
    funding: dict[str, Decimal] = defaultdict(Decimal)
    moved: dict[str, Decimal] = defaultdict(Decimal)
    fills: dict[str, int] = defaultdict(int)
    trades: dict[str, int] = defaultdict(int)
    for fill in changes.fills:
        day = fill.known_at.date().isoformat()
        fees[day] += fill.fee
        slippage[day] += fill.slippage
        fills[day] += 1
    for trade in changes.trades:
        trades[trade.closed_at.date().isoformat()] += 1
    for movement in changes.movements:
        day = movement.ts.date().isoformat()
        moved[day] += movement.amount
        if movement.kind in NIGHTS:
            borrow[day] -= movement.amount
        elif movement.kind == "funding":
            funding[day] += movement.amount
    shown: Json = {}
    start = last = settings.cash
    money = unit_json(settings.unit)
    cash = sum((amount for day, amount in moved.items() if day < min(equity, default=before)), ZERO)
    total_fees = total_slippage = total_borrow = total_funding = ZERO
    for day in sorted(equity):
        if day >= before:
            break
        cash += moved[day]
        total_fees += fees[day]
        total_slippage += slippage[day]
        total_borrow += borrow[day]
        total_funding += funding[day]
        of_day = Result(fees[day], slippage[day], equity[day] - last, last, borrow[day], funding[day])
        so_far = Result(total_fees, total_slippage, equity[day] - start, start, total_borrow, total_funding)
        shown[day] = {
            "exchange": settings.exchange,
            **money,
            "day": day,
            "equity": number(equity[day]),
            "cash": number(cash),
            "day_pnl": result_json(of_day, None),
            "total_pnl": result_json(so_far, since),
            "trades": trades[day],
            "fills": fills[day],
        }
        last = equity[day]
    return shown
