"""The bots of one run, made and brought to where its ledger stands in one way, whoever drives them."""

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime

from aion.bot.account import BotAccount
from aion.bot.intraday import IntradayBot
from aion.bot.schedule import Pace
from aion.bot.swing import SwingBot
from aion.config import BotSettings, Risk
from aion.engine.daytrading import DayTradingJob
from aion.engine.resume import restore_accounts, watch_again
from aion.engine.swing_job import SwingJob
from aion.ledger.ledger import Ledger
from aion.market.feed import Batch, Feed, Kind
from aion.output.envelope import Stamp
from aion.output.process_log import ProcessLog
from aion.store.layout import Layout
from aion.trading.risk import DeskGate

Times = Mapping[Kind, datetime]
"""Market times by the kind of bars."""


class RunBots:
    """All bots of one run: their two jobs, the gate of the limits over all of them, and the bars that they want."""

    def __init__(
        self,
        bots: Mapping[str, BotSettings],
        risk: Risk,
        feed: Feed,
        stamp: Stamp,
        layout: Layout,
        log: ProcessLog,
        pace: Pace,
        begins: Times,
        ends_at: datetime,
    ) -> None:
        """Make the bots.

        Args:
            bots: their settings by name.
            risk: limits over all of them together.
            feed: where bars come from.
            stamp: mode and run of all documents.
            layout: of the folder that they write to.
            log: of the process.
            pace: how market time becomes wall time.
            begins: bots trade on the bars that close after it.
            ends_at: market time of the last bar.

        Raises:
            ConfigError: a bot that cannot work.
        """
        intraday: dict[str, IntradayBot] = {}
        swing: dict[str, SwingBot] = {}
        for name, settings in bots.items():
            if settings.kind == "intraday":
                intraday[name] = IntradayBot(name, settings, stamp.run, feed, log, begins["minute"])
            else:
                swing[name] = SwingBot(name, settings, stamp.run, feed, log, begins["day"])
        self._feed = feed
        self.job = DayTradingJob(intraday, stamp, layout, pace, ends_at)
        self.swing = SwingJob(swing, stamp, layout, pace, ends_at)
        self.by_name: dict[str, BotAccount] = {**intraday, **swing}
        self.of: dict[Kind, Mapping[str, BotAccount]] = {"minute": intraday, "day": swing}
        self.symbols: dict[Kind, frozenset[str]] = {
            kind: frozenset(symbol for bot in made.values() for symbol in bot.settings.symbols)
            for kind, made in self.of.items()
        }
        self.desk_gate = DeskGate(risk, lambda: [bot.portfolio for bot in self.by_name.values()])
        for account in self.by_name.values():
            account.desk_gate = self.desk_gate

    def restore(self, ledger: Ledger, watched_from: Times, cursors: Times) -> None:
        """Bring the bots to where the ledger stands.

        Args:
            ledger: of the run.
            watched_from: before it strategies only warm up.
            cursors: up to where bars were dealt with.
        """
        for kind, bots in self.of.items():
            watch_again(bots.values(), self._feed, kind, ledger, watched_from[kind], cursors[kind])
        for kind, bots in self.of.items():
            restore_accounts(bots.values(), ledger, cursors[kind])

    def timeline(self, cursors: Times, ends_at: datetime) -> Iterator[Batch]:
        """Yield the batches after `cursors` in order of time, minutes before the day that ends with them."""
        streams = [
            self._feed.batches(kind, symbols, cursors[kind]) for kind, symbols in self.symbols.items() if symbols
        ]
        merged = heapq.merge(*streams, key=lambda each: (each.ts, each.kind != "minute"))
        for batch in streams[0] if len(streams) == 1 else merged:
            if batch.ts > ends_at:
                return
            yield batch
