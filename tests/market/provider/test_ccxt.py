"""The ccxt feed against a server that speaks the public REST API of Binance, well and badly.

ccxt itself is real; the exchange is not (`venue.py`).
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from aion.command.app import main
from aion.config import Settings
from aion.errors import ConfigError, FeedError
from aion.market.feed import open_feed
from aion.market.feed.online import OnlineFeed
from aion.market.provider import protocol as asking
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.protocol import Caller, GoneError, LimitError
from aion.store.layout import Layout
from tests.market.provider import server as faults
from tests.market.provider.venue import Venue, market

BTC = "BTC/USDT"


@pytest.fixture
def venue() -> Iterator[Venue]:
    made = Venue()
    made.url = made.start()
    yield made
    made.stop()


def provider(venue: Venue) -> CcxtProvider:
    return CcxtProvider("binance", venue.config(venue.url))


def now() -> datetime:
    return datetime.now(UTC)


def ask(venue: Venue, minutes: int = 10) -> list:
    made = provider(venue)
    made.instruments([BTC])
    until = now()
    return list(made.bars("minute", BTC, until - timedelta(minutes=minutes), until).bars)


def test_instruments_have_the_steps_of_the_exchange_and_trade_at_all_times(venue: Venue) -> None:
    found = provider(venue).instruments([BTC, "ETH/USDT"])
    btc = found[BTC]
    assert (btc.exchange, btc.currency, btc.price_basis) == ("24/7", "USDT", "raw")
    assert (btc.tick, btc.quantity_step, btc.lot) == (Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"))
    assert found["ETH/USDT"].quantity_step == Decimal("0.0001")


def test_history_of_many_pages_is_whole_and_ends_with_the_newest_complete_bar(venue: Venue) -> None:
    bars = ask(venue, minutes=2500)
    times = [bar.ts for bar in bars]
    assert len(times) == 2500 and times == sorted(set(times))
    assert timedelta(0) <= now() - times[-1] < timedelta(minutes=1, seconds=5)
    assert {second - first for first, second in pairwise(times)} == {timedelta(minutes=1)}
    assert sum(path == "/api/v3/klines" for path, _ in venue.calls) == 3


def test_days_close_at_midnight_utc(venue: Venue) -> None:
    made = provider(venue)
    made.instruments([BTC])
    days = made.bars("day", BTC, now() - timedelta(days=40), now()).bars
    assert 39 <= len(days) <= 40 and {(bar.ts.hour, bar.ts.minute) for bar in days} == {(0, 0)}


def test_clock_that_is_ahead_of_the_exchange_takes_no_bar_before_its_end(venue: Venue) -> None:
    venue.now_ms = lambda: int((time.time() - 90) * 1000)
    bars = ask(venue)
    assert now() - timedelta(seconds=90) - bars[-1].ts < timedelta(minutes=1)
    assert bars[-1].ts <= now() - timedelta(seconds=90)


def test_rows_that_are_no_bars_are_named_and_the_others_pass(venue: Venue) -> None:
    def spoil(symbol: str, rows: list) -> list:
        rows[0][4] = "NaN"
        rows[1][2] = "1"
        rows[2][3] = "-5"
        rows[3][5] = None
        rows[4][1:6] = ["60000"] * 4 + ["0.00000000"]
        return rows

    venue.change = spoil
    made = provider(venue)
    made.instruments([BTC])
    until = now()
    answer = made.bars("minute", BTC, until - timedelta(minutes=10), until)
    assert answer.refused == {"not a number": 2, "impossible prices": 2}
    assert len(answer.silent) == 1 and len(answer.bars) == 5


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("DOGE/USDT", "binance has no spot market 'DOGE/USDT'"),
        ("BTC/EUR", "has no spot market 'BTC/EUR'; it has BTC/USDT"),
        ("OLD/USDT", "no spot market 'OLD/USDT'"),
    ],
)
def test_symbol_that_cannot_be_traded_is_refused_by_name(venue: Venue, symbol: str, said: str) -> None:
    venue.markets += [market("OLD", "USDT") | {"status": "BREAK"}]
    with pytest.raises(ConfigError, match=said.split("'")[0]) as caught:
        OnlineFeed(provider(venue), (symbol,))
    assert said in str(caught.value)


def test_coin_of_a_tiny_price_keeps_its_digits(venue: Venue) -> None:
    venue.markets.append(market("SHIB", "USDT", tick="0.00000001", step="1.00000000"))
    venue.change = lambda symbol, rows: [[row[0], *["0.00001234"] * 4, "100000000.00", *row[6:]] for row in rows]
    made = provider(venue)
    assert made.instruments(["SHIB/USDT"])["SHIB/USDT"].tick == Decimal("0.00000001")
    bars = made.bars("minute", "SHIB/USDT", now() - timedelta(minutes=5), now()).bars
    assert len(bars) >= 4 and {bar.close for bar in bars} == {Decimal("0.00001234")}


class Futures(Venue):
    """The same with the paths and markets of Binance's linear futures beside."""

    contracts: tuple[dict, ...] = ()

    def config(self, url: str) -> dict:
        found = super().config(url)
        found["urls"]["api"]["fapiPublic"] = f"{url}/fapi/v1"
        return found

    def serve(self, call: faults.Call) -> None:
        if call.path == "/fapi/v1/exchangeInfo":
            call.answer(200, {"timezone": "UTC", "serverTime": self.now_ms(), "symbols": list(self.contracts)})
            return
        call.path = call.path.replace("/fapi/v1/", "/api/v3/")
        super().serve(call)


def contract(base: str, kind: str = "PERPETUAL", settled: str = "USDT") -> dict:
    return market(base, "USDT", tick="0.10", step="0.001") | {
        "contractType": kind, "marginAsset": settled, "pricePrecision": 2, "quantityPrecision": 3,
        "deliveryDate": 4133404800000, "onboardDate": 1569398400000, "underlyingType": "COIN",
    }  # fmt: skip


def test_linear_perpetual_is_traded_beside_spot() -> None:
    venue = Futures()
    venue.contracts = (contract("BTC"), contract("ETH"))
    url = venue.start()
    try:
        made = CcxtProvider("binance", venue.config(url))
        found = made.instruments([BTC, "BTC/USDT:USDT"])
        perpetual = found["BTC/USDT:USDT"]
        assert (perpetual.tick, perpetual.quantity_step) == (Decimal("0.1"), Decimal("0.001"))
        assert (perpetual.currency, perpetual.name) == ("USDT", "BTC perpetual, binance")
        assert found[BTC].tick == Decimal("0.01")
        bars = made.bars("minute", "BTC/USDT:USDT", now() - timedelta(minutes=5), now()).bars
        assert len(bars) >= 4 and ("/fapi/v1/klines" in {path for path, _ in venue.calls})
        with pytest.raises(GoneError, match="no linear perpetual 'DOGE/USDT:USDT'"):
            made.instruments(["DOGE/USDT:USDT"])
    finally:
        venue.stop()


def test_symbol_that_vanishes_is_gone(venue: Venue) -> None:
    made = provider(venue)
    made.instruments([BTC])
    venue.markets = []
    with pytest.raises(GoneError, match="does not list BTC/USDT any more"):
        made.bars("minute", BTC, now() - timedelta(minutes=5), now())


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (faults.status(429, {"code": -1003, "msg": "Too many requests."}, Retry_After="1"), LimitError, "fewer"),
        (faults.status(418, {"code": -1003, "msg": "banned"}), LimitError, "fewer"),
        (faults.status(503, b"<html>busy</html>"), FeedError, "cannot be reached"),
        (faults.status(500, b""), FeedError, "cannot be reached"),
        (faults.status(200, b"<html>login</html>"), FeedError, "binance"),
        (faults.status(200, {"a": 1}), FeedError, ""),
        (faults.status(200, [["x", None]]), FeedError, ""),
        (faults.cut, FeedError, "cannot be reached"),
        (faults.hang(3), FeedError, "cannot be reached"),
    ],
)
def test_fault_becomes_a_sentence_and_passes_when_the_exchange_is_well_again(
    venue: Venue, fault: faults.Fault, kind: type[FeedError], said: str
) -> None:
    venue.timeout_ms = 1000
    made = provider(venue)
    made.instruments([BTC])
    caller = Caller(made, pause=lambda seconds: None)

    def ask_again() -> list:
        return list(made.bars("minute", BTC, now() - timedelta(minutes=5), now()).bars)

    venue.faults = [faults.times(20, fault)]
    try:
        assert caller.once(ask_again) == []  # an answer without a single bar in it is no error
    except FeedError as error:
        assert isinstance(error, kind) and said in str(error) and "\n" not in str(error)
    venue.faults = [faults.times(2, fault)]
    assert len(caller.patiently(ask_again)) in (4, 5, 0)
    venue.faults = []
    assert len(caller.once(ask_again)) in (4, 5)


def test_call_that_never_ends_is_left_to_itself_and_the_next_one_works(venue: Venue) -> None:
    made = provider(venue)
    made.instruments([BTC])
    caller = Caller(made, call_s=0.5)
    venue.faults = [faults.times(1, faults.drip(60))]
    started = time.monotonic()
    with pytest.raises(FeedError, match=r"has not answered for 0\.5 s"):
        caller.once(lambda: made.bars("minute", BTC, now() - timedelta(minutes=5), now()))
    assert time.monotonic() - started < 30
    caller = Caller(made)
    assert caller.once(lambda: made.bars("minute", BTC, now() - timedelta(minutes=5), now())).bars


def test_calls_left_to_themselves_are_bounded(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_HANGING", 2)
    made = provider(venue)
    made.instruments([BTC])
    caller = Caller(made, call_s=0.1)
    venue.faults = [faults.times(2, faults.drip(2))]
    for said in ("has not answered", "has not answered", "leaves 2 calls unanswered"):
        with pytest.raises(FeedError, match=said):
            caller.once(lambda: made.bars("minute", BTC, now() - timedelta(minutes=5), now()))


def test_attempts_wait_longer_each_time_with_jitter_and_longest_at_a_limit(venue: Venue) -> None:
    pauses: list[float] = []
    made = provider(venue)
    made.instruments([BTC])
    caller = Caller(made, pause=pauses.append)
    venue.faults = [faults.status(503, b"")]
    with pytest.raises(FeedError):
        caller.patiently(lambda: made.bars("minute", BTC, now() - timedelta(minutes=5), now()))
    assert len(pauses) == 3
    assert all(longest / 2 <= pause <= longest for pause, longest in zip(pauses, (0.5, 1.0, 2.0), strict=True))
    pauses.clear()
    venue.faults = [faults.status(429, {"code": -1003, "msg": "Too many requests."})]
    with pytest.raises(LimitError):
        caller.patiently(lambda: made.bars("minute", BTC, now() - timedelta(minutes=5), now()))
    assert pauses[-1] >= 4


def test_feed_polls_by_itself_once_it_follows_and_stops_when_closed(venue: Venue) -> None:
    made = provider(venue)
    feed = OnlineFeed(made, (BTC, "ETH/USDT"))
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    feed.follow({"minute": (frozenset({BTC, "ETH/USDT"}), start), "day": (frozenset(), start)})
    got = []
    until = time.monotonic() + 30
    while time.monotonic() < until and len(got) < 5:
        got += feed.take()
        time.sleep(0.05)
    feed.close()
    assert [batch.ts for batch in got[:5]] == [start + timedelta(minutes=count) for count in range(1, 6)]
    assert all(set(batch.bars) == {BTC, "ETH/USDT"} for batch in got)
    assert feed.health().state == "ok"
    asked = len(venue.calls)
    time.sleep(0.5)
    assert len(venue.calls) == asked


def test_exchange_that_cannot_be_reached_is_one_sentence_with_an_offer_of_the_replay() -> None:
    dead = {"urls": {"api": {"public": "http://127.0.0.1:9/api/v3"}}, "timeout": 500}
    made = CcxtProvider("binance", dead)
    with pytest.raises(FeedError) as caught:
        OnlineFeed(made, (BTC,), caller=Caller(made, pause=lambda seconds: None))
    said = str(caught.value)
    assert said.startswith("binance cannot be reached: ") and said.endswith(
        "aion up --feed recorded (in a clone: make run)"
    )
    assert "\n" not in said and len(said) < 400


def test_command_over_an_exchange_that_cannot_be_reached_ends_with_the_sentence_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = {"urls": {"api": {"public": "http://127.0.0.1:9/api/v3"}}, "timeout": 500}
    monkeypatch.setattr("aion.market.feed.open_provider", lambda name, settings: CcxtProvider("binance", dead))
    typed = ["aion", "run", "--feed", "ccxt", "--symbols", BTC, "--data", str(tmp_path)]
    monkeypatch.setattr("sys.argv", typed)
    assert main() == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("aion: binance cannot be reached")
    assert not Layout(tmp_path).ledger.exists()


def test_missing_package_is_one_sentence_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(ConfigError, match="pip install 'aion\\[ccxt\\]'"):
        open_feed("ccxt", Settings(symbols=(BTC,)))


def test_venue_or_symbols_that_cannot_work_are_refused(venue: Venue) -> None:
    with pytest.raises(ConfigError, match="'nowhere' is not an exchange that ccxt knows"):
        open_feed("ccxt", Settings(symbols=(BTC,), venue="nowhere"))
    with pytest.raises(ConfigError, match="needs symbols, such as --symbols BTC/USDT,ETH/USDT"):
        open_feed("ccxt", Settings())
