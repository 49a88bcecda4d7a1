"""The protocol of a provider of online bars, and calls to it with a timeout and retries."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from aion.errors import FeedError
from aion.market.action import CorporateAction
from aion.market.series import Kind
from aion.model import Bar, Instrument

CALL_S = 20.0  # timeout of a whole call: libraries only limit the silence within it
ATTEMPTS = 4
BACK_OFF_S = 0.5  # before the second attempt, doubled before each further one, each with full jitter
LONGEST_RETRY_S = 900.0  # limit of what an answer may ask for
MOST_HANGING = 8  # abandoned calls: each keeps a thread and a socket
MOST_HANGING_ABOUT = 2  # abandoned calls for one symbol: a second one may find a connection that works

T = TypeVar("T")


class GoneError(FeedError):
    """A symbol that the provider does not have, or no longer has; a retry would not help."""


class LimitError(FeedError):
    """The provider asks for fewer requests."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        """Args: message: for people; retry_after_s: seconds that the provider asks to wait, 0 if unknown."""
        super().__init__(message)
        self.retry_after_s = min(max(0.0, retry_after_s), LONGEST_RETRY_S)


def retry_after_s(headers: Mapping[str, str] | None) -> float:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3), 0 for a date or none."""
    for name, value in (headers or {}).items():
        if name.lower() == "retry-after" and value.strip().isdigit():
            return float(value)
    return 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer for one series: only complete bars."""

    bars: Sequence[Bar]
    """Oldest first."""
    silent: Sequence[datetime] = ()
    """Closes of intervals in which nobody traded, according to the provider."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of rows that are not bars."""
    examples: Sequence[str] = ()


class Provider(Protocol):
    """One service. Its calls block and may be made from any thread, `parallel` of them at a time."""

    name: str
    provenance: str
    delay_s: float
    timezone: str
    chunk: Mapping[Kind, timedelta]
    """Length of history requested in one call."""
    parallel: int
    """Maximum number of simultaneous calls."""
    pace_s: float
    """Seconds between the starts of two requests; 0 for no limit."""
    asks_each: bool
    """True if `instruments` and `actions` must be called for each symbol, because a call for many takes too long."""
    is_history_adjusted: bool
    """True if earlier prices are divided once a split has happened, so that only future splits are actions."""

    def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Return the instruments of `symbols`.

        Raises:
            GoneError: a symbol that the provider does not have.
            FeedError: it cannot be reached.
        """
        ...

    def bars(self, kind: Kind, symbol: str, after: datetime, until: datetime) -> Answer:
        """Return the bars that close after `after` and by `until`; may take several requests.

        Raises:
            GoneError: it no longer has the symbol.
            LimitError: it asks for fewer requests.
            FeedError: no answer, or one that cannot be read.
        """
        ...

    def actions(self, symbols: Sequence[str], since: datetime) -> Sequence[CorporateAction]:
        """Return corporate actions with an ex-date after the day of `since`.

        Raises:
            FeedError: as `bars`.
        """
        ...

    def reset(self) -> None:
        """Drop connections that may be broken; called after a call has hung and was abandoned."""
        ...


def parts(provider: Provider, symbols: Sequence[str]) -> list[list[str]]:
    """Return `symbols` in groups, one for each call of `instruments` and `actions`."""
    return [[symbol] for symbol in symbols] if provider.asks_each else [list(symbols)]


class Caller:
    """Calls a provider with a timeout for each whole call, however slowly its bytes arrive."""

    def __init__(
        self,
        provider: Provider,
        *,
        call_s: float = CALL_S,
        pause: Callable[[float], object] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        """Args: provider: the provider; call_s: timeout; pause: waits between attempts; rng: for the jitter."""
        self.provider = provider
        self._call_s = call_s
        self._pause = pause
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._lock = threading.Lock()
        self._hanging: list[tuple[threading.Thread, str]] = []

    def once(self, call: Callable[[], T], about: str = "") -> T:
        """Return what `call` returns; may be called from several threads.

        Args:
            call: calls the provider.
            about: what is requested. Few hanging calls are allowed for each, so that one symbol does not use up all.

        Raises:
            FeedError: the error of `call`, or a timeout.
        """
        with self._lock:
            self._hanging = [each for each in self._hanging if each[0].is_alive()]
            hanging = [known for _, known in self._hanging]
        if about and hanging.count(about) >= MOST_HANGING_ABOUT:
            raise FeedError(f"{self.provider.name} leaves all calls about {about} unanswered")
        if len(hanging) >= MOST_HANGING:
            raise FeedError(f"{self.provider.name} leaves {len(hanging)} calls unanswered")
        answers: SimpleQueue[tuple[bool, object]] = SimpleQueue()

        def run() -> None:
            try:
                answers.put((True, call()))
            except Exception as error:  # noqa: BLE001 - handed over to the thread that asked, which raises it
                answers.put((False, error))

        thread = threading.Thread(target=run, name=f"aion-{self.provider.name}", daemon=True)
        thread.start()
        try:
            is_fine, value = answers.get(timeout=self._call_s)
        except Empty:
            with self._lock:
                self._hanging.append((thread, about))
            self.provider.reset()
            raise FeedError(f"{self.provider.name} has not answered for {self._call_s:g} s") from None
        if is_fine:
            return value  # type: ignore[return-value]
        if isinstance(value, FeedError):
            raise value
        if isinstance(value, BaseException):
            raise FeedError(f"{self.provider.name}: {type(value).__name__}: {str(value)[:200]}") from value
        raise AssertionError(value)

    def patiently(self, call: Callable[[], T], attempts: int = ATTEMPTS) -> T:
        """As `once`, with retries after a temporary failure.

        Raises:
            FeedError: the last failure.
        """
        for attempt in range(attempts):
            try:
                return self.once(call)
            except GoneError:
                raise
            except FeedError as error:
                if attempt == attempts - 1:
                    raise
                longest = BACK_OFF_S * 2**attempt * (4 if isinstance(error, LimitError) else 1)
                asked_s = error.retry_after_s if isinstance(error, LimitError) else 0.0
                self._pause(max(asked_s, longest * (0.5 + self._rng.random() / 2)))
        raise AssertionError("the loop returns or raises")
