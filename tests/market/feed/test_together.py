"""Twenty symbols at once: in time together, within the limit, whatever one of them does.

ccxt is real, the exchange is not (`venue.py`). Nothing here measures seconds: what came before what is what counts.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aion.errors import FeedError
from aion.market.feed import online
from aion.market.feed.batcher import Gatherer
from aion.market.feed.online import OnlineFeed
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.pool import ClientPool, Crew, Pacer, do_together
from aion.market.provider.protocol import Answer, Caller, LimitError, retry_after_s
from aion.market.series import Batch
from aion.model import Bar
from tests.market.feed.batch import bar, gatherer, offer, taken
from tests.market.provider import server as faults
from tests.market.provider.server import Call
from tests.market.provider.venue import Venue, market

NAMES = [f"C{number:02d}" for number in range(20)]
SYMBOLS = tuple(f"{name}/USDT" for name in NAMES)
LONG_S = 60.0


@pytest.fixture
def venue() -> Iterator[Venue]:
    made = Venue(markets=[market(name, "USDT") for name in NAMES])
    made.url = made.start()
    yield made
    made.stop()


class Seen(OnlineFeed):
    """Lets a test look at what it has gathered, and offer it more."""

    @property
    def gatherer(self) -> Gatherer:
        return self._gatherers["minute"]

    @property
    def error(self) -> str:
        return self._error

    @property
    def held_until(self) -> datetime:
        return self._held_until

    def is_any_asked(self) -> bool:
        return any(series.is_asked for series in self._series)

    def error_of(self, symbol: str) -> str:
        (series,) = (each for each in self._series if each.symbol == symbol)
        return series.error

    def offer(self, symbol: str, answer: Answer) -> None:
        with self._lock:
            self.gatherer.offer(symbol, answer, datetime.now(UTC))


class Patient(Caller):
    """Counts the calls that hang, and may be told to wait longer."""

    def wait(self, call_s: float) -> None:
        self._call_s = call_s

    def are_any_hanging(self) -> bool:
        return any(thread.is_alive() for thread, _ in self._hanging)


def followed(venue: Venue, call_s: float = 20.0) -> tuple[Seen, datetime]:
    """A feed that follows from five minutes ago on, so that bars are due at once."""
    provider = CcxtProvider("binance", venue.config(venue.url))
    feed = Seen(provider, SYMBOLS, caller=Caller(provider, call_s=call_s))
    return feed, datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)


def follow(feed: OnlineFeed, start: datetime) -> None:
    feed.follow({"minute": (frozenset(SYMBOLS), start)})


def wait_for(what: Callable[[], bool], until_s: float = LONG_S) -> None:
    ends = time.monotonic() + until_s
    while not what():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)


def take_until(feed: OnlineFeed, is_enough: Callable[[list[Batch]], bool]) -> list[Batch]:
    got: list[Batch] = []

    def look() -> bool:
        got.extend(feed.take())
        return is_enough(got)

    wait_for(look)
    return got


def asked(venue: Venue, symbol: str) -> int:
    return sum(path == "/api/v3/klines" and query["symbol"] == symbol for path, query in venue.calls)


class Gate:
    """Holds the answers about one symbol back until it is opened."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.opened = threading.Event()

    def __call__(self, rows_of: str, rows: list) -> list:
        if rows_of == self.symbol:
            self.opened.wait(LONG_S)
        return rows


def test_twenty_symbols_come_together(venue: Venue) -> None:
    feed, start = followed(venue)
    most = [0]
    now, lock = [0], threading.Lock()

    def count(symbol: str, rows: list) -> list:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return rows

    venue.change = count
    follow(feed, start)
    got = take_until(feed, lambda got: len(got) >= 5)
    feed.close()
    assert [batch.ts for batch in got[:5]] == [start + timedelta(minutes=each) for each in range(1, 6)]
    assert all(set(batch.bars) == set(SYMBOLS) for batch in got)
    assert 1 < most[0] <= CcxtProvider.parallel


def test_slow_symbol_is_the_only_one_that_is_missing_meanwhile(venue: Venue) -> None:
    gate = venue.change = Gate("C07USDT")
    feed, start = followed(venue)
    follow(feed, start)
    seen = feed.gatherer.seen_until
    wait_for(lambda: all(until > start for symbol, until in seen.items() if symbol != "C07/USDT"))
    assert seen["C07/USDT"] == start and feed.take() == []  # the moment waits for it
    gate.opened.set()
    got = take_until(feed, lambda got: bool(got))
    feed.close()
    assert set(got[0].bars) == set(SYMBOLS)


def test_symbol_that_hangs_holds_up_neither_the_others_nor_more_than_one_moment(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(online.GRACE, "minute", timedelta(seconds=6))
    gate = venue.change = Gate("C07USDT")
    feed, start = followed(venue, call_s=2)
    follow(feed, start)
    got = take_until(feed, lambda got: len(got) >= 5)
    assert all(set(batch.bars) == {*SYMBOLS} - {"C07/USDT"} for batch in got)
    wait_for(lambda: "C07/USDT" in feed.gatherer.mute)
    wait_for(lambda: re.search("C07/USDT|not answered", feed.error_of("C07/USDT")) is not None)
    assert feed.health().symbols["C00/USDT"].state == "ok"
    gate.opened.set()
    feed.close()


def test_calls_about_one_thing_that_hang_are_few_and_others_go_on(venue: Venue) -> None:
    caller, ends = Patient(CcxtProvider("binance", venue.config(venue.url)), call_s=0.05), threading.Event()
    for said in ("has not answered", "has not answered", "leaves all calls about A unanswered"):
        with pytest.raises(FeedError, match=said):
            caller.once(lambda: ends.wait(LONG_S), "A")
    caller.wait(LONG_S)
    assert caller.once(lambda: 7, "B") == 7
    ends.set()
    wait_for(lambda: not caller.are_any_hanging())
    assert caller.once(lambda: 8, "A") == 8


def test_limit_holds_all_symbols_for_as_long_as_the_exchange_asks(venue: Venue) -> None:
    feed, start = followed(venue)
    venue.faults = [faults.status(429, {"code": -1003, "msg": "Too many requests."}, Retry_After="600")]
    follow(feed, start)
    wait_for(lambda: feed.held_until > datetime.now(UTC) + timedelta(seconds=500))
    wait_for(lambda: not feed.is_any_asked())
    count = len(venue.calls)
    feed.poll()
    time.sleep(1.0)
    assert len(venue.calls) == count <= 3 + CcxtProvider.parallel
    assert "asks for fewer requests" in feed.error
    feed.close()


def test_half_an_answer_concerns_its_symbol_alone_and_is_asked_for_again(venue: Venue) -> None:
    def cut_one(call: Call) -> bool:
        if call.query["symbol"] != "C03USDT" or asked(venue, "C03USDT") > 2:
            call.handler  # noqa: B018 - the venue itself answers the others
            venue.klines(call)
            return True
        return faults.cut(call)

    venue.faults = [cut_one]
    feed, start = followed(venue)
    follow(feed, start)
    got = take_until(feed, lambda got: len(got) >= 5)
    feed.close()
    assert asked(venue, "C03USDT") >= 3 and all(set(batch.bars) == set(SYMBOLS) for batch in got)


def test_revised_and_late_bars_of_one_symbol_are_counted_and_the_rest_is_untouched(venue: Venue) -> None:
    feed, start = followed(venue)
    follow(feed, start)
    take_until(feed, lambda got: len(got) >= 5)
    gatherer, made = feed.gatherer, feed.gatherer.newest["C05/USDT"]
    changed = Bar(made.symbol, made.ts, made.open, made.high, made.low, made.low, made.volume)
    feed.offer("C05/USDT", Answer([changed]))
    feed.close()
    assert gatherer.tally.revised == 1 and gatherer.newest["C06/USDT"].ts == made.ts


def test_mute_symbol_is_not_waited_for_and_one_that_answers_without_a_bar_is() -> None:
    made = gatherer()
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.4) == [(1, "A")]  # B said nothing: waited for once
    offer(made, bar("A", 2), at=2.05)
    assert taken(made, 2.05) == [(2, "A")]
    made.offer("B", Answer([]), made_at(3.02))  # it answers again, without a bar yet
    offer(made, bar("A", 3), at=3.05)
    assert taken(made, 3.1) == []
    offer(made, bar("B", 3), at=3.2)
    assert taken(made, 3.2) == [(3, "AB")]


def made_at(count: float) -> datetime:
    return datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(minutes=count)


def test_history_of_all_symbols_is_asked_for_together_and_a_failure_is_raised(venue: Venue) -> None:
    feed, start = followed(venue)
    batches = list(feed.batches("minute", frozenset(SYMBOLS), start))
    assert len(batches) >= 5 and all(set(batch.bars) == set(SYMBOLS) for batch in batches)
    venue.markets = [each for each in venue.markets if each["symbol"] != "C04USDT"]
    feed, start = followed_again(feed)
    with pytest.raises(FeedError, match="does not list C04/USDT any more"):
        list(feed.batches("minute", frozenset(SYMBOLS), start - timedelta(minutes=30)))


def followed_again(feed: OnlineFeed) -> tuple[OnlineFeed, datetime]:
    return feed, datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)


def test_pace_is_kept_by_all_threads_together() -> None:
    at = [100.0]
    pacer = Pacer(0.5, lambda: at[0])
    assert [pacer.turn_s() for _ in range(3)] == [0.0, 0.5, 1.0]
    assert pacer.turn_s(cost=4) == 1.5 and pacer.turn_s() == 3.5
    at[0] = 200.0
    assert pacer.turn_s() == 0.0


def test_moments_of_many_symbols_wait_as_long_as_the_limit_needs(venue: Venue) -> None:
    provider = CcxtProvider("binance", venue.config(venue.url))
    provider.pace_s = 1.0
    feed = OnlineFeed(provider, SYMBOLS)
    assert feed.grace("minute", 3) == timedelta(seconds=20) and feed.grace("minute", 20) == timedelta(seconds=30)
    assert feed.grace("minute", 200) == timedelta(seconds=50)


def test_client_is_lent_to_one_call_and_one_that_hangs_never_comes_back() -> None:
    made = iter(range(10))
    pool = ClientPool(lambda: next(made))
    with pool.lend() as one, pool.lend() as two:
        assert (one, two) == (0, 1)
        pool.clear()
    with pool.lend() as three:
        assert three == 2
    with pool.lend() as again:
        assert again == 2


def test_crew_is_bounded_and_a_failure_among_jobs_is_raised() -> None:
    names: set[str] = set()
    lock = threading.Lock()

    def job() -> None:
        time.sleep(0.01)
        with lock:
            names.add(threading.current_thread().name)

    do_together([job] * 12, 3, "crew")
    assert names <= {"crew-0", "crew-1", "crew-2"} and len(names) > 1

    def fail() -> None:
        raise FeedError("no")

    with pytest.raises(FeedError, match="no"):
        do_together([job, fail, job], 2, "crew")
    crew = Crew(2, "crew")
    crew.close()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0), ({}, 0), (None, 0)],
)
def test_time_that_a_limit_asks_for(headers: dict[str, str] | None, seconds: float) -> None:
    assert retry_after_s(headers) == seconds
    assert LimitError("x", seconds).retry_after_s == seconds and LimitError("x", 1e9).retry_after_s == 900
