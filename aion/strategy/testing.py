"""A test kit for strategies: call `check_strategy` in a test of your package.

It runs the strategy on real bars that ship with Aion, as a bot would, and raises `AssertionError` with an explanation
if it does something that a bot cannot work with. It says nothing about the quality of the rule.
"""

import pickle
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aion.errors import ConfigError
from aion.market import calendar
from aion.market.feed.recorded import RecordedFeed
from aion.market.grid import Grid
from aion.model import Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Strategy, StrategyClass
from aion.strategy.kit_account import KitAccount
from aion.strategy.registry import what_is_wrong
from aion.strategy.time_limit import NonsenseError, check_signals

INTRADAY_SYMBOL = "MSFT"
SESSIONS = 8  # of minute bars
DAYS_BEYOND_LOOK_BACK = 300
SPIKE = 3  # times the price, for the check against look-ahead
MEDIAN_S = 0.02  # a call at the median; a replay at x60 has a second for all bots together
GROWTH = 1.15  # allowed growth of the strategy's state from the middle of the bars to the end
SLACK_BYTES = 400


@dataclass(frozen=True, slots=True)
class Step:
    """The input of a strategy at one moment, without positions."""

    bars: Mapping[str, Bar]
    session: calendar.MarketSession


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a strategy that passed."""

    calls: int
    actions: Mapping[str, int]
    """Signals by action; a rule that never buys or sells on these bars passes, and you may want to know."""
    median_s: float
    """Median wall time of a call, seconds."""


def check_strategy(strategy: StrategyClass, parameters: Mapping[str, Any] | None = None) -> Report:
    """Check that a bot can work with `strategy`.

    What it is told it holds is what a paper account holds that follows its signals (`KitAccount`); a rule may look at
    it. After a restart it is told what that account held, as a bot tells it.

    It checks the class; every signal; that two instances agree and share no state, not even in a file; that no signal
    depends on later bars; that `look_back` is correct, so that a restart leads to the same state; that the state does
    not grow; the time of a call; and that an unknown parameter is refused.

    Args:
        strategy: the class.
        parameters: its parameters; None for the defaults.

    Raises:
        AssertionError: a check fails; the message explains it to the author of the strategy.
    """
    problem = what_is_wrong(strategy)
    if problem:
        raise AssertionError(f"this is not a strategy: {problem}")
    given = dict(parameters or {})
    tape, symbols = _tape(strategy, given)
    seen = _play(strategy(symbols, given), tape)
    again = _play(strategy(symbols, given), tape)
    _check_equal(seen.signals, again.signals, tape, "two of it on the same bars differ")
    _check_future(strategy, symbols, given, tape, seen.signals)
    _check_look_back(strategy, symbols, given, tape, seen)
    if seen.sizes[1] > seen.sizes[0] * GROWTH + SLACK_BYTES:
        raise AssertionError(
            f"what it keeps grows with history: {seen.sizes[0]:,} bytes in the middle, {seen.sizes[1]:,} at the end"
        )
    median = sorted(seen.times)[len(seen.times) // 2]
    if median > MEDIAN_S:
        raise AssertionError(f"a call takes {median * 1000:.1f} ms at the median; {MEDIAN_S * 1000:g} ms is too slow")
    _check_unknown(strategy, symbols, given)
    actions: Counter[str] = Counter(signal.action for signals in seen.signals for signal in signals.values())
    return Report(len(tape), dict(actions), median)


@dataclass(slots=True)
class _Seen:
    signals: list[dict[str, Signal]]
    positions: list[dict[str, Decimal]]
    """What was held after the fills of each step."""
    times: list[float]
    sizes: tuple[int, int]


def _play(strategy: Strategy, tape: Sequence[Step], told: Sequence[dict[str, Decimal]] | None = None) -> _Seen:
    """Run the strategy over `tape`, with an account of its own that follows it.

    Args:
        strategy: new.
        tape: its input.
        told: what it is told it holds at each step instead, as after a restart.
    """
    signals: list[dict[str, Signal]] = []
    positions: list[dict[str, Decimal]] = []
    times: list[float] = []
    account = _account(strategy.kind)
    middle = 0
    for number, step in enumerate(tape):
        ts = next(iter(step.bars.values())).ts
        session = step.session
        positions.append(told[number] if told is not None else account.see(step.bars, session))
        moment = Moment(ts, session.day.isoformat(), session.open, session.close, dict(positions[-1]))
        started = time.perf_counter()
        returned = strategy.on_bars(step.bars, moment)
        times.append(time.perf_counter() - started)
        try:
            found = check_signals(returned, step.bars, ts)
        except NonsenseError as error:
            raise AssertionError(f"at {ts} it {error}") from None
        signals.append(found)
        if told is None:
            account.follow(found, step.bars, session)
        if number == len(tape) // 2:
            middle = _size(strategy)
    return _Seen(signals, positions, times, (middle, _size(strategy)))


def _account(kind: BotKind) -> KitAccount:
    feed = RecordedFeed()
    instruments = feed.instruments("minute" if kind == "intraday" else "day")
    if kind == "intraday":
        return KitAccount({INTRADAY_SYMBOL: instruments[INTRADAY_SYMBOL]}, Grid(feed.interval, feed.anchor))
    return KitAccount(instruments, None)


def _size(strategy: Strategy) -> int:
    try:
        return len(pickle.dumps(vars(strategy)))
    except Exception as error:  # noqa: BLE001 - whatever its parts raise
        raise AssertionError(
            f"what it keeps cannot be weighed ({type(error).__name__}: {error}): keep plain values"
        ) from None


def _tape(strategy: StrategyClass, given: Mapping[str, Any]) -> tuple[list[Step], tuple[str, ...]]:
    feed = RecordedFeed()
    if strategy.kind == "intraday":
        symbols: tuple[str, ...] = (INTRADAY_SYMBOL,)
        days = {session.day for session in calendar.sessions("XNAS", *_days(feed))[:SESSIONS]}
        steps = [step for step in _steps(feed, "minute", symbols, "XNAS") if step.session.day in days]
        return steps, symbols
    symbols = tuple(sorted(feed.instruments("day")))
    needed = strategy(symbols, given).look_back
    if not isinstance(needed, int) or needed < 0:
        raise AssertionError(f"look_back is {needed!r}, not a number of bars")
    steps = list(_steps(feed, "day", symbols, "XNYS"))
    if needed + DAYS_BEYOND_LOOK_BACK > len(steps):
        raise AssertionError(f"look_back is {needed}: more than the {len(steps)} days that ship with Aion")
    return steps[: needed + DAYS_BEYOND_LOOK_BACK], symbols


def _days(feed: RecordedFeed) -> tuple[Any, Any]:
    bars = feed.history("minute", "MSFT", feed.span("minute")[1], 1_000_000)
    return bars[0].ts.date(), bars[-1].ts.date()


def _steps(feed: RecordedFeed, kind: Any, symbols: tuple[str, ...], exchange: str) -> Iterator[Step]:
    first = feed.span(kind)[0] - timedelta(days=1)
    for batch in feed.batches(kind, frozenset(symbols), first):
        session = calendar.session_at(exchange, batch.ts)
        if session is not None:
            yield Step(batch.bars, session)


def _check_equal(
    one: Sequence[Mapping[str, Signal]], other: Sequence[Mapping[str, Signal]], tape: Sequence[Step], what: str
) -> None:
    for step, mine, theirs in zip(tape, one, other, strict=True):
        for symbol in {**mine, **theirs}:
            a, b = mine.get(symbol), theirs.get(symbol)
            if a != b:
                said = [None if each is None else (each.action, each.confidence, each.reason) for each in (a, b)]
                ts = next(iter(step.bars.values())).ts
                raise AssertionError(f"{what}: at {ts} for {symbol} it said {said[0]} and {said[1]}")


def _check_future(
    strategy: StrategyClass,
    symbols: tuple[str, ...],
    given: Mapping[str, Any],
    tape: Sequence[Step],
    signals: Sequence[Mapping[str, Signal]],
) -> None:
    cut = len(tape) * 2 // 3
    changed = [*tape[:cut], *(_spiked(step) for step in tape[cut:])]
    found = _play(strategy(symbols, given), changed).signals
    what = "what it said depends on bars that were not there yet"
    _check_equal(signals[:cut], found[:cut], tape[:cut], what)


def _spiked(step: Step) -> Step:
    bars = {
        symbol: replace(
            bar, open=bar.open * SPIKE, high=bar.high * SPIKE, low=bar.low * SPIKE, close=bar.close * SPIKE
        )
        for symbol, bar in step.bars.items()
    }
    return Step(bars, step.session)


def _check_look_back(
    strategy: StrategyClass,
    symbols: tuple[str, ...],
    given: Mapping[str, Any],
    tape: Sequence[Step],
    seen: _Seen,
) -> None:
    signals = seen.signals
    made = strategy(symbols, given)
    if strategy.kind == "intraday":
        # the last session, and the one before for its close
        days = sorted({step.session.day for step in tape})[-2 - made.look_back // 180 :]
        start = next(number for number, step in enumerate(tape) if step.session.day == days[0])
        since = next(number for number, step in enumerate(tape) if step.session.day == days[-1])
    else:
        since = len(tape) - 20
        start = since - made.look_back
    found = _play(made, tape[start:], seen.positions[start:]).signals
    what = f"look_back {made.look_back} is too short: after a restart it differs"
    _check_equal(_views(signals[since:]), _views(found[since - start :]), tape[since:], what)


def _views(signals: Sequence[Mapping[str, Signal]]) -> list[dict[str, Signal]]:
    """Round the signals, since sums of floats differ in the last digits."""
    return [
        {
            symbol: replace(each, confidence=round(each.confidence, 3), reason="", features={})
            for symbol, each in found.items()
        }
        for found in signals
    ]


def _check_unknown(strategy: StrategyClass, symbols: tuple[str, ...], given: Mapping[str, Any]) -> None:
    try:
        strategy(symbols, {**given, "no_such_parameter": 1})
    except ConfigError:
        return
    except Exception as error:  # noqa: BLE001 - whatever it raises is told to its author
        raise AssertionError(
            f"an unknown parameter raises {type(error).__name__}, not ConfigError: use read_parameters"
        ) from None
    raise AssertionError("an unknown parameter is taken without a word: use read_parameters")
