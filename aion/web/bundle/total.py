"""Totals of each currency: sums over the bots that say a figure, and no sum where one of them does not."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aion.web.bundle.exact import total
from aion.web.bundle.fall import Closes, fall_of_one, fall_of_sum, with_days
from aion.web.state import Json

DAYS_SHOWN = 2
DayPnl = dict[str, dict[str, Json]]
"""Result of a market day: `Pnl` by bot, by day."""


@dataclass(frozen=True, slots=True)
class Member:
    """One bot in the sums."""

    view: Json
    """Its `BotView`; its lists may be short."""
    closes: Closes
    """The last point of its curve on each day."""
    positions: list[Json]
    """All its positions."""
    earlier: dict[str, float] = field(default_factory=dict)
    """Its equity at the end of market days that may not be in its curve."""
    has_left_out_positions: bool = False
    """True where positions of its file could not be read."""


def totals(members: Iterable[Member], days: DayPnl) -> dict[str, Json]:
    """Return `Total` by currency.

    Args:
        members: bots of one mode.
        days: what each bot made on the market days for which it is marked.
    """
    groups: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda member: str(member.view["bot"])):
        groups.setdefault(member.view["currency"], []).append(member)
    return {currency: _total(currency, group, days) for currency, group in sorted(groups.items())}


def _total(currency: str, members: list[Member], days: DayPnl) -> Json:
    bots = [member.view for member in members]
    names = [bot["bot"] for bot in bots]
    found: Json = {
        "currency": currency,
        "bots": names,
        "equity": _money(bot["equity"] for bot in bots),
        "open_positions": sum(held["quantity"] != 0 for member in members for held in member.positions),
        "days": _days(names, days),
    }
    optional = {
        "cash": [bot.get("cash") for bot in bots],
        "positions_value": [_positions_value(member) for member in members],
        "start_equity": [bot.get("start_equity") for bot in bots],
        "net": [bot.get("net") for bot in bots],
    }
    for name, values in optional.items():
        said = [value for value in values if value is not None]
        if len(said) == len(bots):
            found[name] = _money(said)
    return found | (
        fall_of_one(bots[0])
        if len(members) == 1
        else fall_of_sum(
            [(member.view, with_days(member.closes, member.earlier)) for member in members], found["equity"]
        )
    )


def _positions_value(member: Member) -> float | None:
    values = [held.get("market_value") for held in member.positions]
    said = [value for value in values if value is not None]
    is_all = len(said) == len(values) and not member.has_left_out_positions
    if is_all and (values or member.view.get("cash") == member.view["equity"]):
        return total(said)
    cash = member.view.get("cash")
    return None if cash is None else total((member.view["equity"], -cash))


def _days(names: list[str], days: DayPnl) -> Json:
    shown: Json = {}
    marked = [day for day, results in days.items() if results.keys() & set(names)]
    for day in sorted(marked, reverse=True)[:DAYS_SHOWN]:
        results = days[day]
        inside = [name for name in names if name in results]
        shown[day] = {
            part: _money(results[name][part] for name in inside) for part in ("gross", "fees", "slippage", "net")
        }
        borrow = _money(results[name].get("borrow", 0) for name in inside)
        if borrow:
            shown[day]["borrow"] = borrow
        if any("funding" in results[name] for name in inside):
            shown[day]["funding"] = _money(results[name].get("funding", 0) for name in inside)
        shown[day]["bots"] = inside
        shown[day]["missing"] = [name for name in names if name not in results]
    return shown


def _money(values: Iterable[float]) -> float:
    return total(values)
