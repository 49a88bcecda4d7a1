"""What bots made today, this week, this month and since they began, by currency; honest about days not known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aion.model import Mode
from aion.scalar import Fraction, Money
from aion.store.document.base import made
from aion.store.document.part import Flow
from aion.web.bundle.document import BotRow, BotView
from aion.web.bundle.exact import fraction, total
from aion.web.bundle.fall import Closes, with_days
from aion.web.bundle.portfolio.document import MOST_NAMED, CurrencyTotal, SpanName, SpanTotal
from aion.web.bundle.total import most_decimals


@dataclass(frozen=True, slots=True)
class Account:
    """One bot as the sums of spans need it."""

    view: BotView | BotRow
    closes: Closes
    """The last point of its curve on each day."""
    earlier: Mapping[str, float]
    """Its equity at the end of market days that may not be in its curve."""
    flows: Iterable[Flow] = ()
    """Deposits and withdrawals."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one bot made in a span."""

    net: Money
    base: Money | None
    """What it was worth at the start of what is known; None where that is not known."""
    since: datetime | None
    """Start of what is known, where that is after the start of the span."""
    is_paid: bool = False
    """True where money was paid in or out."""


def market_day(view: BotView | BotRow) -> str:
    """Return the market day that a bot's figures are of."""
    return view.day or str(view.as_of.date())


def result_of(account: Account, first: str | None) -> Result | None:
    """Return what a bot made from the market day `first` on, None where it says nothing of that.

    Args:
        account: of the bot.
        first: ISO date; None for all since it began.
    """
    view = account.view
    flows = list(account.flows)
    if first is None:
        if view.net is None:
            return None
        return Result(view.net, view.start_equity, None, bool(flows))
    day = market_day(view)
    if day < first:
        return None
    closes = with_days(account.closes, account.earlier) if account.earlier else account.closes
    if any(value <= 0 for _, value in closes.values()):
        closes = {}  # a curve of profits says nothing of what the account was worth
    before = [close for at, close in closes.items() if at < first]
    if before:
        return _since(view, before[-1], flows, None)
    began = view.total_pnl.since if view.total_pnl is not None else None
    if began is not None and str(began.date()) >= first and view.net is not None:
        return Result(view.net, view.start_equity, None, bool(flows))
    inside = [(at, close) for at, close in closes.items() if at < day]
    if inside:
        return _since(view, inside[0][1], flows, inside[0][1][0])
    if view.day is None or view.day_pnl is None:
        return None
    net = view.day_pnl.net
    start = datetime.combine(date.fromisoformat(view.day), time(), UTC)
    is_paid = any(str(flow.ts.date()) >= view.day for flow in flows)
    base = None if is_paid else total((view.equity, -net))
    return Result(net, base, start if view.day > first else None, is_paid)


def _since(
    view: BotView | BotRow, close: tuple[datetime, float], flows: list[Flow], since: datetime | None
) -> Result:
    at, value = close
    paid = [flow.amount for flow in flows if flow.ts > at]
    return Result(total((view.equity, -value, *(-amount for amount in paid))), value, since, bool(paid))


def firsts(day: str) -> dict[SpanName, str | None]:
    """Return the first market day of each span that ends with `day`; a week begins on Monday."""
    today = date.fromisoformat(day)
    monday = today - timedelta(days=today.weekday())
    return {"today": day, "week": str(monday), "month": str(today.replace(day=1)), "start": None}


def span_total(accounts: list[Account], first: str | None) -> SpanTotal:
    """Return the sum of what bots of one mode and currency made from the market day `first` on."""
    found: dict[str, Result] = {}
    missing: list[str] = []
    for account in accounts:
        result = result_of(account, first)
        if result is None:
            missing.append(account.view.bot)
        else:
            found[account.view.bot] = result
    shown = made(SpanTotal)(first=first, bots=len(found))
    shown.missing, shown.missing_total = missing[:MOST_NAMED], len(missing)
    partial = {bot: result.since for bot, result in found.items() if result.since is not None}
    shown.partial, shown.partial_total = dict(list(partial.items())[:MOST_NAMED]), len(partial)
    shown.since = max(partial.values(), default=None)
    if found:
        shown.net = total(result.net for result in found.values())
        shown.net_return = _return(list(found.values()), shown.net)
    return shown


def _return(results: list[Result], net: Money) -> Fraction | None:
    bases = [result.base for result in results if result.base is not None and not result.is_paid]
    base = total(bases)
    return fraction(net / base) if len(bases) == len(results) and base > 0 else None


def currency_totals(accounts: Iterable[Account]) -> list[CurrencyTotal]:
    """Return the sums by mode and currency, those of the most bots first."""
    groups: dict[tuple[Mode, str], list[Account]] = {}
    for account in sorted(accounts, key=lambda each: each.view.bot):
        if account.view.mode is not None:
            groups.setdefault((account.view.mode, account.view.currency), []).append(account)
    shown = []
    for (mode, currency), group in groups.items():
        day = max(market_day(account.view) for account in group)
        shown.append(
            made(CurrencyTotal)(
                mode=mode,
                currency=currency,
                decimals=most_decimals(currency, (account.view.decimals for account in group)),
                bots=len(group),
                equity=total(account.view.equity for account in group),
                day=day,
                spans={name: span_total(group, first) for name, first in firsts(day).items()},
            )
        )
    return sorted(shown, key=lambda each: (-each.bots, each.mode, each.currency))
