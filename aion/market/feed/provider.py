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
from aion.market.feed.protocol import Kind
from aion.model import Bar, CorporateAction, Instrument

CALL_S = 20.0  # a provider that has not answered by then hangs: libraries bound the silence, not the whole of a call
ATTEMPTS = 4
BACK_OFF_S = 0.5  # before the second attempt, doubled before each further one, each with full jitter
MOST_HANGING = 8  # calls left to themselves: each keeps a thread and a socket

T = TypeVar("T")


class GoneError(FeedError):
    """A symbol that the provider does not have, or not any more; asking again would not help."""


class LimitError(FeedError):
    """The provider asks for fewer requests."""


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
    """One service. Its calls block and may be made from any thread, one at a time."""

    name: str
    provenance: str
    delay_s: float
    timezone: str
    chunk: Mapping[Kind, timedelta]
    """Span of history asked for in one call."""
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
        """Make the connection anew: the present one hangs, and its call is left to itself."""
        ...


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
        self._hanging: list[threading.Thread] = []

    def once(self, call: Callable[[], T]) -> T:
        """Return what `call` returns.

        Raises:
            FeedError: what `call` raised, or that it took too long.
        """
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MOST_HANGING:
            raise FeedError(f"{self.provider.name} leaves {len(self._hanging)} calls unanswered")
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
            self._hanging.append(thread)
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
                self._pause(longest * (0.5 + self._rng.random() / 2))
        raise AssertionError("the loop returns or raises")
