"""The swing bots together: their files, each a commit of its own."""

from collections.abc import Mapping
from datetime import datetime

from aion.bot.schedule import Pace
from aion.bot.swing import SwingBot
from aion.clock import iso
from aion.ledger.query import LedgerReader
from aion.market import calendar
from aion.market.feed import Batch
from aion.output.day_record import days_of
from aion.output.envelope import Stamp, cycle_name
from aion.output.outbox import Outbox
from aion.store.layout import Layout, packed


class SwingJob:
    """Runs the swing bots and describes them; the runner commits and writes."""

    def __init__(
        self, bots: Mapping[str, SwingBot], stamp: Stamp, layout: Layout, pace: Pace, ends_at: datetime
    ) -> None:
        """Make a job.

        Args:
            bots: by name.
            stamp: mode and run of the documents.
            layout: of the data folder.
            pace: how market time becomes wall time.
            ends_at: market time of the last bar of the run; nothing is announced beyond it.
        """
        self.bots = dict(bots)
        self._stamp = stamp
        self._layout = layout
        self._pace = pace
        self._ends_at = ends_at

    def on_batch(self, batch: Batch) -> tuple[list[SwingBot], list[SwingBot]]:
        """Mark all bots with the bars of one day; return those that took part and those that rebalanced."""
        cycle_id = cycle_name(self._stamp.run, batch.ts)
        took_part, rebalanced = [], []
        for bot in self.bots.values():
            bars = {symbol: batch.bars[symbol] for symbol in bot.settings.symbols if symbol in batch.bars}
            if bars:
                if bot.on_bars(bars, batch.ts, cycle_id):
                    rebalanced.append(bot)
                took_part.append(bot)
        return took_part, rebalanced

    def put_activity(self, outbox: Outbox, bot: SwingBot) -> None:
        """Put the activity file of the bot's day, when something happened on it."""
        if bot.activity.is_empty:
            return
        envelope = self._stamp.envelope("bot_activity", bot.cycle_id, bot.cycles, bot.cursor, None, 0)
        path = self._layout.bot_activity(bot.settings.horizon, bot.day, bot.name)
        outbox.put(path, envelope | bot.activity_document(bot.day, bot.activity))

    def put_missing_activity(self, outbox: Outbox, bot: SwingBot, ledger: LedgerReader) -> None:
        """Put the activity files that are not there though the ledger has their day: a process died before them.

        Args:
            outbox: takes them.
            bot: restored from the ledger.
            ledger: of the run.
        """
        closes = {point.ts.date().isoformat(): point.ts for point in ledger.equity(bot.name)}
        days = days_of(ledger.changes(bot.name), list(closes))
        for number, (day, closed_at) in enumerate(closes.items(), start=1):
            path = self._layout.bot_activity(bot.settings.horizon, day, bot.name)
            if day not in days or path.exists() or packed(path).exists():
                continue
            cycle_id = cycle_name(self._stamp.run, closed_at)
            envelope = self._stamp.envelope("bot_activity", cycle_id, number, closed_at, None, 0)
            outbox.put(path, envelope | bot.activity_document(day, days[day]))

    def put_rolling(self, outbox: Outbox, bot: SwingBot) -> None:
        """Put the rolling file."""
        now = bot.cursor
        mark_at = calendar.next_close(bot.settings.exchange, bot.cursor)
        rebalance_at = bot.next_rebalance_at()
        mark_in_s = self._wall_s(now, mark_at)
        rebalance_in_s = self._wall_s(now, rebalance_at)
        # the calendar's estimate drifts over a day: a twentieth of it is no reason to call a bot late
        tolerance_s = 0.0 if mark_in_s is None else mark_in_s / 20
        value = self._stamp.envelope("swing_rolling", bot.cycle_id, bot.cycles, bot.cursor, mark_in_s, tolerance_s)
        value |= bot.document()
        open_at = calendar.next_open(bot.settings.exchange, bot.cursor)
        if open_at is not None and open_at <= self._ends_at:
            value["next_open_at"] = iso(open_at)
        if mark_at is not None and mark_in_s is not None:
            value["next_mark_at"] = iso(mark_at)
            value["next_mark_wall_at"] = iso(self._stamp.wall_in(now, mark_in_s))
        if rebalance_at is not None and rebalance_in_s is not None:
            value["next_rebalance_at"] = iso(rebalance_at)
            value["next_rebalance_wall_at"] = iso(self._stamp.wall_in(now, rebalance_in_s))
        outbox.put(self._layout.swing_rolling(bot.name), value)

    def _wall_s(self, now: datetime, at: datetime | None) -> float | None:
        if at is None or at > self._ends_at:
            return None
        return self._pace.expected_s(now, at)
