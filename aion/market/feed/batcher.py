"""Puts the bars of several symbols, which come when they come, into batches: in order of time, each once.

A moment is handed over when all symbols that trade then have spoken, or when it has been waited for long enough. A
symbol that the provider says nothing of at all holds up one moment, not those after it.
What comes after that is late: it is counted and left out, because bots have decided without it. So is a bar whose
figures the provider changes afterwards: what was traded on stays.

Whether a price can follow from the one before is not asked here: bots ask it of all bars alike (`aion.market.jump`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aion.market import calendar
from aion.market.provider.protocol import Answer
from aion.market.series import Batch, Kind, is_ahead
from aion.model import Bar

MINUTE = timedelta(minutes=1)
REMEMBERED = 10  # newest bars of a symbol that are compared with what the provider says later


@dataclass(slots=True)
class Tally:
    """What went wrong with bars since the start."""

    late: int = 0
    """Came after their moment had been handed over."""
    revised: int = 0
    """Came again with other figures."""
    duplicate: int = 0
    """Came twice in one answer."""
    missing: int = 0
    """Minutes of open sessions, or sessions, that no bar came for."""
    silent: int = 0
    """Left out because nobody traded."""
    refused: int = 0
    """No bars: NaN, impossible prices, a close in the future."""


class Gatherer:
    """The bars of one kind."""

    def __init__(
        self,
        kind: Kind,
        exchanges: Mapping[str, str],
        after: datetime,
        wait: timedelta,
        grace: timedelta,
    ) -> None:
        """Make a gatherer.

        Args:
            kind: of the bars.
            exchanges: MIC by symbol.
            after: bars up to here were handed over already, aware UTC.
            wait: how long a moment is waited for after it is past, the delay of the feed included.
            grace: how long it is waited for after the first symbol spoke of it: after an outage all are late.
        """
        self.kind = kind
        self.tally = Tally()
        self.newest: dict[str, Bar] = {}
        """Newest bar by symbol."""
        self.seen_until: dict[str, datetime] = dict.fromkeys(exchanges, after)
        """By symbol, up to when the provider has spoken."""
        self.refused: dict[str, str] = {}
        """Symbols that are left out for good, and why."""
        self.dropped: dict[tuple[str, str], int] = {}
        """Symbol and day -> bars left out because nobody traded."""
        self._exchanges = dict(exchanges)
        self._cursor = after
        self._wait = wait
        self.grace = grace
        self._arrived: dict[datetime, datetime] = {}
        self._pending: dict[datetime, dict[str, Bar]] = {}
        self._silent: dict[datetime, set[str]] = {}
        self._delivered: dict[str, dict[datetime, Bar]] = {symbol: {} for symbol in exchanges}
        self._known_late: dict[str, datetime] = {}
        self._ahead: dict[datetime, dict[str, Bar]] = {}
        self._known_ahead: dict[str, datetime] = {}
        self._answered: dict[str, datetime] = {}
        self.mute: set[str] = set()
        """Symbols that are not waited for: they said nothing until a moment was over."""

    @property
    def symbols(self) -> list[str]:
        """Symbols that are still waited for."""
        return [symbol for symbol in self._exchanges if symbol not in self.refused]

    def know(self, bars: Sequence[Bar]) -> None:
        """Take the bars that were handed over before the start, so that revisions show."""
        for bar in bars:
            self.newest[bar.symbol] = bar
            self._remember(bar)

    def leave_out(self, symbol: str, why: str) -> None:
        """Wait for `symbol` no more."""
        self.refused[symbol] = why

    def offer(self, symbol: str, answer: Answer, now: datetime) -> None:
        """Take what the provider said of `symbol` at wall time `now`."""
        self._answered[symbol] = now
        self.mute.discard(symbol)
        self.tally.refused += sum(answer.refused.values())
        for ts in answer.silent:
            if ts > self.seen_until[symbol]:
                self.tally.silent += 1
                key = symbol, ts.date().isoformat()
                self.dropped[key] = self.dropped.get(key, 0) + 1
                self._silent.setdefault(ts, set()).add(symbol)
        seen: set[datetime] = set()
        for bar in sorted(answer.bars, key=lambda each: each.ts):
            if bar.ts in seen:
                self.tally.duplicate += 1
                continue
            if is_ahead(bar.ts, now):
                self._take_ahead(bar)
                continue
            seen.add(bar.ts)
            self._take(bar)
            if bar.ts in self._pending:
                self._arrived.setdefault(bar.ts, now)
        newest = max((*seen, *answer.silent), default=self.seen_until[symbol])
        self.seen_until[symbol] = max(self.seen_until[symbol], newest)

    def ready(self, now: datetime) -> list[Batch]:
        """Return the batches that are complete at `now`, or were waited for long enough, oldest first."""
        batches = []
        while self._pending:
            ts = min(self._pending)
            waited_until = max(ts + self._wait, self._arrived.get(ts, ts) + self.grace)
            if now < waited_until and not self._is_complete(ts):
                break
            # who gave no answer at all, not even one without a bar, is not waited for again until there is one
            self.mute |= {symbol for symbol in self._missing(ts) if self._is_mute(symbol, ts)}
            bars = dict(sorted(self._pending.pop(ts).items()))
            self._arrived.pop(ts, None)
            self._cursor = ts
            for bar in bars.values():
                self._count_missing(bar)
                self.newest[bar.symbol] = bar
                self._remember(bar)
            batches.append(Batch(ts, self.kind, bars))
        # for the bots to refuse: a bar of the future holds up none that come before it
        ahead, self._ahead = self._ahead, {}
        batches += [Batch(ts, self.kind, bars) for ts, bars in sorted(ahead.items())]
        for ts in [ts for ts in self._silent if ts < self._cursor - timedelta(days=1)]:
            del self._silent[ts]
        return batches

    def _take(self, bar: Bar) -> None:
        symbol = bar.symbol
        if symbol in self.refused:
            return
        if bar.ts <= self._cursor:
            self._take_past(bar)
            return
        if calendar.session_at(self._exchanges[symbol], bar.ts) is None:
            self.tally.refused += bar.ts > self.seen_until[symbol]
            return
        waiting = self._pending.setdefault(bar.ts, {})
        if symbol in waiting and waiting[symbol] != bar:
            self.tally.revised += 1
        waiting[symbol] = bar

    def _take_ahead(self, bar: Bar) -> None:
        """Take a bar that closes in the future, each once."""
        known = self._known_ahead.get(bar.symbol)
        if bar.symbol in self.refused or (known is not None and bar.ts <= known):
            return
        self._known_ahead[bar.symbol] = bar.ts
        self.tally.refused += 1
        self._ahead.setdefault(bar.ts, {})[bar.symbol] = bar

    def _take_past(self, bar: Bar) -> None:
        known = self._delivered[bar.symbol]
        if bar.ts in known:
            if known[bar.ts] != bar:
                self.tally.revised += 1
                known[bar.ts] = bar
        elif known and bar.ts > min(known) and bar.ts > self._known_late.get(bar.symbol, min(known)):
            self.tally.late += 1
            self._known_late[bar.symbol] = bar.ts

    def _is_mute(self, symbol: str, ts: datetime) -> bool:
        return self._answered.get(symbol, self._cursor) < ts + self._wait - self.grace

    def _is_complete(self, ts: datetime) -> bool:
        return all(symbol in self.mute for symbol in self._missing(ts))

    def _missing(self, ts: datetime) -> list[str]:
        """Return the symbols that trade at `ts` and have not spoken of it."""
        have = self._pending[ts].keys() | self._silent.get(ts, set())
        missing = [symbol for symbol in self.symbols if symbol not in have]
        return [symbol for symbol in missing if calendar.session_at(self._exchanges[symbol], ts) is not None]

    def _count_missing(self, bar: Bar) -> None:
        before = self.newest.get(bar.symbol)
        if before is None:
            return
        mic = self._exchanges[bar.symbol]
        if self.kind == "day":
            between = calendar.sessions(mic, before.ts.date(), bar.ts.date())
            self.tally.missing += sum(before.ts < each.close < bar.ts for each in between)
            return
        session = calendar.session_at(mic, bar.ts)
        if session is None:
            return
        at = max(before.ts, session.open) + MINUTE
        while at < bar.ts:
            if session.has(at) and bar.symbol not in self._silent.get(at, set()):
                self.tally.missing += 1
            at += MINUTE

    def _remember(self, bar: Bar) -> None:
        known = self._delivered[bar.symbol]
        known[bar.ts] = bar
        while len(known) > REMEMBERED:
            del known[next(iter(known))]
