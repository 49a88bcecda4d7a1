"""Bringing new bots to where the ledger stands: accounts from the ledger, strategies by watching the bars again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from aion.bot.account import BotAccount
from aion.ledger.ledger import Ledger
from aion.market.exchange import ALWAYS
from aion.market.feed import Feed, Kind
from aion.market.grid import MINUTE
from aion.model import Fill

LONGEST_CLOSURE = timedelta(days=10)  # of an exchange between two sessions
ONE_DAY = timedelta(days=1)  # the session before, where markets never close
MINUTES_A_DAY = 1440
SHORTEST_SESSION = 180  # minutes of a half-day
CALENDAR_DAYS = 1.5  # calendar days a trading day, holidays included, rounded up


class PositionHistory:
    """What a bot held at any market time, by its fills; asked in order of time."""

    def __init__(self, fills: Iterable[Fill]) -> None:
        """Args: fills: of the bot."""
        self._fills = sorted(fills, key=lambda fill: fill.known_at)
        self._next = 0
        self._held: dict[str, Decimal] = {}

    def at(self, ts: datetime) -> dict[str, Decimal]:
        """Return the signed quantities after the fills that were known at `ts`."""
        while self._next < len(self._fills) and self._fills[self._next].known_at <= ts:
            fill = self._fills[self._next]
            held = self._held.pop(fill.symbol, Decimal(0)) + fill.quantity * fill.side.sign
            if held:
                self._held[fill.symbol] = held
            self._next += 1
        return dict(self._held)


def ledger_cursor(bots: Iterable[BotAccount], ledger: Ledger, begins_at: datetime) -> datetime:
    """Return the market time up to which the ledger has dealt with the bars of these bots, all of one kind.

    Args:
        bots: all of one kind.
        ledger: of the run.
        begins_at: market time at which a new run begins.
    """
    saved = (ledger.load_account(bot.name) for bot in bots)
    return max((account.cursor for account in saved if account is not None), default=begins_at)


def restore_accounts(bots: Iterable[BotAccount], ledger: Ledger, cursor: datetime) -> None:
    """Give each bot the account that the ledger has of it, and open one at `cursor` for those that have none.

    Raises:
        LedgerError: the ledger cannot be read or written.
    """
    for bot in bots:
        account = ledger.load_account(bot.name)
        if account is not None:
            bot.restore(account, ledger)
        else:
            bot.started_at = bot.cursor = cursor
            ledger.open_account(bot.name, bot.portfolio.cash, cursor, bot.save())


def watch_again(
    bots: Iterable[BotAccount], feed: Feed, kind: Kind, ledger: Ledger, begins_at: datetime, cursor: datetime
) -> None:
    """Hand the bots all bars from a warm-up before the run to `cursor`, as they were handed them before.

    To be called before `restore_accounts`, because watching a new day begins an empty record of it.

    Args:
        bots: all of one kind.
        feed: where the bars come from.
        kind: of the bars.
        ledger: of the run: what was held when.
        begins_at: market time at which the run began; the warm-up lies before it.
        cursor: market time of the last bar to hand over.
    """
    bots = list(bots)
    symbols = frozenset(symbol for bot in bots for symbol in bot.actions.symbols)
    if not symbols:
        return
    histories = {bot.name: PositionHistory(ledger.changes(bot.name).fills) for bot in bots}
    look_back = max(bot.strategy.look_back for bot in bots)
    minutes = look_back * (feed.interval // MINUTE)
    if all(bot.settings.exchange == ALWAYS for bot in bots):
        days, closure = (look_back, ONE_DAY) if kind == "day" else (minutes / MINUTES_A_DAY, ONE_DAY)
    else:
        days = look_back * CALENDAR_DAYS if kind == "day" else minutes / SHORTEST_SESSION * CALENDAR_DAYS
        closure = LONGEST_CLOSURE
    for batch in feed.batches(kind, symbols, begins_at - closure - timedelta(days=days)):
        if batch.ts > cursor:
            return
        for bot in bots:
            bars = {symbol: batch.bars[symbol] for symbol in bot.actions.symbols if symbol in batch.bars}
            if bars:
                bot.watch(bars, batch.ts, histories[bot.name].at(batch.ts))
