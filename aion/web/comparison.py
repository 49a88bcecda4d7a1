"""Several bots side by side: their curves on one common span, what they make together, how their days correlate.

Curves are time-weighted, so that deposits are no result; each is 1 on the first day of the span. Nothing is drawn
over a day that one of them lacks, and money of two currencies is never added: together are those of one mode and
currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import combinations, pairwise
from statistics import StatisticsError, correlation

from pydantic import Field

from aion import performance
from aion.model import Mode
from aion.scalar import BotId, Day, Fraction, Key, Money, Number, Text
from aion.store.document.base import Document, made
from aion.web.history import Closed, closes_of_curve

MOST_BOTS = 12
LEAST_DAYS = 10
"""Days with a result of both, below which a correlation says nothing."""


class Line(Document):
    """One bot, or several together, over the common span."""

    name: Key = Field(description="Id of the bot; of several together their mode and currency.")
    mode: Mode
    currency: str
    bots: list[BotId] = Field(default_factory=list)
    first: Day = Field(description="First day that is known of it, also before the span.")
    last: Day
    growth: dict[Day, Number] = Field(default_factory=dict, description="1 on the first day of the span.")
    total_return: Fraction | None = Field(None, description="Over the span.")
    max_drawdown: Fraction | None = Field(None, ge=0, description="Between two closes of the span.")
    hold: dict[Day, Number] = Field(default_factory=dict, description="Buy and hold, where the bot's file has it.")


class Pair(Document):
    """How the daily returns of two bots go together."""

    one: BotId
    other: BotId
    days: int = Field(description="On which both have a return.")
    value: Number | None = Field(
        None, description=f"Pearson's correlation, -1 to 1; absent below {LEAST_DAYS} days, or where one never moves."
    )


class Comparison(Document):
    """Bots side by side."""

    first: Day | None = Field(None, description="Of the span that all of them have; absent where there is none.")
    last: Day | None = None
    problem: Text = Field("", description="Why there is no common span.")
    bots: list[Line] = Field(default_factory=list, description="In the order asked for.")
    together: list[Line] = Field(default_factory=list, description="By mode and currency, where there are several.")
    pairs: list[Pair] = Field(default_factory=list)
    missing: dict[BotId, Text] = Field(default_factory=dict, description="Bots without a curve, and why.")


@dataclass(frozen=True, slots=True)
class _Curve:
    """What is known of one bot."""

    bot: str
    mode: Mode
    currency: str
    equity: dict[str, float]
    growth: dict[str, float]
    returns: dict[str, float]
    """Of each day whose day before is known too."""
    hold: dict[str, float]


def compare(found: Mapping[str, Closed], errors: Mapping[str, str]) -> Comparison:
    """Return bots side by side.

    Args:
        found: what is kept of each, by id, in order.
        errors: bots that cannot be read, and why.
    """
    curves: list[_Curve] = []
    missing = dict(errors)
    for bot, closed in found.items():
        curve = _curve(bot, closed)
        if isinstance(curve, str):
            missing[bot] = curve
        else:
            curves.append(curve)
    answer = made(Comparison)(missing=missing)
    if not curves:
        return answer
    first, last = max(min(each.growth) for each in curves), min(max(each.growth) for each in curves)
    if first >= last:
        late = max(curves, key=lambda each: min(each.growth)).bot
        early = min(curves, key=lambda each: max(each.growth)).bot
        answer.problem = f"{early} is known until {last} and {late} from {first} on: they have no two days in common"
        answer.bots = [_line(each, "", "") for each in curves]
        return answer
    answer.first, answer.last = first, last
    answer.bots = [_line(each, first, last) for each in curves]
    answer.together = _together(curves, first, last)
    answer.pairs = [_pair(one, other) for one, other in combinations(curves, 2)]
    return answer


def _curve(bot: str, closed: Closed) -> _Curve | str:
    """Return what is known of a bot, or why nothing is."""
    state = closed.state
    equity = {day: value for day, value in closed.equity.items() if value is not None}
    if state is None or len(equity) < 2:
        return f"it has {'one day' if len(equity) == 1 else 'no day'} that can be read: a curve needs two"
    flows = [(_noon(str(flow.ts.date())), flow.amount) for flow in state.flows.values()]
    index = performance.growth_index([(_noon(day), value) for day, value in equity.items()], flows)
    if index is None:
        return "its equity was at or below zero: it has no return"
    growth = dict(zip(equity, index, strict=True))
    order = {day: number for number, day in enumerate(closed.equity)}
    returns = {
        day: after / before - 1
        for (earlier, before), (day, after) in pairwise(growth.items())
        if order[day] == order[earlier] + 1 and before > 0
    }
    return _Curve(bot, state.mode, state.currency, equity, growth, returns, closes_of_curve(state.hold_curve))


def _line(curve: _Curve, first: str, last: str) -> Line:
    days = {day: value for day, value in curve.growth.items() if first <= day <= last}
    return _of(curve.bot, curve, [curve.bot], days, {day: v for day, v in curve.hold.items() if first <= day <= last})


def _of(name: str, curve: _Curve, bots: list[str], days: dict[str, float], hold: Mapping[str, float]) -> Line:
    growth = _from_one(days)
    return made(Line)(
        name=name,
        mode=curve.mode,
        currency=curve.currency,
        bots=bots,
        first=min(curve.growth),
        last=max(curve.growth),
        growth=growth,
        total_return=round(list(growth.values())[-1] - 1, 8) if len(growth) > 1 else None,
        max_drawdown=round(performance.max_drawdown(growth.values()), 8) if len(growth) > 1 else None,
        hold=_from_one(hold),
    )


def _together(curves: Sequence[_Curve], first: str, last: str) -> list[Line]:
    """Return what the bots of each mode and currency make together: each day's result over what they were worth."""
    groups: dict[tuple[Mode, str], list[_Curve]] = {}
    for each in curves:
        groups.setdefault((each.mode, each.currency), []).append(each)
    lines = []
    for (mode, currency), group in groups.items():
        if len(group) < 2:
            continue
        days = [
            day for day in sorted(set.intersection(*(set(each.growth) for each in group))) if first <= day <= last
        ]
        growth = {days[0]: 1.0} if days else {}
        for before, day in pairwise(days):
            worth: list[Money] = [each.equity[before] for each in group]
            made_of = [each.growth[day] / each.growth[before] - 1 for each in group]
            result = sum(value * part for value, part in zip(worth, made_of, strict=True))
            growth[day] = growth[before] * (1 + result / sum(worth))
        bots = [each.bot for each in group]
        lines.append(_of(f"{mode} {currency}", group[0], bots, growth, {}))
    return lines


def _pair(one: _Curve, other: _Curve) -> Pair:
    days = sorted(one.returns.keys() & other.returns.keys())
    found = made(Pair)(one=one.bot, other=other.bot, days=len(days))
    if len(days) >= LEAST_DAYS:
        try:
            value = correlation([one.returns[day] for day in days], [other.returns[day] for day in days])
        except StatisticsError:  # one of them never moves
            return found
        found.value = round(max(-1.0, min(1.0, value)), 6)
    return found


def _from_one(values: Mapping[str, float]) -> dict[str, float]:
    """Return `values` divided by the first of them; nothing where that is not above 0."""
    first = next(iter(values.values()), 0.0)
    return {day: round(value / first, 8) for day, value in values.items()} if first > 0 else {}


def _noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), UTC)
