"""What earlier market days came to, from the ledger alone."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from aion.bot.record import Json, number, result_json
from aion.config import BotSettings
from aion.model import ZERO, cents
from aion.trading.query import LedgerReader
from aion.trading.record import Result


def earlier_days(ledger: LedgerReader, bot: str, settings: BotSettings, before: str, since: datetime) -> Json:
    """Return the summaries of the market days of `bot` before the day `before`, by day.

    Args:
        ledger: of the run.
        bot: name of an intraday bot, whose sessions begin and end on one UTC day.
        settings: of it.
        before: day that is left out, with all later ones.
        since: market time at which its account began.
    """
    changes = ledger.changes(bot)
    equity: dict[str, Decimal] = {}
    for point in ledger.equity(bot):
        equity[point.ts.date().isoformat()] = point.equity
    fees: dict[str, Decimal] = defaultdict(Decimal)
    slippage: dict[str, Decimal] = defaultdict(Decimal)
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
        if movement.kind not in ("deposit", "fill", "dividend"):
            fees[day] -= movement.amount
    shown: Json = {}
    start = last = settings.cash
    cash = sum((amount for day, amount in moved.items() if day < min(equity, default=before)), ZERO)
    total_fees = total_slippage = ZERO
    for day in sorted(equity):
        if day >= before:
            break
        cash += moved[day]
        total_fees += fees[day]
        total_slippage += slippage[day]
        shown[day] = {
            "exchange": settings.exchange,
            "currency": settings.currency,
            "day": day,
            "equity": number(equity[day]),
            "cash": number(cash),
            "day_pnl": result_json(Result(fees[day], cents(slippage[day]), equity[day] - last, last), None),
            "total_pnl": result_json(Result(total_fees, cents(total_slippage), equity[day] - start, start), since),
            "trades": trades[day],
            "fills": fills[day],
        }
        last = equity[day]
    return shown
