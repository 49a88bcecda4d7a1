"""Totals of each currency: sums over the bots that say a figure, and no sum where one of them does not."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from aion.currency import decimals_of
from aion.store.document.base import made
from aion.store.document.part import Pnl
from aion.web.bundle.curve import Fall
from aion.web.bundle.document import BotRow, BotView, DayTotal, Total
from aion.web.bundle.exact import total, whole_hundredths
from aion.web.bundle.fall import Closes, fall_of_one, fall_of_sum, with_days

DAYS_SHOWN = 2
DayPnl = dict[str, dict[str, Pnl]]
"""Result of a market day by bot, by day."""


class Held(NamedTuple):
    """A position in the sums."""

    quantity: float
    value: float | None
    """In the account's currency; None where neither the file nor a price says it."""
    result: float | None
    """Not realized."""


class Holdings:
    """The positions of a bot in the sums, and what they come to, which is reckoned once."""

    __slots__ = ("by_key", "cents", "gross", "open", "value")

    def __init__(self, by_key: dict[str, Held], before: "Holdings | None" = None, fresh: Iterable[str] = ()) -> None:
        """Make them.

        Args:
            by_key: all its positions.
            before: earlier ones of the same keys.
            fresh: keys of those that may differ from these.
        """
        self.by_key = by_key
        self.open = 0
        """How many are not empty."""
        self.value: float | None = None
        """Value of all of them, None where one does not say it."""
        self.gross: float | None = None
        """Long and short together of those that are not empty, None where one does not say it."""
        self.cents: _Cents | None = None
        """Their sums as whole hundredths, None where one is not said or has more decimals."""
        if before is None or before.cents is None or not self._follow(before, before.cents, fresh):
            self._sum_up()

    def _follow(self, before: "Holdings", known: "_Cents", fresh: Iterable[str]) -> bool:
        """Take over sums of positions that differ by `fresh` ones; tell whether these are whole hundredths."""
        value, gross, self.open = known.value, known.gross, before.open
        for key in fresh:
            old, new = before.by_key[key], self.by_key[key]
            was, now = (None if each.value is None else whole_hundredths(each.value) for each in (old, new))
            if was is None or now is None:
                return False
            value += now - was
            gross += (abs(now) if new.quantity else 0) - (abs(was) if old.quantity else 0)
            self.open += (new.quantity != 0) - (old.quantity != 0)
        self.cents = _Cents(value, gross)
        self.value, self.gross = value / 100, gross / 100
        return True

    def _sum_up(self) -> None:
        held = self.by_key.values()
        values = [each.value for each in held]
        said = [value for value in values if value is not None]
        self.open = len(values) - [each.quantity for each in held].count(0)
        self.value = total(said) if len(said) == len(values) else None
        counted = [each.value for each in held if each.quantity]
        told = [abs(value) for value in counted if value is not None]
        self.gross = total(told) if len(told) == len(counted) else None
        if self.value is not None and self.gross is not None:
            whole = [cents for each in said if (cents := whole_hundredths(each)) is not None]
            if len(whole) == len(said):
                paired = zip(held, whole, strict=True)
                self.cents = _Cents(sum(whole), sum(abs(each) for of, each in paired if of.quantity))


@dataclass(frozen=True, slots=True)
class _Cents:
    """Sums of positions in hundredths."""

    value: int
    gross: int


NOTHING = Holdings({})


@dataclass(frozen=True, slots=True)
class Member:
    """One bot in the sums."""

    view: BotView | BotRow
    closes: Closes
    """The last point of its curve on each day."""
    positions: Holdings
    earlier: dict[str, float] = field(default_factory=dict)
    """Its equity at the end of market days that may not be in its curve."""
    has_left_out_positions: bool = False
    """True where positions of its file could not be read."""


def totals(members: Iterable[Member], days: DayPnl) -> dict[str, Total]:
    """Return `Total` by currency.

    Args:
        members: bots of one mode.
        days: what each bot made on the market days for which it is marked.
    """
    groups: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda member: member.view.bot):
        groups.setdefault(member.view.currency, []).append(member)
    return {currency: _total(currency, group, days) for currency, group in sorted(groups.items())}


def _total(currency: str, members: list[Member], days: DayPnl) -> Total:
    bots = [member.view for member in members]
    names = [bot.bot for bot in bots]
    equity = total(bot.equity for bot in bots)
    if len(members) == 1:
        found = fall_of_one(bots[0])
    else:
        found = fall_of_sum([(each.view, with_days(each.closes, each.earlier)) for each in members], equity)
    fall = found.fall if found else Fall()
    return made(Total)(
        currency=currency,
        decimals=most_decimals(currency, (bot.decimals for bot in bots)),
        bots=names,
        equity=equity,
        cash=_all(bot.cash for bot in bots),
        positions_value=_all(positions_value(member) for member in members),
        open_positions=sum(member.positions.open for member in members),
        start_equity=_all(bot.start_equity for bot in bots),
        net=_all(bot.net for bot in bots),
        drawdown=fall.drawdown,
        max_drawdown=fall.max_drawdown,
        peak_at=fall.peak_at,
        drawdown_since=found.since if found else None,
        is_at_closes=found.is_at_closes if found else None,
        days=_days(names, days),
    )


def most_decimals(currency: str, said: Iterable[int | None]) -> int | None:
    """Return the most decimals of what bots say of their money, None for the usual ones."""
    usual = decimals_of(currency)
    most = max(usual if decimals is None else decimals for decimals in said)
    return None if most == usual else most


def _all(values: Iterable[float | None]) -> float | None:
    """Return the sum of `values`, None where one is not said."""
    given = list(values)
    said = [value for value in given if value is not None]
    return total(said) if len(said) == len(given) else None


def positions_value(member: Member) -> float | None:
    """Return the value of all positions of a bot, None where neither they nor its cash say it."""
    view, value = member.view, member.positions.value
    is_all = value is not None and not member.has_left_out_positions
    if is_all and (member.positions.by_key or view.cash == view.equity) and not _is_settled(member):
        return value
    return None if view.cash is None else total((view.equity, -view.cash))


def _is_settled(member: Member) -> bool:
    """Tell whether cash and what positions gained make the equity, as of futures: nobody paid their value."""
    cash, equity, value, held = member.view.cash, member.view.equity, member.positions.value, member.positions.by_key
    if cash is None or value is None or not held or _is_same(total((cash, value)), equity):
        return False
    gains = [each.result for each in held.values() if each.result is not None]
    return len(gains) == len(held) and _is_same(total((cash, *gains)), equity)


def _is_same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12)


def _days(names: list[str], days: DayPnl) -> dict[str, DayTotal]:
    shown: dict[str, DayTotal] = {}
    marked = [day for day, results in days.items() if results.keys() & set(names)]
    for day in sorted(marked, reverse=True)[:DAYS_SHOWN]:
        inside = {name: days[day][name] for name in names if name in days[day]}
        results = inside.values()
        funding = [each.funding for each in results if each.funding is not None]
        shown[day] = made(DayTotal)(
            gross=total(each.gross for each in results),
            fees=total(each.fees for each in results),
            slippage=total(each.slippage for each in results),
            borrow=total(each.borrow or 0 for each in results) or None,
            funding=total(funding) if funding else None,
            net=total(each.net for each in results),
            bots=list(inside),
            missing=[name for name in names if name not in inside],
        )
    return shown
