"""The day-trading job: all intraday bots, one cycle whenever bars close, and the files that a cycle leaves behind.

A cycle is bars -> features -> signals -> rules -> orders -> fills, then a ledger commit, then the files: the day file
of each bot, `rolling.json.gz`, and `sim_summary.json` last, which names all of them.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from aion.bot.intraday import IntradayBot
from aion.bot.schedule import Pace
from aion.clock import parse_iso
from aion.engine.job import Job
from aion.market import calendar
from aion.market.feed import Batch
from aion.market.grid import next_bar
from aion.output.encode import Json
from aion.output.envelope import Stamp, cycle_name
from aion.output.outbox import Outbox
from aion.store.layout import ROLLING, Layout, as_summary_names, sim_log

KEPT_DAYS = 60  # earlier market days in the summary, as the document says
_NEVER = datetime.min.replace(tzinfo=UTC)


class DayTradingJob(Job[IntradayBot]):
    """Runs the intraday bots and describes them; the driver commits and writes."""

    def __init__(
        self, bots: Mapping[str, IntradayBot], stamp: Stamp, layout: Layout, pace: Pace, ends_at: datetime
    ) -> None:
        """As `Job`."""
        super().__init__(bots, stamp, layout, pace, ends_at)
        self.cycle_id = ""
        self.as_of: datetime | None = None
        self.days: dict[str, Json] = {}
        """Summaries of earlier market days by day and bot."""
        self._written: dict[str, str] = {}

    def end_days(self, batch: Batch) -> list[IntradayBot]:
        """Close the day of each bot for which `batch` begins another, and return those bots.

        Their day files are to be written before the batch is run: afterwards they hold the next day.
        """
        ended, ts = [], batch.ts
        for bot in self.bots.values():
            if not bot.cycle_id or not bot.begins_day(ts):
                continue
            if not batch.bars.keys().isdisjoint(bot.actions.symbols):
                bot.end_day()
                self.days.setdefault(bot.day, {})[bot.name] = bot.summary()
                ended.append(bot)
        if ended:
            self._drop_old_days()
        return ended

    def on_batch(self, batch: Batch) -> list[IntradayBot]:
        """Run the cycle of the bars of one moment and return the bots that took part."""
        self.cycle_id = cycle_name(self._stamp.run, batch.ts)
        self.as_of = batch.ts
        took_part = []
        for bot, bars in self._handed(batch):
            bot.on_bars(bars, batch.ts, self.cycle_id)
            took_part.append(bot)
        return took_part

    def restore(self) -> None:
        """Take over from the bots, which were brought to where the ledger stands, what the job knows."""
        newest = max(self.bots.values(), key=lambda bot: bot.cursor if bot.cycle_id else _NEVER, default=None)
        if newest is not None and newest.cycle_id:
            self.cycle_id, self.as_of = newest.cycle_id, newest.cursor
        self._drop_old_days()

    def _drop_old_days(self) -> None:
        for day in sorted(self.days)[:-KEPT_DAYS]:
            del self.days[day]

    # documents

    def put(
        self, outbox: Outbox, clock: Json, seq: int, due_in_s: float | None, changed: Collection[IntradayBot]
    ) -> None:
        """Put the files of a cycle into `outbox`: the bots in `changed`, the rolling file, the summary last.

        Args:
            outbox: takes them.
            clock: the clock's state as JSON.
            seq: of the summary.
            due_in_s: wall seconds until the next cycle is expected; None when it cannot be known.
            changed: bots whose day file is new.
        """
        for bot in changed:
            if bot.cycle_id:
                outbox.put(self._layout.sim_log(bot.day, bot.name), self._day_file(bot))
                self._written[bot.name] = bot.cycle_id
        if changed and self.as_of is not None:
            outbox.put(self._layout.rolling, self._rolling(self.as_of))
        self.put_clock(outbox, clock, seq, due_in_s)

    def put_clock(self, outbox: Outbox, clock: Json, seq: int, due_in_s: float | None) -> None:
        """Put the summary alone: the clock changed and no file of a bot did."""
        outbox.put_commit(self._layout.sim_summary, self._summary(clock, seq, due_in_s))

    @property
    def interval_s(self) -> float:
        """Wall seconds of one bar."""
        return self._pace.grid.interval.total_seconds() / self._pace.speed

    def _day_file(self, bot: IntradayBot) -> Json:
        due = self._due_in_s(bot.cursor, next_bar(bot.settings.exchange, bot.cursor, self._pace.grid))
        return self._stamp.envelope("sim_log", bot.cycle_id, bot.cycles, bot.cursor, due, self.interval_s) | (
            bot.document()
        )

    def _rolling(self, as_of: datetime) -> Json:
        grid = self._pace.grid
        closes = [close for mic in self._pace.exchanges if (close := next_bar(mic, as_of, grid)) is not None]
        due_in_s = self._due_in_s(as_of, min(closes, default=self._ends_at))
        symbols: Json = {}
        for bot in self.bots.values():
            symbols |= bot.symbols_document()
        envelope = self._stamp.envelope(
            "rolling", self.cycle_id, minute_number(as_of), as_of, due_in_s, self.interval_s
        )
        return envelope | {"symbols": symbols}

    def _summary(self, clock: Json, seq: int, due_in_s: float | None) -> Json:
        market_time = parse_iso(clock["market_time"])
        value = self._stamp.envelope("sim_summary", self.cycle_id, seq, market_time, due_in_s, self.interval_s)
        value["clock"] = clock
        value["sessions"] = sessions_document(self._pace.exchanges, market_time)
        value["files"] = {
            as_summary_names(sim_log(bot.day, bot.name)): self._written[bot.name]
            for bot in self.bots.values()
            if bot.name in self._written
        }
        if self._written:
            value["files"][as_summary_names(ROLLING)] = self.cycle_id
        value["bots"] = {bot.name: bot.summary() for bot in self.bots.values() if bot.cycle_id}
        value["days"] = self.days
        return value


def sessions_document(exchanges: frozenset[str], market_time: datetime) -> Json:
    """Return the sessions of `exchanges` around `market_time` by MIC."""
    return {
        mic: calendar.state_document(mic, market_time).model_dump(mode="json", by_alias=True, exclude_none=True)
        for mic in sorted(exchanges)
    }


def minute_number(ts: datetime) -> int:
    """Return the minutes since 1970 of a market time: a `seq` that grows with it and survives a restart."""
    return int(ts.timestamp()) // 60
