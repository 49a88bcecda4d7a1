"""The swing bots together: their files, each a commit of its own."""

from aion.bot.swing import SwingBot
from aion.clock import iso
from aion.engine.job import Job
from aion.ledger.query import LedgerReader
from aion.market import calendar
from aion.market.feed import Batch
from aion.output.day_record import days_of
from aion.output.envelope import cycle_name
from aion.output.outbox import Outbox
from aion.store.layout import packed


class SwingJob(Job[SwingBot]):
    """Runs the swing bots and describes them; the driver commits and writes."""

    def on_batch(self, batch: Batch) -> tuple[list[SwingBot], list[SwingBot]]:
        """Mark all bots with the bars of one day; return those that took part and those that rebalanced."""
        cycle_id = cycle_name(self._stamp.run, batch.ts)
        took_part, rebalanced = [], []
        for bot, bars in self._handed(batch):
            if bot.on_bars(bars, batch.ts, cycle_id):
                rebalanced.append(bot)
            took_part.append(bot)
        return took_part, rebalanced

    def put_played(self, outbox: Outbox) -> list[SwingBot]:
        """Put the newest files of each bot that has run a cycle, and return those bots."""
        played = [bot for bot in self.bots.values() if bot.cycle_id]
        for bot in played:
            self.put_rolling(outbox, bot)
            self.put_activity(outbox, bot)
        return played

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
        mark_in_s = self._due_in_s(now, mark_at)
        rebalance_in_s = self._due_in_s(now, rebalance_at)
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
