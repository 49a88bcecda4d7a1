"""Totals that are kept from change to change: what a bot adds is taken away again without a trace.

All sums are exact (`exact`), so that they come to the same as a sum of everything, to the last digit.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from aion.currency import decimals_of
from aion.store.document.part import Pnl
from aion.web.bundle.curve import Fall
from aion.web.bundle.document import BotRow, BotView, IndexDay, IndexTotal
from aion.web.bundle.exact import EXACT, decimal
from aion.web.bundle.fall import Closes, TotalFall, fall_at, fall_of_one, first_of, with_days
from aion.web.bundle.reading import Key
from aion.web.bundle.total import DAYS_SHOWN, Member, most_decimals, positions_value

MOST_NAMED = 20  # bots that a day lacks
_MONEY = ("equity", "cash", "start_equity", "net")
_PNL = ("gross", "fees", "slippage", "borrow", "funding", "net")


class Sum:
    """A sum of figures, some of which may not be said."""

    __slots__ = ("count", "value")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.value = Decimal(0)
        self.count = 0
        """Figures that are said."""

    def add(self, figure: Decimal | None) -> None:
        """Add a figure."""
        if figure is not None:
            self.value = EXACT.add(self.value, figure)
            self.count += 1

    def take(self, figure: Decimal | None) -> None:
        """Take a figure away that was added."""
        if figure is not None:
            self.value = EXACT.subtract(self.value, figure)
            self.count -= 1

    def of(self, count: int) -> float | None:
        """Return the sum of `count` figures, None where one of them is not said."""
        return float(self.value) if self.count == count else None


class Newest:
    """The newest of some times, looked for only after it went."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        """Begin without a time."""
        self.value: datetime | None = None
        """None where it must be looked for, or there is none."""

    def put(self, old: datetime | None, new: datetime | None, *, is_first: bool) -> None:
        """Let a time go and another one come; `is_first` where there was no other before."""
        if is_first or (self.value is not None and new is not None and new >= self.value):
            self.value = new
        elif old is not None and old == self.value:
            self.value = None

    def of(self, times: Iterable[datetime]) -> datetime:
        """Return the newest of `times`, which are all that came and did not go."""
        if self.value is None:
            self.value = max(times)
        return self.value


@dataclass(slots=True)
class Record:
    """What one bot adds to the totals of its currency."""

    view: BotView | BotRow
    figures: dict[str, Decimal | None]
    open_positions: int
    closes: Closes
    first: tuple[datetime, float] | None
    days: dict[str, dict[str, Decimal | None]]
    """Result of each market day for which it is marked."""
    start: tuple[str, float] = ("", 0.0)
    """A day, and its equity before that."""

    @classmethod
    def of(cls, member: Member, days: dict[str, Pnl]) -> "Record":
        """Return the record of a bot that is marked for `days`."""
        figures = {name: _said(getattr(member.view, name)) for name in _MONEY}
        figures["positions_value"] = _said(positions_value(member))
        closes = with_days(member.closes, member.earlier)
        results = {day: {name: _said(getattr(pnl, name)) for name in _PNL} for day, pnl in days.items()}
        return cls(member.view, figures, member.positions.open, closes, first_of(member.view, closes), results)

    def before(self, day: str) -> float:
        """Return its equity before a day, at first what it began with."""
        if self.start[0] != day:
            earlier = [value for at, (_, value) in self.closes.items() if at < day]
            self.start = day, earlier[-1] if earlier else self.first[1] if self.first is not None else 0.0
        return self.start[1]


@dataclass(slots=True)
class _Close:
    """What the bots have at the end of one day."""

    total: Sum = field(default_factory=Sum)
    newest: Newest = field(default_factory=Newest)


@dataclass(slots=True)
class _Day:
    """What the bots made on one market day."""

    sums: dict[str, Sum] = field(default_factory=lambda: {name: Sum() for name in _PNL})
    bots: Counter[str] = field(default_factory=Counter)
    """By name; two for a moment, while it goes from one of two bots of that name to the other."""


class RunningTotal:
    """The total of one currency."""

    def __init__(self, currency: str) -> None:
        """Begin without a bot."""
        self.records: dict[Key, Record] = {}
        self._names: Counter[str] = Counter()
        """Bots by name; two may have the same."""
        self._currency = currency
        self._sums = {name: Sum() for name in (*_MONEY, "positions_value")}
        self._open = 0
        self._decimals = Counter[int]()
        """How many bots have money of so many decimals."""
        self._unknown = 0
        """Bots that do not say when they began."""
        self._began = Newest()
        self._as_of = Newest()
        self._start = "", Sum()
        """A day, and what the bots had before it."""
        self._closes: dict[str, _Close] = {}
        self._days: dict[str, _Day] = {}

    def put(self, key: Key, record: Record | None) -> None:
        """Let a bot add what `record` says from now on, and nothing else."""
        before = self.records.pop(key, None)
        if record is not None:
            self.records[key] = record
        self._names[key[1]] += (record is not None) - (before is not None)
        if not self._names[key[1]]:
            del self._names[key[1]]
        for name, running in self._sums.items():
            running.take(before.figures[name] if before is not None else None)
            running.add(record.figures[name] if record is not None else None)
        old, new = (each.first if each is not None else None for each in (before, record))
        self._unknown += (record is not None and new is None) - (before is not None and old is None)
        is_first = len(self.records) == (record is not None)
        self._began.put(old and old[0], new and new[0], is_first=is_first)
        self._as_of.put(
            before.view.as_of if before is not None else None,
            record.view.as_of if record is not None else None,
            is_first=is_first,
        )
        day, start = self._start
        if day:
            start.take(Decimal(before.before(day)) if before is not None else None)
            start.add(Decimal(record.before(day)) if record is not None else None)
        self._put_decimals(before, record)
        self._open += (record.open_positions if record else 0) - (before.open_positions if before else 0)
        self._put_closes(before.closes if before else {}, record.closes if record else {})
        self._put_days(key[1], before.days if before else {}, record.days if record else {})

    def _put_decimals(self, *records: Record | None) -> None:
        usual = decimals_of(self._currency)
        for record, change in zip(records, (-1, 1), strict=True):
            if record is not None:
                self._decimals[usual if record.view.decimals is None else record.view.decimals] += change

    def _put_closes(self, before: Closes, after: Closes) -> None:
        for day in before.keys() | after.keys():
            old, new = before.get(day), after.get(day)
            if old == new:
                continue
            close = self._closes.setdefault(day, _Close())
            if old is not None:
                close.total.take(Decimal(old[1]))
            is_first = not close.total.count
            if new is not None:
                close.total.add(Decimal(new[1]))
            close.newest.put(old and old[0], new and new[0], is_first=is_first)
            if not close.total.count:
                del self._closes[day]

    def _put_days(
        self, bot: str, before: dict[str, dict[str, Decimal | None]], after: dict[str, dict[str, Decimal | None]]
    ) -> None:
        for day in before.keys() | after.keys():
            old, new = before.get(day), after.get(day)
            if old == new:
                continue
            found = self._days.setdefault(day, _Day())
            for name, running in found.sums.items():
                running.take(old[name] if old is not None else None)
                running.add(new[name] if new is not None else None)
            found.bots[bot] += (new is not None) - (old is not None)
            if not found.bots[bot]:
                del found.bots[bot]
            if not found.bots:
                del self._days[day]

    def total(self) -> IndexTotal:
        """Return it; there must be a bot."""
        count = len(self.records)
        equity = self._sums["equity"].of(count) or 0.0
        found = self._fall(equity)
        fall = found.fall if found else Fall()
        figures: dict[str, Any] = dict(
            currency=self._currency,
            decimals=most_decimals(self._currency, (+self._decimals).keys()),
            bots=count,
            equity=equity,
            cash=self._sums["cash"].of(count),
            positions_value=self._sums["positions_value"].of(count),
            open_positions=self._open,
            start_equity=self._sums["start_equity"].of(count),
            net=self._sums["net"].of(count),
            drawdown=fall.drawdown,
            max_drawdown=fall.max_drawdown,
            peak_at=fall.peak_at,
            drawdown_since=found.since if found else None,
            is_at_closes=found.is_at_closes if found else None,
            days={day: self._day(day) for day in sorted(self._days, reverse=True)[:DAYS_SHOWN]},
        )
        return IndexTotal.model_construct(**figures)

    def _day(self, day: str) -> IndexDay:
        found = self._days[day]
        sums = {name: float(running.value) for name, running in found.sums.items()}
        # a day's bots are among all: where as many are marked, none is missing, and nobody looks for it
        missing = self._names.keys() - found.bots.keys() if len(found.bots) < len(self._names) else set[str]()
        figures: dict[str, Any] = dict(
            gross=sums["gross"],
            fees=sums["fees"],
            slippage=sums["slippage"],
            borrow=sums["borrow"] or None,
            funding=sums["funding"] if found.sums["funding"].count else None,
            net=sums["net"],
            bots=len(found.bots),
            missing=nsmallest(MOST_NAMED, missing),
            missing_total=len(missing),
        )
        return IndexDay.model_construct(**figures)

    def _fall(self, equity: float) -> TotalFall | None:
        records = self.records.values()
        if len(records) == 1:
            return fall_of_one(next(iter(records)).view)
        if self._unknown:
            return None
        began = self._began.of(each.first[0] for each in records if each.first is not None)
        day = str(began.date())
        if self._start[0] != day:
            self._start = day, Sum()
            for each in records:
                self._start[1].add(Decimal(each.before(day)))
        points = [(began, float(self._start[1].value))]
        for at in sorted(at for at, close in self._closes.items() if at >= day and close.total.count == len(records)):
            newest = self._closes[at].newest.of(each.closes[at][0] for each in records)
            points.append((newest, float(self._closes[at].total.value)))
        points.append((self._as_of.of(each.view.as_of for each in records), equity))
        return fall_at(points, began)


class RunningTotals:
    """The totals of all currencies."""

    def __init__(self) -> None:
        """Begin without a bot."""
        self._totals: dict[str, RunningTotal] = {}
        self._currencies: dict[Key, str] = {}

    def put(self, key: Key, member: Member | None, days: dict[str, Pnl]) -> None:
        """Let a bot add to the totals what it says now.

        Args:
            key: its kind and name.
            member: None for a bot that adds nothing.
            days: its results by market day; those of two bots of one name are given with one of them.
        """
        before = self._currencies.pop(key, None)
        currency = member.view.currency if member is not None else None
        if before is not None and before != currency:
            self._totals[before].put(key, None)
            if not self._totals[before].records:
                del self._totals[before]
        if member is not None and currency is not None:
            self._currencies[key] = currency
            running = self._totals.setdefault(currency, RunningTotal(currency))
            running.put(key, Record.of(member, days))

    def keys(self) -> Iterable[Key]:
        """Return the bots that add something."""
        return self._currencies.keys()

    def totals(self) -> dict[str, IndexTotal]:
        """Return the totals by currency."""
        return {currency: running.total() for currency, running in sorted(self._totals.items())}


def _said(figure: float | None) -> Decimal | None:
    return None if figure is None else decimal(figure)
