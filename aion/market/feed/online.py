"""The feed of a provider that delivers as things happen: history on demand, then new bars by polling.

One thread sees what is due; a few more, as many as the provider bears, ask about a symbol each, so that a slow one
does not hold up the others. The bots' thread takes what is ready. Nothing here waits for a provider longer than
`provider.CALL_S` a call.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from heapq import merge

from aion.clock import Clock, SystemClock
from aion.errors import ConfigError, FeedError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed.batcher import Gatherer, Tally
from aion.market.feed.health import FeedHealth, SymbolHealth
from aion.market.feed.tape import batched
from aion.market.funding import FundingRate
from aion.market.grid import Anchor
from aion.market.halt import Halt
from aion.market.provider.pool import Crew, do_together
from aion.market.provider.protocol import Answer, Caller, GoneError, LimitError, Provider, parts
from aion.market.provider.unadjust import raw_actions, raw_bars
from aion.market.series import Batch, Kind
from aion.model import Bar, Instrument

MINUTE = timedelta(minutes=1)
SETTLE = timedelta(seconds=2)
"""After the close of a bar before it is asked for: exchanges publish a moment later."""
GRACE = {"minute": timedelta(seconds=20), "day": timedelta(minutes=10)}
"""How long a moment waits for symbols that have not spoken, the feed's delay apart."""
OVERLAP = {"minute": 3 * MINUTE, "day": timedelta(days=2)}
"""Span before the newest bar that is asked for again, so that revised bars show."""
SOONEST_S, LONGEST_S = 2.0, 30.0  # between two requests for a bar that is overdue: doubled from first to second
DOWN_S = 60.0  # without a good answer, while bars are due, from which the feed is called down
MOST_SPREAD_S = 50.0  # below a minute, whatever the limit of the provider: bots decide on time or not at all
STEP_S = 0.2  # of the polling thread
WARM_UP = timedelta(days=1000)
"""Span before a run in which splits and dividends count: rules look back that far at most."""


@dataclass(slots=True)
class _Series:
    kind: Kind
    symbol: str
    due_at: datetime
    """Wall time of the next request."""
    tries: int = 0
    """Requests since the bar was due."""
    error: str = ""
    is_asked: bool = False
    """True while a request is under way."""


@dataclass(slots=True)
class _History:
    after: datetime
    until: datetime
    bars: list[Bar] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)


_Found = Sequence[CorporateAction]


class OnlineFeed:
    """A feed over a `Provider`."""

    real_time = True
    interval = MINUTE
    anchor: Anchor = "open"

    def __init__(
        self,
        provider: Provider,
        symbols: Sequence[str],
        clock: Clock | None = None,
        caller: Caller | None = None,
        *,
        has_thread: bool = True,
    ) -> None:
        """Ask the provider for `symbols`.

        Args:
            provider: who has the bars.
            symbols: what is traded.
            clock: wall time.
            caller: how the provider is called.
            has_thread: False to poll only when `poll` is called: tests own the time then.

        Raises:
            ConfigError: no symbols, or one that the provider does not have.
            FeedError: it cannot be reached.
        """
        if not symbols:
            raise ConfigError(f"the {provider.name} feed needs symbols, such as --symbols {EXAMPLES[provider.name]}")
        self.name = provider.name
        self.complaints: list[str] = []
        """What was left out, and why, for people."""
        self.provenance = provider.provenance
        self.delay_s = provider.delay_s
        self.timezone = provider.timezone
        self._provider = provider
        self._clock = clock or SystemClock()
        self._caller = caller or Caller(provider)
        self._started_at = self._clock.now()
        try:
            self._instruments: dict[str, Instrument] = {}
            for part in parts(provider, symbols):
                self._instruments |= self._caller.patiently(partial(provider.instruments, part), 3)
        except GoneError as error:
            raise ConfigError(str(error)) from None
        except FeedError as error:
            offer = "meanwhile the replay works without a network: aion up --feed recorded (in a clone: make run)"
            raise FeedError(f"{error}; {offer}") from None
        self._history: dict[tuple[Kind, str], _History] = {}
        self._actions: list[CorporateAction] = []
        self._actions_asked = ""
        self._actions_heard: dict[str, dict[str, _Found]] = {}
        """What was said of splits and dividends, by what was asked and the first symbol of each call."""
        self._actions_since = self._started_at
        self._rng = random.Random()  # noqa: S311 - spreads requests, guards nothing
        self._lock = threading.Lock()
        self._gatherers: dict[Kind, Gatherer] = {}
        self._series: list[_Series] = []
        self._answered_at: datetime | None = None
        self._error = ""
        self._stop = threading.Event()
        self._has_thread = has_thread
        self._parallel = provider.parallel if has_thread else 1
        self._crew = Crew(self._parallel, f"aion-{self.name}-ask")
        self._held_until = self._started_at
        """Wall time until which the provider asks to be left alone."""
        self._thread: threading.Thread | None = None

    # what every feed does

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return the instruments by symbol; a provider has minutes and days of all of them."""
        return self._instruments

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        """Return the newest `count` bars at or before `before`, oldest first."""
        step = MINUTE if kind == "minute" else timedelta(days=1)
        bars = self._past(kind, symbol, before - count * step * 2 - timedelta(days=10)).bars
        return [bar for bar in bars if bar.ts <= before][-count:]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        """Yield the bars of `symbols` from `after` to now; what comes later is `follow`ed."""
        past: dict[str, _History] = {}

        def ask(symbol: str) -> None:
            past[symbol] = self._past(kind, symbol, after)

        do_together([partial(ask, symbol) for symbol in sorted(symbols)], self._parallel, f"aion-{self.name}-past")
        tails = [[bar for bar in past[symbol].bars if bar.ts > after] for symbol in sorted(past)]
        yield from batched(kind, merge(*tails, key=lambda each: each.ts))

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        """Return from when bars are in memory, and when calendars end: a real-time feed has no last bar."""
        end = datetime.combine(calendar.LAST_DAY, datetime.min.time(), self._started_at.tzinfo)
        return min((each.after for each in self._history.values()), default=self._started_at), end

    def dropped(self, symbol: str, day: str) -> int:
        """Return how many minutes of `symbol` were left out on `day` because nobody traded."""
        found = self._history.get(("minute", symbol))
        past = found.dropped.get(day, 0) if found is not None else 0
        gatherer = self._gatherers.get("minute")
        return past + (gatherer.dropped.get((symbol, day), 0) if gatherer is not None else 0)

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        """Return the splits and dividends from where `know_start` said, as they are known.

        Raises:
            FeedError: nothing is polled yet, and they cannot be had.
        """
        if not self._series:
            self._ask_actions(self._caller.patiently)
        with self._lock:
            return [each for each in self._actions if each.symbol in symbols]

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        """Return none: providers here do not say what perpetuals pay; the account says that it is not known."""
        return ()

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        """Return none: providers here do not say which symbols are halted; a halted one has no bars."""
        return ()

    def know_start(self, begins: datetime, resumes: datetime | None) -> None:
        """Say from when on bars are traded, because splits and dividends count from there.

        Args:
            begins: where a new run's catch-up begins.
            resumes: up to where an earlier process had dealt with bars; None for a new run.
        """
        if self._provider.is_history_adjusted:
            # a split of before is in the prices of the past already
            self._actions_since = min(resumes or self._started_at, self._started_at)
        else:
            self._actions_since = min(resumes or begins, begins) - WARM_UP
        self._actions_asked, self._actions_heard = "", {}
        self._history = {}

    def _learn_actions(self) -> bool:
        """Ask once a day and session; False when today's cannot be had, and bars must not be taken without them."""
        try:
            self._ask_actions(self._caller.once)
        except FeedError as error:
            with self._lock:
                self._error = str(error)
            return False
        return True

    def _ask_actions(self, call: Callable[[Callable[[], _Found]], _Found]) -> None:
        now = self._clock.now()
        bars_at = now - timedelta(seconds=self.delay_s)
        # a provider may not know the splits of a day before its session has begun
        exchanges = sorted({each.exchange for each in self._instruments.values()})
        begun = [mic for mic in exchanges if calendar.session_at(mic, bars_at) is not None]
        asked = f"{now.date()} {' '.join(begun)}"
        if asked == self._actions_asked:
            return
        key = f"{asked} {self._actions_since}"
        done = self._actions_heard.setdefault(key, {})
        for part in parts(self._provider, sorted(self._instruments)):
            if part[0] not in done:  # what was heard before a failure is not asked for again
                done[part[0]] = call(partial(self._provider.actions, part, self._actions_since))
        self._actions_heard = {key: done}
        found = sorted(
            (each for some in done.values() for each in some), key=lambda each: (each.ex_date, each.symbol)
        )
        if self._provider.is_history_adjusted:
            found = raw_actions(found)
        with self._lock:
            self._actions, self._actions_asked = found, asked

    def _past(self, kind: Kind, symbol: str, after: datetime) -> _History:
        """Return the history of a series from `after` to now; what is there already is not asked for again."""
        now = self._clock.now() - timedelta(seconds=self.delay_s)
        if self._provider.is_history_adjusted:
            self._ask_actions(self._caller.patiently)
        found = self._history.get((kind, symbol))
        if found is None or after < found.after:
            found = self._history[kind, symbol] = _History(after, after)
        while now - found.until >= MINUTE:
            self._add_past(found, kind, symbol, min(now, found.until + self._provider.chunk[kind]))
        return found

    def _add_past(self, found: _History, kind: Kind, symbol: str, until: datetime) -> None:
        """Ask for one stretch more, so that each call stays short however long the history is."""
        since = found.until
        answer = self._caller.patiently(lambda: self._provider.bars(kind, symbol, since, until))
        newest = found.bars[-1].ts if found.bars else since
        found.bars += [bar for bar in self._as_quoted(symbol, answer.bars) if bar.ts > newest]
        found.until = until
        for ts in answer.silent:
            day = ts.date().isoformat()
            found.dropped[day] = found.dropped.get(day, 0) + 1
        self._answered_at = self._clock.now()

    def _as_quoted(self, symbol: str, bars: Sequence[Bar]) -> Sequence[Bar]:
        """Return bars in the units in which the bots hold the symbol at their time."""
        if not self._provider.is_history_adjusted:
            return bars
        return raw_bars(bars, self._instruments[symbol], self._actions)

    # following the market

    def follow(self, wanted: Mapping[Kind, tuple[frozenset[str], datetime]]) -> None:
        """Start to poll.

        Args:
            wanted: by kind the symbols, and up to when their bars were handed over by `batches`.
        """
        now = self._clock.now()
        for kind, (symbols, after) in wanted.items():
            if not symbols:
                continue
            exchanges = {symbol: self._instruments[symbol].exchange for symbol in sorted(symbols)}
            grace = self.grace(kind, len(exchanges))
            gatherer = Gatherer(kind, exchanges, after, timedelta(seconds=self.delay_s) + SETTLE + grace, grace)
            for symbol in exchanges:
                found = self._history.get((kind, symbol))
                gatherer.know([bar for bar in found.bars if bar.ts <= after][-5:] if found is not None else [])
                self._series.append(_Series(kind, symbol, now))
            self._gatherers[kind] = gatherer
        self._history = {
            key: _History(found.until, found.until, dropped=found.dropped) for key, found in self._history.items()
        }
        if not self._has_thread:
            return
        self._thread = threading.Thread(target=self._poll_on, name=f"aion-{self.name}-poll", daemon=True)
        self._thread.start()

    def grace(self, kind: Kind, count: int) -> timedelta:
        """Return how long a moment of `count` symbols waits: longer where the provider's limit spreads requests."""
        spread = timedelta(seconds=min(MOST_SPREAD_S, 1.5 * count * self._provider.pace_s))
        return max(GRACE[kind], spread)

    def take(self) -> list[Batch]:
        """Return the batches that are ready, oldest first, minutes before the day that ends with them."""
        now = self._clock.now()
        with self._lock:
            ready = [batch for gatherer in self._gatherers.values() for batch in gatherer.ready(now)]
        return sorted(ready, key=lambda batch: (batch.ts, batch.kind != "minute"))

    def health(self) -> FeedHealth:
        """Return how the feed stands now."""
        now = self._clock.now()
        with self._lock:
            return self._health(now)

    def close(self) -> None:
        """Stop polling; a call under way is left to itself."""
        self._stop.set()
        self._crew.close()
        if self._thread is not None:
            self._thread.join(timeout=2 * STEP_S)

    def poll(self) -> None:
        """Ask for all that is due now; the feed's own thread does, where it has one."""
        now = self._clock.now()
        if now < self._held_until:
            return
        due = [series for series in self._series if now >= series.due_at and not series.is_asked]
        if due and not self._learn_actions():
            # a split that is not known would look like a loss: rather no bars than wrong ones
            for series in due:
                series.tries += 1
                series.due_at = self._clock.now() + self._pause(series)
            return
        for series in due:
            if self._stop.is_set():
                return
            if self._thread is None:
                self._ask(series)
            else:
                series.is_asked = True
                self._crew.give(partial(self._ask_apart, series))

    def _poll_on(self) -> None:
        while not self._stop.wait(STEP_S):
            try:
                self.poll()
            except Exception as error:  # noqa: BLE001 - the edge of this thread: without it the feed would stand still
                with self._lock:
                    self._error = f"{type(error).__name__}: {str(error)[:200]}"
                self._stop.wait(LONGEST_S)

    def _ask_apart(self, series: _Series) -> None:
        try:
            if not self._stop.is_set() and self._clock.now() >= self._held_until:
                self._ask(series)
        except Exception as error:  # noqa: BLE001 - the edge of this thread: the symbol is asked about again
            with self._lock:
                self._error = f"{type(error).__name__}: {str(error)[:200]}"
                series.due_at = self._clock.now() + timedelta(seconds=LONGEST_S)
        finally:
            series.is_asked = False

    def _ask(self, series: _Series) -> None:
        gatherer = self._gatherers[series.kind]
        if series.symbol in gatherer.refused:
            series.due_at = datetime.max.replace(tzinfo=series.due_at.tzinfo)
            return
        now = self._clock.now()
        after = gatherer.seen_until[series.symbol] - OVERLAP[series.kind]
        until = now - timedelta(seconds=self.delay_s) - SETTLE / 2
        try:
            answer = self._caller.once(
                lambda: self._provider.bars(series.kind, series.symbol, after, until),
                f"{series.kind}s of {series.symbol}",
            )
        except GoneError as error:
            with self._lock:
                gatherer.leave_out(series.symbol, str(error))
            return
        except FeedError as error:
            with self._lock:
                series.error = self._error = str(error)
                series.tries += 1
                failed_at = self._clock.now()
                series.due_at = failed_at + self._pause(series, is_limited=isinstance(error, LimitError))
                if isinstance(error, LimitError):  # it means all symbols, not this one
                    asked = failed_at + timedelta(seconds=error.retry_after_s)
                    self._held_until = max(self._held_until, asked)
                    series.due_at = max(series.due_at, asked)
            return
        with self._lock:
            self._hear(series, gatherer, answer)

    def _hear(self, series: _Series, gatherer: Gatherer, answer: Answer) -> None:
        now = self._clock.now()
        if series.error:  # the provider is well again: who waits to ask once more would come too late for its moments
            for other in self._series:
                if other.error and other is not series:
                    other.due_at = min(other.due_at, now)
        self._answered_at, self._error, series.error = now, "", ""
        before = gatherer.seen_until[series.symbol]
        answer = replace(answer, bars=self._as_quoted(series.symbol, answer.bars))
        gatherer.offer(series.symbol, answer, now)
        expected = self._expected(series, gatherer)
        if gatherer.seen_until[series.symbol] > before or expected is None or expected > now:
            series.tries = 0
        else:
            series.tries += 1
        due = expected if expected is not None else now + timedelta(days=1)
        series.due_at = max(due, now + self._pause(series)) if series.tries or due <= now else due

    def _pause(self, series: _Series, *, is_limited: bool = False) -> timedelta:
        """Return how long to wait before a bar that is overdue is asked for again, with jitter."""
        longest = min(LONGEST_S, SOONEST_S * 2 ** max(0, series.tries - 1)) * (4 if is_limited else 1)
        return timedelta(seconds=longest * self._rng.uniform(0.75, 1.25))

    def _expected(self, series: _Series, gatherer: Gatherer) -> datetime | None:
        """Return the wall time at which the next bar of a series can be asked for; None past the calendar's end."""
        mic = self._instruments[series.symbol].exchange
        seen = gatherer.seen_until[series.symbol]
        delay = timedelta(seconds=self.delay_s) + SETTLE
        if series.kind == "day":
            close = calendar.next_close(mic, seen)
            return close + delay if close is not None else None
        # a minute that was waited for in vain is not waited for any longer: the next one is
        waited = self._clock.now() - delay - gatherer.grace
        at = max(seen, waited.replace(second=0, microsecond=0))
        if calendar.session_at(mic, at + MINUTE) is not None:
            return at + MINUTE + delay
        opened = calendar.next_open(mic, at)
        return opened + MINUTE + delay if opened is not None else None

    # how it stands

    def _health(self, now: datetime) -> FeedHealth:
        symbols: dict[str, SymbolHealth] = {}
        tally = Tally()
        for kind, gatherer in self._gatherers.items():
            for name in Tally.__slots__:
                setattr(tally, name, getattr(tally, name) + getattr(gatherer.tally, name))
            for symbol in gatherer.seen_until:
                if kind == "minute" or symbol not in symbols:
                    symbols[symbol] = self._symbol_health(gatherer, symbol, now)
        late = [symbol for symbol, each in symbols.items() if each.state == "late"]
        silent_s = (now - (self._answered_at or self._started_at)).total_seconds()
        if self._error and silent_s > DOWN_S:
            state, text = "down", self._error
        elif late:
            named = ", ".join(late[:5]) + (f" and {len(late) - 5} more" if len(late) > 5 else "")
            why = next((each.error for each in self._series if each.error and each.symbol in late), self._error)
            state, text = "late", f"no bar in time of {named}" + (f": {why}" if why else "")
        else:
            state = "ok"
            text = "; ".join(f"{name}: {each.text}" for name, each in symbols.items() if each.text)
        return FeedHealth(state, text, self._answered_at, symbols, tally)

    def _symbol_health(self, gatherer: Gatherer, symbol: str, now: datetime) -> SymbolHealth:
        newest = gatherer.newest.get(symbol)
        last = newest.ts if newest is not None else None
        if symbol in gatherer.refused:
            return SymbolHealth("gone", last, gatherer.refused[symbol])
        if gatherer.kind == "day" or not calendar.is_open(self._instruments[symbol].exchange, now):
            return SymbolHealth("ok", last)
        session = calendar.session_around(self._instruments[symbol].exchange, now)
        since = max(last or self._started_at, session.open if session is not None else self._started_at)
        allowed = MINUTE + timedelta(seconds=self.delay_s) + SETTLE + gatherer.grace
        return SymbolHealth("late" if now - since > allowed + MINUTE / 2 else "ok", last)


EXAMPLES = {"ccxt": "BTC/USDT,ETH/USDT", "alpaca": "AAPL,MSFT", "yahoo": "AAPL,MSFT"}
"""Symbols by provider, for sentences."""
