"""Protects a bot from its strategy: a time limit for each call, and a check of the returned signals.

A strategy may be anybody's code. One that raises, returns something invalid or does not return is stopped; others
continue.
"""

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from numbers import Real
from types import FrameType, TracebackType
from typing import Any

from aion.model import Bar, Signal
from aion.strategy import hang_killer

LIMIT_S = 5.0  # a call takes well under a millisecond; on a machine that swaps, a stall of a second is no fault
ACTIONS = frozenset(("buy", "sell", "exit", "hold"))
LARGEST = 1e300  # of a feature, so that it is a number in JSON and in a browser
LONGEST_NAME = 64  # characters
MOST_NAMES = 1000  # of features that are remembered as good, so that not each is looked at again at each bar
LONGEST_REASON = 500  # characters; it is shown on a card


class TooSlowError(BaseException):
    """A strategy that did not return in time; like KeyboardInterrupt it passes `except Exception`."""


class NonsenseError(Exception):
    """A strategy returned something invalid; the message says why, for people."""


class _Alarm:
    """The process's alarm and the deadline of the present call."""

    def __init__(self) -> None:
        self.is_set_up = False
        self.ends_at = math.inf


_alarm = _Alarm()


@contextmanager
def alarm() -> Iterator[None]:
    """Interrupt calls inside the block that take too long; only in the main thread, which gets the signals.

    Elsewhere, and on systems without interval timers, a call is measured after it has returned.
    """
    is_possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not is_possible or _alarm.is_set_up:
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    _alarm.is_set_up = True
    try:
        yield
    finally:
        _alarm.is_set_up = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_alarmed() -> bool:
    """Tell whether calls can be interrupted: inside `alarm`, in the main thread."""
    return _alarm.is_set_up


def _ring(number: int, frame: FrameType | None) -> None:
    if time.monotonic() >= _alarm.ends_at:
        raise TooSlowError


class limit:
    """Raise `TooSlowError` if the block takes longer than `seconds` of wall time."""

    __slots__ = ("_label", "_seconds", "_started")

    def __init__(self, seconds: float, label: bytes = b"") -> None:
        """Args: seconds: of wall time; label: `label_of` a bot, whose calls kill the process as a last resort."""
        self._seconds = seconds
        self._label = label
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.monotonic()
        if self._label and hang_killer.calls.page is not None:
            hang_killer.calls.begin(self._label)
        if _alarm.is_set_up:
            _alarm.ends_at = self._started + self._seconds
            # it rings again, because a bare `except` may have swallowed the first one
            signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds / 4)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _alarm.is_set_up or hang_killer.calls.page is not None:
            disarm()
        if kind is None and time.monotonic() - self._started > self._seconds:
            raise TooSlowError


def disarm() -> None:
    """Cancel the alarm; for a caller that caught `TooSlowError`, which may have been raised inside `limit` itself."""
    hang_killer.calls.end()
    _alarm.ends_at = math.inf
    if _alarm.is_set_up:
        signal.setitimer(signal.ITIMER_REAL, 0)


def check_signals(returned: Any, bars: Mapping[str, Bar], ts: datetime) -> dict[str, Signal]:
    """Return what a strategy returned, if each part is a valid signal.

    Args:
        returned: result of `on_bars`.
        bars: its input.
        ts: close of the bars.

    Raises:
        NonsenseError: it is not; the message says why, for people.
    """
    if type(returned) is not dict and not isinstance(returned, Mapping):
        raise NonsenseError(f"returned {type(returned).__name__} instead of signals by symbol")
    found: dict[str, Signal] = {}
    for symbol, each in returned.items():
        if not isinstance(each, Signal) or each.symbol != symbol:
            raise NonsenseError(f"returned {type(each).__name__} for {symbol!r} instead of its signal")
        if symbol not in bars:
            raise NonsenseError(f"returned a signal for {symbol!r}, of which it was handed no bar")
        if each.ts is not ts and each.ts != ts:
            raise NonsenseError(f"returned a signal of {each.ts} for {symbol} at {ts}")
        if _is_plain(each):
            found[symbol] = each
            continue
        problem = _problem(each)
        if problem:
            raise NonsenseError(f"returned for {symbol} {problem}")
        found[symbol] = _made_plain(each)
    return found


_NUMBERS = (float, int)


def _is_plain(each: Signal) -> bool:
    """Tell cheaply whether a signal has the usual types; one that has not may still be valid."""
    features = each.features
    try:
        return (
            each.action in ACTIONS
            and type(each.confidence) in _NUMBERS
            and type(each.threshold) in _NUMBERS
            and 0 <= each.threshold <= 1
            and type(each.reason) is str
            and 0 < len(each.reason) <= LONGEST_REASON
            and (each.stop_loss is None or _is_price(each.stop_loss))
            and (each.take_profit is None or _is_price(each.take_profit))
            and type(each.once) is bool
            and type(features) is dict
            and (not features or _are_plain(features, each.action))
        )
    except (TypeError, OverflowError):
        return False


def _are_plain(features: dict[str, Any], action: str) -> bool:
    return (
        _good_names.issuperset(features)
        and type(total := sum(features.values())) in _NUMBERS
        and abs(total) < LARGEST
        and not ("weight" in features and action == "buy" and features["weight"] < 0)
    )


def _made_plain(each: Signal) -> Signal:
    """Return a signal with Python numbers instead of those of a library, which JSON cannot represent."""
    return replace(
        each,
        confidence=float(each.confidence),
        threshold=float(each.threshold),
        reason=str(each.reason),
        features={name: float(figure) for name, figure in each.features.items()},
    )


def _problem(each: Signal) -> str:
    """Return why a signal is invalid; `""` if it is valid."""
    if not isinstance(each.action, str) or each.action not in ACTIONS:
        return f"the action {each.action!r}; known: {', '.join(sorted(ACTIONS))}"
    for name, value in (("confidence", each.confidence), ("threshold", each.threshold)):
        if not _is_number(value, 0, 1):
            return f"a {name} of {value!r}, not a number from 0 to 1"
    if not isinstance(each.reason, str) or not 0 < len(each.reason) <= LONGEST_REASON:
        return f"a reason that is no text of 1 to {LONGEST_REASON} characters"
    for name, price in (("stop_loss", each.stop_loss), ("take_profit", each.take_profit)):
        if price is None:
            continue
        if not _is_price(price):
            return f"a {name} of {price!r}, not a Decimal above 0"
    if not isinstance(each.once, bool):
        return f"an `once` of {each.once!r}, not True or False"
    problem = _feature_problem(each.features)
    if not problem and each.action == "buy" and each.features.get("weight", 0) < 0:
        return f"a buy with the weight {each.features['weight']!r}: a short position is a sell"
    return problem


def _is_price(price: Any) -> bool:
    return isinstance(price, Decimal) and price.is_finite() and price > 0


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, _REAL) and low <= value <= high


_REAL: Any = Real  # numbers of Python and of numpy; it has no order that a type checker knows
_good_names: set[str] = set()


def _feature_problem(features: Any) -> str:
    if not isinstance(features, Mapping):
        return f"features that are {type(features).__name__}, not a mapping"
    for name in features:
        if type(name) is not str or not 0 < len(name) <= LONGEST_NAME or name.isdigit():
            return f"the feature {name!r}; a name is a text of 1 to {LONGEST_NAME} characters, not all of them digits"
        if len(_good_names) < MOST_NAMES:
            _good_names.add(name)
    for name, figure in features.items():
        if not _is_number(figure, -LARGEST, LARGEST):
            return f"the feature {name} = {figure!r}, not a finite number"
    return ""
