"""The driver of feeds that deliver as things happen: catch up over their history, then one cycle after the other.

Market time is the wall's. A cycle starts when the bars of a minute are there, never by a timer: what a bot decides on
is closed and complete. After an outage or a stop the missed bars are dealt with first, in order, as they would have
been.
"""

import math
from datetime import datetime, timedelta

from aion.bot.schedule import Pace, closed_label
from aion.clock import iso
from aion.config import Settings
from aion.default_bots import UNKNOWN_VENUE
from aion.engine.daytrading import sessions_document
from aion.engine.desk_driver import CATCH_UP_DUE_S, DeskDriver
from aion.engine.engine import Steps
from aion.engine.span import Span, exchanges_of
from aion.engine.waiter import Waiter
from aion.ledger.ledger import Ledger
from aion.market import calendar
from aion.market.feed import Batch, Kind
from aion.market.feed.health import FeedHealth
from aion.market.feed.online import SETTLE, OnlineFeed
from aion.market.grid import next_bar
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog

STEP_S = 0.25  # between two looks at the feed
SAID_S = 60.0  # between two log lines about the same state of the feed
MOST_SYMBOLS = 200  # shown of a feed; the rest is counted in its text
MOST_TEXT = 2000  # characters of a text of the documents: of hundreds of symbols there may be more to say
_LIVE_SINCE = "live_since"  # note in the ledger


class Live(DeskDriver):
    """Plays one run in real time; it ends only when it is asked to."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        feed: OnlineFeed,
        ledger: Ledger,
        stamp: Stamp,
        log: ProcessLog,
        waiter: Waiter,
    ) -> None:
        """As `DeskDriver`; `feed` is asked for the history that the bots need."""
        self._online = feed
        self._wall = stamp.wall
        self._health = feed.health()
        self._shown: tuple[object, ...] = ()
        self._said_at = -math.inf
        saved = (ledger.load_account(name) for name in settings.bots)
        cursors = [account.cursor for account in saved if account is not None]
        begins = stamp.wall.now() - timedelta(days=settings.history_days)
        feed.know_start(begins, min(cursors, default=None))
        exchanges = exchanges_of(settings, "intraday")
        pace = Pace(exchanges, 1.0, math.inf, exchanges_of(settings, "swing"))
        span = _span(settings, feed, exchanges, stamp.wall.now())
        # a rule knows its look-back and its session, so that a run of months warms up as fast as one of a day
        super().__init__(settings, layout, feed, ledger, stamp, log, waiter, pace, span, is_watched_whole=False)
        self._grace = feed.grace("minute", len(self.engine.symbols["minute"]))
        self._live_since = ledger.notes(_LIVE_SINCE) or ""
        self._say_since_when()

    # the life of a run

    def run(self) -> bool:
        """Trade until asked to stop; always False, because a market has no end."""
        self._write_all()
        self._look_at_desk()
        self.engine.run(self)
        return False

    def batches(self) -> Steps:
        """Yield the feed's history, then the bars as they come."""
        with self._waiter.interruptible():
            past = list(self.engine.timeline())
        yield from self._catch_up(past, None)
        if self._is_ended:
            return
        if not self._live_since:
            self._live_since = iso(self._wall.now().replace(second=0, microsecond=0))
            self._ledger.note(_LIVE_SINCE, self._live_since)
            self._say_since_when()
            self._write_all()
        self._phase, self._progress = "running", None
        self._write_clock()
        try:
            with self._waiter.interruptible():
                self._online.follow(self._wanted())
            while not self._waiter.wait(STEP_S):
                yield from self._step()
            self._flush()
        finally:
            self._online.close()

    def _wanted(self) -> dict[Kind, tuple[frozenset[str], datetime]]:
        reached: dict[Kind, list[datetime]] = {
            "minute": [bot.cursor for bot in self._job.bots.values() if bot.cycle_id],
            "day": [bot.cursor for bot in self._swing.bots.values() if bot.cycle_id],
        }
        symbols, cursors = self.engine.symbols, self.engine.cursors
        return {kind: (symbols[kind], max(at, default=cursors[kind])) for kind, at in reached.items()}

    def handed_at(self, batch: Batch) -> datetime:
        """Return the wall's time once the bots are live; what they catch up with has the clock of its bars."""
        is_past = self._phase in ("starting", "catching_up")
        return self.engine.delivered_at(batch) if is_past else self._wall.now()

    def _market_time(self) -> datetime:
        return max(self._clock.now(), self._wall.now())

    def _step(self) -> Steps:
        """Deal with what has come since the last look, and say how things stand when that has changed."""
        self._look_at_desk()
        batches = self._online.take()
        if batches:
            for bot in self._bots.values():
                bot.learn_actions(self._online)
        for batch in batches:
            yield from self._work(batch)
        self._health = self._online.health().without(self._left_out())
        self._look_at_sessions()
        if self._has_changed:
            self._flush()
            self._shown = self._situation()
        elif self._situation() != self._shown:
            self._shown = self._situation()
            self._write_clock()
            self._say_health()

    def _left_out(self) -> dict[str, str]:
        """Return why symbols are not traded on though their bars come, by symbol."""
        asked = ((symbol, bot.why_left_out(symbol)) for bot in self._bots.values() for symbol in bot.actions.symbols)
        return {symbol: why for symbol, why in asked if why}

    def _look_at_sessions(self) -> None:
        now = self._wall.now()
        exchanges = self._pace.exchanges or self._pace.marks
        if any(calendar.is_open(mic, now) for mic in exchanges):
            self._phase, self._label = "running", ""
            return
        opens = [opened for mic in exchanges if (opened := calendar.next_open(mic, now)) is not None]
        self._phase, self._label = "closed", closed_label(exchanges, now, min(opens, default=now))

    def _situation(self) -> tuple[object, ...]:
        """Return what makes a new document worth while between two cycles."""
        health = self._health
        states = tuple((name, each.state) for name, each in health.symbols.items())
        sessions = tuple((mic, each["state"]) for mic, each in self._sessions().items())
        return self._phase, health.state, health.text, states, sessions

    def _sessions(self) -> Json:
        return sessions_document(self._pace.exchanges, self._wall.now())

    def _say_health(self) -> None:
        now = self._waiter.monotonic()
        if self._health.text and now - self._said_at >= SAID_S:
            self._said_at = now
            self._log.write("error" if self._health.state == "down" else "warning", f"feed: {self._health.text}")

    def _say_since_when(self) -> None:
        for bot in self._bots.values():
            if bot.settings.cost == UNKNOWN_VENUE:
                self._log.write(
                    "warning",
                    f"{bot.name}: fees of {self._settings.venue} are not known here; {UNKNOWN_VENUE} takes 0.40 % "
                    "a side: name another model with `cost` of a bot of your own",
                )
            if self._live_since and iso(bot.started_at) < self._live_since:
                bot.caveat = (
                    f"{bot.name}: from {iso(bot.started_at)} to {self._live_since} over the feed's history, to catch "
                    "up; since then as bars come."
                )

    # what the desk is told

    @property
    def _seq(self) -> int:
        return int(self._wall.now().timestamp() * 10)

    def _due_in_s(self) -> float | None:
        if self._phase not in ("running", "closed"):
            return CATCH_UP_DUE_S
        now = self._wall.now()
        nexts = [next_bar(mic, now.replace(second=0, microsecond=0)) for mic in self._pace.exchanges]
        nexts += [calendar.next_close(mic, now) for mic in self._pace.marks]
        following = min((each for each in nexts if each is not None), default=None)
        if following is None:
            return None
        slack = SETTLE + self._grace + timedelta(seconds=self._feed.delay_s)
        return (following + slack - now).total_seconds()

    def _clock_document(self) -> Json:
        now = self._wall.now().replace(microsecond=0)
        value = super()._clock_document()
        del value["data_to"]
        value["market_time"] = iso(now if self._phase in ("running", "closed") else self._clock.now())
        value["speed"] = 1
        value["delay_s"] = self._feed.delay_s
        value["feed_state"] = health_json(self._health)
        return value


def _span(settings: Settings, feed: OnlineFeed, exchanges: frozenset[str], now: datetime) -> Span:
    now = now.replace(second=0, microsecond=0)
    opens = [session.open for mic in sorted(exchanges) for session in calendar.sessions(mic, now.date(), now.date())]
    swing = now - timedelta(days=settings.history_days)
    return Span(swing, min([now, *opens]), now, feed.span("minute")[1])


def health_json(health: FeedHealth) -> Json:
    """Return the state of a feed as the documents show it."""
    value: Json = {"state": health.state, "text": health.text[:MOST_TEXT], "symbols": {}}
    if health.answered_at is not None:
        value["answered_at"] = iso(health.answered_at.replace(microsecond=0))
    for symbol, each in sorted(health.symbols.items())[:MOST_SYMBOLS]:
        shown: Json = {"state": each.state, "text": each.text[:MOST_TEXT]}
        if each.last_bar_at is not None:
            shown["last_bar_at"] = iso(each.last_bar_at)
        value["symbols"][symbol] = shown
    newest = [each.last_bar_at for each in health.symbols.values() if each.last_bar_at is not None]
    if newest:
        value["last_bar_at"] = iso(max(newest))
    tally = health.tally
    for name in ("late", "revised", "duplicate", "missing", "silent", "refused"):
        value[f"{name}_bars"] = getattr(tally, name)
    return value
