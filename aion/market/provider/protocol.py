"""What a provider of online bars is, and how it is asked: never longer than a bound, and again after a failure."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from aion.errors import FeedError
from aion.market.series import Kind
from aion.model import Bar, CorporateAction, Instrument

CALL_S = 20.0  # a provider that has not answered by then hangs: libraries bound the silence, not the whole of a call
ATTEMPTS = 4
BACK_OFF_S = 0.5  # before the second attempt, doubled before each further one, each with full jitter
LONGEST_RETRY_S = 900.0  # an answer that asks for more is not believed
MOST_HANGING = 8  # calls left to themselves: each keeps a thread and a socket
MOST_HANGING_ABOUT = 2  # of them about one thing: a second one may find a connection that works

T = TypeVar("T")


class GoneError(FeedError):
    """A symbol that the provider does not have, or not any more; asking again would not help."""


class LimitError(FeedError):
    """The provider asks for fewer requests."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        """Args: message: for people; retry_after_s: how long the provider asks to be left alone, 0 when unsaid."""
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
    """What a provider said of one series: only bars that are complete."""

    bars: Sequence[Bar]
    """Oldest first."""
    silent: Sequence[datetime] = ()
    """Closes of intervals in which nobody traded, as the provider says."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Reason -> rows that are no bars."""
    examples: Sequence[str] = ()


class Provider(Protocol):
    """One service. Its calls block and may be made from any thread, `parallel` of them at a time."""

    name: str
    provenance: str
    delay_s: float
    timezone: str
    chunk: Mapping[Kind, timedelta]
    """Span of history asked for in one call."""
    parallel: int
    """Calls under way at one time, at most."""
    pace_s: float
    """Seconds between the starts of two requests, by the limits of the provider or how it is asked; 0 for none."""
    asks_each: bool
    """True when `instruments` and `actions` ask about each symbol: a call about many takes too long."""
    is_history_adjusted: bool
    """True when earlier prices are divided once a split has happened, so that only splits to come are actions."""

    def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Return what is traded under `symbols`.

        Raises:
            GoneError: a symbol that the provider does not have.
            FeedError: it cannot be reached.
        """
        ...

    def bars(self, kind: Kind, symbol: str, after: datetime, until: datetime) -> Answer:
        """Return the bars that close after `after` and not after `until`; several requests when there are many.

        Raises:
            GoneError: it has the symbol no more.
            LimitError: it asks for fewer requests.
            FeedError: no answer, or one that cannot be read.
        """
        ...

    def actions(self, symbols: Sequence[str], since: datetime) -> Sequence[CorporateAction]:
        """Return splits and dividends with an ex-date after the day of `since`.

        Raises:
            FeedError: as `bars`.
        """
        ...

    def reset(self) -> None:
        """Let go of connections that may be broken: one hangs, and its call is left to itself."""
        ...


def parts(provider: Provider, symbols: Sequence[str]) -> list[list[str]]:
    """Return `symbols` as they go into one call each of `instruments` and `actions`."""
    return [[symbol] for symbol in symbols] if provider.asks_each else [list(symbols)]


class Caller:
    """Calls a provider, each call bounded in time however slowly its bytes come."""

    def __init__(
        self,
        provider: Provider,
        *,
        call_s: float = CALL_S,
        pause: Callable[[float], object] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        """Args: provider: who is called; call_s: longest call; pause: between attempts; rng: of the jitter."""
        self.provider = provider
        self._call_s = call_s
        self._pause = pause
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._lock = threading.Lock()
        self._hanging: list[tuple[threading.Thread, str]] = []

    def once(self, call: Callable[[], T], about: str = "") -> T:
        """Return what `call` returns; may be called from several threads.

        Args:
            call: asks the provider.
            about: what is asked for. Few calls about one thing are left to hang, so that one symbol does not use up
                the calls of all.

        Raises:
            FeedError: what `call` raised, or that it took too long.
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
        """As `once`, again after a failure that may pass.

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
